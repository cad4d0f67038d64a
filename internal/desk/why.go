package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/search"
)

// MaxAsked bounds the ads of a cluster, the newest, that answers about it go by.
const MaxAsked = 10_000

// ErrAsk says that a question about a cluster is not whole.
var ErrAsk = errors.New("name two different ads, one of them of the cluster")

// ErrUntold says that two ads are in one cluster, by reasons that were not read.
var ErrUntold = fmt.Errorf("both ads are in the cluster, but what joins them is not among the reasons that were read, those of its newest %d ads", MaxAsked)

// A Why is the strongest path of reasons between two ads, as the linker told them: no
// other path has more at its weakest step.
type Why struct {
	Cluster string    `json:"cluster"`
	A       string    `json:"a"`
	B       string    `json:"b"`
	Steps   []WhyStep `json:"steps"` // from A to B; none when they are in different clusters
	Held    []ad.Hub  `json:"held"`  // values that both give and that are held back

	First, Last ad.Document `json:"-"` // a and b, as they are now
}

// A WhyStep is one reason on the way.
type WhyStep struct {
	ad.Edge
	Says string     `json:"says"` // what the weight means, in words
	InA  []WhyQuote `json:"in_a"`
	InB  []WhyQuote `json:"in_b"`

	// Unlearned are sites of the two ads whose own words nobody has learned yet, where
	// the reason is their texts: what is quoted may be the site's and not the poster's.
	Unlearned []string `json:"unlearned_sites,omitempty"`

	From, To ad.Document `json:"-"` // the contents that are quoted
}

// A WhyQuote is what an ad says for a reason, and where. Offsets are in code points.
type WhyQuote struct {
	ad.Span
	Text   string `json:"text"`
	Method string `json:"method,omitempty"` // how a number is written there
}

// Why explains why two ads are together, or shows that nothing joins them.
func (d *Desk) Why(ctx context.Context, s access.Subject, cluster, a, b string) (Why, error) {
	return asked(ctx, d, s, audit.Entry{Action: "cluster.explain", Object: cluster, Values: []string{a, b}}, func() (Why, error) {
		return d.why(ctx, cluster, a, b)
	})
}

// asked authorises and logs a question about a cluster, and answers it. One is answered
// at a time: it takes work, and room for thousands of ads.
func asked[T any](ctx context.Context, d *Desk, s access.Subject, e audit.Entry, answer func() (T, error)) (none T, err error) {
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return none, err
	}
	out, err := inTurn(ctx, d, answer)
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return none, lerr
	}
	if err != nil {
		return none, err
	}
	return out, nil
}

// inTurn answers when nobody else is being answered.
func inTurn[T any](ctx context.Context, d *Desk, answer func() (T, error)) (none T, err error) {
	select {
	case d.asking <- struct{}{}:
		defer func() { <-d.asking }()
		return answer()
	case <-ctx.Done():
		return none, fmt.Errorf("wait for others' questions: %w", ctx.Err())
	}
}

func (d *Desk) why(ctx context.Context, cluster, a, b string) (Why, error) {
	w := Why{Cluster: cluster, A: a, B: b, Steps: []WhyStep{}, Held: []ad.Hub{}}
	if a == b {
		return w, ErrAsk
	}
	texts := map[string][]ad.Document{}
	for _, id := range []string{a, b} {
		docs, _, err := d.Index.Versions(ctx, id)
		if err != nil {
			return w, err
		}
		texts[id] = docs
	}
	w.First, w.Last = AdView{Docs: texts[a]}.Current(), AdView{Docs: texts[b]}.Current()
	c, err := d.Index.Cluster(ctx, cluster, MaxAsked)
	if err != nil {
		return w, err
	}
	if w.First.Cluster != cluster && w.Last.Cluster != cluster {
		return w, ErrAsk
	}
	if w.Held, err = d.heldByBoth(ctx, texts[a], texts[b]); err != nil || w.First.Cluster != w.Last.Cluster {
		return w, err
	}
	for _, e := range pathOf(c, a, b) {
		for _, id := range []string{e.A, e.B} {
			if texts[id] != nil {
				continue
			}
			if texts[id], _, err = d.Index.Versions(ctx, id); err != nil {
				return w, err
			}
		}
		w.Steps = append(w.Steps, stepOf(e, texts))
	}
	if len(w.Steps) == 0 { // which is not to say that nothing joins them
		return w, ErrUntold
	}
	return w, nil
}

// heldByBoth are the values that two ads give and that are held back.
func (d *Desk) heldByBoth(ctx context.Context, a, b []ad.Document) ([]ad.Hub, error) {
	held, err := d.held(ctx)
	if err != nil {
		return nil, err
	}
	out := []ad.Hub{}
	other := given(b)
	for v := range given(a) {
		if h, ok := held[v]; ok && other[v] {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(x, y ad.Hub) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Value.Value, y.Value.Value))
	})
	return out, nil
}

// given are the values that any content of an ad gives.
func given(docs []ad.Document) map[ad.Value]bool {
	out := map[ad.Value]bool{}
	for i := range docs {
		for _, v := range docs[i].Ad.Values(Confidence) {
			out[v] = true
		}
	}
	return out
}

