package extract

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// structuredPlace reads a place from JSON-LD or microdata.
func structuredPlace(o object) string {
	if o == nil {
		return ""
	}
	for _, key := range []string{"address", "location", "availableAtOrFrom", "areaServed", "contentLocation", "jobLocation", "itemOffered", "object"} {
		for _, v := range list(o[key]) {
			switch v := v.(type) {
			case string:
				if s := squeeze(v); key == "address" && s != "" {
					return s
				}
			case map[string]any:
				if s := postal(v); s != "" {
					return s
				}
				if s := structuredPlace(v); s != "" && key != "address" {
					return s
				}
				if s := object(v).str("name"); s != "" && (key == "location" || key == "areaServed" || key == "contentLocation") {
					return squeeze(s)
				}
			}
		}
	}
	for _, offer := range o.objects("offers") {
		if s := structuredPlace(offer); s != "" {
			return s
		}
	}
	return ""
}

// postal writes a PostalAddress in one line.
func postal(o object) string {
	var parts []string
	for _, key := range []string{"streetAddress", "addressLocality", "addressRegion", "postalCode"} {
		s := squeeze(o.str(key))
		if s == "" || strings.Contains(strings.Join(parts, ", "), s) {
			continue
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

var (
	placeLabel = regexp.MustCompile(`(?i)^\W*(?:location|address|area|city|town|suburb|neighbou?rhood|localisation|ville|ville / code postal|lokalizacja|adres|miejscowość|miasto|ubicación|localidad|zona|dirección|standort|ort|località|comune|indirizzo|localização|cidade|plats|adress|område|by|plaats|местоположение|город|адрес)\s*[:\t-]\s*(.{2,100})$`)
	placeOnly  = regexp.MustCompile(`(?i)^\W*(?:location|address|localisation|ville|lokalizacja|adres|ubicación|localidad|dirección|standort|località|indirizzo|localização|plats|adress)\W*$`)
	parenPlace = regexp.MustCompile(`\(([^()]{2,60})\)\s*$`)
	digitsOnly = regexp.MustCompile(`^[\d\W]*$`)
)

// shownPlace finds the ad's place in what is shown: labelled, in the heading's
// last brackets, in an element so named, by the heading, or in the title. What
// the title or the page's state says more of the same place is added.
func (d *document) shownPlace() string {
	at := d.headingLine()
	told := d.confirmed(d.titlePlace(), at)
	found := d.labelledPlace()
	h := d.heading().text
	if m := parenPlace.FindStringSubmatch(h); found == "" && m != nil && !digitsOnly.MatchString(m[1]) {
		found = squeeze(m[1])
	}
	if found == "" {
		var near bool
		if found, near = d.namedPlace(at); !near && addressLike(h) {
			found = squeeze(h)
		}
	}
	if found == "" {
		found = d.placeByHeading(at)
	}
	switch {
	case found == "" && told == "" && addressLike(h):
		return squeeze(h)
	case found == "" || strings.Contains(told, found):
		return told
	}
	if more := d.statePlace(); more != "" && !strings.Contains(strings.ToLower(found), strings.ToLower(more)) {
		return found + ", " + more
	}
	return found
}

// labelledPlace reads what follows a label on its line or the next.
func (d *document) labelledPlace() string {
	for i, l := range d.lines {
		if l.zone == zoneFrame || l.letters > 140 {
			continue
		}
		if m := placeLabel.FindStringSubmatch(l.text); m != nil {
			return squeeze(m[1])
		}
		if i+1 < len(d.lines) && l.letters < 30 && placeOnly.MatchString(l.text) {
			next := d.lines[i+1]
			if next.zone == zoneMain && next.letters < 100 && next.linked < next.letters && !digitsOnly.MatchString(next.text) && len(sums(next.text)) == 0 {
				return squeeze(next.text)
			}
		}
	}
	return ""
}

// namedPlace reads the element whose class or id says that it holds a place,
// the nearest to the heading of several, with the lines that go on with it.
func (d *document) namedPlace(at int) (place string, near bool) {
	best, top := -1, 0.0
	for i, l := range d.lines {
		if l.zone != zoneMain || l.letters > 120 || l.letters < 3 || l.letters > 50 && sentence.MatchString(l.text) || !d.placed(l.node) || d.inRun(l.node) || digitsOnly.MatchString(l.text) || len(sums(l.text)) > 0 {
			continue
		}
		score := 2 - float64(i)/float64(len(d.lines))
		if at >= 0 && i >= at-5 && i <= at+10 {
			score++
		}
		if strings.Contains(l.text, ",") {
			score += .3
		}
		if score > top {
			best, top = i, score
		}
	}
	if best < 0 {
		return "", false
	}
	var found strings.Builder
	found.WriteString(squeeze(d.lines[best].text))
	for _, l := range d.lines[best+1 : min(len(d.lines), best+3)] {
		if !d.placed(l.node) || l.letters > 80 || l.zone != zoneMain || digitsOnly.MatchString(l.text) {
			break
		}
		found.WriteString(", " + squeeze(l.text))
	}
	return found.String(), at < 0 || best >= at-10 && best <= at+15
}

// sentence ends say that a line tells something and is no name.
var sentence = regexp.MustCompile(`\p{L}{3,}[.!?]\s*$`)

// inPlace finds a place named after a preposition, as titles do.
var inPlace = regexp.MustCompile(`(?:^|\s)(?:in|en|à|i|w|we|te|em|near|at)\s+(\p{Lu}[^|–—()€£$]{1,80})`)

// titlePlace reads a place from the page's title: "house for sale in Northgate".
func (d *document) titlePlace() string {
	for _, s := range []string{d.bareTitle(), d.heading().text} {
		m := inPlace.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		place, _, _ := strings.Cut(m[1], " - ")
		place, _, _ = strings.Cut(place, " por ")
		if place = strings.Trim(squeeze(place), " ,.:;"); place != "" {
			return place
		}
	}
	return ""
}

// placeByHeading finds a short line by the heading that says more of what the
// title says: titles name the place that the heading leaves to the next line.
func (d *document) placeByHeading(at int) string {
	if at < 0 {
		return ""
	}
	title, heading := terms(d.title), terms(d.lines[at].text)
	for i := max(0, at-3); i < min(len(d.lines), at+6); i++ {
		l := d.lines[i]
		if i == at || l.zone != zoneMain || l.letters < 3 || l.letters > 90 || l.linked*2 > l.letters || digitsOnly.MatchString(l.text) || len(sums(l.text)) > 0 {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(l.text); !unicode.IsUpper(r) && !unicode.IsDigit(r) {
			continue
		}
		w := terms(l.text)
		if n := shared(w, title); n > 0 && (strings.ContainsAny(l.text, ",(") || n == len(w)) && shared(w, heading) < len(w) {
			return squeeze(l.text)
		}
	}
	return ""
}

// confirmed keeps a place read out of a title only when the page names it once
// more in a short line, or its address does: "in Excellent Condition" is no place.
func (d *document) confirmed(place string, at int) string {
	if place == "" {
		return ""
	}
	key, _, _ := strings.Cut(strings.ToLower(place), ",")
	if u := d.ownURL(); u != nil && strings.Contains(strings.ToLower(u.Path), strings.ReplaceAll(key, " ", "-")) {
		return place
	}
	for i, l := range d.lines {
		if i != at && l.letters < 60 && l.heading == 0 && strings.Contains(strings.ToLower(l.text), key) && shared(terms(l.text), terms(d.title)) < len(terms(d.bareTitle())) {
			return place
		}
	}
	return ""
}

// addressLike reports whether a heading is an address, as on houses for sale.
func addressLike(s string) bool {
	if !strings.Contains(s, ",") || len(s) > 90 || len(sums(s)) > 0 {
		return false
	}
	for w := range strings.FieldsSeq(s) {
		if r, _ := utf8.DecodeRuneInString(w); len(w) > 3 && !unicode.IsUpper(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return true
}

func (d *document) placed(n *html.Node) bool {
	for p, i := n, 0; p != nil && i < 2; p, i = p.Parent, i+1 {
		if d.holds(p, rolePlace) {
			return true
		}
	}
	return false
}

// metaPlace reads a place from meta elements.
func (d *document) metaPlace() string {
	var parts []string
	for _, name := range []string{"og:street-address", "og:locality", "og:region", "geo.placename"} {
		s := d.first(name)
		if s != "" && !strings.Contains(strings.Join(parts, ", "), s) {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}
