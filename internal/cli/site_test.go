package cli_test

import (
	"strings"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/site"
)

// known is what a program knows of sites.
type known []*site.Model

func (k known) SiteModels() []*site.Model { return k }

func TestSiteWords(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "anna", access.ScopeRead)
	if out := sh.must("", "site", "words"); !strings.Contains(out, "20 owners") {
		t.Errorf("while nothing is known it says %q", out)
	}
	at := time.Date(2026, 3, 2, 15, 4, 0, 0, time.UTC)
	town.Desk.Models = known{{
		Site: "townboard", Version: 3, Digest: "0a1b2c3d4e5f", Since: at, Listings: 812, Owners: site.Owners{Contacts: 301, Texts: 344},
		Phrases: []site.Phrase{{Text: "Report trafficking: call our line # day or night. No escorts under 21, you must be 18+ to read this.", Listings: 809}, {Text: "Never wire money ahead.", Listings: 77}},
		Before:  []site.Past{{Version: 2, Since: at.Add(-24 * time.Hour)}},
	}}
	if out := sh.must("", "site", "words"); !strings.Contains(out, "townboard") || !strings.Contains(out, "812") {
		t.Errorf("the list says\n%s", out)
	}
	want := `Model 3 of townboard, since 2 Mar 2026 15:04 UTC
learned from 812 listings by 301 contacts and 344 unlike texts

listings that say
   809  Report trafficking: call our line # day or night. No escorts under 21,
        you must be 18+ to read this.
    77  Never wire money ahead.

Earlier
  model 2, since 1 Mar 2026 15:04
`
	if out := sh.must("", "site", "words", "townboard"); out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	if _, stderr, code := sh.run("", "site", "words", "elsewhere"); code != 4 || !strings.Contains(stderr, "elsewhere") {
		t.Errorf("of a site that is not known: exit %d, %s", code, stderr)
	}
	if out := sh.must("", "site", "words", "townboard", "--json"); !strings.Contains(out, `"version"`) {
		t.Errorf("as JSON: %s", out)
	}
}
