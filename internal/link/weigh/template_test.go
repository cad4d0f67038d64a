package weigh_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

// said are the words of a text as forms compare them.
func said(s string) []string {
	out := strings.Fields(strings.ToLower(s))
	for i, w := range out {
		if in := strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }); in != "" {
			out[i] = in
		}
	}
	return out
}

// filledAlike fails where the text of an ad is not what its form gives when its
// slots are filled.
func filledAlike(t *testing.T, texts []string, got weigh.Template) {
	t.Helper()
	ads := got.Rest
	for _, f := range got.Forms {
		ads += f.Ads
		if f.Ads != len(f.Of()) {
			t.Errorf("a form of %d ads names %d", f.Ads, len(f.Of()))
		}
		for k, i := range f.Of() {
			if diff := cmp.Diff(said(texts[i]), said(strings.Join(f.Filled(k), " "))); diff != "" {
				t.Fatalf("filling the slots gives another text than ad %d has (-has +filled):\n%s", i, diff)
			}
		}
		for _, p := range f.Parts {
			sum := 0
			for _, x := range p.Fills {
				sum += x.Ads
			}
			if p.Kind != weigh.Same && sum != f.Ads {
				t.Errorf("the fills of %q are of %d ads, the form has %d", p.Text, sum, f.Ads)
			}
		}
	}
	if ads != got.Read {
		t.Errorf("%d ads are in forms or in none, %d were read", ads, got.Read)
	}
}

func TestFormsHaveSlots(t *testing.T) {
	names, cities, numbers := []string{"Rosa", "Mia", "Ines"}, []string{"Wren", "Port Alder"}, []string{"912-555-0143", "912-555-0177"}
	var texts []string
	for i := range 12 {
		s := fmt.Sprintf("Hi, I am %s, new in %s this week. Quiet rooms by the harbour with tea and soft music. Call %s before noon!", names[i%3], cities[i%2], numbers[i/6])
		if i == 4 {
			s = strings.Replace(s, "Call", "Ask for the green door. Call", 1)
		}
		texts = append(texts, s)
	}
	texts = append(texts, "an entirely different text about a bicycle, hardly used, with a bell and two lamps")
	got := weigh.Forms(texts)
	filledAlike(t, texts, got)
	if len(got.Forms) != 1 || got.Forms[0].Ads != 12 || got.Rest != 1 {
		t.Fatalf("got %d forms with %d texts beside them: %+v", len(got.Forms), got.Rest, got)
	}
	want := []weigh.Part{
		{Kind: weigh.Same, Text: "Hi, I am"},
		{Kind: weigh.Slot, Text: "Rosa,", Fills: []weigh.Fill{{Text: "Rosa,", Ads: 4}, {Text: "Mia,", Ads: 4}, {Text: "Ines,", Ads: 4}}},
		{Kind: weigh.Same, Text: "new in"},
		{Kind: weigh.Slot, Text: "Wren", Fills: []weigh.Fill{{Text: "Wren", Ads: 6}, {Text: "Port Alder", Ads: 6}}},
		{Kind: weigh.Same, Text: "this week. Quiet rooms by the harbour with tea and soft music."},
		{Kind: weigh.Slot, Text: "", Fills: []weigh.Fill{{Text: "", Ads: 11}, {Text: "Ask for the green door.", Ads: 1}}},
		{Kind: weigh.Same, Text: "Call"},
		{Kind: weigh.Slot, Text: "912-555-0143", Fills: []weigh.Fill{{Text: "912-555-0143", Ads: 6}, {Text: "912-555-0177", Ads: 6}}},
		{Kind: weigh.Same, Text: "before noon!"},
	}
	if diff := cmp.Diff(want, got.Forms[0].Parts); diff != "" {
		t.Errorf("the form (-want +got):\n%s", diff)
	}
}

// Whatever texts are made from, filling the slots gives them back: of made-up groups,
// heavily edited ones too, and of texts with words put in, left out and changed.
func TestFormsGiveEveryTextBack(t *testing.T) {
	groups := map[string][]string{}
	for _, hard := range []bool{false, true} {
		for _, a := range invent.Ads(invent.Config{Seed: 77, Ads: 1500, Hard: hard}) {
			k := fmt.Sprint(hard, a.Group)
			groups[k] = append(groups[k], a.Title+" "+a.Body)
		}
	}
	formed := 0
	for _, k := range slices.Sorted(maps.Keys(groups)) {
		got := weigh.Forms(groups[k])
		filledAlike(t, groups[k], got)
		for _, f := range got.Forms {
			formed += f.Ads
		}
	}
	if formed < 300 {
		t.Errorf("only %d ads are made from a form", formed)
	}
	r := rand.New(rand.NewPCG(7, 1))
	words := strings.Fields("quiet rooms by the harbour with tea and soft music for every guest who calls before noon or after the last tram leaves the old station near the green bridge")
	for range 60 {
		var texts []string
		for range 2 + r.IntN(20) {
			var s []string
			for _, w := range words {
				switch x := r.Float64(); {
				case x < .1:
				case x < .2:
					s = append(s, w, fmt.Sprintf("put%din", r.IntN(5)))
				case x < .3:
					s = append(s, fmt.Sprintf("changed%d", r.IntN(5)))
				default:
					s = append(s, w)
				}
			}
			texts = append(texts, strings.Join(s, " "))
		}
		filledAlike(t, texts, weigh.Forms(texts))
	}
}

// Of many texts a sample is read, and the answer says so.
func TestFormsSayWhatWasRead(t *testing.T) {
	texts := make([]string, 3*weigh.MaxFormTexts)
	for i := range texts {
		texts[i] = fmt.Sprintf("one text that many ads have with the number %d at its end", i)
	}
	texts[0] = ""
	got := weigh.Forms(texts)
	if got.Texts != len(texts)-1 || got.Read != weigh.MaxFormTexts || len(got.Forms) != 1 || got.Forms[0].Ads != got.Read {
		t.Errorf("of %d texts %d were read, %d forms", got.Texts, got.Read, len(got.Forms))
	}
	filledAlike(t, texts, got)
	if got := weigh.Forms(nil); len(got.Forms) != 0 || got.Forms == nil {
		t.Errorf("of no texts: %+v", got)
	}
}

func BenchmarkForms(b *testing.B) {
	w := strings.Fields("quiet rooms by the harbour with tea and soft music for every guest who calls before noon or after the last tram leaves")
	for _, n := range []int{100, 400} {
		r := rand.New(rand.NewPCG(3, 3))
		texts := make([]string, n)
		for i := range texts {
			var s []string
			for range 8 {
				for _, x := range w {
					if r.Float64() < .2 {
						x = fmt.Sprintf("w%d", r.IntN(50))
					}
					s = append(s, x)
				}
			}
			texts[i] = strings.Join(s, " ")
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				weigh.Forms(texts)
			}
		})
	}
}
