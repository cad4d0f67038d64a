package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/access"
	"vigil.example/internal/api/apitest"
)

// What a person sees of labels, one command after the other.
func TestLabel(t *testing.T) {
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
	say("labels")
	say("label", id, "Spam", "operation-7", "--reason", "one text in forty cities")
	say("ad", id)
	say("search", "--sort", "newest", "label:spam")
	say("labels")
	say("label", id, "spam", "--remove")
	say("label", id, "spam", "--remove")
	say("search", "label:spam")
	say("label", id, "912-555-0123")
	say("label", id, "telegram-rosie-92")
	say("label", id, "spam?")
	say("label", id)
	say("label", "912-555-0123", "spam")
	sh.env["VIGIL_TOKEN"] = town.Secret(t, "rita", access.ScopeRead, access.ScopeCorrect)
	say("label", id, "spam")
	got := b.String()
	name := filepath.Join("testdata", "label.txt")
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
		t.Errorf("labels (-got +want):\n%s", diff)
	}
	if strings.Contains(got, "912-555-0177") {
		t.Error("it shows what was not asked for")
	}
}
