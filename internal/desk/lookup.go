package desk

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/enrich/contact"
	"vigil.example/internal/export"
	"vigil.example/internal/phone"
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
	values := make([]ad.Value, len(l.Values))
	for i, v := range l.Values {
		values[i] = v.Value
	}
	if lerr := d.logValues(ctx, s, e, values); lerr != nil {
		return nil, lerr
	}
	if err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	d.lookups.put(s.User, l, d.Now())
	return l, nil
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
	values := make([]ad.Value, len(l.Values))
	for i, v := range l.Values {
		values[i] = v.Value
	}
	have, err := search.Holdings(ctx, d.Index, values)
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

// readList reads the values of a list.
func readList(list, name string) (*Lookup, error) {
	l := &Lookup{Values: []LookupValue{}, Unread: []UnreadLine{}}
	list = strings.TrimPrefix(strings.ToValidUTF8(list, "\uFFFD"), "\ufeff")
	switch {
	case len(list) > MaxLookupBytes:
		return l, fmt.Errorf("%w: it has more than 1 MiB", ErrLookup)
	case strings.Count(strings.TrimRight(list, "\r\n"), "\n") >= MaxLookupLines:
		return l, fmt.Errorf("%w: it has more than %d lines; look them up in parts", ErrLookup, MaxLookupLines)
	}
	at := map[ad.Value]int{}
	take := func(line int, text string, found []ad.Value) error {
		l.Lines++
		for _, v := range found {
			i, known := at[v]
			if !known {
				i = len(l.Values)
				at[v] = i
				l.Values = append(l.Values, LookupValue{Value: v, Text: shorten(text)})
			} else if lines := l.Values[i].Lines; lines[len(lines)-1] != line {
				l.Repeated++
			}
			if x := &l.Values[i]; len(x.Lines) == 0 || x.Lines[len(x.Lines)-1] != line {
				x.Lines = append(x.Lines, line)
			}
		}
		if len(found) == 0 {
			l.Unread = append(l.Unread, UnreadLine{line, shorten(text), whyNot(text)})
		}
		if len(l.Values) > maxPerAll {
			return fmt.Errorf("%w: it has more than %d values", ErrLookup, maxPerAll)
		}
		return nil
	}
	if t := tableOf(list, name); t != nil {
		return l, t.each(take)
	}
	n := 0
	for line := range strings.Lines(list) {
		n++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := take(n, line, valuesIn(line)); err != nil {
			return l, err
		}
	}
	if l.Lines == 0 {
		return l, fmt.Errorf("%w: nothing is in it", ErrLookup)
	}
	return l, nil
}

// shorten is a text as it is shown again.
func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > shownOfLine {
		s = string([]rune(s)[:shownOfLine]) + "…"
	}
	return s
}

// whyNot says why a line holds no value.
func whyNot(s string) string {
	switch {
	case utf8.RuneCountInString(s) > maxLine:
		return "it has more than " + strconv.Itoa(maxLine) + " characters: put one value on a line"
	case strings.Contains(s, "@"):
		return "it is neither a whole e-mail address, as name@host.example, nor a handle, as @name or telegram:name"
	}
	return "it is no number, because " + phone.WhyNot(s) + "; nor is it an e-mail address or a handle"
}

