package site

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

var epoch = time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)

const (
	footer   = "Report trafficking: call our line (800) 555-0199 day or night. No escorts under 21, we report to the police. You must be 18+ to read this."
	campaign = "We welcome every guest with tea and soft music in our quiet garden house behind the station, ask for the lady of the day."
)

// prose is what one poster writes: words that hardly anybody else says.
func prose(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%c%c%c%c ", 'a'+r.IntN(26), 'a'+r.IntN(26), 'a'+r.IntN(26), 'a'+r.IntN(26))
	}
	return strings.TrimSpace(b.String())
}

func number(i int) ad.Value {
	return ad.Value{Kind: "phone", Value: fmt.Sprintf("+1912555%04d", 100+i)}
}

// posters are ads of as many owners, each under the site's footer.
func posters(n int, foot string) []Sheet {
	r := rand.New(rand.NewPCG(7, 7))
	var out []Sheet
	for i := range n {
		out = append(out, Sheet{
			Title: prose(r, 4), Body: prose(r, 20) + ".\n" + foot,
			Values: []ad.Value{{Kind: "phone", Value: "+18005550199"}, number(i)},
		})
	}
	return out
}

func marked(m *Model, text string) (out []string) {
	runes := []rune(text)
	for _, s := range m.words.Mark("body", text) {
		out = append(out, string(runes[s.Start:s.End]))
	}
	return out
}

func mustLearn(t *testing.T, sample []Sheet) Model {
	t.Helper()
	m, fresh := Learn("townboard", sample, Model{}, epoch)
	if !fresh {
		t.Fatalf("nothing was learned of %d listings", len(sample))
	}
	return m
}

func TestFooterIsTheSites(t *testing.T) {
	sample := posters(60, footer)
	m := mustLearn(t, sample)
	if got := marked(&m, sample[0].Body); len(got) != 1 || got[0] != footer {
		t.Errorf("marked %q, want the footer", got)
	}
	if got := marked(&m, campaign); got != nil {
		t.Errorf("marked %q in what nobody says", got)
	}
	if m.Version != 1 || m.Listings != 60 || m.Owners != (Owners{60, 60}) || len(m.Phrases) != 1 {
		t.Errorf("version %d of %d listings by %+v, %d phrases", m.Version, m.Listings, m.Owners, len(m.Phrases))
	}
	if p := m.Phrases[0]; p.Listings != 60 || strings.Contains(p.Text, "555") || !strings.Contains(p.Text, "under 21") {
		t.Errorf("phrase %q of %d: the number to call is to be hidden, others are not", p.Text, p.Listings)
	}
}

// What varies within the site's words is the poster's, and the label before it is
// read with it: a stated age on a form is no boilerplate.
func TestWhatVariesIsThePosters(t *testing.T) {
	form := func(i int) string {
		return fmt.Sprintf("Welcome to the profile page of this member.\nAge: %d years old. To reach the poster of this ad call 912-555-%04d and say where you saw it. You must be 18 or older to use this board.", 17+i%9, 100+i)
	}
	sample := posters(90, "")
	for i := range sample {
		sample[i].Body += form(i)
	}
	m := mustLearn(t, sample)
	a := ad.Ad{Listing: ad.Listing{Body: form(5)}}
	a.SiteWords = m.Mark(&a)
	_, own := a.Poster()
	for _, want := range []string{"Age: 22 years", "ad call 912-555-0105"} {
		if !strings.Contains(own, want) {
			t.Errorf("%q is not left of a form's own words: %q", want, own)
		}
	}
	for _, gone := range []string{"18 or older", "Welcome to the profile"} {
		if strings.Contains(own, gone) {
			t.Errorf("%q is the site's and is left: %q", gone, own)
		}
	}
	if utf8.RuneCountInString(own) != utf8.RuneCountInString(a.Body) {
		t.Error("offsets move")
	}
}

