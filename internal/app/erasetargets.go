package app

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/casework"
	"vigil.example/internal/crawl"
	"vigil.example/internal/erasure"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// listAds takes the ads themselves and learns which captures showed them, where,
// and which numbers they give.
func (e *eraser) listAds(ctx context.Context) error {
	return e.generational(stream.Ads, func(name string) error {
		return e.each(ctx, "ads", name, nil, func(m ad.Message) error {
			if id := idOf(m.Data); id != "" && !e.ads[id] && !e.held[id] && e.order.Kind != erasure.OlderThan {
				return e.listBeside(ctx, id, m)
			}
			x, err := decode[ad.Ad](m)
			if err != nil {
				if e.names(string(m.Data)) { // its dead letter goes, too
					e.take(name, name+" ad", m.Seq)
				}
				return nil
			}
			if !e.ads[x.AdID] {
				if e.order.Kind == erasure.OlderThan || e.held[x.AdID] {
					e.kept[x.CaptureSeq] = true
				}
				return nil
			}
			e.take(name, name+" ad", m.Seq)
			e.shown(&x.Listing)
			for _, v := range x.Values(0) {
				if v.Kind == "phone" && (e.order.Kind == erasure.ByAd || e.matches(v)) {
					e.numbers[digitsOf(v.Value)] = true
				}
			}
			for _, c := range x.Corrected {
				for _, p := range c.Instead {
					if e.matches(ad.Value{Kind: "phone", Value: p.E164}) {
						e.numbers[digitsOf(p.E164)] = true
					}
				}
			}
			return nil
		})
	})
}

// listBeside notes the page of an ad that the order is not about when a hold keeps
// it: pages may show several ads, and their numbers.
func (e *eraser) listBeside(ctx context.Context, id string, m ad.Message) error {
	if !e.holding {
		return nil
	}
	x, err := decode[brief](m)
	if err != nil {
		return nil
	}
	holds, err := e.holdsOn(ctx, id, x.values())
	if len(holds) > 0 {
		e.beside[id], e.kept[x.CaptureSeq] = true, true
	}
	return err
}

// shown notes where an ad was seen.
func (e *eraser) shown(l *ad.Listing) {
	e.prints[e.fingerprint(l.Site, l.URL)] = true
	e.captures[l.CaptureSeq] = erasedPage{l.CaptureID, l.Via}
}

// spareNumbers leaves out numbers that other ads give, too: they are not to
// vanish with one ad.
func (e *eraser) spareNumbers(ctx context.Context) error {
	if e.order.Kind != erasure.ByAd || len(e.numbers) == 0 {
		return nil
	}
	return e.generational(stream.Ads, func(name string) error {
		return e.each(ctx, "spare", name, nil, func(m ad.Message) error {
			if e.ads[idOf(m.Data)] {
				return nil
			}
			for n := range e.numbers { // few: those of the ads that the order names
				if !bytes.Contains(m.Data, []byte(n+`"`)) {
					continue
				}
				x, err := decode[brief](m)
				if err == nil && slices.ContainsFunc(x.values(), func(v ad.Value) bool { return v.Kind == "phone" && digitsOf(v.Value) == n }) {
					delete(e.numbers, n)
				}
			}
			return nil
		})
	})
}

func (e *eraser) listListings(ctx context.Context) error {
	return e.generational(stream.Listings, func(name string) error {
		return e.each(ctx, "listings", name, []string{"listing.*"}, func(m ad.Message) error {
			if id := idOf(m.Data); id != "" && !e.ads[id] {
				return nil
			}
			l, err := decode[ad.Listing](m)
			switch {
			case err != nil:
				if e.names(string(m.Data)) {
					e.take(name, name+" listing", m.Seq)
				}
			case e.ads[l.AdID]:
				e.take(name, name+" listing", m.Seq)
				e.shown(&l)
			}
			return nil
		})
	})
}

// listLinking finds the captures of the ads' addresses, and of pages that link to
// them: lists show their titles, and often more. A page of another ad, which may
// point at similar ones, is that ad's evidence and stays, unless a number stands
// on it. Of an order by age, old pages go that show no ad that stays.
func (e *eraser) listLinking(ctx context.Context) error {
	return e.generational(stream.Listings, func(name string) error {
		return e.each(ctx, "linking", name, []string{"outcome.*.*"}, func(m ad.Message) error {
			o, err := decode[ad.Outcome](m)
			if err != nil {
				return nil
			}
			seq := source(m)
			if e.order.Kind == erasure.OlderThan {
				if o.SeenAt.Before(e.order.Before) && !e.kept[seq] {
					e.captures[seq] = erasedPage{o.CaptureID, o.Via}
				}
				return nil
			}
			if e.ads[o.AdID] || e.prints[e.fingerprint(o.Site, o.URL)] || o.Kind != ad.KindDetail &&
				slices.ContainsFunc(o.Outlinks, func(l ad.Outlink) bool { return e.prints[e.fingerprint(o.Site, l.URL)] }) {
				e.captures[seq] = erasedPage{o.CaptureID, o.Via}
			}
			return nil
		})
	})
}

