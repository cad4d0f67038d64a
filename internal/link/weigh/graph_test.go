package weigh_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

func two(t *testing.T) *weigh.Partition {
	t.Helper()
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	l := weigh.New()
	for i, a := range []weigh.Ad{
		{ID: "a", Title: "Calm room", Body: "ring 912-555-0143", Phones: []string{"+19125550143"}, Emails: []string{"calm@example.org"}},
		{ID: "b<&>", Title: "Lawns", Body: "mown by two brothers", Phones: []string{"+19125550143"}, Handles: []string{"@calm"}},
		{ID: "c", Title: "Hedges", Body: "cut", Emails: []string{"calm@example.org"}, Handles: []string{"@calm"}},
		{ID: "d", Title: "Piano", Body: "taught at home", Phones: []string{"+19125550144"}},
	} {
		a.At, a.Site, a.City = at.AddDate(0, 0, i), "one.example", "Reno"
		l.Add(a)
	}
	return l.Solve()
}

func TestGraphIsWrittenInEveryFormat(t *testing.T) {
	g, err := two(t).Graph("")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(weigh.Formats)) {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := weigh.Formats[name](&got, g); err != nil {
				t.Fatal(err)
			}
			file := "testdata/graph." + name
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(got.String(), string(want)); d != "" {
				t.Errorf("-got +want\n%s", d)
			}
			if name != "gexf" && name != "graphml" {
				return
			}
			for d := xml.NewDecoder(&got); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("no XML: %v", err)
				}
			}
		})
	}
}

func TestGraphOfOneCluster(t *testing.T) {
	g, err := two(t).Graph("c")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Nodes {
		if n.Cluster != "a" {
			t.Errorf("%s is of cluster %q", n.ID, n.Cluster)
		}
	}
	if _, err := two(t).Graph("z"); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("an unknown ad: %v", err)
	}
}

// Every two ads of a cluster have a path of reasons, also where edits left little of
// a text, and what is quoted stands where it is said to stand.
func TestEveryJoinIsExplained(t *testing.T) {
	gold := invent.Ads(invent.Config{Seed: 907, Ads: 3000, Hard: true})
	p := solve(gold)
	byCluster := map[int][]int{}
	for i, c := range p.Clusters {
		byCluster[c] = append(byCluster[c], i)
	}
	explained, quoted := 0, 0
	for _, c := range slices.Sorted(maps.Keys(byCluster)) {
		ads := byCluster[c]
		if len(ads) < 2 || explained > 60 {
			continue
		}
		a, b := gold[ads[0]].Ad, gold[ads[len(ads)-1]].Ad
		path, _, err := p.Explain(a.ID, b.ID)
		if err != nil || len(path) == 0 {
			t.Errorf("%s and %s of one cluster of %d: %d reasons, %v", a.ID, b.ID, len(ads), len(path), err)
		}
		explained++
		if len(path) != 1 {
			continue
		}
		ofA, ofB := p.Quotes(path[0], a, b)
		for _, q := range append(ofA, ofB...) {
			quoted++
			found := false
			for _, x := range []weigh.Ad{a, b} {
				text := []rune(x.Body)
				if q.Field == "title" {
					text = []rune(x.Title)
				}
				found = found || q.End <= len(text) && string(text[q.Start:q.End]) == q.Text
			}
			if !found {
				t.Errorf("%q does not stand at %s %d to %d", q.Text, q.Field, q.Start, q.End)
			}
		}
	}
	if explained < 20 || quoted < 20 {
		t.Errorf("only %d pairs and %d quotes looked at", explained, quoted)
	}
}

func TestWithoutAValue(t *testing.T) {
	l := weigh.New()
	l.Without("+1912555 0143", "+19125550143", "@CALM")
	for i, id := range []string{"a", "b"} {
		l.Add(weigh.Ad{ID: id, At: time.Date(2024, 1, 1+i, 0, 0, 0, 0, time.UTC), Title: strings.Repeat(id, 3), Phones: []string{"+19125550143"}, Handles: []string{"@calm"}})
	}
	if c := l.Solve().Clusters; c[0] == c[1] {
		t.Error("joined by what they are to be linked without")
	}
}
