package cli_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/erasure"
)

// why are the reason and authority of everything here.
var why = []string{"--reason", "asked by the person", "--authority", "data protection officer"}

func TestErase(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "adam", access.Scopes()...)
	first, second, third := town.Ads[0].AdID, town.Ads[1].AdID, town.Ads[2].AdID
	order := regexp.MustCompile(`[0-9a-f]{32}`)

	// Nothing is erased before it is confirmed.
	out, errs, code := sh.run("", append([]string{"erase", "--ad", first + "," + second}, why...)...)
	if code != 2 || !strings.Contains(out, "To be erased: 2 ads, seen 2 times, and 2 pages, with lists that link to them.") || !strings.Contains(errs, "nobody is at the terminal") {
		t.Errorf("unconfirmed: code %d\n%s%s", code, out, errs)
	}
	if out := sh.must("", append([]string{"erase", "--dry-run", "--number", "912 555 01 23"}, why...)...); !strings.Contains(out, "2 ads") {
		t.Errorf("dry run:\n%s", out)
	}
	if out := sh.must("", "erase", "list"); out != "Nothing was erased.\n" {
		t.Errorf("before: %s", out)
	}

	// A hold wins.
	held := sh.must("", append([]string{"hold", "add", "--ad", first}, why...)...)
	id := order.FindString(held[strings.Index(held, "release"):])
	out, errs, code = sh.run("", append([]string{"erase", "--yes", "--ad", first}, why...)...)
	if code != 1 || !strings.Contains(errs, "a litigation hold keeps it: hold "+id) {
		t.Errorf("held: code %d\n%s%s", code, out, errs)
	}
	out = sh.must("", append([]string{"erase", "--yes", "--number", "(912) 555-0123"}, why...)...)
	if !strings.Contains(out, "Erased: 1 ad, ") || !strings.Contains(out, "Kept by a litigation hold: 1 ad.") || !strings.Contains(out, "by adam") {
		t.Errorf("erased beside a hold:\n%s", out)
	}
	if _, errs, code := sh.run("", "ad", second); code != 4 {
		t.Errorf("the erased ad: code %d %s", code, errs)
	}
	sh.must("", "ad", first)
	if out := sh.must("", "hold", "list"); !strings.Contains(out, "ad "+first) || !strings.Contains(out, id) {
		t.Errorf("holds:\n%s", out)
	}
	sh.must("", append([]string{"hold", "release", id}, why...)...)
	if out := sh.must("", "hold", "list"); out != "Nothing is held.\n" {
		t.Errorf("holds after the release:\n%s", out)
	}
	if out := sh.must("", "hold", "list", "--all"); !strings.Contains(out, "released 2026-01-04 12:00 UTC by adam: asked by the person") {
		t.Errorf("all holds:\n%s", out)
	}
	cluster := sh.must("", append([]string{"hold", "add", "--cluster", town.Cluster}, why...)...)
	if !strings.Contains(cluster, "cluster "+town.Cluster+", 1 ad now") {
		t.Errorf("cluster held: %s", cluster)
	}

	// As JSON the order is all that is printed.
	var x erasure.Entry
	if err := json.Unmarshal([]byte(sh.must("", append([]string{"erase", "--yes", "--json", "--ad", third}, why...)...)), &x); err != nil || x.State != erasure.Done || x.Ads != 1 {
		t.Errorf("as JSON: %+v, %v", x, err)
	}
	if out := sh.must("", "erase", "show", x.ID); !strings.Contains(out, "Reason     asked by the person\n") {
		t.Errorf("shown:\n%s", out)
	}
	if out := sh.must("", "erase", "list"); strings.Count(out, "order ") != 2 {
		t.Errorf("listed:\n%s", out)
	}
	log := town.Journal.Text()
	for _, action := range []string{"erase.ask", "erase.order", "erase.preview", "erase.list", "hold.add", "hold.list", "hold.release"} {
		if !strings.Contains(log, `"`+action+`"`) {
			t.Errorf("the audit log has no %s", action)
		}
	}
	if strings.Contains(log, "5550123") {
		t.Error("the audit log has the number")
	}
	for _, r := range town.Requests() {
		if strings.Contains(r.URL.String(), "5550123") {
			t.Errorf("a number in the address %s", r.URL)
		}
	}
}

func TestEraseRefused(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "adam", access.Scopes()...)
	some := town.Ads[0].AdID
	for _, c := range []struct {
		name string
		args []string
		code int
		say  string
	}{
		{"nothing named", append([]string{"erase"}, why...), 2, "erase: nothing is named"},
		{"no reason", []string{"erase", "--ad", some}, 2, "a reason and an authority are needed"},
		{"two at once", append([]string{"erase", "--ad", some, "--number", "912-555-0123"}, why...), 2, "can't be used together"},
		{"no id", append([]string{"erase", "--yes", "--ad", "9125550123"}, why...), 2, "this is no id"},
		{"no number", append([]string{"erase", "--yes", "--number", "nobody"}, why...), 2, "no telephone number"},
		{"no age", append([]string{"erase", "--yes", "--older-than", "long ago"}, why...), 2, "an age is a number of days or weeks"},
		{"an age to come", append([]string{"erase", "--yes", "--older-than", "2031-01-01"}, why...), 2, "has not come yet"},
		{"unknown ad", append([]string{"erase", "--yes", "--ad", strings.Repeat("0", 32)}, why...), 4, "there is no ad 0000"},
		{"a number in the reason", []string{"erase", "--yes", "--ad", some, "--reason", "it gives 912-555-0123", "--authority", "officer"}, 2, "leave telephone numbers"},
		{"unknown order", []string{"erase", "show", strings.Repeat("0", 32)}, 4, "there is none under this id"},
		{"unknown hold", append([]string{"hold", "release", strings.Repeat("0", 32)}, why...), 4, "there is none under this id"},
		{"hold on nothing", append([]string{"hold", "add"}, why...), 2, "missing flags"},
		{"hold on no ad", append([]string{"hold", "add", "--ad", strings.Repeat("0", 32)}, why...), 4, "not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, errs, code := sh.run("", c.args...)
			if code != c.code || !strings.Contains(errs, c.say) || strings.Contains(errs, "5550123") {
				t.Errorf("code %d, want %d: %s", code, c.code, errs)
			}
		})
	}
	sh.env["VIGIL_TOKEN"] = town.Secret(t, "anna", access.Scopes()...)
	if _, errs, code := sh.run("", append([]string{"erase", "--yes", "--ad", some}, why...)...); code != 3 || !strings.Contains(errs, "administrator") {
		t.Errorf("an analyst: code %d %s", code, errs)
	}
	sh.env["VIGIL_TOKEN"] = town.Secret(t, "otto", access.Scopes()...)
	sh.must("", "erase", "list") // an auditor may look
	if _, _, code := sh.run("", append([]string{"hold", "add", "--ad", some}, why...)...); code != 3 {
		t.Errorf("an auditor holds: code %d", code)
	}
}
