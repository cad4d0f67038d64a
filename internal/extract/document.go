package extract

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Limits on what one page may cost. Walks over a tree recurse, so its depth is
// bounded; the parser of golang.org/x/net/html itself gives up at 512.
const (
	maxText  = 8 << 20
	maxDepth = 200
)

// nowhere is the host that relative links of a page without an address are
// resolved against, so that they can be compared; it is never given out.
const nowhere = "nowhere.invalid"

// A document is a parsed page and what one walk over it collected.
type document struct {
	root, body *html.Node
	url        *url.URL // the page's address; its Host may be empty
	base       *url.URL // what relative links are relative to
	status     int
	size       int
	lang       string
	title      string              // of the title element
	meta       map[string][]string // contents by lower-case name or property
	rel        map[string][]string // href of link and a elements by rel
	ld         []object            // JSON-LD objects, graphs opened
	items      []object            // microdata items, in the same form
	state      []*html.Node        // scripts that may hold state
	scripts    int
	marks      string // scripts' addresses and elements' ids by which walls are known
	lines      []line
	anchors    []anchor
	links      []*run
	bodies     []*html.Node
	signs      *int
	roles      map[string]role
	stated     map[string][]string
	head1      line
	headed     bool
	itemNodes  map[*html.Node]bool
}

// An anchor is a link with a target other than the page itself.
type anchor struct {
	node *html.Node
	href string // absolute
	text string
	zone zone
	line int // index of the line it stands on or before
}

// parse builds the tree of a page. It never fails: what is nested too deeply is
// read again with the deepest tags left out, and at worst as bare text.
func parse(text string) *html.Node {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	if root, err := html.Parse(strings.NewReader(text)); err == nil && depth(root, maxDepth) < maxDepth {
		return root
	}
	flat := flatten(text, maxDepth/2)
	if root, err := html.Parse(strings.NewReader(flat)); err == nil && depth(root, maxDepth) < maxDepth {
		return root
	}
	bare := &html.Node{Type: html.DocumentNode}
	h := &html.Node{Type: html.ElementNode, Data: "html", DataAtom: atom.Html}
	b := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	bare.AppendChild(h)
	h.AppendChild(b)
	b.AppendChild(&html.Node{Type: html.TextNode, Data: flatten(text, 0)})
	return bare
}

// depth measures a tree without recursion, and stops at limit.
func depth(root *html.Node, limit int) int {
	n, d, deepest := root, 0, 0
	for {
		if deepest = max(deepest, d); deepest >= limit {
			return deepest
		}
		if n.FirstChild != nil {
			n, d = n.FirstChild, d+1
			continue
		}
		for n != root && n.NextSibling == nil {
			n, d = n.Parent, d-1
		}
		if n == root {
			return deepest
		}
		n = n.NextSibling
	}
}

// flatten writes a page without the tags that would stand deeper than limit; the
// text inside them stays, save that of scripts and styles. With limit 0 no tag is
// left.
func flatten(text string, limit int) string {
	z := html.NewTokenizer(strings.NewReader(text))
	open, deep := map[string]int{}, 0
	var b strings.Builder
	skip := ""
	for {
		t := z.Next()
		if t == html.ErrorToken {
			return b.String()
		}
		raw := z.Raw()
		switch t {
		case html.TextToken:
			if skip == "" {
				if limit == 0 {
					b.WriteString(html.UnescapeString(string(raw)))
				} else {
					b.Write(raw)
				}
			}
		case html.StartTagToken:
			raw = append([]byte(nil), raw...) // TagName overwrites the token's bytes
			name, _ := z.TagName()
			tag := string(name)
			if void[tag] {
				if limit > 0 {
					b.Write(raw)
				}
				continue
			}
			if limit == 0 && (tag == "script" || tag == "style") {
				skip = tag
			}
			if deep >= limit {
				b.WriteByte(' ')
				continue
			}
			open[tag]++
			deep++
			b.Write(raw)
		case html.EndTagToken:
			raw = append([]byte(nil), raw...)
			name, _ := z.TagName()
			tag := string(name)
			if tag == skip {
				skip = ""
			}
			if open[tag] > 0 {
				open[tag]--
				deep--
				b.Write(raw)
			}
		case html.SelfClosingTagToken:
			if limit > 0 && deep < limit {
				b.Write(raw)
			}
		}
	}
}

