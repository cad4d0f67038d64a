package extract

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/site"
)

func ruleReason(d *site.Definition, n int) string {
	return fmt.Sprintf("page rule %d of %s", n, d.Name)
}

// detail reads the one ad of a page. A page that looked like an ad and says
// nothing becomes an empty page.
func (w *work) detail() {
	l := ad.Listing{
		CaptureID: w.c.ID, URL: w.address(), Site: w.site, SeenAt: w.c.FetchedAt.UTC(), Methods: map[string]string{},
	}
	if w.def != nil {
		l.Definition = w.def.Name + "@" + w.def.Digest
		w.doc.apply(&w.def.Detail, &l)
		l.NativeID = w.nativeID()
	} else if w.url.Host == "" {
		l.NativeID = w.doc.shownID()
	}
	w.doc.fill(&l)
	bound(&l)
	if l.Empty() {
		w.out.Kind, w.out.Reason = ad.KindEmpty, "taken for an ad ("+w.out.Reason+") but neither title nor text was found"
		return
	}
	l.Seal()
	w.listings = []ad.Listing{l}
}

// bound cleans the values of a listing and cuts what is too long.
func bound(l *ad.Listing) {
	l.Title = clip(squeeze(clean(l.Title)), maxTitle)
	l.Body = strings.TrimSpace(clip(clean(l.Body), maxBody))
	l.Location = clip(squeeze(clean(l.Location)), maxField)
	l.Category = clip(squeeze(clean(l.Category)), maxField)
	l.NativeID = clip(squeeze(clean(l.NativeID)), maxField)
	if l.Price != nil {
		l.Price.Text = clip(squeeze(clean(l.Price.Text)), maxField)
	}
	for i := range l.Images {
		l.Images[i] = strings.ToValidUTF8(l.Images[i], "")
	}
}

// fill finds what no rule found.
func (d *document) fill(l *ad.Listing) {
	ld, micro := mainObject(d.ld), mainObject(d.items)
	main, structured := ld, "json-ld"
	if main == nil || micro.worth() > main.worth() {
		main, structured = micro, "microdata"
	}
	named := func(method string) string {
		if method == "json-ld" {
			return structured
		}
		return method
	}
	if l.Title == "" {
		text, method := d.titleText(main)
		if l.Title = text; text != "" {
			l.Methods["title"] = named(method)
		}
	}
	if l.Body == "" {
		text, method := d.bodyText(main)
		if l.Body = text; text != "" {
			l.Methods["body"] = named(method)
		}
	}
	if l.Price == nil {
		d.fillPrice(l, ld, micro)
	}
	if l.Location == "" {
		d.fillPlace(l, ld, micro)
	}
	d.fillTimes(l, ld, micro)
	if l.Category == "" {
		if s := main.str("category"); s != "" {
			l.Category, l.Methods["category"] = s, structured
		}
	}
	if len(l.Contacts) == 0 {
		if l.Contacts = d.contactLinks(); len(l.Contacts) > 0 {
			l.Methods["contacts"] = "text"
		}
	}
	if len(l.Images) == 0 {
		if l.Images = d.images(main); len(l.Images) > 0 {
			l.Methods["images"] = "text"
		}
	}
}

func (d *document) fillPrice(l *ad.Listing, ld, micro object) {
	for _, try := range []struct {
		method string
		find   func() *ad.Price
	}{
		{"json-ld", func() *ad.Price { return structuredPrice(ld) }},
		{"microdata", func() *ad.Price { return structuredPrice(micro) }},
		{"opengraph", d.metaPrice},
		{"state", d.statePrice},
		{"text", func() *ad.Price { p, _ := d.shownPrice(); return p }},
	} {
		if p := try.find(); p != nil {
			l.Price, l.Methods["price"] = p, try.method
			return
		}
	}
}

func (d *document) fillPlace(l *ad.Listing, ld, micro object) {
	for _, try := range []struct {
		method string
		find   func() string
	}{
		{"json-ld", func() string { return structuredPlace(ld) }},
		{"microdata", func() string { return structuredPlace(micro) }},
		{"opengraph", d.metaPlace},
		{"text", d.shownPlace},
		{"state", d.statePlace},
	} {
		if s := try.find(); s != "" {
			l.Location, l.Methods["location"] = s, try.method
			return
		}
	}
}

func (d *document) fillTimes(l *ad.Listing, ld, micro object) {
	keep := func(name string, to *time.Time, t time.Time, method string) {
		if t, ok := past(t, l.SeenAt); ok && to.IsZero() {
			*to, l.Methods[name] = t, method
		}
	}
	for _, try := range []struct {
		method string
		find   func() (time.Time, time.Time)
	}{
		{"json-ld", func() (time.Time, time.Time) { return structuredTimes(ld) }},
		{"microdata", func() (time.Time, time.Time) { return structuredTimes(micro) }},
		{"opengraph", d.metaTimes},
		{"text", func() (time.Time, time.Time) { return d.shownTimes(l.SeenAt) }},
		{"state", func() (time.Time, time.Time) { return d.stateTime(), time.Time{} }},
	} {
		if !l.PostedAt.IsZero() && (!l.UpdatedAt.IsZero() || try.method == "state") {
			return
		}
		posted, updated := try.find()
		keep("posted_at", &l.PostedAt, posted, try.method)
		keep("updated_at", &l.UpdatedAt, updated, try.method)
	}
}

var shownNumber = regexp.MustCompile(`\d{4,}`)

// shownID reads an ad's number that a page labels as such.
func (d *document) shownID() string {
	for _, l := range d.lines {
		if l.letters < 200 && strings.ContainsAny(l.text, ":#") && shownNumber.MatchString(l.text) {
			if m := idLabel.FindString(l.text); m != "" {
				return shownNumber.FindString(m)
			}
		}
	}
	return ""
}

// foundLinks gives the links of a list page without a rule.
func (d *document) foundLinks() []ad.Outlink {
	var out []ad.Outlink
	seen := map[string]bool{}
	add := func(href string, kind ad.LinkKind) {
		if !strings.Contains(href, "//"+nowhere) && !seen[href] {
			seen[href] = true
			out = append(out, ad.Outlink{URL: href, Kind: kind})
		}
	}
	if r := best(d.mined()); r != nil {
		for _, a := range r.links {
			add(a.href, ad.LinkDetail)
		}
	}
	for _, href := range d.nexts() {
		add(href, ad.LinkList)
	}
	return out
}