// valuesIn reads the values in a line or cell: one, in any form, or several with
// commas, semicolons or tabs between them.
func valuesIn(s string) []ad.Value {
	if utf8.RuneCountInString(s) > maxLine {
		return nil
	}
	if v := oneValue(s); v != nil {
		return v
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '\t' || r == '|' })
	var out []ad.Value
	add := func(found []ad.Value) {
		for _, v := range found {
			if len(out) < maxPerLine && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	if len(parts) > 1 {
		for _, p := range parts {
			add(oneValue(strings.TrimSpace(p)))
		}
	}
	if len(out) == 0 { // several without a sign between them
		for _, p := range phone.ReadQuery(s) {
			add([]ad.Value{{Kind: "phone", Value: p.E164}})
		}
		for _, i := range contact.Read(s) {
			add([]ad.Value{{Kind: i.Kind, Value: i.Value}})
		}
	}
	return out
}

// oneValue reads s as one value, or returns nil.
func oneValue(s string) []ad.Value {
	if v, err := ReadValue(s); err == nil {
		return []ad.Value{v}
	}
	if name, ok := strings.CutPrefix(s, "@"); ok && name != "" && !strings.ContainsAny(name, " @,;") { // on any platform
		if f, err := query.NewField("handle", name); err == nil {
			return []ad.Value{{Kind: "handle", Value: f.Values[0]}}
		}
	}
	return nil
}

// A sheet is a list that came as a table.
type sheet struct {
	text    string
	comma   rune
	headed  bool
	columns map[int]string // that hold values, with the platform of handles in them; nil for all
}

// headings are words that stand over a column of values.
var headings = []string{"phone", "telephone", "tel", "number", "mobile", "cell", "email", "e-mail", "mail", "handle", "identifier", "value", "username", "contact"}

// tableOf finds out whether a list is a table, and where its values are.
func tableOf(list, name string) *sheet {
	first, _, _ := strings.Cut(strings.TrimLeft(list, "\r\n"), "\n")
	t := &sheet{text: list}
	for _, c := range []rune{'\t', ';', ','} {
		if strings.ContainsRune(first, c) {
			t.comma = c
			break
		}
	}
	name = strings.ToLower(name)
	if t.comma == 0 {
		t.comma = ','
	}
	for i, h := range strings.Split(first, string(t.comma)) {
		h = strings.ToLower(strings.Trim(strings.TrimSpace(h), `"`))
		words := strings.FieldsFunc(h, func(r rune) bool { return r == ' ' || r == '_' || r == '.' || r == '/' })
		platform := ""
		for _, p := range []string{"telegram", "instagram", "snapchat", "kik", "twitter", "tiktok", "onlyfans", "wechat", "line", "discord", "wickr", "facebook"} {
			if h == p {
				platform = p
			}
		}
		if platform != "" || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(headings, w) }) && len(valuesIn(h)) == 0 {
			if t.columns == nil {
				t.columns = map[int]string{}
			}
			t.columns[i], t.headed = platform, true
		}
	}
	if !t.headed && !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".tsv") {
		return nil
	}
	return t
}

// each gives the rows of the table.
func (t *sheet) each(take func(line int, text string, found []ad.Value) error) error {
	r := csv.NewReader(strings.NewReader(t.text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = t.comma, -1, true, true
	for row := 0; ; row++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: it is no CSV: %w", ErrLookup, err)
		}
		line, _ := r.FieldPos(0)
		if row == 0 && t.headed || strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		var found []ad.Value
		var shown []string
		for i, c := range cells {
			platform, of := t.columns[i]
			if c = strings.TrimSpace(c); c == "" || t.columns != nil && !of {
				continue
			}
			shown = append(shown, c)
			if platform != "" && !strings.ContainsAny(c, ":/") {
				c = platform + ":" + strings.TrimPrefix(c, "@")
			}
			for _, v := range valuesIn(c) {
				if len(found) < maxPerLine && !slices.Contains(found, v) {
					found = append(found, v)
				}
			}
		}
		text := strings.Join(shown, ", ")
		if len(found) == 0 && row == 0 { // a heading of other words
			continue
		}
		if err := take(line, text, found); err != nil {
			return err
		}
	}
}

// WriteCSV writes a lookup as a table for spreadsheets, in which no cell is a
// formula: values in the order of the list, then the lines that could not be read.
func (l *Lookup) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"lines", "written", "kind", "value", "found", "ads", "first seen", "last seen", "clusters", "note"}}
	day := func(t time.Time) string {
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
		rows = append(rows, []string{strings.Join(lines, " "), v.Text, v.Kind, v.Value.Value, found, strconv.Itoa(v.Ads), day(v.First), day(v.Last), strings.Join(v.Clusters, " "), note})
	}
	for _, u := range l.Unread {
		rows = append(rows, []string{strconv.Itoa(u.Line), u.Text, "", "", "not read", "", "", "", "", u.Why})
	}
	for _, r := range rows {
		for i := range r {
			r[i] = export.Safe(r[i])
		}
		if err := c.Write(r); err != nil {
			return fmt.Errorf("write lookup: %w", err)
		}
	}
	c.Flush()
	return c.Error()
}
