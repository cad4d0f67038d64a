package api

import (
	"os"
	"strings"
	"testing"
)

// docs/api.md names every route, and no others.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for l := range strings.Lines(string(b)) {
		if cells := strings.Split(l, "|"); strings.HasPrefix(l, "|") && len(cells) > 3 && strings.Contains(cells[1], "`") {
			told[strings.Trim(cells[1], " `")] = true
		}
	}
	for _, rt := range (&server{}).routes() {
		name := rt.method + " " + rt.path
		if !told[name] {
			t.Errorf("docs/api.md does not name %s", name)
		}
		delete(told, name)
	}
	for name := range told {
		t.Errorf("docs/api.md names %s, which is not there", name)
	}
}
