// Package link joins ads into clusters through the values they share: numbers,
// e-mail addresses and handles. Ads come in, in the order of their stream;
// changes of clusters and of hubs come out. A value that too many unlike posters
// share is a hub and joins nothing; when a value turns out to be one, what it
// held together falls apart again.
//
// The partition depends on the set of ads and not on their order, and the state
// on the ads read so far alone, so that it can be rebuilt by reading them again.
// It performs no input or output and reads no clock.
package link

import (
	"cmp"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/ad"
)

// Version names the rules of this package. When it changes, clusters must be
// published anew.
const Version = "3"

// Config holds the limits. The zero value means the defaults.
type Config struct {
	Confidence float64 `yaml:"confidence"` // of a number, below which it does not link; 0.5
	HubAds     int     `yaml:"hub_ads"`    // ads that a value must have to be a hub; 12
	HubTexts   float64 `yaml:"hub_texts"`  // and the effective number of unlike texts among them; 8
	HubMixed   float64 `yaml:"hub_mixed"`  // or this many unlike texts, 4,
	HubOthers  int     `yaml:"hub_others"` // together with this many other values in its ads; 7
}

func (c Config) withDefaults() Config {
	c.Confidence = cmp.Or(c.Confidence, 0.5)
	c.HubAds = cmp.Or(c.HubAds, 12)
	c.HubTexts = cmp.Or(c.HubTexts, 8)
	c.HubMixed = cmp.Or(c.HubMixed, 4)
	c.HubOthers = cmp.Or(c.HubOthers, 7)
	return c
}

// A Linker holds the clusters of the ads it was given. It is not safe for
// concurrent use. It is made to be small, for all ads have a part in it: what is
// counted of a value to tell a hub is counted only once many ads carry it.
type Linker struct {
	cfg        Config
	nodes      []node
	byID       map[adKey]int32
	values     []value
	byName     map[string]int32
	signatures [][]uint32 // in blocks, so that they need not be copied to grow
	clusters   map[founder][]int32
	decided    map[int32]uint64 // of ads about which something was decided, the newest
	lookup     []byte           // a name being looked up
}

type adKey [16]byte

// A founder names a cluster: the ad that founded it, and how many clusters of
// that name there were before, since a part that splits off may leave its name
// behind. An ad that was never with another is its own founder, and its cluster
// is not kept.
type founder struct {
	node int32
	gen  int32
}

type node struct {
	id      adKey
	cluster founder // of its cluster, itself when alone
	values  []int32 // that it carries
}

type value struct {
	name     string // kind, NUL, value
	carriers []carrier
	crowd    *crowd // nil as long as there are fewer ads than a hub has
	held     bool
	told     int32 // carriers when it was last told of as a hub
}

// A carrier is an ad that gives a value, and where the signature stands of the
// version that gave it first.
type carrier struct {
	node      int32
	signature place
}

// A place is a block, and where in it a signature stands after its length.
type place uint32

const blockBits = 16

func (v *value) value() ad.Value {
	kind, s, _ := strings.Cut(v.name, "\x00")
	return ad.Value{Kind: kind, Value: s}
}

// New returns a linker without ads.
func New(c Config) *Linker {
	return &Linker{cfg: c.withDefaults(), byID: map[adKey]int32{}, byName: map[string]int32{}, clusters: map[founder][]int32{}, decided: map[int32]uint64{}}
}

// Len is the number of ads.
func (l *Linker) Len() int { return len(l.nodes) }

// maxValues is how many values an ad may give to link by them. One that gives more
// is a directory, not somebody's ad, and would join all who stand in it.
const maxValues = 40

// Add joins one ad version to the clusters and returns what changed. Values of
// earlier versions of an ad go on counting, unless this one knew of a decision
// about the ad that they did not. An ad that is alone has no cluster.
func (l *Linker) Add(a *ad.Ad) ad.LinkChange {
	ch := changes{l: l, touched: map[int32]struct{}{}}
	n := l.node(a.AdID)
	values := a.Values(l.cfg.Confidence)
	directory := len(values) > maxValues
	if directory {
		values = nil
	}
	if !l.decide(n, a.Decided, values, &ch) || directory {
		return ch.result()
	}
	l.learn(n, values, a.Signature)
	for _, i := range l.nodes[n].values {
		l.consequences(n, &l.values[i], &ch)
	}
	return ch.result()
}

func (l *Linker) node(id string) int32 {
	k := key(id)
	if n, ok := l.byID[k]; ok {
		return n
	}
	n := int32(len(l.nodes))
	l.nodes = append(l.nodes, node{id: k, cluster: founder{node: n}})
	l.byID[k] = n
	return n
}

