package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/link"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// This file answers what would be, of a cluster: without one of its values, or with a
// little more evidence. The ads of the cluster are held against each other anew,
// beside those that share a value or words with them, and others that tell what
// anybody says. Each answer says of how many ads it was found, and whether they come
// together as the linker has them.

// How many ads are held against each other: about a second of one processor.
const (
	maxHeld   = 4000 // of the cluster, evenly out of all
	maxNear   = 1500 // that share something with them
	maxBeside = 2500 // others, of the newest
	perValue  = 200  // that give one value
	askValues = 150  // the commonest of the cluster
	askAlike  = 1    // ads, beside the one in question, whose words are looked for in others
	maxLeave  = 200  // ads that are named as leaving
)

// Heard says which ads an answer was found with.
type Heard struct {
	Size   int  `json:"size"`   // of the cluster
	Ads    int  `json:"ads"`    // of the cluster, that were held against each other
	Beside int  `json:"beside"` // others that they were held against
	All    bool `json:"all"`    // those are all ads there are: nothing was left out
	Pieces int  `json:"pieces"` // in which the cluster comes so; 1 is as the linker has it
}

// A WhatIf is what would become of a cluster if nobody gave a value.
type WhatIf struct {
	Cluster string   `json:"cluster"`
	Value   ad.Value `json:"value"`
	Givers  int      `json:"givers"`  // ads of the cluster that give it, of the counted
	Counted int      `json:"counted"` // ads of the cluster: all, or of one that is larger the newest MaxAsked
	Held    bool     `json:"held"`    // back already: it joins nothing as it is
	Pieces  []int    `json:"pieces"`  // ads of each, most first
	Leave   []string `json:"leave"`   // ids of ads that would no longer be with most; at most 200
	Leaving int      `json:"leaving"`
	Heard   Heard    `json:"heard"`

	Docs map[string]ad.Document `json:"-"` // of those that leave
}

// Without says what would become of a cluster if nobody gave a value: one as an ad of
// it has it, or in any form in which it can be read.
func (d *Desk) Without(ctx context.Context, s access.Subject, cluster, value string) (WhatIf, error) {
	v, unread := ReadValue(value)
	e := audit.Entry{Action: "cluster.without", Object: cluster, Values: []string{cmp.Or(v.Value, value)}}
	return asked(ctx, d, s, e, func() (WhatIf, error) {
		g, err := d.companyOf(ctx, cluster, nil)
		if err != nil {
			return WhatIf{}, err
		}
		for _, m := range g.cluster.Members {
			for _, x := range m.Ad.Values(Confidence) {
				if x.Value == value {
					v, unread = x, nil
				}
			}
		}
		if unread != nil {
			return WhatIf{}, unread
		}
		return d.without(ctx, g, v)
	})
}

func (d *Desk) without(ctx context.Context, g *company, v ad.Value) (WhatIf, error) {
	w := WhatIf{Cluster: g.cluster.ID, Value: v, Pieces: []int{}, Leave: []string{}, Docs: map[string]ad.Document{}}
	held, err := d.held(ctx)
	if err != nil {
		return w, err
	}
	_, w.Held = held[v]
	w.Counted = len(g.cluster.Members)
	for i := range g.cluster.Members {
		if slices.Contains(g.cluster.Members[i].Ad.Values(Confidence), v) {
			w.Givers++
		}
	}
	if w.Givers == 0 {
		return w, ErrNoGiver
	}
	whole, apart := d.weigh(g, nil), d.weigh(g, []ad.Value{v})
	before, after := whole.Pieces(g.ids), apart.Pieces(g.ids)
	w.Heard = g.heard(len(before))
	for _, ids := range after {
		w.Pieces = append(w.Pieces, len(ids))
	}
	gone := leaving(before[0], after)
	w.Leaving, w.Leave = len(gone), append(w.Leave, gone[:min(len(gone), maxLeave)]...)
	for i := range g.cluster.Members {
		if m := &g.cluster.Members[i]; slices.Contains(w.Leave, m.Ad.AdID) {
			w.Docs[m.Ad.AdID] = *m
		}
	}
	return w, nil
}

