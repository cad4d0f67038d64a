package bazaar

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// townboard lays out pages with schema.org JSON-LD and some markup.
type townboard struct{}

func townboardSite() *site {
	return &site{
		name: "townboard", host: "townboard.example", title: "Town Board", lang: "en", base: 7_100_000_000, layout: townboard{},
		cities: []city{{"Austin", "austin"}, {"Columbus", "columbus"}, {"Denver", "denver"}, {"Nashville", "nashville"}, {"Portland", "portland"}, {"Savannah", "savannah"}},
		sections: [categories]section{
			{"Evening company", "evening-company"}, {"Massage and spa", "massage"}, {"Wanted", "wanted"}, {"Help wanted", "jobs"}, {"Rooms and rentals", "rooms"},
			{"For sale", "for-sale"}, {"Cars and boats", "cars"}, {"Pets", "pets"}, {"Community", "community"},
		},
	}
}

func (townboard) place(s *site, u *url.URL) place {
	path := strings.Trim(u.Path, "/")
	if id, ok := strings.CutPrefix(path, "post/"); ok {
		n, err := strconv.ParseInt(strings.TrimSuffix(id, ".html"), 10, 64)
		if err != nil || !strings.HasSuffix(id, ".html") {
			return place{}
		}
		return place{kind: "ad", native: n}
	}
	switch path {
	case "about.html", "help.html", "closed.html":
		return place{kind: "info", name: strings.TrimSuffix(path, ".html")}
	}
	c, cat, _ := strings.Cut(path, "/")
	return s.listPlace(c, cat, u.Query().Get("page"))
}

func (townboard) adPath(_ *site, native int64, _ string) string {
	return "/post/" + strconv.FormatInt(native, 10) + ".html"
}

func (townboard) infoPath(name string) string { return "/" + name + ".html" }

func (townboard) listPath(s *site, city, cat, page int) string {
	out := "/"
	if city >= 0 {
		out += s.cities[city].slug + "/"
	}
	if cat >= 0 {
		out += s.sections[cat].slug + "/"
	}
	if page > 1 {
		out += "?page=" + strconv.Itoa(page)
	}
	return out
}

func (l townboard) head(p *page, s *site, title string, linked any) {
	p.put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>")
	p.text(title)
	p.put(" | Town Board</title>\n<meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"stylesheet\" href=\"/board.css\">\n")
	if linked != nil {
		j, err := json.Marshal(linked)
		if err == nil { // plain structs of strings always marshal
			p.put("<script type=\"application/ld+json\">", string(j), "</script>\n")
		}
	}
	p.put("</head>\n<body>\n<header class=\"top\"><a class=\"brand\" href=\"/\">Town Board</a> <span>Free notices for neighbors since 2004</span></header>\n")
	p.put("<nav class=\"cities\">")
	for i, c := range s.cities {
		p.put(" <a href=\"", l.listPath(s, i, -1, 1), "\">", c.name, "</a>")
	}
	p.put("</nav>\n")
}

func (townboard) foot(p *page, office string) {
	p.put("<footer><p>Meet in public places. Town Board never asks for a deposit. All persons are 18 or older.</p>\n<p>Town Board office, open 9 to 5, ", office,
		". <a href=\"/about.html\">About</a> <a href=\"/help.html\">Help</a> <a href=\"/closed.html\">Recently closed</a> <a href=\"/private/account\">Members</a></p></footer>\n</body>\n</html>\n")
}

func (l townboard) list(p *page, x listing) {
	s := x.s
	title := "Latest notices"
	if x.city >= 0 {
		title = s.cities[x.city].name
	}
	if x.cat >= 0 {
		title += ": " + s.sections[x.cat].label
	}
	l.head(p, s, title, nil)
	p.put("<main>\n<h1>")
	p.text(title)
	p.put("</h1>\n")
	if x.city >= 0 {
		p.put("<nav class=\"sections\">")
		for i, c := range s.sections {
			p.put(" <a href=\"", l.listPath(s, x.city, i, 1), "\">", c.label, "</a>")
		}
		p.put("</nav>\n")
	}
	p.put("<ol class=\"posts\">\n")
	for _, r := range x.rows {
		p.put("<li class=\"post\"><time datetime=\"", r.posted.Format(time.RFC3339), "\">", r.posted.Format("Jan 2"), "</time> <a class=\"post-link\" href=\"", r.path, "?ref=list\">")
		p.text(r.title)
		p.put("</a> <b>", r.price, "</b> <small>")
		p.text(r.hood)
		p.put("</small></li>\n")
	}
	p.put("</ol>\n")
	if len(x.rows) == 0 {
		p.put("<p class=\"none\">Nothing on this board yet.</p>\n")
	}
	if x.page < x.pages {
		p.put("<p class=\"pager\"><a class=\"next\" rel=\"next\" href=\"", strings.ReplaceAll(l.listPath(s, x.city, x.cat, x.page+1), "&", "&amp;"), "\">Older notices</a></p>\n")
	}
	if len(x.odd) > 0 {
		p.put("<aside><h2>From our partners</h2><ul>")
		for _, o := range x.odd {
			p.put("<li><a class=\"post-link\" href=\"", o, "\">Partner notice</a></li>")
		}
		p.put("</ul></aside>\n")
	}
	p.put("</main>\n")
	l.foot(p, x.partner)
}

