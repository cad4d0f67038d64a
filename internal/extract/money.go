package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
)

// currencies maps what pages write, in lower case, to ISO 4217 codes. A bare $,
// kr or ¥ names no currency for sure, so it gives none.
var currencies = map[string]string{
	"€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "us$": "USD", "$": "", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD",
	"nz$": "NZD", "hk$": "HKD", "s$": "SGD", "r$": "BRL", "zł": "PLN", "zl": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "kr": "", "kr.": "", ":-": "SEK",
	"₽": "RUB", "руб": "RUB", "руб.": "RUB", "₴": "UAH", "грн": "UAH", "₹": "INR", "rs": "INR", "rs.": "INR", "r": "ZAR", "¥": "", "円": "JPY", "元": "CNY",
	"₩": "KRW", "원": "KRW", "₺": "TRY", "tl": "TRY", "₪": "ILS", "dhs": "AED", "฿": "THB", "₱": "PHP", "rm": "MYR", "₦": "NGN", "ksh": "KES", "лв": "BGN", "лв.": "BGN",
	"eur": "EUR", "gbp": "GBP", "usd": "USD", "cad": "CAD", "aud": "AUD", "nzd": "NZD", "pln": "PLN", "czk": "CZK", "huf": "HUF", "ron": "RON", "chf": "CHF",
	"sek": "SEK", "nok": "NOK", "dkk": "DKK", "rub": "RUB", "uah": "UAH", "inr": "INR", "zar": "ZAR", "jpy": "JPY", "cny": "CNY", "krw": "KRW", "try": "TRY",
	"ils": "ILS", "aed": "AED", "mxn": "MXN", "brl": "BRL", "ars": "ARS", "clp": "CLP", "cop": "COP", "thb": "THB", "php": "PHP", "myr": "MYR", "ngn": "NGN",
	"kes": "KES", "bgn": "BGN", "sgd": "SGD", "hkd": "HKD", "sar": "SAR",
}

var unmarkedDigits = strings.NewReplacer(".", "", ",", "")

// multitudes are words after a number that add zeros to it.
var multitudes = map[string]int{
	"k": 3, "lakh": 5, "lakhs": 5, "lac": 5, "lacs": 5, "crore": 7, "crores": 7, "million": 6, "millions": 6, "mln": 6, "mill": 6, "m": 6,
}

// A sum is an amount found in a text.
type sum struct {
	price      ad.Price
	start, end int // bytes of the number and its currency
}

// sums finds the amounts of money in a text: numbers with a currency before or
// after them.
func sums(s string) []sum {
	if strings.IndexFunc(s, func(r rune) bool { return '0' <= r && r <= '9' }) < 0 {
		return nil
	}
	var out []sum
	for i := 0; i < len(s) && len(out) < 50; {
		if !digit(s, i) {
			i++
			continue
		}
		end := numberEnd(s, i)
		num := s[i:end]
		start, after := i, end
		mark := markBefore(s, i, num)
		zeros, skip := multitude(s, end)
		if mark != "" {
			start = strings.LastIndex(s[:i], mark)
		} else {
			var n int
			if mark, n = markAfter(s, end+skip); mark != "" {
				after = n
			}
		}
		if mark != "" && !glued(s, i) {
			if zeros > 0 {
				after = max(after, end+skip)
			}
			if a := amount(num, zeros); a != "" && a != "0" {
				out = append(out, sum{ad.Price{Amount: a, Currency: currencies[strings.ToLower(mark)], Text: strings.TrimSpace(s[start:after])}, start, after})
			}
		}
		i = max(end, after)
	}
	return out
}

func digit(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }

// glued reports whether digits continue something else: a word, a decimal, a range of dates.
func glued(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	if r == '.' || r == ',' {
		r, _ = utf8.DecodeLastRuneInString(s[:i-1])
		return unicode.IsDigit(r)
	}
	return false
}

// numberEnd finds where a number ends that begins at i: groups of three digits,
// then perhaps one or two decimals.
func numberEnd(s string, i int) int {
	start := i
	for digit(s, i) {
		i++
	}
	for first := true; i-start <= 3 || !first; first = false {
		n := groupMark(s[i:])
		if n == 0 || !digit(s, i+n) || !digit(s, i+n+1) || !digit(s, i+n+2) || digit(s, i+n+3) {
			break
		}
		i += n + 3
	}
	if i < len(s) && (s[i] == '.' || s[i] == ',') && digit(s, i+1) {
		n := 2
		if digit(s, i+2) {
			n = 3
		}
		if !digit(s, i+n) {
			i += n
		}
	}
	return i
}

// groupMark gives the length of a mark that may part groups of digits.
func groupMark(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	switch r {
	case ' ', ',', '.', '\'', '’', '\u00a0', '\u202f', '\u2009':
		return n
	}
	return 0
}

