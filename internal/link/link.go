// Package link keeps the clusters of a stream of ads. Ads come in, in the order of
// their stream; changes of clusters and of hubs come out, each with the evidence
// that it rests on. An arriving ad gets a place at once; who is behind all ads is
// found by package weigh in rounds that run beside the stream, and what differs
// from what was told is told then.
//
// After a round the partition is a function of the set of ads and of the decisions
// of people, not of the order in which they came. The names of clusters depend on
// their history: a cluster takes the name of the one with which it shares most ads.
// The package performs no input or output and reads no clock.
package link

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
)

// Version names the rules of this package. When it changes, clusters must be
// published anew.
const Version = "7"

// Config holds the limits. The zero value means the defaults.
type Config struct {
	Confidence float64 `yaml:"confidence"` // of a number, below which it does not link; 0.5
	ShareFrom  int     `yaml:"share_from"` // texts from which on a round is shared with processes that stand by; 5,000, less than 0 never
}

// A Linker holds the clusters of the ads it was given. It is not safe for
// concurrent use; only a Round may be solved beside it.
type Linker struct {
	cfg      Config
	s        *weigh.Stream
	readings []reading // of ads, by number
	at       []place   // of ads: as it was told, or will be with the next change
	clusters []cluster
	byName   map[string]int32
	hubs     map[ad.Value]ad.Hub // as told
	moved    []int32             // ads that were placed since the last round began
	changed  int                 // ads and decisions since the last round began
	anew     bool                // everything is to be told
	changes  *changes            // that are not written yet; nil when nobody writes them
	outdated int64               // bytes of the written state that later ones took the place of
}

// A reading says which of several readings of an ad were taken in.
type reading struct {
	decided uint64 // decisions that it knew of
	content uint64 // of the reading whose text counts
	length  int32  // of that text
	day     int32  // the earliest
}

// A place is where an ad stands: its cluster, and what joins it to the tree there.
type place struct {
	cluster, by, value int32 // -1 for none
	kind               uint8
	bridge             bool
}

var nowhere = place{cluster: -1, by: -1, value: -1}

type cluster struct {
	name string
	size int32
}

// kinds of evidence, as edges name them.
var kinds = []string{"", "phone", "email", "handle", "picture", "text", "decision"}

func kindOf(name string) uint8 { return uint8(max(0, slices.Index(kinds, name))) }

// New returns a linker without ads.
func New(c Config) *Linker {
	c.Confidence = cmp.Or(c.Confidence, 0.5)
	return &Linker{cfg: c, s: weigh.NewStream(), byName: map[string]int32{}, hubs: map[ad.Value]ad.Hub{}}
}

// Len is the number of ads.
func (l *Linker) Len() int { return l.s.Len() }

// maxValues is how many values an ad may give to link by them. One that gives more
// is a directory, not somebody's ad.
const maxValues = 40

// Add takes one reading of an ad and says where the ad belongs, until a round tells
// better. All readings of an ad that knew the newest decision about it count: what
// any of them gives, the longest text, and the earliest time. An ad that is alone
// has no cluster.
func (l *Linker) Add(a *ad.Ad) ad.LinkChange {
	ch := ad.LinkChange{V: ad.Schema}
	if n, changed := l.Read(a); changed && l.at[n].cluster < 0 {
		l.place(n, &ch)
	}
	return ch
}

// Read takes one reading of an ad without saying where it belongs.
func (l *Linker) Read(a *ad.Ad) (n int32, changed bool) {
	now, r := l.asRead(a)
	n, known := l.s.Number(a.AdID)
	if !known || int(n) >= len(l.at) { // or one that the program failed over before it was noted here
		n = l.s.Put(now)
		for int(n) >= len(l.at) {
			l.readings, l.at = append(l.readings, reading{}), append(l.at, nowhere)
		}
		l.readings[n] = r
		return l.read(n), true
	}
	old := l.readings[n]
	switch {
	case r.decided < old.decided:
		return n, false
	case r.decided > old.decided:
		l.readings[n] = r
		l.s.Put(now)
		return l.read(n), true
	}
	given := len(now.Phones) + len(now.Emails) + len(now.Handles)
	both := 0
	l.s.Values(n, func(kind, name string) {
		list := listOf(&now, kind)
		if slices.Contains(*list, name) {
			both++
			return
		}
		*list = append(*list, name)
	})
	more := both < given
	text := cmp.Or(cmp.Compare(r.length, old.length), cmp.Compare(r.content, old.content)) > 0
	if !more && !text && r.day >= old.day {
		return n, false
	}
	for _, list := range []*[]string{&now.Phones, &now.Emails, &now.Handles} {
		slices.Sort(*list)
	}
	best := old
	if text {
		best = r
	}
	best.day = min(r.day, old.day)
	now.At = time.Unix(int64(best.day)*86400, 0)
	l.readings[n] = best
	if text {
		l.s.Put(now)
	} else {
		l.s.Give(n, now)
	}
	return l.read(n), true
}

