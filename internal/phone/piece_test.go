package phone

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPieces(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"a run of digits is one":         {"call 9125550123", "9125550123=9125550123"},
		"groups are one each":            {"call (912) 555-0123", "912=912 555=555 0123=0123"},
		"the country code is left out":   {"call +1 9125550123", "9125550123=9125550123"},
		"and inside a run too":           {"call 19125550123", "9125550123=9125550123"},
		"the trunk prefix is left out":   {"call 07700 900123", "7700=7700 900123=900123"},
		"single digits":                  {"call 9 1-2 5 5 5 0 1 2 3", "9=9 1=1 2=2 5=5 5=5 5=5 0=0 1=1 2=2 3=3"},
		"letters for digits":             {"call 9I2-555-Ol23", "9=9 1=I 2=2 555=555 0=O 1=l 23=23"},
		"look-alikes":                    {"call 9І2-5Ѕ5-0123", "9=9 1=І 2=2 5=5 5=Ѕ 5=5 0123=0123"},
		"words":                          {"call nine 12 five fifty-five 0123", "9=nine 12=12 5=five 55=fifty-five 0123=0123"},
		"a word of several digits":       {"call nine twelve... 912 double five five 0123", "912=912 55=double_five 5=five 0123=0123"},
		"words run together":             {"call nineonetwo 555 zeroonetwothree", "9=nine 1=one 2=two 555=555 0=zero 1=one 2=two 3=three"},
		"words with digits in them":      {"call n1ne 12 555 0123", "9=n1ne 12=12 555=555 0123=0123"},
		"misspelt":                       {"call nien one two fife five five zero one two three", "9=nien 1=one 2=two 5=fife 5=five 5=five 0=zero 1=one 2=two 3=three"},
		"keycaps":                        {"call 9️⃣1️⃣2️⃣5️⃣5️⃣5️⃣0️⃣1️⃣2️⃣3️⃣", "9=9️⃣ 1=1️⃣ 2=2️⃣ 5=5️⃣ 5=5️⃣ 5=5️⃣ 0=0️⃣ 1=1️⃣ 2=2️⃣ 3=3️⃣"},
		"one sign for two digits":        {"call 9⑫ 555 0123", "9=9 12=⑫ 555=555 0123=0123"},
		"entities":                       {"call &#57;12-555-0123", "9=&#57; 12=12 555=555 0123=0123"},
		"what is not seen is not shown":  {"call 91\u200b2-555-0123", "91=91 2=2 555=555 0123=0123"},
		"nor are tags":                   {"call 9<b>12</b>-555-0123", "9=9 12=12 555=555 0123=0123"},
		"letters run into the digits":    {"call9125550123now", "9125550123=9125550123"},
		"noise between":                  {"call 9x1x2x5x5x5x0x1x2x3", "9=9 1=1 2=2 5=5 5=5 5=5 0=0 1=1 2=2 3=3"},
		"keypad":                         {"call 912-555-CAFE", "912=912 555=555 2=C 2=A 3=F 3=E"},
		"the area code behind":           {"call 555-0123, area 912", "912=912 555=555 0123=0123"},
		"backwards":                      {"call 3210-555-219 backwards", "9=9 1=1 2=2 5=5 5=5 5=5 0=0 1=1 2=2 3=3"},
		"in a link, with a country code": {"https://wa.me/447700900123", "7700900123=7700900123"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Read(tc.in, Options{})
			lawful(t, tc.in, got)
			var out []string
			for _, p := range got {
				for _, q := range p.Pieces {
					out = append(out, q.Digits+"="+strings.ReplaceAll(q.Text, " ", "_"))
				}
			}
			if d := cmp.Diff(strings.Join(out, " "), tc.want); d != "" {
				t.Error(d)
			}
		})
	}
}