// leaving are those of some ads that were together who are not with most of them in the
// pieces that come after. What was apart before does not leave.
func leaving(together []string, after [][]string) (out []string) {
	piece := map[string]int{}
	for k, ids := range after {
		for _, id := range ids {
			piece[id] = k
		}
	}
	stay := make([]int, len(after))
	for _, id := range together {
		stay[piece[id]]++
	}
	most := slices.Index(stay, slices.Max(stay))
	for _, id := range together {
		if piece[id] != most {
			out = append(out, id)
		}
	}
	return out
}

// ErrNoGiver says that no ad of a cluster gives a value.
var ErrNoGiver = errors.New("no ad of this cluster gives the value")

// A Nearness is what nearly belongs to a cluster, and what one of its ads shares with
// others.
type Nearness struct {
	Cluster string  `json:"cluster"`
	Ad      string  `json:"ad"`
	Misses  []Near  `json:"misses"` // posters just below the cut-off, the nearest first
	Rivals  []Rival `json:"rivals"` // other clusters, and ads in none, that share something with the ad
	Heard   Heard   `json:"heard"`

	Docs map[string]ad.Document `json:"-"` // of the ads that are named
}

// A Near is a poster of whom a little more evidence would make the one of the cluster.
type Near struct {
	weigh.Miss
	Cluster string  `json:"cluster,omitempty"` // none when the ad is alone
	Size    int     `json:"size"`              // of that cluster
	Lacks   float64 `json:"lacks"`             // of the weight that joins; a value that two posters use and no third has 1.1
}

// A Rival is a cluster that an ad of another shares something with, or an ad in none.
type Rival struct {
	Cluster string       `json:"cluster,omitempty"`
	Ad      string       `json:"ad"` // one of its ads
	Size    int          `json:"size"`
	Shares  []RivalValue `json:"shares"` // values
	Alike   float64      `json:"alike"`  // share of the wording of the two ads that is the same, 0 for little
}

// A RivalValue is a value that stands in two clusters and is not held back.
type RivalValue struct {
	ad.Value
	Ads int `json:"ads"` // of the rival that give it
}

const mostRivals = 10

// Near says which posters are nearest to being the one behind a cluster, too, and
// what an ad of it shares with other clusters.
func (d *Desk) Near(ctx context.Context, s access.Subject, cluster, adID string) (Nearness, error) {
	return asked(ctx, d, s, audit.Entry{Action: "cluster.near", Object: cluster, Values: []string{adID}}, func() (Nearness, error) {
		return d.nearTo(ctx, cluster, adID)
	})
}

func (d *Desk) nearTo(ctx context.Context, cluster, adID string) (Nearness, error) {
	w := Nearness{Cluster: cluster, Ad: adID, Misses: []Near{}, Rivals: []Rival{}, Docs: map[string]ad.Document{}}
	docs, _, err := d.Index.Versions(ctx, adID)
	if err != nil {
		return w, err
	}
	own := AdView{Docs: docs}.Current()
	if own.Cluster != cluster {
		return w, ErrAsk
	}
	g, err := d.companyOf(ctx, cluster, &own)
	if err != nil {
		return w, err
	}
	scene := d.weigh(g, nil)
	w.Heard = g.heard(len(scene.Pieces(g.ids)))
	misses, err := scene.Misses(adID)
	if err != nil {
		return w, err
	}
	for _, m := range misses {
		doc := g.docs[m.Ad]
		if doc.Cluster == cluster {
			continue
		}
		n := Near{Miss: m, Cluster: doc.Cluster, Size: 1, Lacks: max(0, m.Needed-m.Weight)}
		if doc.Cluster != "" {
			if n.Size, err = d.sizeOf(ctx, doc.Cluster); err != nil {
				return w, err
			}
		}
		w.Misses, w.Docs[m.Ad] = append(w.Misses, n), doc
	}
	return w, d.rivals(ctx, &w, own)
}

