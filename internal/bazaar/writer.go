package bazaar

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An article is one ad as its poster wrote it at one version.
type article struct {
	*entry
	lang    string
	title   string
	body    string // lines parted by \n; entity0 runes are digits to write as references
	price   int    // 0: the ad shows no price
	hood    string
	phone   string // shown in a field of its own, or ""
	tel     string // behind a link, E.164, or ""
	images  int
	charset bool // the server is wrong about this page's encoding
	cut     bool // the page ends before its end
}

// adSeed is the seed of what one ad alone has.
func (t *Town) adSeed(e *entry) uint64 {
	d := throw(t.posters[e.poster].seed, 'a', uint64(e.seq), uint64(e.copy))
	return d.s
}

// pen holds what the sentences of one ad share.
type pen struct {
	t       *Town
	e       *entry
	p       *poster
	price   int
	name    string
	hood    string
	item    string
	section string
	hours   [2]int
	contact contact
	easy    bool
}

// write writes the ad at a version. With brief only title, price and hood are
// filled: list pages show no more.
func (t *Town) write(e *entry, version int, brief bool) article {
	p := &t.posters[e.poster]
	seed := t.adSeed(e)
	w := pen{t: t, e: e, p: p, section: sections()[e.cat], contact: p.contact(int(e.seq), int(e.copy))}
	own := throw(seed, 'o')
	shape := throw(seed, 'S')
	if p.kind == Org || p.kind == Indep {
		few := uint64(1)
		if p.kind == Org {
			few = 2 + p.seed%4
		}
		shape = throw(p.seed, 'T', uint64(own.n(int(few))))
	}
	v := voice{g: t.words[p.lang], shape: shape, own: own, fill: w.fill}
	quirks := throw(seed, 'q')
	a := article{entry: e, lang: p.lang, images: quirks.n(4)}
	a.charset = p.lang == "es" && quirks.in(3)
	a.cut = quirks.n(150) == 0
	w.easy = a.charset || e.copy > 0
	w.prepare(&v, version)
	a.price, a.hood = w.price, w.hood
	if p.kind == Ordinary && v.own.in(15) {
		a.price = 0
	}
	a.title = w.title(&v, seed, version)
	if brief {
		return a
	}
	w.placeContact(&a, seed)
	a.body = w.body(&v, &a, seed, version)
	return a
}

func (w *pen) prepare(v *voice, version int) {
	switch w.p.kind {
	case Org, Indep, Buyer:
		w.price = 60 + 10*v.shape.n(30)
		if v.own.in(20) {
			w.price += 20
		}
	default:
		w.price = 5 * (1 + v.own.n(40)*v.own.n(20))
		switch w.e.cat {
		case vehicles:
			w.price = 100 * (8 + v.own.n(180))
		case rooms:
			w.price = 25 * (14 + v.own.n(60))
		case jobs:
			w.price = 5 * (18 + v.own.n(50))
		case pets, community:
			w.price = 5 * (1 + v.own.n(30))
		}
	}
	w.price += 10 * version
	if w.name = string(v.say(nil, "name")); w.p.kind == Org {
		w.name = v.word("name")
	}
	w.hood = v.word("hood")
	w.hours = [2]int{v.own.between(7, 11), v.own.between(5, 11)}
	if _, ok := v.g.rules[w.section+".item"]; ok {
		w.item = v.word(w.section + ".item")
	}
}

// fill answers for a slot of the words files.
func (w *pen) fill(v *voice, slot string) string {
	switch slot {
	case "name":
		return w.name
	case "hood":
		return w.hood
	case "city":
		return w.t.sites[w.e.site].cities[w.e.city].name
	case "item":
		return w.item
	case "price":
		return money(w.price)
	case "half":
		return money(w.price * 6 / 100 * 10)
	case "hours":
		if v.g == w.t.words["es"] {
			return fmt.Sprintf("de %d a %d", w.hours[0], w.hours[1]+12)
		}
		return fmt.Sprintf("%dam to %dpm", w.hours[0], w.hours[1])
	case "phone":
		return w.number(v, w.contact.phones[0])
	case "phone2":
		return w.number(v, w.contact.phones[1])
	case "hub":
		return plain(&v.own, w.t.book.national(w.t.hubs[w.contact.hub].phone), w.p.lang)
	case "hubname":
		return w.t.hubs[w.contact.hub].name
	case "handle":
		return w.p.handleOf(w.contact.handle).write(&v.own)
	case "email":
		return w.p.emailOf(w.contact.email)
	}
	return ""
}

func (w *pen) number(v *voice, p phone) string {
	return disguise(&v.own, w.t.manners, w.t.book.national(p), w.p.kind, w.p.lang, w.easy)
}

