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
		t.Run(r.ID, func(t *testing.T) {
			if err := l.Check(r); err != nil {
				t.Error(err)
			}
		})
	}
}
