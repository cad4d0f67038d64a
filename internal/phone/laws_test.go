package phone

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"

	"vigil.example/internal/ad"
)

// lawful checks what holds for every text: spans lie inside it, in order, and
// give back Text; a number is E.164; where only digits were read, they are the
// number's.
func lawful(t *testing.T, s string, got []ad.Phone) {
	t.Helper()
	runes := []rune(s)
	last := 0
	for _, p := range got {
		if p.Span.Start < last || p.Span.Start >= p.Span.End || p.Span.End > len(runes) {
			t.Fatalf("%q: span [%d, %d) is not inside [%d, %d)", s, p.Span.Start, p.Span.End, last, len(runes))
		}
		last = p.Span.End
		if want := slice(s, p.Span.Start, p.Span.End); p.Text != want {
			t.Fatalf("%q: text %q, but the span holds %q", s, p.Text, want)
		}
		if len(p.E164) < 9 || len(p.E164) > 16 || p.E164[0] != '+' || strings.Trim(p.E164[1:], "0123456789") != "" {
			t.Fatalf("%q: %q is not E.164", s, p.E164)
		}
		if p.Confidence < .5 || p.Confidence > 1 || p.Method == "" {
			t.Fatalf("%q: confidence %v, method %q", s, p.Confidence, p.Method)
		}
		piecemeal(t, s, p)
		sum, before := p.Confidence-.005, 1.0 // it is rounded
		for _, a := range p.Alternatives {
			if sum += a.Confidence; a.E164 == p.E164 || len(a.E164) < 9 || len(a.E164) > 16 || strings.Trim(a.E164, "+0123456789") != "" || a.Confidence < Floor || a.Confidence > before || sum > 1 {
				t.Fatalf("%q: %s at %v has the alternatives %v", s, p.E164, p.Confidence, p.Alternatives)
			}
			before = a.Confidence
		}
		if (p.Method == "plain" || p.Method == "separated" || p.Method == "unicode") && !strings.ContainsAny(p.Text, "<&%") { // tags and escapes have digits of their own
			if d := digitsIn(p.Text); !strings.HasSuffix(d, p.E164[3:]) {
				t.Fatalf("%q: digits %s do not explain %s", p.Text, d, p.E164)
			}
		}
	}
}

// piecemeal checks that pieces lie inside their number's span, apart and in order
// where the way of writing keeps it, give back Text, and spell the number.
func piecemeal(t *testing.T, s string, p ad.Phone) {
	t.Helper()
	spelled := ""
	ordered := p.Method != "reversed" && p.Method != "area" && p.Method != "link" && p.Method != "parts"
	for i, q := range p.Pieces {
		spelled += q.Digits
		if q.Span.Start < p.Span.Start || q.Span.End > p.Span.End || q.Span.Start >= q.Span.End || q.Digits == "" {
			t.Fatalf("%q: piece %+v is not inside %+v", s, q, p.Span)
		}
		if want := slice(s, q.Span.Start, q.Span.End); q.Text != want {
			t.Fatalf("%q: piece %+v, but the span holds %q", s, q, want)
		}
		for _, o := range p.Pieces[:i] {
			if q.Span.Start < o.Span.End && o.Span.Start < q.Span.End || ordered && q.Span.Start < o.Span.End {
				t.Fatalf("%q: piece %+v comes after %+v", s, q, o)
			}
		}
	}
	if code := len(p.E164) - 1 - len(spelled); !strings.HasSuffix(p.E164, spelled) || code < 1 || code > 3 && p.Method != "shared" {
		t.Fatalf("%q: the pieces of %s spell %q", s, p.E164, spelled)
	}
}

// slice cuts code points out of s without repairing broken ones.
func slice(s string, from, to int) string {
	n, start, end := 0, len(s), len(s)
	for i := range s {
		if n == from {
			start = i
		}
		if n == to {
			end = i
		}
		n++
	}
	return s[start:end]
}

func digitsIn(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf && digit(byte(r)) {
			b.WriteRune(r)
		} else if d, more, ok := digitOf(r); ok {
			b.WriteByte(d)
			if more != 0 {
				b.WriteByte(more)
			}
		}
	}
	return b.String()
}

