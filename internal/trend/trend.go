// Package trend counts demand and supply by place and week. Posts that were told
// apart by side and place, and a record of which pages were due and read, come in;
// weekly figures go out, with the share of the due pages that was read beside each.
// Near-duplicates and reposts count once. A week in which too little was read is
// missing, never zero; a count under five is withheld, and no sum gives it away.
//
// It counts posts, not people: how many stand behind them is not known. It knows
// no word of a post and no contact, only digests of them.
package trend

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// A Post is what is known of one post for counting.
type Post struct {
	Demand    bool // one who seeks, reviews or bargains; else one who offers
	Metro     string
	Site      string
	At        time.Time
	Ad        uint64    // differs between ads
	Text      uint64    // equal for equal texts
	Signature [4]uint64 // min-hashes of the text, zeros when it has none
	Author    uint64    // 0 when no contact shows
	ReadBy    string
}

// A Day is what one source came to on one day.
type Day struct {
	Site    string
	Day     time.Time // midnight UTC
	Due     int       // pages that were to be read
	Fetched int       // of these, answered
	Parsed  int       // of these, understood: an ad, a list, or that an ad is gone
}

// Bounds of what is given.
const (
	Least    = 5                   // counts below are withheld
	Enough   = .6                  // coverage below makes a week missing
	Again    = 28 * 24 * time.Hour // a text that comes again within this time is a repost
	MaxWeeks = 260
)

// Unplaced stands for posts whose metropolitan area is not known, in place of its
// code.
const Unplaced = "unplaced"

// A Status says what became of a week.
type Status string

// The states of a week.
const (
	Given   Status = "given"
	Running Status = "running" // given, but the week is not over
	Missing Status = "missing" // too little was read to say anything
)

// A Count is a number of posts or authors. N is nil where it is withheld or the
// week is missing.
type Count struct {
	N        *int `json:"n"`
	Withheld bool `json:"withheld,omitempty"` // under Least
	// AtLeast says that counts under Least in single metros are not in N.
	AtLeast bool `json:"at_least,omitempty"`
}

// A Week is the figures of one ISO week.
type Week struct {
	Week          string    `json:"week"` // 2026-W10
	From          time.Time `json:"from"` // Monday, midnight UTC
	Status        Status    `json:"status"`
	Coverage      float64   `json:"coverage"` // pages parsed of pages due, 0 to 1
	Due           int       `json:"pages_due"`
	Fetched       int       `json:"pages_fetched"`
	Parsed        int       `json:"pages_parsed"`
	Demand        Count     `json:"demand"`         // distinct buyer posts
	DemandAuthors Count     `json:"demand_authors"` // distinct contacts in them, where one shows
	Supply        Count     `json:"supply"`         // distinct supply ads
	SupplyAuthors Count     `json:"supply_authors"`
}

// Figures are the weeks of one metro, or of all.
type Figures struct {
	Metro   string   `json:"metro"` // code; "" for all
	Weeks   []Week   `json:"weeks"`
	Demand  Sum      `json:"demand_sum"` // of the weeks that are given
	Supply  Sum      `json:"supply_sum"`
	Sources []string `json:"sources"` // sites whose pages the coverage is of
	ReadBy  []string `json:"read_by"` // programs and pipelines that read the posts; more than one are not comparable
}

// A Sum adds the counts that are given, and nothing else, so that it gives away
// none that is withheld.
type Sum struct {
	N     int `json:"n"`
	Weeks int `json:"weeks"` // that are in it
}

// A Question asks for the figures of a metro over some weeks.
type Question struct {
	Metro string    // code, Unplaced, or "" for all
	From  time.Time // in the first week
	Weeks int
	Now   time.Time // weeks that end later are running; later ones are left out
}

// Monday is the first moment of the ISO week of t, in UTC.
func Monday(t time.Time) time.Time {
	t = t.UTC()
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

// WeekOf names the ISO week of t.
func WeekOf(t time.Time) string {
	y, w := t.UTC().ISOWeek()
	return string([]byte{byte('0' + y/1000%10), byte('0' + y/100%10), byte('0' + y/10%10), byte('0' + y%10), '-', 'W', byte('0' + w/10), byte('0' + w%10)})
}

// A cell is where a post is counted.
type cell struct {
	metro  string
	week   int64 // Unix day of its Monday
	demand bool
}

// tally is the posts and authors of a cell.
type tally struct {
	posts   int
	authors map[uint64]bool
}

// A Book is posts counted by metro and week. Make it with NewBook; asking it is
// cheap and changes nothing.
type Book struct {
	cells map[cell]*tally
	sites map[string]map[string]bool // by metro: sources of its posts
	days  []Day
	read  map[string]map[string]bool // by metro: what read its posts
}

// NewBook counts posts, in whatever order, and of the days of the crawl.
func NewBook(posts []Post, days []Day) *Book {
	b := &Book{cells: map[cell]*tally{}, sites: map[string]map[string]bool{}, read: map[string]map[string]bool{}, days: days}
	posts = slices.Clone(posts)
	slices.SortFunc(posts, func(x, y Post) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Text, y.Text), cmp.Compare(x.Site, y.Site), cmp.Compare(x.Metro, y.Metro), cmp.Compare(x.Author, y.Author))
	})
	seen := map[group]*repeats{}
	for i := range posts {
		p := &posts[i]
		if p.Metro == "" {
			p.Metro = Unplaced
		}
		note(b.sites, p.Metro, p.Site)
		note(b.read, p.Metro, p.ReadBy)
		k := cell{p.Metro, Monday(p.At).Unix(), p.Demand}
		g := group{p.Metro, p.Demand}
		if seen[g] == nil {
			seen[g] = newRepeats()
		}
		t := b.cells[k]
		if t == nil {
			t = &tally{authors: map[uint64]bool{}}
			b.cells[k] = t
		}
		if seen[g].again(p) {
			continue
		}
		t.posts++
		if p.Author != 0 {
			t.authors[p.Author] = true
		}
	}
	return b
}

