// Package bazaar is a made-up town of classifieds that knows its own truth: the
// demo, tests and benchmarks crawl it over HTTP and score what they found. In
// goes a seed and the time on the town's clock, which only the caller moves; out
// come the pages of three sites with different layouts, chosen by the Host
// header, and the truth about who posted what. Everything is derived from the
// seed on demand, so a town of 20,000 ads is small and every page is the same
// bytes on every machine. Numbers and domains are those set aside for fiction,
// texts are non-explicit, and no image exists. It reads no file, opens no
// socket, starts no goroutine and knows nothing of the rest of the program.
package bazaar

import (
	"embed"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the sites print local times, also where the system has no zones
)

//go:embed words/*.txt
var words embed.FS

// The bounds of Config.Ads.
const (
	MinAds = 60
	MaxAds = 100_000
)

// A Config describes a town.
type Config struct {
	Seed  uint64        // same seed, same town
	Ads   int           // ads visible at Start over the three sites, exactly
	Start time.Time     // the town's time when it is first served
	Past  time.Duration // ads visible at Start were posted within this time before it
	Later int           // further ads scheduled after Start
	Ahead time.Duration // later ads, edits and removals happen within this time after Start
	Posts []Posting     // ads posted by hand before, to be posted again in this order
}

// A Posting is one ad posted by hand.
type Posting struct {
	Group string    `json:"group"`
	At    time.Time `json:"at"`
}

// DefaultConfig is the town of the demo.
func DefaultConfig() Config {
	return Config{
		Seed: 7, Ads: 1500, Later: 300,
		Start: time.Date(2026, time.March, 2, 15, 0, 0, 0, time.UTC),
		Past:  60 * 24 * time.Hour, Ahead: 14 * 24 * time.Hour,
	}
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	switch {
	case c.Ads < MinAds || c.Ads > MaxAds:
		return fmt.Errorf("town of %d ads: ads must be between %d and %d", c.Ads, MinAds, MaxAds)
	case c.Later < 0 || c.Later > MaxAds:
		return fmt.Errorf("town of %d later ads: must be between 0 and %d", c.Later, MaxAds)
	case c.Start.IsZero():
		return fmt.Errorf("town without a start time")
	case c.Past < 24*time.Hour || c.Ahead < 24*time.Hour:
		return fmt.Errorf("town with past %v and ahead %v: both must be at least a day", c.Past, c.Ahead)
	}
	return nil
}

// A Town is safe for concurrent use.
type Town struct {
	cfg     Config
	words   map[string]*grammar
	manners []manner
	book    *directory
	sites   []*site
	hubs    []hub
	office  phone // printed by a site itself on every page; no ad's number
	posters []poster
	groups  []int32 // posters that are organised groups, in order of their names
	events  []int64 // times at which something appears or goes, ascending

	visits struct{ pages, forbidden, images, missing atomic.Int64 }

	mu    sync.RWMutex
	ads   []entry
	ranks [][]int32 // ads of each site in the order of their native ids
	posts []Posting
	now   int64
	view  *view
}

// New builds the town. Its clock stands at Start.
func New(c Config) (*Town, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t := &Town{cfg: c, words: map[string]*grammar{}, manners: manners(), book: newDirectory(c.Seed)}
	for _, lang := range []string{"en", "es"} {
		src, err := words.ReadFile("words/" + lang + ".txt")
		if err != nil {
			return nil, fmt.Errorf("build town: %w", err)
		}
		if t.words[lang], err = readGrammar(lang, string(src)); err != nil {
			return nil, fmt.Errorf("build town: %w", err)
		}
	}
	var err error
	if t.sites, err = allSites(); err != nil {
		return nil, fmt.Errorf("build town: %w", err)
	}
	t.populate()
	t.now = c.Start.Unix()
	t.view = t.look(t.now)
	for _, p := range c.Posts {
		if _, err := t.post(p.Group, p.At.Unix()); err != nil {
			return nil, fmt.Errorf("build town: %w", err)
		}
	}
	return t, nil
}

// Hosts lists the host names of the three sites.
func (t *Town) Hosts() []string {
	var out []string
	for _, s := range t.sites {
		out = append(out, s.host)
	}
	return out
}

// Now is the time on the town's clock.
func (t *Town) Now() time.Time {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return time.Unix(t.now, 0).UTC()
}

// SetNow moves the town's clock, to whole seconds.
func (t *Town) SetNow(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.now
	t.now = now.Unix()
	if t.quiet(min(was, t.now), max(was, t.now)) {
		v := *t.view
		v.now = t.now
		t.view = &v
		return
	}
	t.view = t.look(t.now)
}

// Post publishes another ad of the group, now, with the number that the group
// uses at the moment. The ad depends only on the seed, the clock and how many
// ads were posted by hand before.
func (t *Town) Post(group string) (AdTruth, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.post(group, t.now)
}

// Posts lists the ads posted by hand, for Config.Posts of a town that goes on.
func (t *Town) Posts() []Posting {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return append([]Posting(nil), t.posts...)
}

func (t *Town) post(group string, at int64) (AdTruth, error) {
	for _, pi := range t.groups {
		p := &t.posters[pi]
		if p.id != group {
			continue
		}
		d := throw(t.cfg.Seed, 'p', uint64(len(t.posts)))
		latest := t.latest(pi, at)
		s := pick(&d, p.sites)
		e := entry{
			poster: pi, seq: latest.seq, copy: uint16(len(t.posts) + 1), site: s, city: uint8(d.n(len(t.sites[s].cities))),
			cat: p.cat, posted: at, rank: int32(len(t.ranks[s])),
		}
		t.ads = append(t.ads, e)
		i := int32(len(t.ads) - 1)
		t.ranks[s] = append(t.ranks[s], i)
		t.posts = append(t.posts, Posting{Group: group, At: time.Unix(at, 0).UTC()})
		t.events = insert(t.events, at)
		t.view = t.look(t.now)
		return t.truthOf(&t.ads[i], t.now), nil
	}
	return AdTruth{}, fmt.Errorf("post another ad: no group %q in this town", group)
}

// latest returns the group's newest ad that was posted by then; its first one
// when there is none.
func (t *Town) latest(poster int32, now int64) entry {
	p := &t.posters[poster]
	out := t.ads[p.ads[0]]
	for _, i := range p.ads {
		if t.ads[i].posted <= now {
			out = t.ads[i]
		}
	}
	return out
}
