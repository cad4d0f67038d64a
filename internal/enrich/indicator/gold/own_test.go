package gold

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"vigil.example/internal/enrich/indicator"
)

// TestOwn reads what the writers of the rules wrote to try them: every kind in
// the words of many voices, and look-alikes. A rule that is mended for one voice
// must not lose another.
func TestOwn(t *testing.T) {
	l, err := indicator.Default()
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.Open("../testdata/own.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	s := NewScore(false)
	in := bufio.NewScanner(src)
	for in.Scan() {
		var d Document
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		r := l.Read(d.Text, indicator.Options{})
		s.Add(d, r.Indicators, l.Probs(r.Indicators))
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", sheet(s))
	if flagged := s.Flagged["look-alike"]; Macro(s.Category) < .92 || flagged > 13 {
		t.Errorf("macro-F1 %.3f, %d of %d look-alikes marked: less than was reached before", Macro(s.Category), flagged, s.Ordinary["look-alike"])
	}
}
