package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/search"
)

// ErrWatchList says that a list of watches cannot be made; the text says why.
var ErrWatchList = errors.New("this list cannot be watched")

// A WatchListView is a list of watches as its user sees it.
type WatchListView struct {
	casework.WatchList
	Watches []ad.Subscription // of it that go on; empty in a list of lists
	Active  int               // how many that are
	Already int               // of the members, how many were watched before the list: they outlast it
}

// WatchAll watches values under one name. Those that the subject watches already
// are in the list, too, and go on when it ends.
func (d *Desk) WatchAll(ctx context.Context, s access.Subject, name string, values []ad.Value) (WatchListView, error) {
	e := audit.Entry{Action: "watchlist.create"}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return WatchListView{}, err
	}
	l, err := d.watchAll(ctx, s, strings.Join(strings.Fields(name), " "), values)
	e.Object, e.Outcome, e.Count = l.ID, outcome(err), len(l.Members)
	if lerr := d.logValues(ctx, s, e, values); lerr != nil {
		return WatchListView{}, lerr
	}
	if err != nil {
		return WatchListView{}, fmt.Errorf("make watch list: %w", err)
	}
	return d.watchListView(l, true), nil
}

// WatchTyped is WatchAll for values as typed.
func (d *Desk) WatchTyped(ctx context.Context, s access.Subject, name string, typed []string) (WatchListView, error) {
	if err := s.May(access.ActWatch); err != nil {
		return WatchListView{}, err
	}
	var values []ad.Value
	seen := map[ad.Value]bool{}
	for i, t := range typed {
		v, err := ReadValue(t)
		if err != nil {
			return WatchListView{}, fmt.Errorf("%w: value %d of %d: %w", ErrWatchList, i+1, len(typed), err)
		}
		if !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	return d.WatchAll(ctx, s, name, values)
}

// logValues writes a line for what concerned many values, or as many as they need.
func (d *Desk) logValues(ctx context.Context, s access.Subject, e audit.Entry, values []ad.Value) error {
	for begin := 0; begin == 0 || begin < len(values); begin += audit.MaxValues {
		e.Values = nil
		for _, v := range values[min(begin, len(values)):min(begin+audit.MaxValues, len(values))] {
			e.Values = append(e.Values, v.Value)
		}
		if err := d.log(ctx, s, e); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) watchAll(ctx context.Context, s access.Subject, name string, values []ad.Value) (casework.WatchList, error) {
	switch {
	case len(values) == 0:
		return casework.WatchList{}, fmt.Errorf("%w: nothing in it can be watched", ErrWatchList)
	case len(values) > casework.MaxListed:
		return casework.WatchList{}, fmt.Errorf("%w: it has more than %d values", ErrWatchList, casework.MaxListed)
	}
	// The name is judged before anything is watched.
	if err := casework.CheckName(name); err != nil {
		return casework.WatchList{}, err
	}
	have, err := search.Holdings(ctx, d.Index, values)
	if err != nil {
		return casework.WatchList{}, err
	}
	orders := make([]casework.Order, len(values))
	for i, v := range values {
		orders[i] = casework.Order{User: s.User, Value: v, Purpose: s.Purpose.ID}
		if have[i].Ads == 0 {
			continue
		}
		if orders[i].Known, err = d.Index.ByValue(ctx, v, MaxKnown); err != nil {
			return casework.WatchList{}, err
		}
	}
	subs, made, err := d.Docket.SubscribeAll(ctx, orders)
	if err != nil {
		return casework.WatchList{}, err
	}
	if late := d.Raiser.LateAll(subs); len(late) > 0 {
		if err := d.Raise(ctx, late); err != nil {
			return casework.WatchList{}, err
		}
	}
	l := casework.WatchList{ID: newID(), User: s.User, Name: name, Purpose: s.Purpose.ID, Made: made}
	for _, sub := range subs {
		l.Members = append(l.Members, sub.ID)
	}
	return d.Docket.List(ctx, l)
}

func (d *Desk) watchListView(l casework.WatchList, whole bool) WatchListView {
	v := WatchListView{WatchList: l, Already: len(l.Members) - len(l.Made)}
	for _, id := range l.Members {
		if sub, err := d.Docket.Subscription(id); err == nil && sub.Ended.IsZero() { // else ended, or erased
			v.Active++
			if whole {
				v.Watches = append(v.Watches, sub)
			}
		}
	}
	return v
}

// WatchLists lists the subject's lists of watches, newest first.
func (d *Desk) WatchLists(ctx context.Context, s access.Subject) ([]WatchListView, error) {
	e := audit.Entry{Action: "watchlist.list"}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return nil, err
	}
	var out []WatchListView
	for _, l := range d.Docket.WatchLists(s.User) {
		out = append(out, d.watchListView(l, false))
	}
	e.Count = len(out)
	return out, d.log(ctx, s, e)
}

// WatchList shows one list of watches of the subject.
func (d *Desk) WatchList(ctx context.Context, s access.Subject, id string) (WatchListView, error) {
	e := audit.Entry{Action: "watchlist.view", Object: id}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return WatchListView{}, err
	}
	l, err := d.Docket.WatchList(id)
	if err == nil && l.User != s.User {
		err = ad.ErrNotFound
	}
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return WatchListView{}, lerr
	}
	if err != nil {
		return WatchListView{}, fmt.Errorf("open watch list %s: %w", id, err)
	}
	return d.watchListView(l, true), nil
}

// EndWatchList ends a list of the subject and the watches that were made for it,
// but for those that another list has, too. It returns how many ended.
func (d *Desk) EndWatchList(ctx context.Context, s access.Subject, id string) (ended int, err error) {
	e := audit.Entry{Action: "watchlist.end", Object: id}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return 0, err
	}
	l, err := d.Docket.EndList(ctx, s.User, id)
	if err == nil {
		elsewhere := map[string]bool{}
		for _, o := range d.Docket.WatchLists(s.User) {
			for _, m := range o.Members {
				elsewhere[m] = true
			}
		}
		ended, err = d.Docket.EndAll(ctx, s.User, slices.DeleteFunc(slices.Clone(l.Made), func(id string) bool { return elsewhere[id] }))
	}
	e.Count, e.Outcome = ended, outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return 0, lerr
	}
	return ended, err
}

// RewatchList makes a list anew that the subject has ended: with the same name, and
// the values of its watches that were not erased.
func (d *Desk) RewatchList(ctx context.Context, s access.Subject, id string) (WatchListView, error) {
	if err := s.May(access.ActWatch); err != nil {
		return WatchListView{}, err
	}
	l, err := d.Docket.WatchList(id)
	if err != nil || l.User != s.User {
		return WatchListView{}, fmt.Errorf("open watch list %s: %w", id, ad.ErrNotFound)
	}
	var values []ad.Value
	for _, m := range l.Members {
		if sub, err := d.Docket.Subscription(m); err == nil && !slices.Contains(values, sub.Value) {
			values = append(values, sub.Value)
		}
	}
	return d.WatchAll(ctx, s, l.Name, values)
}

// WriteCSV writes the watches of a list as a table for spreadsheets, in which no
// cell is a formula.
func (v WatchListView) WriteCSV(w io.Writer) error {
	rows := [][]string{{"kind", "value", "watched since", "ads that gave it then"}}
	for _, sub := range v.Watches {
		rows = append(rows, []string{sub.Value.Kind, sub.Value.Value, sub.Created.UTC().Format(time.RFC3339), strconv.Itoa(len(sub.Known))})
	}
	return writeTable(w, "watch list", rows)
}
