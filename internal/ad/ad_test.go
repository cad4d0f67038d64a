package ad

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestIdsTellThingsApart(t *testing.T) {
	at := time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)
	ids := map[string]string{
		"capture":                      CaptureID("http://a.example/1", at, "aa"),
		"a second later":               CaptureID("http://a.example/1", at.Add(time.Second), "aa"),
		"another record":               CaptureID("http://a.example/1", at, "ab"),
		"ad by native id":              ID("site", "7", "http://a.example/1"),
		"ad by URL":                    ID("site", "", "http://a.example/1"),
		"native id that is a URL":      ID("site", "http://a.example/1", ""),
		"parts that join to the same":  VersionID("ab", "c", "d"),
		"parts that join to the same'": VersionID("a", "bc", "d"),
		"document":                     DocumentID("ab", "cd"),
		"alert":                        AlertID("ab", "c", Value{"phone", "d"}),
	}
	seen := map[string]string{}
	for name, id := range ids {
		if other, ok := seen[id]; ok {
			t.Errorf("%s and %s have the id %s", name, other, id)
		}
		seen[id] = name
		if len(id) != 32 {
			t.Errorf("%s: id %s has %d digits, want 32", name, id, len(id))
		}
	}
	if ID("site", "7", "http://a.example/1") != ID("site", "7", "http://a.example/2") {
		t.Error("the address changes the id of an ad that has one of the site's own")
	}
	if got := RecordID("x", "response"); len(got) != 47 || got[24] != '8' || !strings.HasPrefix(got, "<urn:uuid:") {
		t.Errorf("record id %s is no version 8 UUID", got)
	}
}

func TestContentIsWhatThePosterControls(t *testing.T) {
	l := Listing{Site: "s", URL: "u", Title: "t", Body: "b", CaptureID: "c", Contacts: []Contact{{"phone", "1"}}}
	same, other := l, l
	same.SeenAt, same.Images, same.CaptureSeq, same.PostedAt = time.Unix(1, 0), []string{"i"}, 9, time.Unix(2, 0)
	other.Contacts = []Contact{{"phone", "2"}}
	if l.Content() != same.Content() {
		t.Error("when it was seen, or a signed image link, changes the content")
	}
	if l.Content() == other.Content() {
		t.Error("another contact is the same content")
	}
	a, b := l, l
	b.CaptureID = "d"
	a.Seal()
	b.Seal()
	if a.AdID != b.AdID || a.ContentSHA256 != b.ContentSHA256 || a.VersionID == b.VersionID {
		t.Errorf("the same content in two captures: %+v and %+v", a, b)
	}
}

func TestValues(t *testing.T) {
	a := Ad{
		Phones:      []Phone{{E164: "+19125550143", Confidence: .9}, {E164: "+19125550144", Confidence: .3}, {E164: "+19125550143", Confidence: .6}},
		Identifiers: []Identifier{{Kind: "email", Value: "a@b.example", Confidence: .9}},
	}
	want := []Value{{"phone", "+19125550143"}, {"email", "a@b.example"}}
	if d := cmp.Diff(a.Values(.5), want); d != "" {
		t.Errorf("(-got +want)\n%s", d)
	}
}

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{"townboard": "townboard", "WWW.Site.Example": "www-site-example", "": "-", "a b/c*>": "a-b-c--", "ü": "-"} {
		if got := Slug(in); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
	if n := len(Slug(strings.Repeat("x", 500))); n != 64 {
		t.Errorf("a long name gives %d bytes, want 64", n)
	}
}

func TestEvidencePairsWordsWithWeights(t *testing.T) {
	say := func(category, rule, text string) Indicator {
		return Indicator{Category: category, Rule: rule, Text: text}
	}
	a := Ad{
		Indicators: []Indicator{say("movement", "m", "in town"), say("demand", "d", "looking for"), say("age", "a", "17"), say("age", "a", "seventeen")},
		Lead:       &Lead{Weights: []Weight{{Category: "movement", Rule: "m", Contrary: true}, {Category: "age", Rule: "a", Weight: .6}, {Category: "age", Rule: "a"}, {Category: "gone", Rule: "x"}}},
	}
	want := []Evidence{{a.Indicators[0], 0, true}, {a.Indicators[2], .6, false}, {a.Indicators[3], 0, false}}
	if diff := cmp.Diff(a.Evidence(), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	a.Lead = nil
	if got := a.Evidence(); got != nil {
		t.Errorf("no lead, got %v", got)
	}
}

func TestValuesOfTheSiteAreWithheld(t *testing.T) {
	own, sites := Value{"phone", "+19125550143"}, Value{"email", "help@board.example"}
	a := Ad{
		Phones:      []Phone{{E164: own.Value, Confidence: .9}},
		Identifiers: []Identifier{{Kind: sites.Kind, Value: sites.Value, Confidence: SiteConfidence, Withheld: .9}},
	}
	if got, want := a.Values(.5), []Value{own}; !slices.Equal(got, want) {
		t.Errorf("values %v, want %v", got, want)
	}
	if got, want := a.ValuesRead(.5), []Value{own, sites}; !slices.Equal(got, want) {
		t.Errorf("values as they were read %v, want %v", got, want)
	}
}
