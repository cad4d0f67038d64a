package elastic

import (
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

var (
	nothing = object{"match_none": object{}}
	all     = object{"match_all": object{}}
)

// compile says a query to Elasticsearch.
func compile(n query.Node) object {
	switch n := n.(type) {
	case query.And:
		var must, not []object
		for _, p := range n.Of {
			if x, ok := p.(query.Not); ok {
				not = append(not, compile(x.Of))
			} else {
				must = append(must, compile(p))
			}
		}
		if len(must) == 0 {
			must = []object{all}
		}
		return object{"bool": object{"must": must, "must_not": not}}
	case query.Or:
		of := make([]object, len(n.Of))
		for i, p := range n.Of {
			of[i] = compile(p)
		}
		return either(of...)
	case query.Not:
		return object{"bool": object{"must_not": []object{compile(n.Of)}}}
	case query.Word:
		return either(append(values(query.Asked(n)), phrase(n.Text))...)
	case query.Phrase:
		return phrase(n.Text)
	case query.Near:
		return near(n)
	case query.Terms:
		if len(n.Of) == 0 {
			return nothing
		}
		of := make([]object, len(weights))
		for i, w := range weights {
			of[i] = object{"terms": object{"words." + w.text: n.Of, "boost": w.worth}}
		}
		return either(of...)
	case query.Phone:
		return either(append(append(values(query.Asked(n)), parts(n.Part)...), phrase(n.Text))...)
	case query.Field:
		return field(n)
	}
	return nothing
}

func field(f query.Field) object {
	switch f.Name {
	case "title":
		return phraseIn("title", f.Text)
	case "city":
		return phraseIn("location", f.Text)
	case "seen":
		return moments("first_seen", time.Time{}, f.To, moments("last_seen", f.From, time.Time{}, nil))
	case "first", "last":
		return moments(f.Name+"_seen", f.From, f.To, nil)
	case "posted":
		return moments("posted_at", f.From, f.To, object{"exists": object{"field": "posted_at"}})
	case "cluster":
		return none(object{"terms": object{"cluster": f.Values}})
	}
	if f.Labelled() {
		return none(object{"exists": object{"field": "label"}})
	}
	of := make([]ad.Value, len(f.Values))
	for i, v := range f.Values {
		of[i] = ad.Value{Kind: f.Name, Value: v}
	}
	return either(append(values(of), parts(f.Part)...)...)
}

// moments asks that a time is in an interval and that something else holds.
func moments(name string, from, to time.Time, also object) object {
	var of []object
	bound := object{}
	if !from.IsZero() {
		bound["gte"] = *moment(from.UnixMicro())
	}
	if !to.IsZero() {
		bound["lt"] = *moment(to.UnixMicro())
	}
	if len(bound) > 0 {
		of = append(of, object{"range": object{name: bound}})
	}
	if also != nil {
		of = append(of, also)
	}
	return object{"bool": object{"filter": of}}
}

// none lets a condition not rank.
func none(o object) object { return object{"bool": object{"filter": []object{o}}} }

// either asks that one of several conditions holds.
func either(of ...object) object {
	of = slices.DeleteFunc(of, func(o object) bool { return o["match_none"] != nil })
	switch len(of) {
	case 0:
		return nothing
	case 1:
		return of[0]
	}
	return object{"bool": object{"should": of, "minimum_should_match": 1}}
}

// values asks for one of several values.
func values(of []ad.Value) []object {
	fields := map[string][]string{}
	var order []string
	for _, v := range of {
		name, s := exact(v)
		if fields[name] == nil {
			order = append(order, name)
		}
		fields[name] = append(fields[name], s)
	}
	var out []object
	for _, name := range order {
		out = append(out, none(object{"terms": object{name: fields[name]}}))
	}
	return out
}

// parts asks for the numbers that p is part of.
func parts(p query.Part) (out []object) {
	for _, s := range p.Starts {
		out = append(out, none(object{"prefix": object{"phone": s}}))
	}
	if p.Ends != "" {
		out = append(out, none(object{"prefix": object{"phone_reversed": reversed(p.Ends)}}))
	}
	return out
}

// weights is what a word in a text is worth.
var weights = []struct {
	text  string
	worth float64
}{{"title", 4}, {"body", 1}, {"location", 2}, {"other", 1}}

// phrase asks for the words of s side by side in a text.
func phrase(s string) object {
	of := make([]object, len(weights))
	for i, w := range weights {
		of[i] = phraseIn(w.text, s)
	}
	return either(of...)
}

func phraseIn(name, s string) object {
	tokens := tokensOf(s)
	var worth float64
	for _, w := range weights {
		if w.text == name {
			worth = w.worth
		}
	}
	switch len(tokens) {
	case 0:
		return nothing
	case 1:
		return object{"term": object{"words." + name: object{"value": tokens[0], "boost": worth}}}
	}
	return object{"match_phrase": object{"words." + name: object{"query": strings.Join(tokens, " "), "boost": worth}}}
}

// near asks that tokens stand close by. Elasticsearch counts the tokens in the
// stretch from the first to the last that are none of those asked for; query.Near
// counts all but the first and the last.
func near(n query.Near) object {
	tokens := n.Distinct()
	if len(tokens) == 1 {
		return either(phraseIn("title", tokens[0]), phraseIn("body", tokens[0]), phraseIn("location", tokens[0]))
	}
	gaps := n.Within - (len(tokens) - 2)
	if len(tokens) == 0 || gaps < 0 {
		return nothing
	}
	words := make([]object, len(tokens))
	for i, t := range tokens {
		words[i] = object{"match": object{"query": short(t)}}
	}
	var of []object
	for _, name := range query.NearFields() {
		of = append(of, object{"intervals": object{"words." + name: object{"all_of": object{"ordered": false, "max_gaps": gaps, "intervals": words}}}})
	}
	return either(of...)
}

// ranks says whether a query asks for words by which one document can be a better
// answer than another. Numbers are either there or not.
func ranks(n query.Node) bool {
	switch n := n.(type) {
	case query.And:
		return slices.ContainsFunc(n.Of, ranks)
	case query.Or:
		return slices.ContainsFunc(n.Of, ranks)
	case query.Word:
		return len(query.Asked(n)) == 0
	case query.Phrase, query.Near, query.Terms:
		return true
	case query.Field:
		return n.Name == "title" || n.Name == "city"
	}
	return false
}
