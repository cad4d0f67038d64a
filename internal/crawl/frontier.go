package crawl

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/site"
)

// A Queue keeps entries until they are fetched. When Enqueue returns nil they
// are durable. An entry whose ID is queued already may be given again, by this
// process or another; the queue keeps one.
type Queue interface {
	Enqueue(ctx context.Context, entries []Entry) error
}

// A Parent is the page on which links were found.
type Parent struct {
	Site    string
	Kind    ad.PageKind // what the page turned out to be
	Visit   int64
	Depth   int
	Capture string // id
}

// Offered says what became of the links of one page: each was queued, was known
// already, or was refused.
type Offered struct {
	Entries []Entry
	Known   int
	Refused []*Refusal
}

// A Frontier decides which links are worth fetching, once per planned visit. It
// is safe for concurrent use. What it remembers is derived: after a restart,
// Remember is called with every entry of the queue's stream.
type Frontier struct {
	set     *site.Set
	queue   Queue
	clock   func() time.Time
	known   known
	erased  known // addresses without their visits
	session *regexp.Regexp
}

// NewFrontier makes a frontier that knows no address yet. The clock may be nil.
func NewFrontier(set *site.Set, queue Queue, clock func() time.Time) *Frontier {
	if clock == nil {
		clock = time.Now
	}
	return &Frontier{set: set, queue: queue, clock: clock, session: sessionForm()}
}

// Seeds gives the seed entries of the list visit that now falls into. They are
// the same for the whole interval, so offering them often queues them once.
func (f *Frontier) Seeds(d *site.Definition, now time.Time) []Entry {
	out := make([]Entry, 0, len(d.Seeds))
	for _, s := range d.Seeds {
		u, r := parse(s)
		if r != nil {
			continue // a validated definition has none
		}
		out = append(out, Entry{
			V: ad.Schema, URL: d.Canonical(u).String(), Site: d.Name, Kind: ad.LinkList, Visit: slot(now, d.Revisit.List),
		})
	}
	return out
}

// Start queues the seeds that are due, and says how many that were.
func (f *Frontier) Start(ctx context.Context) (int, error) {
	var due []Entry
	now := f.clock()
	for _, d := range f.set.All() {
		for _, e := range f.Seeds(d, now) {
			if !f.known.has(e.fingerprint()) {
				due = append(due, e)
			}
		}
	}
	return len(due), f.enqueue(ctx, due)
}

// Offer decides about the links of a page, queues those to fetch, and remembers
// them once they are durable. After an error it may be called again with the
// same links.
func (f *Frontier) Offer(ctx context.Context, p Parent, links []ad.Outlink) (Offered, error) {
	o := f.Decide(p, links)
	return o, f.enqueue(ctx, o.Entries)
}

func (f *Frontier) enqueue(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if err := f.queue.Enqueue(ctx, entries); err != nil {
		return fmt.Errorf("queue %d addresses: %w", len(entries), err)
	}
	for _, e := range entries {
		f.Remember(e)
	}
	return nil
}

// Decide decides about the links of a page and changes nothing.
func (f *Frontier) Decide(p Parent, links []ad.Outlink) Offered {
	var o Offered
	here := make(map[uint64]bool, len(links)) // on this page
	now := f.clock()
	for _, l := range links {
		e, r := f.entry(p, l, now)
		if r != nil {
			o.Refused = append(o.Refused, r)
			continue
		}
		n := e.fingerprint()
		if here[n] || f.known.has(n) || f.erased.has(Fingerprint(e.URL)) {
			o.Known++
			continue
		}
		here[n] = true
		o.Entries = append(o.Entries, e)
	}
	return o
}

// Remember marks an entry as queued.
func (f *Frontier) Remember(e Entry) { f.known.add(e.fingerprint()) }

// Fingerprint is what an erasure keeps of an address: enough not to visit it
// again, too little to tell what it was.
func Fingerprint(url string) uint64 { return Entry{URL: url, Visit: never}.fingerprint() }

// never is the visit under which an address is known that is not to be visited.
const never = -1

// Forgotten marks erased addresses: they are not visited again, on no visit.
func (f *Frontier) Forgotten(fingerprints []uint64) {
	for _, x := range fingerprints {
		f.erased.add(x)
	}
}

// Len is the number of entries the frontier remembers.
func (f *Frontier) Len() int { return f.known.len() }

func (f *Frontier) entry(p Parent, l ad.Outlink, now time.Time) (Entry, *Refusal) {
	u, r := parse(l.URL)
	if r != nil {
		return Entry{}, r
	}
	d := f.owner(p.Site, u)
	if d == nil {
		return Entry{}, &Refusal{l.URL, ReasonScope, "no definition owns the host"}
	}
	u = d.Canonical(f.withoutSession(u))
	if r := within(u, d); r != nil {
		return Entry{}, r
	}
	if p.Depth+1 > d.Scope.Depth {
		return Entry{}, &Refusal{l.URL, ReasonDepth, fmt.Sprintf("more than %d links from a seed", d.Scope.Depth)}
	}
	if why := trap(u); why != "" {
		return Entry{}, &Refusal{l.URL, ReasonTrap, why}
	}
	return Entry{
		V: ad.Schema, URL: u.String(), Site: d.Name, Kind: l.Kind, Visit: visit(l.Kind, d, now), Depth: p.Depth + 1, From: p.Capture,
	}, nil
}

// owner is the definition the address belongs to: the parent's own site first.
func (f *Frontier) owner(parent string, u *url.URL) *site.Definition {
	if d := f.set.ByName(parent); d != nil && d.Owns(u) {
		return d
	}
	return f.set.ByHost(u.Host)
}

// visit says to which planned visit of its address a link leads: an ad is
// fetched once per slot of its own interval, everything else once per slot of the
// lists', wherever the link was found.
func visit(kind ad.LinkKind, d *site.Definition, now time.Time) int64 {
	if kind == ad.LinkDetail {
		return slot(now, d.Revisit.Detail)
	}
	return slot(now, d.Revisit.List)
}

// slot numbers the intervals since 1970; 0 when there is no interval.
func slot(now time.Time, interval time.Duration) int64 {
	if interval <= 0 {
		return 0
	}
	return now.UnixNano() / int64(interval)
}
