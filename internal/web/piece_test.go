package web

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPieces(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		marks []mark
		want  []Piece
	}{
		"nothing":               {"abc", nil, []Piece{{"abc", "", ""}}},
		"empty":                 {"", []mark{{0, 3, "x", ""}}, nil},
		"in the middle":         {"abcdef", []mark{{2, 4, "x", "why"}}, []Piece{{"ab", "", ""}, {"cd", "x", "why"}, {"ef", "", ""}}},
		"overlapping":           {"abcdef", []mark{{1, 4, "x", ""}, {2, 6, "y", ""}}, []Piece{{"a", "", ""}, {"b", "x", ""}, {"cd", "x y", ""}, {"ef", "y", ""}}},
		"one in another":        {"abcdef", []mark{{0, 6, "x", ""}, {2, 3, "x", ""}}, []Piece{{"ab", "x", ""}, {"c", "x", ""}, {"def", "x", ""}}},
		"touching":              {"abcd", []mark{{0, 2, "x", ""}, {2, 4, "y", ""}}, []Piece{{"ab", "x", ""}, {"cd", "y", ""}}},
		"outside and reversed":  {"abc", []mark{{-2, 1, "x", ""}, {2, 99, "y", ""}, {2, 1, "z", ""}, {7, 9, "z", ""}}, []Piece{{"a", "x", ""}, {"b", "", ""}, {"c", "y", ""}}},
		"code points not bytes": {"é花🌸x", []mark{{1, 3, "x", ""}}, []Piece{{"é", "", ""}, {"花🌸", "x", ""}, {"x", "", ""}}},
		"turned":                {"a\u202eb", nil, []Piece{{"a", "", ""}, {"⟨RLO⟩", "hidden", "a hidden character that turns the direction of writing"}, {"b", "", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := pieces(c.text, c.marks, 0, length(c.text))
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestPiecesKeepTheText: whatever the marks, the pieces are the text.
func TestPiecesKeepTheText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		text := strings.Repeat("aé花🌸 ", r.IntN(6))
		var marks []mark
		for range r.IntN(8) {
			marks = append(marks, mark{r.IntN(40) - 5, r.IntN(40) - 5, string(rune('p' + r.IntN(3))), ""})
		}
		from, to := r.IntN(10), r.IntN(40)
		var got strings.Builder
		for _, p := range pieces(text, marks, from, to) {
			got.WriteString(p.Text)
		}
		if want := cut(text, from, to); got.String() != want {
			t.Fatalf("%q %v [%d,%d): got %q, want %q", text, marks, from, to, got.String(), want)
		}
	}
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("word ", 100)
	text := long + "HERE " + long
	var got strings.Builder
	for _, p := range snippet(text, []mark{{500, 504, "hit", ""}}) {
		got.WriteString(p.Text)
	}
	s := got.String()
	if !strings.HasPrefix(s, "… word") || !strings.HasSuffix(s, " …") || !strings.Contains(s, "HERE") || length(s) > snippetLength+8 {
		t.Errorf("got %q", s)
	}
	if got := snippet("short", nil); len(got) != 1 || got[0].Text != "short" {
		t.Errorf("short: %v", got)
	}
}

func TestDiff(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"one word":        {"call me today", "call me tonight", "call me [-today-][+tonight+]"},
		"a phrase":        {"in a few days now", "in one more week now", "in [-a few days-][+one more week+] now"},
		"added":           {"", "new text", "[+new text+]"},
		"taken out":       {"a b c", "a c", "a [-b -]c"},
		"all else":        {"x", "y", "[-x-][+y+]"},
		"turned":          {"a", "a \u202eb", "a[+ +][+⟨RLO⟩+][+b+]"},
		"too long to see": {strings.Repeat("a ", 3000), strings.Repeat("b ", 3000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			for _, p := range diff(c.from, c.to) {
				switch {
				case strings.HasPrefix(p.Class, "gone"):
					got.WriteString("[-" + p.Text + "-]")
				case strings.HasPrefix(p.Class, "new"):
					got.WriteString("[+" + p.Text + "+]")
				default:
					got.WriteString(p.Text)
				}
			}
			if c.want != "" && got.String() != c.want {
				t.Errorf("got  %s\nwant %s", got.String(), c.want)
			}
		})
	}
}

func TestShelf(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	s := newShelf(func() time.Time { return now })
	first := s.putSearch("a", "one")
	if again := s.putSearch("a", "one"); again != first {
		t.Error("the same search has two addresses")
	}
	if _, ok := s.findSearch("b", first); ok {
		t.Error("somebody else finds it")
	}
	for i := range 3 * keptSearches {
		now = now.Add(time.Second)
		s.putSearch("a", strings.Repeat("x", i+1))
	}
	if _, ok := s.findSearch("a", first); ok || len(s.searches["a"]) != keptSearches {
		t.Errorf("%d searches are kept", len(s.searches["a"]))
	}
	last := s.recent("a", 1)
	if len(last) != 1 || length(last[0].Text) != 3*keptSearches {
		t.Error("the newest is not the newest")
	}
	now = now.Add(keptFor)
	if _, ok := s.findSearch("a", last[0].ID); ok || len(s.recent("a", 5)) != 0 {
		t.Error("it does not end")
	}
	if !returnable.MatchString("/s/" + first) {
		t.Errorf("%q is not an address one may come back to", first)
	}
}

func TestWords(t *testing.T) {
	d := func(m time.Month, day int) time.Time { return time.Date(2026, m, day, 9, 0, 0, 0, time.UTC) }
	for got, want := range map[string]string{
		days(d(3, 1), d(3, 1)): "1 Mar 2026", days(d(3, 1), d(3, 9)): "1–9 Mar 2026", days(d(2, 1), d(3, 9)): "1 Feb – 9 Mar 2026",
		days(d(3, 1).AddDate(-1, 0, 0), d(3, 9)): "1 Mar 2025 – 9 Mar 2026",
		count(1, "watch"):                        "1 watch", count(2, "watch"): "2 watches", count(12345, "ad"): "12,345 ads",
		ago(d(3, 2), d(3, 1)): "24 hours ago", ago(d(3, 9), d(3, 1)): "8 days ago", ago(d(3, 1), d(3, 1)): "just now",
		listed([]string{"a", "b", "c"}, 2): "a, b and 1 more", listed([]string{"a"}, 2): "a", listed(nil, 2): "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
