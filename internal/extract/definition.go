package extract

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"vigil.example/internal/ad"
	"vigil.example/internal/site"
)

// byRule names the method of values that a site definition found.
const byRule = "definition"

// ruled reads one value where a field's rule says.
func (d *document) ruled(f *site.Field) string {
	if f.URL {
		if d.url == nil {
			return ""
		}
		return clean(f.Cut(d.url.RequestURI()))
	}
	for _, n := range f.Nodes(d.root) {
		if s := readNode(n, f); s != "" {
			return s
		}
	}
	return ""
}

func readNode(n *html.Node, f *site.Field) string {
	s := ""
	if f.Attr != "" {
		s = strings.TrimSpace(attr(n, f.Attr))
	} else {
		s = plain(n, f.Drops)
	}
	return strings.TrimSpace(clean(f.Cut(s)))
}

// apply fills a listing with what the definition's rules find.
func (d *document) apply(r *site.DetailRule, l *ad.Listing) {
	set := func(name string, to *string, f *site.Field, oneLine bool) {
		s := d.ruled(f)
		if oneLine {
			s = squeeze(s)
		}
		if s != "" {
			*to, l.Methods[name] = s, byRule
		}
	}
	set("native_id", &l.NativeID, &r.NativeID, true)
	set("title", &l.Title, &r.Title, true)
	set("body", &l.Body, &r.Body, false)
	set("location", &l.Location, &r.Location, true)
	set("category", &l.Category, &r.Category, true)
	if s := d.ruled(&r.Price); s != "" {
		if l.Price = priceFrom(s, ""); l.Price != nil {
			l.Methods["price"] = byRule
		}
	}
	moment := func(name string, to *time.Time, f *site.Field) {
		if t, ok := d.ruledTime(f, l.SeenAt); ok {
			*to, l.Methods[name] = t, byRule
		}
	}
	moment("posted_at", &l.PostedAt, &r.PostedAt)
	moment("updated_at", &l.UpdatedAt, &r.UpdatedAt)
	d.applyContacts(r, l)
	for _, n := range r.Images.Nodes(d.root) {
		key := r.Images.Attr
		if key == "" {
			key = "src"
		}
		if u, ok := d.resolve(r.Images.Cut(attr(n, key))); ok && len(l.Images) < maxImages {
			l.Images = append(l.Images, u.String())
			l.Methods["images"] = byRule
		}
	}
}

func (d *document) ruledTime(f *site.Field, seen time.Time) (time.Time, bool) {
	s := d.ruled(f)
	if s == "" {
		return time.Time{}, false
	}
	if t, ok := f.Time(s); ok {
		return t, true
	}
	if t, ok := moment(s, f.Location(), d.lang == "en-us"); ok {
		return t, true
	}
	return when(s, seen, false)
}

func (d *document) applyContacts(r *site.DetailRule, l *ad.Listing) {
	for i := range r.Contacts {
		f := &r.Contacts[i]
		var found []string
		if f.URL {
			found = append(found, d.ruled(&f.Field))
		}
		for _, n := range f.Nodes(d.root) {
			found = append(found, readNode(n, &f.Field))
		}
		for _, v := range found {
			k, ok := contactOf(v)
			if !ok || k.Kind != f.Kind {
				k, ok = contact(f.Kind, v)
			}
			if ok && len(l.Contacts) < maxContacts && !has(l.Contacts, k) {
				l.Contacts = append(l.Contacts, k)
				l.Methods["contacts"] = byRule
			}
		}
	}
}

func has(all []ad.Contact, k ad.Contact) bool {
	return slices.Contains(all, k)
}

// ruledLinks gives the links that a list rule names, in the order of the page.
func (d *document) ruledLinks(r *site.ListRule) []ad.Outlink {
	var out []ad.Outlink
	seen := map[string]bool{}
	add := func(nodes []*html.Node, kind ad.LinkKind) {
		for _, n := range nodes {
			var u *url.URL
			var ok bool
			if u, ok = d.resolve(attr(n, "href")); !ok || u.Hostname() == nowhere || seen[u.String()] {
				continue
			}
			seen[u.String()] = true
			out = append(out, ad.Outlink{URL: u.String(), Kind: kind})
		}
	}
	add(r.Items(d.root), ad.LinkDetail)
	add(r.Nexts(d.root), ad.LinkList)
	return out
}
