package alert

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/query"
)

// searches are saved searches that somebody is told of; changed when version is.
type searches struct {
	version uint64
	all     []casework.Saved
}

func (s *searches) Alerting(known uint64) (uint64, []casework.Saved) {
	if known == s.version {
		return known, nil
	}
	return s.version, s.all
}

func (s *searches) Subscribed(ad.Value) []ad.Subscription { return nil }

// saving is a saved search of one user.
func saving(id, q string, known ...string) casework.Saved {
	return casework.Saved{ID: id, Owner: "u1", Wording: casework.Wording{Name: id, Query: q}, Alerts: []casework.SearchAlert{{User: "u1", Known: casework.NewKeySet(known)}}}
}

// vocabulary is words of which the first are far more frequent.
var vocabulary = strings.Fields("massage town new sweet call now hotel rose garden piano lake ruby jade wi-fi año cafe ruby77 lesson lessons market river hill")

func anyWord(r *rand.Rand) string {
	return vocabulary[min(r.IntN(len(vocabulary)), r.IntN(len(vocabulary)))]
}

func anyNumber(r *rand.Rand) string { return fmt.Sprintf("912555%04d", 100+r.IntN(40)) }

// anyQuery makes a query of all that the language has.
func anyQuery(r *rand.Rand, depth int) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	if depth > 0 && r.IntN(3) > 0 {
		a, b := anyQuery(r, depth-1), anyQuery(r, depth-1)
		switch r.IntN(4) {
		case 0:
			return "(" + a + " OR " + b + ")"
		case 1:
			return a + " -(" + b + ")"
		default:
			return "(" + a + ") (" + b + ")"
		}
	}
	switch r.IntN(16) {
	case 0, 1, 2, 3:
		return anyWord(r)
	case 4:
		return `"` + anyWord(r) + " " + anyWord(r) + `"`
	case 5:
		return "phone:" + anyNumber(r)
	case 6:
		return anyNumber(r)
	case 7:
		return pick("*0123", "912555*", "phone:*0111", "912-555-01?4")
	case 8:
		return pick("title:", "city:", "text:") + anyWord(r)
	case 9:
		return pick("side:supply", "side:demand", "lang:es", "lead:yes", "lead:no", "indicator:movement", "site:townboard", "site:swapyard")
	case 10:
		return pick("email:ruby@mail.example", "ruby@mail.example", "handle:@jadewave", "handle:telegram:jadewave", "@jadewave")
	case 11:
		return pick("posted:2026", "seen:2026-03..", "has:phone", "has:email", "state:GA", "near:Savannah")
	case 12:
		return fmt.Sprintf(`"%s %s"~%d`, anyWord(r), anyWord(r), r.IntN(6))
	case 13:
		return anyWord(r)[:3] + "*"
	case 14:
		return pick("garden", "market", "lesson", "hotel") + pick("~", "~2")
	}
	return "-" + anyWord(r)
}

// anyAd makes an ad in which some of it stands.
func anyAd(r *rand.Rand, n int) ad.Ad {
	words := func(most int) string {
		var out []string
		for range r.IntN(most + 1) {
			out = append(out, anyWord(r))
		}
		return strings.Join(out, " ")
	}
	a := ad.Ad{Listing: ad.Listing{
		Title: words(6), Body: words(30), Location: words(2), Category: words(1), Site: []string{"townboard", "swapyard"}[r.IntN(2)],
		NativeID: fmt.Sprint(n), CaptureID: fmt.Sprint(n), URL: fmt.Sprintf("https://town.example/ad/%d", n), SeenAt: at, PostedAt: at.AddDate(0, 0, -r.IntN(600)),
	}}
	if r.IntN(2) == 0 {
		number := anyNumber(r)
		a.Body += " " + number
		if r.IntN(4) > 0 {
			a.Phones = []ad.Phone{{E164: "+1" + number, Text: number, Span: ad.Span{Field: "body", Start: 0, End: 1}, Confidence: 1}}
		}
	}
	switch r.IntN(4) {
	case 0:
		a.Identifiers = []ad.Identifier{{Kind: "email", Value: "ruby@mail.example", Text: "ruby(at)mail.example", Span: ad.Span{Field: "body", Start: 0, End: 1}, Confidence: 1}}
	case 1:
		a.Identifiers = []ad.Identifier{{Kind: "handle", Value: "telegram:jadewave", Text: "TG jadewave", Span: ad.Span{Field: "body", Start: 0, End: 1}, Confidence: 1}}
	}
	if r.IntN(2) == 0 {
		a.Side = &ad.Side{Side: []string{ad.SideSupply, ad.SideDemand}[r.IntN(2)], P: .9}
	}
	if r.IntN(3) == 0 {
		a.Language = &ad.Language{Tag: "es", P: 1}
		a.Places = []ad.Place{{City: "Savannah", Region: "US-GA", Country: "US", Metro: "42340", From: "location", Confidence: .9}}
	}
	if r.IntN(3) == 0 {
		a.Indicators = []ad.Indicator{{Category: "movement", Sub: "new_in_town", Span: ad.Span{Field: "title", Start: 0, End: 1}, Strength: ad.Strong}}
		a.Lead = &ad.Lead{Score: .5, Why: "one strong indicator"}
	}
	a.Seal()
	return a
}

