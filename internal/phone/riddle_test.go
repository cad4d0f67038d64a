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
		"more in every digit behind":     {"Each figure is one less than the real one: 801 444 9012. Text me.", us},
		"above, in spanish":              {"Todos los números están dos arriba del real: 134 777 2345, llama", us},
		"plus behind":                    {"Call 912 555 0100 plus 23", us},
		"minus behind, in spanish":       {"Mi cel es 912-555-0223 menos 100.", us},
		"plus a price":                   {"Llama 912-555-0123 mas 20 pesos de envio", us},
		"half of":                        {"Half of 18251100246 is my phone", us},
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

// TestDressedNumbers reads numbers that are dressed as something else where the text says
// so, and leaves alone what only has their digits.
func TestDressedNumbers(t *testing.T) {
	us := []string{"+19125550123"}
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"prices strung together":    {"Mug $912, bowl $555, plate $0123. Put those figures together and call me.", us},
		"a recipe, in spanish":      {"Pan: 912 g de harina, 555 g de azúcar, 0123 de nueces; las cantidades seguidas son mi teléfono.", us},
		"prices of things":          {"Mug $912, bowl $555, plate $0123. Call me for prices of the rest", nil},
		"one unit throughout":       {"Ran 912 km, 555 km, 0123 km this year", nil},
		"a guess":                   {"Guess what 912 + 555 + 0123 = in beans", nil},
		"a serial number":           {"Lathe, ser. no. QX 912 555 0123, as new", nil},
		"rounds of golf":            {"Practice rounds 91 25 55 01 23 this week", nil},
		"lines that spell":          {"C: 912\nA: 5\nL: 55\nL: 0123\n\nLawn care", us},
		"the left column":           {"912 | 2 rooms\n555 | 1 bath\n0123 | no cats\n(left column is my phone)", us},
		"keys at the end":           {"912 555 01BF, boats for hire", us},
		"keys where told":           {"On the letter keys of your phone: W1A JKL 01AD, call", us},
		"hidden ends":               {"912-555-01XX, the rest after login", nil},
		"names of digits run in":    {"Dial NineOneTwo fivefivefive zeroOneTwoThree", us},
		"names cut in two":          {"Call ni-ne o-ne t-wo fi-ve fi-ve fi-ve ze-ro o-ne t-wo th-ree", us},
		"names cut in two, spanish": {"Llama nue-ve u-no do-s cin-co cin-co cin-co ce-ro u-no do-s tr-es", us},
		"tens that go on":           {"Marca novecientos doce; quinientos cincuenta y cinco; cero uno veintitrés", us},
		"hundreds and a dash":       {"call nine hundred and twelve - five hundred fifty-five - oh one, twenty-three", us},
		"an old area code":          {"My old area code 404 is gone, put 912 before 555-0123 and call", us},
		"a sum at the end":          {"Lada 912, luego 555, then 01 and the last two are 20 plus 3", us},
		"counted parts, in spanish": {"los primeros 3 912\nluego 3 más 555\nlos últimos 4 0123", us},
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
