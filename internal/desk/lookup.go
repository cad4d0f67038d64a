package desk

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/export"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// Bounds of what is looked up at once.
const (
	MaxLookupLines = 5000
	MaxLookupBytes = 1 << 20

	maxLine     = 2000 // characters of a line
	maxPerLine  = 20   // values in a line
	maxPerAll   = 4 * MaxLookupLines
	shownOfLine = 120
)

// ErrLookup says that a list cannot be looked up; the text says why.
var ErrLookup = errors.New("this list cannot be looked up")

// A Lookup is what the index has of a list of numbers, addresses and handles.
type Lookup struct {
	ID       string        `json:"id"` // under which the server keeps it for a while
	At       time.Time     `json:"at"`
	Lines    int           `json:"lines"` // with something on them
	Hits     int           `json:"hits"`  // values that some ad gives
	Values   []LookupValue `json:"values"`
	Unread   []UnreadLine  `json:"unread"` // lines in which nothing can be read
	Repeated int           `json:"repeated"`
	Covered  Coverage      `json:"covered"`
}

// A LookupValue is one value of a list, once, wherever it stands.
type LookupValue struct {
	ad.Value
	Text      string    `json:"text"`  // as its first line writes it
	Lines     []int     `json:"lines"` // of the list, from 1
	Ads       int       `json:"ads"`   // that give it; 0 says nothing about what the index does not have
	Documents int       `json:"documents"`
	First     time.Time `json:"first_seen,omitzero"`
	Last      time.Time `json:"last_seen,omitzero"`
	Clusters  []string  `json:"clusters,omitempty"`  // of those ads
	HeldBack  bool      `json:"held_back,omitempty"` // from linking: so many unlike posters give it
	Watched   bool      `json:"watched,omitempty"`   // by the caller
}

// Watchable reports whether a value can be watched: a handle needs its platform.
func (v LookupValue) Watchable() bool {
	return v.Kind != "handle" || strings.Contains(v.Value.Value, ":")
}

// An UnreadLine is a line in which no value can be read.
type UnreadLine struct {
	Line int    `json:"line"`
	Text string `json:"text"`
	Why  string `json:"why"`
}

// Coverage is what the index has been filled from: not finding something says
// nothing about what is not in it.
type Coverage struct {
	Documents int            `json:"documents"`
	Sites     []search.Count `json:"sites"`
	From      time.Time      `json:"from,omitzero"` // the month of the documents last seen longest ago
	To        time.Time      `json:"to,omitzero"`   // the newest page
}

// LookUp says of every number, e-mail address and handle in a list what the index
// has of it. The list is text, a value or several a line, or CSV: name ends in .csv
// then, or its first line names a column of values. What the list says is kept in
// memory for a while, for the caller alone.
func (d *Desk) LookUp(ctx context.Context, s access.Subject, list, name string) (*Lookup, error) {
	e := audit.Entry{Action: "lookup"}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return nil, err
	}
	l, err := readList(list, name)
	if err == nil {
		err = d.lookUp(ctx, s, l)
	}
	e.Count, e.Outcome = l.Hits, outcome(err)
	if lerr := d.logValues(ctx, s, e, l.values()); lerr != nil {
		return nil, lerr
	}
	if err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	d.lookups.put(s.User, l, d.Now())
	return l, nil
}

// values are those of the list.
func (l *Lookup) values() []ad.Value {
	out := make([]ad.Value, len(l.Values))
	for i, v := range l.Values {
		out[i] = v.Value
	}
	return out
}

// LookedUp returns what the subject has looked up under an id, as it was then.
func (d *Desk) LookedUp(ctx context.Context, s access.Subject, id string) (*Lookup, error) {
	e := audit.Entry{Action: "lookup.view", Object: id}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return nil, err
	}
	l, err := d.lookups.get(s.User, id, d.Now())
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return nil, lerr
	}
	return l, err
}

// ForgetLookups drops what was looked up: something in it may have been erased.
func (d *Desk) ForgetLookups() { d.lookups.clear() }

func (d *Desk) lookUp(ctx context.Context, s access.Subject, l *Lookup) error {
	have, err := search.Holdings(ctx, d.Index, l.values())
	if err != nil {
		return err
	}
	held, err := d.held(ctx)
	if err != nil {
		return err
	}
	mine := map[ad.Value]bool{}
	for _, sub := range d.Docket.Subscriptions(s.User) {
		if sub.Ended.IsZero() {
			mine[sub.Value] = true
		}
	}
	for i, h := range have {
		v := &l.Values[i]
		v.Ads, v.Documents, v.First, v.Last, v.Clusters = h.Ads, h.Documents, h.First, h.Last, h.Clusters
		_, v.HeldBack = held[v.Value]
		v.Watched = mine[v.Value]
		if v.Ads > 0 {
			l.Hits++
		}
	}
	l.ID, l.At = newID(), d.Now()
	l.Covered, err = d.coverage(ctx)
	return err
}

// coverage is what there is to be found.
func (d *Desk) coverage(ctx context.Context) (Coverage, error) {
	end := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	everything := query.Field{Name: "seen", Text: "..9998", To: end}
	sv, err := d.Index.Survey(ctx, everything, search.Ask{Facets: []search.Facet{search.Site}, Every: search.Monthly})
	if err != nil {
		return Coverage{}, fmt.Errorf("look what is covered: %w", err)
	}
	c := Coverage{Documents: sv.Total, Sites: sv.Facets[search.Site]}
	if len(sv.Times) > 0 {
		c.From = sv.Times[0].From
		res, err := d.Index.Search(ctx, everything, search.Page{Size: 1, Sort: search.ByNewest})
		if err != nil {
			return c, fmt.Errorf("look what is covered: %w", err)
		}
		for _, h := range res.Hits {
			c.To = h.Doc.LastSeen
		}
	}
	return c, nil
}

// WriteCSV writes a lookup as a table for spreadsheets, in which no cell is a
// formula: values in the order of the list, then the lines that could not be read.
func (l *Lookup) WriteCSV(w io.Writer) error {
	rows := [][]string{{"lines", "written", "kind", "value", "found", "ads", "first seen", "last seen", "clusters", "note"}}
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	for _, v := range l.Values {
		lines := make([]string, len(v.Lines))
		for i, n := range v.Lines {
			lines[i] = strconv.Itoa(n)
		}
		found, note := "yes", ""
		if v.Ads == 0 {
			found, note = "no", "not among the pages that Vigil has"
		} else if v.HeldBack {
			note = "held back: many unlike posters give it"
		}
		rows = append(rows, []string{strings.Join(lines, " "), v.Text, v.Kind, v.Value.Value, found, strconv.Itoa(v.Ads), moment(v.First), moment(v.Last), strings.Join(v.Clusters, " "), note})
	}
	for _, u := range l.Unread {
		rows = append(rows, []string{strconv.Itoa(u.Line), u.Text, "", "", "not read", "", "", "", "", u.Why})
	}
	return writeTable(w, "lookup", rows)
}

// writeTable writes rows as CSV for spreadsheets.
func writeTable(w io.Writer, what string, rows [][]string) error {
	c := csv.NewWriter(w)
	for _, r := range rows {
		for i := range r {
			r[i] = export.Safe(r[i])
		}
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("write %s: %w", what, err)
	}
	return nil
}
