package query

import (
	"strings"

	"vigil.example/internal/phone"
)

// A Part is what is known of a number that is known in part: how it begins or how
// it ends. The zero Part is of no number.
type Part struct {
	Starts []string // E.164 up to where it is known, any of which will do
	Ends   string   // the digits at its end
}

// leastKnown digits must be known of a part, beyond the code of a country: with
// fewer it would be of more numbers than anybody can look at.
const leastKnown = 4

const tooFew = "too little of the number is known; give at least four digits, as in *0123 or 912555*"

// None reports whether p is of no number.
func (p Part) None() bool { return p.Ends == "" && len(p.Starts) == 0 }

// Of reports whether p is part of a number in E.164.
func (p Part) Of(e164 string) bool {
	for _, s := range p.Starts {
		if strings.HasPrefix(e164, s) {
			return true
		}
	}
	return p.Ends != "" && strings.HasSuffix(e164, p.Ends)
}

// String says p in words that follow "a number that".
func (p Part) String() string {
	if p.Ends != "" {
		return "ends in " + p.Ends
	}
	return "begins with " + strings.Join(p.Starts, " or ")
}

// part reads s as the end or the beginning of a number: digits, whatever stands
// between them, and at one edge a * or three signs or more for digits that are not
// known. cut says that s has that shape, though too few digits may be known.
func part(s string) (p Part, cut bool) {
	if len(s) > maxPartial {
		return p, false
	}
	const between = "-./() "
	rest := strings.Trim(s, between)
	var known, hidden []byte
	before, after := 0, 0 // signs that hide digits
	for i := range len(rest) {
		switch c := rest[i]; {
		case '0' <= c && c <= '9', c == '+' && len(known) == 0:
			if after > 0 {
				return p, false
			}
			known = append(known, c)
		case hides(c) && len(known) == 0:
			before, hidden = before+1, append(hidden, c)
		case hides(c):
			after, hidden = after+1, append(hidden, c)
		case strings.IndexByte(between, c) < 0:
			return p, false
		}
	}
	digits := strings.TrimPrefix(string(known), "+")
	switch {
	case digits == "", before > 0 && after > 0, before > 0 && known[0] == '+':
		return p, false
	case string(hidden) != "*" && len(hidden) < 3:
		return p, false
	case len(phone.ReadQuery(s)) > 0: // a whole number with a star beside it
		return p, false
	case before > 0 && len(digits) >= leastKnown:
		p.Ends = digits
	case after > 0:
		p.Starts = starts(string(known))
	}
	return p, true
}

// starts returns the beginnings in E.164 that digits stand for: those of a number
// with its country, of a British one with its 0, else of a North American one.
func starts(digits string) (out []string) {
	add := func(country, rest string) {
		if len(rest) >= leastKnown {
			out = append(out, country+rest)
		}
	}
	abroad := strings.HasPrefix(digits, "+") || strings.HasPrefix(digits, "00")
	rest := strings.TrimPrefix(strings.TrimPrefix(digits, "+"), "00")
	switch {
	case strings.HasPrefix(rest, "1"):
		add("+1", rest[1:])
	case abroad && strings.HasPrefix(rest, "44"):
		add("+44", strings.TrimPrefix(rest[2:], "0"))
	case abroad && len(rest) > 2: // no code of another country has more than three digits
		add("+"+rest[:2], rest[2:])
	case abroad:
	case rest[0] == '0':
		add("+44", rest[1:])
	default:
		add("+1", rest)
		if strings.HasPrefix(rest, "44") {
			add("+44", rest[2:])
		}
	}
	return out
}
