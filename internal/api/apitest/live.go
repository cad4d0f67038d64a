package apitest

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// Arrive puts an ad of a title into the index, as if it had just been crawled.
func (t *Town) Arrive(tb testing.TB, native, title string) ad.Ad {
	tb.Helper()
	a := t.Ads[0]
	a.NativeID, a.Title = native, title
	a.CaptureID = fmt.Sprintf("%032x", len(t.arrived)+1)
	a.SeenAt = Noon.Add(time.Duration(len(t.arrived)) * time.Second)
	a.Seal()
	if err := t.index.Apply(context.Background(), "arrivals", uint64(len(t.arrived)+1), []search.Change{{Seq: uint64(100 + len(t.arrived)), Version: &a}}); err != nil {
		tb.Fatal(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.arrived = append(t.arrived, &a)
	close(t.coming)
	t.coming = make(chan struct{})
	return a
}

// Arrivals tells of them; see desk.Arrivals. A place is how many have arrived.
func (t *Town) Arrivals(ctx context.Context, after desk.Place, f func(desk.Place, []*ad.Ad) error) error {
	t.mu.Lock()
	at := int(after.Seq)
	if after == (desk.Place{}) {
		at = len(t.arrived)
	}
	t.mu.Unlock()
	if after.Generation > 1 {
		return desk.ErrRenewed
	}
	for first := true; ; first = false {
		t.mu.Lock()
		coming := t.coming
		var as []*ad.Ad
		if !first {
			as = t.arrived[min(at, len(t.arrived)):]
		}
		t.mu.Unlock()
		at += len(as)
		if err := f(desk.Place{Generation: 1, Seq: uint64(at)}, as); err != nil {
			return err
		}
		if first {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-coming:
		}
	}
}

// Backup writes something; see desk.Keeper.
func (t *Town) Backup(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "a backup")
	return err
}

// Wake lets whoever listens look again.
func (t *Town) Wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.coming)
	t.coming = make(chan struct{})
}
