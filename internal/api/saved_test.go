package api_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
)

// TestSavedSearches: one is saved, listed, run, changed, shared, told of, deleted
// and brought back.
func TestSavedSearches(t *testing.T) {
	town := apitest.Start(t)
	ctx := t.Context()
	anna := town.Client(t, "anna", access.Scopes()...)
	adam := town.Client(t, "adam", access.Scopes()...)

	for name, q := range map[string]api.SaveRequest{
		"a number in the name":  {Name: "ask 912-555-0123", Query: "piano"},
		"an address in a note":  {Name: "x", Note: "rose@mail.example wrote", Query: "piano"},
		"no name":               {Name: " ", Query: "piano"},
		"a query that is wrong": {Name: "x", Query: "phone:piano"},
	} {
		if _, err := anna.Save(ctx, "", q); !strings.HasPrefix(code(err), "bad-") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := anna.Save(ctx, "", api.SaveRequest{Name: "Lessons", Query: "piano lessons", Note: "of spring"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := anna.SavedSearches(ctx)
	if err != nil || len(list) != 1 || list[0].Total == nil || *list[0].Total != 3 || list[0].Owner != "anna" {
		t.Fatalf("list %+v, %v", list, err)
	}
	if list, err := adam.SavedSearches(ctx); err != nil || len(list) != 0 {
		t.Errorf("others see %+v, %v", list, err)
	}
	if _, err := adam.SavedSearch(ctx, s.ID); code(err) != "not-found" {
		t.Errorf("others open it: %v", err)
	}
	run, err := anna.RunSaved(ctx, s.ID, api.RunRequest{})
	if err != nil || run.Total != 3 || len(run.Hits) != 3 || !run.Saved.Looked.IsZero() {
		t.Errorf("run %+v, %v", run, err)
	}
	if s, err = anna.Save(ctx, s.ID, api.SaveRequest{Name: "All lessons", Query: "piano", Shared: true}); err != nil || !s.Shared {
		t.Fatal(s, err)
	}
	if s, err = adam.SavedSearch(ctx, s.ID); err != nil || len(s.Earlier) != 1 || s.Earlier[0].Name != "Lessons" || s.Mine {
		t.Errorf("shared: %+v, %v", s, err)
	}
	if _, err := adam.Save(ctx, s.ID, api.SaveRequest{Name: "mine now", Query: "piano"}); code(err) != "not-found" {
		t.Errorf("others change it: %v", err)
	}
	if err := adam.DeleteSaved(ctx, s.ID); code(err) != "not-found" {
		t.Errorf("others delete it: %v", err)
	}
	for _, c := range []*api.Client{anna, adam} {
		if s, err = c.AlertOn(ctx, s.ID); err != nil || s.Alert == nil || s.Total == nil || *s.Total != 3 || s.Alert.Known != 3 || s.Week == nil {
			t.Fatalf("alert %+v, %v", s, err)
		}
	}
	fresh := town.Appear(t, "piano-9")
	for who, c := range map[string]*api.Client{"anna": anna, "adam": adam} {
		p, err := c.Inbox(ctx, 0, 0)
		if err != nil || len(p.Alerts) != 1 || p.Alerts[0].Search != s.ID || p.Alerts[0].AdID != fresh.AdID || p.Searches[s.ID] != "All lessons" ||
			len(p.Alerts[0].Found) == 0 || p.Alerts[0].Value.Kind != "" {
			t.Fatalf("inbox of %s: %+v, %v", who, p, err)
		}
	}
	// With other words the alerts go on, without what matches those already; kept to
	// herself, his ends.
	if s, err = anna.Save(ctx, s.ID, api.SaveRequest{Name: "By number", Query: "912-555-0123"}); err != nil || s.Alert == nil || s.Alert.Known == 0 {
		t.Fatalf("changed %+v, %v", s, err)
	}
	if _, err := adam.SavedSearch(ctx, s.ID); code(err) != "not-found" {
		t.Errorf("no longer shared: %v", err)
	}
	if _, err := anna.Save(ctx, s.ID, api.SaveRequest{Name: "x", Query: "cluster:" + town.Cluster}); code(err) != "no-alert" {
		t.Errorf("a search that nobody can be told of: %v", err)
	}
	if err := anna.DeleteSaved(ctx, s.ID); err != nil {
		t.Fatal(err)
	}
	town.Appear(t, "piano-10")
	if p, err := anna.Inbox(ctx, 0, 0); err != nil || len(p.Alerts) != 1 {
		t.Errorf("deleted, and told all the same: %+v, %v", p, err)
	}
	if list, err := anna.SavedSearches(ctx); err != nil || len(list) != 0 {
		t.Errorf("deleted, and listed: %+v, %v", list, err)
	}
	if s, err = anna.RestoreSaved(ctx, s.ID); err != nil || s.Alert == nil || !s.Deleted.IsZero() {
		t.Fatalf("brought back: %+v, %v", s, err)
	}
	town.Appear(t, "piano-11")
	if p, err := anna.Inbox(ctx, 0, 0); err != nil || len(p.Alerts) != 2 {
		t.Errorf("brought back, and not told: %+v, %v", p, err)
	}
	if err := anna.AlertOff(ctx, s.ID); err != nil {
		t.Fatal(err)
	}
	reader := town.Client(t, "rita", access.ScopeRead)
	if _, err := reader.SavedSearches(ctx); code(err) != "denied" {
		t.Errorf("a reader: %v", err)
	}
}

// TestLookup: each value once, with its lines; why lines cannot be read; a list of
// watches in one step, and its end.
func TestLookup(t *testing.T) {
	town := apitest.Start(t)
	ctx := t.Context()
	anna := town.Client(t, "anna", access.Scopes()...)
	list := "name,phone,email\nRose,912 555 0123,\n\"Ruby\",(912) 555-0123,rose@mail.example\nKim,nine one two 555 0188,\nLee,12345,\n"
	got, err := anna.Lookup(ctx, api.LookupRequest{List: list, Name: "contacts.csv"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Lines != 4 || len(got.Values) != 3 || got.Hits != 1 || got.Repeated != 1 || len(got.Unread) != 1 {
		t.Fatalf("lookup %+v", got)
	}
	if v := got.Values[0]; v.Value.Value != "+19125550123" || v.Ads != 2 || !slices.Equal(v.Lines, []int{2, 3}) || len(v.Clusters) != 1 || v.First.IsZero() || v.Last.Before(v.First) {
		t.Errorf("the number %+v", v)
	}
	if v := got.Values[2]; v.Value.Value != "+19125550188" || v.Ads != 0 {
		t.Errorf("the number in words %+v", v)
	}
	if u := got.Unread[0]; u.Line != 5 || !strings.Contains(u.Why, "5 digits") {
		t.Errorf("not read %+v", u)
	}
	if c := got.Covered; c.Documents == 0 || len(c.Sites) == 0 || c.From.IsZero() || c.To.IsZero() {
		t.Errorf("covered %+v", c)
	}
	var b bytes.Buffer
	if err := anna.LookupCSV(ctx, api.LookupRequest{List: "@jade\n=1+1\n912-555-0123\n"}, &b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%v, %q", err, rows)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "@") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	if _, err := anna.Watch(ctx, "912-555-0123"); err != nil {
		t.Fatal(err)
	}
	w, err := anna.WatchAll(ctx, api.WatchListRequest{Name: "Spring", Values: []string{"+19125550123", "(912) 555-0123", "rose@mail.example", "912 555 0188"}})
	if err != nil || w.Active != 3 || w.Already != 1 {
		t.Fatalf("list %+v, %v", w, err)
	}
	if lists, err := anna.WatchLists(ctx); err != nil || len(lists) != 1 || lists[0].Name != "Spring" {
		t.Errorf("lists %+v, %v", lists, err)
	}
	b.Reset()
	if err := anna.WatchListCSV(ctx, w.ID, &b); err != nil || strings.Count(b.String(), "\n") != 4 {
		t.Errorf("%v, %q", err, b.String())
	}
	adam := town.Client(t, "adam", access.Scopes()...)
	if _, err := adam.WatchList(ctx, w.ID); code(err) != "not-found" {
		t.Errorf("others open it: %v", err)
	}
	if n, err := anna.EndWatchList(ctx, w.ID); err != nil || n.Ended != 2 {
		t.Fatalf("ended %+v, %v", n, err)
	}
	if left, err := anna.Watches(ctx); err != nil || len(left) != 1 {
		t.Errorf("what was watched before goes on: %+v, %v", left, err)
	}
	if w, err = anna.RestoreWatchList(ctx, w.ID); err != nil || w.Active != 3 {
		t.Errorf("watched again: %+v, %v", w, err)
	}
	for name, q := range map[string]api.LookupRequest{
		"nothing":        {List: " \n"},
		"too many lines": {List: strings.Repeat("x\n", 5001)},
	} {
		if _, err := anna.Lookup(ctx, q); code(err) != "bad-list" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLookupOfThousands: as many lines as are taken, each in another form.
func TestLookupOfThousands(t *testing.T) {
	town := apitest.Start(t)
	anna := town.Client(t, "anna", access.Scopes()...)
	var list strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&list, []string{"912555%04d\n", "(912) 555-%04d\n", "+1 912 555 %04d\n", "call 912.555.%04d\n", "name%04d@mail.example\n"}[i%5], i)
	}
	got, err := anna.Lookup(t.Context(), api.LookupRequest{List: list.String()})
	if err != nil || got.Lines != 5000 || len(got.Unread) > 0 || got.Hits != 2 {
		t.Fatalf("%d lines, %d not read, %d hits, %v", got.Lines, len(got.Unread), got.Hits, err)
	}
	var values []string
	for _, v := range got.Values {
		values = append(values, v.Value.Value)
	}
	w, err := anna.WatchAll(t.Context(), api.WatchListRequest{Name: "all", Values: values})
	if err != nil || w.Active != 5000 {
		t.Fatalf("%d watched, %v", w.Active, err)
	}
	if n, err := anna.EndWatchList(t.Context(), w.ID); err != nil || n.Ended != 5000 {
		t.Fatalf("%+v, %v", n, err)
	}
}
