package bazaar

import (
	"net/url"
	"strconv"
	"strings"
)

const swapyardHost = "swapyard.example"

// swapyard lays out pages in plain markup without any structured data; it adds
// its own words inside the body of every ad.
type swapyard struct{}

func swapyardSite() *site {
	return &site{
		name: "swapyard", host: swapyardHost, title: "SwapYard", lang: "en", base: 2_400_000, layout: swapyard{}, contact: "field", soft: true,
		cities: []city{{"Atlanta", "atlanta"}, {"Baltimore", "baltimore"}, {"Chicago", "chicago"}, {"Detroit", "detroit"}, {"Jacksonville", "jax"}, {"Richmond", "rva"}},
		sections: [categories]section{
			{"Companions", "com"}, {"Bodywork", "bod"}, {"ISO / wanted", "iso"}, {"Gigs + jobs", "job"}, {"Housing", "hou"}, {"Stuff", "stf"}, {"Wheels", "whl"}, {"Animals", "ani"}, {"Doings", "doi"},
		},
	}
}

func (swapyard) place(s *site, u *url.URL) place {
	path := strings.Trim(u.Path, "/")
	if id, ok := strings.CutPrefix(path, "i/"); ok {
		n, err := strconv.ParseInt(id, 36, 64)
		if err != nil {
			return place{}
		}
		return place{kind: "ad", native: n}
	}
	if name, ok := strings.CutPrefix(path, "info/"); ok {
		switch name {
		case "about", "help", "closed":
			return place{kind: "info", name: name}
		}
		return place{}
	}
	if path == "" {
		return s.listPlace("", "", "")
	}
	seg := strings.Split(path, "/")
	if seg[0] != "y" || len(seg) > 4 {
		return place{}
	}
	seg = append(seg, "", "", "")
	return s.listPlace(seg[1], seg[2], seg[3])
}

func (swapyard) adPath(_ *site, native int64, _ string) string {
	return "/i/" + strconv.FormatInt(native, 36)
}

func (swapyard) infoPath(name string) string { return "/info/" + name }

func (swapyard) listPath(s *site, city, cat, page int) string {
	if city < 0 {
		return "/"
	}
	out := "/y/" + s.cities[city].slug
	if cat >= 0 {
		out += "/" + s.sections[cat].slug
	}
	if page > 1 {
		out += "/" + strconv.Itoa(page)
	}
	return out
}

func (l swapyard) head(p *page, s *site, title string) {
	p.put("<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\n<title>")
	p.text(title)
	p.put(" - SwapYard</title>\n</head>\n<body bgcolor=\"#fffff4\">\n<table width=\"100%\"><tr><td><a href=\"/\"><b>SwapYard</b></a></td><td align=\"right\">")
	for i, c := range s.cities {
		p.put("<a href=\"", l.listPath(s, i, -1, 1), "\">", c.name, "</a> | ")
	}
	p.put("</td></tr></table>\n<hr>\n")
}

func (swapyard) foot(p *page) {
	p.put("<hr>\n<font size=\"2\">&copy; SwapYard. <a href=\"/info/about\">about</a> | <a href=\"/info/help\">help</a> | <a href=\"/info/closed\">closed</a> | <a href=\"/private/login\">log in</a> | Listing numbers are not telephone numbers. Est. 1999, zip 30301</font>\n</body>\n</html>\n")
}

func (l swapyard) list(p *page, x listing) {
	s := x.s
	title := "Everything new"
	if x.city >= 0 {
		title = s.cities[x.city].name
	}
	if x.cat >= 0 {
		title += " / " + s.sections[x.cat].label
	}
	l.head(p, s, title)
	p.put("<h2>")
	p.text(title)
	p.put("</h2>\n")
	if x.city >= 0 {
		p.put("<p class=\"secs\">")
		for i, c := range s.sections {
			p.put("[<a href=\"", l.listPath(s, x.city, i, 1), "\">")
			p.text(c.label)
			p.put("</a>] ")
		}
		p.put("</p>\n")
	}
	p.put("<table class=\"yard\" border=\"0\" cellpadding=\"3\">\n")
	day := ""
	for _, r := range x.rows {
		if d := r.posted.Format("Mon Jan 02"); d != day {
			day = d
			p.put("<tr><th colspan=\"3\" align=\"left\">", d, "</th></tr>\n")
		}
		p.put("<tr class=\"it\"><td>", r.posted.Format("3:04 PM"), "</td><td><a href=\"", r.path, "\">")
		p.text(r.title)
		p.put("</a></td><td>", r.price, " (")
		p.text(r.hood)
		p.put(")</td></tr>\n")
	}
	p.put("</table>\n")
	if len(x.rows) == 0 {
		p.put("<p>The yard is empty here.</p>\n")
	}
	if x.page < x.pages {
		p.put("<p class=\"pg\" align=\"center\">page ", strconv.Itoa(x.page), " of ", strconv.Itoa(x.pages), " <a href=\"", l.listPath(s, x.city, x.cat, x.page+1), "\">older &raquo;</a></p>\n")
	}
	if len(x.odd) > 0 {
		p.put("<p class=\"friends\">Friends of the yard:")
		for _, o := range x.odd {
			p.put(" <a href=\"", o, "\">offer</a>")
		}
		p.put("</p>\n")
	}
	l.foot(p)
}

