package packet

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

// verdicts are words that conclude something about a person in an ad or about
// who posted it. A packet holds language found on pages and concludes nothing.
var verdicts = regexp.MustCompile(`(?i)\bone (?:hand|author|poster|person)\b|\bsame (?:hand|author|poster|person|people|advertiser|organi[sz]ation|group)\b|` +
	`\bvictims?\b|prostitut|traffick|\bpimps?\b|perpetrator|culprit|offender|\bguilt|\bsuspects?\b|sex work|\bodds\b|bits of evidence|probably posted|likely posted`)

func TestNoTextOfAPacketIsAVerdict(t *testing.T) {
	one := contents(t, 1)
	one.Edges, one.Held, one.Cluster = nil, nil, ""
	for name, c := range map[string]Contents{"a cluster": contents(t, 6), "an ad alone": one} {
		b, _ := packed(t, c)
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		must(t, err)
		read := 0
		for _, f := range z.File {
			if strings.HasSuffix(f.Name, ".gz") || strings.HasSuffix(f.Name, ".sig") {
				continue
			}
			r, err := f.Open()
			must(t, err)
			text, err := io.ReadAll(r)
			must(t, err)
			read++
			if m := verdicts.FindString(strings.Join(strings.Fields(string(text)), " ")); m != "" {
				t.Errorf("%s: %s says %q", name, f.Name, m)
			}
		}
		if read < 11 {
			t.Errorf("%s: %d texts read", name, read)
		}
	}
}

func TestVerdictsAreFound(t *testing.T) {
	for _, s := range []string{"posted by one hand", "the same poster", "who may be a victim", "a trafficker", "doubles the odds"} {
		if !verdicts.MatchString(s) {
			t.Errorf("%q passes", s)
		}
	}
}

func TestLinksFileSaysWhatWasHeldBack(t *testing.T) {
	c := contents(t, 2)
	b, _ := packed(t, c)
	var got struct {
		About string
		Edges []ad.Edge
		Held  []ad.Hub
	}
	must(t, json.Unmarshal(member(t, b, "data/links.json"), &got))
	if diff := cmp.Diff(c.Held, got.Held); diff != "" || len(got.Edges) != 1 || got.About != weightMeans {
		t.Errorf("links.json = %+v, held (-want +got):\n%s", got, diff)
	}
}

func TestAdFileListsEveryCaptureThatShowedIt(t *testing.T) {
	c := contents(t, 1)
	b, _ := packed(t, c)
	var got adRecord
	must(t, json.Unmarshal(member(t, b, "data/ads/"+c.Ads[0].Doc.Ad.AdID+".json"), &got))
	want := []Sighting{{c.Ads[0].Capture.ID, noon}, {"later", noon.Add(50 * time.Minute)}}
	if diff := cmp.Diff(want, got.SeenIn); diff != "" {
		t.Errorf("seen_in (-want +got):\n%s", diff)
	}
}

func TestSeen(t *testing.T) {
	at := func(id string, minutes int) Sighting {
		return Sighting{id, noon.Add(time.Duration(minutes) * time.Minute)}
	}
	for name, tt := range map[string]struct {
		in   []Sighting
		want string
	}{
		"nothing known": {nil, ""},
		"once":          {[]Sighting{at("a", 0)}, "seen once, at 2026-11-20 12:00:00 UTC; this packet holds the capture that first showed it"},
		"seen earlier, learned later": {[]Sighting{at("a", 0), at("b", -60)},
			"seen 2 times from 2026-11-20 11:00:00 UTC to 2026-11-20 12:00:00 UTC; this packet holds the capture of 2026-11-20 12:00:00 UTC"},
	} {
		it := Item{Capture: ad.Capture{ID: "a", FetchedAt: noon}, Sightings: tt.in}
		if got := it.seen(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestTheProgramIsNamedOnceInTheLog(t *testing.T) {
	for by, want := range map[string]string{"": "vigil", "1@abc": "vigil 1@abc", "vigil v1@abc": "vigil v1@abc"} {
		c := contents(t, 1)
		c.Ads[0].Doc.Ad.EnrichedBy = by
		for _, e := range before(c) {
			if e.Action == "extract" && e.Actor != want {
				t.Errorf("%q: actor %q, want %q", by, e.Actor, want)
			}
		}
	}
}
