package api

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// A SaveRequest keeps a search under a name, or gives one that is kept other words.
type SaveRequest struct {
	Name   string `json:"name" long:"80" example:"Lakeside, new in town"` // without a telephone number or an address
	Note   string `json:"note,omitempty"`
	Query  string `json:"query" long:"2000" example:"\"new in town\" city:Savannah"`
	Shared bool   `json:"shared,omitempty"` // everybody of the agency may use it
}

// A SavedSearch is a search that is kept, as the caller sees it.
type SavedSearch struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Note       string       `json:"note,omitempty"`
	Query      string       `json:"query"`
	Understood string       `json:"understood"` // the query in plain words; "" when it can no longer be read
	Shared     bool         `json:"shared"`
	Owner      string       `json:"owner"` // name of the user who keeps it
	Mine       bool         `json:"mine"`
	Created    time.Time    `json:"created"`
	Changed    time.Time    `json:"changed"`
	Deleted    time.Time    `json:"deleted,omitzero"`
	Looked     time.Time    `json:"looked,omitzero"`    // up to when the caller has seen what it gives
	Total      *int         `json:"total,omitempty"`    // documents that match; left out when they were not counted
	New        *int         `json:"new,omitempty"`      // of these, first seen since the caller looked
	Week       *int         `json:"week,omitempty"`     // of these, first seen in the last seven days: said when an alert is made
	Alert      *SearchAlert `json:"alert,omitempty"`    // of the caller
	NoAlert    string       `json:"no_alert,omitempty"` // why no alert can be made of it
	Earlier    []Wording    `json:"earlier,omitempty"`  // what it said before, newest last
}

// A SearchAlert says that the caller is told when an ad comes that matches.
type SearchAlert struct {
	Since time.Time `json:"since"`
	Known int       `json:"known"` // documents that matched when it was made: nobody is told of them
	Fold  bool      `json:"fold"`  // so many match that they are told as a count by the hour
}

// A Wording is what a saved search said until it was changed.
type Wording struct {
	Name   string    `json:"name"`
	Note   string    `json:"note,omitempty"`
	Query  string    `json:"query"`
	Shared bool      `json:"shared"`
	At     time.Time `json:"at"`
}

// A SavedList is the searches that the caller may use, by name.
type SavedList struct {
	Saved []SavedSearch `json:"saved"`
}

// A RunRequest asks for one page of what a saved search gives.
type RunRequest struct {
	Offset int         `json:"offset,omitempty" min:"0"`
	Size   *int        `json:"size,omitempty" min:"0" max:"500" example:"20"` // 20 when left out; 0 only counts
	Sort   search.Sort `json:"sort,omitempty" example:"newest"`
}

// A RunAnswer is one page of it, and the search as it was before this look.
type RunAnswer struct {
	Saved SavedSearch `json:"saved"`
	SearchAnswer
}

// A LookupRequest asks what there is of many values.
type LookupRequest struct {
	List string `json:"list" example:"912-555-0123\nrose@mail.example"` // text, or CSV; at most 5,000 lines and 1 MiB
	Name string `json:"name,omitempty" example:"numbers.txt"`           // of the file: .csv and .tsv are tables
}

// A WatchListRequest asks to watch many values under a name.
type WatchListRequest struct {
	Name   string   `json:"name" long:"80" example:"Lakeside numbers"`
	Values []string `json:"values" max:"5000" example:"[\"912-555-0123\"]"` // each as for a watch
}

// A NamedWatches is a list of watches of the caller.
type NamedWatches struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Active  int       `json:"active"`            // watches that go on
	Already int       `json:"already"`           // values that were watched before, which outlast the list
	Watches []Watch   `json:"watches,omitempty"` // when one list is opened
}

// A WatchLists is the lists of watches of the caller, newest first.
type WatchLists struct {
	Lists []NamedWatches `json:"lists"`
}

// A WatchesEnded says how many watches ended with their list.
type WatchesEnded struct {
	Ended int `json:"ended"`
}

// maxLookup bounds the body of a lookup: text in JSON is longer than it is.
const maxLookup = 4 * desk.MaxLookupBytes

func savedOf(v desk.SavedView) SavedSearch {
	out := SavedSearch{
		ID: v.ID, Name: v.Name, Note: v.Note, Query: v.Query, Understood: v.Understood, Shared: v.Shared, Owner: v.OwnerName, Mine: v.Mine,
		Created: v.Created, Changed: v.At, Deleted: v.Deleted, Looked: v.Looked, NoAlert: v.Refusal,
	}
	counted := func(n int) *int {
		if n == desk.Uncounted {
			return nil
		}
		return &n
	}
	out.Total, out.New, out.Week = counted(v.Total), counted(v.New), counted(v.Week)
	if a := v.Alert; a != nil {
		out.Alert = &SearchAlert{Since: a.Since, Known: len(a.Known), Fold: a.Fold}
	}
	return out
}

