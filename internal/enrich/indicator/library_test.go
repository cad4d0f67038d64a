package indicator

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func library(t testing.TB) *Library {
	t.Helper()
	l, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// blind is the texts of the first set of documents by others.
func blind(t testing.TB) (texts []string) {
	t.Helper()
	f, err := os.Open("testdata/blind/1.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewScanner(f)
	for in.Scan() {
		var d struct{ Text string }
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, d.Text)
	}
	if len(texts) < 500 || in.Err() != nil {
		t.Fatalf("%d texts: %v", len(texts), in.Err())
	}
	return texts
}

// marked cuts the brackets out of the text of a case and returns the span between
// them in code points.
func marked(t testing.TB, s string) (text string, from, to int) {
	t.Helper()
	a, rest, ok := strings.Cut(s, "[[")
	b, c, ok2 := strings.Cut(rest, "]]")
	if !ok || !ok2 {
		t.Fatalf("case %q marks no span", s)
	}
	return a + b + c, len([]rune(a)), len([]rune(a + b))
}

func TestCasesOfRules(t *testing.T) {
	l := library(t)
	for _, r := range l.Rules {
		category, sub, _ := strings.Cut(r.Kind, "/")
		t.Run(r.ID, func(t *testing.T) {
			for _, c := range r.Cases.Fire {
				text, from, to := marked(t, c)
				found := false
				got := l.Read(text, Options{All: true})
				for _, i := range got.Indicators {
					both := min(to, i.Span.End) - max(from, i.Span.Start)
					either := max(to, i.Span.End) - min(from, i.Span.Start)
					found = found || i.Category == category && (i.Sub == sub || sub == "stated_minor_age") && 2*both >= either
				}
				if !found {
					t.Errorf("%q: got %v in %v, want %s in %d:%d", text, got.Indicators, got.Contexts(), r.Kind, from, to)
				}
			}
			for _, c := range r.Cases.Quiet {
				for _, i := range l.Read(c, Options{All: true}).Indicators {
					if i.Category == category {
						t.Errorf("%q: got %q by %s, want nothing of %s", c, i.Text, i.Rule, category)
					}
				}
			}
		})
	}
}
