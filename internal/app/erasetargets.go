package app

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/crawl"
	"vigil.example/internal/erasure"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// An eraser finds what an order comes to. It remembers over its rounds what it
// was about, since the ads that would tell are gone after the first.
type eraser struct {
	a     *App
	order erasure.Pending

	ads      map[string]bool   // to be erased
	held     map[string]bool   // kept by a litigation hold
	urls     map[string]bool   // of the ads, canonical
	numbers  map[string]bool   // national digits that shall be nowhere any more
	captures map[uint64]string // that show the ads: id by sequence
	kept     map[uint64]bool   // captures that show an ad that stays, of an order by age
	known    map[string]bool   // answers of matches
	targets  erasure.Targets
	found    int // messages found in this round
}

func newEraser(a *App, p erasure.Pending) *eraser {
	e := &eraser{
		a: a, order: p, ads: map[string]bool{}, held: map[string]bool{}, urls: map[string]bool{},
		numbers: map[string]bool{}, captures: map[uint64]string{}, kept: map[uint64]bool{}, known: map[string]bool{},
	}
	for _, id := range p.AdIDs {
		e.ads[id] = true
	}
	return e
}

// list finds everything that the order comes to and that is there now, and
// records it in the ledger.
func (e *eraser) list(ctx context.Context) error {
	e.targets, e.found = erasure.Targets{Messages: map[string][]uint64{}}, 0
	// An order that goes on after a crash, or came with another ledger, knows some.
	err := e.a.erased.Walk(ctx, e.order.ID, func(t erasure.Targets) error {
		for _, id := range t.AdIDs {
			e.ads[id] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, pass := range []func(context.Context) error{
		e.chooseAds, e.listAds, e.spareNumbers, e.listListings, e.listLinking, e.listCaptures, e.listOutcomes, e.listFrontier, e.listAlerts, e.listLinks, e.listLetters, e.listDecisions,
	} {
		if err := pass(ctx); err != nil {
			return err
		}
	}
	for id := range e.ads {
		e.targets.AdIDs = append(e.targets.AdIDs, id)
	}
	for _, id := range e.captures {
		if id != "" {
			e.targets.CaptureIDs = append(e.targets.CaptureIDs, id)
		}
	}
	for u := range e.urls {
		e.targets.Fingerprints = append(e.targets.Fingerprints, crawl.Fingerprint(u))
	}
	slices.Sort(e.targets.AdIDs)
	slices.Sort(e.targets.CaptureIDs)
	slices.Sort(e.targets.Fingerprints)
	e.targets.CaptureIDs = slices.Compact(e.targets.CaptureIDs)
	return e.a.erased.Add(ctx, e.order.ID, e.targets)
}

// take adds a message to the targets.
func (e *eraser) take(name, prefix string, seq uint64) {
	key := name + " " + prefix
	e.targets.Messages[key] = append(e.targets.Messages[key], seq)
	e.found++
}

// matches reports whether an order by number is about a value.
func (e *eraser) matches(v ad.Value) bool {
	if e.order.Kind != erasure.ByNumber || v.Kind != "phone" {
		return false
	}
	is, ok := e.known[v.Value]
	if !ok {
		is = e.a.erased.Digest(v.Value) == e.order.Digest
		e.known[v.Value] = is
	}
	return is
}

// seen is what choosing needs to know of an ad.
type seen struct {
	last time.Time
	keep bool // by a hold, or because somebody was told of it
}

// chooseAds decides which ads the order is about, and which a hold keeps.
func (e *eraser) chooseAds(ctx context.Context) error {
	told := map[string]bool{}
	if e.order.Kind == erasure.OlderThan {
		err := e.each(ctx, stream.Alerts, nil, func(m ad.Message) error {
			if x, err := decode[ad.Alert](m); err == nil {
				told[x.AdID] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	watched := map[ad.Value]bool{}
	for _, s := range e.a.docket.Active() {
		watched[s.Value] = true
	}
	old := map[string]seen{}
	err := e.generational(stream.Ads, func(name string) error {
		return e.each(ctx, name, nil, func(m ad.Message) error {
			x, err := decode[ad.Ad](m)
			if err != nil {
				return nil
			}
			values := x.Values(0)
			switch e.order.Kind {
			case erasure.ByNumber:
				if !slices.ContainsFunc(values, e.matches) {
					return nil
				}
			case erasure.ByAd:
				if !e.ads[x.AdID] {
					return nil
				}
			case erasure.OlderThan:
				s := old[x.AdID]
				if x.SeenAt.After(s.last) {
					s.last = x.SeenAt
				}
				s.keep = s.keep || told[x.AdID] || slices.ContainsFunc(values, func(v ad.Value) bool { return watched[v] })
				if !s.keep && e.isHeld(ctx, &x, values) {
					s.keep, e.held[x.AdID] = true, true
				}
				old[x.AdID] = s
				return nil
			}
			if e.isHeld(ctx, &x, values) {
				e.held[x.AdID] = true
			}
			e.ads[x.AdID] = true
			return nil
		})
	})
	for id, s := range old {
		if !s.keep && s.last.Before(e.order.Before) {
			e.ads[id] = true
		}
	}
	for id := range e.held {
		delete(e.ads, id)
	}
	return err
}

// isHeld reports whether a litigation hold keeps an ad.
func (e *eraser) isHeld(ctx context.Context, x *ad.Ad, values []ad.Value) bool {
	cluster, err := e.a.shelf.ClusterOf(ctx, x.AdID)
	if err != nil {
		cluster = ""
	}
	return e.a.docket.Held(x.AdID, values, cluster)
}

// listAds takes the ads themselves and learns which captures showed them, where,
// and which numbers they give.
func (e *eraser) listAds(ctx context.Context) error {
	return e.generational(stream.Ads, func(name string) error {
		return e.each(ctx, name, nil, func(m ad.Message) error {
			x, err := decode[ad.Ad](m)
			if err != nil {
				return nil
			}
			if !e.ads[x.AdID] {
				if e.order.Kind == erasure.OlderThan || e.held[x.AdID] {
					e.kept[x.CaptureSeq] = true
				}
				return nil
			}
			e.take(name, "ad", m.Seq)
			e.shown(&x.Listing)
			for _, v := range x.Values(0) {
				if v.Kind == "phone" && (e.order.Kind == erasure.ByAd || e.matches(v)) {
					e.numbers[digitsOf(v.Value)] = true
				}
			}
			return nil
		})
	})
}

// shown notes where an ad was seen.
func (e *eraser) shown(l *ad.Listing) {
	e.urls[e.canonical(l.Site, l.URL)] = true
	e.captures[l.CaptureSeq] = l.CaptureID
}

// spareNumbers leaves out numbers that other ads give, too: they are not to
// vanish with one ad.
func (e *eraser) spareNumbers(ctx context.Context) error {
	if e.order.Kind != erasure.ByAd || len(e.numbers) == 0 {
		return nil
	}
	return e.generational(stream.Ads, func(name string) error {
		return e.each(ctx, name, nil, func(m ad.Message) error {
			if x, err := decode[ad.Ad](m); err == nil && !e.ads[x.AdID] {
				for _, v := range x.Values(0) {
					delete(e.numbers, digitsOf(v.Value))
				}
			}
			return nil
		})
	})
}

func (e *eraser) listListings(ctx context.Context) error {
	return e.generational(stream.Listings, func(name string) error {
		return e.each(ctx, name, []string{"listing.*"}, func(m ad.Message) error {
			l, err := decode[ad.Listing](m)
			if err == nil && e.ads[l.AdID] {
				e.take(name, "listing", m.Seq)
				e.shown(&l)
			}
			return nil
		})
	})
}

// listLinking finds the captures of pages that link to the ads: lists show their
// titles, and often more. Of an order by age, old pages go that show no ad that
// stays.
func (e *eraser) listLinking(ctx context.Context) error {
	return e.generational(stream.Listings, func(name string) error {
		return e.each(ctx, name, []string{"outcome.*.*"}, func(m ad.Message) error {
			o, err := decode[ad.Outcome](m)
			if err != nil {
				return nil
			}
			seq := source(m)
			if e.order.Kind == erasure.OlderThan {
				if o.SeenAt.Before(e.order.Before) && !e.kept[seq] {
					e.captures[seq] = o.CaptureID
				}
				return nil
			}
			if e.ads[o.AdID] || e.urls[e.canonical(o.Site, o.URL)] ||
				slices.ContainsFunc(o.Outlinks, func(l ad.Outlink) bool { return e.urls[e.canonical(o.Site, l.URL)] }) {
				e.captures[seq] = o.CaptureID
			}
			return nil
		})
	})
}

// listCaptures takes the captures, and looks into the others for numbers that
// shall be nowhere any more.
func (e *eraser) listCaptures(ctx context.Context) error {
	for seq := range e.kept {
		delete(e.captures, seq) // what a hold keeps, it keeps with its capture
	}
	err := e.each(ctx, stream.Captures, nil, func(m ad.Message) error {
		kind, _, _ := strings.Cut(m.Subject, ".")
		if kind == "refusal" {
			if x, err := decode[crawl.Entry](m); err == nil && (e.urls[x.URL] || e.names(x.URL)) {
				e.take(stream.Captures, "refusal", m.Seq)
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
			e.captures[m.Seq] = p.Capture.ID
		}
		e.take(stream.Captures, strings.Join(strings.Split(m.Subject, ".")[:2], "."), m.Seq)
		return nil
	})
	if err != nil || len(e.numbers) == 0 {
		return err
	}
	return e.sealedOnly(ctx, func(it capture.Item) error {
		if _, ok := e.captures[it.Seq]; ok || e.kept[it.Seq] {
			return nil
		}
		if p, err := capture.Open(it.Records); err == nil && (e.names(string(p.Body)) || e.names(p.Capture.URL)) {
			e.captures[it.Seq] = p.Capture.ID
		}
		return nil
	})
}

// listOutcomes takes what extraction said of the captures that go.
func (e *eraser) listOutcomes(ctx context.Context) error {
	return e.generational(stream.Listings, func(name string) error {
		return e.each(ctx, name, []string{"outcome.*.*"}, func(m ad.Message) error {
			if _, ok := e.captures[source(m)]; ok {
				e.take(name, "outcome", m.Seq)
			}
			return nil
		})
	})
}

func (e *eraser) listFrontier(ctx context.Context) error {
	return e.each(ctx, stream.Frontier, []string{"frontier.*"}, func(m ad.Message) error {
		if x, err := decode[crawl.Entry](m); err == nil && (e.urls[x.URL] || e.names(x.URL)) {
			e.take(stream.Frontier, "frontier", m.Seq)
		}
		return nil
	})
}

func (e *eraser) listAlerts(ctx context.Context) error {
	return e.each(ctx, stream.Alerts, nil, func(m ad.Message) error {
		if x, err := decode[ad.Alert](m); err == nil && !e.held[x.AdID] && (e.ads[x.AdID] || e.matches(x.Value)) {
			e.take(stream.Alerts, "alert", m.Seq)
		}
		return nil
	})
}

// listLinks takes the changes that name a number as a hub. Where ads move stands
// in ids alone, and the linker tells of everything anew.
func (e *eraser) listLinks(ctx context.Context) error {
	return e.generational(stream.Links, func(name string) error {
		return e.each(ctx, name, nil, func(m ad.Message) error {
			c, err := decode[ad.LinkChange](m)
			if err != nil {
				return nil
			}
			if slices.ContainsFunc(c.Hubs, func(h ad.Hub) bool { return e.matches(h.Value) || e.numbers[digitsOf(h.Value.Value)] }) {
				e.take(name, "link", m.Seq)
			}
			return nil
		})
	})
}

// listLetters takes the dead letters that were made from what goes, or that hold
// some of it.
func (e *eraser) listLetters(ctx context.Context) error {
	gone := map[string]map[uint64]bool{}
	for name, seqs := range e.targets.Sequences() {
		gone[name] = make(map[uint64]bool, len(seqs))
		for _, s := range seqs {
			gone[name][s] = true
		}
	}
	return e.each(ctx, stream.Dead, nil, func(m ad.Message) error {
		was, from, err := pipeline.Restore(m)
		if err != nil {
			return nil
		}
		var about struct {
			AdID string `json:"ad_id"`
			URL  string `json:"url"`
			Site string `json:"site"`
		}
		if x, err := ad.Decode[struct {
			AdID string `json:"ad_id"`
			URL  string `json:"url"`
			Site string `json:"site"`
		}](was.Data); err == nil {
			about = x
		}
		if gone[from][was.Seq] || about.AdID != "" && e.ads[about.AdID] || about.URL != "" && e.urls[e.canonical(about.Site, about.URL)] || e.names(string(was.Data)) {
			e.take(stream.Dead, m.Subject, m.Seq)
		}
		return nil
	})
}

// listDecisions takes subscriptions to an erased number.
func (e *eraser) listDecisions(context.Context) error {
	if e.order.Kind != erasure.ByNumber {
		return nil
	}
	for _, seq := range e.a.docket.Sequences(e.matches) {
		e.take(stream.Decisions, "decisions", seq)
	}
	return nil
}

// source is the sequence of the message that a record was made from.
func source(m ad.Message) uint64 {
	n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// canonical is the form of an address in which the frontier queues it.
func (e *eraser) canonical(site, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	if d := e.a.cfg.Sites.ByName(site); d != nil {
		return d.Canonical(u).String()
	}
	return address
}

// digitsOf is the part of a number that stands in a text however it is written:
// the last nine digits, which are national in every plan.
func digitsOf(e164 string) string {
	d := strings.TrimPrefix(e164, "+")
	if len(d) > 9 {
		d = d[len(d)-9:]
	}
	return d
}

// names reports whether a text holds one of the numbers in digits, with whatever
// stands between them.
func (e *eraser) names(s string) bool {
	if len(e.numbers) == 0 {
		return false
	}
	digits := make([]byte, 0, 256)
	gap := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digits, gap = append(digits, c), 0
			if len(digits) >= 9 && e.numbers[string(digits[len(digits)-9:])] {
				return true
			}
		case gap > 3:
			digits = digits[:0]
		default:
			gap++
		}
	}
	return false
}

// erasedFile is what the ledger keeps of a rewritten file.
func erasedFile(f capture.Erased) erasure.File {
	return erasure.File{Old: f.File, OldSHA256: f.SHA256Was, New: f.New, NewSHA256: f.SHA256Now}
}

func uniqueFiles(files []erasure.File) []erasure.File {
	var out []erasure.File
	for _, f := range files {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}
