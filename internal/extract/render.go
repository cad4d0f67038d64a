package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A zone says in which part of a page a line stands.
type zone uint8

const (
	zoneMain  zone = iota
	zoneChild      // inside a form, a select, a button
	zoneFrame      // navigation, header, footer, aside, cookie notices
)

// A line is a line of visible text.
type line struct {
	text    string
	node    *html.Node // the block element it belongs to
	linked  int        // letters inside links
	letters int
	heading int // 1 to 6 in a heading
	zone    zone
	sums    []sum // amounts of money, in lines short enough to name one
	summed  bool
	site    bool // a line that the site puts on every page
	judged  bool
}

// Lines longer than maxMoney letters are running text; of a page with more than
// maxLines lines the rest is only looked at for links.
const (
	maxMoney = 400
	maxLines = 5000
)

// money gives the amounts a line shows, found once.
func (l *line) money() []sum {
	if !l.summed && l.letters <= maxMoney {
		l.sums = sums(l.text)
	}
	l.summed = true
	return l.sums
}

var blocks = map[atom.Atom]bool{
	atom.Address: true, atom.Article: true, atom.Aside: true, atom.Blockquote: true, atom.Body: true, atom.Button: true,
	atom.Caption: true, atom.Center: true, atom.Dd: true, atom.Details: true, atom.Dialog: true, atom.Dir: true, atom.Div: true,
	atom.Dl: true, atom.Dt: true, atom.Fieldset: true, atom.Figcaption: true, atom.Figure: true, atom.Footer: true, atom.Form: true,
	atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Header: true, atom.Hr: true,
	atom.Html: true, atom.Label: true, atom.Legend: true, atom.Li: true, atom.Main: true, atom.Menu: true, atom.Nav: true, atom.Ol: true,
	atom.Optgroup: true, atom.Option: true, atom.P: true, atom.Pre: true, atom.Section: true, atom.Select: true,
	atom.Summary: true, atom.Table: true, atom.Tbody: true, atom.Tfoot: true, atom.Thead: true, atom.Tr: true, atom.Ul: true,
}

// unseen elements never show their text.
var unseen = map[atom.Atom]bool{
	atom.Head: true, atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Svg: true, atom.Math: true,
	atom.Iframe: true, atom.Object: true, atom.Embed: true, atom.Audio: true, atom.Video: true, atom.Canvas: true,
	atom.Textarea: true, atom.Select: true, atom.Datalist: true, atom.Noframes: true, atom.Noembed: true,
}

