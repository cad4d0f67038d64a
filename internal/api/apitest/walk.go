package apitest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
)

// A Walk stands for the walk of a town: it plans replays that never end, and has
// three dead letters, of which the second cannot be handled.
type Walk struct {
	mu      sync.Mutex
	replays desk.Replays
	letters []desk.Letter
	dropped uint64
}

func newWalk() *Walk {
	w := &Walk{replays: desk.Replays{Serving: generation.Generation{N: 1, Listings: 1, Ads: 1, Links: 1, Index: 1, State: generation.Serving}}}
	for i, why := range []string{"open capture: no gzip member begins here", "read record: it is no JSON", "read record: it is no JSON"} {
		step, from := "enrich", "LISTINGS"
		if i == 0 {
			step, from = "extract", "CAPTURES"
		}
		w.letters = append(w.letters, desk.Letter{
			ID: uint64(i + 1), Step: step, Stage: step, Stream: from, Seq: uint64(10 * (i + 1)), Reason: why, Attempts: i + 1,
			At: Noon.Add(-time.Duration(i+1) * time.Hour), Bytes: 40, Subject: "listing.townboard",
			Record: []byte(`{"v":1,"title":"Piano lessons"}`),
		})
	}
	return w
}

// StartReplay plans one.
func (w *Walk) StartReplay(_ context.Context, step generation.Step, from generation.From, by string) (desk.Replay, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.replays.Replay; r != nil && r.UnderWay() {
		return desk.Replay{}, fmt.Errorf("plan a replay from %s on: %w: %v", step, generation.ErrUnderWay, r.Generation)
	}
	if from.Seq > 100 {
		return desk.Replay{}, fmt.Errorf("plan a replay from %s on: %w: %s ends at sequence 100", step, desk.ErrNothing, step.Input())
	}
	w.replays.Replay = &desk.Replay{
		Generation: generation.Generation{N: 2, Step: step, From: from, Over: 1, Listings: 1, Ads: 2, Links: 2, Index: 2, State: generation.Building, By: by, Planned: Noon, Changed: Noon},
		Done:       30, Total: 120, Waiting: 90,
	}
	return *w.replays.Replay, nil
}

// CancelReplay gives it up.
func (w *Walk) CancelReplay(context.Context) (desk.Replay, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.replays.Replay
	if r == nil || !r.UnderWay() {
		return desk.Replay{}, fmt.Errorf("cancel the replay: %w", desk.ErrNoReplay)
	}
	r.State = generation.Retired
	return *r, nil
}

// AcceptReplay lets it take over; it never is held back.
func (w *Walk) AcceptReplay(context.Context, string) (desk.Replay, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.replays.Replay
	if r == nil || !r.UnderWay() {
		return desk.Replay{}, fmt.Errorf("accept the replay: %w", desk.ErrNoReplay)
	}
	return *r, fmt.Errorf("accept the replay: %w", desk.ErrNotHeld)
}

// Replays tells of it.
func (w *Walk) Replays(context.Context) (desk.Replays, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.replays
	if out.Replay != nil {
		r := *out.Replay
		out.Replay = &r
	}
	return out, nil
}

// Finish lets the replay under way serve.
func (w *Walk) Finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.replays.Replay
	r.State, r.Changed = generation.Serving, Noon.Add(time.Minute)
	r.Result = &desk.ReplayResult{
		Before: desk.Contents{Ads: 3, Versions: 4, Clusters: 1, Numbers: 2}, After: desk.Contents{Ads: 3, Versions: 4, Clusters: 1, Numbers: 3},
		Letters: 1, Finished: Noon.Add(75 * time.Second),
	}
	w.replays.Serving = r.Generation
}

// Letters lists the dead letters.
func (w *Walk) Letters(_ context.Context, step string, before uint64, limit int) (l desk.LetterList, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l.Dropped = w.dropped
	counts := map[string]int{}
	for _, x := range slices.Backward(w.letters) {
		if step != "" && x.Step != step {
			continue
		}
		l.Total++
		n, ok := counts[x.Step+x.Reason]
		if !ok {
			n = len(l.Counts)
			counts[x.Step+x.Reason] = n
			l.Counts = append(l.Counts, desk.LetterCount{Step: x.Step, Reason: x.Reason, Oldest: x.At})
		}
		l.Counts[n].Count++
		if before > 0 && x.ID >= before {
			continue
		}
		if len(l.Letters) == limit {
			l.Before = l.Letters[limit-1].ID
			continue
		}
		x.Record, x.Subject = nil, ""
		l.Letters = append(l.Letters, x)
	}
	return l, nil
}

// Letter gives one with its record.
func (w *Walk) Letter(_ context.Context, id uint64) (desk.Letter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, x := range w.letters {
		if x.ID == id {
			return x, nil
		}
	}
	return desk.Letter{}, fmt.Errorf("dead letter %d: %w", id, ad.ErrNotFound)
}

// Retry handles all but the second.
func (w *Walk) Retry(_ context.Context, p desk.LetterPick) (desk.LetterWork, error) {
	return w.work(p, func(x desk.Letter) string {
		if x.ID == 2 {
			return x.Reason
		}
		return ""
	}), nil
}

// Drop gives letters up.
func (w *Walk) Drop(_ context.Context, p desk.LetterPick, _, _ string) (desk.LetterWork, error) {
	return w.work(p, func(desk.Letter) string { w.dropped++; return "" }), nil
}

func (w *Walk) work(p desk.LetterPick, why func(desk.Letter) string) (out desk.LetterWork) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wanted := map[uint64]bool{}
	for _, id := range p.IDs {
		wanted[id] = true
	}
	var stay []desk.Letter
	for _, x := range w.letters {
		if !wanted[x.ID] && (!p.All || p.Step != "" && p.Step != x.Step) {
			stay = append(stay, x)
			continue
		}
		out.Total++
		if s := why(x); s != "" {
			out.Failed = append(out.Failed, desk.LetterFailure{ID: x.ID, Why: s})
			stay = append(stay, x)
			continue
		}
		out.Done++
	}
	w.letters = stay
	return out
}