func key(id string) (k adKey) {
	if _, err := hex.Decode(k[:], []byte(id)); err != nil || len(id) != 2*len(k) {
		copy(k[:], id) // not one of ad.ID's: any key will do as long as it is the same each time
	}
	return k
}

// learn records that an ad gives values.
func (l *Linker) learn(n int32, values []ad.Value, signature []uint64) {
	var at place
	kept := false
	fresh := len(l.nodes[n].values)
	for _, v := range values {
		i := l.value(v)
		if slices.Contains(l.nodes[n].values, i) {
			continue
		}
		if !kept {
			at, kept = l.keep(signature), true
		}
		l.nodes[n].values = append(l.nodes[n].values, i)
		x := &l.values[i]
		x.carriers = append(x.carriers, carrier{n, at})
	}
	for k, i := range l.nodes[n].values {
		x := &l.values[i]
		switch {
		case x.crowd != nil:
			if k >= fresh {
				x.crowd.add(l.signature(x.carriers[len(x.carriers)-1]))
			}
			if fresh < len(l.nodes[n].values) {
				l.beside(i, n)
			}
		case len(x.carriers) >= l.cfg.HubAds:
			l.gather(i)
		}
	}
}

// value returns the number of a value, new or known.
func (l *Linker) value(v ad.Value) int32 {
	l.lookup = append(append(append(l.lookup[:0], v.Kind...), 0), v.Value...)
	i, ok := l.byName[string(l.lookup)]
	if !ok {
		i = int32(len(l.values))
		l.values = append(l.values, value{name: string(l.lookup)})
		l.byName[l.values[i].name] = i
	}
	return i
}

// keep stores a signature. Half of each min-hash tells texts apart well enough.
func (l *Linker) keep(signature []uint64) place {
	signature = signature[:min(len(signature), 1<<blockBits-1)]
	last := len(l.signatures) - 1
	if last < 0 || len(l.signatures[last])+1+len(signature) > 1<<blockBits {
		l.signatures = append(l.signatures, make([]uint32, 0, 1<<blockBits))
		last++
	}
	at := place(last<<blockBits | len(l.signatures[last]))
	block := append(l.signatures[last], uint32(len(signature)))
	for _, h := range signature {
		block = append(block, uint32(h))
	}
	l.signatures[last] = block
	return at
}

func (l *Linker) signature(c carrier) []uint32 {
	block := l.signatures[c.signature>>blockBits][c.signature&(1<<blockBits-1):]
	return block[1 : 1+block[0]]
}

// consequences joins an ad to the others that give a value, unless it is a hub,
// or has just become one.
func (l *Linker) consequences(n int32, x *value, ch *changes) {
	held := l.hub(x)
	switch {
	case held && !x.held:
		x.held = true
		ch.hub(x)
		l.withdraw(x, ch)
	case !held && x.held:
		x.held = false
		ch.hub(x)
		for _, c := range x.carriers[1:] {
			l.join(x.carriers[0].node, c.node, ch)
		}
	case held && len(x.carriers) >= 2*int(x.told):
		ch.hub(x)
	case !held && len(x.carriers) > 1:
		l.join(x.carriers[0].node, n, ch)
	}
}

// join merges the clusters of two ads. The larger keeps its id; of two equally
// large ones the older.
func (l *Linker) join(a, b int32, ch *changes) {
	x, y := l.nodes[a].cluster, l.nodes[b].cluster
	if x == y {
		return
	}
	if nx, ny := l.size(x), l.size(y); ny > nx || ny == nx && y.node < x.node {
		x, y = y, x
	}
	into, from := l.members(x), l.members(y)
	if len(into) == 1 {
		ch.touch(into[0])
	}
	for _, m := range from {
		ch.touch(m)
		l.nodes[m].cluster = x
	}
	l.clusters[x] = append(into, from...)
	delete(l.clusters, y)
}

// members are the ads of a cluster.
func (l *Linker) members(f founder) []int32 {
	if m, ok := l.clusters[f]; ok {
		return m
	}
	return []int32{f.node}
}

func (l *Linker) size(f founder) int { return max(len(l.clusters[f]), 1) }

// withdraw takes back what a value held together: every cluster with one of its
// carriers is put together again without it.
func (l *Linker) withdraw(x *value, ch *changes) {
	done := map[founder]bool{}
	for _, c := range x.carriers {
		if f := l.nodes[c.node].cluster; !done[f] {
			for _, part := range l.split(f, ch) {
				done[part] = true
			}
		}
	}
}

