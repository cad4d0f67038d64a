package place

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/enrich/words"
	"vigil.example/internal/gazetteer"
)

// A Metro is a metropolitan area of the gazetteer: a core-based statistical area
// of the United States, elsewhere a large city and what lies close to it.
type Metro struct {
	Code string
	Name string
}

// A Gazetteer holds the places that can be recognised.
type Gazetteer struct {
	cities []city
	names  map[string][]int32 // cities by folded name, heaviest first
	starts map[string]uint8   // first word of a name: how many words the longest has
	metros map[string]string
	zips   []zipRun
	areas  map[int]area
	usage  map[string]set
	alias  map[string]string
	region map[string]string
	abbr   map[string]bool
}

type set map[string]bool

// A city weighs as many thousands of people as it stands for when nothing else is
// said: its own, or most of its area's where the area is named after it.
type city struct {
	name, region, metro string
	weight              float64
	sort                uint8 // ordinary, name or common
}

const (
	ordinary uint8 = iota
	person         // more often a first name
	common         // more often a word
)

// A zipRun says what ZIP codes from one on are in.
type zipRun struct {
	from          int
	region, metro string
}

type area struct {
	region, metro string
	share         float64 // of its exchanges that are assigned in the metro
}

// Load reads the gazetteer that is built in.
func Load() *Gazetteer {
	g := &Gazetteer{
		names: map[string][]int32{}, starts: map[string]uint8{}, metros: map[string]string{}, areas: map[int]area{},
		usage: map[string]set{}, alias: map[string]string{}, region: map[string]string{}, abbr: map[string]bool{},
	}
	g.readUsage()
	gazetteer.Rows("metros.tsv", func(f []string) { g.metros[f[0]] = f[1] })
	gazetteer.Rows("places.tsv", func(f []string) {
		n := number(f[3])
		g.cities = append(g.cities, city{name: f[0], region: f[1], metro: f[2], weight: float64(n)})
	})
	var t words.Text
	for i := range g.cities {
		c := &g.cities[i]
		key := fold(&t, c.name)
		switch {
		case g.usage["names"][key]:
			c.sort = person
		case g.usage["common"][key]:
			c.sort = common
		}
		g.add(key, int32(i))
		if rest, ok := strings.CutPrefix(key, "saint "); ok {
			g.add("st "+rest, int32(i))
		}
		if rest, ok := strings.CutPrefix(key, "fort "); ok {
			g.add("ft "+rest, int32(i))
		}
	}
	for from, to := range g.alias {
		name, region, _ := strings.Cut(to, "|")
		for _, i := range g.names[fold(&t, name)] {
			if g.cities[i].region == region {
				g.add(fold(&t, from), i)
			}
		}
	}
	gazetteer.Rows("zips.tsv", func(f []string) {
		g.zips = append(g.zips, zipRun{number(f[0]), "US-" + f[1], f[2]})
	})
	gazetteer.Rows("areas.tsv", func(f []string) { g.areas[number(f[0])] = area{f[1], f[2], float64(number(f[3])) / 100} })
	return g
}

// Name returns the title of a metropolitan area, "" for an unknown code.
func (g *Gazetteer) Name(metro string) string { return g.metros[metro] }

// Metros lists the metropolitan areas in the order of their codes.
func (g *Gazetteer) Metros() []Metro {
	out := make([]Metro, 0, len(g.metros))
	for c, n := range g.metros {
		out = append(out, Metro{c, n})
	}
	slices.SortFunc(out, func(a, b Metro) int { return strings.Compare(a.Code, b.Code) })
	return out
}

// Find returns the metropolitan areas that a person may mean by a code, a title or
// the name of a city in it, largest first.
func (g *Gazetteer) Find(s string) []Metro {
	if n, ok := g.metros[s]; ok {
		return []Metro{{s, n}}
	}
	for code, n := range g.metros {
		if strings.EqualFold(n, s) {
			return []Metro{{code, n}}
		}
	}
	var t words.Text
	key := fold(&t, s)
	region := ""
	if i := strings.LastIndexByte(key, ' '); i > 0 && g.abbr[key[i+1:]] && g.names[key] == nil {
		key, region = key[:i], "US-"+strings.ToUpper(key[i+1:])
	}
	var out []Metro
	for _, i := range g.names[key] {
		c := &g.cities[i]
		m := Metro{c.metro, g.metros[c.metro]}
		if c.metro != "" && (region == "" || c.region == region) && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

func (g *Gazetteer) add(key string, i int32) {
	if key == "" || slices.Contains(g.names[key], i) {
		return
	}
	g.names[key] = append(g.names[key], i)
	first, _, _ := strings.Cut(key, " ")
	g.starts[first] = max(g.starts[first], uint8(1+strings.Count(key, " ")))
}

// zip returns what a five-digit code is in.
func (g *Gazetteer) zip(n int) (zipRun, bool) {
	i, found := slices.BinarySearchFunc(g.zips, n, func(r zipRun, n int) int { return r.from - n })
	if !found {
		i--
	}
	if i < 0 || n/100 != g.zips[i].from/100 && n-g.zips[i].from > 100 {
		return zipRun{}, false
	}
	return g.zips[i], true
}

// readUsage reads how names are used.
func (g *Gazetteer) readUsage() {
	gazetteer.Sets(func(name string, list []string) {
		s := set{}
		for _, w := range list {
			w = strings.ReplaceAll(w, "_", " ")
			from, to, paired := strings.Cut(w, "=")
			switch {
			case name == "alias":
				g.alias[from] = to
			case name == "region" && paired:
				g.region[from] = to
			case name == "abbreviation":
				g.abbr[w] = true
			default:
				s[w] = true
			}
		}
		g.usage[name] = s
	})
}

// fold is a name as words.Text gives it.
func fold(t *words.Text, s string) string {
	t.Read(s)
	if len(t.Words) == 0 {
		return ""
	}
	return string(t.Between(0, len(t.Words)-1))
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(fmt.Sprintf("the gazetteer gives %q for a number", s))
	}
	return n
}