func wordingsOf(v desk.SavedView) (out []Wording) {
	for _, w := range v.Earlier {
		out = append(out, Wording{w.Name, w.Note, w.Query, w.Shared, w.At})
	}
	return out
}

func (s *server) savedSearches(c *call) error {
	all, err := s.desk.SavedSearches(c.ctx(), c.s)
	if err != nil {
		return err
	}
	out := SavedList{make([]SavedSearch, 0, len(all))}
	for _, v := range all {
		out.Saved = append(out.Saved, savedOf(v))
	}
	return c.reply(http.StatusOK, out)
}

func (s *server) savedSearch(c *call) error {
	v, err := s.desk.SavedSearch(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	out := savedOf(v)
	out.Earlier = wordingsOf(v)
	return c.reply(http.StatusOK, out)
}

func (s *server) save(c *call) error {
	var q SaveRequest
	if err := c.read(&q); err != nil {
		return err
	}
	v, err := s.desk.SaveSearch(c.ctx(), c.s, desk.SavedOrder{ID: c.id, Name: q.Name, Note: q.Note, Query: q.Query, Shared: q.Shared})
	if err != nil {
		return err
	}
	code := http.StatusOK
	if c.id == "" {
		code = http.StatusCreated
	}
	return c.reply(code, savedOf(v))
}

func (s *server) deleteSaved(c *call) error {
	if err := s.desk.DeleteSaved(c.ctx(), c.s, c.id); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) restoreSaved(c *call) error {
	v, err := s.desk.RestoreSaved(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, savedOf(v))
}

func (s *server) alertOn(c *call) error {
	v, err := s.desk.AlertOn(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, savedOf(v))
}

func (s *server) alertOff(c *call) error {
	if err := s.desk.AlertOff(c.ctx(), c.s, c.id); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) runSaved(c *call) error {
	var q RunRequest
	if err := c.read(&q); err != nil {
		return err
	}
	p := search.Page{Offset: q.Offset, Size: pageSize, Sort: q.Sort}
	if q.Size != nil {
		p.Size = *q.Size
	}
	v, f, err := s.desk.RunSaved(c.ctx(), c.s, c.id, desk.Wish{Page: &p})
	if err != nil {
		return err
	}
	out := RunAnswer{Saved: savedOf(v), SearchAnswer: SearchAnswer{
		Understood: f.Understood, Total: f.Total, Offset: q.Offset, TookMS: float64(f.Took.Microseconds()) / 1000, Hits: make([]Hit, 0, len(f.Hits)),
	}}
	for _, h := range f.Hits {
		out.Hits = append(out.Hits, Hit{Document: lean(h.Doc), Spans: h.Spans})
	}
	return c.reply(http.StatusOK, out)
}

func (s *server) lookUp(c *call) (*desk.Lookup, error) {
	var q LookupRequest
	if err := c.readUpTo(&q, maxLookup); err != nil {
		return nil, err
	}
	return s.desk.LookUp(c.ctx(), c.s, q.List, q.Name)
}

func (s *server) lookup(c *call) error {
	l, err := s.lookUp(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, *l)
}

func (s *server) lookupCSV(c *call) error {
	l, err := s.lookUp(c)
	if err != nil {
		return err
	}
	return c.csv(l.WriteCSV)
}

// csv answers with a table.
func (c *call) csv(write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	c.w.WriteHeader(http.StatusOK)
	_, _ = b.WriteTo(c.w) // whoever asked has gone
	return nil
}

func listOf(v desk.WatchListView) NamedWatches {
	out := NamedWatches{ID: v.ID, Name: v.Name, Created: v.Created, Active: v.Active, Already: v.Already}
	for _, sub := range v.Watches {
		out.Watches = append(out.Watches, watchOf(sub))
	}
	return out
}

func (s *server) watchLists(c *call) error {
	all, err := s.desk.WatchLists(c.ctx(), c.s)
	if err != nil {
		return err
	}
	out := WatchLists{make([]NamedWatches, 0, len(all))}
	for _, v := range all {
		out.Lists = append(out.Lists, listOf(v))
	}
	return c.reply(http.StatusOK, out)
}

func (s *server) watchList(c *call) error {
	v, err := s.desk.WatchList(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, listOf(v))
}

func (s *server) watchListCSV(c *call) error {
	v, err := s.desk.WatchList(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	return c.csv(v.WriteCSV)
}

func (s *server) watchAll(c *call) error {
	var q WatchListRequest
	if err := c.readUpTo(&q, maxLookup); err != nil {
		return err
	}
	v, err := s.desk.WatchTyped(c.ctx(), c.s, q.Name, q.Values)
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, listOf(v))
}

func (s *server) endWatchList(c *call) error {
	n, err := s.desk.EndWatchList(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, WatchesEnded{n})
}

func (s *server) restoreWatchList(c *call) error {
	v, err := s.desk.RewatchList(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, listOf(v))
}
