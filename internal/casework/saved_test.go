package casework

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

var add = flag.Bool("add", false, "write the file of records that is not there")

func docID(n int) string { return fmt.Sprintf("%016x%016x", n+1, 0) }

func words(by, name, q string, values ...ad.Value) Wording {
	return Wording{Name: name, Query: q, Values: values, By: by, Purpose: "p1"}
}

// TestSaved: who may do what with a saved search, what a process that opens the
// journal anew knows, and which alerts go on.
func TestSaved(t *testing.T) {
	ctx := t.Context()
	m := &memory{}
	d := open(t, m)
	must := func(s Saved, err error) Saved {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	is := func(err, want error, what string) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	known := NewKeySet([]string{docID(1), docID(2)})
	w := words("u1", "Lake", "rose")
	must(d.Save(ctx, "s1", w, nil, false))
	_, err := d.Alert(ctx, "u2", "p2", "s1", known, false)
	is(err, ad.ErrNotFound, "an alert on what is not shared")
	w.Shared = true
	must(d.Save(ctx, "s1", w, nil, false))
	must(d.Alert(ctx, "u2", "p2", "s1", known, true))
	must(d.Alert(ctx, "u1", "p1", "s1", known, false))
	w.Query = "tulip"
	_, err = d.Save(ctx, "s1", w, nil, false)
	is(err, ad.ErrConflict, "another query, and nothing said of what alerts know")
	newer := NewKeySet([]string{docID(7)})
	s := must(d.Save(ctx, "s1", w, &newer, true))
	if len(s.Alerts) != 2 || !s.Alerts[1].Known.Has(docID(7)) || s.Alerts[1].Known.Has(docID(1)) || !s.Alerts[1].Fold || len(s.Earlier) != 2 {
		t.Errorf("changed: %+v", s)
	}
	version, all := d.Alerting(0)
	if _, again := d.Alerting(version); len(all) != 1 || again != nil {
		t.Errorf("alerting: %v, then %v", all, again)
	}
	_, err = d.Save(ctx, "s1", words("u2", "x", "y"), nil, false)
	is(err, ad.ErrNotFound, "somebody else's search")
	is(d.Delete(ctx, "u2", "s1"), ad.ErrNotFound, "deleting somebody else's")
	w.Shared = false
	if s = must(d.Save(ctx, "s1", w, nil, false)); len(s.Alerts) != 1 || s.Alerts[0].User != "u1" {
		t.Errorf("no longer shared: %+v", s.Alerts)
	}
	if err := d.Delete(ctx, "u1", "s1"); err != nil {
		t.Fatal(err)
	}
	if v, all := d.Alerting(version); v == version || len(all) != 0 || len(d.SavedFor("u1", false)) != 0 {
		t.Errorf("deleted, and told of: %v", all)
	}
	must(d.Restore(ctx, "u1", "s1", newer, false))
	if err := d.Silence(ctx, "u1", "s1"); err != nil {
		t.Fatal(err)
	}
	for what, x := range map[string]Wording{
		"no name": words("u1", "", "q"), "a number in the name": words("u1", "call 912-555-0123", "q"), "no query": words("u1", "n", " "),
		"an address in the note": {Name: "n", Note: "a@mail.example", Query: "q", By: "u1"}, "a long name": words("u1", strings.Repeat("x", MaxName+1), "q"),
	} {
		_, err := d.Save(ctx, "s2", x, nil, false)
		is(err, ErrInvalid, what)
	}
	if err := d.Look(ctx, "u1", "s1", time.Unix(100, 0)); err != nil {
		t.Fatal(err)
	}
	e := open(t, m)
	if diff := cmp.Diff(e.saved, d.saved); diff != "" {
		t.Errorf("opened anew (-got +want):\n%s", diff)
	}
	if !e.Looked("u1", "s1").Equal(time.Unix(100, 0)) {
		t.Errorf("looked %v", e.Looked("u1", "s1"))
	}
}

// TestSavedSearchIsErased: with a number that it names, or named once; others stay.
func TestSavedSearchIsErased(t *testing.T) {
	ctx := t.Context()
	m := &memory{}
	ds := []*Docket{open(t, m), open(t, m)}
	save := func(id string, w Wording) {
		t.Helper()
		if _, err := ds[0].Save(ctx, id, w, nil, false); err != nil {
			t.Fatal(err)
		}
	}
	one, other := number(1), number(2)
	save("now", words("u1", "a", "phone:"+one.Value, one))
	save("once", words("u1", "b", "phone:"+one.Value, one))
	save("once", words("u1", "b", "rose"))
	save("other", words("u1", "c", "phone:"+other.Value, other))
	if _, err := ds[0].Alert(ctx, "u1", "p", "now", nil, false); err != nil {
		t.Fatal(err)
	}
	for range 3 { // as an eraser asks until nothing is left
		m.Erase(ds[0].Sequences(is(one)))
		for i, d := range ds {
			if _, err := d.Forget(ctx, is(one)); err != nil {
				t.Fatal(err)
			}
			if left := d.Sequences(is(one)); len(left) > 0 {
				t.Errorf("docket %d: left over %v", i, left)
			}
		}
	}
	if strings.Contains(m.Text(), one.Value) || !strings.Contains(m.Text(), other.Value) {
		t.Error("the journal holds the number still, or not the other one")
	}
	for i, d := range append(ds, open(t, m)) {
		var names []string
		for _, s := range d.SavedFor("u1", true) {
			names = append(names, s.Name)
		}
		if _, all := d.Alerting(0); !slices.Equal(names, []string{"c"}) || len(all) > 0 {
			t.Errorf("docket %d keeps %v and tells of %v", i, names, all)
		}
	}
	save("now", words("u1", "d", "phone:"+one.Value, one)) // decided anew
	if n, err := ds[1].Forget(ctx, is(one)); err != nil || n != 0 {
		t.Errorf("forgot %d that were decided anew, %v", n, err)
	}
}

// TestWatchList: thousands in one step, what was watched before outlasts the list,
// and an erased number leaves the rest.
func TestWatchList(t *testing.T) {
	ctx := t.Context()
	m := &memory{}
	d := open(t, m)
	before, err := d.Subscribe(ctx, Order{User: "u1", Value: number(3), Purpose: "p"})
	if err != nil {
		t.Fatal(err)
	}
	var orders []Order
	for n := range 200 {
		orders = append(orders, Order{User: "u1", Value: number(n), Purpose: "p", Known: []string{fmt.Sprint("ad", n)}})
	}
	subs, made, err := d.SubscribeAll(ctx, orders)
	if err != nil || len(subs) != 200 || len(made) != 199 || subs[3].ID != before.ID || !slices.Equal(subs[5].Known, []string{"ad5"}) {
		t.Fatalf("%d watches, %d made, %v", len(subs), len(made), err)
	}
	if _, again, err := d.SubscribeAll(ctx, orders); err != nil || len(again) > 0 {
		t.Errorf("again: %d made, %v", len(again), err)
	}
	l := WatchList{ID: "l1", User: "u1", Name: "Lake", Purpose: "p", Made: made}
	for _, s := range subs {
		l.Members = append(l.Members, s.ID)
	}
	if _, err := d.List(ctx, l); err != nil {
		t.Fatal(err)
	}
	m.Erase(d.Sequences(is(number(7))))
	if n, err := d.Forget(ctx, is(number(7))); n != 1 || err != nil {
		t.Errorf("forgot %d, %v", n, err)
	}
	if _, err := d.EndList(ctx, "u2", "l1"); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("somebody else's list: %v", err)
	}
	if _, err := d.EndList(ctx, "u1", "l1"); err != nil {
		t.Fatal(err)
	}
	if n, err := d.EndAll(ctx, "u1", l.Made); n != 198 || err != nil {
		t.Errorf("ended %d, %v", n, err)
	}
	e := open(t, m)
	if got := e.Active(); len(got) != 1 || got[0].ID != before.ID {
		t.Errorf("left: %v", got)
	}
	if len(e.WatchLists("u1")) > 0 || len(d.Subscribed(number(7))) > 0 {
		t.Error("the list is there still, or an erased watch")
	}
}

