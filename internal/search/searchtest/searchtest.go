// Package searchtest is the suite that every search.Index passes: properties by
// name, with query.Match over the same documents as the referee, and benchmarks.
// An engine goes in; failures and figures come out. It holds no text but made-up
// ads, with numbers reserved for fiction.
package searchtest

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// An Open opens the index that lives in a folder, and makes it when there is none.
type Open func(tb testing.TB, dir string) search.Index

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, Open){
		"matching is what the referee says":            matching,
		"questions and answers":                        answers,
		"pages are in order, without gaps or repeats":  pages,
		"order of arrival does not matter":             arrival,
		"changes applied again have no effect":         again,
		"an ad edited from A to B and back shows both": editedBack,
		"a late, earlier sighting shows its content":   lateSighting,
		"the reading that knew more decisions counts":  decided,
		"a removal holds until a later sighting":       removal,
		"moves change clusters, not documents":         moves,
		"the later link wins":                          laterLink,
		"labels are those last given":                  labelled,
		"hubs are known and held":                      hubs,
		"values of all versions are found":             values,
		"what is erased is in no answer":               erased,
		"positions survive and never go back":          positions,
		"a wrong change spoils the whole batch":        wrongChange,
		"readers see whole batches":                    wholeBatches,
		"what cannot be asked is refused":              refused,
		"nothing is in a new index":                    empty,
		"many questions over many documents":           many,
		"one number in any form finds the same ads":    oneNumber,
		"what stands for too many words is refused":    broad,
		"what matches is counted":                      surveys,
		"a walk gives each match once":                 walks,
		"matches are grouped by cluster":               groups,
		"texts worded alike are found":                 likeness,
		"the words of all texts are known":             terms,
		"the edges of a cluster are those last told":   joined,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // much of an engine's time may be waiting
			test(t, open)
		})
	}
}

