package sqlite

import (
	"fmt"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/text"
)

// A cond is a condition on documents: an FTS5 expression when it can be said as
// one, which also ranks, else SQL over doc AS d.
type cond struct {
	match string
	sql   string
	args  []any
}

// where is the condition as SQL.
func (c cond) where() (string, []any) {
	if c.match != "" {
		return "d.n IN (SELECT rowid FROM words WHERE words MATCH ?)", []any{c.match}
	}
	return c.sql, c.args
}

// nothing holds for no document, all for every one.
var (
	nothing = cond{sql: "0"}
	all     = cond{sql: "1"}
)

// compile says a query to SQLite. Text, numbers and other exact values share one
// FTS5 table, so that most queries are one expression over it.
func compile(n query.Node) cond {
	switch n := n.(type) {
	case query.And:
		return conjunction(n.Of)
	case query.Or:
		return disjunction(n.Of)
	case query.Not:
		where, args := compile(n.Of).where()
		return cond{sql: "NOT (" + where + ")", args: args}
	case query.Word:
		return either(query.Asked(n), phrase("", n.Text))
	case query.Phrase:
		return either(nil, phrase("", n.Text))
	case query.Near:
		return near(n)
	case query.Terms:
		parts := make([]string, len(n.Of))
		for i, w := range n.Of {
			parts[i] = `"` + w + `"`
		}
		return joinMatch(parts, " OR ")
	case query.Prefix:
		if n.Token() == "" {
			return nothing
		}
		return cond{match: `"` + n.Token() + `" *`}
	case query.Phone:
		return either(query.Asked(n), phrase("", n.Text), parts(n.Part)...)
	case query.Field:
		return field(n)
	}
	return nothing
}

func field(f query.Field) cond {
	switch f.Name {
	case "title":
		return either(nil, phrase("title : ", f.Text))
	case "city":
		return either(nil, phrase("location : ", f.Text))
	case "seen":
		c := cond{sql: "1"}
		if !f.To.IsZero() {
			c.sql, c.args = c.sql+" AND d.first_seen < ?", append(c.args, micros(f.To))
		}
		if !f.From.IsZero() {
			c.sql, c.args = c.sql+" AND d.last_seen >= ?", append(c.args, micros(f.From))
		}
		return c
	case "first", "last":
		c, column := cond{sql: "1"}, "d."+f.Name+"_seen"
		if !f.To.IsZero() {
			c.sql, c.args = c.sql+" AND "+column+" < ?", append(c.args, micros(f.To))
		}
		if !f.From.IsZero() {
			c.sql, c.args = c.sql+" AND "+column+" >= ?", append(c.args, micros(f.From))
		}
		return c
	case "posted":
		c := cond{sql: "d.posted IS NOT NULL"}
		if !f.To.IsZero() {
			c.sql, c.args = c.sql+" AND d.posted < ?", append(c.args, micros(f.To))
		}
		if !f.From.IsZero() {
			c.sql, c.args = c.sql+" AND d.posted >= ?", append(c.args, micros(f.From))
		}
		return c
	case "cluster":
		c := cond{sql: "d.ad IN (SELECT n FROM ad WHERE cluster IN (SELECT n FROM cluster WHERE id IN (" + marks(len(f.Values)) + ")))"}
		for _, v := range f.Values {
			c.args = append(c.args, v)
		}
		return c
	}
	if f.Name == "label" || f.Labelled() {
		return labelled(f)
	}
	values := make([]ad.Value, len(f.Values))
	for i, v := range f.Values {
		values[i] = ad.Value{Kind: f.Name, Value: v}
	}
	return either(values, "", parts(f.Part)...)
}

// near says that tokens stand close by: FTS5 counts what is between the first and
// the last of them as query.Near does.
func near(n query.Near) cond {
	tokens := n.Distinct()
	if len(tokens) == 0 {
		return nothing
	}
	return cond{match: fmt.Sprintf(`{%s} : NEAR("%s", %d)`, strings.Join(query.NearFields(), " "), strings.Join(tokens, `" "`), n.Within)}
}

