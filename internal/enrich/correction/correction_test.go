package correction_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/correction"
	"vigil.example/internal/enrich/number"
)

// read is an ad as the program reads it by itself.
func read(t *testing.T, l ad.Listing) ad.Ad {
	t.Helper()
	a := ad.Ad{Listing: l}
	if err := number.New(func(string) string { return "US" }).Enrich(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCorrections(t *testing.T) {
	not := func(text, was string) casework.Correction {
		return casework.Correction{Ruling: casework.Ruling{ID: "n"}, Text: text, Was: was}
	}
	reads := func(text, e164 string) casework.Correction {
		return casework.Correction{Ruling: casework.Ruling{ID: "r"}, Text: text, Reads: e164}
	}
	for _, tt := range []struct {
		name  string
		title string
		body  string
		by    []casework.Correction
		want  string // numbers with their fields and texts
	}{
		{"no number", "", "Call 912-555-0143 or 912-555-0144.", []casework.Correction{not("912-555-0143", "+19125550143")}, "+19125550144 body 912-555-0144"},
		{"no number, wherever it stands", "Call 912-555-0143", "Again: 912-555-0143.", []casework.Correction{not("912-555-0143", "+19125550143")}, ""},
		{"no number, in other words it stays", "", "Call 912-555-0143, nine one two 555 0143.", []casework.Correction{not("912-555-0143", "+19125550143")}, "+19125550143 body nine one two 555 0143"},
		{"another number", "", "Call 912-555-0143 now.", []casework.Correction{reads("912-555-0143", "+19125550199")}, "+19125550199 body 912-555-0143"},
		{"where none was read", "Ask Ruby", "the hidden one: q7x!", []casework.Correction{reads("q7x!", "+19125550199")}, "+19125550199 body q7x!"},
		{"around what was read", "", "Call x 912-555-0143 y now.", []casework.Correction{reads("x 912-555-0143 y", "+19125550199")}, "+19125550199 body x 912-555-0143 y"},
		{"twice in a text with signs of two bytes", "é 912-555-0143", "✨ 912-555-0143 ✨ 912-555-0143", []casework.Correction{reads("912-555-0143", "+19125550199")},
			"+19125550199 title 912-555-0143, +19125550199 body 912-555-0143, +19125550199 body 912-555-0143"},
		{"not inside a longer row of digits", "", "Call 912-555-0143 now.", []casework.Correction{reads("555-014", "+19125550199")}, "+19125550143 body 912-555-0143"},
		{"the ad no longer says it", "", "Call 912-555-0144.", []casework.Correction{not("912-555-0143", "+19125550143"), reads("q7x", "+19125550199")}, "+19125550144 body 912-555-0144"},
		{"the later one of two that meet", "", "Call 912-555-0143 now.", []casework.Correction{reads("912-555-0143", "+19125550199"), reads("Call 912-555-0143", "+19125550198")},
			"+19125550198 body Call 912-555-0143"},
		{"as sure as can be", "", "Ref 9125550143 ok", []casework.Correction{reads("9125550143", "+19125550143")}, "+19125550143 body 9125550143"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := read(t, ad.Listing{Title: tt.title, Body: tt.body})
			plain := read(t, ad.Listing{Title: tt.title, Body: tt.body})
			correction.Apply(&a, tt.by, 7)
			var got []string
			for _, p := range a.Phones {
				got = append(got, p.E164+" "+p.Span.Field+" "+p.Text)
			}
			if s := strings.Join(got, ", "); s != tt.want || a.Decided != 7 {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
			correction.Apply(&a, nil, 0)
			if diff := cmp.Diff(a, plain); diff != "" {
				t.Errorf("taken back (-got +want):\n%s", diff)
			}
		})
	}
}

func TestWithoutDecisions(t *testing.T) {
	a := read(t, ad.Listing{Body: "Call 912-555-0143."})
	want := read(t, ad.Listing{Body: "Call 912-555-0143."})
	for _, of := range []func(string) ([]casework.Correction, uint64){nil, func(string) ([]casework.Correction, uint64) { return nil, 0 }} {
		if err := correction.New(of).Enrich(context.Background(), &a); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, want); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
	}
}

// Whatever was decided before, and however often the ad was read again in between,
// it is read as what stands says, and every reading stands where it says.
func TestOnlyWhatStandsCounts(t *testing.T) {
	bits := []string{"912-555-0143", "nine one two 555 0144", "é", " ", "✨", "call ", "912 555 0145", "0143", ". ", "\n", "text me "}
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		text := func(n int) (s string) {
			for range n {
				s += bits[r.IntN(len(bits))]
			}
			return s
		}
		l := ad.Listing{Title: text(3), Body: text(12), Contacts: []ad.Contact{{Kind: "phone", Value: text(2)}}}
		decide := func() (out []casework.Correction) {
			for i := range r.IntN(4) {
				c := casework.Correction{Ruling: casework.Ruling{ID: fmt.Sprint(i)}, Text: strings.TrimSpace(text(1 + r.IntN(2))), Was: []string{"", "+19125550143", "+19125550144"}[r.IntN(3)]}
				if c.Text == "" {
					continue
				}
				if r.IntN(2) == 0 {
					c.Reads = fmt.Sprintf("+1912555017%d", r.IntN(3))
				}
				out = append(out, c)
			}
			return out
		}
		a, want := read(t, l), read(t, l)
		var last []casework.Correction
		for n := range 3 {
			last = decide()
			correction.Apply(&a, last, uint64(n))
		}
		correction.Apply(&a, last, 2)
		correction.Apply(&want, last, 2)
		if diff := cmp.Diff(a, want); diff != "" {
			t.Fatalf("seed %d (-got +want):\n%s", seed, diff)
		}
		fields := map[string][]rune{}
		l.Fields(func(field, text string) { fields[field] = []rune(text) })
		for _, p := range a.Phones {
			in := fields[p.Span.Field]
			if p.Span.Start < 0 || p.Span.End > len(in) || string(in[p.Span.Start:p.Span.End]) != p.Text {
				t.Fatalf("seed %d: %q does not stand at %v", seed, p.Text, p.Span)
			}
		}
		for _, c := range last {
			if c.Reads == "" && slices.ContainsFunc(a.Phones, func(p ad.Phone) bool { return p.Text == c.Text && p.Method != ad.MethodCorrected }) {
				t.Fatalf("seed %d: %q, which is no number, is read", seed, c.Text)
			}
		}
	}
}
