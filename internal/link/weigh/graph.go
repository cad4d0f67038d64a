package weigh

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"vigil.example/internal/ad"
)

// A Graph is what holds ads together: ads, and the numbers, addresses, handles,
// pictures and texts that they have. Nodes and links are in an order that the set
// of ads decides.
type Graph struct {
	Nodes []Node
	Links []Link
}

// A Node is an ad or what ads share.
type Node struct {
	ID      string // "ad:…", "phone:…", "text:…"
	Kind    string // ad, phone, email, handle, picture or text
	Label   string
	Cluster string // id of the oldest ad; of values that several clusters share: empty
	At      time.Time
	Site    string
	City    string
}

// A Link says that an ad has a value or a text, or, of kind edited, that two ads are
// made from one text that edits took apart.
type Link struct {
	From, To string // ids of nodes
	Kind     string
	Weight   float64 // bits of evidence
	Reason   string
}

// Graph gives the graph of the cluster that an ad is in; "" asks for all clusters
// of more than one ad. Values that are held back as hubs are no part of it.
func (p *Partition) Graph(id string) (Graph, error) {
	l, o := p.o.l, p.o
	only := -1
	if id != "" {
		at := slices.IndexFunc(l.ads, func(r record) bool { return r.id == id })
		if at < 0 {
			return Graph{}, fmt.Errorf("export the cluster of ad %s: %w in the file", id, ad.ErrNotFound)
		}
		only = p.Clusters[at]
	}
	size := map[int]int{}
	for _, c := range p.Clusters {
		size[c]++
	}
	in := func(i int32) bool {
		c := p.Clusters[i]
		return c == only || only < 0 && size[c] > 1
	}
	b := builder{p: p, seen: map[string]int{}}
	sites, cities := byNumber(l.sites), byNumber(l.cities)
	texts := map[int32][]int32{}
	for _, i := range o.order {
		if !in(i) {
			continue
		}
		a := &l.ads[i]
		b.g.Nodes = append(b.g.Nodes, Node{"ad:" + a.id, "ad", a.id, b.cluster(i), moment(a.at), sites[a.site], cities[a.city]})
		texts[a.unit] = append(texts[a.unit], i)
	}
	all := len(size)
	owned := o.owned()
	for k := range o.periods {
		q := &o.periods[k]
		sides := o.sides(*q, nil)
		if o.worth(*q, o.users(*q, sides, owned)) == 0 {
			continue
		}
		n := max(len(sides), owned[q.value])
		var ads []int32
		for _, i := range q.ads {
			if in(i) {
				ads = append(ads, i)
			}
		}
		label := q.name(l)
		if q.kind == picture {
			label = fmt.Sprint(int(q.value) - len(l.value))
		}
		b.share(q.kind.String(), label, ads, math.Log2(float64(all+1)/float64(n)), use(n, all))
	}
	for _, u := range slices.Sorted(maps.Keys(texts)) {
		b.share("text", l.ads[texts[u][0]].id, texts[u], textBits, "ads made from one text")
	}
	for _, x := range o.bonds {
		if in(x.a) && in(x.b) && p.Clusters[x.a] == p.Clusters[x.b] {
			b.g.Links = append(b.g.Links, Link{"ad:" + l.ads[x.a].id, "ad:" + l.ads[x.b].id, "edited", math.Round(100*float64(x.bits)/pairReach) / 100, "one text, edited heavily"})
		}
	}
	return b.g, nil
}

// moment is a time, the zero one for ads without any.
func moment(at int64) time.Time {
	if at == undated {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
}

func byNumber(m map[string]int32) []string {
	out := make([]string, len(m))
	for s, i := range m {
		out[i] = s
	}
	return out
}

type builder struct {
	p    *Partition
	g    Graph
	seen map[string]int // nodes of values
}

func (b *builder) cluster(i int32) string { return b.p.o.l.ads[b.p.Clusters[i]].id }

// share adds what several ads have.
func (b *builder) share(kind, label string, ads []int32, weight float64, reason string) {
	if len(ads) < 2 {
		return
	}
	id := kind + ":" + label
	k, ok := b.seen[id]
	if !ok {
		k = len(b.g.Nodes)
		b.seen[id] = k
		b.g.Nodes = append(b.g.Nodes, Node{ID: id, Kind: kind, Label: label, Cluster: b.cluster(ads[0])})
	}
	for _, i := range ads {
		if b.cluster(i) != b.g.Nodes[k].Cluster {
			b.g.Nodes[k].Cluster = ""
		}
		b.g.Links = append(b.g.Links, Link{"ad:" + b.p.o.l.ads[i].id, id, kind, math.Round(100*weight) / 100, reason})
	}
}