// pathOf is the strongest path between two ads of a cluster. The edges that the
// linker told are a tree of the strongest evidence; whoever gives the value of one of
// them shares it with everybody who does, so the way need not follow the tree.
func pathOf(c search.Cluster, a, b string) []ad.Edge {
	number, ids := map[string]int32{}, []string{}
	of := func(id string) int32 {
		n, ok := number[id]
		if !ok {
			n = int32(len(ids))
			number[id], ids = n, append(ids, id)
		}
		return n
	}
	type reason struct {
		ad.Value
		why string
	}
	at := map[reason]int{}
	told := map[ad.Value]int{} // in how many ways, as when a number has changed hands
	var ties []weigh.Tie
	var edges []ad.Edge
	for _, e := range c.Edges {
		if e.A == "" {
			continue
		}
		r := reason{e.Value, e.Reason}
		k, ok := at[r]
		if !ok || e.Value.Value == "" {
			k, at[r] = len(ties), len(ties)
			ties, edges = append(ties, weigh.Tie{Weight: e.Weight}), append(edges, e)
			told[e.Value]++
		}
		edges[k].Bridge = edges[k].Bridge || e.Bridge
		ties[k].Ads = append(ties[k].Ads, of(e.A), of(e.B))
	}
	for k, e := range edges {
		if e.Value.Value == "" || told[e.Value] > 1 {
			continue
		}
		for i := range c.Members {
			if slices.Contains(c.Members[i].Ad.Values(Confidence), e.Value) {
				ties[k].Ads = append(ties[k].Ads, of(c.Members[i].Ad.AdID))
			}
		}
	}
	var out []ad.Edge
	for _, s := range weigh.Path(ties, of(a), of(b)) {
		e := edges[s.Tie]
		e.A, e.B = ids[s.From], ids[s.To]
		out = append(out, e)
	}
	return out
}

// stepOf quotes what a reason rests on, out of the contents that say it.
func stepOf(e ad.Edge, texts map[string][]ad.Document) WhyStep {
	a, b := contentOf(texts[e.A], e.Value), contentOf(texts[e.B], e.Value)
	out := WhyStep{Edge: e, Says: strength(e), InA: []WhyQuote{}, InB: []WhyQuote{}, From: a, To: b}
	switch e.Value.Kind {
	case "text":
		for _, of := range []*ad.Ad{&a.Ad, &b.Ad} {
			if of.SiteWords == nil && !slices.Contains(out.Unlearned, of.Site) {
				out.Unlearned = append(out.Unlearned, of.Site)
			}
		}
		inA, inB := weigh.InCommon(posterOf(&a.Ad), posterOf(&b.Ad))
		for _, q := range inA {
			out.InA = append(out.InA, WhyQuote{Span: q.Span, Text: q.Text})
		}
		for _, q := range inB {
			out.InB = append(out.InB, WhyQuote{Span: q.Span, Text: q.Text})
		}
	case "picture", "decision":
	default:
		out.InA, out.InB = append(out.InA, quoted(&a.Ad, e.Value)...), append(out.InB, quoted(&b.Ad, e.Value)...)
	}
	return out
}

// contentOf is the content of an ad as it is now, or, where that does not give a value,
// the newest that does.
func contentOf(docs []ad.Document, v ad.Value) ad.Document {
	now := AdView{Docs: docs}.Current()
	if v.Value == "" || len(quoted(&now.Ad, v)) > 0 {
		return now
	}
	for _, doc := range slices.Backward(docs) {
		if len(quoted(&doc.Ad, v)) > 0 {
			return doc
		}
	}
	return now
}

// posterOf is an ad without the site's words, as texts are compared.
func posterOf(a *ad.Ad) weigh.Ad {
	title, body := a.Poster()
	return weigh.Ad{ID: a.AdID, Site: a.Site, Title: title, Body: body}
}

// quoted is where an ad writes a value, as it stands there.
func quoted(a *ad.Ad, v ad.Value) (out []WhyQuote) {
	for _, p := range a.Phones {
		if v.Kind == "phone" && p.E164 == v.Value {
			out = append(out, WhyQuote{p.Span, p.Text, p.Method})
		}
	}
	for _, i := range a.Identifiers {
		if i.Kind == v.Kind && i.Value == v.Value {
			out = append(out, WhyQuote{Span: i.Span, Text: i.Text})
		}
	}
	return out
}

// strength says what the weight of an edge means. A bit halves the share of posters
// of whom chance would let one expect as much.
func strength(e ad.Edge) string {
	word := "very strong"
	switch {
	case e.Value.Kind == "decision":
		return "holds against all evidence"
	case e.Weight < 2:
		return "weak: it says little alone"
	case e.Weight < 5:
		word = "weak"
	case e.Weight < 9:
		word = "fair"
	case e.Weight < 14:
		word = "strong"
	}
	const most = 20
	n := math.Pow(2, min(e.Weight, most))
	than := "about 1 poster in " + rounded(n)
	if e.Weight >= most {
		than = "fewer than 1 poster in a million"
	}
	if e.Value.Kind == "text" {
		return word + ": chance alone would bring " + than + " to words like these"
	}
	return word + ": chance alone would bring " + than + " to it"
}

// rounded is a number to two digits, as one says it.
func rounded(n float64) string {
	step := math.Pow(10, max(0, math.Floor(math.Log10(n))-1))
	s := fmt.Sprint(int(math.Round(n/step) * step))
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
