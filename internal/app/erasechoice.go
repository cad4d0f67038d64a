package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/erasure"
	"vigil.example/internal/stream"
)

// This file is which ads an order is about, and which a hold keeps.

// A brief is what choosing needs to know of an ad.
type brief struct {
	AdID       string    `json:"ad_id"`
	SeenAt     time.Time `json:"seen_at"`
	CaptureSeq uint64    `json:"capture_seq"`
	Phones     []struct {
		E164 string `json:"e164"`
	} `json:"phones"`
	Identifiers []struct {
		Kind  string `json:"kind"`
		Value string `json:"value"`
	} `json:"identifiers"`
	Corrected []struct {
		Instead []struct {
			E164 string `json:"e164"`
		} `json:"instead"`
	} `json:"corrected"`
}

func (b *brief) values() (out []ad.Value) {
	for _, p := range b.Phones {
		out = append(out, ad.Value{Kind: "phone", Value: p.E164})
	}
	for _, i := range b.Identifiers {
		out = append(out, ad.Value{Kind: i.Kind, Value: i.Value})
	}
	for _, c := range b.Corrected {
		for _, p := range c.Instead {
			out = append(out, ad.Value{Kind: "phone", Value: p.E164})
		}
	}
	return out
}

// seen is what an order by age has to know of an ad.
type seen struct {
	last time.Time
	keep bool // by a hold, or because somebody was told of it or watches for it
}

// chooseAds decides which ads the order is about, and which a hold keeps.
func (e *eraser) chooseAds(ctx context.Context) error {
	told, err := e.told(ctx)
	if err != nil {
		return err
	}
	watched := map[ad.Value]bool{}
	for _, s := range e.a.docket.Active() {
		watched[s.Value] = true
	}
	_, alerting := e.a.docket.Alerting(0)
	for _, s := range alerting {
		for _, v := range s.Values {
			watched[v] = true
		}
	}
	named := e.corrected()
	old := map[string]seen{}
	if e.order.Kind == erasure.OlderThan { // what makes an ad stay may have come since
		e.read = map[string]uint64{}
	}
	err = e.generational(stream.Ads, func(name string) error {
		return e.each(ctx, "choose", name, nil, func(m ad.Message) error {
			if e.order.Kind == erasure.ByAd && !e.ads[idOf(m.Data)] {
				return nil
			}
			x, err := decode[brief](m)
			if err != nil {
				return nil
			}
			values := x.values()
			if e.order.Kind == erasure.ByNumber && !named[x.AdID] && !slices.ContainsFunc(values, e.matches) {
				return nil
			}
			held, err := e.isHeld(ctx, x.AdID, values)
			if err != nil {
				return err
			}
			spared := e.spared(x.AdID)
			if held || spared && e.order.Kind == erasure.ByNumber {
				e.held[x.AdID] = true
			}
			e.present[x.AdID] = true
			if e.order.Kind != erasure.OlderThan {
				e.ads[x.AdID] = true
				return nil
			}
			s := old[x.AdID]
			if x.SeenAt.After(s.last) {
				s.last = x.SeenAt
			}
			s.keep = s.keep || spared || told[x.AdID] || slices.ContainsFunc(values, func(v ad.Value) bool { return watched[v] })
			old[x.AdID] = s
			return nil
		})
	})
	for id, s := range old {
		switch {
		case !s.last.Before(e.order.Before):
			delete(e.held, id) // it is not old, so nothing has to hold it
		case !s.keep:
			e.ads[id] = true
		}
	}
	for id := range e.held {
		delete(e.ads, id)
	}
	return err
}

// corrected are the ads with a correction that names the number of an order, as
// what was read or what it reads, also one that was taken back. They say the number
// in some way, and what was decided about them goes with them.
func (e *eraser) corrected() map[string]bool {
	out := map[string]bool{}
	if e.order.Kind != erasure.ByNumber {
		return out
	}
	for _, c := range e.a.docket.Corrections().All() {
		for _, number := range []string{c.Was, c.Reads} {
			if e.matches(ad.Value{Kind: "phone", Value: number}) {
				out[c.AdID] = true
			}
		}
	}
	return out
}

// told are the ads that somebody was told of.
func (e *eraser) told(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	if e.order.Kind != erasure.OlderThan {
		return out, nil
	}
	return out, e.each(ctx, "told", stream.Alerts, nil, func(m ad.Message) error {
		if id := idOf(m.Data); id != "" {
			out[id] = true
		}
		return nil
	})
}

// isHeld reports whether a litigation hold keeps an ad. One that an order names
// was asked about when the order was given.
func (e *eraser) isHeld(ctx context.Context, id string, values []ad.Value) (bool, error) {
	if e.named[id] && !e.judging {
		return false, nil
	}
	holds, err := e.holdsOn(ctx, id, values)
	for _, h := range holds {
		e.holds[h.ID] = true
	}
	return len(holds) > 0, err
}

// spared reports whether an order left an ad alone where it was done first: what
// held it there may be newer than the backup that this instance was restored from.
func (e *eraser) spared(id string) bool {
	if e.order.Elsewhere.IsZero() || e.named[id] {
		return false
	}
	return e.order.Kind == erasure.OlderThan || e.order.Held > 0
}

func (e *eraser) holdsOn(ctx context.Context, id string, values []ad.Value) ([]casework.Hold, error) {
	cluster := ""
	if e.clusters {
		var err error
		cluster, err = e.a.shelf.ClusterOf(ctx, id)
		if err != nil && !errors.Is(err, ad.ErrNotFound) {
			return nil, err // better later than in spite of a hold
		}
	}
	return e.a.docket.HoldsOn(id, values, cluster), nil
}
