package phone

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"vigil.example/internal/text"
)

// A date, and an amount of money.
var (
	asDate  = regexp.MustCompile(`^\s*(\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](\d{4}|\d{2}))([ T]\d{1,2}:\d{2}(:\d{2})?)?\s*$`)
	asMoney = regexp.MustCompile(`[$€£¥]|(?i)\b(usd|eur|gbp|dollars?|euros?|pounds?)\b`)
)

// WhyNot says why ReadQuery reads no number in what a person gave as one, as words
// that follow "because". It repeats nothing of it but counts and short codes.
func WhyNot(s string) string {
	var digits strings.Builder
	for _, r := range text.Fold(s).Runes {
		if r >= '0' && r <= '9' {
			digits.WriteRune(r)
		}
	}
	d := digits.String()
	n := len(d)
	switch {
	case strings.TrimSpace(s) == "":
		return "there is nothing"
	case asDate.MatchString(s):
		return "it looks like a date"
	case n > 0 && asMoney.MatchString(s):
		return "it looks like an amount of money"
	case n == 0 && !strings.ContainsFunc(s, unicode.IsLetter):
		return "it has neither digits nor letters"
	case n == 0:
		return "no digits can be read in it, nor words that stand for enough of them"
	case n < enough:
		return fmt.Sprintf("it has %s; a number has seven at least, and ten with its area code", count(n))
	case n == enough:
		return "it has seven digits: the area code is missing"
	case n > 15:
		return fmt.Sprintf("it has %s, more than any number", count(n))
	}
	return "it has " + count(n) + ", and " + unfit(d)
}

func count(n int) string {
	if n == 1 {
		return "1 digit"
	}
	return fmt.Sprintf("%d digits", n)
}

// unfit says what keeps a string of 8 to 15 digits from being a number.
func unfit(d string) string {
	national := d
	if len(d) == 11 && d[0] == '1' {
		national = d[1:]
	}
	if len(national) == 10 && d[0] != '0' {
		var v uint64
		for i := range len(national) {
			v = 10*v + uint64(national[i]-'0')
		}
		switch {
		case v%1_111_111_111 == 0:
			return "all of them are the same"
		case national[0] < '2':
			return "no area code of North America begins with " + national[:1]
		case !exchange(v / 10_000 % 1000):
			return "no exchange of North America is called " + national[3:6]
		case !areaInUse(v / 10_000_000):
			return national[:3] + " is no area code of North America in use"
		}
		return "how they are written does not look like a number"
	}
	if d[0] == '0' && len(d) == 11 {
		return "no British range begins with " + d[:4]
	}
	return "a number has ten in North America and eleven, from its 0 on, in Britain; one of another country needs a + before its code"
}
