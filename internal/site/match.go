package site

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// A Look is what page rules look at. Text is called at most when a rule asks
// for the visible text.
type Look struct {
	URL    *url.URL
	Status int
	Root   *html.Node
	Text   func() string
}

// PageRule gives the first page rule that holds and its number from 1, or nil.
func (d *Definition) PageRule(l Look) (*PageRule, int) {
	for i := range d.Pages {
		if d.Pages[i].holds(l) {
			return &d.Pages[i], i + 1
		}
	}
	return nil, 0
}

func (r *PageRule) holds(l Look) bool {
	switch {
	case len(r.Status) > 0 && !slices.Contains(r.Status, l.Status):
		return false
	case r.url != nil && (l.URL == nil || !r.url.MatchString(l.URL.RequestURI())):
		return false
	case r.has != nil && cascadia.Query(l.Root, r.has) == nil:
		return false
	case r.lacks != nil && cascadia.Query(l.Root, r.lacks) != nil:
		return false
	}
	return r.text == nil || r.text.MatchString(l.Text())
}

// Given reports whether the list rule says where items are.
func (r *ListRule) Given() bool { return r.Item != "" }

// Items gives the elements that link to ads, in the order of the page.
func (r *ListRule) Items(root *html.Node) []*html.Node { return all(root, r.item) }

// Nexts gives the elements that link to further list pages.
func (r *ListRule) Nexts(root *html.Node) []*html.Node { return all(root, r.next) }

func all(root *html.Node, sel cascadia.SelectorGroup) []*html.Node {
	if sel == nil {
		return nil
	}
	return cascadia.QueryAll(root, sel)
}

// Given reports whether there is a rule for the field.
func (f *Field) Given() bool { return f.Select != "" || f.URL }

// Nodes gives the elements the field's selector matches, in the order of the page.
func (f *Field) Nodes(root *html.Node) []*html.Node { return all(root, f.sel) }

// Drops reports whether an element inside a match is left out of the value.
func (f *Field) Drops(n *html.Node) bool {
	return slices.ContainsFunc(f.drop, func(g cascadia.SelectorGroup) bool { return g.Match(n) })
}

// Cut applies Match to what was read: the value is its first group that took
// part, or the whole match; "" when it does not match, the text itself when the
// field has no Match.
func (f *Field) Cut(s string) string {
	if f.match == nil {
		return s
	}
	m := f.match.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	for _, g := range m[1:] {
		if g != "" {
			return g
		}
	}
	if len(m) > 1 {
		return ""
	}
	return m[0]
}

// Time reads a time in one of the field's layouts. A time that names no zone is
// taken to be in the field's Zone. The result is in UTC.
func (f *Field) Time(s string) (time.Time, bool) {
	s = strings.Join(strings.Fields(s), " ")
	for _, l := range f.Layout {
		if t, err := time.ParseInLocation(l, s, f.Location()); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// Location is the zone of times that name none.
func (f *Field) Location() *time.Location {
	if f.zone == nil {
		return time.UTC
	}
	return f.zone
}
