package extract

import (
	"regexp"
	"strings"

	"vigil.example/internal/ad"
)

// currencies maps what pages write to ISO 4217 codes. A bare $ or kr names no
// currency for sure, so it gives none.
var currencies = map[string]string{
	"€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "gbp": "GBP", "us$": "USD", "usd": "USD", "$": "",
	"c$": "CAD", "ca$": "CAD", "cad": "CAD", "a$": "AUD", "au$": "AUD", "aud": "AUD", "nz$": "NZD", "nzd": "NZD", "hk$": "HKD", "s$": "SGD", "r$": "BRL",
	"zł": "PLN", "zl": "PLN", "pln": "PLN", "kč": "CZK", "czk": "CZK", "ft": "HUF", "huf": "HUF", "lei": "RON", "ron": "RON", "chf": "CHF",
	"kr": "", "kr.": "", ":-": "SEK", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "₽": "RUB", "руб": "RUB", "руб.": "RUB", "rub": "RUB", "₴": "UAH", "грн": "UAH", "uah": "UAH",
	"₹": "INR", "rs": "INR", "rs.": "INR", "inr": "INR", "zar": "ZAR", "r": "ZAR", "¥": "", "jpy": "JPY", "円": "JPY", "元": "CNY", "cny": "CNY",
	"₩": "KRW", "원": "KRW", "krw": "KRW", "₺": "TRY", "tl": "TRY", "try": "TRY", "₪": "ILS", "ils": "ILS", "aed": "AED", "dhs": "AED",
	"mxn": "MXN", "brl": "BRL", "ars": "ARS", "clp": "CLP", "cop": "COP", "฿": "THB", "thb": "THB", "₱": "PHP", "php": "PHP", "rm": "MYR", "myr": "MYR", "₦": "NGN", "ngn": "NGN", "ksh": "KES", "kes": "KES", "лв": "BGN",
	"лв.": "BGN", "bgn": "BGN", "sgd": "SGD", "hkd": "HKD", "sar": "SAR",
}

const (
	symbols = `US\$|CA\$|AU\$|NZ\$|HK\$|R\$|C\$|A\$|S\$|[€£$₽₴₹¥₩₺₪฿₱₦]`
	codes   = `EUR|GBP|USD|CAD|AUD|NZD|PLN|CZK|HUF|RON|CHF|SEK|NOK|DKK|RUB|UAH|INR|ZAR|JPY|CNY|KRW|TRY|ILS|AED|MXN|BRL|ARS|CLP|COP|THB|PHP|MYR|NGN|KES|BGN|SGD|HKD|SAR`
	number  = `\d{1,3}(?:[ \x{a0}\x{202f}\x{2009}.,'’]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?`
	crore   = `(?:\s?(?:lakhs?|lacs?|crores?|million|mln|mill|k|m)\b)?`
)

// money matches an amount with its currency before or after it.
var money = regexp.MustCompile(
	`(?i)(?:(?:^|[^\p{L}\p{N}])(` + symbols + `|(?:` + codes + `|euros?|Rs\.?|RM|KSh)\b)[ \x{a0}\x{202f}]{0,2}(` + number + `)(` + crore + `)` +
		`|(?:^|[^\p{L}\p{N}])(R)[ \x{a0}]?(\d{1,3}(?:[ \x{a0},]\d{3})+)` +
		`|(?:^|[^\p{L}\p{N}.,])(` + number + `)(` + crore + `)[ \x{a0}\x{202f}]{0,2}(` + symbols + `|(?:` + codes + `|euros?|zł|zl|Kč|Ft|lei|kr\.?|руб\.?|грн|лв\.?|TL|Dhs)(?:[^\p{L}]|$)|:-|円|元|원))`)

// A sum is an amount found in a text.
type sum struct {
	price      ad.Price
	start, end int // bytes of the match
}

// sums finds the amounts of money in a text.
func sums(s string) []sum {
	if !strings.ContainsAny(s, "0123456789") {
		return nil
	}
	var out []sum
	for at := 0; at < len(s) && len(out) < 50; {
		m := money.FindStringSubmatchIndex(s[at:])
		if m == nil {
			return out
		}
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return s[at+m[2*i] : at+m[2*i+1]]
		}
		mark, num, times := part(1)+part(4)+part(8), part(2)+part(5)+part(6), part(3)+part(7)
		start, end := at+m[0], at+m[1]
		mark = strings.ToLower(strings.TrimRight(mark, " \t\u00a0,;)(/!?*|-"))
		if part(8) == ":-" {
			mark = ":-"
		}
		text := strings.Trim(s[start:end], " \t\u00a0,;()/|*")
		if a := amount(num, times); a != "" && a != "0" {
			out = append(out, sum{ad.Price{Amount: a, Currency: currencies[mark], Text: text}, start, end})
		}
		at = max(end-1, at+1) // the character after a code may begin the next
		for at < len(s) && s[at]&0xC0 == 0x80 {
			at++
		}
	}
	return out
}

// amount writes a number as people write it in the form of ad.Price: a
// separator with three digits after it groups, with one or two it is the point.
func amount(num, times string) string {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r == ',' || r == '.':
			return r
		case r == '\'' || r == '’' || r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\u2009':
			return -1
		}
		return 'x'
	}, strings.TrimSpace(num))
	if digits == "" || strings.Contains(digits, "x") {
		return ""
	}
	whole, part := digits, ""
	if i := strings.LastIndexAny(digits, ".,"); i >= 0 {
		tail := digits[i+1:]
		repeated := strings.Count(digits, digits[i:i+1]) > 1
		if len(tail) != 3 && !repeated || strings.ContainsAny(digits[:i], ".,") && !strings.Contains(digits[:i], digits[i:i+1]) && len(tail) < 3 {
			whole, part = digits[:i], tail
		}
	}
	whole = strings.NewReplacer(".", "", ",", "").Replace(whole)
	whole = strings.TrimLeft(whole, "0")
	part = strings.TrimRight(part, "0")
	if whole == "" {
		whole = "0"
	}
	if zeros := magnitude(times); zeros > 0 {
		if len(part) > zeros {
			return ""
		}
		whole, part = strings.TrimLeft(whole+part+strings.Repeat("0", zeros-len(part)), "0"), ""
	}
	if len(whole) > 12 {
		return ""
	}
	if part != "" {
		return whole + "." + part
	}
	return whole
}

// magnitude gives how many zeros a word of multitude stands for.
func magnitude(times string) int {
	switch t := strings.ToLower(strings.TrimSpace(times)); {
	case t == "":
		return 0
	case t == "k":
		return 3
	case strings.HasPrefix(t, "la"):
		return 5
	case strings.HasPrefix(t, "cr"):
		return 7
	}
	return 6
}

// currencyCode checks an ISO 4217 code from structured data.
func currencyCode(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return s
	}
	return currencies[strings.ToLower(s)]
}
