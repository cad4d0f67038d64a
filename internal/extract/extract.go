// Package extract reads a captured page: what kind of page it is, the listings
// on it and the links that lead on. A capture and its page come in; an outcome
// with its reason goes out, and for the page of one ad exactly one listing, whose
// every field names the method that found it. The page is parsed once. A site
// definition is asked first, then structured data (JSON-LD, microdata, meta
// elements), then what the page shows and the state its scripts start from.
//
// It fetches nothing, images neither, remembers nothing between pages, and draws
// no conclusion from an ad's words. Bytes that are no page, pages cut short and
// tags nested without end give an outcome, never a panic; an ad that says
// nothing is never given out.
package extract

import (
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
	"vigil.example/internal/site"
)

// Limits on what one listing holds, in bytes.
const (
	maxTitle    = 500
	maxBody     = 200_000
	maxField    = 300
	maxOutlinks = 2000
)

// A Page is what was captured, transfer and content encoding removed.
type Page struct {
	Status      int
	ContentType string // as the server declared it
	Body        []byte
	Redirect    string // the Location header, absolute or relative
}

// A Result is what one page gives.
type Result struct {
	Outcome  ad.Outcome
	Listings []ad.Listing // sealed, none of them empty
}

// An Extractor reads pages. It is safe for concurrent use.
type Extractor struct{ set *site.Set }

// New makes an extractor that knows the definitions of a set, which may be nil.
func New(set *site.Set) *Extractor { return &Extractor{set: set} }

// Extract reads one page. The same capture and page give the same result.
func (x *Extractor) Extract(c ad.Capture, p Page) (Result, error) {
	u, err := url.Parse(c.URL)
	if err != nil { // an imported file may have any name
		u = &url.URL{}
	}
	def := x.definition(c, u)
	w := &work{c: c, p: p, url: u, def: def, site: siteName(c, u, def)}
	w.out = ad.Outcome{
		V: ad.Schema, CaptureID: c.ID, Site: w.site, URL: c.URL, Status: p.Status,
		SeenAt: c.FetchedAt.UTC(), Visit: c.Visit, Depth: c.Depth,
	}
	if w.out.Status == 0 {
		w.out.Status = c.Status
	}
	w.read()
	w.out.Listings = len(w.listings)
	return Result{Outcome: w.out, Listings: w.listings}, nil
}

// definition finds the site definition for a capture: by the host of the page,
// else by the name the capture was made under.
func (x *Extractor) definition(c ad.Capture, u *url.URL) *site.Definition {
	if d := x.set.ByHost(u.Host); d != nil && u.Host != "" {
		return d
	}
	if d := x.set.ByName(c.Site); d != nil && u.Host == "" {
		return d
	}
	return nil
}

func siteName(c ad.Capture, u *url.URL, def *site.Definition) string {
	switch {
	case def != nil:
		return def.Name
	case u.Hostname() != "":
		return hostSite(u)
	case c.Site != "":
		return c.Site
	}
	return "unknown"
}

// work is the reading of one page.
type work struct {
	c        ad.Capture
	p        Page
	url      *url.URL
	def      *site.Definition
	site     string
	doc      *document
	out      ad.Outcome
	listings []ad.Listing
}

func (w *work) read() {
	if w.redirects() {
		return
	}
	if why := notPage(w.p.ContentType, w.p.Body); why != "" {
		w.out.Kind, w.out.Reason = ad.KindOther, why
		return
	}
	text, _ := decode(w.p.Body, w.p.ContentType)
	w.doc = read(text, w.url, w.out.Status)
	w.out.Kind, w.out.Reason = w.kind()
	switch w.out.Kind {
	case ad.KindDetail:
		w.detail()
	case ad.KindRemoved:
		w.out.AdID = ad.ID(w.site, w.nativeID(), w.address())
	case ad.KindOther:
		w.brought()
	}
	if w.out.Kind == ad.KindList || w.def != nil && w.def.List.Given() && w.out.Kind != ad.KindBlocked {
		w.outlinks()
	}
}

