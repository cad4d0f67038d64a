package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/app"
	"vigil.example/internal/search"
)

func quiet(t *testing.T) *Bench {
	t.Helper()
	return &Bench{
		Config:  Config{Version: "test", Data: t.TempDir(), Ads: 200, Rounds: 1, Out: io.Discard, Log: slog.New(slog.DiscardHandler)},
		results: map[string]any{},
	}
}

// contents says what an index came to: each content with its numbers, and which
// ads stand together, without the names of clusters.
func contents(t *testing.T, ix search.Index) (docs, clusters []string) {
	t.Helper()
	members := map[string][]string{}
	for d, err := range ix.Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		line := d.ID
		for _, p := range d.Ad.Phones {
			line += " " + p.E164
		}
		docs = append(docs, line)
		if d.Cluster != "" {
			members[d.Cluster] = append(members[d.Cluster], d.Ad.AdID)
		}
	}
	for _, m := range members {
		slices.Sort(m)
		clusters = append(clusters, strings.Join(m, " "))
	}
	slices.Sort(docs)
	slices.Sort(clusters)
	return docs, clusters
}

// A ratio means nothing if one of the two does less.
func TestPeerComesToTheSame(t *testing.T) {
	b := quiet(t)
	src, err := newSource(b.Ads, 7)
	if err != nil {
		t.Fatal(err)
	}
	captures, err := record(b.Data, src, b.Ads)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = captures.close() }()
	steps, err := newPeerSteps(src.sites)
	if err != nil {
		t.Fatal(err)
	}
	w, err := steps.open(t.Context(), b.at("peer"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.run(t.Context(), captures); err != nil {
		t.Fatal(err)
	}
	wantDocs, wantClusters := contents(t, w.index)
	if err := w.close(); err != nil {
		t.Error(err)
	}
	c := b.config(b.at("ours"), src.sites)
	c.Roles = walking
	a, err := app.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	err = running(t.Context(), a, func(ctx context.Context) error {
		p := a.Parts()
		if err := captures.play(func(msgs []ad.Message) error { return p.Bus.Publish(ctx, msgs) }); err != nil {
			return err
		}
		if err := arrived(ctx, p, len(captures.heads), 5*time.Millisecond); err != nil {
			return err
		}
		docs, _ := contents(t, p.Index) // clusters differ until a round has found who is behind all ads
		if d := cmp.Diff(wantDocs, docs); d != "" {
			t.Errorf("contents differ (-peer +ours):\n%s", d)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if len(wantDocs) != b.Ads || len(wantClusters) == 0 {
		t.Errorf("the peer made %d contents in %d clusters of %d ads", len(wantDocs), len(wantClusters), b.Ads)
	}
}

func TestMeasurements(t *testing.T) {
	for name, run := range map[string]func(*Bench, context.Context) error{
		"streams": (*Bench).streams, "steps": (*Bench).steps, "throughput": (*Bench).throughput, "freshness": (*Bench).freshness, "search": (*Bench).search,
	} {
		t.Run(name, func(t *testing.T) {
			b := quiet(t)
			if err := run(b, t.Context()); err != nil {
				t.Fatal(err)
			}
			if b.results[name] == nil {
				t.Error("no result")
			}
		})
	}
}

func TestTowns(t *testing.T) {
	src, err := newSource(100, 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := src.build(); err != nil {
		t.Fatal(err)
	}
	if err := src.build(); err != nil { // a second town beside the first
		t.Fatal(err)
	}
	m, err := src.more(1)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(m[0].Subject, "-1") {
		t.Errorf("a capture of the second town goes to %s", m[0].Subject)
	}
}

func TestTape(t *testing.T) {
	one, err := newSource(60, 7)
	if err != nil {
		t.Fatal(err)
	}
	two, err := newSource(60, 7)
	if err != nil {
		t.Fatal(err)
	}
	want, err := one.more(60)
	if err != nil {
		t.Fatal(err)
	}
	tape, err := record(t.TempDir(), two, 60)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tape.close() }()
	var got []ad.Message
	for _, r := range [][2]int{{0, 7}, {7, 8}, {8, 60}} {
		msgs, err := tape.read(r[0], r[1])
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, msgs...)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReached(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	marks := []mark{{at(1), 0}, {at(2), 10}, {at(3), 20}}
	for seq, want := range map[uint64]string{1: "2", 10: "2", 11: "3", 20: "3", 21: "never"} {
		got := "never"
		if t, ok := reached(marks, seq); ok {
			got = fmt.Sprint(t.Unix())
		}
		if got != want {
			t.Errorf("sequence %d was reached at %s, want %s", seq, got, want)
		}
	}
}

func TestSpread(t *testing.T) {
	if got, want := spreadOf([]float64{3, 1, 10, 2}), (spread{1, 2.5, 10}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFillingCountsRecords(t *testing.T) {
	b := quiet(t)
	f := &filling{}
	var err error
	if f.source, err = newSource(b.Ads, 7); err != nil {
		t.Fatal(err)
	}
	s, err := b.fill(t.Context(), f, b.at("scale"), func(uint64) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	if s.Ads != b.Ads || s.Records < 4*uint64(b.Ads) || f.token == "" {
		t.Errorf("%d ads gave %d records", s.Ads, s.Records)
	}
}
