package desk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/contact"
	"vigil.example/internal/phone"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// ErrNoAlert says that a search cannot be turned into an alert; the text says why.
var ErrNoAlert = errors.New("no alert can be made of this search")

// A SavedOrder says what is to be saved: a search under a name, or other words for
// one that there is.
type SavedOrder struct {
	ID     string // "" for a new one
	Name   string
	Note   string
	Query  string
	Shared bool
}

// Uncounted stands for a count that was not made.
const Uncounted = -1

// A SavedView is a saved search as one user sees it.
type SavedView struct {
	casework.Saved
	OwnerName  string
	Mine       bool
	Understood string                // the query in plain words; "" when it can no longer be read
	Refusal    string                // why no alert can be made of it
	Alert      *casework.SearchAlert // of this user
	Looked     time.Time             // up to when this user has seen what it gives
	Total      int                   // documents that match, or Uncounted
	New        int                   // of these, first seen since Looked, all when that never was; or Uncounted
	Week       int                   // of these, first seen in the last seven days, or Uncounted
}

// savedView shows a search to a user, uncounted.
func (d *Desk) savedView(s access.Subject, x casework.Saved) SavedView {
	v := SavedView{Saved: x, Mine: x.Owner == s.User, Alert: x.AlertOf(s.User), Looked: d.Docket.Looked(s.User, x.ID), Total: Uncounted, New: Uncounted, Week: Uncounted}
	v.OwnerName = d.called(x.Owner)
	if n, err := query.Parse(x.Query); err == nil {
		v.Understood, v.Refusal = query.Explain(n), alert.Refusal(n)
	}
	return v
}

// SaveSearch keeps a search, or gives one of the subject's other words. Alerts on
// it go on with the new query, and do not tell of what it finds already.
func (d *Desk) SaveSearch(ctx context.Context, s access.Subject, o SavedOrder) (SavedView, error) {
	action := "saved.create"
	if o.ID != "" {
		action = "saved.change"
	}
	n, e, err := d.asked(ctx, s, access.ActWatch, action, o.Query)
	if err != nil {
		return SavedView{}, err
	}
	if o.ID == "" {
		o.ID = newID()
	}
	e.Object = o.ID
	x, err := d.saveSearch(ctx, s, o, n)
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return SavedView{}, lerr
	}
	if err != nil {
		return SavedView{}, err
	}
	return d.savedView(s, x), nil
}

func (d *Desk) saveSearch(ctx context.Context, s access.Subject, o SavedOrder, n query.Node) (casework.Saved, error) {
	w := casework.Wording{
		Name: strings.Join(strings.Fields(o.Name), " "), Note: strings.TrimSpace(o.Note), Query: query.String(n),
		Values: named(n), Shared: o.Shared, By: s.User, Purpose: s.Purpose.ID,
	}
	old, err := d.Docket.Saved(o.ID)
	if err != nil || old.Query == w.Query || len(old.Alerts) == 0 {
		return d.Docket.Save(ctx, o.ID, w, nil, false)
	}
	if old.Owner != s.User {
		return casework.Saved{}, fmt.Errorf("save search: %w", ad.ErrNotFound)
	}
	g, err := d.gather(ctx, n)
	if err != nil {
		return casework.Saved{}, err
	}
	return d.Docket.Save(ctx, o.ID, w, &g.known, g.storm())
}

// newID is a fresh id that says nothing.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// fewNumbers is how many numbers something can be that stands for one of which
// some digits are not known, and still names it.
const fewNumbers = 10