// TestSavedRecordsOfVersion1: what the first program that kept searches wrote stays
// readable. The file is never written again.
func TestSavedRecordsOfVersion1(t *testing.T) {
	const path = "testdata/saved.v1"
	if _, err := os.Stat(path); err != nil && *add {
		writeSaved(t, path)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{}
	for line := range bytes.Lines(file) {
		subject, data, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		m.Events = append(m.Events, stored{Subject: string(subject), Data: data})
	}
	for _, kind := range []string{kindSaved, kindDeleted, kindRestored, kindAlerted, kindSilenced, kindLooked, kindListed, kindEnded} {
		if !strings.Contains(string(file), `"kind":"`+kind+`"`) {
			t.Errorf("the file holds no event of kind %s", kind)
		}
	}
	d := open(t, m)
	s, err := d.Saved("5a7ed00000000000000000000000000a")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s int) time.Time { return time.Date(2026, 3, 1, 9, 0, s, 0, time.UTC) }
	first := Wording{Name: "Lake", Note: "spring", Query: "phone:+19125550101", Values: []ad.Value{number(1)}, Shared: true, By: "u1", Purpose: "p1", At: at(1)}
	second := first
	second.Name, second.At = "Lakeside", at(3)
	want := Saved{ID: s.ID, Owner: "u1", Wording: second, Created: at(2), Earlier: []Wording{first}, Alerts: []SearchAlert{
		{User: "u1", Purpose: "p1", Since: at(5), Fold: true, Known: NewKeySet([]string{docID(3)})},
	}}
	if diff := cmp.Diff(s, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if !d.Looked("u1", s.ID).Equal(at(0)) {
		t.Errorf("looked %v", d.Looked("u1", s.ID))
	}
	l, err := d.WatchList("11570000000000000000000000000001")
	if err != nil || l.Name != "Numbers" || l.Ended.IsZero() || !slices.Equal(l.Members, []string{"m1", "m2"}) || !slices.Equal(l.Made, []string{"m2"}) {
		t.Errorf("list %+v, %v", l, err)
	}
}

// writeSaved writes the file, once.
func writeSaved(t *testing.T, path string) {
	ctx := t.Context()
	m := &memory{}
	d := open(t, m)
	id := "5a7ed00000000000000000000000000a"
	w := Wording{Name: "Lake", Note: "spring", Query: "phone:+19125550101", Values: []ad.Value{number(1)}, Shared: true, By: "u1", Purpose: "p1"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := d.Save(ctx, id, w, nil, false)
	must(err)
	w.Name = "Lakeside"
	_, err = d.Save(ctx, id, w, nil, false)
	must(err)
	_, err = d.Alert(ctx, "u1", "p1", id, NewKeySet([]string{docID(1), docID(2)}), false)
	must(err)
	_, err = d.Alert(ctx, "u2", "p2", id, NewKeySet(nil), false)
	must(err)
	must(d.Silence(ctx, "u2", id))
	must(d.Delete(ctx, "u1", id))
	_, err = d.Restore(ctx, "u1", id, NewKeySet([]string{docID(3)}), true)
	must(err)
	must(d.Look(ctx, "u1", id, time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)))
	_, err = d.List(ctx, WatchList{ID: "11570000000000000000000000000001", User: "u1", Name: "Numbers", Purpose: "p1", Members: []string{"m1", "m2"}, Made: []string{"m2"}})
	must(err)
	_, err = d.EndList(ctx, "u1", "11570000000000000000000000000001")
	must(err)
	var b bytes.Buffer
	for _, e := range m.Events {
		fmt.Fprintf(&b, "%s %s\n", e.Subject, e.Data)
	}
	must(os.WriteFile(path, b.Bytes(), 0o644))
}
