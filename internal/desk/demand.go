package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/audit"
	"vigil.example/internal/trend"
)

// A Counter counts posts by place and week.
type Counter interface {
	// Book gives what is counted now. It is not changed afterwards.
	Book(ctx context.Context) (*trend.Book, error)
}

// ErrMetro says that a name stands for no metropolitan area that is known, or for
// several.
var ErrMetro = errors.New("which metropolitan area is meant is not clear")

// ErrWeek says that a week cannot be read.
var ErrWeek = errors.New("a week is written as 2026-W10 or by a day of it, 2026-03-02")

// DemandWeeks is how many weeks are shown when nobody says.
const DemandWeeks = 13

// A DemandQuestion asks for weekly figures.
type DemandQuestion struct {
	Metro string `json:"metro,omitempty"` // code, title or city; "all" or "" for all, trend.Unplaced for posts without a place
	From  string `json:"from,omitempty"`  // a week or a day of it; "" for Weeks before now
	Weeks int    `json:"weeks,omitempty"` // DemandWeeks when 0
}

// A Demand is weekly figures of demand and supply, and what they are.
type Demand struct {
	trend.Figures
	Name    string    `json:"name"` // of the metro
	AsOf    time.Time `json:"as_of"`
	Method  []string  `json:"method"`  // what is counted and what is not
	Choices []Metro   `json:"choices"` // metros that have posts
}

// A Metro is a metropolitan area by its code and name.
type Metro struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Method says in words what the figures are; docs/demand.md says more.
func Method() []string {
	return []string{
		"Posts are counted, not people: many posts may come from few, and how many people stand behind them is not known.",
		"A buyer post seeks somebody's paid time, reviews a meeting or bargains over a rate; a supply ad offers such time. A program tells them apart by their words and is wrong at times.",
		"A post counts in the week in which it was posted, as the site says, in the time of UTC; the same or nearly the same text within 28 days counts once.",
		"Only pages that were crawled count; what people brought in does not, nor do posts whose place is not known.",
		fmt.Sprintf("Coverage is the share of the pages due that were read and understood. A week with less than %.0f percent is missing. It is not zero.", 100*trend.Enough),
		fmt.Sprintf("Counts under %d are withheld, none too. Sums add up only what is shown.", trend.Least),
		"More posts in a week may mean a new site, a change of a site or of the program, or bots. Compare weeks with equal sources and one program only.",
	}
}

// DemandFigures gives weekly figures of a metropolitan area.
func (d *Desk) DemandFigures(ctx context.Context, s access.Subject, q DemandQuestion) (Demand, error) {
	e := audit.Entry{Action: "demand.read", Query: q.Metro}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return Demand{}, err
	}
	out, err := d.demand(ctx, q)
	e.Count, e.Outcome = len(out.Weeks), outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return Demand{}, lerr
	}
	return out, err
}

func (d *Desk) demand(ctx context.Context, q DemandQuestion) (Demand, error) {
	metro, err := d.metro(q.Metro)
	if err != nil {
		return Demand{}, err
	}
	book, err := d.Counter.Book(ctx)
	if err != nil {
		return Demand{}, err
	}
	now := d.Clock()
	weeks := q.Weeks
	if weeks == 0 {
		weeks = DemandWeeks
	}
	if weeks < 1 || weeks > trend.MaxWeeks {
		return Demand{}, fmt.Errorf("%w: %d weeks; they may be 1 to %d", ErrWeek, weeks, trend.MaxWeeks)
	}
	from := trend.Monday(now).AddDate(0, 0, -7*(weeks-1))
	if q.From != "" {
		if from, err = weekOf(q.From); err != nil {
			return Demand{}, err
		}
	}
	out := Demand{Name: d.metroName(metro), AsOf: now.UTC(), Method: Method(), Choices: []Metro{}}
	out.Figures = book.Ask(trend.Question{Metro: metro, From: from, Weeks: weeks, Now: now})
	for _, m := range book.Metros() {
		out.Choices = append(out.Choices, Metro{m, d.metroName(m)})
	}
	return out, nil
}

// metro finds the code of a metropolitan area as a person writes it.
func (d *Desk) metro(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch strings.ToLower(s) {
	case "", "all", "all areas":
		return "", nil
	case trend.Unplaced, "place not known":
		return trend.Unplaced, nil
	}
	found := d.Places.Find(s)
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%w: none is known by this name; write a city with its state, such as Savannah GA, or the code of the area", ErrMetro)
	case 1:
		return found[0].Code, nil
	}
	var names []string
	for _, m := range found[:min(4, len(found))] {
		names = append(names, m.Name+" ("+m.Code+")")
	}
	return "", fmt.Errorf("%w: write one of %s", ErrMetro, strings.Join(names, "; "))
}

func (d *Desk) metroName(code string) string {
	switch code {
	case "":
		return "all areas"
	case trend.Unplaced:
		return "place not known"
	}
	if n := d.Places.Name(code); n != "" {
		return n
	}
	return code
}

// weekOf reads a week.
func weekOf(s string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return trend.Monday(t), nil
	}
	var y, w int
	if n, err := fmt.Sscanf(s, "%4d-W%2d", &y, &w); n != 2 || err != nil || w < 1 || w > 53 || y < 1990 || y > 2200 {
		return time.Time{}, ErrWeek
	}
	t := trend.Monday(time.Date(y, 1, 4, 0, 0, 0, 0, time.UTC)).AddDate(0, 0, 7*(w-1)) // 4 January is in week 1
	if trend.WeekOf(t) != s {
		return time.Time{}, fmt.Errorf("%w; %d has no week %d", ErrWeek, y, w)
	}
	return t, nil
}
