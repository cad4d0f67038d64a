package alert

import (
	"slices"
	"sync"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
)

// RecentAds is how many ads a Raiser remembers for subscriptions that come just
// after them.
const RecentAds = 4096

// A Raiser is Match with a memory of two kinds: alerts that exist already are not
// raised again, and the newest ads are kept for subscriptions that were made
// while those ads were on their way into the index. It may be used by many
// goroutines at once.
type Raiser struct {
	subs Subscriptions
	find *Finder   // nil when there are no searches
	told Corrected // nil when nothing is corrected
	seen func(alert string) bool
	now  func() time.Time

	mu     sync.Mutex
	recent [RecentAds]*ad.Ad // a ring, without bodies; what is in it is not changed
	next   int
}

// Corrected knows what people decided about how ads are read. A reading that knew
// fewer decisions raises nothing: the ad is read again, and that reading does.
type Corrected interface {
	Corrections() *casework.Corrections
}

// NewRaiser makes a Raiser. seen tells whether an alert is stored already
// (Inbox.Seen); now is the clock, time.Now when nil. Where subs is Searching, too,
// saved searches are matched; where it is Corrected, readings that knew too little
// are left out.
func NewRaiser(subs Subscriptions, seen func(alert string) bool, now func() time.Time) *Raiser {
	if now == nil {
		now = time.Now
	}
	r := &Raiser{subs: subs, seen: seen, now: now}
	if s, ok := subs.(Searching); ok {
		r.find = NewFinder(s)
	}
	r.told, _ = subs.(Corrected)
	return r
}

// stale reports whether an ad was read by fewer decisions than there are.
func (r *Raiser) stale(a *ad.Ad) bool {
	if r.told == nil {
		return false
	}
	_, newest := r.told.Corrections().Of(a.AdID)
	return a.Decided < newest
}

// Raise returns the alerts to store for an ad.
func (r *Raiser) Raise(a ad.Ad) []ad.Alert {
	// Remember first, match second, and the other way round in Late (the
	// subscription is active before it is called): whichever comes first, one of
	// the two sees the other.
	r.remember(a)
	if r.stale(&a) {
		return nil
	}
	out := Match(a, r.subs, r.now())
	if r.find != nil {
		d := Arriving(a)
		for _, s := range r.find.Find(&d) {
			out = append(out, raiseSearch(&d, &s, r.now())...)
		}
	}
	return r.unseen(out)
}

// CheckSearch returns the alerts to store for a saved search and documents that
// match it, found in the index some time after its alert was made.
func (r *Raiser) CheckSearch(s casework.Saved, docs []ad.Document) []ad.Alert {
	var out []ad.Alert
	if !s.Deleted.IsZero() {
		return nil
	}
	for i := range docs {
		if !r.stale(&docs[i].Ad) {
			out = append(out, raiseSearch(&docs[i], &s, r.now())...)
		}
	}
	return r.unseen(out)
}

// Late returns the alerts to store for a subscription that has just become
// active: those of the newest ads that its Known list does not name. An ad that
// passed Raise before the subscription was active, but was not in the index when
// the Known list was made, would otherwise tell nobody.
func (r *Raiser) Late(s ad.Subscription) []ad.Alert { return r.LateAll([]ad.Subscription{s}) }

// LateAll is Late for many subscriptions at once.
func (r *Raiser) LateAll(subs []ad.Subscription) []ad.Alert {
	of := make(map[ad.Value][]*ad.Subscription, len(subs))
	for i := range subs {
		of[subs[i].Value] = append(of[subs[i].Value], &subs[i])
	}
	var out []ad.Alert
	for _, a := range r.remembered() {
		if r.stale(a) {
			continue
		}
		for _, v := range a.Values(Floor) {
			for _, s := range of[v] {
				if one, ok := raise(a, v, s, r.now()); ok {
					out = append(out, one)
				}
			}
		}
	}
	return r.unseen(out)
}

// Check returns the alerts to store for one subscription and ads found in some
// other way, such as in the index some time after the subscription was made or at
// a start: what a crash between the two kept from being told.
func (r *Raiser) Check(s ad.Subscription, ads []ad.Ad) []ad.Alert {
	var out []ad.Alert
	for _, a := range ads {
		if r.stale(&a) || !slices.Contains(a.Values(Floor), s.Value) {
			continue
		}
		if one, ok := raise(&a, s.Value, &s, r.now()); ok {
			out = append(out, one)
		}
	}
	return r.unseen(out)
}

// Forget drops erased ads from the memory. The caller sees to it that they are not
// raised again.
func (r *Raiser) Forget(adIDs []string) {
	erased := make(map[string]bool, len(adIDs))
	for _, id := range adIDs {
		erased[id] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.recent {
		if a := r.recent[i]; a != nil && erased[a.AdID] {
			r.recent[i] = nil
		}
	}
}

// unseen leaves out alerts that exist, and all but the first of equal ids.
func (r *Raiser) unseen(alerts []ad.Alert) []ad.Alert {
	var out []ad.Alert
	taken := make(map[string]bool, len(alerts))
	for _, one := range alerts {
		if taken[one.ID] || r.seen(one.ID) {
			continue
		}
		taken[one.ID] = true
		out = append(out, one)
	}
	return out
}

func (r *Raiser) remember(a ad.Ad) {
	if a.Decided > 0 { // what was read of it before no longer counts
		r.supersede(a)
	}
	values := a.Values(Floor)
	if len(values) == 0 {
		return
	}
	slim := &ad.Ad{Listing: ad.Listing{
		AdID: a.AdID, VersionID: a.VersionID, Title: a.Title, Site: a.Site, SeenAt: a.SeenAt,
	}, Decided: a.Decided}
	for _, p := range a.Phones {
		slim.Phones = append(slim.Phones, ad.Phone{E164: p.E164, Text: p.Text, Confidence: p.Confidence})
	}
	for _, i := range a.Identifiers {
		slim.Identifiers = append(slim.Identifiers, ad.Identifier{Kind: i.Kind, Value: i.Value, Text: i.Text, Confidence: i.Confidence})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recent[r.next] = slim
	r.next = (r.next + 1) % RecentAds
}

// supersede drops from the memory the readings of an ad that knew fewer decisions
// about it.
func (r *Raiser) supersede(a ad.Ad) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.recent {
		if x := r.recent[i]; x != nil && x.AdID == a.AdID && x.Decided < a.Decided {
			r.recent[i] = nil
		}
	}
}

// remembered returns the remembered ads, oldest first.
func (r *Raiser) remembered() []*ad.Ad {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*ad.Ad, 0, RecentAds)
	for i := range r.recent {
		if a := r.recent[(r.next+i)%RecentAds]; a != nil {
			out = append(out, a)
		}
	}
	return out
}
