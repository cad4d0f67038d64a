package extract

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A run is a set of links that stand alike on a page: the items of a list.
type run struct {
	links    []anchor // one for each target, in the order of the page
	shape    string   // of their addresses
	numbered int      // addresses that hold digits
	rich     int      // letters in the items around them
	prices   int      // items that show an amount of money
	main     int      // links in the contents of the page
	score    float64
}

// shape reduces an address to what links of one kind share: its host, the number
// of path segments and whether there is a query. Slugs with and without digits
// are alike.
func shape(u *url.URL) string {
	s := u.Host + "/" + strconv.Itoa(strings.Count(strings.Trim(u.Path, "/"), "/"))
	if u.RawQuery != "" {
		s += "?"
	}
	return s
}

// station describes where an element stands: the tags above it, the classes of
// the nearest, and whether there are any. Date headers between items do not
// change it.
func station(n *html.Node) (where string, named bool) {
	var b strings.Builder
	for p, i := n, 0; p != nil && p.Type == html.ElementNode && i < 12; p, i = p.Parent, i+1 {
		b.WriteString(p.Data)
		if i < 3 {
			for f := range strings.FieldsSeq(attr(p, "class")) {
				if !strings.ContainsAny(f, "0123456789") {
					b.WriteByte('.')
					b.WriteString(f)
					named = named || i < 2
					break
				}
			}
		}
		b.WriteByte('<')
	}
	return b.String(), named
}

// mined gives the page's runs, computed once.
func (d *document) mined() []*run {
	if d.links == nil {
		d.links = d.runs()
	}
	return d.links
}

// runs groups the links of a page. Best first is left to the caller.
func (d *document) runs() []*run {
	group := map[string]*run{}
	seen := map[string]map[string]bool{}
	var order []*run
	self := ""
	if d.url != nil {
		self = d.url.String()
	}
	for _, a := range d.anchors {
		u, err := url.Parse(a.href)
		if err != nil || a.href == self || u.Path == "" || u.Path == "/" {
			continue
		}
		key, named := station(a.node)
		if key += u.Host; !named {
			key += shape(u)
		}
		r := group[key]
		if r == nil {
			r = &run{shape: shape(u)}
			group[key], seen[key] = r, map[string]bool{}
			order = append(order, r)
		}
		if seen[key][a.href] {
			continue
		}
		seen[key][a.href] = true
		r.links = append(r.links, a)
	}
	for _, r := range order {
		d.weigh(r)
	}
	return order
}

// weigh measures what surrounds the links of a run.
func (d *document) weigh(r *run) {
	for _, a := range r.links {
		if strings.ContainsAny(a.href, "0123456789") {
			r.numbered++
		}
		if a.zone == zoneMain {
			r.main++
		}
	}
	if len(r.links) < 2 || r.main == 0 {
		return
	}
	own := map[*html.Node]bool{}
	for _, a := range r.links {
		own[a.node] = true
	}
	for i, a := range r.links {
		if i >= 40 {
			break
		}
		t := plain(itemOf(a.node, own), nil)
		r.rich += len(t)
		if len(sums(clip(t, 600))) > 0 {
			r.prices++
		}
	}
	n := min(len(r.links), 40)
	each := float64(r.rich) / float64(n)
	r.score = float64(len(r.links)) * min(each, 150) / 100
	if r.prices*2 >= n {
		r.score *= 3
	}
	if r.main < len(r.links) {
		r.score /= 2
	}
	if r.numbered*2 >= len(r.links) {
		r.score *= 1.5
	}
}

// itemOf climbs from a link to the largest element that holds no other link of
// its run: the item that the link opens.
func itemOf(n *html.Node, own map[*html.Node]bool) *html.Node {
	for p := n; p.Parent != nil && p.Parent.Type == html.ElementNode && p.DataAtom != atom.Body; p = p.Parent {
		if count(p.Parent, own, 0) > 1 {
			return p
		}
		n = p
	}
	return n
}

// count counts the marked elements below n, up to two.
func count(n *html.Node, own map[*html.Node]bool, found int) int {
	for c := n.FirstChild; c != nil && found < 2; c = c.NextSibling {
		if own[c] {
			found++
		}
		found = count(c, own, found)
	}
	return found
}

// best gives the run that looks most like the items of a list, or nil.
func best(all []*run) *run {
	var top *run
	for _, r := range all {
		if r.score > 0 && (top == nil || r.score > top.score) {
			top = r
		}
	}
	return top
}

// pager words begin links to further pages of a list.
var nextWords = words(`next next> next>> next» › » > >> → suivant suivante siguiente następna następne dalej weiter nächste próxima proxima seguinte successiva
	successivo nästa næste neste volgende další ďalšia следующая вперед older`)

// nexts gives the links to further pages of the list.
func (d *document) nexts() []string {
	var out []string
	seen := map[string]bool{}
	add := func(href string) {
		u, ok := d.resolve(href)
		if !ok || d.url != nil && u.String() == d.url.String() || seen[u.String()] {
			return
		}
		seen[u.String()] = true
		out = append(out, u.String())
	}
	for _, href := range d.rel["next"] {
		add(href)
	}
	for _, a := range d.anchors {
		t := strings.ToLower(strings.TrimSpace(a.text))
		label := strings.ToLower(attr(a.node, "aria-label") + " " + attr(a.node, "title") + " " + attr(a.node, "class"))
		firstWord, _, _ := strings.Cut(strings.TrimFunc(t, unicode.IsSpace), " ")
		if len(t) <= 40 && nextWords[firstWord] || nextWords[strings.Trim(firstWord, ".,:")] && len(t) <= 20 || hasWord(label, "next") && len(t) < 30 {
			add(attr(a.node, "href"))
		}
	}
	return out
}

func hasWord(s, word string) bool {
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if w == word {
			return true
		}
	}
	return false
}
