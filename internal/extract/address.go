package extract

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"vigil.example/internal/site"
)

// tracking are parameters that say where a visitor came from, not what a page is.
var tracking = []string{
	"utm_*", "gclid", "gclsrc", "dclid", "fbclid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "mc_cid", "mc_eid", "_ga", "_gl",
	"mkt_tok", "vero_id", "wickedid", "srsltid", "gbraid", "wbraid", "phpsessid", "jsessionid",
}

// canonical gives the one spelling of a page's address: as its definition says,
// else without the parameters that track visitors.
func canonical(u *url.URL, d *site.Definition) *url.URL {
	if d != nil {
		return d.Canonical(u)
	}
	return site.Canonical(u, tracking)
}

// hostSite names the site of a page that no definition owns.
func hostSite(u *url.URL) string { return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") }

var savedFrom = regexp.MustCompile(`(?i)<!--\s*saved from url=\(\d+\)(\S+?)\s*-->`)

// PageURL finds the address that a saved page came from, in what browsers and
// sites write into it: a "saved from url" comment, a canonical link, og:url, a
// base element. It gives "" when the page does not say.
func PageURL(body []byte) string {
	head, _ := decode(body[:min(len(body), 1<<20)], "")
	if m := savedFrom.FindStringSubmatch(clip(head, 4096)); m != nil {
		if s := webAddress(m[1]); s != "" {
			return s
		}
	}
	var link, card, base string
	z := html.NewTokenizer(bytes.NewReader([]byte(head)))
	for link == "" {
		t := z.Next()
		if t == html.ErrorToken {
			break
		}
		if t != html.StartTagToken && t != html.SelfClosingTagToken {
			continue
		}
		n := z.Token()
		get := func(key string) string {
			for _, a := range n.Attr {
				if a.Key == key {
					return a.Val
				}
			}
			return ""
		}
		switch n.DataAtom {
		case atom.Link:
			if strings.EqualFold(get("rel"), "canonical") {
				link = webAddress(get("href"))
			}
		case atom.Meta:
			if card == "" && (strings.EqualFold(get("property"), "og:url") || strings.EqualFold(get("name"), "og:url")) {
				card = webAddress(get("content"))
			}
		case atom.Base:
			if base == "" {
				base = webAddress(get("href"))
			}
		}
	}
	for _, s := range []string{link, card, base} {
		if s != "" {
			return s
		}
	}
	return ""
}

// webAddress gives an absolute web address, and "" for anything else.
func webAddress(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "//") {
		s = "https:" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(s) > 4096 {
		return ""
	}
	u.Fragment, u.RawFragment, u.User = "", "", nil
	return u.String()
}
