package phone

import (
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

// weighForeign keeps an international number of another plan than North
// America's and Britain's when a library that knows all plans finds it valid.
// It is only asked when the text writes a country code with + or 00.
func (r *reader) weighForeign(p path) {
	v, digits := p.v, p.n
	skip := uint8(0)
	switch {
	case r.first(p).gap&gapLastPlus != 0:
	case p.n > 10 && v/pow10[p.n-2] == 0 && v/pow10[p.n-3] != 0: // 00
		digits, skip = p.n-2, 2
	case p.n > 11 && v/pow10[p.n-3] == 11: // 011
		v, digits, skip = v%pow10[p.n-3], p.n-3, 3
	default:
		return
	}
	s := strconv.FormatUint(v, 10)
	if len(s) != int(digits) || digits < 8 || s[0] == '1' || s[:2] == "44" {
		return
	}
	n, err := phonenumbers.Parse("+"+s, "")
	if skip > 0 && (r.contextAt(p.start).cue == 0 || r.chunks[p.start].hi-r.chunks[p.start].lo < int32(skip)) {
		return // without a plus sign, more must speak for it
	}
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return
	}
	code := strconv.Itoa(int(n.GetCountryCode()))
	nation := n.GetNationalNumber()
	if len(code) >= len(s) || phonenumbers.Format(n, phonenumbers.E164) != "+"+s {
		return
	}
	pl := plan{country: uint16(n.GetCountryCode()), nation: nation, digits: uint8(len(s) - len(code)), skip: skip + uint8(len(code)), prefix: true}
	r.consider(p, pl, false)
}