// TestFindIsMatch: whatever the searches and the ads are, and however the searches
// change between ads, a Finder finds those that query.Match says yes to.
func TestFindIsMatch(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 17))
		from := &searches{version: 1}
		f := NewFinder(from)
		parsed := map[string]query.Node{}
		found := 0
		for n := range 150 {
			for len(from.all) < 100 || r.IntN(10) == 0 {
				q := anyQuery(r, 3)
				node, err := query.Parse(q)
				if err != nil {
					t.Fatalf("seed %d: %q: %v", seed, q, err)
				}
				q = query.String(node)
				parsed[q] = node
				from.all = append(from.all, saving(fmt.Sprint(n, len(from.all)), q))
				from.version++
			}
			if r.IntN(20) == 0 {
				i := r.IntN(len(from.all))
				from.all = slices.Delete(slices.Clone(from.all), i, i+1)
				from.version++
			}
			d := Arriving(anyAd(r, n))
			var got, want []string
			for _, s := range f.Find(&d) {
				got = append(got, s.ID+" "+s.Query)
			}
			read := query.Read(&d)
			for _, s := range from.all {
				if read.Match(parsed[s.Query]) {
					want = append(want, s.ID+" "+s.Query)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(got, want); diff != "" {
				t.Fatalf("seed %d, ad %d (-got +want):\n%s\n%s\n%s", seed, n, diff, d.Ad.Title, d.Ad.Body)
			}
			found += len(want)
		}
		if found < 150 {
			t.Errorf("seed %d: only %d searches matched anything", seed, found)
		}
	}
}

func TestRefusal(t *testing.T) {
	for q, want := range map[string]string{
		`rose phone:9125550123 near:Savannah has:phone posted:2026 seen:2026-03..`: "",
		`-rose`:                    "",
		`cluster:c0123456789abcde`: "cluster:",
		`rose -label:spam`:         "label: asks for labels, which people give after an ad has come",
		`rose has:label`:           "has: asks for labels",
		`rose OR (tulip -cluster:c0123456789abcde)`: "cluster:",
		`first:2026`:                 "first:",
		`rose last:2026-03..`:        "last:",
		`rose -seen:2026-01`:         "seen:",
		`rose -(tulip seen:2026-01)`: "seen:",
	} {
		n, err := query.Parse(q)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		if got := Refusal(n); !strings.HasPrefix(got, want) || got == "" != (want == "") {
			t.Errorf("%s: got %q, want %q…", q, got, want)
		}
	}
}

// TestSearchIsTold: once for each content of an ad, whatever is delivered again;
// not what was known; with the words that were asked for.
func TestSearchIsTold(t *testing.T) {
	from := &searches{version: 1, all: []casework.Saved{saving("s1", `"new in town" rose`)}}
	b := newInbox()
	told := uint64(0)
	r := NewRaiser(from, b.Seen, func() time.Time { return at })
	see := func(a ad.Ad) (ids []string) {
		t.Helper()
		for _, one := range r.Raise(a) {
			told++
			apply(t, b, int(told), one)
			ids = append(ids, one.ID)
		}
		return ids
	}
	one := ad.Ad{Listing: ad.Listing{Title: "New in TOWN", Body: "ask for Rosé", Site: "townboard", NativeID: "1", CaptureID: "c1", SeenAt: at}}
	one.Seal()
	if got := see(one); len(got) != 1 {
		t.Fatalf("first: %v", got)
	}
	again := one
	again.CaptureID, again.SeenAt = "c2", at.Add(time.Hour)
	again.Seal()
	if got := see(again); got != nil {
		t.Errorf("the same content, seen again: %v", got)
	}
	edited := again
	edited.Body += " today"
	edited.Seal()
	if got := see(edited); len(got) != 1 {
		t.Errorf("another content: %v", got)
	}
	other := edited
	other.NativeID, other.Body = "2", "ask for Rose now"
	other.Seal()
	from.all, from.version = []casework.Saved{saving("s1", `"new in town" rose`, ad.DocumentID(other.AdID, other.ContentSHA256))}, 2
	if got := see(other); got != nil {
		t.Errorf("a content that was known when the alert was made: %v", got)
	}
	// A new process, and a replay of everything.
	r = NewRaiser(from, b.Seen, nil)
	for _, a := range []ad.Ad{one, again, edited, other} {
		if got := see(a); got != nil {
			t.Errorf("replayed: %v", got)
		}
	}
	p := b.Page("u1", 0, 10)
	if len(p.Alerts) != 2 || p.Unread != 2 {
		t.Fatalf("the inbox has %d, %d unread", len(p.Alerts), p.Unread)
	}
	want := []ad.Found{{Span: ad.Span{Field: "title", Start: 0, End: 11}, Text: "New in TOWN"}, {Span: ad.Span{Field: "body", Start: 8, End: 12}, Text: "Rosé"}}
	if a := p.Alerts[1]; a.Search != "s1" || a.Value != (ad.Value{}) || cmp.Diff(a.Found, want) != "" {
		t.Errorf("alert %+v", a)
	}
	from.all, from.version = nil, 3
	third := other
	third.NativeID = "3"
	third.Seal()
	if got := see(third); got != nil {
		t.Errorf("after the alert ended: %v", got)
	}
}

