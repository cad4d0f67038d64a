package extract

import (
	"encoding/json"
	"strings"
	"time"

	"golang.org/x/net/html"

	"vigil.example/internal/ad"
)

// Many pages carry their ad a second time, as the state that scripts start from.
// It is scanned as text, not parsed: it comes as JSON, as JavaScript, escaped
// once or twice, and in megabytes. A value taken from it must be confirmed by
// what the page shows, because the same state holds other ads and settings.

const (
	maxState  = 2 << 20 // bytes of one page's scripts that are scanned
	maxValues = 60      // values kept for one field
)

// stateKeys are the names under which states keep what ads are asked for.
var stateKeys = map[string]string{
	"price": "price", "prix": "price", "precio": "price", "cena": "price", "pricevalue": "price", "askingprice": "price", "displayprice": "price",
	"primaryprice": "price", "listprice": "price", "priceraw": "price", "amount": "price", "saleprice": "price", "propertyprice": "price", "formattedprice": "price",
	"displayaddress": "place", "fulladdress": "place", "addresslocality": "place", "locality": "place", "city": "place", "cityname": "place",
	"citylabel": "place", "town": "place", "suburb": "place", "locationname": "place", "areaname": "place", "regionname": "place", "ville": "place", "municipality": "place",
	"dateposted": "time", "datepublished": "time", "publishedat": "time", "publishdate": "time", "publicationdate": "time", "firstpublicationdate": "time",
	"createdat": "time", "creationdate": "time", "postedat": "time", "posteddate": "time", "postedon": "time", "listedat": "time", "listeddate": "time",
	"listingdate": "time", "datelisted": "time", "dateadded": "time", "datecreated": "time", "startdate": "time",
	"pagetype": "page", "pagename": "page", "pagecategory": "page", "pagetemplate": "page", "template": "page", "viewname": "page",
}

var unmarked = strings.NewReplacer("_", "", "-", "")

// states gives the values of a field found in the page's scripts, in their order.
func (d *document) states(field string) []string {
	if d.stated == nil {
		d.stated = map[string][]string{}
		left := maxState
		for _, n := range d.state {
			s := clip(textOf(n), left)
			left -= len(s)
			d.scanState(s)
		}
	}
	return d.stated[field]
}

// scanState looks at every colon and equals sign for a known name before it.
func (d *document) scanState(s string) {
	for i := 0; i < len(s); i++ {
		if s[i] != ':' && s[i] != '=' {
			continue
		}
		name := nameBefore(s, i)
		if len(name) < 4 || len(name) > 24 {
			continue
		}
		field := stateKeys[strings.ToLower(unmarked.Replace(name))]
		if field == "" || len(d.stated[field]) >= maxValues {
			continue
		}
		if v := valueAfter(s, i+1); v != "" {
			d.stated[field] = append(d.stated[field], v)
		}
	}
}

func nameBefore(s string, i int) string {
	end := i
	for end > 0 && i-end < 6 && strings.IndexByte(" \"'\\", s[end-1]) >= 0 {
		end--
	}
	start := end
	for start > 0 && end-start < 25 && (s[start-1]|32 >= 'a' && s[start-1]|32 <= 'z' || s[start-1] == '_' || s[start-1] == '-') {
		start--
	}
	return s[start:end]
}

// valueAfter reads a quoted text or a bare number.
func valueAfter(s string, i int) string {
	for n := 0; i < len(s) && n < 8 && strings.IndexByte(" \\\n\t", s[i]) >= 0; n++ {
		i++
	}
	if i >= len(s) {
		return ""
	}
	stop := ",;}])\n "
	if s[i] == '"' || s[i] == '\'' {
		stop = s[i:i+1] + "\\\n"
		i++
	} else if !digit(s, i) {
		return ""
	}
	rest := s[i:min(len(s), i+120)]
	for end := 0; end < len(rest); end++ {
		if rest[end] == '\\' && end+1 < len(rest) && (rest[end+1] == 'u' || rest[end+1] == '/') {
			continue
		}
		if strings.IndexByte(stop, rest[end]) >= 0 {
			return strings.ToValidUTF8(unescape(rest[:end]), "")
		}
	}
	return ""
}

// unescape reads the escapes of a JSON string; what is none stays as it is.
func unescape(s string) string {
	if !strings.Contains(s, "\\") {
		return s
	}
	var out string
	if err := json.Unmarshal([]byte(`"`+s+`"`), &out); err != nil {
		return s
	}
	return out
}

// statePrice gives the first price of the state that the page also shows.
func (d *document) statePrice() *ad.Price {
	if len(d.states("price")) == 0 {
		return nil
	}
	shown := map[string]ad.Price{}
	for i := range d.lines {
		l := &d.lines[i]
		if l.zone == zoneFrame || d.inRun(l.node) {
			continue
		}
		for _, s := range l.money() {
			if _, ok := shown[s.price.Amount]; !ok {
				shown[s.price.Amount] = s.price
			}
		}
	}
	for _, v := range d.states("price") {
		if p, ok := shown[amount(firstNumber(v), 0)]; ok {
			return &p
		}
	}
	return nil
}

// statePlace gives the first place of the state that the page's title, heading
// or description also names.
func (d *document) statePlace() string {
	about := strings.ToLower(d.title + "\n" + d.heading().text + "\n" + d.first("og:title") + "\n" + d.first("og:description", "description"))
	for _, v := range d.states("place") {
		v = squeeze(html.UnescapeString(v))
		if len(v) > 2 && len(v) < 80 && !strings.ContainsAny(v, "<>{}") && strings.Contains(about, strings.ToLower(v)) {
			return v
		}
	}
	return ""
}

// stateTime gives the first time of posting in the state.
func (d *document) stateTime() time.Time {
	for _, v := range d.states("time") {
		if t, ok := moment(v, time.UTC, false); ok {
			return t
		}
	}
	return time.Time{}
}