// read notes that an ad is new, or other than it was.
func (l *Linker) read(n int32) int32 {
	l.changed++
	if l.changes != nil {
		l.changes.ads = append(l.changes.ads, n)
	}
	return n
}

func listOf(a *weigh.Ad, kind string) *[]string {
	switch kind {
	case "phone":
		return &a.Phones
	case "email":
		return &a.Emails
	}
	return &a.Handles
}

// asRead is an ad as linking reads it. Days do, for what was seen within minutes
// must not depend on who came first; and its whole text and all that it gives, for
// what is the site's own is learned from all ads of a round, while what an ad says of
// it depends on when it was read.
func (l *Linker) asRead(a *ad.Ad) (weigh.Ad, reading) {
	at := a.PostedAt
	if at.IsZero() {
		at = a.SeenAt
	}
	r := reading{decided: a.Decided, length: int32(len(a.Title) + len(a.Body)), day: int32(at.Unix() / 86400)}
	if sum, err := hex.DecodeString(a.ContentSHA256); err == nil && len(sum) >= 8 {
		r.content = binary.BigEndian.Uint64(sum)
	}
	w := weigh.Ad{ID: a.AdID, At: time.Unix(int64(r.day)*86400, 0), Site: a.Site, Title: a.Title, Body: a.Body}
	if len(a.Places) > 0 {
		w.City = a.Places[0].City
	}
	values := a.ValuesRead(l.cfg.Confidence)
	if len(values) > maxValues {
		return w, r
	}
	for _, v := range values {
		list := listOf(&w, v.Kind)
		*list = append(*list, v.Value)
	}
	if weigh.Directory(len(w.Phones)) {
		w.Phones = nil
	}
	for _, list := range []*[]string{&w.Phones, &w.Emails, &w.Handles} {
		slices.Sort(*list) // whichever reading came first
	}
	return w, r
}

// alone is where the numbers of owners begin who have one ad and no cluster.
const alone = 1 << 30

func (l *Linker) owner(n int32) int32 {
	if c := l.at[n].cluster; c >= 0 {
		return c
	}
	return alone + n
}

// place gives an ad a place for now.
func (l *Linker) place(n int32, ch *ad.LinkChange) {
	l.moved = append(l.moved, n)
	w, ok := l.s.Place(n, l.owner)
	if !ok {
		return
	}
	p := place{cluster: l.at[w.Ad].cluster, by: w.Ad, value: w.Value}
	if p.cluster < 0 {
		p.cluster = l.found(w.Ad)
		l.put(w.Ad, place{cluster: p.cluster, by: -1, value: -1})
		l.moved = append(l.moved, w.Ad)
		ch.Moves = append(ch.Moves, l.move(w.Ad, weigh.Twig{Ad: -1}, "", "", ""))
	}
	kind, name, reason := l.s.Say(w)
	p.kind = kindOf(kind)
	l.put(n, p)
	ch.Moves = append(ch.Moves, l.move(n, w, kind, name, reason))
}

// found founds a cluster that is named by an ad.
func (l *Linker) found(n int32) int32 {
	id := l.s.ID(n)
	name := ad.ClusterID(id)
	for gen := 1; ; gen++ {
		if _, taken := l.byName[name]; !taken {
			return l.cluster(name)
		}
		name = ad.ClusterID(id + "/" + strconv.Itoa(gen))
	}
}

