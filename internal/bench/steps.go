package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/capture"
	"vigil.example/internal/enrich"
	"vigil.example/internal/extract"
	"vigil.example/internal/link"
	"vigil.example/internal/search"
	"vigil.example/internal/search/sqlite"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
	"vigil.example/pipelines"
)

// A work is the walk of some ads taken apart: each step reads what the step
// before it left.
type work struct {
	b        *Bench
	sites    *site.Set
	captures []ad.Message
	pages    []capture.Page
	results  []extract.Result
	ads      []ad.Ad
	raw      [][]byte // the ads as records
	changes  []search.Change
	links    []search.Change
	bus      *stream.Bus
	ix       *sqlite.Index
}

// A part is one step of the walk: what it costs is told for each ad.
type part struct {
	name string
	run  func(ctx context.Context, w *work) error
}

// steps measures the processor time of every step by itself, on one goroutine
// where the step has no processes of its own.
func (b *Bench) steps(ctx context.Context) error {
	src, err := newSource(b.Ads, 7)
	if err != nil {
		return err
	}
	w := &work{b: b, sites: src.sites}
	if w.captures, err = src.more(b.Ads); err != nil {
		return err
	}
	parts, err := b.parts(w.sites)
	if err != nil {
		return err
	}
	costs := make([][]float64, len(parts))
	for range b.Rounds {
		if err := w.round(ctx, parts, costs); err != nil {
			return err
		}
	}
	return b.tellSteps(parts, costs)
}

