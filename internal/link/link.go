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
// concurrent use.
type Linker struct {
	cfg      Config
	nodes    []node
	byID     map[adKey]int32
	values   []*value
	byVal    map[ad.Value]int32
	clusters map[founder]*cluster
}

type adKey [16]byte

// A founder names a cluster: the ad that founded it, and how many clusters of
// that name there were before, since a part that splits off may leave its name
// behind.
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
	ad.Value
	carriers []int32
	texts    texts
	others   map[int32]struct{} // values that stand beside it in some ad
	held     bool
	told     int // carriers when it was last told of as a hub
}

type cluster struct{ members []int32 }

// New returns a linker without ads.
func New(c Config) *Linker {
	return &Linker{cfg: c.withDefaults(), byID: map[adKey]int32{}, byVal: map[ad.Value]int32{}, clusters: map[founder]*cluster{}}
}

// Len is the number of ads.
func (l *Linker) Len() int { return len(l.nodes) }

// maxValues is how many values an ad may give to link by them. One that gives more
// is a directory, not somebody's ad, and would join all who stand in it.
const maxValues = 40

// Add joins one ad version to the clusters and returns what changed. Values of
// earlier versions of an ad go on counting. An ad that is alone has no cluster.
func (l *Linker) Add(a *ad.Ad) ad.LinkChange {
	ch := changes{l: l, touched: map[int32]struct{}{}}
	n := l.node(a.AdID)
	values := a.Values(l.cfg.Confidence)
	if len(values) > maxValues {
		return ad.LinkChange{V: ad.Schema}
	}
	for _, v := range values {
		l.know(n, v, a.Signature)
	}
	for _, i := range l.nodes[n].values {
		for _, o := range l.nodes[n].values {
			if o != i {
				l.values[i].others[o] = struct{}{}
			}
		}
	}
	for _, i := range l.nodes[n].values {
		l.consequences(n, l.values[i], &ch)
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
	l.clusters[founder{node: n}] = &cluster{members: []int32{n}}
	return n
}

func key(id string) (k adKey) {
	if _, err := hex.Decode(k[:], []byte(id)); err != nil || len(id) != 2*len(k) {
		copy(k[:], id) // not one of ad.ID's: any key will do as long as it is the same each time
	}
	return k
}

// know records that an ad gives a value.
func (l *Linker) know(n int32, v ad.Value, signature []uint64) {
	i, ok := l.byVal[v]
	if !ok {
		i = int32(len(l.values))
		l.values = append(l.values, &value{Value: v, others: map[int32]struct{}{}})
		l.byVal[v] = i
	}
	if slices.Contains(l.nodes[n].values, i) {
		return
	}
	l.nodes[n].values = append(l.nodes[n].values, i)
	x := l.values[i]
	x.carriers = append(x.carriers, n)
	x.texts.add(signature)
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
			l.join(x.carriers[0], c, ch)
		}
	case held && len(x.carriers) >= 2*x.told:
		ch.hub(x)
	case !held && len(x.carriers) > 1:
		l.join(x.carriers[0], n, ch)
	}
}

// join merges the clusters of two ads. The larger keeps its id; of two equally
// large ones the older.
func (l *Linker) join(a, b int32, ch *changes) {
	x, y := l.nodes[a].cluster, l.nodes[b].cluster
	if x == y {
		return
	}
	if nx, ny := len(l.clusters[x].members), len(l.clusters[y].members); ny > nx || ny == nx && y.node < x.node {
		x, y = y, x
	}
	into, from := l.clusters[x], l.clusters[y]
	if len(into.members) == 1 {
		ch.touch(into.members[0])
	}
	for _, m := range from.members {
		ch.touch(m)
		l.nodes[m].cluster = x
	}
	into.members = append(into.members, from.members...)
	delete(l.clusters, y)
}

// withdraw takes back what a value held together: every cluster with one of its
// carriers is put together again without it.
func (l *Linker) withdraw(x *value, ch *changes) {
	done := map[founder]bool{}
	for _, c := range x.carriers {
		if f := l.nodes[c].cluster; !done[f] {
			for _, part := range l.split(f, ch) {
				done[part] = true
			}
		}
	}
}

// split finds the parts of a cluster that hold together by values that are not
// hubs. The largest part keeps the id, of equally large ones the oldest.
func (l *Linker) split(f founder, ch *changes) (names []founder) {
	members := l.clusters[f].members
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
		l.clusters[name] = &cluster{members: p}
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
					if inside[c] && !seen[c] {
						seen[c] = true
						part = append(part, c)
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
	if len(l.clusters[f].members) < 2 {
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
	for _, v := range l.values {
		if v.held {
			out.Hubs = append(out.Hubs, l.asHub(v))
		}
	}
	return out
}

// changes collects what one ad changed.
type changes struct {
	l       *Linker
	touched map[int32]struct{}
	hubs    []*value
}

func (c *changes) touch(n int32) {
	c.touched[n] = struct{}{}
}

func (c *changes) hub(v *value) {
	v.told = len(v.carriers)
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
