package place

import "vigil.example/internal/enrich/words"

// weigh judges by the words around it whether a name at words i to i+n-1 is a
// place. A name of two words and more is hardly anything else.
func (p Places) weigh(t *words.Text, i, n int, c *city, location bool) float64 {
	w := &t.Words[i]
	capital := w.Flags&words.Capital != 0
	kind := c.sort
	if location {
		return []float64{.95, .9, .9}[kind]
	}
	if kind == common && n == 1 && (!capital || t.Shout) {
		return 0
	}
	before, after := p.before(t, i), p.after(t, i+n)
	if p.person(t, i, before) {
		if kind == ordinary && c.weight > 100 {
			return .3
		}
		return 0
	}
	v := []float64{.6, .1, .01}[kind]
	if kind == ordinary && c.weight < 40 {
		v = .3 // small places share their names with people and things
	}
	if n > 1 && kind == ordinary {
		v = max(v, .75)
	}
	switch before {
	case "before":
		v = max(v, []float64{.93, .75, .7}[kind])
	case "weak":
		v = max(v, []float64{.75, .3, .1}[kind])
	}
	if after {
		v = max(v, []float64{.9, .75, .5}[kind])
	}
	switch {
	case capital && kind == ordinary && !t.Shout:
		v += (1 - v) * .2
	case !capital && kind == person && before != "before":
		v = 0
	case !capital && kind == ordinary && n == 1 && c.weight < 60:
		v *= .5
	}
	return v
}

// before says which kind of word stands before word i: one of usage.txt, "" for
// none.
func (p Places) before(t *words.Text, i int) string {
	if i == 0 || t.Words[i].Gap > words.Join {
		return ""
	}
	k := i - 1
	if s := string(t.At(k)); (s == "the" || s == "el" || s == "la") && k > 0 {
		k--
	}
	for _, kind := range []string{"before", "weak"} {
		if p.usage[kind][string(t.At(k))] || k > 0 && t.Words[k].Gap <= words.Join && p.usage[kind][string(t.Between(k-1, k))] {
			return kind
		}
	}
	return ""
}

// after reports whether the word behind speaks of a place.
func (p Places) after(t *words.Text, i int) bool {
	return i < len(t.Words) && t.Words[i].Gap <= words.Join && p.usage["after"][string(t.At(i))]
}

// person reports whether the words before i call somebody by a name.
func (p Places) person(t *words.Text, i int, before string) bool {
	if before == "before" || i == 0 || t.Words[i].Gap > words.Comma {
		return false
	}
	for n := 1; n <= 3 && i-n >= 0; n++ {
		if t.Words[i-n+1].Gap > words.Join && n > 1 {
			break
		}
		if p.usage["person"][string(t.Between(i-n, i-1))] {
			return true
		}
	}
	return false
}
