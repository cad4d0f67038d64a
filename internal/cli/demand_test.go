package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/desk"
)

func TestDemand(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "anna", access.ScopeRead)
	out := sh.must("", "demand", "--metro", "Savannah, GA", "--weeks", "2")
	for _, want := range []string{"Demand and supply in Savannah, GA", "missing", "<5", "95%", "week not over", "12 buyer posts in 1 week", "Posts are counted, not people"} {
		if !strings.Contains(out, want) {
			t.Errorf("the answer does not say %q:\n%s", want, out)
		}
	}
	if m := verdicts.FindString(out); m != "" {
		t.Errorf("it says %q", m)
	}
	for l := range strings.Lines(out) {
		if len([]rune(strings.TrimRight(l, "\n"))) > 80 {
			t.Errorf("wider than 80 columns: %q", l)
		}
	}
	var d desk.Demand
	if err := json.Unmarshal([]byte(sh.must("", "demand", "--metro", "42340", "--weeks", "1", "--json")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Weeks) != 1 || d.Weeks[0].Demand.N == nil || *d.Weeks[0].Demand.N != 12 || d.Weeks[0].Supply.N != nil || !d.Weeks[0].Supply.Withheld {
		t.Errorf("got %+v, want 12 buyer posts and supply ads withheld", d.Weeks)
	}
	rows, err := csv.NewReader(strings.NewReader(sh.must("", "demand", "--csv", "--weeks", "3", "--metro", "42340"))).ReadAll()
	if err != nil || len(rows) != 4 || rows[3][5] != "12" || rows[3][7] != "" || rows[1][4] != "missing" || rows[1][5] != "" {
		t.Errorf("rows %q, %v", rows, err)
	}
	for _, tc := range []struct {
		args []string
		says string
		code int
	}{
		{[]string{"demand", "--metro", "Springfield"}, "Springfield, IL", 2},
		{[]string{"demand", "--metro", "Atlantis"}, "none is known by this name", 2},
		{[]string{"demand", "--from", "2026-W60"}, "a week is written as", 2},
		{[]string{"demand", "--csv", "--json"}, "both forms", 2},
	} {
		if _, errs, code := sh.run("", tc.args...); code != tc.code || !strings.Contains(errs, tc.says) {
			t.Errorf("vigil %s: exit code %d, %s", strings.Join(tc.args, " "), code, errs)
		}
	}
	sh.env["VIGIL_TOKEN"] = town.Secret(t, "anna", access.ScopeWatch)
	if _, _, code := sh.run("", "demand"); code != 3 {
		t.Errorf("without the scope to read: exit code %d, want 3", code)
	}
}
