package alert

import (
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/text"
)

// Refusal says why a query cannot be matched against ads as they come, "" when it
// can: it asks for what is not known of an ad at that moment.
func Refusal(n query.Node) string { return refusal(n, false) }

func refusal(n query.Node, denied bool) string {
	var parts []query.Node
	switch n := n.(type) {
	case query.And:
		parts = n.Of
	case query.Or:
		parts = n.Of
	case query.Not:
		return refusal(n.Of, !denied)
	case query.Field:
		switch {
		case n.Name == "cluster":
			return "cluster: asks which ads are linked, which is found out after an ad has come; watch the numbers of the cluster instead"
		case n.Name == "label", n.Labelled():
			return n.Name + ": asks for labels, which people give after an ad has come, and an alert looks at what comes; leave it out"
		case n.Name == "first", n.Name == "last":
			return n.Name + ": asks for what is not known of an ad when it comes; an alert is about new ads anyway, so leave it out"
		case n.Name == "seen" && denied:
			return "seen: behind a minus asks when an ad was not seen, which is not known when it comes; leave it out"
		}
	}
	for _, x := range parts {
		if why := refusal(x, denied); why != "" {
			return why
		}
	}
	return ""
}

// A need is what a document must have for a query to match: less than the query
// asks, never more. The zero need is met by everything.
type need struct {
	all  []need // each of them
	any  []need // or one of these
	leaf bool   // or what follows

	words  []string   // all of these, somewhere
	values []ad.Value // or one of these
	part   query.Part // or a number that this is part of
	begins string     // or a word that begins so
}

// begin is how a word begins, to file by; "" for one that is too short.
func begin(w string) string {
	n := 0
	for i := range w {
		if n++; n > beginSigns {
			return w[:i]
		}
	}
	if n < beginSigns {
		return ""
	}
	return w
}

// needOf works out the need of a query. A node that it does not know needs nothing.
func needOf(n query.Node) need {
	switch n := n.(type) {
	case query.And:
		out := need{}
		for _, x := range n.Of {
			if one := needOf(x); !one.nothing() {
				out.all = append(out.all, one)
			}
		}
		return out
	case query.Or:
		out := need{}
		for _, x := range n.Of {
			one := needOf(x)
			if one.nothing() {
				return need{}
			}
			out.any = append(out.any, one)
		}
		return out
	case query.Word:
		return leaf(n.Text, query.Asked(n), query.Part{})
	case query.Phrase:
		return leaf(n.Text, nil, query.Part{})
	case query.Near:
		return leaf(n.Text, nil, query.Part{})
	case query.Prefix:
		if t := text.Tokens(n.Text); len(t) == 1 && begin(t[0].Text) != "" {
			return need{leaf: true, begins: t[0].Text}
		}
	case query.Phone:
		return leaf(n.Text, query.Asked(n), n.Part)
	case query.Field:
		switch n.Name {
		case "title", "city":
			return leaf(n.Text, nil, query.Part{})
		case "phone", "email", "handle", "site", "url", "indicator", "lead", "side", "lang", "state", "has", "near":
			var values []ad.Value
			for _, v := range n.Values {
				values = append(values, ad.Value{Kind: n.Name, Value: v})
			}
			return need{leaf: true, values: values, part: n.Part}
		}
	}
	return need{}
}

func leaf(s string, values []ad.Value, part query.Part) need {
	n := need{leaf: true, values: values, part: part}
	for _, t := range text.Tokens(s) {
		if !slices.Contains(n.words, t.Text) {
			n.words = append(n.words, t.Text)
		}
	}
	return n
}

func (n *need) nothing() bool { return len(n.all) == 0 && len(n.any) == 0 && !n.leaf }

// met reports whether a document may be what the query asks for.
func (n *need) met(v *view) bool {
	for i := range n.all {
		if !n.all[i].met(v) {
			return false
		}
	}
	some := len(n.any) == 0
	for i := 0; i < len(n.any) && !some; i++ {
		some = n.any[i].met(v)
	}
	if !some {
		return false
	}
	if !n.leaf {
		return true
	}
	if len(n.words) > 0 && !slices.ContainsFunc(n.words, func(w string) bool { _, has := v.words[w]; return !has }) {
		return true
	}
	if n.begins != "" {
		for w := range v.words {
			if strings.HasPrefix(w, n.begins) {
				return true
			}
		}
	}
	return slices.ContainsFunc(n.values, func(x ad.Value) bool { _, has := v.values[x]; return has }) || slices.ContainsFunc(v.numbers, n.part.Of)
}

// each calls f with every word of the need.
func (n *need) each(f func(string)) {
	for i := range n.all {
		n.all[i].each(f)
	}
	for i := range n.any {
		n.any[i].each(f)
	}
	for _, w := range n.words {
		f(w)
	}
}

// keys are words, values and parts of numbers of which a document has at least one
// if it meets a need.
type keys struct {
	words        []string
	values       []ad.Value
	ends, starts []string
	begins       []string
}

// keys chooses those that the fewest ads have. ok is false when nothing is needed.
func (n *need) keys(f *Finder) (best keys, cost float64, ok bool) {
	choose := func(k keys, c float64) {
		if !ok || c < cost {
			best, cost, ok = k, c, true
		}
	}
	for i := range n.all {
		if k, c, has := n.all[i].keys(f); has {
			choose(k, c)
		}
	}
	if len(n.any) > 0 {
		var sum keys
		total, every := 0., true
		for i := range n.any {
			k, c, has := n.any[i].keys(f)
			every, total = every && has, total+c
			sum = keys{append(sum.words, k.words...), append(sum.values, k.values...), append(sum.ends, k.ends...), append(sum.starts, k.starts...), append(sum.begins, k.begins...)}
		}
		if every {
			choose(sum, total)
		}
	}
	if n.leaf {
		choose(n.own(f))
	}
	return best, cost, ok
}

// Costs of keys in ads that have one, of those that were looked at; that of a word
// is how often it was seen.
const (
	ofNumber = .01
	ofPart   = .05
	ofBegin  = 20
	ofChoice = 1e6 // a side, a language, a site: much of everything
)

func (n *need) own(f *Finder) (keys, float64) {
	k, cost := keys{values: n.values}, 0.
	for _, v := range n.values {
		switch v.Kind {
		case "phone", "email", "handle", "url":
			cost += ofNumber
		default:
			cost += ofChoice
		}
	}
	rarest, least := "", 0.
	for _, w := range n.words {
		c := float64(f.words[w].seen) + 1/float64(1+len(w)) // until they are counted, long ones are rarer
		if rarest == "" || c < least {
			rarest, least = w, c
		}
	}
	if rarest != "" {
		k.words, cost = []string{rarest}, cost+least
	}
	if n.begins != "" {
		k.begins, cost = []string{begin(n.begins)}, cost+ofBegin
	}
	if e := n.part.Ends; e != "" {
		k.ends, cost = []string{e[max(0, len(e)-endDigits):]}, cost+ofPart
	}
	for _, s := range n.part.Starts {
		k.starts, cost = append(k.starts, s[:min(len(s), startSigns)]), cost+ofPart
	}
	return k, cost
}
