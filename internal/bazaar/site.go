package bazaar

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Native ids of a site are base+firstNative+k*nativeStep for its k-th ad; the
// ids between belong to pages that are no ads (see odd.go).
const (
	firstNative = 7
	nativeStep  = 13
)

type city struct{ name, slug string }

type section struct{ label, slug string }

// A site is one of the three: its names, and how it lays out pages.
type site struct {
	index    uint8
	name     string // of its definition in crawlers/
	host     string
	title    string
	lang     string // of the site's own words
	cities   []city
	sections [categories]section
	zone     *time.Location
	base     int64
	contact  string // where a number may stand outside the words: "field", "link" or ""
	soft     bool   // removed ads answer 200
	layout
}

// A layout turns addresses into places and draws pages.
type layout interface {
	place(s *site, u *url.URL) place
	adPath(s *site, native int64, title string) string
	listPath(s *site, city, cat, page int) string
	infoPath(name string) string
	list(p *page, l listing)
	ad(p *page, a shown)
	info(p *page, s *site, name string, l listing)
	removed(p *page, s *site)
}

// A place is what an address of a site stands for.
type place struct {
	kind      string // list, ad, info, or "" for nothing
	city, cat int    // list: -1 for all
	page      int    // list: from 1
	native    int64  // ad
	name      string // info: about, help or closed
}

// A listing is what a list page shows.
type listing struct {
	s           *site
	city, cat   int
	page, pages int
	total       int
	rows        []row
	odd         []string // addresses of the home page's partner links
	partner     string
}

// A row is one ad on a list.
type row struct {
	path, title, price, hood, city string
	posted                         time.Time
}

// shown is one ad as a detail page shows it.
type shown struct {
	article
	s       *site
	native  int64
	posted  time.Time
	updated time.Time
	related []row
	office  string // the site's own telephone
}

func (s *site) native(e *entry) int64 { return s.base + firstNative + int64(e.rank)*nativeStep }

// nativeID is the site's id of the ad as its pages and addresses write it.
func (s *site) nativeID(e *entry) string {
	if s.host == swapyardHost {
		return strconv.FormatInt(s.native(e), 36)
	}
	return strconv.FormatInt(s.native(e), 10)
}

func (s *site) local(unix int64) time.Time { return time.Unix(unix, 0).In(s.zone) }

func (s *site) cityBySlug(slug string) (int, bool) {
	for i, c := range s.cities {
		if c.slug == slug {
			return i, true
		}
	}
	return 0, false
}

func (s *site) sectionBySlug(slug string) (int, bool) {
	for i, c := range s.sections {
		if c.slug == slug {
			return i, true
		}
	}
	return 0, false
}

// listPlace reads city and section; ok is false when either is not the site's.
func (s *site) listPlace(citySlug, catSlug, page string) place {
	p := place{kind: "list", city: -1, cat: -1, page: 1}
	if page != "" {
		n, err := strconv.Atoi(page)
		if err != nil || n < 1 {
			return place{}
		}
		p.page = n
	}
	var ok bool
	if citySlug != "" {
		if p.city, ok = s.cityBySlug(citySlug); !ok {
			return place{}
		}
	}
	if catSlug != "" {
		if p.cat, ok = s.sectionBySlug(catSlug); !ok || citySlug == "" {
			return place{}
		}
	}
	return p
}

func allSites() ([]*site, error) {
	sites := []*site{townboardSite(), swapyardSite(), laplazaSite()}
	zones := []string{"America/Chicago", "America/New_York", "America/Tijuana"}
	for i, s := range sites {
		z, err := time.LoadLocation(zones[i])
		if err != nil {
			return nil, fmt.Errorf("time zone of %s: %w", s.name, err)
		}
		s.index, s.zone = uint8(i), z
	}
	return sites, nil
}

// A page is HTML being written.
type page struct{ b []byte }

// put writes markup as it is.
func (p *page) put(s ...string) {
	for _, x := range s {
		p.b = append(p.b, x...)
	}
}

// text writes words, escaped; entity0 runes become references to digits.
func (p *page) text(s string) { p.escape(s, false) }

// lines is text with line breaks.
func (p *page) lines(s string) { p.escape(s, true) }

func (p *page) escape(s string, breaks bool) {
	from := 0
	for i, r := range s {
		var x string
		size := 1
		switch {
		case r == '&':
			x = "&amp;"
		case r == '<':
			x = "&lt;"
		case r == '>':
			x = "&gt;"
		case r == '"':
			x = "&#34;"
		case r == '\n' && breaks:
			x = "<br>\n"
		case r >= entity0 && r < entity0+10:
			x, size = "&#"+strconv.Itoa('0'+int(r-entity0))+";", 3
		default:
			continue
		}
		p.b = append(append(p.b, s[from:i]...), x...)
		from = i + size
	}
	p.b = append(p.b, s[from:]...)
}

// plainDigits replaces entity0 runes by the digits they stand for.
func plainDigits(s string) string {
	if strings.IndexFunc(s, isEntity) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isEntity(r) {
			return '0' + r - entity0
		}
		return r
	}, s)
}

func isEntity(r rune) bool { return r >= entity0 && r < entity0+10 }