var void = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true,
	"link": true, "meta": true, "source": true, "track": true, "wbr": true,
}

// attr gives an attribute's value, or "".
func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// resolve makes a link absolute. ok is false for links that lead to no page.
func (d *document) resolve(href string) (*url.URL, bool) {
	href = strings.TrimSpace(href)
	if href == "" || strings.HasPrefix(href, "#") || len(href) > 4096 {
		return nil, false
	}
	u, err := url.Parse(href)
	if err != nil {
		return nil, false
	}
	if d.base != nil {
		u = d.base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, false
	}
	u.Fragment, u.RawFragment = "", ""
	return u, true
}

// read parses a page and collects what the rest of extraction looks at.
func read(text string, at *url.URL, status int) *document {
	d := &document{
		root: parse(text), url: at, base: at, status: status, size: len(text),
		meta: map[string][]string{}, rel: map[string][]string{}, roles: map[string]role{},
	}
	d.body = d.root
	if at == nil || at.Host == "" {
		d.base = &url.URL{Scheme: "https", Host: nowhere, Path: "/"}
	}
	var marks strings.Builder
	d.head(d.root, &marks)
	d.marks = strings.ToLower(marks.String())
	w := &writer{doc: d}
	w.walk(d.body, zoneMain)
	w.flush()
	d.lines = w.lines
	return d
}

// head collects what is not shown: the title, meta, link and script elements,
// microdata, and the marks of walls.
func (d *document) head(n *html.Node, marks *strings.Builder) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		switch c.DataAtom {
		case atom.Html:
			d.lang = strings.ToLower(attr(c, "lang"))
		case atom.Body:
			d.body = c
		case atom.Title:
			if d.title == "" && c.Namespace == "" {
				d.title = squeeze(textOf(c))
			}
		case atom.Base:
			if u, ok := d.resolve(attr(c, "href")); ok {
				d.base = u
			}
		case atom.Meta:
			d.metaElement(c)
		case atom.Link:
			for r := range strings.FieldsSeq(strings.ToLower(attr(c, "rel"))) {
				d.rel[r] = append(d.rel[r], attr(c, "href"))
			}
		case atom.Script:
			d.script(c, marks)
			continue
		case atom.Iframe:
			marks.WriteString(attr(c, "src") + "\n")
		case atom.Svg, atom.Style:
			continue
		}
		if id := attr(c, "id"); id != "" {
			marks.WriteString("#" + id + "\n")
		}
		if hasAttr(c, "itemscope") && !insideItem(c) && len(d.items) < 200 {
			d.items = append(d.items, microdata(c))
		}
		d.head(c, marks)
	}
}

func (d *document) metaElement(c *html.Node) {
	content := attr(c, "content")
	for _, key := range []string{"name", "property", "itemprop"} {
		for k := range strings.FieldsSeq(strings.ToLower(attr(c, key))) {
			d.meta[k] = append(d.meta[k], squeeze(content))
		}
	}
}

func (d *document) script(c *html.Node, marks *strings.Builder) {
	d.scripts++
	if src := attr(c, "src"); src != "" {
		marks.WriteString(src + "\n")
		return
	}
	switch t := strings.ToLower(strings.TrimSpace(attr(c, "type"))); {
	case strings.Contains(t, "ld+json"):
		d.ld = append(d.ld, linkedData(textOf(c))...)
	case c.FirstChild != nil && len(c.FirstChild.Data) > 20:
		d.state = append(d.state, c)
		marks.WriteString(clip(c.FirstChild.Data, 2000) + "\n")
	}
}

// textOf joins the text inside an element as it stands.
func textOf(n *html.Node) string {
	if c := n.FirstChild; c != nil && c.NextSibling == nil && c.Type == html.TextNode {
		return c.Data
	}
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.TextNode {
				b.WriteString(c.Data)
			}
			walk(c)
		}
	}
	walk(n)
	return b.String()
}

// first gives the first non-empty content of the named meta elements.
func (d *document) first(names ...string) string {
	for _, n := range names {
		for _, v := range d.meta[n] {
			if v != "" {
				return v
			}
		}
	}
	return ""
}
