package export

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/ad"
)

// confidence is that from which a value is a contact of an ad; what is weaker
// stands in JSONL only.
const confidence = 0.5

// A cell of a row.
type cell struct {
	text   string
	number bool // written as a number
}

// A column of CSV and XLSX files.
type column struct {
	name string
	of   func(d *ad.Document) cell
}

// idColumn is where a row has the document's id.
const idColumn = 1

// columns are the columns, in order. Programs rely on the names: one may be added
// at the end, none goes.
var columns = []column{
	{"ad_id", func(d *ad.Document) cell { return words(d.Ad.AdID) }},
	{"document_id", func(d *ad.Document) cell { return words(d.ID) }},
	{"site", func(d *ad.Document) cell { return words(d.Ad.Site) }},
	{"first_seen", func(d *ad.Document) cell { return moment(d.FirstSeen) }},
	{"last_seen", func(d *ad.Document) cell { return moment(d.LastSeen) }},
	{"sightings", func(d *ad.Document) cell { return cell{strconv.Itoa(d.Sightings), true} }},
	{"current", func(d *ad.Document) cell { return yes(d.Current) }},
	{"taken_down", func(d *ad.Document) cell { return moment(d.RemovedAt) }},
	{"phones", func(d *ad.Document) cell { return values(d, "phone") }},
	{"emails", func(d *ad.Document) cell { return values(d, "email") }},
	{"handles", func(d *ad.Document) cell { return values(d, "handle") }},
	{"title", func(d *ad.Document) cell { return words(d.Ad.Title) }},
	{"text", func(d *ad.Document) cell { return words(d.Ad.Body) }},
	{"location", func(d *ad.Document) cell { return words(d.Ad.Location) }},
	{"city", func(d *ad.Document) cell { return words(place(d).City) }},
	{"region", func(d *ad.Document) cell { return words(place(d).Region) }},
	{"country", func(d *ad.Document) cell { return words(place(d).Country) }},
	{"price", func(d *ad.Document) cell { return price(d) }},
	{"currency", func(d *ad.Document) cell {
		if p := d.Ad.Price; p != nil {
			return words(p.Currency)
		}
		return cell{}
	}},
	{"posted", func(d *ad.Document) cell { return moment(d.Ad.PostedAt) }},
	{"language", func(d *ad.Document) cell {
		if l := d.Ad.Language; l != nil {
			return words(l.Tag)
		}
		return cell{}
	}},
	{"side", func(d *ad.Document) cell {
		if s := d.Ad.Side; s != nil {
			return words(s.Side)
		}
		return cell{}
	}},
	{"indicators", indicators},
	{"lead", func(d *ad.Document) cell {
		if l := d.Ad.Lead; l != nil {
			return cell{strconv.FormatFloat(l.Score, 'f', 2, 64), true}
		}
		return cell{}
	}},
	{"lead_why", func(d *ad.Document) cell {
		if l := d.Ad.Lead; l != nil {
			return words(l.Why)
		}
		return cell{}
	}},
	{"cluster", func(d *ad.Document) cell { return words(d.Cluster) }},
	{"native_id", func(d *ad.Document) cell { return words(d.Ad.NativeID) }},
	{"url", func(d *ad.Document) cell { return words(d.Ad.URL) }},
	{"capture_id", func(d *ad.Document) cell { return words(d.Ad.CaptureID) }},
	{"labels", func(d *ad.Document) cell { return words(strings.Join(d.Labels, " ")) }},
}

// words is a cell of text, whoever wrote it.
func words(s string) cell { return cell{Safe(strings.ToValidUTF8(s, "\uFFFD")), false} }

func moment(t time.Time) cell {
	if t.IsZero() {
		return cell{}
	}
	return cell{t.UTC().Format(time.RFC3339), false}
}

func yes(b bool) cell {
	if b {
		return cell{"yes", false}
	}
	return cell{"no", false}
}

// values are the contacts of a kind, numbers in E.164, a space between.
func values(d *ad.Document, kind string) cell {
	var out []string
	for _, v := range d.Ad.Values(confidence) {
		if v.Kind == kind {
			out = append(out, v.Value)
		}
	}
	return words(strings.Join(out, " "))
}

// place is where an ad most likely is.
func place(d *ad.Document) ad.Place {
	if len(d.Ad.Places) == 0 {
		return ad.Place{}
	}
	return d.Ad.Places[0]
}

func price(d *ad.Document) cell {
	p := d.Ad.Price
	if p == nil {
		return cell{}
	}
	if f, err := strconv.ParseFloat(p.Amount, 64); err == nil && strings.Trim(p.Amount, "0123456789.") == "" && f < 1e12 {
		return cell{p.Amount, true}
	}
	return words(p.Amount)
}

// indicators are the kinds of language found, each once.
func indicators(d *ad.Document) cell {
	var out []string
	for _, i := range d.Ad.Indicators {
		if i.Strength == ad.Excluded {
			continue
		}
		if s := i.Category + "/" + i.Sub; !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return words(strings.Join(out, " "))
}