// fresh opens an index in a folder of its own and closes it in the end.
func fresh(tb testing.TB, open Open) search.Index {
	tb.Helper()
	x := open(tb, tb.TempDir())
	tb.Cleanup(func() {
		if err := x.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return x
}

// apply applies changes in batches of a size.
func apply(tb testing.TB, x search.Index, size int, changes []search.Change) {
	tb.Helper()
	for batch := range slices.Chunk(changes, size) {
		if err := x.Apply(tb.Context(), "ads", batch[len(batch)-1].Seq, batch); err != nil {
			tb.Fatalf("apply: %v", err)
		}
	}
}

// dump returns every document in order of id.
func dump(tb testing.TB, x search.Index) []ad.Document {
	tb.Helper()
	docs, err := gather(x.Dump(tb.Context()))
	if err != nil {
		tb.Fatalf("dump: %v", err)
	}
	slices.SortFunc(docs, byID)
	return docs
}

func gather(docs iter.Seq2[ad.Document, error]) (out []ad.Document, err error) {
	for d, err := range docs {
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func parse(tb testing.TB, s string) query.Node {
	tb.Helper()
	n, err := query.Parse(s)
	if err != nil {
		tb.Fatalf("parse %q: %v", s, err)
	}
	return n
}

// find returns all matches, page by page.
func find(tb testing.TB, x search.Index, n query.Node, sort search.Sort) []search.Hit {
	tb.Helper()
	var hits []search.Hit
	for {
		res, err := x.Search(tb.Context(), n, search.Page{Offset: len(hits), Size: 300, Sort: sort})
		if err != nil {
			tb.Fatalf("search %s: %v", n, err)
		}
		hits = append(hits, res.Hits...)
		if len(res.Hits) == 0 || len(hits) >= res.Total {
			if len(hits) != res.Total {
				tb.Fatalf("search %s: %d matches given, %d counted", n, len(hits), res.Total)
			}
			return hits
		}
	}
}

func ids(docs []ad.Document) []string {
	out := make([]string, len(docs))
	for i, d := range docs {
		out[i] = d.ID
	}
	return out
}

func same(tb testing.TB, what string, got, want any) {
	tb.Helper()
	if reflect.DeepEqual(got, want) { // a hundred times as fast as cmp
		return
	}
	if diff := cmp.Diff(got, want); diff != "" {
		tb.Fatalf("%s (-got +want):\n%s", what, diff)
	}
}

// rounds is how many queries are put to an engine and the referee.
const rounds = 100

func matching(t *testing.T, open Open) {
	m := newMaker(1)
	changes := m.history(100)
	x := fresh(t, open)
	apply(t, x, 100, changes)
	docs := documents(changes)
	slices.SortFunc(docs, newest)
	found := 0
	for range rounds {
		typed := m.query(3)
		n := parse(t, typed)
		var want []ad.Document
		for _, d := range docs {
			if query.Match(n, &d) {
				want = append(want, d)
			}
		}
		got := find(t, x, n, search.ByNewest)
		for i, h := range got {
			if i < len(want) {
				same(t, fmt.Sprintf("query %s: match %d", typed, i), h, search.Hit{Doc: want[i], Spans: query.Spans(n, &want[i])})
			}
		}
		if len(got) != len(want) {
			t.Fatalf("query %s: %d documents match, the referee says %d", typed, len(got), len(want))
		}
		slices.SortFunc(want, strongest)
		strong := []string{}
		for _, h := range find(t, x, n, search.ByLead) {
			strong = append(strong, h.Doc.ID)
		}
		same(t, "query "+typed+" by lead", strong, ids(want))
		ranked := []string{}
		for _, h := range find(t, x, n, search.ByRelevance) {
			ranked = append(ranked, h.Doc.ID)
		}
		all := ids(want)
		slices.Sort(all)
		slices.Sort(ranked)
		same(t, "query "+typed+" by relevance", ranked, all)
		if len(want) > 0 && len(want) < len(docs) {
			found++
		}
	}
	if found < rounds*3/10 {
		t.Errorf("only %d of %d queries told documents apart; the suite needs better queries", found, rounds)
	}
}

// answers are questions whose answer a person can check.
func answers(t *testing.T, open Open) {
	x := fresh(t, open)
	var changes []search.Change
	for i, a := range []ad.Ad{
		{Listing: ad.Listing{NativeID: "0", Title: "Garden roses", Body: "Fresh today. Call 912-555-0123", Location: "Port Wren"}},
		{Listing: ad.Listing{NativeID: "1", Title: "Piano lessons", Body: "roses, garden; nothing else"},
			Phones: []ad.Phone{{E164: "+19125550123", Span: ad.Span{Field: "body", Start: 0, End: 5}}}},
		{Listing: ad.Listing{NativeID: "2", Title: "RÓSES", Body: strings.Repeat("piano ", 3000) + "last", Category: "garden"}},
		{Listing: ad.Listing{NativeID: "3", Title: `say "hi" * ^ : { } ¦ NEAR(a b) OR`, Body: "", Contacts: []ad.Contact{{Kind: "link", Value: "tulips one"}, {Kind: "link", Value: "two tulips"}}},
			Indicators: []ad.Indicator{{Category: "restricted", Sub: "no_phone", Span: ad.Span{Field: "title", Start: 0, End: 3}, Strength: ad.Strong},
				{Category: "ethnicity", Sub: "marketing", Strength: ad.Excluded}},
			Lead: &ad.Lead{Score: .6}, Side: &ad.Side{Side: ad.SideSupply}, Language: &ad.Language{Tag: "en", Other: "es"}},
	} {
		a.Site = "town"
		changes = append(changes, search.Change{Seq: uint64(i + 1), Version: see(a, epoch.Add(time.Duration(i)*time.Hour))})
	}
	apply(t, x, 10, changes)
	for _, c := range []struct{ name, query, want string }{
		{"a word in any field", "garden", "0 1 2"},
		{"words fold", "roses", "0 1 2"},
		{"a phrase", `"garden roses"`, "0"},
		{"a phrase over punctuation", `"roses garden"`, "1"},
		{"a phrase never crosses a field", `"roses fresh"`, ""},
		{"a phrase never crosses a contact", `"one two"`, ""},
		{"a number as text or value", "(912) 555 0123", "0 1"},
		{"a number as value", "phone:9125550123", "1"},
		{"a number with an unknown digit", "phone:912-555-01?3", "1"},
		{"a number with three unknown digits", "lessons 912-555-0x??", "1"},
		{"another number with an unknown digit", "912-555-01?4", ""},
		{"the end of a number, as text or value", "*550123", "1"},
		{"the end of a number as value, its last group as text", "*0123", "0 1"},
		{"the end of a number as value", "phone:*0123", "1"},
		{"another end", "phone:*1123", ""},
		{"the beginning of a number", "phone:912555*", "1"},
		{"the beginning and the end", "phone:912*0123", "1"},
		{"a word far down", "last", "2"},
		{"a kind of language found", "indicator:restricted", "3"},
		{"a part of a kind", "ind:restricted/no_phone", "3"},
		{"another part", "ind:restricted/no_leaving", ""},
		{"words of a kind are no text", `"restricted" OR "no phone" OR supply OR lead`, ""},
		{"leads", "lead:yes", "3"},
		{"no leads", "lead:no", "0 1 2"},
		{"a side", "side:supply", "3"},
		{"on no side", "-side:supply -side:demand -side:other", "0 1 2"},
		{"a language, or a part in it", "lang:es OR lang:fr", "3"},
		{"operators in an ad are words", `"near a b or"`, "3"},
		{"operators of the engine in a query are words", `"say hi" text:near`, "3"},
		{"a column of the engine is no field", `"title"`, ""},
		{"left out", "garden -piano", "0"},
		{"only left out", "-garden", "3"},
		{"everything", "roses OR -roses", "0 1 2 3"},
		{"nothing", "roses -roses", ""},
		{"part of a word", "rose", ""},
		{"a very long phrase", `"` + strings.Repeat("piano ", 600) + `"`, "2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, h := range find(t, x, parse(t, c.query), search.ByRelevance) {
				got = append(got, h.Doc.Ad.NativeID)
			}
			slices.Sort(got)
			if g := strings.Join(got, " "); g != c.want {
				t.Errorf("%.60s finds %q, want %q", c.query, g, c.want)
			}
		})
	}
	for _, c := range []struct {
		name  string
		query query.Node
		want  int
	}{
		{"an empty list that must hold", query.And{}, 4},
		{"an empty list of which one must hold", query.Or{}, 0},
		{"lists of one", query.And{Of: []query.Node{query.Or{Of: []query.Node{query.Word{Text: "garden"}}}}}, 3},
		{"a word without a letter", query.Or{Of: []query.Node{query.Word{Text: "!"}, query.Word{Text: "lessons"}}}, 1},
		{"a word without a letter, left out", query.And{Of: []query.Node{query.Not{Of: query.Phrase{Text: "!"}}, query.Word{Text: "lessons"}}}, 1},
		{"left out twice", query.Not{Of: query.Not{Of: query.Word{Text: "garden"}}}, 3},
		{"what never weighs", query.Field{Name: "indicator", Values: []string{"ethnicity"}}, 0},
		{"an unknown field", query.Field{Name: "colour", Values: []string{"red"}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			hits := find(t, x, c.query, "")
			same(t, "matches", len(hits), c.want)
			for _, d := range dump(t, x) {
				found := slices.ContainsFunc(hits, func(h search.Hit) bool { return h.Doc.ID == d.ID })
				same(t, "the referee on ad "+d.Ad.NativeID, query.Match(c.query, &d), found)
			}
		})
	}
	t.Run("a word in the title ranks above one in the body", func(t *testing.T) {
		hits := find(t, x, parse(t, `"roses" -title:piano OR lessons`), search.ByRelevance)
		if len(hits) != 3 {
			t.Fatalf("got %d matches, want 3", len(hits))
		}
		top := find(t, x, parse(t, "garden roses"), search.ByRelevance)
		if got := top[0].Doc.Ad.NativeID; got == "1" {
			t.Errorf("got the ad with both words in its body first, want one with a word in its title")
		}
	})
}

func pages(t *testing.T, open Open) {
	x := fresh(t, open)
	changes := newMaker(2).history(120)
	apply(t, x, 1000, changes)
	total := len(documents(changes))
	for _, sort := range []search.Sort{"", search.ByRelevance, search.ByNewest, search.ByLead} {
		for _, q := range []string{"-zebra", "garden OR -garden", "garden OR roses OR tulips OR fresh"} {
			n := parse(t, q)
			seen := map[string]bool{}
			var last ad.Document
			for offset := 0; ; offset += 7 {
				res, err := x.Search(t.Context(), n, search.Page{Offset: offset, Size: 7, Sort: sort})
				if err != nil {
					t.Fatal(err)
				}
				for i, h := range res.Hits {
					if sort == search.ByLead && offset+i > 0 && strongest(last, h.Doc) > 0 {
						t.Fatalf("%s: match %d is the stronger lead than the one before", q, offset+i)
					}
					if seen[h.Doc.ID] {
						t.Fatalf("%s, %s: a match is on two pages", q, sort)
					}
					seen[h.Doc.ID] = true
					if sort == search.ByNewest && offset+i > 0 && newest(last, h.Doc) > 0 {
						t.Fatalf("%s: match %d is newer than the one before", q, offset+i)
					}
					last = h.Doc
				}
				if len(res.Hits) < 7 {
					if len(seen) != res.Total || q == "-zebra" && res.Total != total {
						t.Fatalf("%s, %s: %d matches on all pages, %d counted", q, sort, len(seen), res.Total)
					}
					break
				}
			}
		}
	}
}

func wholeBatches(t *testing.T, open Open) {
	x := fresh(t, open)
	m := newMaker(3)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		defer stop()
		for i := range 40 {
			a, b := m.listing(2*i), m.listing(2*i+1)
			a.Title, b.Title = "pair", "pair"
			at := epoch.Add(time.Duration(i) * time.Hour)
			if err := x.Apply(context.WithoutCancel(ctx), "ads", uint64(i+1), []search.Change{{Seq: uint64(i + 1), Version: see(a, at)}, {Seq: uint64(i + 1), Version: see(b, at)}}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	n := parse(t, "pair")
	for ctx.Err() == nil {
		res, err := x.Search(t.Context(), n, search.Page{Size: 100})
		if err != nil {
			t.Fatal(err)
		}
		if res.Total%2 != 0 || len(res.Hits) != min(res.Total, 100) {
			t.Fatalf("got %d matches and %d on the page, want whole pairs", res.Total, len(res.Hits))
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, open Open) {
	x := fresh(t, open)
	apply(t, x, 10, newMaker(4).history(3))
	n := parse(t, "9125550123")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"a page before the first": second(x.Search(t.Context(), n, search.Page{Offset: -1, Size: 1})),
		"a page too large":        second(x.Search(t.Context(), n, search.Page{Size: search.MaxPage + 1})),
		"an unknown order":        second(x.Search(t.Context(), n, search.Page{Size: 1, Sort: "9125550123"})),
		"no query":                second(x.Search(t.Context(), nil, search.Page{Size: 1})),
		"a question given up":     second(x.Search(cancelled, n, search.Page{Size: 1})),
		"a change given up":       x.Apply(cancelled, "ads", 9, newMaker(5).history(1)),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		} else if strings.Contains(err.Error(), "5550123") {
			t.Errorf("%s: the error holds what was asked", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func empty(t *testing.T, open Open) {
	x := fresh(t, open)
	same(t, "documents", len(dump(t, x)), 0)
	same(t, "matches", len(find(t, x, parse(t, "roses"), "")), 0)
	s, err := x.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Bytes = 0
	same(t, "stats", s, search.Stats{Positions: map[string]uint64{}})
}