func (d *Desk) sizeOf(ctx context.Context, cluster string) (int, error) {
	c, err := d.Index.Cluster(ctx, cluster, 0)
	if errors.Is(err, ad.ErrNotFound) {
		return 0, nil
	}
	return c.Size, err
}

// rivals finds the clusters with which an ad shares values or words.
func (d *Desk) rivals(ctx context.Context, w *Nearness, own ad.Document) error {
	held, err := d.held(ctx)
	if err != nil {
		return err
	}
	at := map[string]int{}
	rival := func(doc ad.Document) *Rival {
		if doc.Ad.AdID == own.Ad.AdID || doc.Cluster == own.Cluster {
			return nil
		}
		key := cmp.Or(doc.Cluster, doc.Ad.AdID)
		k, ok := at[key]
		if !ok {
			k = len(w.Rivals)
			at[key] = k
			w.Rivals = append(w.Rivals, Rival{Cluster: doc.Cluster, Ad: doc.Ad.AdID, Size: 1, Shares: []RivalValue{}})
			w.Docs[doc.Ad.AdID] = doc
		}
		return &w.Rivals[k]
	}
	for _, v := range own.Ad.Values(Confidence) {
		if held[v].Held { // of the many who give it nobody is nearer by it
			continue
		}
		docs, err := d.givers(ctx, v)
		if err != nil {
			return err
		}
		for _, doc := range docs {
			r := rival(doc)
			if r == nil {
				continue
			}
			k := slices.IndexFunc(r.Shares, func(x RivalValue) bool { return x.Value == v })
			if k < 0 {
				k = len(r.Shares)
				r.Shares = append(r.Shares, RivalValue{Value: v})
			}
			r.Shares[k].Ads++
		}
	}
	like, err := d.Index.Alike(ctx, own.ID, MaxAlike)
	if err != nil {
		return err
	}
	for _, l := range like {
		if r := rival(l.Doc); r != nil {
			r.Alike = max(r.Alike, l.Share)
		}
	}
	weight := func(r Rival) float64 { return r.Alike + float64(len(r.Shares)) }
	slices.SortStableFunc(w.Rivals, func(a, b Rival) int { return cmp.Compare(weight(b), weight(a)) })
	w.Rivals = w.Rivals[:min(len(w.Rivals), mostRivals)]
	for i := range w.Rivals {
		if r := &w.Rivals[i]; r.Cluster != "" {
			if r.Size, err = d.sizeOf(ctx, r.Cluster); err != nil {
				return err
			}
		}
	}
	return nil
}

// givers are ads that give a value, as they are now: the newest, at most perValue.
func (d *Desk) givers(ctx context.Context, v ad.Value) (out []ad.Document, err error) {
	q, err := query.NewField(v.Kind, v.Value)
	if err != nil {
		return nil, nil // nothing that can be asked for
	}
	found, err := d.Index.Search(ctx, q, search.Page{Size: perValue, Sort: search.ByNewest})
	for _, h := range found.Hits {
		if h.Doc.Current {
			out = append(out, h.Doc)
		}
	}
	return out, err
}

// A company is the ads that an answer is found with.
type company struct {
	cluster search.Cluster
	ids     []string // of the cluster's ads that are held
	docs    map[string]ad.Document
	all     bool
}

func (g *company) heard(pieces int) Heard {
	return Heard{Size: g.cluster.Size, Ads: len(g.ids), Beside: len(g.docs) - len(g.ids), All: g.all && len(g.ids) == g.cluster.Size, Pieces: pieces}
}

