package extract

import (
	"regexp"
	"strings"
)

// heading gives the heading that most likely is the ad's title: the one that
// says what the title element says, else the highest.
func (d *document) heading() line {
	if d.headed {
		return d.head1
	}
	d.headed = true
	title, card := terms(d.title), terms(d.first("og:title", "twitter:title"))
	top := 0.0
	for _, l := range d.lines {
		if l.heading == 0 && !d.titled(l) || l.letters < 3 || l.letters > 300 {
			continue
		}
		h := terms(l.text)
		if len(h) == 0 {
			continue
		}
		score := 2*alike(h, title) + alike(h, card) + []float64{.2, .8, .5, .2, .1, .05}[l.heading]
		if l.zone == zoneFrame {
			score -= .7
		}
		if score > top {
			d.head1, top = l, score
		}
	}
	return d.head1
}

func (d *document) titled(l line) bool {
	return l.node != nil && l.zone != zoneFrame && l.letters < 200 && l.linked*2 < l.letters && d.holds(l.node, roleTitle)
}

// alike is the harmonic mean of the shares of words two texts have in common.
func alike(a, b map[string]bool) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	return 2 * float64(shared(a, b)) / float64(len(a)+len(b))
}

// generic headings say what part of a page follows, not what the ad offers.
var generic = regexp.MustCompile(`(?i)^\W*(?:(?:\w+ )?(?:description|details)|contact(?: us)?|overview|features|home|welcome|search|log ?in|sign in|menu|opis|descripción|beschreibung|photos?|gallery|map|location|similar .*|related .*|share.*|summary|favou?rites)\W*$`)

// titleText finds the ad's title in what is shown, and by which method.
func (d *document) titleText(main object) (text, method string) {
	h := squeeze(d.heading().text)
	page := d.bareTitle()
	card := d.first("og:title", "twitter:title")
	name := squeeze(main.str("name", "headline", "title"))
	hw, pw := terms(h), terms(page)
	switch {
	case len(pw) > 0 && shared(hw, pw) == len(pw) && (len(pw)*2 >= len(hw) || strings.HasPrefix(h, page)):
		return trimTitle(page), "text" // the heading adds price and place to the title
	case name != "" && main.is(goods) && len(terms(name)) > 1 && (alike(terms(name), hw) > .5 || alike(terms(name), pw) > .5):
		if full := d.fuller(name); full != name {
			return full, "text"
		}
		return name, "json-ld"
	case h != "" && !generic.MatchString(h) && (alike(hw, pw) > .4 || alike(hw, terms(card)) > .4 || page == "" || d.heading().heading == 1):
		return d.fuller(trimTitle(h)), "text"
	case card != "":
		return d.dropSite(card), "opengraph"
	case page != "":
		return trimTitle(page), "text"
	case name != "":
		return name, "json-ld"
	}
	return trimTitle(h), "text"
}

// fuller gives the part of the page's title, or of its card's, that says all
// that a heading says and some more: headings leave out what their page shows
// around them. A part of which the heading is less than half says other things.
func (d *document) fuller(h string) string {
	best, most := h, len(terms(h))
	hw := terms(h)
	for _, s := range []string{d.title, d.first("og:title")} {
		for _, part := range separators.Split(s, -1) {
			part = ellipsis.ReplaceAllString(squeeze(part), "")
			pw := terms(part)
			if shared(hw, pw) == len(hw) && len(pw) > most && len(hw) >= 3 && len(pw) <= 2*len(hw)+3 {
				best, most = part, len(pw)
			}
		}
	}
	return best
}

var separators = regexp.MustCompile(`\s+(?:[-–—|·•»:]|::|\|\|)\s+`)

// bareTitle is the title element without the site's name.
func (d *document) bareTitle() string { return d.dropSite(d.title) }

// dropSite cuts the site's name off the end or the beginning of a title.
func (d *document) dropSite(s string) string {
	parts := separators.FindAllStringIndex(s, -1)
	if len(parts) == 0 {
		return s
	}
	last, first := parts[len(parts)-1], parts[0]
	if d.siteName(s[last[1]:]) {
		return strings.TrimSpace(s[:last[0]])
	}
	if d.siteName(s[:first[0]]) {
		return strings.TrimSpace(s[first[1]:])
	}
	return s
}

// siteName reports whether a text is the name of the site the page is from.
func (d *document) siteName(s string) bool {
	fold := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' || r == '.' {
				return -1
			}
			return r
		}, strings.ToLower(s))
	}
	s = fold(s)
	if s == "" || len(s) > 40 {
		return false
	}
	if n := fold(d.first("og:site_name", "application-name", "apple-mobile-web-app-title")); n != "" && (strings.Contains(n, s) || strings.Contains(s, n)) {
		return true
	}
	if u := d.ownURL(); u != nil {
		host := fold(strings.TrimPrefix(u.Hostname(), "www."))
		return strings.Contains(host, s) || len(s) > 4 && strings.HasPrefix(s, strings.TrimSuffix(host, "com"))
	}
	for _, a := range d.anchors { // the link home often carries the name
		if strings.HasSuffix(a.href, "/") && strings.Count(a.href, "/") == 3 && !strings.Contains(a.href, nowhere) && strings.Contains(fold(strings.TrimPrefix(a.href, "https://")), s) {
			return true
		}
	}
	return false
}

var (
	parenEnd = regexp.MustCompile(`\s*\([^()]{2,60}\)\s*$`)
	ellipsis = regexp.MustCompile(`\s*(?:\.\.\.|…)\s*$`)
)

// trimTitle cuts "- $35 (place)" off the end of a heading, when something is left.
func trimTitle(s string) string {
	out := strings.TrimRight(ellipsis.ReplaceAllString(s, ""), " -–—|")
	bare := parenEnd.ReplaceAllString(out, "")
	if all := sums(bare); len(all) > 0 {
		last := all[len(all)-1]
		if last.end >= len(bare)-1 {
			before := strings.TrimRight(bare[:last.start], " \u00a0")
			cut := strings.TrimRight(before, " -–—|/,:\u00a0")
			if cut != before && len(terms(cut)) >= 2 {
				return cut
			}
		}
	}
	return out
}