func FuzzRead(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, w := range slices.Concat(likely(), strange(), uncommon()) {
		f.Add("Call " + w.write(r, fictional(r)) + " now.")
	}
	for _, d := range append(decoys(), moreDecoys()...) {
		f.Add(around(r, d.write(r, true)))
	}
	f.Add("0=\x990\xbb")
	f.Add("\xff9\xff1\xff2 555 \xf0\x9f0123 &#x; &#999999999; <b <a href='tel:")
	f.Fuzz(func(t *testing.T, s string) {
		for _, country := range []string{"", "GB", "MX"} {
			lawful(t, s, Read(s, Options{Country: country}))
		}
		lawful(t, s, ReadQuery(s))
	})
}

// TestEveryWayIsRead holds for digits of any range: it makes them in memory.
func TestEveryWayIsRead(t *testing.T) {
	floor := map[string]float64{"misspelt": .8, "homemade fillers": .95, "far misspelt": .8}
	for _, w := range slices.Concat(likely(), strange(), uncommon()) {
		t.Run(w.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 7))
			right, wrong := 0, 0
			const n = 100
			for range n {
				d := national(r)
				s := pick(r, "Bright flat, quiet street. Call ", "Vendo bicicleta. Mi cel: ", "New in town, text me at ") + w.write(r, d) + pick(r, ". Thanks", " a cualquier hora", "")
				got := Read(s, Options{})
				lawful(t, s, got)
				for _, p := range got {
					if p.E164 == "+1"+d {
						right++
					} else {
						wrong++
					}
				}
			}
			want := floor[w.name]
			if want == 0 {
				want = .9
			}
			if float64(right) < want*n || wrong > n/20 {
				t.Errorf("%d of %d read, %d wrong", right, n, wrong)
			}
		})
	}
}

// TestScoreDoesNotKnowWhichNumbersAreFiction exchanges the digits of a text for
// other valid ones, of the same pattern of repeats where words depend on it.
func TestScoreDoesNotKnowWhichNumbersAreFiction(t *testing.T) {
	for _, w := range likely() {
		t.Run(w.name, func(t *testing.T) {
			type outcome struct {
				Confidence float64
				Method     string
				Reasons    []string
			}
			outcomes := map[string]outcome{}
			for seed := range uint64(40) {
				r := rand.New(rand.NewPCG(seed, 1))
				d := fictional(r)
				if seed%2 == 1 {
					d = national(r)
				}
				s := "Quiet flat. Call " + w.write(rand.New(rand.NewPCG(1, 1)), d) + " any day"
				got := Read(s, Options{})
				if len(got) != 1 || got[0].E164 != "+1"+d {
					t.Fatalf("a number made in memory was not read (seed %d)", seed)
				}
				o := outcome{got[0].Confidence, got[0].Method, got[0].Reasons}
				outcomes[fmt.Sprint(o)] = o
			}
			if len(outcomes) != 1 {
				t.Errorf("the score moves with the digits: %v", outcomes)
			}
		})
	}
}

func TestDecoysAreLeftAlone(t *testing.T) {
	ads, wrong := 0, 0
	for _, d := range append(decoys(), moreDecoys()...) {
		r := rand.New(rand.NewPCG(5, 5))
		for range 1500 {
			ads++
			s := around(r, d.write(r, false))
			got := Read(s, Options{})
			lawful(t, s, got)
			wrong += len(got)
		}
	}
	if rate := float64(wrong) / float64(ads); rate > .01 {
		t.Errorf("%.4f false numbers per ad without one", rate)
	}
}

func TestNothingIsAllocatedForAdsWithoutDigits(t *testing.T) {
	for _, s := range []string{
		"Room for rent near downtown. Clean and quiet place, close to the highway. No agents and no spam.",
		"Mudanzas económicas con camión. Pregunte por la promoción ✨ para nuevos clientes — mañana.",
	} {
		if n := testing.AllocsPerRun(100, func() { Read(s, Options{}) }); n != 0 {
			t.Errorf("%v allocations for %q", n, s)
		}
	}
}

// TestWhatIsReadInStaysOnTheStack holds that an ad with a number costs what is said of
// the number and no more: the space that a reader works in takes many times that.
func TestWhatIsReadInStaysOnTheStack(t *testing.T) {
	const text = "Quiet flat near the park, no agents. Call 912-555-0123 any day. Open 9am to 5pm, price $250."
	if n := testing.AllocsPerRun(100, func() { Read(text, Options{}) }); n > 4 {
		t.Errorf("%v allocations for an ad with one number, want at most 4", n)
	}
}

