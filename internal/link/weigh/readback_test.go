package weigh_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

// ringable gives ads numbers of area codes that exist: others' programs drop numbers
// that nobody can have.
func ringable(gold []weigh.Labelled) {
	areas := []string{"212", "312", "415", "602", "702", "808", "912"}
	given := map[string]string{}
	for i := range gold {
		for k, n := range gold[i].Phones {
			if _, ok := given[n]; !ok {
				given[n] = fmt.Sprintf("+1%s5550%d", areas[len(given)/100], 100+len(given)%100)
			}
			gold[i].Phones[k] = given[n]
		}
	}
}

// What is exported is read by networkx and by followthemoney as it was meant.
func TestOthersReadGraphs(t *testing.T) {
	tools := os.Getenv("VIGIL_CHECKERS")
	if tools == "" {
		t.Skip("VIGIL_CHECKERS names no folder for networkx and followthemoney; CI sets it, so that they read every format there")
	}
	gold := invent.Ads(invent.Config{Seed: 908, Ads: 600})
	ringable(gold)
	p := solve(gold)
	g, err := p.Graph("")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, write := range weigh.Formats {
		f, err := os.Create(filepath.Join(folder, "graph."+name))
		if err != nil {
			t.Fatal(err)
		}
		if err := write(f, g); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(filepath.Join(tools, "graphs", "bin", "python"), "testdata/read_graphs.py", folder)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("read the graphs: %v\n%s", err, out)
	}
	type read struct {
		Kinds                               map[string]int
		Links, Weighted, Reasons, Connected int
	}
	var got struct {
		GraphML, GEXF, CSV read
		FTM                struct {
			Schemata       map[string]int
			Lost, Dangling []string
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := read{Kinds: map[string]int{}, Links: len(g.Links), Reasons: len(g.Links), Connected: connectedIn(g)}
	clusters, handles, ads := map[string]bool{}, 0, 0
	for _, n := range g.Nodes {
		want.Kinds[n.Kind]++
		if n.Kind == "ad" {
			ads++
			clusters[n.Cluster] = true
		}
		if n.Kind == "handle" && n.Cluster != "" {
			handles++
		}
	}
	for _, l := range g.Links {
		if l.Weight > 0 {
			want.Weighted++
		}
	}
	if len(clusters) < 20 || want.Kinds["phone"] < 20 || want.Kinds["text"] < 20 || handles == 0 {
		t.Fatalf("too small a graph to say anything: %v", want.Kinds)
	}
	for name, r := range map[string]read{"GraphML": got.GraphML, "GEXF": got.GEXF} {
		if d := cmp.Diff(r, want); d != "" {
			t.Errorf("%s: -got +want\n%s", name, d)
		}
	}
	want.Kinds = nil
	if d := cmp.Diff(got.CSV, want); d != "" {
		t.Errorf("CSV: -got +want\n%s", d)
	}
	schemata := map[string]int{"LegalEntity": len(clusters), "Document": ads, "UnknownLink": ads, "UserAccount": handles}
	if d := cmp.Diff(got.FTM.Schemata, schemata); d != "" {
		t.Errorf("FollowTheMoney: -got +want\n%s", d)
	}
	if len(got.FTM.Lost)+len(got.FTM.Dangling) > 0 {
		t.Errorf("FollowTheMoney lost %v and has nothing for %v", got.FTM.Lost, got.FTM.Dangling)
	}
}

// connectedIn counts the parts of a graph that hang together.
func connectedIn(g weigh.Graph) int {
	root := map[string]string{}
	find := func(s string) string {
		for root[s] != "" && root[s] != s {
			s = root[s]
		}
		return s
	}
	for _, l := range g.Links {
		root[find(l.From)] = find(l.To)
	}
	var parts []string
	for _, l := range g.Links {
		if r := find(l.From); !slices.Contains(parts, r) {
			parts = append(parts, r)
		}
	}
	return len(parts)
}