// parts asks for the numbers that p is part of: those whose token begins so, read
// forwards or backwards.
func parts(p query.Part) (out []string) {
	for _, s := range p.Starts {
		out = append(out, `"`+exact(ad.Value{Kind: "phone", Value: s})+`" *`)
	}
	if p.Ends != "" {
		out = append(out, `"`+exact(ad.Value{Kind: backwards, Value: reversed(p.Ends)})+`" *`)
	}
	return out
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// phrase says the tokens of s side by side, "" when there are none. A string in
// quotes is split by FTS5 at its spaces, a phrase of those tokens. Without a
// column it may look at all of them: no token of a text equals an exact value.
func phrase(column, s string) string {
	tokens := text.Spaced(s)
	if tokens == "" {
		return ""
	}
	return column + `"` + tokens + `"`
}

// either says that one of the values or parts is carried or the phrase stands.
func either(values []ad.Value, phrase string, parts ...string) cond {
	for _, v := range values {
		// A quote would end the string. NUL would end the whole expression.
		parts = append(parts, `"`+exact(v)+`"`)
	}
	if phrase != "" {
		parts = append(parts, phrase)
	}
	return joinMatch(parts, " OR ")
}

func joinMatch(parts []string, op string) cond {
	switch len(parts) {
	case 0:
		return nothing
	case 1:
		return cond{match: parts[0]}
	}
	return cond{match: "(" + strings.Join(parts, op) + ")"}
}

// conjunction says that all parts hold. What is left out of an FTS5 expression
// goes into the same expression.
func conjunction(of []query.Node) cond {
	var matches, without []string
	var rest []cond
	for _, n := range of {
		if not, ok := n.(query.Not); ok {
			if c := compile(not.Of); c.match != "" {
				without = append(without, c.match)
				continue
			}
		}
		if c := compile(n); c.match != "" {
			matches = append(matches, c.match)
		} else {
			rest = append(rest, c)
		}
	}
	var c cond
	switch {
	case len(matches) > 0 && len(without) > 0:
		c = cond{match: "(" + joinMatch(matches, " AND ").match + " NOT " + joinMatch(without, " OR ").match + ")"}
	case len(matches) > 0:
		c = joinMatch(matches, " AND ")
	case len(without) > 0:
		where, args := joinMatch(without, " OR ").where()
		c = cond{sql: "NOT (" + where + ")", args: args}
	}
	if len(of) == 0 {
		return all
	}
	if len(rest) == 0 {
		return c
	}
	if c.match != "" || c.sql != "" {
		rest = append([]cond{c}, rest...)
	}
	return joinSQL(rest, " AND ")
}

func disjunction(of []query.Node) cond {
	var matches []string
	var rest []cond
	for _, n := range of {
		if c := compile(n); c.match != "" {
			matches = append(matches, c.match)
		} else {
			rest = append(rest, c)
		}
	}
	if len(matches) > 0 {
		if len(rest) == 0 {
			return joinMatch(matches, " OR ")
		}
		rest = append([]cond{joinMatch(matches, " OR ")}, rest...)
	}
	if len(rest) == 0 {
		return nothing
	}
	return joinSQL(rest, " OR ")
}

func joinSQL(conds []cond, op string) cond {
	var out cond
	parts := make([]string, len(conds))
	for i, c := range conds {
		where, args := c.where()
		parts[i] = "(" + where + ")"
		out.args = append(out.args, args...)
	}
	out.sql = strings.Join(parts, op)
	return out
}

// split separates what ranks from what only filters, for a query whose top is a
// list of parts that must all hold.
func split(n query.Node) (match string, filter cond, rest query.Node) {
	and, ok := n.(query.And)
	if !ok {
		c := compile(n)
		if c.match != "" {
			return c.match, all, nil
		}
		return "", c, n
	}
	var texts, others []query.Node
	for _, p := range and.Of {
		inner := p
		if not, ok := p.(query.Not); ok {
			inner = not.Of
		}
		if compile(inner).match != "" {
			texts = append(texts, p)
		} else {
			others = append(others, p)
		}
	}
	c := conjunction(texts)
	if len(texts) == 0 || c.match == "" {
		return "", conjunction(and.Of), n
	}
	if len(others) == 0 {
		return c.match, all, nil
	}
	return c.match, conjunction(others), query.And{Of: others}
}

// ranks says whether a query asks for words by which one document can be a better
// answer than another. Numbers are either there or not.
func ranks(n query.Node) bool {
	switch n := n.(type) {
	case query.And:
		return anyRanks(n.Of)
	case query.Or:
		return anyRanks(n.Of)
	case query.Word:
		return len(query.Asked(n)) == 0
	case query.Phrase, query.Near, query.Terms, query.Prefix:
		return true
	case query.Field:
		return n.Name == "title" || n.Name == "city"
	}
	return false
}

func anyRanks(of []query.Node) bool {
	return slices.ContainsFunc(of, ranks)
}
