package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/desk"
	"vigil.example/internal/trend"
)

// A demandBody is the page of weekly figures.
type demandBody struct {
	desk.Demand
	Fault  string // why the question cannot be answered; then nothing else is shown
	Sums   string // of what is shown
	Before string // how many weeks before the first of the crawl are left out
	Asked  desk.DemandQuestion
	Charts []chart
}

// metroCode is how an address names a metropolitan area; what a person types
// travels in a form.
var metroCode = regexp.MustCompile(`^([0-9]{5}|[A-Z]{2}-[a-z0-9-]{1,40}|unplaced)?$`)

// weekName is how an address names a week.
var weekName = regexp.MustCompile(`^([0-9]{4}-W[0-9]{2})?$`)

// errAddressArea says how an address names an area. A name that somebody typed does
// not stand in addresses, and is not looked up from one.
var errAddressArea = errors.New("an address names an area by its code, such as 42340: choose the area by its name below")

// demand shows weekly figures.
func (s *server) demand(r *http.Request, v *visit) error {
	q := r.URL.Query()
	asked := desk.DemandQuestion{Weeks: weeksAsked(q.Get("weeks"))}
	switch {
	case !metroCode.MatchString(q.Get("metro")):
		return s.faulty(r, v, asked, errAddressArea)
	case !weekName.MatchString(q.Get("from")):
		return s.faulty(r, v, asked, desk.ErrWeek)
	}
	return s.weeks(r, v, desk.DemandQuestion{Metro: q.Get("metro"), From: q.Get("from"), Weeks: weeksAsked(q.Get("weeks"))})
}

// askDemand reads the form and leads to the address of the answer.
func (s *server) askDemand(r *http.Request, v *visit) error {
	q := desk.DemandQuestion{Metro: trimmed(r, "metro"), From: trimmed(r, "from"), Weeks: weeksAsked(trimmed(r, "weeks"))}
	d, err := s.desk.DemandFigures(r.Context(), v.Subject, q)
	if errors.Is(err, desk.ErrMetro) || errors.Is(err, desk.ErrWeek) {
		return s.faulty(r, v, q, err)
	}
	if err != nil {
		return err
	}
	to := url.Values{"weeks": {strconv.Itoa(q.Weeks)}}
	if d.Metro != "" {
		to.Set("metro", d.Metro)
	}
	if q.From != "" && len(d.Weeks) > 0 {
		to.Set("from", d.Weeks[0].Week)
	}
	v.redirect(r, "/demand?"+to.Encode())
	return nil
}

func weeksAsked(s string) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return min(n, shownWeeks)
	}
	return desk.DemandWeeks
}

// shownWeeks is how many weeks a page shows at most.
const shownWeeks = 104

func (s *server) weeks(r *http.Request, v *visit, q desk.DemandQuestion) error {
	d, err := s.desk.DemandFigures(r.Context(), v.Subject, q)
	if errors.Is(err, desk.ErrMetro) || errors.Is(err, desk.ErrWeek) {
		return s.faulty(r, v, q, err)
	}
	if err != nil {
		return err
	}
	return v.show(r, http.StatusOK, "demand", page{Title: "Demand and supply", Here: "demand", Body: newDemandBody(d, q)})
}

// faulty says why a question cannot be answered, and asks again: figures of another
// area below it would be taken for the answer.
func (s *server) faulty(r *http.Request, v *visit, q desk.DemandQuestion, why error) error {
	d, err := s.desk.DemandFigures(r.Context(), v.Subject, desk.DemandQuestion{})
	if err != nil {
		return err
	}
	b := demandBody{Demand: d, Asked: q, Fault: upper(why.Error()) + "."}
	return v.show(r, http.StatusUnprocessableEntity, "demand", page{Title: "Demand and supply", Here: "demand", Body: b})
}

func newDemandBody(d desk.Demand, q desk.DemandQuestion) demandBody {
	b := demandBody{Demand: d, Asked: q, Sums: sum(d.Figures.Demand, "buyer post") + "; " + sum(d.Figures.Supply, "supply ad") + "."}
	if d.Metro != "" && metroCode.MatchString(q.Metro) {
		b.Asked.Metro = d.Name
	}
	if first := slices.IndexFunc(b.Weeks, func(w trend.Week) bool { return w.Due > 0 }); first > 0 && q.From == "" {
		b.Before, b.Weeks = count(first, "week"), b.Weeks[first:]
	}
	b.Charts = []chart{
		newChart("demand", "Buyer posts", "buyer post", b.Weeks, func(w trend.Week) trend.Count { return w.Demand }),
		newChart("supply", "Supply ads", "supply ad", b.Weeks, func(w trend.Week) trend.Count { return w.Supply }),
	}
	return b
}