// listFrontier finds the entries of the ads' addresses.
func (e *eraser) listFrontier(ctx context.Context) error {
	floors := map[string]uint64{}
	return e.each(ctx, "frontier", stream.Frontier, []string{"frontier.*"}, func(m ad.Message) error {
		x, err := decode[crawl.Entry](m)
		if err != nil && !e.names(string(m.Data)) || err == nil && !e.prints[crawl.Fingerprint(x.URL)] && !e.names(x.URL) {
			return nil
		}
		_, site, _ := strings.Cut(m.Subject, ".")
		floor, ok := floors[site]
		if !ok {
			floor, err = e.a.bus.AckFloor(ctx, stream.Frontier, crawler(site))
			if err != nil && !errors.Is(err, ad.ErrNotFound) {
				return err
			}
			floors[site] = floor
		}
		if m.Seq > floor {
			e.entries[m.Seq] = site // until something is found that came of it
			return nil
		}
		e.take(stream.Frontier, visited, m.Seq)
		return nil
	})
}

// listCaptures takes the captures, and looks into the others for numbers that
// shall be nowhere any more.
func (e *eraser) listCaptures(ctx context.Context) error {
	for seq := range e.kept {
		delete(e.captures, seq) // what a hold keeps, it keeps with its capture
	}
	if len(e.entries) > 0 {
		delete(e.read, "captures "+stream.Captures) // what came of them may be known from before
	}
	err := e.each(ctx, "captures", stream.Captures, nil, func(m ad.Message) error {
		from, key := source(m), captureKey(m.Subject)
		if _, ok := e.entries[from]; ok && key != "" {
			delete(e.entries, from)
			e.take(stream.Frontier, visited, from)
		}
		if e.unvisited[from] && from != 0 {
			key = belated
		}
		if strings.HasPrefix(m.Subject, "refusal.") {
			if x, err := decode[crawl.Entry](m); err == nil && x.URL != "" && (e.prints[crawl.Fingerprint(x.URL)] || e.names(x.URL)) {
				e.take(stream.Captures, key, m.Seq)
			}
			return nil
		}
		if _, ok := e.captures[m.Seq]; !ok {
			if len(e.numbers) == 0 || e.kept[m.Seq] {
				return nil
			}
			p, err := capture.Open(m.Data)
			if err != nil || !e.names(string(p.Body)) && !e.names(p.Capture.URL) {
				return nil
			}
			e.captures[m.Seq] = erasedPage{p.Capture.ID, p.Capture.Via}
		}
		e.take(stream.Captures, key, m.Seq)
		return nil
	})
	if err != nil || len(e.numbers) == 0 || e.gone == 0 {
		return err
	}
	return e.sealedOnly(ctx, func(it capture.Item) error {
		if _, ok := e.captures[it.Seq]; ok || e.kept[it.Seq] {
			return nil
		}
		if p, err := capture.Open(it.Records); err == nil && (e.names(string(p.Body)) || e.names(p.Capture.URL)) {
			e.captures[it.Seq] = erasedPage{p.Capture.ID, p.Capture.Via}
		}
		return nil
	})
}

// captureKey is what a message of the captures stream is counted under.
func captureKey(subject string) string {
	kind, rest, _ := strings.Cut(subject, ".")
	if kind == "capture" {
		door, _, _ := strings.Cut(rest, ".")
		kind += "." + door
	}
	return stream.Captures + " " + kind
}

// listOutcomes takes what extraction said of the captures that go.
func (e *eraser) listOutcomes(ctx context.Context) error {
	return e.generational(stream.Listings, func(name string) error {
		return e.each(ctx, "outcomes", name, []string{"outcome.*.*"}, func(m ad.Message) error {
			if _, ok := e.captures[source(m)]; ok {
				e.take(name, name+" outcome", m.Seq)
			}
			return nil
		})
	})
}

func (e *eraser) listAlerts(ctx context.Context) error {
	return e.each(ctx, "alerts", stream.Alerts, nil, func(m ad.Message) error {
		if x, err := decode[ad.Alert](m); err == nil && !e.held[x.AdID] && (e.ads[x.AdID] || e.matches(x.Value)) {
			e.take(stream.Alerts, stream.Alerts+" alert", m.Seq)
		}
		return nil
	})
}

