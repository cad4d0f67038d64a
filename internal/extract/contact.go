package extract

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"vigil.example/internal/ad"
)

const (
	maxContacts = 40
	maxImages   = 100
)

// contactLinks reads the contacts that a page hides in links. Those in its frame
// are the site's own and are left out.
func (d *document) contactLinks() []ad.Contact {
	var out []ad.Contact
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil && len(out) < maxContacts; c = c.NextSibling {
			if c.Type != html.ElementNode || unseen[c.DataAtom] || zoneOf(c) == zoneFrame {
				continue
			}
			if c.DataAtom == atom.A || c.DataAtom == atom.Area {
				if k, ok := contactOf(attr(c, "href")); ok && !slices.Contains(out, k) && !d.inRun(c) {
					out = append(out, k)
				}
			}
			walk(c)
		}
	}
	walk(d.body)
	return out
}

var handleForm = regexp.MustCompile(`^@?[A-Za-z0-9_.]{3,40}$`)

// contactOf reads a link that reaches a person: tel:, sms:, mailto:, WhatsApp,
// Telegram. A number becomes a phone, a Telegram name a handle.
func contactOf(href string) (ad.Contact, bool) {
	href = strings.TrimSpace(href)
	if len(href) > 2000 {
		return ad.Contact{}, false
	}
	scheme, rest, ok := strings.Cut(href, ":")
	if !ok {
		return ad.Contact{}, false
	}
	plainRest, err := url.PathUnescape(rest)
	if err != nil {
		plainRest = rest
	}
	switch strings.ToLower(scheme) {
	case "tel", "sms", "callto":
		number, _, _ := strings.Cut(strings.TrimLeft(plainRest, "/"), "?")
		number, _, _ = strings.Cut(number, ";")
		return contact("phone", number)
	case "mailto":
		address, _, _ := strings.Cut(plainRest, "?")
		if !strings.Contains(address, "@") {
			return ad.Contact{}, false
		}
		return contact("email", strings.ToLower(address))
	case "whatsapp", "viber":
		if u, err := url.Parse(href); err == nil {
			return phoneContact(u.Query().Get("phone") + u.Query().Get("number"))
		}
	case "tg":
		if u, err := url.Parse(href); err == nil && handleForm.MatchString(u.Query().Get("domain")) {
			return contact("handle", "telegram:"+strings.ToLower(u.Query().Get("domain")))
		}
	case "http", "https":
		return webContact(href)
	}
	return ad.Contact{}, false
}

func webContact(href string) (ad.Contact, bool) {
	u, err := url.Parse(href)
	if err != nil {
		return ad.Contact{}, false
	}
	name := strings.Trim(u.Path, "/")
	switch strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") {
	case "wa.me":
		return phoneContact(name)
	case "api.whatsapp.com", "web.whatsapp.com":
		return phoneContact(u.Query().Get("phone"))
	case "t.me", "telegram.me", "telegram.dog":
		if strings.HasPrefix(name, "+") && len(strings.Trim(name, "+0123456789")) == 0 {
			return contact("phone", name)
		}
		if name == "share" || strings.HasPrefix(name, "share/") || strings.Contains(name, "/") || !handleForm.MatchString(name) {
			return ad.Contact{}, false
		}
		return contact("handle", "telegram:"+strings.ToLower(strings.TrimPrefix(name, "@")))
	}
	return ad.Contact{}, false
}

// phoneContact takes a number as messengers write it, with its country first.
func phoneContact(s string) (ad.Contact, bool) {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	if len(digits) < 8 || len(digits) > 15 {
		return ad.Contact{}, false
	}
	return contact("phone", "+"+digits)
}

func contact(kind, value string) (ad.Contact, bool) {
	value = squeeze(clean(clip(value, 200)))
	return ad.Contact{Kind: kind, Value: value}, value != ""
}

// furniture are parts of addresses of pictures that are not of an ad.
var furniture = []string{
	"logo", "icon", "sprite", "pixel", "blank", "spacer", "avatar", "placeholder", "loading", "badge", "flag", "banner", "button", "captcha", ".svg", ".gif",
	"/static/", "/assets/", "tracking", "beacon", "doubleclick", "facebook.com/tr", "staticmap", "maps.google", "googleapis",
}

func isFurniture(href string) bool {
	href = strings.ToLower(href)
	return slices.ContainsFunc(furniture, func(w string) bool { return strings.Contains(href, w) })
}

// images lists links to an ad's pictures: those that structured data and meta
// elements name, then those shown in the contents. They are never fetched.
func (d *document) images(main object) []string {
	var out []string
	add := func(href string, sure bool) {
		if len(out) >= maxImages || !sure && isFurniture(href) {
			return
		}
		u, ok := d.resolve(href)
		if !ok || u.Hostname() == nowhere {
			return
		}
		if s := u.String(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, v := range append(list(main["image"]), list(main["photo"])...) {
		switch v := v.(type) {
		case string:
			add(v, true)
		case map[string]any:
			add(object(v).str("url", "contentUrl", "@id"), true)
		}
	}
	for _, v := range append(d.meta["og:image"], d.meta["twitter:image"]...) {
		add(v, !isFurniture(v))
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.ElementNode || c.DataAtom == atom.Script || zoneOf(c) == zoneFrame || d.runItems()[c] {
				continue
			}
			if c.DataAtom == atom.Img && !small(c) {
				for _, key := range []string{"data-src", "data-original", "data-lazy", "data-lazy-src", "src"} {
					if v := attr(c, key); v != "" && !strings.HasPrefix(v, "data:") {
						add(v, false)
						break
					}
				}
			}
			walk(c)
		}
	}
	walk(d.body)
	return out
}

// small reports whether an image is too small to show what is offered.
func small(n *html.Node) bool {
	for _, key := range []string{"width", "height"} {
		if v := attr(n, key); v != "" && len(v) <= 2 && strings.Trim(v, "0123456789") == "" {
			return true
		}
	}
	return false
}