// A campaign is one owner however much of a site it fills and however its texts
// vary, as long as it gives its number.
func TestCampaignKeepsItsWords(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	sample := posters(100, footer)
	for i := range sample {
		if i%3 == 0 {
			sample[i].Body = campaign + " " + prose(r, 12) + ".\n" + footer
			sample[i].Values = []ad.Value{{Kind: "phone", Value: "+18005550199"}, number(9000 + i%2)}
		}
	}
	m := mustLearn(t, sample)
	if got := marked(&m, campaign); got != nil {
		t.Errorf("a campaign in a third of a site lost %q", got)
	}
	if got := marked(&m, footer); len(got) != 1 {
		t.Errorf("of the footer are marked %q", got)
	}
	// Another number in each ad, and nothing else of its own.
	for i := range sample {
		if i%3 == 0 {
			sample[i].Body, sample[i].Values = campaign+" "+prose(r, 2)+".\n"+footer, []ad.Value{number(2000 + i)}
		}
	}
	m = mustLearn(t, sample)
	if got := marked(&m, campaign); got != nil {
		t.Errorf("a campaign with many numbers lost %q", got)
	}
}

// On a small site a dozen people who post together are many of its owners: what they
// say, and the number of their house, stay theirs.
func TestFewWhoPostTogetherKeepTheirWords(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	house := number(9000)
	sample := posters(30, footer)
	for i := range 24 {
		sample = append(sample, Sheet{
			Body: prose(r, 15) + ". " + campaign + " Our manager takes the bookings.\n" + footer, Values: []ad.Value{{Kind: "phone", Value: "+18005550199"}, house, number(500 + i%12)},
		})
	}
	m := mustLearn(t, sample)
	if got := marked(&m, campaign+" Our manager takes the bookings."); got != nil {
		t.Errorf("they lost %q", got)
	}
	if got := marked(&m, footer); len(got) != 1 {
		t.Errorf("of the footer are marked %q", got)
	}
	for v, want := range map[ad.Value]bool{house: false, number(3): false, {Kind: "phone", Value: "+18005550199"}: true} {
		if m.Owns(v) != want {
			t.Errorf("%v is the site's: %v", v, !want)
		}
	}
}

func TestNothingIsSaidOfFewOwners(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	one := func(n int, body func(i int) string, value func(i int) ad.Value) (out []Sheet) {
		for i := range n {
			x := Sheet{Body: body(i)}
			if v := value(i); v.Kind != "" {
				x.Values = []ad.Value{v}
			}
			out = append(out, x)
		}
		return out
	}
	same := func(int) ad.Value { return number(1) }
	small := posters(15, "")
	small = append(small, one(60, func(int) string { return campaign + " " + prose(r, 12) }, same)...)
	for name, sample := range map[string][]Sheet{
		"nobody":                        nil,
		"one owner with 10,000 ads":     one(10_000, func(int) string { return campaign + " " + prose(r, 12) }, same),
		"every ad identical":            one(500, func(int) string { return campaign }, number),
		"a small site and one campaign": small,
		"nobody gives a contact":        one(500, func(int) string { return prose(r, 20) + footer }, func(int) ad.Value { return ad.Value{} }),
		"the site's number in every ad": one(500, func(int) string { return prose(r, 20) + " " + footer }, same),
	} {
		if m, fresh := Learn("x", sample, Model{}, epoch); fresh {
			t.Errorf("%s: learned %v", name, m.Phrases)
		}
	}
}

func TestVersionChangesWithWhatIsMarked(t *testing.T) {
	m := mustLearn(t, posters(60, footer))
	if again, fresh := Learn("townboard", posters(80, footer), m, epoch.Add(time.Hour)); fresh {
		t.Errorf("more of the same made version %d", again.Version)
	}
	// Too few owners meanwhile: what is known stays.
	if again, fresh := Learn("townboard", posters(10, ""), m, epoch.Add(time.Hour)); fresh || again.Version != 1 {
		t.Errorf("a sample without owners made version %d", again.Version)
	}
	next, fresh := Learn("townboard", posters(80, footer+" This board is read by volunteers who look at every page twice."), m, epoch.Add(time.Hour))
	if !fresh || next.Version != 2 || next.Digest == m.Digest {
		t.Fatalf("a new sentence on every page made version %d", next.Version)
	}
	if d := cmp.Diff(next.Before, []Past{{1, m.Digest, epoch}}); d != "" {
		t.Errorf("earlier versions (-got +want)\n%s", d)
	}
	// What is not said any more marks nothing, so that nothing changes.
	if gone, fresh := Learn("townboard", posters(80, ""), next, epoch.Add(2*time.Hour)); fresh || gone.Version != 2 {
		t.Errorf("a site that adds nothing any more: version %d", gone.Version)
	}
}

