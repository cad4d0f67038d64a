package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
)

// Bounds of what a cluster's page shows at once; a packet has all of it.
const (
	membersShown = 50
	edgesShown   = 100
	sharedShown  = 50
	placesNamed  = 4
)

// A clusterBody is the page of one cluster.
type clusterBody struct {
	desk.ClusterView
	Summary   []string
	Reasons   []Reason
	MoreLinks int // pairs that are not shown
	Values    []SharedValue
	MoreVals  int
	Shown     []Row
	Page      int
	Pages     int
	Made      []made
	Bad       string // what is wrong with a decision
	Labelling labelling
}

// A Reason is what holds ads together, a value or a kind of evidence, and the pairs
// that it joins.
type Reason struct {
	Value  ad.Value // of texts, pictures and decisions the kind alone
	Links  []Link
	Pairs  int  // with those that are not shown
	Bridge bool // one of them alone holds two halves together
}

// A Link is one reason why two ads are together.
type Link struct {
	ad.Edge
	From, To Row
}

// A SharedValue is a value that joins, and how often.
type SharedValue struct {
	Value   ad.Value
	Ads     int
	Written []string // the ways in which it is written, as they stand
	Watched bool
}

func (s *server) cluster(r *http.Request, v *visit) error {
	id := r.PathValue("id")
	view, err := s.desk.Cluster(r.Context(), v.Subject, id)
	if err != nil {
		return err
	}
	if view.ID != id { // it was joined with another
		v.redirect(r, "/cluster/"+view.ID)
		return nil
	}
	return s.showCluster(r, v, view, http.StatusOK, "")
}

func (s *server) showCluster(r *http.Request, v *visit, view desk.ClusterView, code int, bad string) error {
	id := view.ID
	b := clusterBody{ClusterView: view, Bad: bad, Page: 1, Made: s.shelf.packets(v.Session, id), Labelling: s.labelsOfCluster(&view)}
	b.Pages = max(1, (len(view.Members)+membersShown-1)/membersShown)
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil {
		b.Page = min(max(n, 1), b.Pages)
	}
	b.Summary = summary(view)
	b.fill()
	if err := s.markWatched(r, v, b.Values); err != nil {
		return err
	}
	return v.show(r, code, "cluster", page{Title: "Cluster of ads", Here: "cluster", Body: b})
}

// markWatched notes which of the values the visitor is subscribed to.
func (s *server) markWatched(r *http.Request, v *visit, values []SharedValue) error {
	if !v.can(access.ActWatch) {
		return nil
	}
	subs, err := s.desk.Watches(r.Context(), v.Subject)
	if err != nil {
		return err
	}
	for i := range values {
		values[i].Watched = slices.ContainsFunc(subs, func(sub ad.Subscription) bool { return sub.Value == values[i].Value })
	}
	return nil
}

// fill works out what the page shows.
func (b *clusterBody) fill() {
	byID := make(map[string]Row, len(b.Members))
	for _, m := range b.Members {
		byID[m.Ad.AdID] = Row{Doc: m, Title: pieces(m.Ad.Title, nil, 0, 120)}
	}
	b.reasons(byID)
	for _, sh := range b.ClusterView.Shared {
		if len(b.Values) == sharedShown {
			b.MoreVals = len(b.ClusterView.Shared) - sharedShown
			break
		}
		b.Values = append(b.Values, SharedValue{Value: sh.Value, Ads: len(sh.Ads), Written: ways(b.Members, sh.Value)})
	}
	from := (b.Page - 1) * membersShown
	for _, m := range b.Members[from:min(len(b.Members), from+membersShown)] {
		row := byID[m.Ad.AdID]
		for _, val := range m.Ad.Values(desk.Confidence) {
			row.Numbers = append(row.Numbers, written(&m.Ad, val, b.held(val)))
		}
		b.Shown = append(b.Shown, row)
	}
}

// held is why a value of a member is held back, nil when it is not.
func (b *clusterBody) held(v ad.Value) *ad.Hub {
	if i := slices.IndexFunc(b.Hubs, func(h ad.Hub) bool { return h.Value == v }); i >= 0 {
		return &b.Hubs[i]
	}
	return nil
}

// reasons groups the pairs by what joins them, the strongest first.
func (b *clusterBody) reasons(byID map[string]Row) {
	edges := slices.Clone(b.Edges)
	slices.SortStableFunc(edges, func(x, y ad.Edge) int { return cmp.Compare(y.Weight, x.Weight) })
	at := map[ad.Value]int{}
	shown := 0
	for _, e := range edges {
		k, ok := at[e.Value]
		if !ok {
			k = len(b.Reasons)
			at[e.Value] = k
			b.Reasons = append(b.Reasons, Reason{Value: e.Value})
		}
		r := &b.Reasons[k]
		r.Pairs++
		r.Bridge = r.Bridge || e.Bridge
		if shown < edgesShown {
			shown++
			r.Links = append(r.Links, Link{e, byID[e.A], byID[e.B]})
		}
	}
	b.MoreLinks = len(edges) - shown
}

// ways lists in which different ways the members write a value, at most five.
func ways(members []ad.Document, v ad.Value) []string {
	var out []string
	add := func(text string) {
		text = cut(text, 0, 60)
		if text != "" && len(out) < 5 && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, m := range members {
		for _, p := range m.Ad.Phones {
			if v.Kind == "phone" && p.E164 == v.Value {
				add(p.Text)
			}
		}
		for _, id := range m.Ad.Identifiers {
			if id.Kind == v.Kind && id.Value == v.Value {
				add(id.Text)
			}
		}
	}
	return out
}

// summary says in a few sentences what is known of a cluster: how many ads share
// what, where and when they were seen, and what the link does not say.
func summary(v desk.ClusterView) []string {
	var sites, places []string
	gone := 0
	note := func(list *[]string, s string) {
		if s != "" && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	for _, m := range v.Members {
		note(&sites, m.Ad.Site)
		note(&places, m.Ad.Location)
		if !m.RemovedAt.IsZero() {
			gone++
		}
	}
	slices.Sort(sites)
	var because []string
	if n := len(v.Shared); n > 0 {
		because = append(because, "share "+count(n, "contact value"))
	}
	last := "That ads are linked says that they give the same contact, not who posted them or why."
	if slices.ContainsFunc(v.Edges, func(e ad.Edge) bool { return e.Value.Kind == "text" }) {
		because = append(because, "are worded alike")
		last = "That ads are linked says that they give the same contact or are worded alike, not who posted them or why."
	}
	first := fmt.Sprintf("%s on %s (%s) are linked because they %s.",
		count(v.Size, "ad"), count(len(sites), "site"), listed(sites, 4), cmp.Or(strings.Join(because, " and "), "were found to belong together"))
	second := "They were seen " + days(v.FirstSeen, v.LastSeen)
	if n := len(places); n > 0 {
		if n > placesNamed {
			places = append(places[:placesNamed:placesNamed], grouped(n-placesNamed)+" more")
		}
		second += ", and name as their place " + strings.Join(places, "; ")
	}
	out := []string{first, second + "."}
	switch {
	case gone == 1:
		out = append(out, "One of them has been taken down since.")
	case gone > 1:
		out = append(out, grouped(gone)+" of them have been taken down since.")
	}
	switch n := len(v.Hubs); {
	case n == 1:
		out = append(out, "One more value in them is held back, because many unlike posters give it.")
	case n > 1:
		out = append(out, count(n, "more value")+" in them are held back, because many unlike posters give them.")
	}
	return append(out, last)
}