// round takes all steps once, on new streams and a new index.
func (w *work) round(ctx context.Context, parts []part, costs [][]float64) (err error) {
	dir, err := w.b.fresh("steps")
	if err != nil {
		return err
	}
	if w.bus, err = stream.Open(ctx, stream.Config{Dir: filepath.Join(dir, "streams")}); err != nil {
		return err
	}
	defer w.bus.Close()
	if w.ix, err = sqlite.Open(ctx, filepath.Join(dir, "index.db"), sqlite.Options{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.ix.Close()) }()
	for i, p := range parts {
		runtime.GC()
		s := begin()
		if err := p.run(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		s.end()
		costs[i] = append(costs[i], float64(s.cpu)/float64(time.Microsecond)/float64(w.b.Ads))
	}
	return nil
}

func (b *Bench) tellSteps(parts []part, costs [][]float64) error {
	type cost struct {
		Step string `json:"step"`
		CPU  spread `json:"cpu_us"`
	}
	var all []cost
	sum := 0.0
	for i, p := range parts {
		all = append(all, cost{p.name, spreadOf(costs[i])})
		sum += all[i].CPU.Median
	}
	most := slices.MaxFunc(all, func(x, y cost) int { return cmp.Compare(x.CPU.Median, y.CPU.Median) })
	rows := make([][]string, 0, len(all)+1)
	for _, c := range all {
		rows = append(rows, []string{c.Step, c.CPU.String(), fmt.Sprintf("%.0f %%", 100*c.CPU.Median/sum)})
	}
	rows = append(rows, []string{"sum", fmt.Sprintf("%.0f", sum), ""})
	b.table("steps", []string{"", "CPU µs an ad", "share"}, rows)
	fmt.Fprintf(b.Out, "The most expensive step is: %s.\n", most.Step)
	b.results["steps"] = map[string]any{"steps": all, "sum_us": sum, "most_expensive": most.Step}
	return nil
}

// parts is the walk in its order. What only one of several processes would do,
// such as reading an ad anew for each of its readers, is told once.
func (b *Bench) parts(set *site.Set) ([]part, error) {
	walk, err := pipelines.Load()
	if err != nil {
		return nil, err
	}
	x := extract.New(set)
	out := []part{
		{"capture: open, check digests", func(_ context.Context, w *work) error {
			w.pages = make([]capture.Page, len(w.captures))
			return each(w.captures, func(i int, m *ad.Message) (err error) { w.pages[i], err = capture.Open(m.Data); return err })
		}},
		{"extract", func(_ context.Context, w *work) error {
			w.results = make([]extract.Result, len(w.pages))
			return each(w.pages, func(i int, p *capture.Page) (err error) {
				w.results[i], err = x.Extract(p.Capture, extract.Page{Status: p.Status, ContentType: p.Header.Get("Content-Type"), Body: p.Body})
				return err
			})
		}},
		{"records of listings and outcomes: write", func(_ context.Context, w *work) error {
			w.raw = make([][]byte, 0, len(w.results))
			return each(w.results, func(_ int, r *extract.Result) error {
				if _, err := json.Marshal(r.Outcome); err != nil {
					return err
				}
				return each(r.Listings, func(_ int, l *ad.Listing) error { return w.keep(l) })
			})
		}},
		{"records of listings: read", func(_ context.Context, w *work) error {
			w.ads = make([]ad.Ad, len(w.raw))
			return each(w.raw, func(i int, b *[]byte) error { return json.Unmarshal(*b, &w.ads[i].Listing) })
		}},
	}
	for _, name := range walk.Enrich {
		p, err := enriching(set, name)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return append(out, []part{
		{"records of ads: write", func(_ context.Context, w *work) error {
			w.raw = w.raw[:0]
			return each(w.ads, func(_ int, a *ad.Ad) error { return w.keep(a) })
		}},
		{"records of ads: read, once", func(_ context.Context, w *work) error {
			w.changes = make([]search.Change, len(w.raw))
			return each(w.raw, func(i int, b *[]byte) error {
				w.changes[i] = search.Change{Seq: uint64(i + 1), Version: &ad.Ad{}}
				return json.Unmarshal(*b, w.changes[i].Version)
			})
		}},
		{"link", func(_ context.Context, w *work) error {
			l := link.New(link.Config{})
			w.links = nil
			return each(w.ads, func(i int, a *ad.Ad) error {
				if c := l.Add(a); len(c.Moves)+len(c.Hubs) > 0 {
					w.links = append(w.links, search.Change{Seq: uint64(i + 1), Link: &c})
				}
				return nil
			})
		}},
		{"alert: match", func(_ context.Context, w *work) error {
			r := alert.NewRaiser(noSubscriptions{}, func(string) bool { return false }, nil)
			return each(w.ads, func(_ int, a *ad.Ad) error { r.Raise(*a); return nil })
		}},
		{"index: ads and clusters", index},
		{"streams: publish a message", publish},
		{"streams: consume and acknowledge a message", consume},
	}...), nil
}

// each calls f with every item.
func each[T any](xs []T, f func(i int, x *T) error) error {
	for i := range xs {
		if err := f(i, &xs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) keep(v any) error {
	b, err := json.Marshal(v)
	w.raw = append(w.raw, b)
	return err
}

// enriching is one enricher by itself.
func enriching(set *site.Set, name string) (part, error) {
	chain, err := enrich.NewChain("vigil bench", []string{name}, enrich.Config{Country: country(set)})
	if err != nil {
		return part{}, fmt.Errorf("read pipelines/walk.yaml: %w", err)
	}
	return part{"enrich: " + name, func(ctx context.Context, w *work) error {
		return each(w.ads, func(_ int, a *ad.Ad) error {
			x, err := chain.Enrich(ctx, a.Listing)
			switch name { // each fills what is its own
			case "number":
				a.Phones = x.Phones
			case "contact":
				a.Identifiers = x.Identifiers
			case "signature":
				a.Signature = x.Signature
			case "language":
				a.Language = x.Language
			case "place":
				a.Places = x.Places
			case "side":
				a.Side = x.Side
			}
			return err
		})
	}}, nil
}

const applied = 1000 // changes in a transaction

func index(ctx context.Context, w *work) error {
	for source, changes := range map[string][]search.Change{"ads": w.changes, "links": w.links} {
		for c := range slices.Chunk(changes, applied) {
			if err := w.ix.Apply(ctx, source, c[len(c)-1].Seq, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish stores the ads: one of the four messages that an ad gives rise to.
func publish(ctx context.Context, w *work) error {
	msgs := make([]ad.Message, len(w.raw))
	for i, b := range w.raw {
		msgs[i] = ad.Message{Subject: "ad.bench", ID: w.ads[i].VersionID, Data: b}
	}
	return w.bus.Publish(ctx, msgs)
}

// consume reads the ads again and acknowledges them.
func consume(ctx context.Context, w *work) error {
	c, err := w.bus.Consumer(ctx, stream.Ads, "bench", stream.ConsumerOptions{Inflight: 4 * peerBatch, Wait: hold})
	if err != nil {
		return err
	}
	defer c.Close()
	for left := len(w.raw); left > 0; {
		msgs, err := c.Fetch(ctx, peerBatch)
		if err != nil {
			return err
		}
		left -= len(msgs)
		for _, m := range msgs {
			if err := c.Ack(m.Seq); err != nil {
				return err
			}
		}
	}
	return nil
}