// The models may be lost and learned again: a name that ads bear means one thing.
func TestVersionsAreNotNamedTwice(t *testing.T) {
	sample := posters(60, footer)
	m := mustLearn(t, sample)
	for i := range sample {
		sample[i].Model = ad.SiteModel{Version: 4, Digest: m.Digest}
	}
	if again := mustLearn(t, sample); again.Version != 4 {
		t.Errorf("the same words are version %d, and were 4", again.Version)
	}
	for i := range sample {
		sample[i].Model.Digest = "other"
	}
	if other := mustLearn(t, sample); other.Version != 5 {
		t.Errorf("other words are version %d, and 4 is taken", other.Version)
	}
}

func TestModelIsAFunctionOfItsSample(t *testing.T) {
	a, b := mustLearn(t, posters(70, footer)), mustLearn(t, posters(70, footer))
	if d := cmp.Diff(a, b, cmp.AllowUnexported(Model{})); d != "" {
		t.Errorf("(-one +other)\n%s", d)
	}
}

func TestCopiedFooterIsTheSitesToo(t *testing.T) {
	m := mustLearn(t, posters(60, footer))
	if got := marked(&m, footer+"\nMine.\n"+footer); len(got) != 2 {
		t.Errorf("marked %q", got)
	}
	a := ad.Ad{Listing: ad.Listing{Title: "", Body: footer}}
	a.SiteWords = m.Mark(&a)
	if _, own := a.Poster(); strings.TrimSpace(own) != "" {
		t.Errorf("of a page that says nothing else is left %q", own)
	}
	// Somebody's own number in the place of the site's is his.
	if got := strings.Join(marked(&m, strings.Replace(footer, "800) 555-0199", "912) 555-0123", 1)), " "); strings.Contains(got, "0123") {
		t.Errorf("another number is taken for the site's: %q", got)
	}
}

func FuzzMark(f *testing.F) {
	m, _ := Learn("x", posters(60, footer), Model{}, epoch)
	f.Add("Call me. " + footer)
	f.Add("日本語 12 ’'’ " + footer + "\xff\xfe")
	f.Add(strings.Repeat("you must be 18 to read this ", 3))
	f.Fuzz(func(t *testing.T, s string) {
		at := 0
		for _, x := range m.words.Mark("body", s) {
			if x.Start < at || x.End <= x.Start || x.End > utf8.RuneCountInString(s) {
				t.Fatalf("span %v after %d in %q", x, at, s)
			}
			at = x.End
		}
		a := ad.Ad{Listing: ad.Listing{Body: s}}
		a.SiteWords = m.Mark(&a)
		if _, own := a.Poster(); utf8.RuneCountInString(own) != utf8.RuneCountInString(s) {
			t.Fatalf("%q has other offsets than %q", own, s)
		}
	})
}

func BenchmarkMark(b *testing.B) {
	m, _ := Learn("x", posters(60, footer), Model{}, epoch)
	a := ad.Ad{Listing: ad.Listing{Title: "Relaxing massage downtown", Body: strings.Repeat("Sweet company, call me between ten and ten at 912-555-0143, cash only. ", 10) + footer}}
	b.SetBytes(int64(len(a.Title) + len(a.Body)))
	b.ReportAllocs()
	for b.Loop() {
		m.Mark(&a)
	}
}

func BenchmarkLearn(b *testing.B) {
	sample := posters(MaxSheets, footer)
	for b.Loop() {
		Learn("x", sample, Model{}, epoch)
	}
}
