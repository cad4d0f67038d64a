package contact

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	tests := []struct {
		name, in string
		want     string // kind value [text], separated by " | "
	}{
		{"a plain address", "Write to Moon.Lane12@mail.example today", "email moon.lane12@mail.example [Moon.Lane12@mail.example]"},
		{"the full stop after an address is not its", "a1@mail.example.", "email a1@mail.example [a1@mail.example]"},
		{"full-width letters", "ｒｏｓｅ＠ｍａｉｌ．example", "email rose@mail.example [ｒｏｓｅ＠ｍａｉｌ．example]"},
		{"a platform, a colon, a name", "IG: ruby_dance77 thanks", "handle instagram:ruby_dance77 [IG: ruby_dance77]"},
		{"a platform and an at sign", "Telegram @JadeWave", "handle telegram:jadewave [Telegram @JadeWave]"},
		{"a name that looks like one needs no sign", "Snapchat coral_wind55", "handle snapchat:coral_wind55 [Snapchat coral_wind55]"},
		{"a word after a platform is no name", "snap me later, telegram only", ""},
		{"a profile link", "see https://t.me/amberpath now", "handle telegram:amberpath [t.me/amberpath]"},
		{"an at sign alone leads nowhere", "@amberpath", ""},
		{"an address after a platform's name", "telegram: or a1@mail.example", "email a1@mail.example [a1@mail.example]"},
		{"two of a kind", "IG: one_1 / snap: two_2", "handle instagram:one_1 [IG: one_1] | handle snapchat:two_2 [snap: two_2]"},
		{"an at sign in a price", "3@5 dollars", ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, id := range Read(tt.in) {
				got = append(got, id.Kind+" "+id.Value+" ["+id.Text+"]")
			}
			if d := cmp.Diff(strings.Join(got, " | "), tt.want); d != "" {
				t.Errorf("(-got +want)\n%s", d)
			}
		})
	}
}
