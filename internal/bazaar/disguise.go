package bazaar

import (
	"strconv"
	"strings"
)

// entity0 is the first of ten private-use runes that stand for digits which the
// page writes as numeric character references.
const entity0 = '\uE030'

// A manner is a way of writing a number. Weights say how often, of 1000, an
// organised group, an independent and any other poster use it.
type manner struct {
	name           string
	org, ind, rest int
	write          func(d *dice, n, lang string) string
}

func manners() []manner {
	return []manner{
		{"plain", 280, 680, 880, plain},
		{"separators", 140, 110, 60, separators},
		{"spaced", 80, 40, 20, spaced},
		{"words", 120, 60, 20, inWords},
		{"mixed", 100, 40, 0, mixed},
		{"unicode", 60, 20, 0, unicodeDigits},
		{"keycaps", 50, 10, 0, keycaps},
		{"emoji", 40, 10, 0, emojiBetween},
		{"zero width", 30, 0, 0, zeroWidth},
		{"entities", 30, 10, 0, entities},
		{"letters", 20, 0, 0, letters},
		{"filler", 15, 10, 0, filler},
		{"brackets", 20, 10, 20, brackets},
		{"tens", 10, 0, 0, tens},
		{"lines", 5, 0, 0, lines},
	}
}

// disguise writes the national digits n in one of the ways a poster of the kind
// uses. Easy keeps to the commonest ways.
func disguise(d *dice, ms []manner, n string, kind Kind, lang string, easy bool) string {
	if easy {
		return ms[d.n(4)].write(d, n, lang)
	}
	for k := d.n(1000); ; {
		for _, m := range ms {
			w := m.rest
			switch kind {
			case Org:
				w = m.org
			case Indep:
				w = m.ind
			}
			if k -= w; k < 0 {
				return m.write(d, n, lang)
			}
		}
	}
}

// groups cuts national digits as people read them out.
func groups(n string) []string {
	switch {
	case strings.HasPrefix(n, "07"):
		return []string{n[:5], n[5:8], n[8:]}
	case strings.HasPrefix(n, "020"):
		return []string{n[:3], n[3:7], n[7:]}
	}
	return []string{n[:3], n[3:6], n[6:]}
}

func plain(d *dice, n, _ string) string {
	g := groups(n)
	if n[0] == '0' {
		return pick(d, []string{strings.Join(g, " "), n, "+44 " + n[1:], "+44 (0)" + strings.Join(g, " ")[1:], strings.Join(g, "-")})
	}
	return pick(d, []string{
		"(" + g[0] + ") " + g[1] + "-" + g[2], strings.Join(g, "-"), strings.Join(g, "."), strings.Join(g, " "), n,
		"+1 " + strings.Join(g, " "), "1-" + strings.Join(g, "-"), "+1" + n, "(" + g[0] + ")" + g[1] + "-" + g[2],
	})
}

func separators(d *dice, n, _ string) string {
	sep := pick(d, []string{"*", "..", "~", "_", " / ", "|", "--", " . ", "+", ":", "=", " - "})
	if d.in(60) {
		return strings.Join(groups(n), sep)
	}
	return strings.Join(strings.Split(n, ""), sep)
}

func spaced(d *dice, n, _ string) string {
	g := groups(n)
	for i := range g {
		g[i] = strings.Join(strings.Split(g[i], ""), " ")
	}
	return strings.Join(g, pick(d, []string{" ", "  ", "   "}))
}

func digitWords(lang string) []string {
	if lang == "es" {
		return strings.Fields("cero uno dos tres cuatro cinco seis siete ocho nueve")
	}
	return strings.Fields("zero one two three four five six seven eight nine")
}

