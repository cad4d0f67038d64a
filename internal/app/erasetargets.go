package app

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/casework"
	"vigil.example/internal/crawl"
	"vigil.example/internal/erasure"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// An eraser finds what an order comes to. It remembers over its looks what it
// was about, since the ads that would tell are gone after the first.
type eraser struct {
	a       *App
	order   erasure.Pending
	judging bool // holds are asked for every ad; else only for those that no order has named yet

	ads      map[string]bool       // to be erased
	present  map[string]bool       // of these, stored now
	named    map[string]bool       // by the order, or recorded as its target: holds were asked before
	held     map[string]bool       // kept by a litigation hold
	beside   map[string]bool       // ads of others that a hold keeps, with their pages
	holds    map[string]bool       // ids of these holds
	prints   map[uint64]bool       // fingerprints of the ads' addresses
	numbers  map[string]bool       // national digits that shall be nowhere any more
	captures map[uint64]erasedPage // that show the ads, by sequence
	kept     map[uint64]bool       // captures that show an ad that stays
	known    map[string]bool       // answers of matches
	holding  bool                  // a hold stands on something
	clusters bool                  // a hold stands on a cluster
	gone     uint64                // captures up to here have left their stream for the sealed files

	entries   map[uint64]string // frontier entries of this look, with their site, that may not have been visited
	unvisited map[uint64]bool   // frontier entries that were erased before their visit
	recorded  map[place]bool    // messages that are recorded as targets
	deleted   map[place]bool    // messages that were deleted by this eraser
	unsealed  map[string]bool   // captures that it has taken out of sealed files
	targets   erasure.Targets
	found     int // messages found in this look
	files     []erasure.File

	read, next map[string]uint64 // up to where each pass has looked, before and in this look
}

// An erasedPage is a capture that is to be erased.
type erasedPage struct {
	id  string
	via ad.Via
}

// A place is where a message stands.
type place struct {
	stream string
	seq    uint64
}

func newEraser(a *App, p erasure.Pending) *eraser {
	e := &eraser{
		a: a, order: p, ads: map[string]bool{}, present: map[string]bool{}, named: map[string]bool{}, held: map[string]bool{}, beside: map[string]bool{}, holds: map[string]bool{},
		prints: map[uint64]bool{}, numbers: map[string]bool{}, captures: map[uint64]erasedPage{}, kept: map[uint64]bool{}, known: map[string]bool{},
		unvisited: map[uint64]bool{}, recorded: map[place]bool{}, deleted: map[place]bool{}, unsealed: map[string]bool{}, read: map[string]uint64{},
	}
	for _, id := range p.AdIDs {
		e.ads[id], e.named[id] = true, true
	}
	return e
}

// list finds everything that the order comes to and that is there now, and
// records it in the ledger.
func (e *eraser) list(ctx context.Context) error {
	about := len(e.ads) + len(e.prints) + len(e.numbers)
	for _, pass := range []func(context.Context) error{
		e.begin, e.recall, e.chooseAds, e.listAds, e.spareNumbers, e.listListings, e.listLinking, e.listFrontier, e.listCaptures,
		e.listOutcomes, e.listAlerts, e.listLinks, e.listLetters, e.listEntries, e.listTrimmed, e.listDecisions,
	} {
		if err := pass(ctx); err != nil {
			return err
		}
	}
	e.read = e.next
	if len(e.ads)+len(e.prints)+len(e.numbers) != about { // what was passed over before may belong to it
		e.read = map[string]uint64{}
	}
	e.targets.AdIDs = slices.Sorted(maps.Keys(e.ads))
	e.targets.Fingerprints = slices.Sorted(maps.Keys(e.prints))
	e.targets.CaptureIDs = e.pages()
	return e.a.erased.Add(ctx, e.order.ID, e.targets)
}