func note(m map[string]map[string]bool, k, v string) {
	if m[k] == nil {
		m[k] = map[string]bool{}
	}
	m[k][v] = true
}

// Ask gives figures.
func (b *Book) Ask(q Question) Figures {
	f := Figures{Metro: q.Metro, Sources: []string{}, ReadBy: []string{}, Weeks: []Week{}}
	sources := map[string]bool{}
	read := map[string]bool{}
	for m := range b.sites {
		if q.Metro != "" && m != q.Metro {
			continue
		}
		for s := range b.sites[m] {
			sources[s] = true
		}
		for s := range b.read[m] {
			read[s] = true
		}
	}
	if len(sources) == 0 || q.Metro == "" { // nothing was ever placed there: all that is crawled might have
		for _, d := range b.days {
			sources[d.Site] = true
		}
	}
	for s := range sources {
		f.Sources = append(f.Sources, s)
	}
	for s := range read {
		f.ReadBy = append(f.ReadBy, s)
	}
	slices.Sort(f.Sources)
	slices.Sort(f.ReadBy)
	from := Monday(q.From)
	for i := range min(q.Weeks, MaxWeeks) {
		monday := from.AddDate(0, 0, 7*i)
		if monday.After(q.Now) {
			break
		}
		w := b.week(q, monday, sources)
		f.Weeks = append(f.Weeks, w)
		f.Demand.add(w.Demand)
		f.Supply.add(w.Supply)
	}
	return f
}

func (s *Sum) add(c Count) {
	if c.N != nil {
		s.N += *c.N
		s.Weeks++
	}
}

func (b *Book) week(q Question, monday time.Time, sources map[string]bool) Week {
	end := monday.AddDate(0, 0, 7)
	w := Week{Week: WeekOf(monday), From: monday, Status: Given}
	for _, d := range b.days {
		if sources[d.Site] && !d.Day.Before(monday) && d.Day.Before(end) {
			w.Due, w.Fetched, w.Parsed = w.Due+d.Due, w.Fetched+d.Fetched, w.Parsed+d.Parsed
		}
	}
	if w.Due > 0 {
		w.Coverage = math.Floor(1000*min(1, float64(w.Parsed)/float64(w.Due))) / 1000
	}
	if w.Due == 0 || float64(w.Parsed) < Enough*float64(w.Due) {
		w.Status = Missing
		return w
	}
	if end.After(q.Now) {
		w.Status = Running
	}
	w.Demand, w.DemandAuthors = b.count(q.Metro, monday, true)
	w.Supply, w.SupplyAuthors = b.count(q.Metro, monday, false)
	return w
}

// count is the posts and authors of a metro or of all. Of all it adds up what
// single metros give, and the rest only when that is not under Least itself: the
// difference to the metros' own figures then is many cells together.
func (b *Book) count(metro string, monday time.Time, demand bool) (posts, authors Count) {
	if metro != "" {
		t := b.cells[cell{metro, monday.Unix(), demand}]
		if t == nil {
			t = &tally{}
		}
		posts = single(t.posts)
		if posts.N == nil {
			return posts, Count{Withheld: true}
		}
		return posts, single(len(t.authors))
	}
	var given, rest int
	hidden := len(b.sites)   // metros that are not shown, those without posts too
	who := map[uint64]bool{} // authors, of metros whose own count is shown
	silent := 0              // metros that show posts but not their authors
	for k, t := range b.cells {
		if k.week != monday.Unix() || k.demand != demand {
			continue
		}
		if t.posts >= Least {
			given += t.posts
			hidden--
		} else {
			rest += t.posts
		}
		if t.posts >= Least && len(t.authors) < Least {
			silent++
		}
		if t.posts < Least || len(t.authors) < Least {
			continue
		}
		for a := range t.authors {
			who[a] = true
		}
	}
	// Each hidden count must be able to be another one, none too, whatever is shown.
	least := rest < Least || rest > (Least-1)*(hidden-1)
	if !least {
		given += rest
	}
	if given < Least {
		return Count{Withheld: true}, Count{Withheld: true}
	}
	posts, authors = Count{N: &given, AtLeast: least}, single(len(who))
	// Said whether there are more or not: that there are none tells too.
	authors.AtLeast = authors.N != nil && hidden+silent > 0
	return posts, authors
}

func single(n int) Count {
	if n < Least {
		return Count{Withheld: true}
	}
	return Count{N: &n}
}

// Metros lists the codes of metros that have posts, and Unplaced, sorted.
func (b *Book) Metros() []string {
	out := make([]string, 0, len(b.sites))
	for m := range b.sites {
		out = append(out, m)
	}
	slices.Sort(out)
	return out
}
