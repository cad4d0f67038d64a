package bazaar

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Visits counts requests since the town was built. A polite crawler makes none
// for forbidden pages and, by default, none for images.
type Visits struct {
	Pages     int64 `json:"pages"`
	Forbidden int64 `json:"forbidden"` // pages that robots.txt forbids
	Images    int64 `json:"images"`
	Missing   int64 `json:"missing"` // addresses that lead nowhere
}

// Visits says who came so far.
func (t *Town) Visits() Visits {
	v := &t.visits
	return Visits{v.pages.Load(), v.forbidden.Load(), v.images.Load(), v.missing.Load()}
}

// Handler serves the three sites by Host header, and the town hall under any
// other name.
func (t *Town) Handler() http.Handler {
	hall := http.NewCrossOriginProtection().Handler(t.hall())
	byHost := map[string]http.Handler{}
	for _, s := range t.sites {
		byHost[s.host] = t.serve(s)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := strings.ToLower(r.Host)
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if h, ok := byHost[host]; ok {
			h.ServeHTTP(w, r)
			return
		}
		hall.ServeHTTP(w, r)
	})
}

// An answer is one response of a site.
type answer struct {
	status   int
	kind     string // Content-Type
	location string
	body     []byte
}

const htmlType = "text/html; charset=utf-8"

func (t *Town) serve(s *site) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "this site only reads", http.StatusMethodNotAllowed)
			return
		}
		v := t.current()
		a := t.answer(v, s, r)
		h := w.Header()
		h.Set("Date", time.Unix(v.now, 0).UTC().Format(http.TimeFormat)) // the town's, not the machine's
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		if a.kind != "" {
			h.Set("Content-Type", a.kind)
		}
		if a.location != "" {
			h.Set("Location", a.location)
		}
		w.WriteHeader(a.status)
		if r.Method == http.MethodGet {
			_, _ = w.Write(a.body) // a client that went away is no concern of the town
		}
	})
}

func (t *Town) answer(v *view, s *site, r *http.Request) answer {
	path := r.URL.Path
	switch {
	case path == "/robots.txt":
		return answer{200, "text/plain; charset=utf-8", "", []byte("# " + s.title + "\nUser-agent: *\nDisallow: /private/\n")}
	case strings.HasPrefix(path, "/private/"):
		t.visits.forbidden.Add(1)
		return answer{200, htmlType, "", []byte("<!DOCTYPE html><title>Members only</title><h1>Members only</h1><p>Robots were asked to stay out.</p>")}
	case strings.HasPrefix(path, "/img/"):
		t.visits.images.Add(1)
		return t.missing(s)
	}
	switch pl := s.place(s, r.URL); pl.kind {
	case "list":
		if b, ok := t.listPage(v, s, pl); ok {
			t.visits.pages.Add(1)
			return answer{200, htmlType, "", b}
		}
	case "info":
		t.visits.pages.Add(1)
		return answer{200, htmlType, "", t.infoPage(v, s, pl.name)}
	case "ad":
		if a, ok := t.odd(s, pl.native); ok {
			t.visits.pages.Add(1)
			return a
		}
		if e, ok := v.find(s, pl.native); ok {
			t.visits.pages.Add(1)
			return t.adPage(v, s, e)
		}
	}
	return t.missing(s)
}

func (t *Town) missing(s *site) answer {
	t.visits.missing.Add(1)
	return answer{404, htmlType, "", []byte("<!DOCTYPE html><title>Not found</title><h1>Not found</h1><p>" + s.title + " has no such page.</p>")}
}

// officeNumber is the telephone that a site prints as its own.
func (t *Town) officeNumber() string {
	n := t.book.national(t.office)
	return n[:3] + "-" + n[3:6] + "-" + n[6:]
}

func (t *Town) listPage(v *view, s *site, pl place) ([]byte, bool) {
	all := v.lists[cell(s.index, pl.city, pl.cat)]
	x := listing{s: s, city: pl.city, cat: pl.cat, page: pl.page, total: len(all), pages: max(1, (len(all)+perPage-1)/perPage), partner: t.officeNumber()}
	if pl.page > x.pages {
		return nil, false
	}
	for _, i := range all[(pl.page-1)*perPage : min(len(all), pl.page*perPage)] {
		x.rows = append(x.rows, t.row(v, s, &v.ads[i]))
	}
	if pl.city < 0 {
		x.odd = t.oddPaths(s)
	}
	p := page{b: make([]byte, 0, 16<<10)}
	s.list(&p, x)
	return p.b, true
}

func (t *Town) row(v *view, s *site, e *entry) row {
	n := e.version(v.now)
	a := t.write(e, n, true)
	first := a.title
	if n > 0 && s.host == laplazaHost {
		first = t.write(e, 0, true).title
	}
	r := row{path: s.adPath(s, s.native(e), first), title: a.title, hood: a.hood, city: s.cities[e.city].name, posted: s.local(e.posted)}
	if a.price > 0 {
		r.price = money(a.price)
	}
	return r
}

// path is the ad's address; where it holds words they are those of its first text.
func (t *Town) path(s *site, e *entry) string {
	title := ""
	if s.host == laplazaHost {
		title = t.write(e, 0, true).title
	}
	return s.adPath(s, s.native(e), title)
}

func (t *Town) infoPage(v *view, s *site, name string) []byte {
	x := listing{s: s, partner: t.officeNumber()}
	if name == "closed" {
		for _, i := range v.gone[s.index] {
			x.rows = append(x.rows, row{path: t.path(s, &v.ads[i])})
		}
	}
	p := page{b: make([]byte, 0, 8<<10)}
	s.info(&p, s, name, x)
	return p.b
}

func (t *Town) adPage(v *view, s *site, e *entry) answer {
	p := page{b: make([]byte, 0, 8<<10)}
	if !e.seenAt(v.now) {
		s.removed(&p, s)
		if s.soft {
			return answer{200, htmlType, "", p.b}
		}
		return answer{410, htmlType, "", p.b}
	}
	n := e.version(v.now)
	x := shown{article: t.write(e, n, false), s: s, native: s.native(e), posted: s.local(e.posted), office: t.officeNumber()}
	switch {
	case e.editedMore != 0 && e.editedMore <= v.now:
		x.updated = s.local(e.editedMore)
	case e.edited != 0 && e.edited <= v.now:
		x.updated = s.local(e.edited)
	}
	for _, r := range v.related(e, 4) {
		x.related = append(x.related, t.row(v, s, r))
	}
	s.ad(&p, x)
	if !x.charset {
		return answer{200, htmlType, "", p.b}
	}
	if x.native%2 == 0 { // the page's own claim is wrong, the server's is right
		return answer{200, "text/html; charset=windows-1252", "", latin(p.b)}
	}
	return answer{200, htmlType, "", latin(p.b)}
}

// latin recodes UTF-8 HTML to windows-1252; what that lacks becomes a reference.
func latin(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		switch {
		case r < 0x80 || r >= 0xA0 && r <= 0xFF:
			out = append(out, byte(r))
		default:
			out = append(append(append(out, "&#"...), strconv.Itoa(int(r))...), ';')
		}
	}
	return out
}