// companyOf reads a cluster, what tells what anybody says, and, where those are not all
// ads there are, what shares something with the cluster; about is an ad that is in it
// whatever is left out.
func (d *Desk) companyOf(ctx context.Context, cluster string, about *ad.Document) (*company, error) {
	c, err := d.Index.Cluster(ctx, cluster, MaxAsked)
	if err != nil {
		return nil, err
	}
	g := &company{cluster: c, docs: map[string]ad.Document{}}
	members := spread(c.Members, maxHeld)
	if about != nil {
		members = append(members, *about)
	}
	for _, m := range members {
		if _, ok := g.docs[m.Ad.AdID]; !ok {
			g.ids = append(g.ids, m.Ad.AdID)
		}
		g.docs[m.Ad.AdID] = m
	}
	if err := d.others(ctx, g); err != nil || g.all {
		return g, err
	}
	near := 0
	add := func(docs []ad.Document) {
		for _, doc := range docs {
			if _, ok := g.docs[doc.Ad.AdID]; !ok && doc.Current && doc.Cluster != cluster && near < maxNear {
				g.docs[doc.Ad.AdID] = doc
				near++
			}
		}
	}
	often := map[ad.Value]int{}
	for i := range members {
		for _, v := range members[i].Ad.Values(Confidence) {
			often[v]++
		}
	}
	values := slices.SortedFunc(maps.Keys(often), func(a, b ad.Value) int {
		return cmp.Or(cmp.Compare(often[b], often[a]), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
	})
	for _, v := range values[:min(len(values), askValues)] {
		docs, err := d.givers(ctx, v)
		if err != nil {
			return nil, err
		}
		add(docs)
	}
	for _, m := range append(spread(members, askAlike), members[len(members)-1]) {
		like, err := d.Index.Alike(ctx, m.ID, MaxAlike)
		if err != nil && !errors.Is(err, ad.ErrNotFound) {
			return nil, err
		}
		for _, l := range like {
			add([]ad.Document{l.Doc})
		}
	}
	return g, nil
}

// spread are at most n of a list, evenly out of all.
func spread[T any](all []T, n int) []T {
	if len(all) <= n {
		return slices.Clone(all)
	}
	out := make([]T, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}

// others adds ads that share nothing in particular: all there are when they are few,
// else some of the newest.
func (d *Desk) others(ctx context.Context, g *company) error {
	anything, err := query.NewField("seen", "1970..")
	if err != nil {
		return fmt.Errorf("ask for any ad: %w", err)
	}
	page := search.Page{Size: search.MaxPage, Sort: search.ByNewest}
	step, added := page.Size, 0
	for seen := 0; added < maxBeside; {
		found, err := d.Index.Search(ctx, anything, page)
		if err != nil {
			return err
		}
		if reach := min(found.Total, search.MaxRanked-page.Size); page.Offset == 0 && reach > 2*maxBeside {
			step = max(step, reach/(maxBeside/page.Size))
		}
		for _, h := range found.Hits {
			if _, ok := g.docs[h.Doc.Ad.AdID]; !ok && h.Doc.Current && h.Doc.Cluster != g.cluster.ID {
				g.docs[h.Doc.Ad.AdID] = h.Doc
				added++
			}
		}
		seen += len(found.Hits)
		if page.Offset += step; page.Offset >= found.Total || page.Offset+page.Size > search.MaxRanked {
			g.all = seen >= found.Total
			return nil
		}
	}
	return nil
}

// weigh holds the gathered ads against each other, as if nobody gave the values of
// without.
func (d *Desk) weigh(g *company, without []ad.Value) *link.Scene {
	ads := make([]ad.Ad, 0, len(g.docs))
	for _, id := range slices.Sorted(maps.Keys(g.docs)) {
		ads = append(ads, g.docs[id].Ad)
	}
	return link.NewScene(link.Config{Confidence: Confidence}, ads, link.Decided(d.Docket.Links().Standing()), without...)
}
