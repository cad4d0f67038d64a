package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
)

func TestPlain(t *testing.T) {
	phone := ad.Value{Kind: "phone", Value: "+19125550123"}
	drama := ad.Value{Kind: "phone", Value: "+441632960123"}
	handle := ad.Value{Kind: "handle", Value: "townchat:maple"}
	for _, c := range []struct {
		v    ad.Value
		text string
		want bool
	}{
		{phone, "(912) 555-0123", true},
		{phone, "+1 912.555.0123", true},
		{phone, "912\u20115550123", true},
		{phone, "nine one two 555 0123", false},
		{phone, "9 1 2 5 5 5 0 1 2 3", false},
		{phone, "912-555-O123", false},
		{drama, "01632 960123", true},
		{handle, "@Maple", true},
		{handle, "m a p l e", false},
		{ad.Value{Kind: "email", Value: "desk@maple.example"}, "Desk@maple.example", true},
		{ad.Value{Kind: "email", Value: "desk@maple.example"}, "desk at maple dot example", false},
	} {
		if got := plain(c.v, c.text); got != c.want {
			t.Errorf("plain(%s, %q) = %v", c.v.Value, c.text, got)
		}
	}
}

func TestAListShowsHowAnAdWritesANumber(t *testing.T) {
	a := ad.Ad{
		Phones:      []ad.Phone{{E164: "+19125550123", Text: "nine one two 555 01 23", Confidence: .9}, {E164: "+19125550124", Text: "912-555-0124", Confidence: .9}},
		Identifiers: []ad.Identifier{{Kind: "email", Value: "desk@maple.example", Text: "desk at maple dot example", Confidence: .9}},
	}
	want := "912-555-0123 (written “nine one two 555 01 23”), 912-555-0124, desk@maple.example (written “desk at maple dot example”)"
	if diff := cmp.Diff(shown(&a), want); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
}

func TestInstead(t *testing.T) {
	for q, want := range map[string]string{
		"piano 912-555-0123":           "The number alone: vigil search 912-555-0123",
		"phone:912-555-0123 seen:2026": "The number alone: vigil search 912-555-0123",
		"912 555 0123":                 "To be told when it appears: vigil watch add 912-555-0123",
		"555 0123":                     "Search for the whole number: it is found however an ad writes it.",
		"upright piano":                "All of it must be in one ad: ask for less, or put OR between words.",
		"piano":                        "Try another word for it, or several with OR: vigil search 'piano OR organ'",
	} {
		if got := instead(q); got != want {
			t.Errorf("%s: %q, want %q", q, got, want)
		}
	}
}

func TestPartial(t *testing.T) {
	for q, want := range map[string]int{
		"5550123": 7, "555-0123": 7, "0123": 4, "912 555": 6, "123": 0, "912-555-0123": 0, "555 piano": 0, "": 0, "seen:2026": 0,
	} {
		if got := partial(q); got != want {
			t.Errorf("%q: %d, want %d", q, got, want)
		}
	}
}

func TestTold(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "x.html")
	_, missing := os.Stat(gone)
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a file that is not there":         {fmt.Errorf("import: %w", missing), "import: read " + gone + ": it is not there"},
		"and was named already":            {fmt.Errorf("read %s: %w", gone, missing), "read " + gone + ": it is not there"},
		"a file that others may read only": {&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, "open x: permission denied"},
	} {
		if got := told(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhereAPasswordIsChosen(t *testing.T) {
	c := &Context{Flags: &Globals{Server: "http://127.0.0.1:8420/"}, Env: func(k string) string {
		return map[string]string{"VIGIL_CREDENTIALS": filepath.Join(t.TempDir(), "none.json")}[k]
	}}
	p := &api.Problem{Type: "https://vigil.example/problem/must-change", Status: 403, Detail: "make token: choose a password of your own first"}
	f := judged(c.placed(fmt.Errorf("sign in: %w", p)))
	if f.code != codeDenied || !strings.Contains(f.next, " http://127.0.0.1:8420/ ") {
		t.Errorf("code %d, next step %q", f.code, f.next)
	}
}

func TestReasonsStandBelowTheValueThatIsShared(t *testing.T) {
	doc := func(id, title string) ad.Document {
		return ad.Document{Ad: ad.Ad{Listing: ad.Listing{AdID: strings.Repeat(id, 32), Title: title}}}
	}
	edge := func(a, b, reason string) ad.Edge {
		return ad.Edge{A: strings.Repeat(a, 32), B: strings.Repeat(b, 32), Reason: reason}
	}
	number, mail := "both give 912-555-0123, which 4 of 9 ads give", "both give desk@maple.example, which 2 of 9 ads give"
	v := api.Cluster{
		Edges: []ad.Edge{edge("a", "b", number), edge("b", "c", mail), edge("b", "d", number), edge("d", "e", number)},
	}
	v.Members = []ad.Document{doc("a", "Upright piano"), doc("b", "Piano lessons"), doc("c", "Cello"), doc("d", "Piano lessons")}
	var b strings.Builder
	printReasons(&Context{Stdout: &b}, v, 20)
	want := `  both give 912-555-0123, which 4 of 9 ads give:
    “Upright piano” and “Piano lessons” (ad bbbbbbbb…)
    “Piano lessons” (ad bbbbbbbb…) and “Piano lessons” (ad dddddddd…)
    “Piano lessons” (ad dddddddd…) and ad eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
  both give desk@maple.example, which 2 of 9 ads give:
    “Piano lessons” (ad bbbbbbbb…) and “Cello”
`
	if diff := cmp.Diff(b.String(), want); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
}

func TestTheInboxShowsHowAnAdWritesTheNumber(t *testing.T) {
	number := ad.Value{Kind: "phone", Value: "+19125550123"}
	at := time.Date(2026, 1, 4, 12, 30, 0, 0, time.UTC)
	var b strings.Builder
	printInbox(&Context{Stdout: &b}, api.Inbox{Total: 2, Alerts: []ad.Alert{
		{AdID: "a", Value: number, Written: "nine one two 555 0123", Title: "Piano", Site: "townboard", RaisedAt: at},
		{AdID: "b", Value: number, Written: "912.555.0123", Title: "Cello", Site: "townboard", RaisedAt: at, Read: true},
	}})
	want := `2 alerts, 0 unread.

     RAISED (UTC)      VALUE         SITE       TITLE
new  2026-01-04 12:30  912-555-0123  townboard  Piano
  written “nine one two 555 0123”
  ad a
     2026-01-04 12:30  912-555-0123  townboard  Cello
  ad b
`
	if diff := cmp.Diff(b.String(), want); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
}