func inWords(d *dice, n, lang string) string {
	w := digitWords(lang)
	if lang == "en" && d.in(40) {
		w[0] = "oh"
	}
	sep := pick(d, []string{" ", " ", "-", "..", ", ", "."})
	out := make([]string, len(n))
	for i := range n {
		out[i] = w[n[i]-'0']
	}
	s := strings.Join(out, sep)
	if d.in(25) {
		return strings.ToUpper(s)
	}
	return s
}

func mixed(d *dice, n, lang string) string {
	w := digitWords(lang)
	out := make([]string, len(n))
	for i := range n {
		if out[i] = n[i : i+1]; d.in(40) {
			out[i] = w[n[i]-'0']
		}
	}
	return strings.Join(out, pick(d, []string{" ", "-", "."}))
}

func mapDigits(n string, zero rune) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, n)
}

func unicodeDigits(d *dice, n, _ string) string {
	zero := pick(d, []rune{'０', '𝟎', '𝟘', '𝟢', '𝟬', '𝟶'})
	return mapDigits(strings.Join(groups(n), pick(d, []string{" ", "-", ".", ""})), zero)
}

func keycaps(d *dice, n, _ string) string {
	var b strings.Builder
	for i, g := range groups(n) {
		if i > 0 {
			b.WriteString(pick(d, []string{" ", "-", ""}))
		}
		for _, r := range g {
			b.WriteString(string(r) + "\uFE0F\u20E3")
		}
	}
	return b.String()
}

func emojiBetween(d *dice, n, _ string) string {
	seps := []string{"❤️", "➡️", "📞", "🔥", "🍀", "✨"}
	var b strings.Builder
	per := d.in(50)
	for i, g := range groups(n) {
		if i > 0 {
			b.WriteString(pick(d, seps))
		}
		for j := range g {
			if per && j > 0 {
				b.WriteString(pick(d, seps))
			}
			b.WriteByte(g[j])
		}
	}
	return b.String()
}

func zeroWidth(d *dice, n, _ string) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte(n[i])
		if d.in(50) {
			b.WriteString(pick(d, []string{"\u200b", "\u200d", "\u2060", "\u00ad", "\ufeff"}))
		}
		if n[0] != '0' && (i == 2 || i == 5) && d.in(60) {
			b.WriteByte('-')
		}
	}
	return b.String()
}

func entities(d *dice, n, _ string) string {
	return mapDigits(strings.Join(groups(n), pick(d, []string{" ", "-", "."})), entity0)
}

func letters(d *dice, n, _ string) string {
	r := strings.NewReplacer("0", "O", "1", pick(d, []string{"l", "I", "1"}), "5", pick(d, []string{"S", "5"}))
	return r.Replace(strings.Join(groups(n), pick(d, []string{"-", " ", "."})))
}

func filler(d *dice, n, lang string) string {
	f := pick(d, []string{" then ", " ok ", " and then ", " (then) "})
	if lang == "es" {
		f = pick(d, []string{" luego ", " y luego ", " ok "})
	}
	return strings.Join(groups(n), f)
}

func brackets(d *dice, n, _ string) string {
	p := pick(d, []string{"[]", "()", "{}", "<>"})
	if d.in(50) {
		return p[:1] + strings.Join(groups(n), p[1:]+p[:1]) + p[1:]
	}
	return p[:1] + strings.Join(strings.Split(n, ""), p[1:]+p[:1]) + p[1:]
}

// tens says the last two digits as one number: "… zero one twenty-three".
func tens(d *dice, n, lang string) string {
	last, _ := strconv.Atoi(n[len(n)-2:])
	if lang != "en" || last < 20 {
		return inWords(d, n, lang)
	}
	w := digitWords("en")
	var b strings.Builder
	for _, r := range n[:len(n)-2] {
		b.WriteString(w[r-'0'] + " ")
	}
	b.WriteString(strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety")[last/10-2])
	if last%10 > 0 {
		b.WriteString("-" + w[last%10])
	}
	return b.String()
}

func lines(_ *dice, n, _ string) string { return "\n" + strings.Join(groups(n), "\n") + "\n" }