// markBefore finds a currency that ends right before i.
func markBefore(s string, i int, num string) string {
	b := strings.TrimRight(s[:i], " \u00a0\u202f")
	if i-len(b) > 4 {
		return ""
	}
	r, n := utf8.DecodeLastRuneInString(b)
	if _, ok := currencies[string(unicode.ToLower(r))]; ok && !unicode.IsLetter(r) {
		for _, long := range []int{3, 2} { // US$ before $
			if len(b) >= long && r == '$' {
				if _, ok := currencies[strings.ToLower(b[len(b)-long:])]; ok {
					return b[len(b)-long:]
				}
			}
		}
		return b[len(b)-n:]
	}
	w := strings.TrimSuffix(b, ".")
	j := len(w)
	for j > 0 && len(w)-j < 6 {
		r, n := utf8.DecodeLastRuneInString(w[:j])
		if !unicode.IsLetter(r) {
			break
		}
		j -= n
	}
	word := w[j:]
	switch lower := strings.ToLower(word); lower {
	case "", "zł", "zl", "kč", "ft", "lei", "kr", "tl", "лв", "грн", "руб", "円", "元", "원", "try", "cop", "all":
		return "" // these stand after their number, or are words
	case "r":
		if word != "R" || len(num) < 5 {
			return ""
		}
		return word
	default:
		if _, ok := currencies[lower]; ok {
			return word
		}
	}
	return ""
}

// multitude reads a word like "million" or "lakh" that begins at i.
func multitude(s string, i int) (zeros, length int) {
	rest := s[i:]
	trimmed := strings.TrimLeft(rest, " \u00a0")
	gap := len(rest) - len(trimmed)
	n := 0
	for n < len(trimmed) && (trimmed[n]|32) >= 'a' && (trimmed[n]|32) <= 'z' {
		n++
	}
	if n == 0 || gap > 2 || n < len(trimmed) && trimmed[n] >= utf8.RuneSelf {
		return 0, 0
	}
	word := strings.ToLower(trimmed[:n])
	if word == "m" && (gap > 0 || n < len(trimmed) && digit(trimmed, n)) { // metres
		return 0, 0
	}
	if z := multitudes[word]; z > 0 {
		return z, gap + n
	}
	return 0, 0
}

// markAfter finds a currency that begins right at i, and where it ends.
func markAfter(s string, i int) (mark string, end int) {
	if i > len(s) {
		return "", 0
	}
	rest := strings.TrimLeft(s[i:], " \u00a0\u202f")
	i = len(s) - len(rest)
	if strings.HasPrefix(rest, ":-") {
		return ":-", i + 2
	}
	r, n := utf8.DecodeRuneInString(rest)
	if _, ok := currencies[string(r)]; ok && !unicode.IsLetter(r) || r == '円' || r == '元' || r == '원' {
		if r == '$' && digit(rest, 1) { // "5 $10": the mark is the next number's
			return "", 0
		}
		return rest[:n], i + n
	}
	j := 0
	for j < len(rest) {
		r, n := utf8.DecodeRuneInString(rest[j:])
		if !unicode.IsLetter(r) {
			if r == '²' || r == '³' || unicode.IsDigit(r) {
				return "", 0
			}
			break
		}
		if j += n; j > 16 {
			return "", 0
		}
	}
	word := rest[:j]
	switch lower := strings.ToLower(word); lower {
	case "", "rs", "r", "rm", "ksh":
		return "", 0
	case "ft":
		if word != "Ft" { // feet
			return "", 0
		}
	case "try", "all", "cop", "php":
		if word != strings.ToUpper(word) {
			return "", 0
		}
	default:
		if _, ok := currencies[lower]; !ok {
			return "", 0
		}
	}
	return word, i + j
}

// amount writes a number as people write it in the form of ad.Price, with zeros
// added: a separator with three digits after it groups, with one or two it is
// the point.
func amount(num string, zeros int) string {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r == ',', r == '.':
			return r
		case r == '\'' || r == '’' || unicode.IsSpace(r):
			return -1
		}
		return 'x'
	}, strings.TrimSpace(num))
	if digits == "" || strings.Contains(digits, "x") {
		return ""
	}
	whole, part := digits, ""
	if i := strings.LastIndexAny(digits, ".,"); i >= 0 {
		if tail := digits[i+1:]; len(tail) != 3 && strings.Count(digits, digits[i:i+1]) == 1 || zeros > 0 && strings.Count(digits, digits[i:i+1]) == 1 {
			whole, part = digits[:i], tail
		}
	}
	whole = unmarkedDigits.Replace(whole)
	if zeros > 0 {
		if len(part) > zeros {
			return ""
		}
		whole, part = whole+part+strings.Repeat("0", zeros-len(part)), ""
	}
	whole, part = strings.TrimLeft(whole, "0"), strings.TrimRight(part, "0")
	if whole == "" {
		whole = "0"
	}
	if len(whole) > 12 {
		return ""
	}
	if part != "" {
		return whole + "." + part
	}
	return whole
}

// firstNumber gives the first number of a text, however it is grouped.
func firstNumber(s string) string {
	for i := range len(s) {
		if digit(s, i) {
			return s[i:numberEnd(s, i)]
		}
	}
	return ""
}

// currencyCode checks an ISO 4217 code from structured data.
func currencyCode(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return s
	}
	return currencies[strings.ToLower(s)]
}
