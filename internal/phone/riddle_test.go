package phone

import (
	"slices"
	"testing"
)

// TestRiddles reads numbers that the text tells to work out, and leaves alone what only
// looks so.
func TestRiddles(t *testing.T) {
	us := []string{"+19125550123"}
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"one less in every digit":        {"Take 1 away from each digit to call: subtract it from 023 666 1234", us},
		"two more in every digit":        {"Add two to every digit before you sum up your courage: 790-333-8901", us},
		"too high":                       {"All figures are two too high everywhere: 134-777-2345", us},
		"one more in spanish":            {"Súmale uno a cada cifra y llámame: 801 444 9012", us},
		"a price for each":               {"Add $2 to every order, split as you like. Call 912-555-0123", us},
		"ten sums":                       {"Solve and call: 10-1, 3-2, 1+1, 7-2, 2+3, 4+1, 6-6, 0+1, 8-6, 2+1", us},
		"ten sums in spanish":            {"Las respuestas son mi cel, haz las cuentas: 3x3; 4-3; 1+1; 9-4; 3+2; 10-5; 2-2; 5-4; 6/3; 1+2", us},
		"scores":                         {"Results: 6-4, 6-3, 7-5, 3-2, 5-4, 6-5, 2-1, 3-1, 6-0, 4-2", nil},
		"half":                           {"Split 18,251,100,246 in half and you have my number", us},
		"half in spanish":                {"Divide 18251100246 entre dos y márcame", us},
		"a sum of long numbers":          {"My phone = 9000000000 + 125550123, do the math", us},
		"a difference":                   {"Subtract: 9125551123 minus 1000, then text me the answer", us},
		"some digits out":                {"Delete every 4: 94124555401423 is my cell", us},
		"some digits out in spanish":     {"Quita todos los sietes y marca 971275557017723", us},
		"letters and digits out":         {"Borra las letras y los sietes: 9k712q7555x0712z3 y llama", us},
		"every second digit of too many": {"Every other digit is rubbish, ignore those: 98172653514537091827365", nil},
		"every second digit of twenty":   {"Ignore every second digit: 98172654515305182736, then ring", us},
		"a number with nothing left out": {"Delete the 7s from your diary. Call 912-555-0123", us},
	} {
		t.Run(name, func(t *testing.T) {
			got := Read(tc.in, Options{})
			lawful(t, tc.in, got)
			var e164 []string
			for _, p := range got {
				e164 = append(e164, p.E164)
			}
			if len(e164) != len(tc.want) {
				t.Fatalf("got %v, want %v", e164, tc.want)
			}
			for i := range e164 {
				if e164[i] != tc.want[i] {
					t.Errorf("got %v, want %v", e164, tc.want)
				}
			}
		})
	}
}

// TestMendedNumbers reads corrections and changes that the text tells behind a number.
func TestMendedNumbers(t *testing.T) {
	us := []string{"+19125550123"}
	two := []string{"+19125550123", "+19125550145"}
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"the last digit":             {"Call 912-555-0128, oops, the last digit is 3. Bikes.", us},
		"the last digit in spanish":  {"Marca 912 555 0128, perdón, la última cifra es 3.", us},
		"the last two":               {"Cell 912 555 0199... typo, last two should be 23", us},
		"what was meant":             {"Phone 912-555-0132, sorry, I meant 0123. Desk lamp.", us},
		"what was said, in spanish":  {"Mi cel 912-555-0132, digo, 0123. Lámpara.", us},
		"the area code":              {"Text 404-555-0123, correction: area code is 912", us},
		"another number":             {"Call 912-555-0132, scratch that, 912-555-0123", us},
		"another number, in spanish": {"Llama al 912-555-0132, perdón, 912-555-0123", us},
		"sorry for something else":   {"Call 912-555-0123. Sorry, no pets, 2 rooms only.", us},
		"two numbers":                {"Call 912-555-0123 or 912-555-0145, sorry for the rush", two},
		"a changed end":              {"Phone 912-555-0123, and for the shop change the last two digits to 45.", two},
		"the same but for the end":   {"Tel 912-555-0123; si está ocupado el mismo número pero terminación 0145.", two},
		"a last price":               {"Call 912-555-0123, swap considered, last price 45 dollars", us},
	} {
		t.Run(name, func(t *testing.T) {
			got := Read(tc.in, Options{})
			lawful(t, tc.in, got)
			var e164 []string
			for _, p := range got {
				e164 = append(e164, p.E164)
			}
			if !slices.Equal(e164, tc.want) {
				t.Errorf("got %v, want %v", e164, tc.want)
			}
		})
	}
}
