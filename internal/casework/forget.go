package casework

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vigil.example/internal/ad"
)

// Sequences returns where in the journal the events stand that hold an erased
// value: those of subscriptions to it, of saved searches that name it or once did, of
// released holds on it, and of rulings about an erased ad, in order. Those are asked
// for as a value of kind AboutAd. A hold that stands is not among them: it beats erasure, so ask Held first. Deleting
// them from the journal and Forget belong together; since people decide while an
// eraser works, it asks again after deleting, until none are left.
func (d *Docket) Sequences(match func(ad.Value) bool) []uint64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []uint64
	for subject := range d.about(match) {
		out = append(out, d.events[subject]...)
	}
	slices.Sort(out)
	return out
}

// about finds the subjects whose events hold a value. The caller holds d.mu.
func (d *Docket) about(match func(ad.Value) bool) map[string]ad.Value {
	out := make(map[string]ad.Value)
	for id, s := range d.subs {
		if match(s.Value) {
			out[subjectSubscription+id] = s.Value
		}
	}
	for id, h := range d.holds {
		if h.Released != nil && match(h.target()) {
			out[subjectHold+id] = h.target()
		}
	}
	for id, values := range d.named {
		if i := slices.IndexFunc(values, match); i >= 0 {
			out[subjectSaved+id] = values[i]
		}
	}
	for _, r := range d.rulings() {
		maps.Copy(out, r.about(match))
	}
	return out
}

// Forget drops from the state those subscriptions, saved searches, released holds and rulings
// with a matching value whose events were deleted from the journal, and returns how many.
// What was decided anew since stays, so every process may call it when it hears of
// an erasure, as often as it likes. A deleted event that still arrives by Apply
// changes nothing.
func (d *Docket) Forget(ctx context.Context, match func(ad.Value) bool) (int, error) {
	// Everything up to the end of the journal is applied first, so that an event
	// that was read before it was deleted comes too late.
	if err := d.CatchUp(ctx); err != nil {
		return 0, fmt.Errorf("forget a value: %w", err)
	}
	d.mu.RLock()
	about := d.about(match)
	gone := make(map[string]uint64, len(about)) // until it is found: the first event of a subject
	var from uint64
	for subject := range about {
		first := d.events[subject][0]
		gone[subject] = first
		if from == 0 || first < from {
			from = first
		}
	}
	d.mu.RUnlock()
	if len(gone) == 0 {
		return 0, nil
	}
	_, err := d.journal.Replay(ctx, from, func(seq uint64, subject string, _ []byte) error {
		if gone[subject] == seq {
			delete(gone, subject)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("forget a value: read what is left from %d: %w", from, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for subject, first := range gone {
		if es := d.events[subject]; len(es) > 0 && es[0] == first { // nobody else forgot it meanwhile
			d.drop(subject, about[subject])
			n++
		}
	}
	return n, nil
}

// drop removes one subscription, saved search, hold or ruling. The caller holds d.mu.
func (d *Docket) drop(subject string, v ad.Value) {
	delete(d.seqs, subject)
	delete(d.events, subject)
	if id, ok := strings.CutPrefix(subject, subjectSubscription); ok {
		s := d.subs[id]
		delete(d.subs, id)
		delete(d.pending, id)
		delete(d.byUser[s.User], id)
		if len(d.byUser[s.User]) == 0 {
			delete(d.byUser, s.User)
		}
		d.unwatch(v, id)
		return
	}
	for _, r := range d.rulings() {
		if id, ok := strings.CutPrefix(subject, r.prefix()); ok {
			r.drop(id)
			return
		}
	}
	if id, ok := strings.CutPrefix(subject, subjectSaved); ok {
		delete(d.saved, id)
		delete(d.named, id)
		d.alerting++
		return
	}
	id := subject[len(subjectHold):]
	if h, ok := d.holds[id]; ok {
		d.unhold(*h, id)
	}
	delete(d.holds, id)
}
