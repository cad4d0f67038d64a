package contact

import (
	"os"
	"strings"
	"testing"
)

func cases(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

func said(s string) string {
	var out []string
	for _, id := range Read(s) {
		out = append(out, id.Kind+" "+id.Value)
	}
	return strings.Join(out, "; ")
}

// TestQuality reads the labelled texts: testdata/some.txt with what is in each,
// and testdata/none.txt in which there is nothing.
func TestQuality(t *testing.T) {
	for _, line := range cases(t, "testdata/some.txt") {
		if strings.HasPrefix(line, "# ") {
			continue
		}
		in, want, ok := strings.Cut(line, " | ")
		if !ok {
			t.Fatalf("line %q says not what is in it", line)
		}
		if got := said(in); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
	for _, line := range cases(t, "testdata/none.txt") {
		if got := said(line); got != "" {
			t.Errorf("%s\n got %s\nwant nothing", line, got)
		}
	}
}