// TestLongTextsTakeLinearTime counts the steps for a text and for one four times
// as long, and allows the clock a great deal of slack.
func TestLongTextsTakeLinearTime(t *testing.T) {
	for _, unit := range []string{"1", "1 ", "12 ", "five ", "fivve ", "912-555-0123 ", "area 912 555-0123 ", "O1l ", "$5|", "l|", "&#57;", "&#", "<b>9</b>", "<9", "<a ", "9\u20e3", "to ", "ten five ", "5 hundred ", "+", "(", "9(", "a@1", "%31", "(4+1)", "(4", "? is 5 ", "Q=5 9Q", "=?", "?9", "1st 9, ", "1) ", "first 912 ", "last 0123 then ", "f*ve ", "z e r o ", "9 is not my number ", "no call ", "(a b c 9", "9(a b)", "9\n", "IX ", "or 0123 ", "912-555-0123 or 0124 ", "0double7", "<s>9</s>", "<b style=display:none>", "alt=", "\u202e9", "put together 912 ", "---- ", ".-.-. morse ", "||| tally ", "|", "12:3A:", "1234 ", "AB12 1234 ", "912 A 555 B ", "fives x ", "FiveFivve", "&amp;#57;", "☎9", "0.1234567 ", "one or "} {
		work := func(size int) int {
			r := reader{}
			r.read(strings.Repeat(unit, size/len(unit)))
			return r.work
		}
		if short, long := work(25_000), work(100_000); long > 5*short+1000 {
			t.Errorf("%q: %d steps for 25 kB, %d for 100 kB", unit, short, long)
		}
		start := time.Now()
		Read(strings.Repeat(unit, 100_000/len(unit)), Options{})
		if d := time.Since(start); d > 2*time.Minute { // what is quadratic beside the steps takes longer yet
			t.Errorf("%q: 100 kB take %v", unit, d)
		}
	}
}

// TestLongTextsAreReadThroughAWindow puts numbers at every distance from where
// windows begin and end.
func TestLongTextsAreReadThroughAWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	var b strings.Builder
	var want []string
	for b.Len() < 3*window {
		b.WriteString(strings.Repeat(pick(r, "word ", "ñandú ", "✨ ", "palabra\n", "\xff "), r.IntN(300)))
		d := fictional(r)
		b.WriteString(" call " + pick(r, likely()...).write(r, d) + " any day. ")
		want = append(want, "+1"+d)
	}
	got := Read(b.String(), Options{})
	lawful(t, b.String(), got)
	var read []string
	for _, p := range got {
		read = append(read, p.E164)
	}
	if d := cmp.Diff(read, want); d != "" {
		t.Errorf("-got +want:\n%s", d)
	}
}

func TestSpaceForLongTextsIsBounded(t *testing.T) {
	for _, unit := range []string{"x 1 ", "a word 12 ", "x five "} {
		text := strings.Repeat(unit, 8*window/len(unit))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Read(text, Options{})
		runtime.ReadMemStats(&after)
		if b := (after.TotalAlloc - before.TotalAlloc) / 8; b > 20<<20 {
			t.Errorf("%q: %d MB allocated per window", unit, b>>20)
		}
	}
}

func TestPlansAgreeWithTheLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for code := uint64(200); code < 1000; code++ {
		valid := 0
		for _, local := range []string{"2345678", "4256667", "6667890"} {
			n, err := phonenumbers.Parse(fmt.Sprintf("+1%d%s", code, local), "")
			if err == nil && phonenumbers.IsValidNumber(n) {
				valid++
			}
		}
		if valid == 3 && !areaInUse(code) || valid == 0 && areaInUse(code) { // exchanges are assigned one by one
			t.Errorf("area code %d: in use here %v, %d of 3 valid there", code, areaInUse(code), valid)
		}
	}
	for range 2000 {
		d := digitsOf(r, pick(r, "7DXXXXXXXX", "20XXXXXXXX", "1DXXXXXXXX", "161XXXXXXX"))
		n, err := phonenumbers.Parse("+44"+d, "")
		if err != nil || !phonenumbers.IsValidNumber(n) {
			continue
		}
		var v uint64
		fmt.Sscan(d, &v)
		if _, ok := british(v); !ok {
			t.Errorf("a number of the pattern %sXXXXXX is valid there and not here", d[:4])
		}
	}
}