// named are the values that a query names, whatever it asks about them.
func named(n query.Node) []ad.Value {
	var out []ad.Value
	add := func(values ...ad.Value) {
		for _, v := range values {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	each(n, func(n query.Node) {
		if asked := query.Asked(n); len(asked) <= fewNumbers {
			add(asked...)
		}
		if f, ok := n.(query.Field); ok && len(f.Values) <= fewNumbers && slices.Contains([]string{"phone", "email", "handle"}, f.Name) {
			for _, v := range f.Values {
				add(ad.Value{Kind: f.Name, Value: v})
			}
		}
		var text string
		switch n := n.(type) {
		case query.Word:
			text = n.Text
		case query.Phrase:
			text = n.Text
		case query.Field:
			text = n.Text
		}
		for _, p := range phone.ReadQuery(text) {
			add(ad.Value{Kind: "phone", Value: p.E164})
		}
		for _, i := range contact.Read(text) {
			add(ad.Value{Kind: i.Kind, Value: i.Value})
		}
	})
	return out
}

// each calls f with every node of a tree.
func each(n query.Node, f func(query.Node)) {
	f(n)
	var parts []query.Node
	switch n := n.(type) {
	case query.And:
		parts = n.Of
	case query.Or:
		parts = n.Of
	case query.Not:
		parts = []query.Node{n.Of}
	}
	for _, x := range parts {
		each(x, f)
	}
}

// A gathering is what matches a search at a time.
type gathering struct {
	known casework.KeySet
	total int
	week  int // first seen in the last seven days
}

// storm reports whether so many match that they are told as a count by the hour.
func (g gathering) storm() bool { return g.week > 7*alert.Storm }

// gather finds what an alert has to know as already there.
func (d *Desk) gather(ctx context.Context, n query.Node) (g gathering, err error) {
	if why := alert.Refusal(n); why != "" {
		return g, fmt.Errorf("%w: %s", ErrNoAlert, why)
	}
	res, err := d.Index.Search(ctx, n, search.Page{})
	if err != nil {
		return g, fmt.Errorf("count what matches: %w", err)
	}
	if res.Total > casework.MaxMatched {
		return g, fmt.Errorf("%w: %d ads match it already, and at most %d may; narrow it", ErrNoAlert, res.Total, casework.MaxMatched)
	}
	var ids []string
	week := d.Clock().AddDate(0, 0, -7)
	for doc, err := range d.Index.Walk(ctx, n, "") {
		if err != nil {
			return g, fmt.Errorf("find what matches: %w", err)
		}
		ids = append(ids, doc.ID)
		if doc.FirstSeen.After(week) {
			g.week++
		}
	}
	g.known, g.total = casework.NewKeySet(ids), len(ids)
	return g, nil
}

// SavedSearches lists the searches that the subject may use, by name, and counts
// what they give as far as that takes no more than a moment.
func (d *Desk) SavedSearches(ctx context.Context, s access.Subject) ([]SavedView, error) {
	e := audit.Entry{Action: "saved.list"}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return nil, err
	}
	var out []SavedView
	for _, x := range d.Docket.SavedFor(s.User, false) {
		out = append(out, d.savedView(s, x))
	}
	if s.May(access.ActRead) == nil {
		d.countAll(ctx, out)
		for _, v := range out { // how many ads give a value is what a search tells
			for _, x := range v.Values {
				if v.Total != Uncounted && len(e.Values) < audit.MaxValues {
					e.Values = append(e.Values, x.Value)
				}
			}
		}
	}
	e.Count = len(out)
	return out, d.log(ctx, s, e)
}

const (
	countFor  = 1500 * time.Millisecond // that a list waits for its counts
	countSide = 4                       // counts at once
)

// countAll counts what searches give; those that time does not allow stay uncounted.
func (d *Desk) countAll(ctx context.Context, views []SavedView) {
	ctx, cancel := context.WithTimeout(ctx, countFor)
	defer cancel()
	var wg sync.WaitGroup
	next := make(chan *SavedView)
	for range countSide {
		wg.Go(func() {
			for v := range next {
				d.count(ctx, v)
			}
		})
	}
	for i := range views {
		next <- &views[i]
	}
	close(next)
	wg.Wait()
}

// count counts what a search gives, all and new.
func (d *Desk) count(ctx context.Context, v *SavedView) {
	n, err := query.Parse(v.Query)
	if err != nil || ctx.Err() != nil {
		return
	}
	total := func(n query.Node) int {
		res, err := d.Index.Search(ctx, n, search.Page{})
		if err != nil {
			return Uncounted // it was not in time, or opening the search says why
		}
		return res.Total
	}
	v.Total = total(n)
	if v.New = v.Total; v.Total > 0 && !v.Looked.IsZero() {
		v.New = total(since(n, v.Looked))
	}
}

// since asks for what matches and was first seen after a time.
func since(n query.Node, t time.Time) query.Node {
	parts := []query.Node{n}
	if and, ok := n.(query.And); ok {
		parts = slices.Clone(and.Of)
	}
	return query.And{Of: append(parts, query.Field{Name: "first", Text: t.UTC().Format(time.DateOnly) + "..", From: t})}
}

// SavedSearch shows one search that the subject may use, with its earlier wordings.
func (d *Desk) SavedSearch(ctx context.Context, s access.Subject, id string) (SavedView, error) {
	e := audit.Entry{Action: "saved.view", Object: id}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return SavedView{}, err
	}
	v, err := d.visible(s, id)
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return SavedView{}, lerr
	}
	return v, err
}

