package extract

import (
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/html"

	"vigil.example/internal/ad"
)

// Many pages carry their ad a second time, as the state that scripts start from.
// It is searched as text, not parsed: it comes as JSON, as JavaScript, escaped
// once or twice, and in megabytes. A value taken from it must be confirmed by
// what the page shows, because the same state holds other ads and settings.

// maxState bounds what is searched of one page's scripts.
const maxState = 1 << 20

const quoteMark = `\\{0,3}["']?`

var (
	statePrice = regexp.MustCompile(`(?i)` + quoteMark + `\b(?:price|prix|precio|cena|pricevalue|askingprice|displayprice|primaryprice|listprice|price_?raw|amount|saleprice)` + quoteMark + `\s*[:=]\s*` + quoteMark + `([^"',{}\[\]\\]{0,8}\d[\d .,\x{a0}']{0,14}\d)`)
	statePlace = regexp.MustCompile(`(?i)` + quoteMark + `\b(?:displayaddress|fulladdress|addresslocality|locality|city|cityname|city_label|town|suburb|location_?name|areaname|region_name)` + quoteMark + `\s*[:=]\s*\\{0,3}["']([^"'\\{}<>]{2,80})`)
	stateTime  = regexp.MustCompile(`(?i)` + quoteMark + `\b(?:dateposted|date_?published|published_?at|publish_?date|publication_?date|first_publication_date|created_?at|creation_?date|posted_?(?:at|date|on)|listed_?(?:at|date|on)|listing_?date|date_?listed|date_?added|datecreated)` + quoteMark + `\s*[:=]\s*` + quoteMark + `([^"'{}\[\]\\]{8,40})`)
)

// scriptsText yields the inline scripts of a page, up to maxState bytes.
func (d *document) scriptsText(yield func(string) bool) {
	left := maxState
	for _, n := range d.state {
		s := clip(textOf(n), left)
		left -= len(s)
		if !yield(s) || left <= 0 {
			return
		}
	}
}

// statePriceOf gives the first price of the state that the page also shows.
func (d *document) statePriceOf(shown map[string]ad.Price) *ad.Price {
	for s := range d.scriptsText {
		for _, m := range statePrice.FindAllStringSubmatch(s, 40) {
			if p, ok := shown[amount(strings.TrimLeft(lone.FindString(m[1]), " "), "")]; ok {
				return &p
			}
		}
	}
	return nil
}

// shownAmounts maps the amounts outside frames and items to how they are written.
func (d *document) shownAmounts() map[string]ad.Price {
	out := map[string]ad.Price{}
	for _, l := range d.lines {
		if l.zone == zoneFrame || l.letters > 400 || d.inRun(l.node) {
			continue
		}
		for _, s := range sums(l.text) {
			if _, ok := out[s.price.Amount]; !ok {
				out[s.price.Amount] = s.price
			}
		}
	}
	return out
}

// statePlaceOf gives the first place of the state that the page's title, heading
// or description also names.
func (d *document) statePlaceOf() string {
	about := strings.ToLower(d.title + "\n" + d.heading().text + "\n" + d.first("og:title") + "\n" + d.first("og:description", "description"))
	for s := range d.scriptsText {
		for _, m := range statePlace.FindAllStringSubmatch(s, 40) {
			v := squeeze(html.UnescapeString(m[1]))
			if len(v) > 2 && strings.Contains(about, strings.ToLower(v)) {
				return v
			}
		}
	}
	return ""
}

// stateTimeOf gives the first time of posting in the state.
func (d *document) stateTimeOf() time.Time {
	for s := range d.scriptsText {
		for _, m := range stateTime.FindAllStringSubmatch(s, 10) {
			if t, ok := moment(m[1], time.UTC, false); ok {
				return t
			}
		}
	}
	return time.Time{}
}