// split finds the parts of a cluster that hold together by values that are not
// hubs. The largest part keeps the id, of equally large ones the oldest.
func (l *Linker) split(f founder, ch *changes) (names []founder) {
	members := l.members(f)
	parts := l.components(members)
	if len(parts) == 1 {
		return []founder{f}
	}
	slices.SortFunc(parts, func(a, b []int32) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(slices.Min(a), slices.Min(b)))
	})
	for _, m := range members {
		ch.touch(m)
	}
	for i, p := range parts {
		name := f
		if i > 0 {
			name = l.freeName(slices.Min(p))
		}
		for _, m := range p {
			l.nodes[m].cluster = name
		}
		l.clusters[name] = p
		if len(p) == 1 && name == (founder{node: p[0]}) {
			delete(l.clusters, name)
		}
		names = append(names, name)
	}
	return names
}

func (l *Linker) freeName(n int32) founder {
	f := founder{node: n}
	for l.clusters[f] != nil {
		f.gen++
	}
	return f
}

// components finds the parts of a cluster that values other than hubs hold
// together. An ad that is being added may already share a value with ads of
// another cluster; they are joined in their turn, not here.
func (l *Linker) components(members []int32) [][]int32 {
	seen := make(map[int32]bool, len(members))
	inside := make(map[int32]bool, len(members))
	for _, m := range members {
		inside[m] = true
	}
	var parts [][]int32
	for _, m := range members {
		if seen[m] {
			continue
		}
		seen[m] = true
		part := []int32{m}
		for i := 0; i < len(part); i++ {
			for _, v := range l.nodes[part[i]].values {
				if l.values[v].held {
					continue
				}
				for _, c := range l.values[v].carriers {
					if inside[c.node] && !seen[c.node] {
						seen[c.node] = true
						part = append(part, c.node)
					}
				}
			}
		}
		parts = append(parts, part)
	}
	return parts
}

// name is the id of the cluster of a node, "" when it is alone.
func (l *Linker) name(n int32) string {
	f := l.nodes[n].cluster
	if l.size(f) < 2 {
		return ""
	}
	id := hex.EncodeToString(l.nodes[f.node].id[:])
	if f.gen > 0 {
		id += "/" + strconv.Itoa(int(f.gen))
	}
	return ad.ClusterID(id)
}

// Snapshot returns the whole state as one change: every ad with its cluster,
// every hub.
func (l *Linker) Snapshot() ad.LinkChange {
	out := ad.LinkChange{V: ad.Schema}
	for n := range l.nodes {
		out.Moves = append(out.Moves, ad.Move{AdID: hex.EncodeToString(l.nodes[n].id[:]), Cluster: l.name(int32(n))})
	}
	for i := range l.values {
		if v := &l.values[i]; v.held {
			out.Hubs = append(out.Hubs, l.asHub(v))
		}
	}
	return out
}

// Diff returns what has to be told after ads were taken out, so that whoever
// followed before, a linker with them, comes to hold what after does, one that was
// given the ads that are left: ads that are in another cluster now, or in none,
// and hubs that are different or no longer any. Gone are the former hubs that no
// ad is left to give: they are to be forgotten, not told of.
func Diff(before, after *Linker) (ch ad.LinkChange, gone []ad.Value) {
	ch.V = ad.Schema
	for n := range after.nodes {
		id, now := after.nodes[n].id, after.name(int32(n))
		old, known := before.byID[id]
		if !known || before.name(old) != now {
			ch.Moves = append(ch.Moves, ad.Move{AdID: hex.EncodeToString(id[:]), Cluster: now})
		}
	}
	for i := range before.values {
		v := &before.values[i]
		now, known := after.byName[v.name]
		switch {
		case !known && v.told > 0:
			gone = append(gone, v.value())
		case known && (v.told > 0 || after.values[now].held):
			if h := after.asHub(&after.values[now]); h != before.asHub(v) {
				ch.Hubs = append(ch.Hubs, h)
			}
		}
	}
	return ch, gone
}

// changes collects what one ad changed.
type changes struct {
	l       *Linker
	touched map[int32]struct{}
	hubs    []*value // good until the linker gets another ad
}

func (c *changes) touch(n int32) {
	c.touched[n] = struct{}{}
}

func (c *changes) hub(v *value) {
	v.told = int32(len(v.carriers))
	c.hubs = append(c.hubs, v)
}

func (c *changes) result() ad.LinkChange {
	out := ad.LinkChange{V: ad.Schema}
	for _, n := range slices.Sorted(maps.Keys(c.touched)) {
		out.Moves = append(out.Moves, ad.Move{AdID: hex.EncodeToString(c.l.nodes[n].id[:]), Cluster: c.l.name(n)})
	}
	for _, v := range c.hubs {
		out.Hubs = append(out.Hubs, c.l.asHub(v))
	}
	return out
}