// brought takes a page for an ad although nothing in its shape tells so, when
// somebody saved it and brought it, and it gives a contact: short ads look like
// nothing in particular.
func (w *work) brought() {
	if w.c.Via != ad.ViaImport || w.def != nil || w.out.Status >= 400 {
		return
	}
	kind, reason := w.out.Kind, w.out.Reason
	w.out.Kind, w.out.Reason = ad.KindDetail, "somebody brought it and it gives a contact; "+reason
	w.detail()
	for _, l := range w.listings {
		if len(l.Contacts) > 0 || len(phone.Read(l.Title+"\n"+l.Body, phone.Options{})) > 0 {
			return
		}
	}
	w.out.Kind, w.out.Reason, w.listings = kind, reason, nil
}

// redirects handles a response that sends the client elsewhere.
func (w *work) redirects() bool {
	if w.out.Status < 300 || w.out.Status > 399 || w.p.Redirect == "" {
		return false
	}
	w.out.Kind, w.out.Reason = ad.KindOther, "a redirect"
	to, err := url.Parse(strings.TrimSpace(w.p.Redirect))
	if err != nil {
		w.out.Reason = "a redirect to what is no address"
		return true
	}
	to = w.url.ResolveReference(to)
	if to.Scheme != "http" && to.Scheme != "https" || to.Host == "" {
		w.out.Reason = "a redirect to what is no web address"
		return true
	}
	to.Fragment, to.RawFragment = "", ""
	w.out.Outlinks = []ad.Outlink{{URL: to.String(), Kind: ad.LinkRedirect}}
	return true
}

// notPage says why a response is not a page to read, "" when it may be one.
func notPage(contentType string, body []byte) string {
	kind, _, err := mime.ParseMediaType(contentType)
	if err == nil && !strings.HasPrefix(kind, "text/") && !strings.Contains(kind, "html") && !strings.Contains(kind, "xml") &&
		kind != "application/octet-stream" && kind != "application/x-unknown" {
		return "not a page: its type is " + clip(kind, 60)
	}
	for _, magic := range []string{"%PDF-", "\x89PNG", "\xff\xd8\xff", "GIF8", "PK\x03\x04", "RIFF", "\x1f\x8b"} {
		if strings.HasPrefix(string(body[:min(len(body), 8)]), magic) {
			return "not a page: its bytes are those of another kind of file"
		}
	}
	return ""
}

// kind asks the definition's page rules, then the page itself.
func (w *work) kind() (ad.PageKind, string) {
	if w.def != nil {
		r, n := w.def.PageRule(site.Look{URL: w.url, Status: w.out.Status, Root: w.doc.root, Text: w.doc.text})
		if r != nil {
			return ad.PageKind(r.Kind), ruleReason(w.def, n)
		}
	}
	return w.doc.kind()
}

// address is the page's canonical address.
func (w *work) address() string {
	if w.url.Host == "" {
		return w.c.URL
	}
	return canonical(w.url, w.def).String()
}

// nativeID reads the site's own id of the ad where the definition says.
func (w *work) nativeID() string {
	if w.def == nil {
		return ""
	}
	return clip(squeeze(w.doc.ruled(&w.def.Detail.NativeID)), maxField)
}

// outlinks lists where the page leads: by the definition's list rule, else the
// links of the best run and the next pages.
func (w *work) outlinks() {
	var out []ad.Outlink
	if w.def != nil && w.def.List.Given() {
		out = w.doc.ruledLinks(&w.def.List)
	} else {
		out = w.doc.foundLinks()
	}
	w.out.Outlinks = slices.DeleteFunc(out, func(o ad.Outlink) bool { return o.URL == w.c.URL })
	if len(w.out.Outlinks) > maxOutlinks {
		w.out.Outlinks = w.out.Outlinks[:maxOutlinks]
	}
}

// clean makes a value fit to store: valid UTF-8 without control characters other
// than line breaks.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		if r == '\t' || r == '\r' {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// past keeps a time unless it lies clearly after the page was seen.
func past(t, seen time.Time) (time.Time, bool) {
	if t.IsZero() || !seen.IsZero() && t.After(seen.Add(48*time.Hour)) {
		return time.Time{}, false
	}
	return t, true
}
