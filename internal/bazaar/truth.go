package bazaar

import (
	"cmp"
	"slices"
	"time"
)

// Truth is what there was to find from Start to Now.
type Truth struct {
	Start  time.Time    `json:"start"`
	Now    time.Time    `json:"now"`
	Ads    []AdTruth    `json:"ads"` // visible at least once in that time, by site and native id
	Hubs   []HubTruth   `json:"hubs"`
	Groups []GroupTruth `json:"groups"`
}

// AdTruth is what is true of one ad.
type AdTruth struct {
	Site      string    `json:"site"`
	NativeID  string    `json:"native_id"`
	URL       string    `json:"url"`
	Poster    string    `json:"poster"`
	Kind      Kind      `json:"kind"`
	Side      string    `json:"side"` // supply, demand or other
	Lang      string    `json:"lang"`
	City      string    `json:"city"`
	Category  string    `json:"category"` // companions, bodywork, wanted, jobs, rooms, goods, vehicles, pets or community
	Title     string    `json:"title"`    // at Now, or when last up
	Phones    []string  `json:"phones,omitempty"`
	Emails    []string  `json:"emails,omitempty"`
	Handles   []string  `json:"handles,omitempty"` // platform:name
	Hubs      []string  `json:"hubs,omitempty"`    // those of Phones that are a booking service's
	PostedAt  time.Time `json:"posted_at"`
	RemovedAt time.Time `json:"removed_at,omitzero"`
	Versions  []Version `json:"versions"` // texts shown from Start to Now, in order; an A-B-A ad has three
	ByHand    bool      `json:"by_hand,omitempty"`
	Broken    string    `json:"broken,omitempty"` // what is wrong with its page: charset, cut
}

// A Version is one text of an ad, from then on.
type Version struct {
	From  time.Time `json:"from"`
	Title string    `json:"title"`
	Text  int       `json:"text"` // equal numbers are equal texts
}

// HubTruth is a booking service's number.
type HubTruth struct {
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Ads     int    `json:"ads"`     // in Truth.Ads that print it
	Posters int    `json:"posters"` // unrelated ones
}

// GroupTruth is one organised group.
type GroupTruth struct {
	ID     string   `json:"id"`
	Ads    int      `json:"ads"`    // visible at Now
	Phone  string   `json:"phone"`  // in use at Now
	Phones []string `json:"phones"` // all it has, the scheduled ones too
}

// Truth says what there was to find from Start to now.
func (t *Town) Truth(now time.Time) Truth {
	t.mu.RLock()
	defer t.mu.RUnlock()
	start, at := t.cfg.Start.Unix(), now.Unix()
	out := Truth{Start: t.cfg.Start, Now: now.UTC(), Ads: make([]AdTruth, 0, t.cfg.Ads)}
	printed, by := map[string]int{}, map[string]map[string]bool{}
	for i := range t.ads {
		e := &t.ads[i]
		if e.posted > at || e.removed != 0 && e.removed <= start {
			continue
		}
		a := t.truthOf(e, at)
		for _, h := range a.Hubs {
			if printed[h]++; by[h] == nil {
				by[h] = map[string]bool{}
			}
			by[h][a.Poster] = true
		}
		out.Ads = append(out.Ads, a)
	}
	slices.SortFunc(out.Ads, func(a, b AdTruth) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.NativeID, b.NativeID))
	})
	for _, h := range t.hubs {
		n := t.book.e164(h.phone)
		out.Hubs = append(out.Hubs, HubTruth{h.name, n, printed[n], len(by[n])})
	}
	out.Groups = t.groupsAt(at)
	return out
}

// Groups lists the organised groups as they are on the town's clock.
func (t *Town) Groups() []GroupTruth {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.groupsAt(t.now)
}

// Busiest is the group whose number in use now stands in the most ads that are
// up: a good first thing to look for.
func (t *Town) Busiest() GroupTruth {
	now := t.Now()
	carriers := map[string]int{}
	for _, a := range t.Truth(now).Ads {
		if a.RemovedAt.IsZero() {
			for _, p := range a.Phones {
				carriers[p]++
			}
		}
	}
	var best GroupTruth
	for _, g := range t.Groups() {
		if best.ID == "" || carriers[g.Phone] > carriers[best.Phone] {
			best = g
		}
	}
	return best
}

func (t *Town) groupsAt(at int64) []GroupTruth {
	up := make([]int, len(t.posters))
	for i := range t.ads {
		if t.ads[i].seenAt(at) {
			up[t.ads[i].poster]++
		}
	}
	out := make([]GroupTruth, 0, len(t.groups))
	for _, pi := range t.groups {
		p := &t.posters[pi]
		e := t.latest(pi, at)
		g := GroupTruth{ID: p.id, Ads: up[pi], Phone: t.book.e164(p.first + phone(p.epoch(int(e.seq))))}
		for k := range p.phones {
			g.Phones = append(g.Phones, t.book.e164(p.first+phone(k)))
		}
		out = append(out, g)
	}
	return out
}

func (t *Town) truthOf(e *entry, at int64) AdTruth {
	s, p := t.sites[e.site], &t.posters[e.poster]
	now := t.write(e, e.version(at), true)
	a := AdTruth{
		Site: s.name, NativeID: s.nativeID(e), URL: "http://" + s.host + t.path(s, e), Poster: p.id, Kind: p.kind, Side: p.kind.side(), Lang: p.lang,
		City: s.cities[e.city].name, Category: sections()[e.cat], Title: now.title, PostedAt: time.Unix(e.posted, 0).UTC(), ByHand: e.copy > 0,
	}
	switch {
	case now.charset:
		a.Broken = "charset"
	case now.cut:
		a.Broken = "cut"
	}
	c := p.contact(int(e.seq), int(e.copy))
	for _, n := range c.phones {
		a.Phones = append(a.Phones, t.book.e164(n))
	}
	if c.hub >= 0 {
		h := t.book.e164(t.hubs[c.hub].phone)
		a.Phones, a.Hubs = append(a.Phones, h), []string{h}
	}
	if c.handle >= 0 {
		a.Handles = []string{p.handleOf(c.handle).String()}
	}
	if c.email >= 0 {
		a.Emails = []string{p.emailOf(c.email)}
	}
	if e.removed != 0 && e.removed <= at {
		a.RemovedAt = time.Unix(e.removed, 0).UTC()
	}
	a.Versions = t.versions(e, at)
	return a
}

// versions lists the texts shown from Start to at.
func (t *Town) versions(e *entry, at int64) []Version {
	var out []Version
	from := max(e.posted, t.cfg.Start.Unix())
	if e.removed != 0 {
		at = min(at, e.removed-1)
	}
	for _, k := range []int64{from, e.edited, e.editedMore} {
		if k < from || k > at || k == from && len(out) > 0 {
			continue
		}
		n := e.version(k)
		out = append(out, Version{time.Unix(k, 0).UTC(), t.write(e, n, true).title, n})
	}
	return out
}