// visible finds a search that the subject may use, or has deleted.
func (d *Desk) visible(s access.Subject, id string) (SavedView, error) {
	x, err := d.Docket.Saved(id)
	if err == nil && (!x.VisibleTo(s.User) || !x.Deleted.IsZero() && x.Owner != s.User) {
		err = ad.ErrNotFound
	}
	if err != nil {
		return SavedView{}, fmt.Errorf("open saved search %s: %w", id, err)
	}
	return d.savedView(s, x), nil
}

// RunSaved searches for what a saved search says, and notes that the subject has
// looked; the view says when that was the last time, and how much is new since.
func (d *Desk) RunSaved(ctx context.Context, s access.Subject, id string, w Wish) (SavedView, Find, error) {
	v, err := d.SavedSearch(ctx, s, id)
	if err != nil {
		return v, Find{}, err
	}
	now := d.Clock()
	f, err := d.Find(ctx, s, v.Query, w)
	if err != nil {
		return v, f, err
	}
	d.count(ctx, &v)
	if now.Sub(v.Looked) > time.Minute {
		err = d.Docket.Look(ctx, s.User, id, now)
	}
	return v, f, err
}

// DeleteSaved takes a search of the subject away and ends every alert on it.
func (d *Desk) DeleteSaved(ctx context.Context, s access.Subject, id string) error {
	return d.onSaved(ctx, s, "saved.delete", id, func() error { return d.Docket.Delete(ctx, s.User, id) })
}

// RestoreSaved brings back a search that the subject has deleted, with its alerts.
func (d *Desk) RestoreSaved(ctx context.Context, s access.Subject, id string) (v SavedView, err error) {
	err = d.onSaved(ctx, s, "saved.restore", id, func() error {
		x, err := d.Docket.Saved(id)
		if err != nil || x.Owner != s.User {
			return fmt.Errorf("restore search %s: %w", id, ad.ErrNotFound)
		}
		var g gathering
		if len(x.Alerts) > 0 {
			n, err := query.Parse(x.Query)
			if err != nil {
				return err
			}
			if g, err = d.gather(ctx, n); err != nil {
				return err
			}
		}
		if x, err = d.Docket.Restore(ctx, s.User, id, g.known, g.storm()); err == nil {
			v = d.savedView(s, x)
		}
		return err
	})
	return v, err
}

// AlertOn has the subject told when an ad comes that a saved search asks for. The
// view says how many match already, of which nobody is told, and how many came in
// the last week.
func (d *Desk) AlertOn(ctx context.Context, s access.Subject, id string) (v SavedView, err error) {
	err = d.onSaved(ctx, s, "saved.alert", id, func() error {
		if v, err = d.visible(s, id); err != nil {
			return err
		}
		n, err := query.Parse(v.Query)
		if err != nil {
			return err
		}
		g, err := d.gather(ctx, n)
		if err != nil {
			return err
		}
		x, err := d.Docket.Alert(ctx, s.User, s.Purpose.ID, id, g.known, g.storm())
		if err == nil {
			v = d.savedView(s, x)
			v.Total, v.Week = g.total, g.week
		}
		return err
	})
	return v, err
}

// AlertOff ends the alert of the subject on a saved search.
func (d *Desk) AlertOff(ctx context.Context, s access.Subject, id string) error {
	return d.onSaved(ctx, s, "saved.silence", id, func() error { return d.Docket.Silence(ctx, s.User, id) })
}

// onSaved does something about a saved search, authorised and logged.
func (d *Desk) onSaved(ctx context.Context, s access.Subject, action, id string, do func() error) error {
	e := audit.Entry{Action: action, Object: id}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return err
	}
	err := do()
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return lerr
	}
	return err
}

// SearchesOf are the saved searches that alerts are of, by id; without those that
// were erased, or that the subject may not see any more. It belongs to the inbox, in whose line in the log it is.
func (d *Desk) SearchesOf(s access.Subject, alerts []ad.Alert) map[string]SavedView {
	out := map[string]SavedView{}
	for _, a := range alerts {
		if _, done := out[a.Search]; a.Search == "" || done {
			continue
		}
		if x, err := d.Docket.Saved(a.Search); err == nil && x.VisibleTo(s.User) {
			out[a.Search] = d.savedView(s, x)
		}
	}
	return out
}
