package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/indicator"
)

// A cardBody is the card of the library of indicators: what is looked for, on what
// evidence and with what error, for people who learn to work with it.
type cardBody struct {
	Digest     string
	Rules      int
	Files      []string // of an agency, with their digests
	Categories []cardCategory
}

// A cardCategory is the kinds of one category.
type cardCategory struct {
	Name  string
	Kinds []indicator.KindCard
}

func (s *server) card(r *http.Request, v *visit) error {
	lib := s.Rules
	if lib == nil {
		var err error
		if lib, err = indicator.Default(); err != nil {
			return err
		}
	}
	card := lib.Card()
	b := cardBody{Digest: card.Digest, Rules: card.Rules}
	for _, k := range card.Kinds {
		for _, rule := range k.Rules {
			if rule.File != "" && !slices.Contains(b.Files, rule.File) {
				b.Files = append(b.Files, rule.File)
			}
		}
		i := slices.IndexFunc(b.Categories, func(c cardCategory) bool { return c.Name == k.Category })
		if i < 0 {
			i, b.Categories = len(b.Categories), append(b.Categories, cardCategory{Name: k.Category})
		}
		b.Categories[i].Kinds = append(b.Categories[i].Kinds, k)
	}
	order := func(name string) int {
		if i := slices.Index(indicator.Categories(), name); i >= 0 {
			return i
		}
		return len(indicator.Categories())
	}
	slices.SortStableFunc(b.Categories, func(a, b cardCategory) int { return cmp.Compare(order(a.Name), order(b.Name)) })
	return v.show(r, http.StatusOK, "card", page{Title: "What language is looked for", Here: "card", Body: b})
}

// ruleAnchor is where the card tells of a rule, kindAnchor of a kind.
func ruleAnchor(rule string) string {
	id, _, _ := strings.Cut(rule, " of ")
	return "rule-" + ad.Slug(id)
}

func kindAnchor(category, sub string) string { return "kind-" + ad.Slug(category+"-"+sub) }

// spaced writes a name of the library as words.
func spaced(s string) string { return strings.ReplaceAll(s, "_", " ") }

// caseOf shows a case of a rule with the words that are found marked.
func caseOf(s string) []Piece {
	before, rest, ok := strings.Cut(s, "[[")
	found, after, closed := strings.Cut(rest, "]]")
	if !ok || !closed {
		return pieces(s, nil, 0, length(s))
	}
	at := length(before)
	s = before + found + after
	return pieces(s, []mark{{at, at + length(found), "hit", ""}}, 0, length(s))
}
