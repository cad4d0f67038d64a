package extract

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// bodyHeading matches headings above what a poster wrote.
var bodyHeading = regexp.MustCompile(`(?i)^\W*(?:(?:full |property |item |ad |product |seller'?s? |listing )?description|about(?: (?:this|the))?(?: \w+)?|opis(?: \p{L}+)?|descripción|comentarios(?: del anunciante)?|comments?|remarks|beschreibung|descrizione|description de l'annonce|descrição|beskrivning|omschrijving|details)\W*$`)

// bodyText finds what the poster wrote, and by which method.
func (d *document) bodyText(main object) (text, method string) {
	told := squeeze(plainText(main.str("description", "articleBody")))
	n := d.bodyNode(told)
	shown := ""
	if n != nil {
		shown = plain(n, d.notBody(n))
	}
	from := "json-ld"
	if told == "" {
		told, from = d.first("og:description", "description", "twitter:description"), "opengraph"
	}
	switch {
	case shown == "" && told == "":
		return d.allText(), "text"
	case len(terms(shown)) >= len(terms(told)) || from == "opengraph" && len(shown) >= 20:
		return shown, "text"
	case from == "json-ld":
		return plainText(main.str("description", "articleBody")), from
	}
	return told, from
}

// plainText reads text that may hold HTML.
func plainText(s string) string {
	if !strings.Contains(s, "<") {
		return strings.TrimSpace(s)
	}
	return plain(parse(s), nil)
}

// bodyNode finds the element that holds what the poster wrote: the one that
// shows what structured data tells, else the one so named, else the one under
// such a heading, else the one with the most running text.
func (d *document) bodyNode(told string) *html.Node {
	for _, s := range []string{told, d.first("og:description", "description")} {
		if n := d.showing(s); n != nil && prose(n) >= 100 {
			return n
		}
	}
	best, most := d.namedBody()
	if most >= 30 { // less is a button that opens the rest
		return best
	}
	for i, l := range d.lines {
		if l.heading == 0 || l.zone == zoneFrame || !bodyHeading.MatchString(l.text) {
			continue
		}
		for _, next := range d.lines[i+1 : min(len(d.lines), i+5)] {
			if next.heading > 0 {
				break
			}
			if next.letters > 40 {
				return container(next.node, l.node)
			}
		}
	}
	if n := d.densest(); n != nil {
		return n
	}
	return best
}

const tooMuch = 2500 // letters of an element that holds more than what one person wrote

// namedBody finds the element named as the body, and its letters: of those that
// hold no other the longest, else the longest of all. One that holds most of a
// long page is named for something else.
func (d *document) namedBody() (best *html.Node, most int) {
	whole := d.contents()
	outer := d.named()
	var inner []*html.Node
	for _, n := range outer {
		inner = append(inner, d.innermost(n)...)
	}
	for _, all := range [][]*html.Node{inner, outer} {
		for _, n := range all {
			if l := prose(n); l > most && (l < tooMuch || l*10 < whole*6 || d.holds(n, roleBody)) {
				best, most = n, l
			}
		}
		if most >= 20 {
			return best, most
		}
	}
	return best, most
}

// innermost lists the elements below n that are named as bodies, hold no other,
// and are no heading or button of one.
func (d *document) innermost(n *html.Node) []*html.Node {
	var out []*html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && !hidden(c) {
			out = append(out, d.innermost(c)...)
		}
	}
	if len(out) == 0 && d.holds(n, roleBody|roleContent) && !d.holds(n, roleLabel) && n.DataAtom != atom.Button && n.DataAtom != atom.A {
		out = append(out, n)
	}
	return out
}

// showing finds the element that begins with a description told elsewhere.
func (d *document) showing(told string) *html.Node {
	key := squeezeKey(told)
	if len(key) < 20 {
		return nil
	}
	key = clip(key, 40)
	for _, l := range d.lines {
		if l.zone != zoneFrame && strings.Contains(squeezeKey(clip(l.text, 400)), key) {
			return l.node
		}
	}
	return nil
}

func squeezeKey(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\u00a0' || r == '\n' {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(s, "..."), "…")))
}

// named lists the outermost elements whose names say that they hold the body.
func (d *document) named() []*html.Node {
	if d.bodies != nil {
		return d.bodies
	}
	out := []*html.Node{}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.ElementNode || hidden(c) || zoneOf(c) == zoneFrame || c.DataAtom == atom.A {
				continue
			}
			if d.holds(c, roleBody|roleContent) && !d.inRun(c) {
				out = append(out, c)
				continue
			}
			walk(c)
		}
	}
	walk(d.body)
	d.bodies = out
	return out
}

