package alert

import (
	"maps"
	"slices"
	"sync"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/query"
	"vigil.example/internal/text"
)

// Searching knows the saved searches that somebody is told of. Alerting returns
// them and a number that changes with them; nothing when that number is known.
type Searching interface {
	Alerting(known uint64) (version uint64, all []casework.Saved)
}

// A Finder finds the saved searches that a document is what they ask for, among
// thousands. What a search means is query.Match's business alone: the Finder only
// leaves out those that cannot match, because a word or value that they need is not
// there. It may be used by many goroutines at once.
type Finder struct {
	from Searching

	mu      sync.Mutex
	version uint64
	asked   map[string]*asked // by query
	words   map[string]*word  // every word that a query may need
	values  map[ad.Value][]*asked
	ends    map[string][]*asked // last four digits of a number
	starts  map[string][]*asked // first six signs of one in E.164
	begins  map[string][]*asked // first three letters of a word
	always  []*asked            // for which nothing says that it cannot match
	look    uint64              // which document is looked at
	ads     int                 // looked at since the queries were filed
	recount int                 // after how many they are filed anew
}

// asked is one query and the searches that it is of.
type asked struct {
	node     query.Node
	need     need
	searches []casework.Saved
	look     uint64 // the newest document that it came up for
}

// A word counts in how many ads it was, to tell rare from frequent ones, and has
// the queries that are looked at when it is there.
type word struct {
	seen  int
	asked []*asked
}

// NewFinder makes a Finder over searches.
func NewFinder(from Searching) *Finder {
	return &Finder{from: from, asked: map[string]*asked{}, words: map[string]*word{}}
}

// Find returns the searches that ask for a document: exactly those whose query
// query.Match says yes to.
func (f *Finder) Find(d *ad.Document) []casework.Saved {
	f.mu.Lock()
	f.refresh()
	none := len(f.asked) == 0
	f.mu.Unlock()
	if none {
		return nil
	}
	v := viewOf(d)
	f.mu.Lock()
	candidates := f.candidates(v)
	f.mu.Unlock()
	var out []casework.Saved
	read := query.Read(d)
	for _, a := range candidates {
		if a.need.met(v) && read.Match(a.node) {
			out = append(out, a.searches...)
		}
	}
	return out
}

// candidates are the queries of which a needed word or value is there. The caller
// holds f.mu.
func (f *Finder) candidates(v *view) []*asked {
	f.ads++
	f.look++
	out := slices.Clone(f.always)
	add := func(list []*asked) {
		for _, a := range list {
			if a.look != f.look {
				a.look = f.look
				out = append(out, a)
			}
		}
	}
	for w := range v.words {
		if known := f.words[w]; known != nil {
			known.seen++
			add(known.asked)
		}
		if len(f.begins) > 0 {
			add(f.begins[begin(w)])
		}
	}
	for x := range v.values {
		add(f.values[x])
	}
	for _, n := range v.numbers {
		add(f.ends[n[max(0, len(n)-endDigits):]])
		add(f.starts[n[:min(len(n), startSigns)]])
	}
	return out
}

const (
	endDigits  = 4 // as many as query.Part needs
	startSigns = 6
	beginSigns = 3
	firstCount = 256
	lastCount  = 1 << 14
)

// refresh takes over what was decided about searches, and files the queries anew
// when enough ads were seen to know better which words are rare. The caller holds
// f.mu.
func (f *Finder) refresh() {
	version, all := f.from.Alerting(f.version)
	changed := version != f.version
	if !changed && f.ads < f.recount {
		return
	}
	if changed {
		f.version, f.recount = version, max(f.recount, firstCount)
		f.take(all)
	} else {
		f.recount = min(4*f.recount, lastCount)
		for _, w := range f.words {
			w.seen /= 2
		}
	}
	f.ads = 0
	f.file()
}

// take replaces the queries, of which those that stay are not parsed again.
func (f *Finder) take(all []casework.Saved) {
	old := f.asked
	f.asked = make(map[string]*asked, len(all))
	for _, s := range all {
		a := f.asked[s.Query]
		if a == nil {
			if a = old[s.Query]; a != nil {
				a = &asked{node: a.node, need: a.need}
			} else if n, err := query.Parse(s.Query); err == nil {
				a = &asked{node: n, need: needOf(n)}
			} else { // written by a program whose language had more
				continue
			}
			f.asked[s.Query] = a
		}
		a.searches = append(a.searches, s)
	}
	words := make(map[string]*word)
	for _, a := range f.asked {
		a.need.each(func(w string) {
			if words[w] == nil {
				words[w] = &word{}
				if had := f.words[w]; had != nil {
					words[w].seen = had.seen
				}
			}
		})
	}
	f.words = words
}

// file puts every query where the words or values that it cannot do without will
// find it, the rarest that will do.
func (f *Finder) file() {
	f.values, f.always = map[ad.Value][]*asked{}, nil
	f.ends, f.starts, f.begins = map[string][]*asked{}, map[string][]*asked{}, map[string][]*asked{}
	for _, w := range f.words {
		w.asked = nil
	}
	for _, text := range slices.Sorted(maps.Keys(f.asked)) {
		a := f.asked[text]
		keys, _, ok := a.need.keys(f)
		if !ok {
			f.always = append(f.always, a)
			continue
		}
		for _, w := range keys.words {
			f.words[w].asked = append(f.words[w].asked, a)
		}
		for _, v := range keys.values {
			f.values[v] = append(f.values[v], a)
		}
		for _, s := range keys.ends {
			f.ends[s] = append(f.ends[s], a)
		}
		for _, s := range keys.begins {
			f.begins[s] = append(f.begins[s], a)
		}
		for _, s := range keys.starts {
			f.starts[s] = append(f.starts[s], a)
		}
	}
}

// A view is what a document has, to be asked quickly.
type view struct {
	words   map[string]struct{}
	values  map[ad.Value]struct{}
	numbers []string
}

func viewOf(d *ad.Document) *view {
	v := &view{words: map[string]struct{}{}, values: map[ad.Value]struct{}{}}
	for _, t := range query.Texts(&d.Ad) {
		for _, token := range text.Tokens(t.Text) {
			v.words[token.Text] = struct{}{}
		}
	}
	for _, x := range query.Exact(&d.Ad) {
		v.values[x] = struct{}{}
	}
	for _, p := range d.Ad.Phones {
		v.numbers = append(v.numbers, p.E164)
	}
	return v
}