// pages are the ids of the captures that go.
func (e *eraser) pages() (ids []string) {
	for _, p := range e.captures {
		if p.id != "" {
			ids = append(ids, p.id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// begin clears what one look knows, and looks what holds there are.
func (e *eraser) begin(ctx context.Context) error {
	e.targets, e.found = erasure.Targets{Messages: map[string][]uint64{}}, 0
	e.next, e.entries = map[string]uint64{}, map[uint64]string{}
	if err := e.a.docket.CatchUp(ctx); err != nil {
		return err
	}
	e.holding, e.clusters = false, false
	for _, h := range e.a.docket.Holds() {
		e.holding = e.holding || h.Released == nil
		e.clusters = e.clusters || h.Released == nil && h.Kind == casework.HoldCluster
	}
	t, err := e.a.trimmed(ctx)
	if err != nil {
		return err
	}
	info, err := e.a.bus.Info(ctx, stream.Captures)
	if err != nil {
		return err
	}
	if e.gone = 0; t.To < info.First { // else it is noted and not gone yet
		e.gone = t.To
	}
	return nil
}

// recall reads what the order has recorded: it goes on after a crash, or came with
// another instance's ledger. Those ads were judged when they were recorded.
func (e *eraser) recall(ctx context.Context) error {
	return e.a.erased.Walk(ctx, e.order.ID, func(t erasure.Targets) error {
		for _, id := range t.AdIDs {
			e.ads[id], e.named[id] = true, true
		}
		for _, f := range t.Fingerprints {
			e.prints[f] = true
		}
		for _, n := range t.Messages[unvisited] {
			e.unvisited[n] = true
		}
		for name, seqs := range t.Sequences() {
			for _, n := range seqs {
				e.recorded[place{name, n}] = true
			}
		}
		return nil
	})
}

// Keys under which targets are counted, where it is not the subject. The ledger of
// the walk reads them: see readLedger.
const (
	visited   = stream.Frontier + " frontier"
	unvisited = stream.Frontier + " frontier.unvisited" // erased before their visit
	belated   = stream.Captures + " belated"            // captures of entries that were counted as unvisited
	leftFor   = stream.Captures + " trimmed."           // captures that have left the stream, by door
	ofCrawl   = stream.Dead + " dead.crawl"
	ofOthers  = stream.Dead + " dead.other"
)

// take adds a message to the targets under a key.
func (e *eraser) take(name, key string, seq uint64) {
	if e.recorded[place{name, seq}] {
		if !e.deleted[place{name, seq}] {
			e.found++ // it was recorded before a crash
		}
		return
	}
	e.recorded[place{name, seq}] = true
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

// lost reports whether a value is a number that goes with its only ads.
func (e *eraser) lost(v ad.Value) bool { return v.Kind == "phone" && e.numbers[digitsOf(v.Value)] }

// idOf reads the id of an ad out of a record of one, without reading the rest.
// Inside a text its quotes would be escaped.
func idOf(data []byte) string {
	const name = `"ad_id":"`
	_, rest, ok := bytes.Cut(data, []byte(name))
	if !ok || len(rest) < 32 {
		return ""
	}
	return string(rest[:32])
}

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
	for _, c := range e.a.docket.Corrections().All("") {
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

// listLinks takes the changes that name a number as a hub. Where ads move stands
// in ids alone, and the linker tells of everything anew.
func (e *eraser) listLinks(ctx context.Context) error {
	return e.generational(stream.Links, func(name string) error {
		return e.each(ctx, "links", name, nil, func(m ad.Message) error {
			c, err := decode[ad.LinkChange](m)
			if err == nil && slices.ContainsFunc(c.Hubs, func(h ad.Hub) bool { return e.matches(h.Value) || e.lost(h.Value) }) {
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

// source is the sequence of the message that a record was made from.
func source(m ad.Message) uint64 {
	n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// fingerprint is that of an address in the form in which the frontier queues it.
func (e *eraser) fingerprint(site, address string) uint64 {
	if u, err := url.Parse(address); err == nil {
		if d := e.a.cfg.Sites.ByName(site); d != nil {
			address = d.Canonical(u).String()
		}
	}
	return crawl.Fingerprint(address)
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

// apart is how many bytes may stand between two digits of one number.
const apart = 12

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
			for n := 7; n <= 9 && n <= len(digits); n++ {
				if e.numbers[string(digits[len(digits)-n:])] {
					return true
				}
			}
		case gap >= apart:
			digits = digits[:0]
		default:
			gap++
		}
	}
	return false
}

// sealedOnly gives the captures that are in sealed files but no longer in the
// stream.
func (e *eraser) sealedOnly(ctx context.Context, f func(capture.Item) error) error {
	sealed, err := e.a.archive.List(ctx)
	if err != nil {
		return err
	}
	for _, s := range sealed {
		if s.From > e.gone {
			break
		}
		for it, err := range e.a.archive.Each(ctx, s) {
			if err != nil {
				return err
			}
			if err := f(it); err != nil {
				return err
			}
		}
	}
	return nil
}

// generational calls f for the streams of a base in every live generation.
func (e *eraser) generational(base string, f func(name string) error) error {
	done := map[string]bool{}
	for _, g := range e.a.book.Live() {
		name := serves(g, base)
		if done[name] {
			continue
		}
		done[name] = true
		if err := f(name); err != nil {
			return err
		}
	}
	return nil
}

// each calls f with the messages of a stream that are there now and that this
// pass has not seen in an earlier look.
func (e *eraser) each(ctx context.Context, pass, name string, filter []string, f func(ad.Message) error) error {
	key := pass + " " + name
	last, err := e.a.bus.Replay(ctx, name, e.read[key]+1, filter, f)
	e.next[key] = last
	return err
}
