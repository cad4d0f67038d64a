package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/ad/adtest"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// What somebody did is in the log, also when he has gone before it was written.
func TestDoneIsLoggedForWhoHasGone(t *testing.T) {
	const n = 20
	o := newOffice(t)
	o.see(t, 0, n, 1)
	key := []byte("a key that is for tests only")
	reg, err := access.Open(t.Context(), &adtest.Journal{}, access.Config{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	leave := func() {}
	docket, err := casework.Open(t.Context(), &adtest.Journal{Before: func() { leave() }}, casework.Config{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	o.Desk = desk.New(desk.Parts{Log: o.Log, Index: o.index, Docket: docket, Register: reg})
	for d, err := range o.index.Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		leave = cancel
		_, _ = o.Label(ctx, analyst, desk.LabelRequest{Ads: []string{d.Ad.AdID}, Labels: []string{"spam"}})
		cancel()
	}
	logged := 0
	for _, ev := range o.journal.Events {
		var e audit.Entry
		if err := json.Unmarshal(ev.Data, &e); err != nil {
			t.Fatal(err)
		}
		if e.Action == "label.give" && e.Count == 1 {
			logged++
		}
	}
	if given := len(docket.Labels().Standing()); given != n || logged != n {
		t.Errorf("%d labels were given, the log has %d of them", given, logged)
	}
}

// linked has all ads of the index be one cluster, of one chain, and returns them.
func (o *office) linked(t *testing.T, cluster string) (ids []string) {
	t.Helper()
	for d, err := range o.index.Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, d.Ad.AdID)
	}
	slices.Sort(ids)
	var l ad.LinkChange
	for i, id := range ids {
		m := ad.Move{AdID: id, Cluster: cluster}
		if i > 0 {
			m.By = &ad.Edge{A: id, B: ids[i-1], Value: ad.Value{Kind: "text"}, Weight: 30, Reason: "the texts are alike in place " + strconv.Itoa(i)}
		}
		l.Moves = append(l.Moves, m)
	}
	if err := o.index.Apply(t.Context(), "links", 1, []search.Change{{Seq: 1, Link: &l}}); err != nil {
		t.Fatal(err)
	}
	return ids
}

// A short index has a part of a cluster's ads only, as of one that is too large to be
// read, and takes its time; it counts who asks at once.
type short struct {
	search.Index
	most int
	wait time.Duration

	now, peak atomic.Int32
}

func (x *short) Cluster(ctx context.Context, id string, limit int) (search.Cluster, error) {
	x.peak.Store(max(x.peak.Load(), x.now.Add(1)))
	defer x.now.Add(-1)
	time.Sleep(x.wait)
	return x.Index.Cluster(ctx, id, min(limit, x.most))
}

// Two ads of one cluster are never said not to be joined, when the reasons are not
// among those that were read.
func TestWhyOfALargeCluster(t *testing.T) {
	o := newOffice(t)
	o.see(t, 0, 5, 1)
	const cluster = "c0123456789abcde"
	ids := o.linked(t, cluster)
	x := &short{Index: o.index, most: 5}
	o.Desk = desk.New(desk.Parts{Log: o.Log, Index: x, Docket: o.Docket})
	if w, err := o.Why(t.Context(), analyst, cluster, ids[0], ids[4]); err != nil || len(w.Steps) != 4 {
		t.Fatalf("with all that is told: %d steps, %v", len(w.Steps), err)
	}
	x.most = 1
	if w, err := o.Why(t.Context(), analyst, cluster, ids[0], ids[4]); !errors.Is(err, desk.ErrUntold) {
		t.Errorf("with the reasons of one ad: %d steps, %v", len(w.Steps), err)
	}
}

// Questions about clusters wait for each other before anything is read for them.
func TestQuestionsWaitForEachOther(t *testing.T) {
	o := newOffice(t)
	x := &short{Index: o.index, wait: 20 * time.Millisecond}
	o.Desk = desk.New(desk.Parts{Log: o.Log, Index: x, Docket: o.Docket})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { _, _ = o.Template(t.Context(), analyst, "c0123456789abcde") })
		all.Go(func() { _, _ = o.Without(t.Context(), analyst, "c0123456789abcde", "912-555-0143") })
	}
	all.Wait()
	if n := x.peak.Load(); n != 1 {
		t.Errorf("%d clusters were read at once", n)
	}
}
