package phone

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatTheTextTells reads numbers that can only be read by doing what the text
// says, and leaves alone what it says is no number to call.
func TestWhatTheTextTells(t *testing.T) {
	us := []string{"+19125550123"}
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"a sign for a digit":              {"Call 912-###-0123 (# is 5)", us},
		"put a digit for a sign":          {"Cel 912 ♥♥♥ 0123, pon cinco donde veas ♥", us},
		"two letters for digits":          {"Text y12 555 x123 (x=0, y=9)", us},
		"a sign that stands for nothing":  {"Call 912-###-0123", nil},
		"right to left":                   {"Cell 3210-555-219, read right to left", us},
		"right to left override":          {"Cell \u202e3210-555-219\u202c", us},
		"groups in reverse":               {"Cel 0123-555-912, los bloques al revés", us},
		"blocks that are streets":         {"(read it backwards) 3210555219 two blocks from here", us},
		"a mirror for sale":               {"Mirror, call 912-555-0123", us},
		"parts by name":                   {"My number starts 912, goes on with 555, and ends in 0123.", us},
		"parts out of order":              {"Phone ends with 0123. It begins with nine one two, and in between put 555.", us},
		"parts with their counts":         {"Last four 0123, middle three 555, area code 912 - call", us},
		"the area in another sentence":    {"I am in the 912 area. No pets. Call 555-0123.", us},
		"numbered digits":                 {"Digits in order: 1st 9, 2nd 1, 3rd 2, 4th 5, 5th 5, 6th 5, 7th 0, 8th 1, 9th 2, 10th 3", us},
		"numbered digits in spanish":      {"Marca: primero 9, segundo 1, tercero 2, cuarto 5, quinto 5, sexto 5, séptimo 0, octavo 1, noveno 2, décimo 3", us},
		"down the lines":                  {"The first figure of each line is my phone:\n9 rooms\n1 bath\n2 cats\n5 beds\n5 plants\n5 lamps\n0 dogs\n1 door\n2 chairs\n3 tables", us},
		"a list of counts":                {"For sale:\n9 rooms\n1 bath\n2 cats\n5 beds\n5 plants\n5 lamps\n0 dogs\n1 door\n2 chairs\n3 tables", nil},
		"put together":                    {"Room 912, building 555, locker 0123: put those together and ring me", us},
		"sums in brackets":                {"Text 9(2-1)2 55(4+1) 01(1+1)3", us},
		"a sum in words":                  {"Call 912, then 500 plus 55, then 0123", us},
		"keypad letters of any length":    {"Call (912) JJJ-01-AD, letters on the keypad", []string{"+19125550123"}},
		"a letter masked in words":        {"nine one two f*ve f*ve f*ve zero one two three", us},
		"letters apart in words":          {"n.i.n.e o.n.e t.w.o f.i.v.e f.i.v.e f.i.v.e z.e.r.o o.n.e t.w.o t.h.r.e.e", us},
		"digits said twice":               {"Tel nine (9), one (1), two (2), five (5), five (5), five (5), zero (0), one (1), two (2), three (3)", us},
		"asides":                          {"Call 91(hey)2555(lol)01(ok)23, forget the brackets", us},
		"words run in":                    {"Text call912then555then0123now", us},
		"the same word throughout":        {"my number is 9 and 1 and 2 and 5 and 5 and 5 and 0 and 1 and 2 and 3", us},
		"roman numerals":                  {"Call IX I II V V V 0 I II III", us},
		"hidden digits of a page":         {"Call 912<span style=\"display:none\">64</span>555<span style=\"display:none\">64</span>0123", us},
		"struck out":                      {"Call <del>404 555 0199</del> 912-555-0123", us},
		"text of a picture":               {"Call <img src=\"/i/b.png\" alt=\"912 555 0123\" width=\"240\">", us},
		"last four digits of another":     {"Call 912-555-0123 or 0124.", []string{"+19125550123", "+19125550124"}},
		"or an amount":                    {"Call 912-555-0123 or 2000 cash", us},
		"local part of another":           {"Area code 912: day 555-0123, night 555-0124.", []string{"+19125550123", "+19125550124"}},
		"called a model, meant to dial":   {"Model 912-555-0123 (dial the model number, it is my cell)", us},
		"called a price":                  {"Asking $9,125,550,123 - ok that is really my phone number.", us},
		"old, and still in use":           {"My new number is 404-555-0199, the old one 912-555-0123 still works", []string{"+14045550199", "+19125550123"}},
		"disconnected":                    {"My old number (912) 555-0123 is disconnected, do not call it", nil},
		"someone else's":                  {"912-555-0123 is NOT my number any more", nil},
		"not mine, in spanish":            {"El 912-555-0123 ya no es mío", nil},
		"a scammer's":                     {"Beware: a scammer using 912 555 0123 copies my ads.", nil},
		"negated":                         {"This is not a phone number: 912-555-0123", nil},
		"do not call":                     {"Do not call 912-555-0123", nil},
		"an example":                      {"Example: 912-555-0123", nil},
		"nobody is reached there":         {"Ya no uso el 912 555 0123", nil},
		"a wrong number":                  {"Número equivocado: 912-555-0123", nil},
		"the wrong number":                {"912-555-0123 is the wrong number", nil},
		"someone plays the advertiser":    {"Someone is using 912-555-0123 to impersonate me", nil},
		"fives, counted behind":           {"my number is 912 puros cincos (tres) 0123", us},
		"words between groups":            {"Reach me at 912 remove 555 this 0123", us},
		"words between groups of a list":  {"Building 912 north 555 south 0123", nil},
		"a stroke for a one":              {"text me 9 1 2 5 5 5 0 | 2 3", us},
		"labels for the parts":            {"Area: 912\nPrefix: 555\nLine: 0123", us},
		"a contact word starts another":   {"Available 7/15. contact: 555 0123, that's a 912 number", us},
		"do not call after nine":          {"Do not call 912-555-0123 after nine", us},
		"no calls but texts":              {"Text only, no calls: 912-555-0123", us},
		"no scammers":                     {"No scammers! 912-555-0123", us},
		"the new one and not the old one": {"Old number 404-555-0199 no longer works, use 912-555-0123", us},
		"why not call":                    {"Why not call 912-555-0123", us},
	} {
		t.Run(name, func(t *testing.T) {
			lawful(t, tc.in, Read(tc.in, Options{}))
			if d := cmp.Diff(numbers(tc.in), tc.want); d != "" {
				t.Error(d)
			}
		})
	}
}
