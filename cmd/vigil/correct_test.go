package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/casework"
)

// An instance that is killed while ads are corrected keeps every correction that was
// acknowledged, and reads the ads so in the end, once. VIGIL_CRASH_SEED chooses other
// moments.
func TestKilledWhileCorrecting(t *testing.T) {
	seed := uint64(number(t, "VIGIL_CRASH_SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("VIGIL_CRASH_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 5))
	data := t.TempDir()
	start := func() (*demo, *api.Client) {
		d := startDemo(t, data, "--frozen", "--ads", "150")
		return d, d.client(t)
	}
	d, c := start()
	<-d.crawled
	before, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	size := 500
	found, err := c.Search(t.Context(), api.SearchRequest{Query: "seen:2020..", Size: &size})
	if err != nil || len(found.Hits) < 50 {
		t.Fatalf("%d ads, %v", len(found.Hits), err)
	}
	standing := map[string]casework.Correction{} // acknowledged, by ad
	next := 0
	for range 5 {
		acknowledged := make(chan casework.Correction)
		go func() {
			defer close(acknowledged)
			for ; next < len(found.Hits); next++ {
				a := found.Hits[next].Document.Ad
				if len(a.Phones) == 0 {
					continue
				}
				got, err := c.Correct(t.Context(), a.AdID, api.CorrectionRequest{Number: a.Phones[0].E164})
				if err != nil {
					return // it was killed: whether this one was stored is not known
				}
				for _, x := range got {
					acknowledged <- x
				}
			}
		}()
		var kill <-chan time.Time // at any moment after the first was acknowledged
		for killed := false; !killed; {
			select {
			case x, more := <-acknowledged:
				if killed = !more; more {
					standing[x.ID] = x
				}
				if kill == nil {
					kill = time.After(time.Duration(r.IntN(400)) * time.Millisecond)
				}
			case <-kill:
				killed = true
			}
		}
		d.kill()
		for x := range acknowledged { // answered before it was killed
			standing[x.ID] = x
		}
		next++
		<-d.ended
		d, c = start()
	}
	if len(standing) == 0 {
		t.Fatal("nothing was acknowledged")
	}
	t.Logf("%d corrections were acknowledged", len(standing))
	if ads := settled(t, c); ads != before.Ads {
		t.Errorf("%d ads, before %d", ads, before.Ads)
	}
	kept := asDecided(t, c)
	for id := range standing {
		if !slices.ContainsFunc(kept, func(x casework.Correction) bool { return x.ID == id && x.Withdrawn == nil }) {
			t.Errorf("correction %s was acknowledged and is gone", id)
		}
	}
	d.stop(t)
}

// asDecided looks whether every ad that was said to give no number is read so, and
// returns the corrections.
func asDecided(t *testing.T, c *api.Client) []casework.Correction {
	t.Helper()
	kept, err := c.Corrections(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range kept {
		v, err := c.Ad(t.Context(), x.AdID)
		if err != nil || v.Pending {
			t.Fatalf("ad %s: pending %t, %v", x.AdID, v.Pending, err)
		}
		for _, doc := range v.Documents {
			if slices.ContainsFunc(doc.Ad.Phones, func(p ad.Phone) bool { return p.Text == x.Text }) {
				t.Errorf("ad %s is not read as was decided", x.AdID)
			}
		}
	}
	return kept
}

// Every role in processes of its own, beside one NATS server: what is decided at
// the pages reaches those that read, index and link, whichever of them is killed
// meanwhile, and no record is stored twice.
func TestCorrectionsOfProcessesApart(t *testing.T) {
	t.Parallel()
	p := build(t, layout{servers: 1, ads: 120, procs: apart()})
	p.ready()
	p.settle()
	size := 60
	found, err := p.desk.client.Search(t.Context(), api.SearchRequest{Query: "seen:2020..", Size: &size})
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for _, h := range found.Hits {
		a := h.Document.Ad
		if len(a.Phones) == 0 || made == 8 {
			continue
		}
		await(t, "a correction", func() bool {
			_, err := p.desk.client.Correct(t.Context(), a.AdID, api.CorrectionRequest{Number: a.Phones[0].E164})
			return err == nil
		})
		if name := []string{"index", "enrich", "link", "index-2"}[made%4]; made < 4 {
			p.procs[name].kill()
			p.procs[name].start()
		}
		made++
	}
	p.settle()
	if kept := asDecided(t, p.desk.client); made == 0 || len(kept) < made {
		t.Errorf("%d corrections are kept of %d ads", len(kept), made)
	}
	p.unique()
}

// settled waits until nothing is on its way, and counts the ads.
func settled(t *testing.T, c *api.Client) int {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		got, err := c.Status(t.Context())
		if err == nil && got.Ledger.Settled && got.Ledger.Balanced {
			return got.Ads
		}
		if time.Now().After(deadline) {
			t.Fatalf("the ledger: %+v, %v", got.Ledger, err)
		}
		<-time.After(100 * time.Millisecond)
	}
}
