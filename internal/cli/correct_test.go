package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/access"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/casework"
)

// What a person sees of corrections, one command after the other.
func TestCorrect(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "anna", access.ScopeRead, access.ScopeCorrect)
	id := town.Ads[0].AdID
	var b strings.Builder
	say := func(args ...string) {
		b.WriteString("$ vigil " + strings.Join(args, " ") + "\n")
		out, errs, _ := sh.run("", args...)
		b.WriteString(out + errs + "\n")
	}
	say("corrections")
	say("correct", id, "--not", "nine one two 555 0123", "--reason", "it is a price list")
	say("correct", id, "--text", "first lesson", "--reads", "(912) 555-0188")
	say("ad", id)
	say("search", "--sort", "newest", "912-555-0123")
	say("corrections")
	var first casework.Correction
	if err := json.Unmarshal([]byte(strings.SplitN(sh.must("", "corrections", "--json"), "\n", 2)[0]), &first); err != nil {
		t.Fatal(err)
	}
	say("corrections", "withdraw", first.ID, "--reason", "looked again")
	say("corrections", "--all", "--ad", id)
	say("correct", id, "--text", "not in it", "--reads", "912-555-0188")
	say("correct", id, "--text", "first lesson", "--reads", "912-555-0199")
	say("correct", id, "--text", "first lesson", "--reads", "12")
	say("correct", id, "--text", "Piano")
	say("correct", id, "--not", "912-555-0177")
	say("correct", id)
	say("correct", "912-555-0123", "--text", "x")
	say("corrections", "withdraw", id)
	sh.env["VIGIL_TOKEN"] = town.Secret(t, "rita", access.ScopeRead, access.ScopeCorrect)
	say("correct", id, "--not", "912-555-0123")
	say("corrections", "withdraw", first.ID)
	got := b.String()
	name := filepath.Join("testdata", "correct.txt")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
	for l := range strings.Lines(got) {
		if n := len([]rune(strings.TrimSuffix(l, "\n"))); n > 80 && !strings.HasPrefix(l, "$") && !strings.HasPrefix(l, "vigil:") && !strings.HasPrefix(l, "analysts") {
			t.Errorf("a line of %d characters: %s", n, l)
		}
	}
	for _, r := range town.Requests() {
		if strings.Contains(r.URL.String(), "555") {
			t.Errorf("a number stands in the address %s", r.URL)
		}
	}
}