// hidden reports whether a page hides an element from its readers. Digits hidden
// this way are decoys inside numbers.
func hidden(n *html.Node) bool {
	if unseen[n.DataAtom] {
		return true
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return a.Val != "until-found"
		case "style":
			s := strings.ToLower(strings.ReplaceAll(a.Val, " ", ""))
			if strings.Contains(s, "display:none") || strings.Contains(s, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

// A writer renders a tree to lines: block elements and br begin a new line,
// inline elements leave no trace, cells are parted by a tab.
type writer struct {
	doc     *document             // nil when only text is wanted
	drop    func(*html.Node) bool // nil when nothing is left out
	lines   []line
	b       strings.Builder
	space   bool
	cell    bool
	block   *html.Node
	linked  int
	link    int // depth of links
	heading int
	zone    zone
}

func (w *writer) flush() {
	if w.b.Len() > 0 {
		s := strings.TrimSpace(w.b.String())
		if s != "" && (w.doc == nil || len(w.lines) < maxLines) {
			w.lines = append(w.lines, line{
				text: s, node: w.block, linked: w.linked, letters: utf8.RuneCountInString(s), heading: w.heading, zone: w.zone,
			})
		}
		w.b.Reset()
	}
	w.space, w.cell, w.linked = false, false, 0
}

func (w *writer) text(s string) {
	for _, r := range s {
		if unicode.IsSpace(r) {
			w.space = true
			continue
		}
		if w.b.Len() > 0 {
			if w.cell {
				w.b.WriteByte('\t')
			} else if w.space {
				w.b.WriteByte(' ')
			}
		}
		w.space, w.cell = false, false
		w.b.WriteRune(r)
		if w.link > 0 {
			w.linked++
		}
	}
}

func (w *writer) walk(n *html.Node, z zone) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.Type {
		case html.TextNode:
			if w.block == nil {
				w.block = n
			}
			w.zone = z
			w.text(c.Data)
		case html.ElementNode:
			w.element(c, z)
		}
	}
}

func (w *writer) element(c *html.Node, z zone) {
	if hidden(c) || w.drop != nil && w.drop(c) {
		return
	}
	switch c.DataAtom {
	case atom.Br:
		w.flush()
		return
	case atom.Td, atom.Th:
		w.cell = true
		w.walk(c, z)
		w.cell = true
		return
	case atom.A:
		w.anchor(c, z)
		return
	}
	if !blocks[c.DataAtom] {
		w.walk(c, z)
		return
	}
	z = max(z, zoneOf(c))
	w.flush()
	block, heading := w.block, w.heading
	w.block, w.heading = c, max(heading, level(c))
	w.walk(c, z)
	w.flush()
	w.block, w.heading = block, heading
}

func (w *writer) anchor(c *html.Node, z zone) {
	if w.doc == nil {
		w.walk(c, z)
		return
	}
	i := len(w.lines)
	at := len(w.doc.anchors)
	u, ok := w.doc.resolve(attr(c, "href"))
	if ok {
		w.doc.anchors = append(w.doc.anchors, anchor{node: c, href: u.String(), zone: z, line: i})
		if r := strings.ToLower(attr(c, "rel")); r != "" {
			for r := range strings.FieldsSeq(r) {
				w.doc.rel[r] = append(w.doc.rel[r], attr(c, "href"))
			}
		}
	}
	w.link++
	before := w.b.Len()
	w.walk(c, z)
	w.link--
	if !ok {
		return
	}
	var t strings.Builder
	for _, l := range w.lines[min(i, len(w.lines)):] {
		t.WriteString(l.text + " ")
	}
	if len(w.lines) == i {
		t.WriteString(w.b.String()[before:])
	} else {
		t.WriteString(w.b.String())
	}
	w.doc.anchors[at].text = strings.TrimSpace(clip(t.String(), 300))
}

// level gives the rank of a heading, 0 for other elements.
func level(n *html.Node) int {
	switch n.DataAtom {
	case atom.H1:
		return 1
	case atom.H2:
		return 2
	case atom.H3:
		return 3
	case atom.H4:
		return 4
	case atom.H5, atom.H6:
		return 5
	}
	return 0
}

// zoneOf tells frames of a page from its contents.
func zoneOf(n *html.Node) zone {
	switch n.DataAtom {
	case atom.Nav, atom.Footer, atom.Aside, atom.Dialog:
		return zoneFrame
	case atom.Button, atom.Label, atom.Legend, atom.Fieldset:
		return zoneChild
	}
	switch strings.ToLower(attr(n, "role")) {
	case "navigation", "contentinfo", "banner", "complementary", "search", "dialog", "alertdialog":
		return zoneFrame
	}
	if n.DataAtom == atom.Body || n.DataAtom == atom.Main || n.DataAtom == atom.Article {
		return zoneMain
	}
	for _, a := range n.Attr {
		if a.Key != "class" && a.Key != "id" {
			continue
		}
		for w := range strings.FieldsFuncSeq(strings.ToLower(a.Val), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if frames[w] {
				return zoneFrame
			}
		}
	}
	return zoneMain
}

// frames are words in an element's class or id that say it is not contents.
var frames = map[string]bool{
	"nav": true, "navbar": true, "navigation": true, "footer": true, "cookie": true, "cookies": true, "gdpr": true, "consent": true,
	"breadcrumb": true, "breadcrumbs": true, "menu": true, "sidebar": true, "modal": true, "popup": true, "newsletter": true,
	"toolbar": true, "topbar": true, "clfooter": true, "copyright": true,
}

// plain renders one element as text with its line breaks. drop may be nil.
func plain(n *html.Node, drop func(*html.Node) bool) string {
	w := &writer{block: n, drop: drop}
	w.walk(n, zoneMain)
	w.flush()
	out := make([]string, len(w.lines))
	for i, l := range w.lines {
		out[i] = strings.ReplaceAll(l.text, "\t", " ")
	}
	return strings.Join(out, "\n")
}
