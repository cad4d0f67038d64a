// Package gazetteer holds the tables of places that are built in (data/SOURCES.md)
// and what needs no more than them: metropolitan areas with their centres, states,
// and what a person may mean by a name that is typed. A name goes in; codes come
// out. It reads no ad: package place does, from the same tables.
package gazetteer

import (
	"bufio"
	"cmp"
	"embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"vigil.example/internal/text"
)

//go:embed data/*.tsv data/usage.txt
var files embed.FS

// A Metro is a metropolitan area: a core-based statistical area of the United
// States, elsewhere a large city and what lies close to it. It lies where its first
// city does.
type Metro struct {
	Code, Name string
	Lat, Lon   float64 // degrees north and east
}

// tables is what questions about names are answered from.
type tables struct {
	metros  map[string]Metro
	titles  map[string]Metro  // by folded name
	cities  map[string][]city // by folded name, heaviest first
	regions map[string]string // by folded name or code
	names   map[string]string // of regions, by code
}

type city struct{ region, metro string }

var load = sync.OnceValue(func() *tables {
	t := &tables{metros: map[string]Metro{}, titles: map[string]Metro{}, cities: map[string][]city{}, regions: map[string]string{}, names: map[string]string{}}
	Rows("metros.tsv", func(f []string) {
		m := Metro{f[0], f[1], degrees(f[2]), degrees(f[3])}
		t.metros[m.Code] = m
		if key := fold(m.Name); t.titles[key].Code == "" {
			t.titles[key] = m
		}
	})
	Rows("places.tsv", func(f []string) {
		t.add(f[0], city{f[1], f[2]})
		for full, short := range map[string]string{"Saint ": "St ", "Fort ": "Ft "} {
			if rest, ok := strings.CutPrefix(f[0], full); ok {
				t.add(short+rest, city{f[1], f[2]})
			}
		}
	})
	Sets(func(name string, words []string) {
		for _, w := range words {
			from, to, paired := strings.Cut(strings.ReplaceAll(w, "_", " "), "=")
			switch {
			case name == "alias" && paired:
				full, region, _ := strings.Cut(to, "|")
				for _, c := range t.cities[fold(full)] {
					if c.region == region {
						t.add(from, c)
					}
				}
			case name == "region" && paired:
				t.regions[fold(from)] = to
				if len(t.names[to]) == 0 {
					t.names[to] = titled(from)
				}
			case name == "abbreviation":
				t.regions[from] = "US-" + strings.ToUpper(from)
			}
		}
	})
	for name, code := range map[string]string{"England": "GB-ENG", "Scotland": "GB-SCT", "Wales": "GB-WLS", "Northern Ireland": "GB-NIR"} {
		t.regions[fold(name)], t.names[code] = code, name
	}
	return t
})

func (t *tables) add(name string, c city) {
	if key := fold(name); key != "" && !slices.Contains(t.cities[key], c) {
		t.cities[key] = append(t.cities[key], c)
	}
}

// Of returns a metropolitan area by its code.
func Of(code string) (Metro, bool) {
	m, ok := load().metros[code]
	return m, ok
}

// Region returns the code, ISO 3166-2, of a state of the United States or a nation
// of the United Kingdom, by its name, its letters or its code; "" for others.
func Region(s string) string {
	t := load()
	if code := strings.ToUpper(s); t.names[code] != "" {
		return code
	}
	return t.regions[fold(s)]
}

// Regions lists the names of the regions that Region knows, in lower case, sorted.
func Regions() []string {
	t := load()
	var out []string
	for _, name := range t.names {
		out = append(out, strings.ToLower(name))
	}
	slices.Sort(out)
	return out
}

// RegionName names a region by its code; a code that is not known is its own name.
func RegionName(code string) string { return cmp.Or(load().names[code], code) }

// Find returns the metropolitan areas that a person may mean by a code, a title or
// the name of a city in it, largest first.
func Find(s string) []Metro {
	t := load()
	if m, ok := t.metros[s]; ok {
		return []Metro{m}
	}
	key := fold(s)
	if m, ok := t.titles[key]; ok {
		return []Metro{m}
	}
	region := ""
	if i := strings.LastIndexByte(key, ' '); i > 0 && t.cities[key] == nil && t.regions[key[i+1:]] != "" {
		key, region = key[:i], t.regions[key[i+1:]]
	}
	var out []Metro
	for _, c := range t.cities[key] {
		m, ok := t.metros[c.metro]
		if ok && (region == "" || c.region == region) && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// Within returns the metropolitan areas whose centre lies at most so many
// kilometres from that of m, m first, then in order of distance.
func Within(m Metro, km float64) []Metro {
	var out []Metro
	for _, other := range load().metros {
		if north := rad(math.Abs(other.Lat-m.Lat)) * radius; north > km+.001 {
			continue // most are too far off by this alone, at a hundredth of the work
		}
		if Distance(m, other) <= km {
			out = append(out, other)
		}
	}
	slices.SortFunc(out, func(a, b Metro) int {
		return cmp.Or(cmp.Compare(Distance(m, a), Distance(m, b)), strings.Compare(a.Code, b.Code))
	})
	return out
}

const radius = 6371 // of the earth, in kilometres

func rad(deg float64) float64 { return deg * math.Pi / 180 }

// Distance is that between two centres in kilometres, on a sphere.
func Distance(a, b Metro) float64 {
	hav := func(x float64) float64 { return math.Pow(math.Sin(x/2), 2) }
	h := hav(rad(b.Lat-a.Lat)) + math.Cos(rad(a.Lat))*math.Cos(rad(b.Lat))*hav(rad(b.Lon-a.Lon))
	return 2 * radius * math.Asin(math.Sqrt(min(1, h)))
}

// Rows calls f with the columns of each line of a table.
func Rows(name string, f func([]string)) {
	lines(name, func(l string) { f(strings.Split(l, "\t")) })
}

// Sets calls f with each set of words about how names are used.
func Sets(f func(name string, words []string)) {
	lines("usage.txt", func(l string) {
		if name, list, ok := strings.Cut(l, ":"); ok && !strings.HasPrefix(l, "#") {
			f(name, strings.Fields(list))
		}
	})
}

// lines reads a file that is built in; a test reads them all.
func lines(name string, f func(string)) {
	r, err := files.Open("data/" + name)
	if err != nil {
		panic(err)
	}
	defer func() { _ = r.Close() }()
	for s := bufio.NewScanner(r); s.Scan(); {
		if l := s.Text(); l != "" {
			f(l)
		}
	}
}

func degrees(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(fmt.Sprintf("the gazetteer gives %q for degrees", s))
	}
	return v
}

// fold is a name as its tokens.
func fold(s string) string {
	var parts []string
	for _, t := range text.Tokens(s) {
		parts = append(parts, t.Text)
	}
	return strings.Join(parts, " ")
}

// titled writes each word with a capital.
func titled(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}