// cluster is the number of a cluster by its name.
func (l *Linker) cluster(name string) int32 {
	c, ok := l.byName[name]
	if !ok {
		c = int32(len(l.clusters))
		l.clusters = append(l.clusters, cluster{name: name})
		l.byName[name] = c
	}
	return c
}

func (l *Linker) put(n int32, p place) {
	if l.changes != nil && l.at[n] != nowhere {
		l.outdated += l.placeSize(n)
	}
	if c := l.at[n].cluster; c >= 0 {
		l.clusters[c].size--
	}
	if p.cluster >= 0 {
		l.clusters[p.cluster].size++
	}
	l.at[n] = p
	if l.changes != nil {
		l.changes.places = append(l.changes.places, n)
	}
}

// tellOf keeps what is told of a hub.
func (l *Linker) tellOf(h ad.Hub) {
	l.hubs[h.Value] = h
	if l.changes != nil {
		l.changes.hubs = append(l.changes.hubs, h.Value)
	}
}

// move tells where an ad stands.
func (l *Linker) move(n int32, w weigh.Twig, kind, name, reason string) ad.Move {
	m := ad.Move{AdID: l.s.ID(n), Cluster: l.name(n)}
	if w.Ad >= 0 {
		m.By = &ad.Edge{A: m.AdID, B: l.s.ID(w.Ad), Value: ad.Value{Kind: kind, Value: name}, Weight: rounded(w.Bits), Reason: reason, Bridge: w.Bridge}
	}
	return m
}

func rounded(bits float64) float64 { return float64(int(bits*10+.5)) / 10 }

// name is the id of the cluster of an ad, "" when it is alone.
func (l *Linker) name(n int32) string {
	if c := l.at[n].cluster; c >= 0 {
		return l.clusters[c].name
	}
	return ""
}

// Recall takes in a change that was told before this linker began. The ads are
// there already.
func (l *Linker) Recall(ch ad.LinkChange) {
	for _, m := range ch.Moves {
		p := nowhere
		if m.Cluster != "" {
			p.cluster = l.cluster(m.Cluster)
		}
		n, ok := l.s.Number(m.AdID)
		if !ok {
			continue
		}
		if m.By != nil {
			if by, ok := l.s.Number(m.By.B); ok {
				p.by, p.kind, p.bridge = by, kindOf(m.By.Value.Kind), m.By.Bridge
				p.value = l.s.ValueNumber(m.By.Value.Kind, m.By.Value.Value)
			}
		}
		l.put(n, p)
	}
	for _, h := range ch.Hubs {
		l.tellOf(h)
	}
	for _, d := range ch.Lineage { // their names are taken
		l.cluster(d.From)
		l.cluster(d.Into)
	}
}

// TellAnew has the next round tell of everything, and not of differences alone.
func (l *Linker) TellAnew() { l.anew = true }

// Decide has decisions of people hold from the next round on.
func (l *Linker) Decide(d *weigh.Decisions) {
	l.s.Decide(d.Ready())
	l.changed++
}

// Changed is how many ads and decisions have come since the last round began.
func (l *Linker) Changed() int { return l.changed }

// Snapshot returns the whole state as one change: every ad with its cluster, every
// hub.
func (l *Linker) Snapshot() ad.LinkChange {
	out := ad.LinkChange{V: ad.Schema}
	for n := range l.at {
		out.Moves = append(out.Moves, ad.Move{AdID: l.s.ID(int32(n)), Cluster: l.name(int32(n))})
	}
	for _, h := range l.hubs {
		if h.Held {
			out.Hubs = append(out.Hubs, h)
		}
	}
	slices.SortFunc(out.Hubs, func(a, b ad.Hub) int { return cmp.Compare(a.Value.Value, b.Value.Value) })
	return out
}

// Solve begins a round, solves it, and returns all that it changes at once.
func (l *Linker) Solve(now time.Time) ad.LinkChange {
	r := l.Begin()
	r.Solve()
	out := ad.LinkChange{V: ad.Schema}
	for more := true; more; {
		var ch ad.LinkChange
		ch, more = l.Tell(r, now, l.Len()+1)
		out.Moves, out.Hubs, out.Lineage = append(out.Moves, ch.Moves...), append(out.Hubs, ch.Hubs...), append(out.Lineage, ch.Lineage...)
	}
	return out
}
