package phone

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHiddenAmongWords holds the mechanisms that the third set by others taught, with
// other words than its own, and what they must leave alone.
func TestHiddenAmongWords(t *testing.T) {
	us, gb := []string{"+19125550123"}, []string{"+447700900123"}
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"single digits between words":     {"9 so 1 my 2 dear 5 come 5 over 5 now 0 if 1 you 2 like 3 it", us},
		"single digits, things counted":   {"9 rooms 1 day 2 you 5 and 5 or2 5 we 0 do 1 it 2 all 3 ways", nil},
		"pairs, the same word between":    {"91 beep 25 beep 55 beep 01 beep 23", us},
		"groups, a contact word inside":   {"912 heyyy 555 ring me 0123 ok", us},
		"british groups":                  {"07700 pal 900 so 123 ta", gb},
		"groups alone on their lines":     {"912\n\nGarden work\n\n555\n\nfair prices\n\n0123", us},
		"parts numbered":                  {"Text me. Part 1 = 912 Part 2 = 555 Part 3 = 0123", us},
		"parts in sentences":              {"912, that's the area. 555, that's the middle. 0123, that's the end.", us},
		"parts in spanish":                {"Mi número en tres partes: primera 912, segunda 555, tercera cero uno dos tres", us},
		"the last four":                   {"Start w/ nine one two, next 555, and the last 4 digits are 0 1 and 2 3", us},
		"one digit after another":         {"912 is where I live, keep that. add 555. add 1 after a 0. finish it off with 23.", us},
		"rates in a row":                  {"80 half 130 hour 190 two 400 four. Call me.", nil},
		"rooms in a row":                  {"Call about 912 beds, 555 chairs and 1230 tables", nil},
		"times with or":                   {"Call at nine ten, or two fifty, or five fifty, or ten twelve three", nil},
		"things on lines":                 {"9 oak doors\n1 old bath\n2 grey cats\n5 beds\n5 plants\n5 lamps\n0 dogs\n1 door\n2 chairs\n3 tables", nil},
		"misspelt throughout":             {"nyne onne tuu fyve faiv fiive zeero wunn twoo thrie", us},
		"misspelt throughout, in spanish": {"nuebe huno doz zinco cinko sinco sero unno dozz trez", us},
		"stretched":                       {"niiine ooone twoooo fiiive fiveee fiiive zeeero onnne twooo threeee", us},
		"stars for letters":               {"n*ne *ne tw* f*ve f*ve f*ve z*ro *ne tw* thr**", us},
		"glued with the names of dots":    {"nineDOToneDOTtwoDOTfiveDOTfiveDOTfiveDOTzeroDOToneDOTtwoDOTthree", us},
		"brackets by name":                {"open bracket 912 close bracket 555 dash 0123", us},
		"one letter around all":           {"find me: z912z555z0123z", us},
		"letters to leave out":            {"ignore the letters: q9w1e2r5t5y5u0i1o2p3", us},
		"roman numerals told":             {"IX-I-II 555 0123 (roman numerals)", us},
		"signs for digits":                {"912 $$$ O!23", us},
		"a count in brackets":             {"nine one two 5s (three of them) 0123", us},
		"stars to be fives":               {"swap the stars for fives: 912-***-0123", us},
		"country code apart":              {"+ 4 4 / 7 7 0 0 / 9 0 0 / 1 2 3", gb},
		"parts far apart":                 {"Lada 912. Se pintan casas. Luego va 555. Trato serio y amable. Al final 0123.", us},
		"parts numbered, far apart":       {"TEL pt1 912 ::: Baby clothes, washed and ironed. ::: TEL pt2 555 ::: Smoke free. ::: TEL pt3 0123", us},
		"parts held by brackets":          {"(nueve uno dos) Vendo mesa con sillas. (cinco cinco cinco) Como nueva. (cero uno dos tres) lo que va entre paréntesis", us},
		"bits to put together":            {"(912) New here and looking for friends. 555 I sing and dance. 0123 <- put the three bits together and call", us},
		"amounts, then and last":          {"First month 912 dollars. Then 555 for the second. At the end 1230 back.", nil},
		"years and rooms far apart":       {"Built by my father, 215 feet of fence. Then we added 300 more. Finally sold it in 1998 to friends.", nil},
		"lucky numbers":                   {"My lucky numbers 9 12 55 50 12 3 never won", nil},
		"numbers of luck":                 {"Números de la suerte: 9 1 2 5 5 5 0 1 2 3, gracias", nil},
		"a fortune cookie's":              {"The fortune cookie said 9 12 55 50 12 3, selling the rest", nil},
		"lucky numbers to call":           {"Números de la suerte 91 25 55 01 23, así me llamas", us},
		"a parcel's, groups before":       {"Guía 774 912 555 012 3, llegó roto", nil},
		"groups in words, dashes":         {"cel NUEVE DOCE - CINCO CINCUENTA Y CINCO - CERO UNO VEINTITRES", us},
		"a dash ends a group of tens":     {"cel TRES SESENTA - CINCO CINCUENTA Y CINCO - CERO UNO DOS TRES", []string{"+13605550123"}},
		"the sign, then its digit":        {"Where you see A put a 5: call 912 AAA 0123", us},
		"change every sign":               {"Change every X to a 5 and call 912-XXX-0123", us},
		"swap the hearts":                 {"swap the hearts for fives, text 912 ♥♥♥ 0123", us},
		"lessons on zoom":                 {"Lessons on zoom. 912 555-0123", us},
		"a licence in order":              {"Drivers with a licence up to date, 912-555-0123", us},
		"a meeting's id":                  {"zoom meeting id 912 555 0123", nil},
		"a serial number abbreviated":     {"amp s/n 9125550123, all original", nil},
		"an abbreviation behind the name": {"Cédula prof. 9125550123. Terapia de 10 a 19 h", nil},
		"a code with letters joined":      {"in the box put 912-555-0123-REF, app only", nil},
		"a shout behind a number":         {"LLAMA YA 912-555-0123-AHORA MISMO", us},
	} {
		t.Run(name, func(t *testing.T) {
			got := Read(tc.in, Options{})
			lawful(t, tc.in, got)
			if d := cmp.Diff(numbers(tc.in), tc.want); d != "" {
				t.Error(d)
			}
		})
	}
}
