package phone

import (
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

// IsCountry reports whether a code of ISO 3166-1 alpha-2 names a country that
// numbers belong to.
func IsCountry(code string) bool { return phonenumbers.GetCountryCodeForRegion(code) != 0 }

// weighForeign keeps a number of another plan than North America's and
// Britain's when a library that knows all plans finds it valid. The library is
// slow and only asked when the text writes a country code with + or 00, when the
// caller named a country, or when someone searches for a number.
func (r *reader) weighForeign(p path) {
	if p.how&^(howDigits|howUnicode|howCode|howWord) != 0 {
		return
	}
	v, digits, skip := p.v, p.n, uint8(0)
	plus := r.first(p).gap&gapLastPlus != 0
	called := r.query || r.leadTo(p.start).cue > 0
	switch first := r.chunks[p.start].hi - r.chunks[p.start].lo; {
	case plus:
	case p.n > 10 && v/pow10[p.n-2] == 0 && v/pow10[p.n-3] != 0 && called && first >= 2: // 00
		digits, skip = p.n-2, 2
	case p.n > 11 && v/pow10[p.n-3] == 11 && called && first >= 3: // 011
		v, digits, skip = v%pow10[p.n-3], p.n-3, 3
	case r.home() == elsewhere && called && len(r.country) == 2:
		r.weighNational(p)
		return
	case r.query:
	default:
		return
	}
	s := strconv.FormatUint(v, 10)
	if len(s) != int(digits) || digits < 8 || s[0] == '1' || s[:2] == "44" {
		return
	}
	n, err := phonenumbers.Parse("+"+s, "")
	if err != nil || phonenumbers.Format(n, phonenumbers.E164) != "+"+s {
		return
	}
	var unlikely float32
	if !phonenumbers.IsValidNumber(n) { // ranges for fiction and new ranges are only possible
		if unlikely = 1.5; !plus || !phonenumbers.IsPossibleNumber(n) {
			return
		}
	}
	code := strconv.Itoa(int(n.GetCountryCode()))
	pl := plan{country: uint16(n.GetCountryCode()), digits: uint8(len(s) - len(code)), skip: skip + uint8(len(code)), unlikely: unlikely, prefix: plus}
	pl.nation = v % pow10[pl.digits]
	r.consider(p, pl, ahead)
}

// weighNational keeps a number without a country code when it is valid in the
// country that the caller named.
func (r *reader) weighNational(p path) {
	n, err := phonenumbers.Parse(pad(p.v, int(p.n)), r.country)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return
	}
	code := uint16(n.GetCountryCode())
	nation := phonenumbers.GetNationalSignificantNumber(n)
	v, err := strconv.ParseUint(nation, 10, 64)
	if err != nil || len(nation) > maxDigits || len(nation) > int(p.n) {
		return
	}
	r.consider(p, plan{country: code, nation: v, digits: uint8(len(nation)), skip: p.n - uint8(len(nation)), prefix: false, unlikely: -costAbroad}, ahead)
}