func (l swapyard) ad(p *page, a shown) {
	s := a.s
	id := strconv.FormatInt(a.native, 36)
	l.head(p, s, a.title)
	p.put("<p class=\"path\"><a href=\"", l.listPath(s, int(a.city), -1, 1), "\">", s.cities[a.city].name, "</a> / <a href=\"", l.listPath(s, int(a.city), int(a.cat), 1), "\">")
	p.text(s.sections[a.cat].label)
	p.put("</a></p>\n<div class=\"sheet\">\n<h2>")
	p.text(a.title)
	p.put("</h2>\n<table class=\"fx\">\n<tr><td>Listed</td><td class=\"when\">", a.posted.Format("01/02/06 3:04 PM"), "</td></tr>\n")
	if !a.updated.IsZero() {
		p.put("<tr><td>Changed</td><td class=\"chg\">", a.updated.Format("01/02/06 3:04 PM"), "</td></tr>\n")
	}
	if a.price > 0 {
		p.put("<tr><td>Asking</td><td class=\"ask\">", money(a.price), "</td></tr>\n")
	}
	p.put("<tr><td>Where</td><td class=\"loc\">")
	p.text(a.hood + ", " + s.cities[a.city].name)
	p.put("</td></tr>\n")
	if a.phone != "" {
		p.put("<tr><td>Phone</td><td class=\"ph\">", a.phone, "</td></tr>\n")
	}
	p.put("<tr><td>Listing no.</td><td class=\"no\">", id, "</td></tr>\n</table>\n<div class=\"txt\">")
	p.lines(a.body)
	p.put("<br>\n<br>\nPlease say you saw this in the SwapYard. Never wire money ahead; report bad listings to safety@swapyard.example</div>\n")
	if a.cut {
		return
	}
	for i := range a.images {
		p.put("<a href=\"/img/", id, "/", strconv.Itoa(i+1), ".jpg\"><img src=\"/img/", id, "/", strconv.Itoa(i+1), "t.jpg\" width=\"90\"></a>\n")
	}
	p.put("</div>\n<p class=\"by\"><a href=\"/private/by/", id, "\">all listings by this yarder</a></p>\n<ul class=\"near\">\n")
	for _, r := range a.related {
		p.put("<li><a href=\"", r.path, "\">")
		p.text(r.title)
		p.put("</a></li>\n")
	}
	p.put("</ul>\n")
	l.foot(p)
}

func (l swapyard) info(p *page, s *site, name string, x listing) {
	titles := map[string]string{"about": "About the yard", "help": "Yard rules", "closed": "Lately closed"}
	l.head(p, s, titles[name])
	p.put("<h2>", titles[name], "</h2>\n")
	switch name {
	case "about":
		p.put("<p>A swap meet on a screen. Two people, one server, twenty seven years.</p>\n")
	case "help":
		p.put("<p>One listing a thing. No shouting. Listings go away when you say so. Mail safety@swapyard.example when something is off.</p>\n")
	default:
		p.put("<ul class=\"closed\">\n")
		for _, r := range x.rows {
			p.put("<li><a href=\"", r.path, "\">closed</a></li>\n")
		}
		p.put("</ul>\n")
	}
	l.foot(p)
}

func (l swapyard) removed(p *page, s *site) {
	l.head(p, s, "Listing")
	p.put("<div class=\"sheet\"><p>Sorry, this ad was removed by its author or by the yard keepers.</p></div>\n")
	l.foot(p)
}
