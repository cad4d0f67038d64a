package web

import (
	"fmt"
	"math"
	"strings"
	"time"

	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// Measures of the drawings beside results, in units of the drawing. They are as
// wide as their column.
const (
	drawWidth  = 300
	timeHeight = 84
	timeFoot   = 66
	mapLeast   = 110
	mapMost    = 300
	mapEdge    = 16
	widestBar  = 26
)

// mostBars is how many stretches of time are drawn; where there are more, each is
// longer.
const mostBars = 45

// A Times is how many ads were last seen when: a drawing, and the same in figures.
type Times struct {
	Step  search.Step
	Steps []StepLink
	Says  string // all of it in a sentence
	Bars  []TimeBar
	First string
	Last  string
	Top   int
}

// A StepLink is another width of the bars.
type StepLink struct {
	Step search.Step
	On   bool
}

// A TimeBar is one stretch of time.
type TimeBar struct {
	X, Y, W, H float64
	Name       string
	Documents  int
	Query      string // to search for the ads of it
	On         bool
}

// steps are the widths of bars, the narrowest first.
var steps = []search.Step{search.Daily, search.Weekly, search.Monthly}

// times draws when ads were last seen, from counts by day. Asked is the width that
// was chosen; else, or where it makes too many bars, the narrowest that fits is taken.
// Nil when all were last seen on one day.
func times(text string, n query.Node, days []search.Bucket, asked search.Step) *Times {
	if len(days) < 2 { // there is nothing to tell apart
		return nil
	}
	t := &Times{}
	for i, s := range steps {
		if bars := stretches(s, days[0].From, days[len(days)-1].From); bars <= mostBars || i == len(steps)-1 {
			t.Steps = append(t.Steps, StepLink{Step: s})
			if t.Step == "" || s == asked {
				t.Step = s
			}
		}
	}
	for i := range t.Steps {
		t.Steps[i].On = t.Steps[i].Step == t.Step
	}
	count, most, total := map[time.Time]int{}, time.Time{}, 0
	for _, d := range days {
		at := t.Step.Begin(d.From)
		count[at] += d.Documents
		total += d.Documents
		if count[at] > t.Top {
			t.Top, most = count[at], at
		}
	}
	from, to := t.Step.Begin(days[0].From), t.Step.Begin(days[len(days)-1].From)
	if all := stretches(t.Step, from, to); all > 4*mostBars { // more than twelve years of months: the newest are drawn
		from = t.Step.Begin(to.AddDate(0, -4*mostBars, 0))
	}
	wide := drawWidth / float64(stretches(t.Step, from, to))
	for at := from; !at.After(to); at = following(t.Step, at) {
		b := TimeBar{X: round1(float64(len(t.Bars)) * wide), W: round1(min(widestBar, max(wide-1, wide*.8))), Name: stretch(t.Step, at), Documents: count[at]}
		if b.Documents > 0 {
			b.H = round1(max(2, float64(b.Documents)*(timeFoot-4)/float64(t.Top)))
		}
		b.Y = timeFoot - b.H
		if term, err := lastSeen(t.Step, at); err == nil {
			b.Query, b.On = toggled(text, n, term)
		}
		t.Bars = append(t.Bars, b)
	}
	t.First, t.Last = stretch(t.Step, from), stretch(t.Step, to)
	t.Says = fmt.Sprintf("Ads by the %s in which they were last seen, from %s to %s: %s in all, most in %s with %s. The same figures stand in the table below.",
		t.Step, t.First, t.Last, grouped(total), stretch(t.Step, most), grouped(t.Top))
	return t
}

// round1 keeps drawings short.
func round1(f float64) float64 { return math.Round(10*f) / 10 }

// following is when the stretch after that of a moment begins.
func following(s search.Step, at time.Time) time.Time {
	switch s {
	case search.Weekly:
		return at.AddDate(0, 0, 7)
	case search.Monthly:
		return at.AddDate(0, 1, 0)
	}
	return at.AddDate(0, 0, 1)
}

// stretches is how many stretches of time there are from that of one moment to that
// of another.
func stretches(s search.Step, from, to time.Time) int {
	from, to = s.Begin(from), s.Begin(to)
	days := int(to.Sub(from)/(24*time.Hour)) + 1
	switch s {
	case search.Weekly:
		return (days + 6) / 7
	case search.Monthly:
		return 12*(to.Year()-from.Year()) + int(to.Month()) - int(from.Month()) + 1
	}
	return days
}

// stretch names a stretch of time.
func stretch(s search.Step, at time.Time) string {
	switch s {
	case search.Weekly:
		return "week of " + day(at)
	case search.Monthly:
		return at.Format("January 2006")
	}
	return day(at)
}

// lastSeen asks for ads that were last seen in a stretch of time.
func lastSeen(s search.Step, at time.Time) (query.Field, error) {
	v := at.Format("2006-01-02")
	switch s {
	case search.Weekly:
		v += ".." + at.AddDate(0, 0, 6).Format("2006-01-02")
	case search.Monthly:
		v = at.Format("2006-01")
	}
	return query.NewField("last", v)
}

// Places is where ads are, by metropolitan area. People have no place in it.
type Places struct {
	Height int
	Says   string
	Dots   []Dot
	Lines  []Line // of latitude and longitude
}

// A Dot is an area, as large as it has ads.
type Dot struct {
	X, Y, R float64
	Name    string
	Label   string // its name, where it is written beside it
	Left    bool   // on its left side
	Says    string
}

// A Line is one of latitude or longitude.
type Line struct{ X1, Y1, X2, Y2 float64 }

// labels is how many areas have their name on the map.
const labels = 4

// places draws areas by their centres, as far apart as they are. Nil when there are
// fewer than two.
func places(cells []search.Cell, name func(code string) string) *Places {
	if len(cells) < 2 {
		return nil
	}
	lo, hi := cells[0], cells[0]
	for _, c := range cells {
		lo.Lat, lo.Lon = min(lo.Lat, c.Lat), min(lo.Lon, c.Lon)
		hi.Lat, hi.Lon = max(hi.Lat, c.Lat), max(hi.Lon, c.Lon)
	}
	// Degrees of longitude are as wide as they are amid the map.
	narrow := math.Cos((lo.Lat + hi.Lat) / 2 * math.Pi / 180)
	scale := min((drawWidth-2*mapEdge)/max((hi.Lon-lo.Lon)*narrow, 1), (mapMost-2*mapEdge)/max(hi.Lat-lo.Lat, 1))
	p := &Places{Height: int(max(mapLeast, (hi.Lat-lo.Lat)*scale+2*mapEdge))}
	x := func(lon float64) float64 {
		return round1(drawWidth/2 + (lon-(lo.Lon+hi.Lon)/2)*narrow*scale)
	}
	y := func(lat float64) float64 { return round1(float64(p.Height)/2 - (lat-(lo.Lat+hi.Lat)/2)*scale) }
	for _, every := range []float64{.5, 1, 2, 5, 10, 20, 45} {
		if every*scale < 35 && every < 45 {
			continue
		}
		for at := math.Floor(lo.Lon/every-8) * every; at < hi.Lon+8*every; at += every {
			if v := x(at); v > 0 && v < drawWidth {
				p.Lines = append(p.Lines, Line{v, 0, v, float64(p.Height)})
			}
		}
		for at := math.Floor(lo.Lat/every-8) * every; at < hi.Lat+8*every; at += every {
			if v := y(at); v > 0 && v < float64(p.Height) {
				p.Lines = append(p.Lines, Line{0, v, drawWidth, v})
			}
		}
		break
	}
	var taken []Dot
	for i, c := range cells {
		d := Dot{X: x(c.Lon), Y: y(c.Lat), R: round1(max(2.5, 11*math.Sqrt(float64(c.Documents)/float64(cells[0].Documents)))), Name: name(c.Metro)}
		d.Says = d.Name + ": " + grouped(c.Documents)
		d.Left = d.X > drawWidth/2
		if i < labels {
			d.Label = firstCity(d.Name)
			for _, t := range taken {
				if math.Abs(t.Y-d.Y) <= 12 {
					d.Label = ""
				}
			}
			if d.Label != "" {
				taken = append(taken, d)
			}
		}
		p.Dots = append(p.Dots, d)
	}
	p.Says = fmt.Sprintf("Where the ads are, by metropolitan area: %s; most in %s. The same figures stand under Area below.", grouped(len(cells))+" areas", p.Dots[0].Name)
	return p
}

// firstCity is the first city of an area with the state.
func firstCity(name string) string {
	cities, state, _ := strings.Cut(name, ", ")
	city, _, _ := strings.Cut(cities, "-")
	state, _, _ = strings.Cut(state, "-")
	return strings.TrimSuffix(city+", "+state, ", ")
}