// listLinks takes the changes that name a number, as a hub or as what joins ads, and
// those that say by what an erased ad is joined. Of what else stands in them the
// linker tells anew.
func (e *eraser) listLinks(ctx context.Context) error {
	return e.generational(stream.Links, func(name string) error {
		return e.each(ctx, "links", name, nil, func(m ad.Message) error {
			c, err := decode[ad.LinkChange](m)
			named := func(v ad.Value) bool { return e.matches(v) || e.lost(v) }
			if err == nil && (slices.ContainsFunc(c.Hubs, func(h ad.Hub) bool { return named(h.Value) }) ||
				slices.ContainsFunc(c.Moves, func(m ad.Move) bool {
					return m.By != nil && (named(m.By.Value) || e.ads[m.By.A] || e.ads[m.By.B])
				})) {
				e.take(name, name+" link", m.Seq)
			}
			return nil
		})
	})
}

// listLetters takes the dead letters of what goes, and those that hold some of
// it, with the message that they were made from.
func (e *eraser) listLetters(ctx context.Context) error {
	return e.each(ctx, "letters", stream.Dead, nil, func(m ad.Message) error {
		from, seq := m.Header[pipeline.StreamHeader], source(m)
		key := ofOthers
		if from == stream.Frontier {
			key = ofCrawl
		}
		_, waits := e.entries[seq]
		if waits = waits && from == stream.Frontier; waits {
			delete(e.entries, seq) // it was visited in vain
			e.take(from, visited, seq)
		}
		if from == stream.Captures && e.kept[seq] {
			return nil
		}
		_, trimmed := e.captures[seq]
		if e.recorded[place{from, seq}] || from == stream.Captures && trimmed {
			e.take(stream.Dead, key, m.Seq)
			return nil
		}
		was, from, err := pipeline.Restore(m)
		if err != nil || !e.concerns(was) {
			return nil
		}
		e.take(stream.Dead, key, m.Seq)
		switch kind, _, _ := strings.Cut(was.Subject, "."); {
		case !ofWalk(from):
		case from == stream.Captures && was.Seq <= e.gone:
			door := strings.TrimPrefix(captureKey(was.Subject), stream.Captures+" capture.")
			e.take(stream.Captures, leftFor+door, was.Seq)
		case from == stream.Captures:
			e.take(from, captureKey(was.Subject), was.Seq)
		case from == stream.Frontier:
			e.take(from, visited, was.Seq)
		case from != "" && kind != "":
			e.take(from, from+" "+kind, was.Seq)
		}
		return nil
	})
}

// concerns reports whether a message that became a dead letter holds what goes.
func (e *eraser) concerns(m ad.Message) bool {
	if strings.HasPrefix(m.Subject, "capture.") {
		p, err := capture.Open(m.Data)
		return err == nil && (e.names(string(p.Body)) || e.names(p.Capture.URL) || e.prints[e.fingerprint(p.Capture.Site, p.Capture.URL)])
	}
	x, err := decode[struct {
		AdID string `json:"ad_id"`
		URL  string `json:"url"`
		Site string `json:"site"`
	}](m)
	if err != nil {
		return e.names(string(m.Data))
	}
	if e.held[x.AdID] || e.beside[x.AdID] {
		return false
	}
	return e.ads[x.AdID] || x.URL != "" && e.prints[e.fingerprint(x.Site, x.URL)] || e.names(string(m.Data))
}

// listEntries takes the frontier entries of which nothing came: they are counted
// apart, since nothing that was made of them goes with them.
func (e *eraser) listEntries(context.Context) error {
	for seq := range e.entries {
		e.unvisited[seq] = true
		e.take(stream.Frontier, unvisited, seq)
	}
	return nil
}

// listTrimmed counts the captures that are in sealed files only.
func (e *eraser) listTrimmed(context.Context) error {
	for seq, p := range e.captures {
		if at := (place{stream.Captures, seq}); seq <= e.gone && !e.recorded[at] {
			e.recorded[at] = true
			key := leftFor + string(p.via)
			e.targets.Messages[key] = append(e.targets.Messages[key], seq)
		}
	}
	return nil
}

// listDecisions takes subscriptions to an erased number, and to one that no ad is
// left to give, unless it is held, and the corrections of erased ads.
func (e *eraser) listDecisions(context.Context) error {
	free := func(v ad.Value) bool {
		if v.Kind == casework.AboutAd {
			return e.ads[v.Value]
		}
		return (e.matches(v) || e.lost(v)) && !e.a.docket.Held("", []ad.Value{v})
	}
	for _, seq := range e.a.docket.Sequences(free) {
		e.take(stream.Decisions, stream.Decisions+" decisions", seq)
	}
	return nil
}
