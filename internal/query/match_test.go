package query_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

// sample is one ad with something in every field that can be asked for.
func sample() *ad.Document {
	return &ad.Document{
		Ad: ad.Ad{
			Listing: ad.Listing{
				URL: "https://town.example/ad?id=7", Site: "Townboard", Title: "Fresh RÓSES today", Category: "garden",
				Body:     "Red roses, wi-fi, call nine12 555 0123 or write. Red tulips.",
				Location: "Port Wren, GA", PostedAt: day(2026, 2, 3),
				Contacts: []ad.Contact{{Kind: "email", Value: "kate@mail.example"}, {Kind: "link", Value: "tulips market"}},
			},
			Phones: []ad.Phone{{E164: "+19125550123", Span: ad.Span{Field: "body", Start: 23, End: 38}, Confidence: .9}},
			Identifiers: []ad.Identifier{
				{Kind: "email", Value: "kate@mail.example", Span: ad.Span{Field: "contact:0", Start: 0, End: 17}},
				{Kind: "handle", Value: "telegram:kate_1", Span: ad.Span{Field: "title", Start: 0, End: 5}},
			},
			Indicators: []ad.Indicator{
				{Category: "restricted", Sub: "no_phone", Span: ad.Span{Field: "body", Start: 11, End: 16}, Strength: ad.Strong},
				{Category: "movement", Sub: "new_in_town", Span: ad.Span{Field: "title", Start: 12, End: 17}, Strength: ad.Weak},
				{Category: "ethnicity", Sub: "marketing", Span: ad.Span{Field: "body", Start: 0, End: 3}, Strength: ad.Excluded},
				{Category: "Own Kind", Sub: "code-7", Span: ad.Span{Field: "body", Start: 45, End: 50}, Strength: ad.Moderate},
			},
			Lead: &ad.Lead{Score: .6}, Side: &ad.Side{Side: ad.SideSupply}, Language: &ad.Language{Tag: "en", Other: "es"},
		},
		Cluster: "c1", FirstSeen: day(2026, 2, 4), LastSeen: day(2026, 3, 1).Add(time.Hour),
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		name, query string
		want        bool
	}{
		{"a word, folded", "roses", true},
		{"a word, folded in the query", "RÓSES", true},
		{"part of a word", "rose", false},
		{"all words, in several fields", "fresh tulips wren", true},
		{"one word missing", "fresh orchids", false},
		{"a phrase", `"red roses"`, true},
		{"a phrase over punctuation", `"roses wi fi"`, true},
		{"a word of two tokens is a phrase", "wi-fi", true},
		{"a phrase in another order", `"roses red"`, false},
		{"a phrase never crosses a field", `"today red"`, false},
		{"a phrase never crosses a contact", `"example tulips"`, false},
		{"a contact is searched", `"tulips market"`, true},
		{"a category is searched", "garden", true},
		{"either", "orchids OR tulips", true},
		{"neither", "orchids OR lilies", false},
		{"left out", "roses -tulips", false},
		{"left out and absent", "roses -orchids", true},
		{"only left out", "-orchids", true},
		{"a number the text hides", "912-555-0123", true},
		{"another number", "912-555-0124", false},
		{"the end of a number the text hides", "*550123", true},
		{"the end as a field", "phone:*0123", true},
		{"another end", "*0124", false},
		{"the beginning of a number", "phone:912555*", true},
		{"another beginning", "phone:912556*", false},
		{"a number with unknown digits between", "phone:912*0123", true},
		{"phone", "phone:9125550123", true},
		{"phone, another", "phone:9125550124", false},
		{"email", "email:KATE@mail.example", true},
		{"email as a word", "kate@mail.example", true},
		{"handle", "handle:kate_1", true},
		{"handle with its platform", "handle:telegram:Kate_1", true},
		{"handle of another platform", "handle:signal:kate_1", false},
		{"handle as a word", "@kate_1", true},
		{"site", "site:townboard", true},
		{"another site", "site:town", false},
		{"title", "title:roses", true},
		{"title, but it is in the body", "title:tulips", false},
		{"place", `city:"port wren"`, true},
		{"place, but it is in the title", "city:roses", false},
		{"cluster", "cluster:c1", true},
		{"another cluster", "cluster:c2", false},
		{"address", "https://TOWN.example/ad?id=7#top", true},
		{"another address", "https://town.example/ad?id=8", false},
		{"seen within", "seen:2026-02..2026-03", true},
		{"seen at the last moment", "seen:2026-03-01", true},
		{"seen before", "seen:..2026-02-03", false},
		{"seen after", "seen:2026-03-02..", false},
		{"seen between", "seen:2026-02-20", true},
		{"a kind of language", "indicator:restricted", true},
		{"a part of a kind", "indicator:restricted/no_phone", true},
		{"a part by itself", "ind:no_phone", true},
		{"another part", "indicator:restricted/no_leaving", false},
		{"a category by its first word", "ind:age", false},
		{"a kind of an agency's own", `indicator:"own kind/code 7"`, true},
		{"a lead", "lead:yes", true},
		{"no lead", "lead:no", false},
		{"no lead, turned round", "-lead:no", true},
		{"a side", "side:supply", true},
		{"a side by another word", "kind:ad", true},
		{"another side", "side:demand", false},
		{"a language", "lang:en", true},
		{"a language that a part is in", "lang:Spanish", true},
		{"another language", "lang:fr", false},
		{"posted", "posted:2026-02-03", true},
		{"posted, not", "posted:2026-02-04", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := query.Parse(c.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := query.Match(n, sample()); got != c.want {
				t.Errorf("Match(%s) = %v, want %v", c.query, got, c.want)
			}
		})
	}
	t.Run("an ad without a date was posted at none", func(t *testing.T) {
		n, err := query.Parse("posted:..2026")
		if err != nil {
			t.Fatal(err)
		}
		if query.Match(n, &ad.Document{}) {
			t.Error("got a match, want none")
		}
	})
	t.Run("what was not read is on no side and in no language, and no lead", func(t *testing.T) {
		for q, want := range map[string]bool{"lead:no": true, "lead:yes": false, "side:other": false, "lang:und": false, "ind:age": false} {
			n, err := query.Parse(q)
			if err != nil {
				t.Fatal(err)
			}
			if got := query.Match(n, &ad.Document{}); got != want {
				t.Errorf("Match(%s) = %v, want %v", q, got, want)
			}
		}
	})
	t.Run("a label is what people say, whatever the words are", func(t *testing.T) {
		none, two := sample(), sample()
		none.Ad.Title = "label spam"
		two.Labels = []string{"scam", "spam"}
		for q, want := range map[string][2]bool{
			"label:spam": {false, true}, "-label:spam": {true, false}, "label:consenting": {}, "label:Spam label:scam": {false, true},
			"has:label": {false, true}, "-has:label": {true, false}, "spam": {true, false},
		} {
			n, err := query.Parse(q)
			if err != nil {
				t.Fatal(err)
			}
			if got := [2]bool{query.Match(n, none), query.Match(n, two)}; got != want {
				t.Errorf("Match(%s) of an ad without labels and one with two = %v, want %v", q, got, want)
			}
		}
	})
	t.Run("nobody is found by ethnicity", func(t *testing.T) {
		if n := (query.Field{Name: "indicator", Values: []string{"ethnicity"}}); query.Match(n, sample()) {
			t.Error("got a match, want none")
		}
	})
}

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		name, query string
		want        []ad.Span
	}{
		{"every place of a word, in order of field", "tulips roses", []ad.Span{
			{Field: "title", Start: 6, End: 11}, {Field: "body", Start: 4, End: 9}, {Field: "body", Start: 53, End: 59}, {Field: "contact:1", Start: 0, End: 6}}},
		{"a number, where it stands in disguise", "9125550123", []ad.Span{{Field: "body", Start: 23, End: 38}}},
		{"the end of a number, where the number stands", "phone:*0123", []ad.Span{{Field: "body", Start: 23, End: 38}}},
		{"an address that is word and value is one span", "kate@mail.example", []ad.Span{{Field: "contact:0", Start: 0, End: 17}}},
		{"language found, where it stands", "indicator:restricted/no_phone", []ad.Span{{Field: "body", Start: 11, End: 16}}},
		{"what makes a lead, but nothing that is excluded", "lead:yes", []ad.Span{
			{Field: "title", Start: 12, End: 17}, {Field: "body", Start: 11, End: 16}, {Field: "body", Start: 45, End: 50}}},
		{"what is no lead has none", "lead:no side:supply lang:en", nil},
		{"a handle", "handle:kate_1", []ad.Span{{Field: "title", Start: 0, End: 5}}},
		{"what is left out has none", "site:townboard -title:roses", nil},
		{"overlapping finds are one", `"red roses" roses`, []ad.Span{{Field: "title", Start: 6, End: 11}, {Field: "body", Start: 0, End: 9}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := query.Parse(c.query)
			if err != nil {
				t.Fatal(err)
			}
			got := query.Spans(n, sample())
			if len(got) == 0 {
				got = nil
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("Spans(%s) (-got +want):\n%s", c.query, diff)
			}
		})
	}
}