// TestStorm: what comes beyond a bound in a day is one line an hour, which is
// unread again when it has grown; erased ads leave it.
func TestStorm(t *testing.T) {
	b := newInbox()
	seq := uint64(0)
	raise := func(n int, folded bool, when time.Time) ad.Alert {
		seq++
		a := ad.Alert{V: 1, ID: fmt.Sprintf("%032x", n), User: "u1", Search: "s1", AdID: fmt.Sprint("ad", n), Title: "x", RaisedAt: when, Folded: folded}
		apply(t, b, int(seq), a)
		return a
	}
	for n := range Storm + 10 {
		raise(n, false, at.Add(time.Duration(n)*time.Second))
	}
	p := b.Page("u1", 0, 200)
	if len(p.Alerts) != Storm+1 || p.Alerts[0].Count != 10 || p.Alerts[0].Title != "" || p.Alerts[1].Count != 0 {
		t.Fatalf("%d lines, the first of %d", len(p.Alerts), p.Alerts[0].Count)
	}
	line := p.Alerts[0]
	if err := b.Mark(t.Context(), "u1", []string{line.ID}, true); err != nil {
		t.Fatal(err)
	}
	if p = b.Page("u1", 0, 1); !p.Alerts[0].Read {
		t.Error("the line is marked and not read")
	}
	raise(1000, true, at.Add(20*time.Minute))
	if p = b.Page("u1", 0, 1); p.Alerts[0].Read || p.Alerts[0].Count != 11 {
		t.Errorf("grown: read %v, %d", p.Alerts[0].Read, p.Alerts[0].Count)
	}
	if err := b.Mark(t.Context(), "u1", []string{line.ID}, true); err != nil {
		t.Errorf("marking what has become part of a line: %v", err)
	}
	if err := b.Mark(t.Context(), "u2", []string{line.ID}, true); err == nil {
		t.Error("somebody else's line can be marked")
	}
	raise(1001, true, at.Add(time.Hour+time.Minute))
	if p = b.Page("u1", 0, 2); p.Alerts[0].Count != 1 || p.Alerts[1].Count != 11 {
		t.Errorf("another hour: %d, %d", p.Alerts[0].Count, p.Alerts[1].Count)
	}
	b.Forget([]string{"ad1000", "ad1001"})
	if p = b.Page("u1", 0, 2); p.Alerts[0].Count != 10 || p.Alerts[0].AdID != "" {
		t.Errorf("erased: %+v", p.Alerts[0])
	}
}

// BenchmarkFind is what one ad costs among searches of a kind that people save.
func BenchmarkFind(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var pool []string // some thousand words, the first far more frequent
	for i := range 6000 {
		pool = append(pool, fmt.Sprintf("%c%c%cword%d", 'a'+i%26, 'a'+i/26%26, 'a'+i/676, i))
	}
	word := func() string { // Zipf, about
		return pool[int(float64(len(pool))*r.Float64()*r.Float64()*r.Float64())]
	}
	ads := make([]ad.Document, 512)
	for i := range ads {
		a := anyAd(r, i)
		for range 120 {
			a.Body += " " + word()
		}
		a.Seal()
		ads[i] = Arriving(a)
	}
	for _, n := range []int{0, 100, 10_000} {
		from := &searches{version: 1}
		for i := range n {
			var q string
			switch i % 5 {
			case 0:
				q = fmt.Sprintf("phone:912555%04d OR *%04d", 100+i%100, i)
			case 1:
				q = word() + " " + word() + " side:supply"
			case 2:
				q = `"` + word() + " " + word() + `" lang:en`
			case 3:
				q = "(" + word() + " OR " + word() + ") " + word() + " -" + word()
			default:
				q = word() + " state:GA lead:yes"
			}
			from.all = append(from.all, saving(fmt.Sprint(i), q))
		}
		f := NewFinder(from)
		b.Run(fmt.Sprintf("searches=%d", n), func(b *testing.B) {
			for i := range ads { // words are counted
				f.Find(&ads[i])
			}
			b.ReportAllocs()
			hits := 0
			i := 0
			for b.Loop() {
				hits += len(f.Find(&ads[i%len(ads)]))
				i++
			}
			b.ReportMetric(float64(hits)/float64(i), "found/ad")
		})
		if n == 10_000 {
			nodes := make([]query.Node, n)
			for i, s := range from.all {
				nodes[i], _ = query.Parse(s.Query)
			}
			b.Run("one by one", func(b *testing.B) {
				i := 0
				for b.Loop() {
					read := query.Read(&ads[i%len(ads)])
					for _, node := range nodes {
						read.Match(node)
					}
					i++
				}
			})
		}
	}
}
