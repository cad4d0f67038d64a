package extract

import (
	"regexp/syntax"
	"strings"
	"testing"
)

// said gives what an expression matches, with one of each class of letters; optional
// parts are there or not.
func said(t *testing.T, r *syntax.Regexp) []string {
	t.Helper()
	switch r.Op {
	case syntax.OpEmptyMatch:
		return []string{""}
	case syntax.OpLiteral:
		return []string{string(r.Rune)}
	case syntax.OpCharClass:
		return []string{string(r.Rune[:1])}
	case syntax.OpCapture:
		return said(t, r.Sub[0])
	case syntax.OpQuest:
		return append(said(t, r.Sub[0]), "")
	case syntax.OpRepeat:
		return said(t, r.Sub[0])
	case syntax.OpAlternate:
		var out []string
		for _, s := range r.Sub {
			out = append(out, said(t, s)...)
		}
		return out
	case syntax.OpConcat:
		out := []string{""}
		for _, s := range r.Sub {
			var longer []string
			for _, head := range out {
				for _, tail := range said(t, s) {
					longer = append(longer, head+tail)
				}
			}
			out = longer
		}
		return out
	}
	t.Fatalf("an operator that this test does not know: %v", r)
	return nil
}

// What is looked for before a long expression must not hide what it matches.
func TestStemsHideNoLabel(t *testing.T) {
	for _, c := range []struct {
		words string
		stems []string
	}{{postedWords, postedStems}, {updatedWords, updatedStems}} {
		r, err := syntax.Parse(c.words, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		all := said(t, r)
		if len(all) < 15 {
			t.Fatalf("only %d labels: %q", len(all), all)
		}
		re := postedLabel
		if &c.stems[0] == &updatedStems[0] {
			re = updatedLabel
		}
		for _, label := range all {
			for _, as := range []string{label, strings.ToUpper(label), "Vor " + label + ": 1", strings.ReplaceAll(label, "s", "ſ"), strings.ReplaceAll(label, "д", "ᲁ"), strings.ReplaceAll(label, "k", "\u212a")} {
				got, want := find(re, c.stems, as, strings.ToLower(as)), re.FindStringIndex(as)
				if want == nil {
					t.Errorf("the expression does not match its own label %q", as)
				}
				if len(got) != len(want) || len(got) > 0 && (got[0] != want[0] || got[1] != want[1]) {
					t.Errorf("%q: got %v, the expression alone gives %v", as, got, want)
				}
			}
		}
	}
}