func money(n int) string {
	s := strconv.Itoa(n)
	if n >= 1000 {
		s = s[:len(s)-3] + "," + s[len(s)-3:]
	}
	return "$" + s
}

func (w *pen) title(v *voice, seed uint64, version int) string {
	s := upperFirst(string(v.say(nil, w.section+".title")))
	d := throw(seed, 't')
	switch {
	case w.p.kind == Org && d.in(8):
		s = strings.ToUpper(s)
	case w.p.kind == Org && len(w.contact.phones) > 0 && d.in(5):
		s += " " + plain(&d, w.t.book.national(w.contact.phones[0]), w.p.lang)
	}
	if version > 0 && d.in(40) {
		if w.p.lang == "es" {
			return s + pick(&d, []string{" - nuevo precio", " (actualizado)", " - sigue disponible"})
		}
		return s + pick(&d, []string{" - new price", " (updated)", " - still here"})
	}
	return s
}

// placeContact decides whether the number stands in a field of the page rather
// than in the words.
func (w *pen) placeContact(a *article, seed uint64) {
	if len(w.contact.phones) != 1 {
		return
	}
	d := throw(seed, 'f')
	often := 35
	if w.p.kind == Org {
		often = 8
	}
	if w.e.copy > 0 || !d.in(often) {
		return
	}
	switch w.t.sites[w.e.site].contact {
	case "field":
		a.phone = plain(&d, w.t.book.national(w.contact.phones[0]), w.p.lang)
	case "link":
		a.tel = w.t.book.e164(w.contact.phones[0])
	}
}

// body writes the sentences: some of the section's, those about contact, decoys.
func (w *pen) body(v *voice, a *article, seed uint64, version int) string {
	alts := v.g.rules[w.section+".line"].alts
	order := make([]int, len(alts))
	for i := range order {
		order[i] = i
	}
	shuffle(&v.shape, order)
	k := min(len(order), 3+v.shape.n(4))
	if w.p.kind == Org {
		k = min(len(order), 5+v.shape.n(4))
	}
	out := make([]string, 0, k+6)
	for _, i := range order[:k] {
		out = append(out, upperFirst(string(v.row(nil, alts[i], false))))
	}
	if w.p.kind == Org { // drift: what one template's ads do to it
		switch own := &v.own; {
		case own.in(15):
			out = append(out[:1], out[2:]...)
		case own.in(15):
			i := own.n(len(out) - 1)
			out[i], out[i+1] = out[i+1], out[i]
		case own.in(15):
			out[own.n(len(out))] += " " + v.word("emoji")
		}
	}
	at := len(out)
	if v.shape.in(30) {
		at = v.shape.n(len(out) + 1)
	}
	out = append(out[:at:at], append(w.contactLines(v, a), out[at:]...)...)
	out = w.decoys(v, out)
	if version > 0 {
		u := *v
		u.own, u.shape = throw(seed, 'e', uint64(version)), throw(seed, 'E', uint64(version))
		out = append(out, upperFirst(string(u.say(nil, "update"))))
	}
	if !v.shape.in(45) {
		return strings.Join(out, "\n")
	}
	for i, l := range out { // run together, a number must not touch the next digits
		if r, _ := utf8.DecodeLastRuneInString(l); !unicode.IsPunct(r) && !unicode.Is(unicode.So, r) {
			out[i] += "."
		}
	}
	return strings.Join(out, " ")
}

func (w *pen) contactLines(v *voice, a *article) []string {
	var out []string
	line := func(rule string) {
		out = append(out, upperFirst(string(v.choose(nil, v.g.rules["contact."+rule].alts, true))))
	}
	c := w.contact
	switch {
	case a.phone != "" || a.tel != "":
	case len(c.phones) == 2:
		line("two")
	case len(c.phones) == 1 && w.p.kind == Ordinary:
		line("ordinary")
	case len(c.phones) == 1:
		line("phone")
	}
	if c.handle >= 0 {
		line("handle")
	}
	if c.email >= 0 {
		line("email")
	}
	if c.hub >= 0 {
		line("hub")
	}
	if len(out) == 0 && a.phone == "" && a.tel == "" {
		line("none")
	}
	return out
}

func (w *pen) decoys(v *voice, out []string) []string {
	d := throw(v.own.next(), 'd')
	n := 0
	switch {
	case w.p.kind != Ordinary:
		if d.in(20) {
			n = 1
		}
	case d.in(60):
		n = 1 + d.n(2)
	}
	for range n {
		i := d.n(len(out) + 1)
		out = append(out[:i:i], append([]string{w.t.decoy(&d, w.p.lang, w.p.kind == Ordinary)}, out[i:]...)...)
	}
	return out
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if u := unicode.ToUpper(r); u != r {
		return string(u) + s[n:]
	}
	return s
}