// runItems gives the elements that are items of the page's runs, computed once.
func (d *document) runItems() map[*html.Node]bool {
	if d.itemNodes == nil {
		d.itemNodes = map[*html.Node]bool{}
		for _, r := range d.mined() {
			if r.score < 5 || len(r.links) < 3 {
				continue
			}
			own := map[*html.Node]bool{}
			for _, a := range r.links {
				own[a.node] = true
			}
			for _, a := range r.links {
				d.itemNodes[itemOf(a.node, own)] = true
			}
		}
	}
	return d.itemNodes
}

// inRun reports whether an element is, or stands in, an item of a run.
func (d *document) inRun(n *html.Node) bool {
	items := d.runItems()
	for p := n; p != nil && len(items) > 0; p = p.Parent {
		if items[p] {
			return true
		}
	}
	return false
}

// prose counts the letters outside links of an element.
func prose(n *html.Node) int {
	w := &writer{block: n}
	w.walk(n, zoneMain)
	w.flush()
	total := 0
	for _, l := range w.lines {
		total += l.letters
	}
	return total - linkedLetters(n)
}

func linkedLetters(n *html.Node) int {
	total := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.A {
			total += len(squeeze(textOf(c)))
			continue
		}
		total += linkedLetters(c)
	}
	return total
}

// container climbs from a node to the child of the nearest ancestor it shares
// with another.
func container(n, other *html.Node) *html.Node {
	above := map[*html.Node]bool{}
	for p := other; p != nil; p = p.Parent {
		above[p] = true
	}
	for n.Parent != nil && !above[n.Parent] {
		n = n.Parent
	}
	return n
}

// densest finds the smallest element with most of the page's running text. Lines
// that are short, linked, in frames or in list items do not count.
func (d *document) densest() *html.Node {
	weight := map[*html.Node]int{}
	total := 0
	for i := range d.lines {
		l := &d.lines[i]
		own := l.letters - l.linked
		if l.zone == zoneFrame || l.heading > 0 || own < 30 || l.linked*3 > l.letters || d.inRun(l.node) || l.legal() {
			continue
		}
		total += own
		for p := l.node; p != nil; p = p.Parent {
			weight[p] += own
		}
	}
	if total < 30 {
		return nil
	}
	n := d.body
	for {
		var heavy *html.Node
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if weight[c]*10 >= total*6 && (heavy == nil || weight[c] > weight[heavy]) {
				heavy = c
			}
		}
		if heavy == nil {
			break
		}
		n, total = heavy, max(total*9/10, weight[heavy])
	}
	if weight[n] < tooMuch {
		return n
	}
	return d.block(n)
}

// block finds the element inside n under which the most running text stands
// directly: paragraphs side by side, or lines of one element.
func (d *document) block(n *html.Node) *html.Node {
	direct := map[*html.Node]int{}
	best := n
	for i := range d.lines {
		l := &d.lines[i]
		if l.zone == zoneFrame || l.heading > 0 || l.letters-l.linked < 60 || d.inRun(l.node) || l.legal() || l.node == nil {
			continue
		}
		at := l.node
		if at.DataAtom == atom.P && at.Parent != nil {
			at = at.Parent
		}
		if direct[at] += l.letters - l.linked; direct[at] > direct[best] {
			best = at
		}
	}
	return best
}

// legal are words of lines that sites put on every page.
var legal = []string{
	"cookie", "privacy policy", "terms of use", "terms of service", "all rights reserved", "copyright", "©", "regulamin", "polityka prywatności", "politykę prywatności",
	"conditions générales", "política de privacidad", "avoid scams", "datenschutz", "by clicking", "klikając", "javascript", "subscribe", "newsletter", "log in", "login",
	"sign in", "your browser",
}

// legal reports whether a line is one that the site puts on every page.
func (l *line) legal() bool {
	if l.judged || l.letters > 400 {
		return l.site
	}
	l.judged = true
	lower := strings.ToLower(l.text)
	l.site = slices.ContainsFunc(legal, func(w string) bool { return strings.Contains(lower, w) })
	return l.site
}

// notBody leaves out of a body what is not the poster's: forms, frames, list
// items and buttons.
func (d *document) notBody(top *html.Node) func(*html.Node) bool {
	return func(n *html.Node) bool {
		if n == top {
			return false
		}
		switch n.DataAtom {
		case atom.Form, atom.Button, atom.Nav, atom.Footer, atom.Label, atom.Fieldset:
			return true
		}
		return d.runItems()[n] || zoneOf(n) == zoneFrame
	}
}

// allText is what a page shows outside its frame and its headings.
func (d *document) allText() string {
	var out []string
	for i := range d.lines {
		l := &d.lines[i]
		if l.zone == zoneMain && l.heading == 0 && l.linked*2 < l.letters && !d.inRun(l.node) && !l.legal() {
			out = append(out, strings.ReplaceAll(l.text, "\t", " "))
		}
	}
	return strings.Join(out, "\n")
}
