package bazaar

import (
	"fmt"
	"strings"
)

// A grammar makes sentences. A rule has alternatives; an alternative is a row of
// literals, {rule} references, {a|b} choices, {~rule} references that are chosen
// anew for every ad of one template, and {$slot}s that the writer fills.
type grammar struct {
	rules map[string]*rule
}

type rule struct{ alts [][]part }

type part struct {
	lit   string
	slot  string   // filled by the writer
	ref   *rule    // chosen by the structure's dice
	fresh bool     // ref is chosen by the ad's own dice
	name  string   // of ref, until resolved
	alts  [][]part // inline choice
}

// readGrammar parses the form described in words/en.txt and checks that every
// reference has a rule.
func readGrammar(name, src string) (*grammar, error) {
	g := &grammar{rules: map[string]*rule{}}
	var cur *rule
	for i, line := range strings.Split(src, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			cur = &rule{}
			g.rules[strings.Trim(line, "[]")] = cur
		case cur == nil:
			return nil, fmt.Errorf("read words %s: line %d: text before the first rule", name, i+1)
		default:
			alt, rest, err := parseRow(line, false)
			if err == nil && rest != "" {
				err = fmt.Errorf("stray %q", rest[0])
			}
			if err != nil {
				return nil, fmt.Errorf("read words %s: line %d: %w", name, i+1, err)
			}
			cur.alts = append(cur.alts, alt)
		}
	}
	for n, r := range g.rules {
		if err := g.resolve(r.alts); err != nil {
			return nil, fmt.Errorf("read words %s: rule %s: %w", name, n, err)
		}
	}
	return g, nil
}

func (g *grammar) resolve(alts [][]part) error {
	for _, alt := range alts {
		for i := range alt {
			p := &alt[i]
			if err := g.resolve(p.alts); err != nil {
				return err
			}
			if p.name == "" {
				continue
			}
			if p.ref = g.rules[p.name]; p.ref == nil || len(p.ref.alts) == 0 {
				return fmt.Errorf("no rule %q", p.name)
			}
		}
	}
	return nil
}

// parseRow reads parts up to the end of s, or inside braces up to | or }.
func parseRow(s string, inside bool) (row []part, rest string, err error) {
	for s != "" {
		stop := "{}"
		if inside {
			stop = "{|}"
		}
		i := strings.IndexAny(s, stop)
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			row = append(row, part{lit: s[:i]})
			s = s[i:]
			continue
		}
		if s[0] != '{' {
			return row, s, nil
		}
		var p part
		if p, s, err = parseBrace(s[1:]); err != nil {
			return nil, s, err
		}
		row = append(row, p)
	}
	return row, s, nil
}

func parseBrace(s string) (part, string, error) {
	var p part
	for {
		row, rest, err := parseRow(s, true)
		if err != nil {
			return p, rest, err
		}
		if rest == "" {
			return p, rest, fmt.Errorf("brace without end")
		}
		p.alts = append(p.alts, row)
		s = rest[1:]
		if rest[0] == '}' {
			break
		}
	}
	if len(p.alts) > 1 {
		for _, a := range p.alts { // {~name|$city}: bare references among choices
			if len(a) == 1 && strings.IndexAny(a[0].lit, "~$") == 0 {
				a[0] = reference(a[0].lit)
			}
		}
		return p, s, nil
	}
	if len(p.alts[0]) != 1 || p.alts[0][0].lit == "" {
		return p, s, fmt.Errorf("empty reference")
	}
	return reference(p.alts[0][0].lit), s, nil
}

func reference(s string) part {
	switch s[0] {
	case '$':
		return part{slot: s[1:]}
	case '~':
		return part{name: s[1:], fresh: true}
	}
	return part{name: s}
}

// A voice speaks a grammar: shape chooses the structure, own what differs from ad
// to ad, fill answers for slots.
type voice struct {
	g     *grammar
	shape dice
	own   dice
	fill  func(v *voice, slot string) string
}

// say appends one alternative of the rule.
func (v *voice) say(b []byte, rule string) []byte { return v.choose(b, v.g.rules[rule].alts, false) }

// word returns one alternative of the rule, chosen by the ad's own dice.
func (v *voice) word(rule string) string {
	return string(v.choose(nil, v.g.rules[rule].alts, true))
}

func (v *voice) choose(b []byte, alts [][]part, fresh bool) []byte {
	d := &v.shape
	if fresh {
		d = &v.own
	}
	return v.row(b, alts[d.n(len(alts))], fresh)
}

func (v *voice) row(b []byte, row []part, fresh bool) []byte {
	for i := range row {
		switch p := &row[i]; {
		case p.lit != "":
			b = append(b, p.lit...)
		case p.slot != "":
			b = append(b, v.fill(v, p.slot)...)
		case p.ref != nil:
			b = v.choose(b, p.ref.alts, fresh || p.fresh)
		default:
			b = v.choose(b, p.alts, fresh)
		}
	}
	return b
}
