package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"a colour and a bell":       {"\x1b[31mred\x07", "[31mred"},
		"lines and tabs":            {"a\n\tb", "a b"},
		"writing turned round":      {"a\u202eb\u200bc", "abc"},
		"an 8-bit control sequence": {"a\u009b2Jb", "a2Jb"},
		"other scripts stay":        {"пианино 钢琴 é", "пианино 钢琴 é"},
	} {
		if got := clean(c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestWrapped(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		n    int
		want []string
	}{
		"at spaces":            {"one two three", 8, []string{"one two", "three"}},
		"a word over the line": {"abcdefghij k", 4, []string{"abcd", "efgh", "ij k"}},
		"its own lines":        {"a\n\nb", 8, []string{"a", "", "b"}},
		"wide characters":      {"钢琴钢琴", 5, []string{"钢琴", "钢琴"}},
		"nothing":              {"", 8, nil},
	} {
		if diff := cmp.Diff(wrapped(c.in, c.n), c.want); diff != "" {
			t.Errorf("%s: got and want:\n%s", name, diff)
		}
	}
}

func TestTable(t *testing.T) {
	tab := table{heads: []string{"N", "TITLE", "SITE"}, right: []bool{true}, flex: 1}
	tab.row("7", strings.Repeat("long ", 30), "here")
	tab.row("12", "钢琴", "there")
	tab.note("below")
	var b strings.Builder
	tab.print(&b)
	want := " N  TITLE                                                                  SITE\n" +
		" 7  " + strings.Repeat("long ", 13) + "lon…  here\n" +
		"12  钢琴" + strings.Repeat(" ", 65) + "  there\n  below\n"
	if diff := cmp.Diff(b.String(), want); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
}