type ldThing struct {
	Type       string   `json:"@type"`
	ID         string   `json:"@id,omitempty"`
	Identifier string   `json:"identifier,omitempty"`
	Name       string   `json:"name,omitempty"`
	Desc       string   `json:"description,omitempty"`
	URL        string   `json:"url,omitempty"`
	Category   string   `json:"category,omitempty"`
	Posted     string   `json:"datePosted,omitempty"`
	Modified   string   `json:"dateModified,omitempty"`
	Image      []string `json:"image,omitempty"`
	Offers     *ldOffer `json:"offers,omitempty"`
}

type ldOffer struct {
	Type     string   `json:"@type"`
	Price    string   `json:"price,omitempty"`
	Currency string   `json:"priceCurrency,omitempty"`
	Where    *ldPlace `json:"availableAtOrFrom,omitempty"`
}

type ldPlace struct {
	Type    string    `json:"@type"`
	Name    string    `json:"name"`
	Address ldAddress `json:"address"`
}

type ldAddress struct {
	Type     string `json:"@type"`
	Locality string `json:"addressLocality"`
	Country  string `json:"addressCountry"`
}

func (l townboard) ad(p *page, a shown) {
	s := a.s
	where := s.cities[a.city].name
	thing := ldThing{
		Type: "Product", ID: "http://" + s.host + l.adPath(s, a.native, ""), Identifier: strconv.FormatInt(a.native, 10), Name: a.title,
		Desc: plainDigits(a.body), URL: "http://" + s.host + l.adPath(s, a.native, ""), Category: s.sections[a.cat].label, Posted: a.posted.Format(time.RFC3339),
		Offers: &ldOffer{Type: "Offer", Where: &ldPlace{"Place", a.hood, ldAddress{"PostalAddress", where, "US"}}},
	}
	if !a.updated.IsZero() {
		thing.Modified = a.updated.Format(time.RFC3339)
	}
	if a.price > 0 {
		thing.Offers.Price, thing.Offers.Currency = strconv.Itoa(a.price)+".00", "USD"
	}
	for i := range a.images {
		thing.Image = append(thing.Image, "http://"+s.host+"/img/"+thing.Identifier+"-"+strconv.Itoa(i+1)+".jpg")
	}
	l.head(p, s, a.title, struct {
		Context string    `json:"@context"`
		Graph   []ldThing `json:"@graph"`
	}{"https://schema.org", []ldThing{{Type: "WebSite", Name: "Town Board", URL: "http://" + s.host + "/"}, thing}})
	p.put("<main>\n<p class=\"crumbs\"><a href=\"", l.listPath(s, int(a.city), -1, 1), "\">", where, "</a> &gt; <a class=\"section\" href=\"",
		l.listPath(s, int(a.city), int(a.cat), 1), "\">", s.sections[a.cat].label, "</a></p>\n<article class=\"post\" data-id=\"", thing.Identifier, "\">\n<h1>")
	p.text(a.title)
	if a.price > 0 {
		p.put(" <span class=\"price\">", money(a.price), "</span>")
	}
	p.put("</h1>\n<div class=\"post-body\">")
	p.lines(a.body)
	p.put("</div>\n")
	if a.cut {
		return
	}
	for i, u := range thing.Image {
		p.put("<img class=\"photo\" loading=\"lazy\" src=\"", strings.TrimPrefix(u, "http://"+s.host), "\" alt=\"photo ", strconv.Itoa(i+1), "\">\n")
	}
	p.put("<p class=\"facts\">Notice ", thing.Identifier, " in ")
	p.text(a.hood)
	p.put(", posted <time datetime=\"", thing.Posted, "\">", a.posted.Format("January 2, 3:04 pm"), "</time>. <a href=\"/private/poster/", thing.Identifier, "\">More by this poster</a></p>\n</article>\n")
	p.put("<aside class=\"more\"><h2>More on this board</h2><ul>")
	for _, r := range a.related {
		p.put("<li><a href=\"", r.path, "?ref=more\">")
		p.text(r.title)
		p.put("</a></li>")
	}
	p.put("</ul></aside>\n</main>\n")
	l.foot(p, a.office)
}

func (l townboard) info(p *page, s *site, name string, x listing) {
	titles := map[string]string{"about": "About Town Board", "help": "Help", "closed": "Recently closed notices"}
	l.head(p, s, titles[name], nil)
	p.put("<main>\n<h1>", titles[name], "</h1>\n")
	switch name {
	case "about":
		p.put("<p>Town Board began in 2004 as a cork board in a hardware store. Neighbors post notices; volunteers read the reports.</p>\n<p>We carry no advertising of our own. <a href=\"/help.html\">How it works</a>.</p>\n")
	case "help":
		p.put("<h2>How do I post?</h2><p>Make an <a href=\"/private/account\">account</a>, choose a board, write. A notice stays up for sixty days.</p>\n<h2>How do I report?</h2><p>Use the flag or write to office@townboard.example.</p>\n")
	default:
		p.put("<ul class=\"closed\">\n")
		for _, r := range x.rows {
			p.put("<li><a href=\"", r.path, "\">Notice closed</a></li>\n")
		}
		p.put("</ul>\n")
	}
	p.put("</main>\n")
	l.foot(p, x.partner)
}

func (l townboard) removed(p *page, s *site) {
	l.head(p, s, "Gone", nil)
	p.put("<main><h1>This notice is gone</h1><p>The poster or an editor took it down.</p></main>\n")
	l.foot(p, "")
}