// Measures of a chart, in units of its drawing.
const (
	chartHeight = 190
	chartTop    = 14
	chartFoot   = 158 // where bars stand
	chartLeft   = 38
	barWidth    = 30
	barGap      = 12
)

// A chart is bars by week.
type chart struct {
	ID, Title string
	Width     int
	Height    int
	Left      int
	Foot      int
	Right     int
	Bars      []bar
	Ticks     []tick
}

// A bar is one week. Kind is given, running, withheld or missing; what is not
// given has a mark of its own shape, so that it does not look like zero.
type bar struct {
	X, Y, W, H int
	Mid        int
	Kind       string
	Says       string // all of it in words
	Value      string
	Label      string // below it, "" for most
}

type tick struct {
	Y     int
	Label string
}

func newChart(id, title, noun string, weeks []trend.Week, of func(trend.Week) trend.Count) chart {
	c := chart{ID: id, Title: title, Height: chartHeight, Left: chartLeft, Foot: chartFoot}
	c.Width = chartLeft + len(weeks)*(barWidth+barGap) + barGap
	c.Right = c.Width - barGap/2
	top := trend.Least
	for _, w := range weeks {
		if n := of(w).N; n != nil {
			top = max(top, *n)
		}
	}
	top = round(top)
	for _, v := range []int{0, top / 2, top} {
		c.Ticks = append(c.Ticks, tick{chartFoot - v*(chartFoot-chartTop)/top, grouped(v)})
	}
	every := max(1, (len(weeks)+12)/13)
	for i, w := range weeks {
		n := of(w)
		b := bar{X: chartLeft + barGap + i*(barWidth+barGap), W: barWidth, Kind: string(w.Status)}
		b.Mid = b.X + barWidth/2
		switch {
		case w.Status == trend.Missing:
			b.H, b.Says = chartFoot-chartTop, fmt.Sprintf("%s: missing, %s", w.Week, covered(w))
			b.Kind = "missing"
		case n.N == nil:
			b.H, b.Says = max(4, (trend.Least-1)*(chartFoot-chartTop)/top), fmt.Sprintf("%s: fewer than %d %ss, withheld; %s", w.Week, trend.Least, noun, covered(w))
			b.Kind, b.Value = "withheld", "<"+strconv.Itoa(trend.Least)
		default:
			b.H, b.Value = *n.N*(chartFoot-chartTop)/top, grouped(*n.N)
			if n.AtLeast {
				b.Value += "+"
			}
			b.Says = fmt.Sprintf("%s: %s, %s", w.Week, count(*n.N, noun), covered(w))
			if w.Status == trend.Running {
				b.Says += "; the week is not over"
			}
		}
		b.Y = chartFoot - b.H
		if i%every == 0 {
			b.Label = w.Week[5:]
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

// round is the next number of 1, 2 or 5 with zeros behind, times two.
func round(n int) int {
	for p := 1; ; p *= 10 {
		for _, k := range []int{2, 4, 6, 10} {
			if k*p >= n {
				return k * p
			}
		}
	}
}

// sum says what the shown counts add up to.
func sum(s trend.Sum, noun string) string {
	if s.Weeks == 0 {
		return "no count of " + noun + "s can be shown: each week is missing or its count withheld"
	}
	return count(s.N, noun) + " in " + count(s.Weeks, "week")
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// covered says how much of a week was read.
func covered(w trend.Week) string {
	if w.Due == 0 {
		return "no page was due"
	}
	return fmt.Sprintf("%.0f%% of %s due", 100*w.Coverage, count(w.Due, "page"))
}

// figure writes a count in the table.
func figure(w trend.Week, n trend.Count) string {
	switch {
	case w.Status == trend.Missing:
		return "missing"
	case n.N == nil:
		return "under " + strconv.Itoa(trend.Least)
	case n.AtLeast:
		return grouped(*n.N) + " or more"
	}
	return grouped(*n.N)
}
