package side

import (
	"slices"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/words"
)

// What is taken for granted before a word is read, and how sharp the scores are:
// set so that of posts given with p = .9, nine in ten are so.
const (
	demandBase = -2.2
	supplyBase = -1.6
	heat       = 1.4
)

// A mark is a phrase of the lexicon in the sentence under way.
type mark struct {
	class    class
	from, to int32 // words
}

// A reason is a frame that was found.
type reason uint8

const (
	seeks reason = iota
	asks
	reviews
	bargains
	pays
	indicated
	offers
	reachable
	priced
	describes
	reasonCount
)

func (k reason) String() string {
	return [...]string{
		"the author looks for somebody's paid time", "the author asks others whom to visit", "the author reports on a meeting", "the author asks about or bargains over a rate",
		"the author speaks as the one who pays", "an indicator of demand was found", "somebody's time is offered", "a contact is given", "rates are listed", "the person in the ad is described",
	}[k]
}

// A reading is one ad under way: log-odds of the sides and what they rest on.
type reading struct {
	text      words.Text
	marks     []mark
	demand    float64
	supply    float64
	elsewhere float64
	found     [reasonCount]float64
	prices    int
	rated     bool // a number out of ten in this sentence
	lastMet   bool // the sentence before told of a meeting
	address   int  // sentences that address the reader
	paid      bool // a paid person has been named
	forum     bool // the post says that it stands where such posts are exchanged
	amount    bool // a number that can be a price in this sentence
}

func (r *reading) number(i int) {
	t := &r.text
	w := t.At(i)
	if n := len(w); n >= 2 && n <= 4 || t.Words[i].Flags&words.Money != 0 {
		r.amount = true
	}
	if t.Words[i].Flags&words.Money != 0 {
		r.prices++
	}
	if string(w) == "10" && i > 0 && t.Words[i].Flags&words.Slash != 0 && t.Words[i-1].Flags&words.Digits != 0 && len(t.At(i-1)) == 1 {
		r.rated = true
	}
}

// sentence weighs the marks of the words from start to end.
func (r *reading) sentence(start, end int) {
	var all class
	for _, m := range r.marks {
		all |= m.class
	}
	asked := r.text.Words[start].Flags&words.Ask != 0
	object := r.object(all)
	if object == open && all&(met|ask) != 0 && all&(other|goods|hire) == 0 && r.named(start, end) {
		object = time
	}
	told := false
	switch {
	case all&report != 0:
		r.elsewhere += 2
	case all&hire != 0:
		r.elsewhere += 2.5
	case object == nothing:
		r.elsewhere += 1.6
	default:
		told = r.frames(all, object, asked)
	}
	for _, m := range r.marks {
		if m.class&goods != 0 {
			r.elsewhere += .8
		}
	}
	r.lastMet, r.rated, r.amount = told, false, false
}

// An object says what a sentence is about.
type object uint8

const (
	open    object = iota // nothing that tells
	nothing               // goods, lessons, pets: other things
	time                  // company, massage
	paid                  // a person whose time is paid
)

// object tells what a sentence is about. A person is not meant where a word before
// makes a hiking companion of him, or one behind a companion dog.
func (r *reading) object(all class) object {
	out := open
	for k, m := range r.marks {
		switch {
		case m.class&(person|company) != 0:
			if k > 0 && r.marks[k-1].class&(modifier|other) != 0 && r.marks[k-1].to == m.from {
				return nothing
			}
			if k+1 < len(r.marks) && r.marks[k+1].class&other != 0 && r.marks[k+1].from == m.to && r.text.Words[m.to].Gap < words.Comma {
				return nothing
			}
			if m.class&person != 0 {
				out = max(out, paid)
			} else {
				out = max(out, time)
			}
		}
	}
	if out <= time && all&other != 0 {
		return nothing
	}
	if all&forum != 0 {
		r.forum = true
	}
	if out == open && r.forum {
		out = time
	}
	r.paid = r.paid || out == paid
	return out
}

