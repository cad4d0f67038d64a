package app

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/crawl"
	"vigil.example/internal/site"
	"vigil.example/internal/trend"
)

// Each planned visit is due once, on the day it was answered or planned for,
// whichever stream tells of it first.
func TestCoverageCountsEachVisitOnce(t *testing.T) {
	day := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	const every = 24 * time.Hour
	a := &App{cfg: Config{Sites: site.NewSet(&site.Definition{Name: "board", Revisit: site.Revisit{List: every, Detail: every}})}}
	visit := day.UnixNano() / int64(every)
	raw := func(v any) ad.Message {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return ad.Message{Data: b, Time: day.AddDate(1, 0, 0)} // the streams' clock is not that of the crawl
	}
	entry := func(url string) crawl.Entry {
		return crawl.Entry{V: ad.Schema, URL: url, Site: "board", Kind: ad.LinkDetail, Visit: visit}
	}
	plan := func(url string) func(*coverage) error {
		return func(v *coverage) error { return a.duePages(v)(raw(entry(url))) }
	}
	answer := func(url string, k ad.PageKind, status int) func(*coverage) error {
		return func(v *coverage) error {
			return v.outcome(raw(ad.Outcome{V: ad.Schema, Via: ad.ViaCrawl, Site: "board", URL: url, Kind: k, Status: status, SeenAt: day.Add(26 * time.Hour), Visit: visit}))
		}
	}
	refuse := func(url string, why crawl.Reason) func(*coverage) error {
		return func(v *coverage) error {
			return a.refused(v)(raw(struct {
				crawl.Entry
				Reason crawl.Reason `json:"reason"`
			}{entry(url), why}))
		}
	}
	steps := []func(*coverage) error{
		plan("http://board.example/1"), answer("http://board.example/1", ad.KindDetail, 200),
		plan("http://board.example/2"), answer("http://board.example/2", ad.KindBlocked, 200),
		plan("http://board.example/3"), answer("http://board.example/3", ad.KindOther, 503),
		plan("http://board.example/4"), refuse("http://board.example/4", crawl.ReasonRobots),
		plan("http://board.example/5"), refuse("http://board.example/5", "timeout"),
		plan("http://board.example/6"), answer("http://board.example/6", ad.KindRemoved, 410),
	}
	want := []trend.Day{
		{Site: "board", Day: day, Due: 1}, // never answered
		{Site: "board", Day: day.AddDate(0, 0, 1), Due: 4, Fetched: 3, Parsed: 2},
	}
	for name, order := range map[string]func(i int) int{"in order": func(i int) int { return i }, "ends before plans": func(i int) int { return len(steps) - 1 - i }} {
		t.Run(name, func(t *testing.T) {
			v := &coverage{open: map[string]siteDay{}, ended: map[string]bool{}, counts: map[siteDay]*trend.Day{}}
			for i := range steps {
				if err := steps[order(i)](v); err != nil {
					t.Fatal(err)
				}
			}
			got := v.days()
			if len(got) == 2 && got[0].Day.After(got[1].Day) {
				got[0], got[1] = got[1], got[0]
			}
			if d := cmp.Diff(got, want); d != "" {
				t.Errorf("(-got +want)\n%s", d)
			}
		})
	}
}
