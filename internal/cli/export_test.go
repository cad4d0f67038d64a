package cli_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api/apitest"
)

// part is the one file in the folder that an export was cut off in.
func (s *shell) part() string {
	s.t.Helper()
	all, err := filepath.Glob(s.path("*.part"))
	if err != nil || len(all) > 1 {
		s.t.Fatalf("%v, %v", all, err)
	}
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// An export that was cut off anywhere goes on to the same file.
func TestExportGoesOn(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "anna", access.Scopes()...)
	who, err := town.Client(t, "anna", access.ScopeRead).Session(t.Context())
	if err != nil || who.User != "anna" || who.Role != access.Analyst || len(who.Scopes) != 1 || len(who.Purpose.ID) != 32 {
		t.Fatalf("%+v, %v", who, err)
	}
	part := func(out, format string) string { return partName(out, format, who.Purpose.ID) }
	for _, f := range []string{"csv", "jsonl"} {
		out := sh.must("", "export", "piano", "-o", sh.path("whole."+f))
		whole, err := os.ReadFile(sh.path("whole." + f))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(whole)
		if !strings.Contains(out, "3 ads") || !strings.Contains(out, hex.EncodeToString(sum[:])) || sh.part() != "" {
			t.Errorf("%s: %s", f, out)
		}
		if i, err := os.Stat(sh.path("whole." + f)); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, i.Mode(), err)
		}
		name := sh.path("again." + f)
		for at := 0; at <= len(whole); at += max(1, len(whole)/17) {
			sh.must("", "export", "piano", "-o", name)
			if err := os.Rename(name, part(name, f)); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(sh.part(), int64(at)); err != nil {
				t.Fatal(err)
			}
			sh.must("", "export", "piano", "-o", name, "--resume")
			got, err := os.ReadFile(name)
			if err != nil || !bytes.Equal(got, whole) {
				t.Fatalf("%s cut at %d goes on to another file: %v\n%s", f, at, err, got)
			}
			if err := os.Remove(name); err != nil || sh.part() != "" {
				t.Fatal(err, sh.part())
			}
		}
		// Begun for another purpose, it has other stand-ins.
		if err := os.WriteFile(partName(name, f, strings.Repeat("0", 32)), whole[:len(whole)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, errs, code := sh.run("", "export", "piano", "-o", name, "--resume"); code != 2 || !strings.Contains(errs, "for another purpose") || !strings.Contains(errs, sh.part()) {
			t.Errorf("what was begun for another purpose goes on: %d %s", code, errs)
		}
		if err := os.Remove(sh.part()); err != nil {
			t.Fatal(err)
		}
		if _, errs, code := sh.run("", "export", "violin", "-o", name, "--resume"); code != 4 || !strings.Contains(errs, "leave --resume out") {
			t.Errorf("another query goes on: %d %s", code, errs)
		}
	}
	if _, errs, code := sh.run("", "export", "piano", "-o", sh.path("whole.csv")); code != 2 || !strings.Contains(errs, "is there already") {
		t.Errorf("over a file: %d %s", code, errs)
	}
	if _, errs, code := sh.run("", "export", "piano", "-o", sh.path("a.pdf")); code != 2 || !strings.Contains(errs, "csv, jsonl or xlsx") {
		t.Errorf("as pdf: %d %s", code, errs)
	}
	if _, errs, code := sh.run("", "export", "piano", "-o", sh.path("a.xlsx"), "--resume"); code != 2 {
		t.Errorf("an archive goes on: %d %s", code, errs)
	}
	if _, errs, code := sh.run("", "export", "(piano", "-o", sh.path("a.csv")); code != 2 || sh.part() != "" {
		t.Errorf("a query that cannot be read: %d %s", code, errs)
	}
	sh.must("", "export", "piano", "-o", sh.path("a.xlsx"))
	if out := sh.must("", "export", "piano", "-o", sh.path("full.csv"), "--full", "--authority", "order  12"); !strings.Contains(out, "It is full") {
		t.Errorf("a full file: %s", out)
	}
	if b, err := os.ReadFile(sh.path("full.csv")); err != nil || !bytes.Contains(b, []byte(`"full","authority","order 12"`)) {
		t.Errorf("a full file: %v\n%s", err, b)
	}
	for _, flags := range [][]string{{"--full"}, {"--authority", "order 12"}} {
		if _, errs, code := sh.run("", append([]string{"export", "piano", "-o", sh.path("c.csv")}, flags...)...); code != 2 || !strings.Contains(errs, "both, or neither") {
			t.Errorf("%v: %d %s", flags, code, errs)
		}
	}
	sh.env["VIGIL_TOKEN"] = town.Secret(t, "rita", access.Scopes()...)
	if _, errs, code := sh.run("", "export", "piano", "-o", sh.path("b.csv")); code != 3 || sh.part() != "" {
		t.Errorf("a reader: %d %s", code, errs)
	}
}

// partName is what an unfinished export is called.
func partName(out, format, purpose string) string {
	sum := sha256.Sum256([]byte(format + "\npiano\nredacted\n"))
	return out + "." + hex.EncodeToString(sum[:4]) + "-" + purpose[:8] + ".part"
}