// frames weighs what one sentence says, and reports whether it tells of a meeting.
func (r *reading) frames(all class, o object, asked bool) (told bool) {
	add := func(k reason, v float64) {
		if k < offers {
			r.demand += v
		} else {
			r.supply += v
		}
		r.found[k] += v
	}
	if all&you != 0 {
		r.address++
	}
	if v := r.wish(o); v > 0 {
		add(seeks, v)
	}
	switch {
	case all&ask == 0 && !(o == paid && asked) || all&offer != 0 && !asked:
	case o >= time && (asked || all&want != 0 || all&available != 0):
		add(asks, 3.2)
	case o >= time:
		add(asks, 1.6)
	case o == paid && asked && all&offer == 0:
		add(asks, 2.4)
	case asked && all&available != 0 && all&person == 0 && o != nothing:
		add(asks, 2)
	}
	judged := all&verdict != 0 || r.rated
	switch {
	case all&met != 0 && judged:
		add(reviews, 4)
		told = true
	case all&met != 0 && o >= time && asked:
		add(reviews, 3)
	case all&met != 0 && o >= time:
		add(reviews, 2)
		told = true
	case judged && (r.lastMet || o >= time):
		add(reviews, 2)
	case all&met != 0 && all&hour != 0 && r.amount && !asked:
		add(reviews, 3)
		told = true
	case all&she != 0 && judged:
		add(reviews, 2.6)
	case r.rated && all&hour != 0:
		add(reviews, 3)
	case judged && asked:
		add(reviews, 1.5)
	case all&met != 0:
		add(reviews, .7)
		told = true
	}
	switch {
	case all&bargain != 0 && all&hour != 0 && (r.amount || asked) && (asked || all&offer == 0):
		add(bargains, 3.4)
	case asked && r.amount && all&hour != 0:
		add(bargains, 3)
	case all&bargain != 0 && (o == paid || all&she != 0) && (asked || r.amount):
		add(bargains, 2.8)
	case all&bargain != 0 && r.amount && asked && r.paid:
		add(bargains, 2)
	}
	if all&buyer != 0 {
		v := .9
		if all&(want|company|person) != 0 || r.amount {
			v = 1.8
		}
		if o >= time && r.amount && all&hour != 0 {
			v += 1.2
		}
		add(pays, v)
	}
	if n := r.count(offer); n > 0 && all&(want|ask) == 0 {
		add(offers, min(2.4, .9*float64(n)))
	}
	if r.amount && all&hour != 0 && all&(bargain|met|verdict|want|buyer) == 0 && !r.rated && !asked {
		add(priced, 1.2*float64(min(2, r.count(hour))))
	}
	if o >= time && all&(want|ask|met|verdict|bargain|buyer|forum) == 0 && !asked {
		add(describes, .8)
	}
	return told
}

// wish weighs a wish with what it is for behind it.
func (r *reading) wish(o object) float64 {
	if o < time {
		return 0
	}
	for i, m := range r.marks {
		if m.class&want == 0 {
			continue
		}
		rest := r.marks[i+1:]
		for k, x := range rest {
			if x.class&(person|company) != 0 && slices.ContainsFunc(rest[k+1:], func(y mark) bool { return y.class&other != 0 && y.from-x.to <= 6 }) {
				return 0
			}
			switch d := x.from - m.to; {
			case d > 7:
			case x.class&other != 0:
				return 0
			case x.class&person != 0:
				return 4
			case x.class&company != 0:
				return 3
			}
		}
		for _, x := range r.marks[:i] { // massage wanted
			if x.class&(person|company) != 0 && m.from-x.to <= 2 {
				return 2
			}
		}
	}
	return 0
}

func (r *reading) count(c class) (n int) {
	for _, m := range r.marks {
		if m.class&c != 0 {
			n++
		}
	}
	return n
}

// named reports whether a name stands in a sentence, other than at its start: who
// was met or is asked about.
func (r *reading) named(start, end int) bool {
	t := &r.text
	if t.Shout {
		return false
	}
	for i := start + 1; i < end; i++ {
		w := &t.Words[i]
		if w.Flags&(words.Capital|words.Upper) != words.Capital || w.E-w.B < 3 {
			continue
		}
		if p := string(t.At(i - 1)); p == "with" || p == "con" || p == "a" || p == "seen" || p == "met" || p == "on" || p == "about" || p == "for" || p == "does" || p == "tried" || p == "saw" || p == "booked" || p == "visited" || p == "de" {
			return true
		}
	}
	return false
}

// signs weighs what the page and the other enrichers give.
func (r *reading) signs(a *ad.Ad) {
	best := 0.0
	for _, i := range a.Indicators {
		if i.Category == "demand" {
			best = max(best, i.P)
		} else if i.Category != "venue" && i.Category != "trust_language" {
			r.supply += .4
		}
	}
	if best > 0 {
		r.demand += 2.6 * best
		r.found[indicated] = 2.6 * best
	}
	if r.address > 0 && r.supply > 0 {
		r.supply += min(1.4, .7*float64(r.address))
	}
	if len(a.Phones)+len(a.Identifiers)+len(a.Contacts) > 0 && r.supply > 0 {
		r.supply += 1
		r.found[reachable] = 1
	}
	if r.prices >= 2 && r.supply > 0 {
		r.supply += .6
		r.found[priced] += .6
	}
}

// reasons are the frames that speak for demand or for supply, weightiest first.
func (r *reading) reasons(demand bool) []string {
	var ks []reason
	for k := range reasonCount {
		if r.found[k] > 0 && (k < offers) == demand {
			ks = append(ks, k)
		}
	}
	slices.SortStableFunc(ks, func(a, b reason) int {
		switch {
		case r.found[a] > r.found[b]:
			return -1
		case r.found[a] < r.found[b]:
			return 1
		}
		return 0
	})
	out := make([]string, len(ks))
	for i, k := range ks {
		out[i] = k.String()
	}
	return out
}