func TestReadQuery(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"plain":               {"9125550123", []string{"+19125550123"}},
		"words":               {"nine one two five five five oh one two three", []string{"+19125550123"}},
		"spaced oddly":        {"91 25 55 01 23", []string{"+19125550123"}},
		"as an ad had it":     {"9I2.55S.O1Z3", []string{"+19125550123"}},
		"british":             {"07700900123", []string{"+447700900123"}},
		"without a plus":      {"447700900123", []string{"+447700900123"}},
		"other country":       {"+61 491 570 006", []string{"+61491570006"}},
		"after a word for id": {"case 912-555-0123", []string{"+19125550123"}},
		"two":                 {"912-555-0123 404-555-0199", []string{"+19125550123", "+14045550199"}},
		"words only":          {"room near downtown", nil},
		"too short":           {"555-0123", nil},
		"nothing":             {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range ReadQuery(tc.in) {
				got = append(got, p.E164)
			}
			if d := cmp.Diff(got, tc.want); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestCountryDecidesWhereANumberBelongs(t *testing.T) {
	for _, tc := range []struct{ in, country, want string }{
		{"Call 0491 570 006", "AU", "+61491570006"},
		{"Call 0491 570 006", "", ""},
		{"Call 07700 900123", "GB", "+447700900123"},
		{"Call +1 912 555 0123", "GB", "+19125550123"},
		{"Call 912 555 0123", "US", "+19125550123"},
	} {
		var got string
		for _, p := range Read(tc.in, Options{Country: tc.country}) {
			got += p.E164
		}
		if got != tc.want {
			t.Errorf("%q in %q: got %q, want %q", tc.in, tc.country, got, tc.want)
		}
	}
}

func TestSpanMethodAndReasons(t *testing.T) {
	got := Read("Piso 2. Llámame: ✨(912) 555-0123✨", Options{})
	want := []ad.Phone{{
		E164: "+19125550123", Span: ad.Span{Start: 18, End: 32}, Text: "(912) 555-0123", Method: "separated", Confidence: .99,
		Reasons: []string{"for: a contact word stands before it", "for: grouped as its numbering plan groups digits"},
		Pieces: []ad.Piece{
			{Digits: "912", Span: ad.Span{Start: 19, End: 22}, Text: "912"},
			{Digits: "555", Span: ad.Span{Start: 24, End: 27}, Text: "555"},
			{Digits: "0123", Span: ad.Span{Start: 28, End: 32}, Text: "0123"},
		},
	}}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
	if !slices.Equal(numbers("Piso 2."), nil) {
		t.Error("a floor is no number")
	}
}

func TestTwoNumbersAreKeptApart(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 2))
	ways := likely()
	right, wrong := 0, 0
	const n = 1000
	for range n {
		a, b := fictional(r), fictional(r)
		s := "Quiet place. " + pick(r, "Call ", "Llame al ", "Mi cel ") + pick(r, ways...).write(r, a) +
			pick(r, " or ", " / ", ", ", " and ", "\n", " o ", ". Text ", " Tel: ", "; ", " & ") + pick(r, ways...).write(r, b) + pick(r, "", ". Thanks")
		want := map[string]bool{"+1" + a: true, "+1" + b: true}
		seen := map[string]bool{}
		for _, p := range Read(s, Options{}) {
			seen[p.E164] = true
		}
		for p := range seen {
			if want[p] {
				right++
			} else {
				wrong++
			}
		}
	}
	if right < 2*n*97/100 || wrong > n/100 {
		t.Errorf("%d of %d read, %d wrong", right, 2*n, wrong)
	}
}

func TestQuickLookKnowsEveryNumeral(t *testing.T) {
	for a := byte('a'); a <= 'z'; a++ {
		for b := byte('a'); b <= 'z'; b++ {
			if !mayCount(a, b) != !mayCount(a-'a'+'A', b-'a'+'A') {
				t.Errorf("%c%c: case matters", a, b)
			}
		}
	}
	for _, w := range append(strings.Fields("oh ten once twenty veinte hundred mil doble triple fives ceros quinientos diecisiete ate won for to"), append(english, spanish...)...) {
		if !lookUp(w).numeral() || !mayCount(w[0], w[1]) {
			t.Errorf("%q is not seen as a numeral", w)
		}
	}
}
