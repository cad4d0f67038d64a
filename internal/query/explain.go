package query

import (
	"strconv"
	"strings"
	"time"
)

// Explain says in plain words what a query asks for, for the line under the
// search box.
func Explain(n Node) string { return "Ads " + explain(n, false, false) }

// explain phrases n as a predicate of "ads"; not turns its meaning round, inner
// says that it stands within a list.
func explain(n Node, not, inner bool) string {
	switch n := n.(type) {
	case And:
		return list(n.Of, " and ", " or ", not, inner)
	case Or:
		return list(n.Of, " or ", " and ", not, inner)
	case Not:
		return explain(n.Of, !not, inner)
	case Word:
		s := "with " + quoted(n.Text)
		if len(Asked(n)) > 0 {
			s += ", written so or in disguise"
		}
		return negated(s, not)
	case Phrase:
		return negated("with "+quoted(n.Text), not)
	case Near:
		return negated("with the words of "+quoted(n.Text)+" in any order, "+between(n.Within), not)
	case Fuzzy:
		return negated("with "+quoted(n.Text)+" or a word that differs in "+letters(n.Edits)+" beyond the first", not)
	case Prefix:
		return negated("with a word that begins with "+quoted(n.Text), not)
	case Terms:
		return negated("with one of "+strconv.Itoa(len(n.Of))+" words", not)
	case Phone:
		if !n.Part.None() {
			return negated("with a number that "+n.Part.String()+" or the text "+quoted(n.Text), not)
		}
		return negated("with the number "+numbers(n.Text, n.Numbers)+" or the text "+quoted(n.Text), not)
	case Field:
		return negated(n.explain(), not)
	}
	return ""
}

func between(n int) string {
	switch n {
	case 0:
		return "side by side"
	case 1:
		return "at most one word between the first and the last"
	}
	return "at most " + strconv.Itoa(n) + " words between the first and the last"
}

func letters(n int) string {
	if n == 1 {
		return "one letter"
	}
	return "one or two letters"
}

// numbers says which numbers a text stands for: those of one with unknown digits
// are too many to list.
func numbers(typed string, of []string) string {
	if len(of) > 1 && len(completed(typed)) == len(of) {
		return "that " + quoted(typed) + " may be, one of " + strconv.Itoa(len(of))
	}
	return strings.Join(of, " or ")
}

func list(of []Node, and, or string, not, inner bool) string {
	sep := and
	if not {
		sep = or
	}
	parts := make([]string, len(of))
	for i, p := range of {
		parts[i] = explain(p, not, true)
	}
	s := strings.Join(parts, sep)
	if inner {
		return "(" + s + ")"
	}
	return s
}

func negated(s string, not bool) string {
	if not {
		return "not " + s
	}
	return s
}

func (f Field) explain() string {
	switch f.Name {
	case "phone":
		if !f.Part.None() {
			return "with a number that " + f.Part.String()
		}
		return "with the number " + numbers(f.Text, f.Values)
	case "email":
		return "with the e-mail address " + quoted(f.Values[0])
	case "handle":
		return "with the handle " + quoted(f.Values[0])
	case "site":
		return "from the site " + quoted(f.Values[0])
	case "cluster":
		return "in the cluster " + quoted(f.Values[0])
	case "label":
		return "that a person has labelled " + quoted(f.Values[0])
	case "url":
		return "at the address " + quoted(f.Values[0])
	case "title":
		return "with " + quoted(f.Text) + " in the title"
	case "city":
		return "with " + quoted(f.Text) + " in the place given"
	}
	switch {
	case f.Name == "near" || f.Name == "state" || f.Name == "has":
		return f.explainPlace()
	case len(f.Values) > 0:
		return f.explainRead()
	case f.Name == "first" || f.Name == "last":
		return f.Name + " seen" + dates(f.From, f.To)
	}
	return f.Name + dates(f.From, f.To)
}

// dates says an interval with its last day, as people count.
func dates(from, to time.Time) string {
	const day = "2 January 2006"
	last := to.AddDate(0, 0, -1)
	switch {
	case from.IsZero():
		return " until " + last.Format(day)
	case to.IsZero():
		return " since " + from.Format(day)
	case from.Equal(last):
		return " on " + from.Format(day)
	}
	return " from " + from.Format(day) + " to " + last.Format(day)
}

func quoted(s string) string { return "“" + strings.TrimSpace(s) + "”" }
