package bench

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/app"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/site"
)

// A searching is an instance with made-up ads that is searched in three ways.
type searching struct {
	raw    *sql.DB      // the file, opened by hand; nil where the index is no file
	index  search.Index // the port
	client *api.Client  // through HTTP, with a token, each search with its line in the log
}

// askedEach is how often each kind is asked in each way and round.
const askedEach = 40

// handed is what all searches of one kind by hand may take, of processors: of a
// million ads some take seconds each.
const handed = 20 * time.Second

// search measures how long searches take: by hand on the file, at the port, and
// through the API, each query in all three ways, one after the other.
func (b *Bench) search(ctx context.Context) error {
	dir, err := b.fresh("search")
	if err != nil {
		return err
	}
	c := b.config(dir, site.NewSet())
	c.Roles = []string{"index", "web"}
	c.Rates = api.Rates{Token: -1, Address: -1}
	a, err := app.New(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	defer a.Close()
	defer a.DropIndex(ctx)
	return running(ctx, a, func(ctx context.Context) error {
		p := a.Parts()
		filled := begin()
		if err := b.stock(ctx, p); err != nil {
			return err
		}
		filled.end()
		fmt.Fprintf(b.Out, "  %d ads published, stored and indexed in %.0f s, %.0f CPU s\n", b.Ads, filled.wall.Seconds(), filled.cpu.Seconds())
		secret, err := reader(ctx, p.Register)
		if err != nil {
			return err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		srv := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: time.Minute}
		var g errgroup.Group
		g.Go(func() error { return srv.Serve(l) })
		s := searching{index: p.Index, client: api.NewClient("http://"+l.Addr().String(), secret, nil)}
		if len(b.Index.URLs) == 0 {
			s.raw, err = sql.Open("sqlite", "file:"+filepath.Join(dir, "index.db")+"?mode=ro&_pragma=query_only(on)&_pragma=cache_size(-8000)&_pragma=temp_store(memory)")
		}
		if err == nil {
			err = b.searches(ctx, s)
		}
		if s.raw != nil {
			err = errors.Join(err, s.raw.Close())
		}
		err = errors.Join(err, srv.Close())
		if e := g.Wait(); err == nil && !errors.Is(e, http.ErrServerClosed) {
			err = e
		}
		return err
	})
}

// told is how many ads are published or indexed between two lines of progress.
const told = 50_000

// stock publishes ads as the enrich step would, and waits until they can be found.
func (b *Bench) stock(ctx context.Context, p app.Parts) error {
	made := newProse(11)
	for at := 0; at < b.Ads; {
		msgs := make([]ad.Message, min(b.Ads-at, 1000))
		for i := range msgs {
			a := made.ad()
			data, err := json.Marshal(a)
			if err != nil {
				return err
			}
			msgs[i] = ad.Message{Subject: "ad.bench", ID: "v:" + a.VersionID, Data: data}
		}
		if err := p.Bus.Publish(ctx, msgs); err != nil {
			return err
		}
		if at += len(msgs); at%told == 0 {
			indexed, err := p.Index.Position(ctx, "ads")
			if err != nil {
				return err
			}
			fmt.Fprintf(b.Out, "  %d of %d ads published, %d indexed\n", at, b.Ads, indexed)
		}
	}
	for next := uint64(0); ; {
		at, err := p.Index.Position(ctx, "ads")
		if err != nil || at >= uint64(b.Ads) {
			return err
		}
		if next == 0 {
			next = at + told
		}
		if at >= next {
			fmt.Fprintf(b.Out, "  %d indexed\n", at)
			next = at + told
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// The three ways, and what each took.
const (
	byHand = iota
	atPort
	throughAPI
	ways
)

// A took is what searches of one kind took, in milliseconds.
type took struct {
	Kind string           `json:"kind"`
	Wall [ways][2]float64 `json:"wall_ms"` // p50 and p95: by hand, at the port, through the API
	CPU  [ways][2]float64 `json:"cpu_ms"`
	// PortRatio is the port's wall time over that by hand, both at the median; 0 where
	// by hand takes less than 2 ms, or was not done.
	PortRatio float64 `json:"port_ratio,omitempty"`
	DoorP95   float64 `json:"door_p95_ms"`     // what the API took beyond the port for the same query, p95
	DoorCPU   float64 `json:"door_p95_cpu_ms"` // the same in processor time, that of the client included
}

// searches asks every kind in every way.
func (b *Bench) searches(ctx context.Context, s searching) error {
	var all []took
	var mixed [ways][]time.Duration
	for _, k := range kinds(b.Ads) {
		var wall, cpu [ways][]time.Duration
		var door, doorCPU []time.Duration
		var byHandTook time.Duration
		r := newProse(5)
		for i := range askedEach*b.Rounds + 1 {
			q := k.make(r)
			n, err := query.Parse(q.typed)
			if err != nil {
				return fmt.Errorf("%s: %w", k.name, err)
			}
			totals := [ways]int{-1, -1, -1}
			var spans [ways]*span
			for way, ask := range s.asks(ctx, k, q, n) {
				if ask == nil || way == byHand && byHandTook > handed {
					continue
				}
				at := begin()
				if totals[way], err = ask(); err != nil {
					return fmt.Errorf("%s: %w", k.name, err)
				}
				at.end()
				spans[way] = at
				if way == byHand && i > 0 { // the first does not count
					byHandTook += at.cpu
				}
			}
			if totals[atPort] != totals[throughAPI] || totals[byHand] >= 0 && totals[byHand] != totals[atPort] {
				return fmt.Errorf("%s: %s finds %v by hand, at the port and through the API", k.name, q.typed, totals)
			}
			if i == 0 {
				continue // whatever comes first opens and reads what the others find open and read
			}
			for way, at := range spans {
				if at != nil {
					wall[way], cpu[way] = append(wall[way], at.wall), append(cpu[way], at.cpu)
					mixed[way] = append(mixed[way], at.wall)
				}
			}
			door = append(door, spans[throughAPI].wall-spans[atPort].wall)
			doorCPU = append(doorCPU, spans[throughAPI].cpu-spans[atPort].cpu)
		}
		t := took{Kind: k.name, DoorP95: quantiles(door)[1], DoorCPU: quantiles(doorCPU)[1]}
		for way := range ways {
			t.Wall[way], t.CPU[way] = quantiles(wall[way]), quantiles(cpu[way])
		}
		if t.Wall[byHand][0] >= 2 {
			t.PortRatio = t.Wall[atPort][0] / t.Wall[byHand][0]
		}
		all = append(all, t)
		fmt.Fprintf(b.Out, "  %s: CPU p50 / p95 by hand %.1f / %.1f ms, at the port %.1f / %.1f, through the API %.1f / %.1f\n", t.Kind,
			t.CPU[byHand][0], t.CPU[byHand][1], t.CPU[atPort][0], t.CPU[atPort][1], t.CPU[throughAPI][0], t.CPU[throughAPI][1])
	}
	b.tellSearches(all, mixed)
	return nil
}

func (b *Bench) tellSearches(all []took, mixed [ways][]time.Duration) {
	cell := func(q [2]float64) string { return fmt.Sprintf("%.1f / %.1f", q[0], q[1]) }
	var rows [][]string
	for _, t := range all {
		row := []string{t.Kind, cell(t.Wall[byHand]), cell(t.Wall[atPort]), cell(t.Wall[throughAPI])}
		row = append(row, cell(t.CPU[byHand]), cell(t.CPU[atPort]), cell(t.CPU[throughAPI]), "", fmt.Sprintf("%.1f", t.DoorP95), fmt.Sprintf("%.1f", t.DoorCPU))
		if t.PortRatio > 0 {
			row[7] = fmt.Sprintf("%.2f", t.PortRatio)
		}
		rows = append(rows, row)
	}
	rows = append(rows, []string{"all of them, mixed", cell(quantiles(mixed[byHand])), cell(quantiles(mixed[atPort])), cell(quantiles(mixed[throughAPI])), "", "", "", "", "", ""})
	b.table(fmt.Sprintf("search of %d ads: ms, p50 / p95", b.Ads),
		[]string{"", "by hand", "port", "API", "CPU by hand", "port", "API", "port to hand", "API beyond port, p95", "CPU"}, rows)
	b.results["search"] = map[string]any{"ads": b.Ads, "kinds": all, "mixed_api_ms": quantiles(mixed[throughAPI])}
}

// quantiles are p50 and p95 in milliseconds; zeros of nothing.
func quantiles(d []time.Duration) (q [2]float64) {
	if len(d) == 0 {
		return q
	}
	d = slices.SortedFunc(slices.Values(d), cmp.Compare[time.Duration])
	for i, p := range []float64{.50, .95} {
		q[i] = float64(d[int(p*float64(len(d)-1))].Microseconds()) / 1000
	}
	return q
}

// asks are the three ways to ask one thing; each gives how many documents match.
func (s *searching) asks(ctx context.Context, k kind, q asked, n query.Node) (out [ways]func() (int, error)) {
	if s.raw != nil && q.match != "" {
		out[byHand] = func() (int, error) { return s.hand(ctx, k, q) }
	}
	if k.survey {
		out[atPort] = func() (int, error) {
			v, err := s.index.Survey(ctx, n, search.Ask{Facets: search.Facets(), Every: search.Weekly})
			return v.Total, err
		}
		out[throughAPI] = func() (int, error) {
			v, err := s.client.Survey(ctx, api.SurveyRequest{Query: q.typed, Every: search.Weekly})
			return v.Total, err
		}
		return out
	}
	out[atPort] = func() (int, error) {
		r, err := s.index.Search(ctx, n, search.Page{Size: page, Sort: k.sort})
		return r.Total, err
	}
	out[throughAPI] = func() (int, error) {
		r, err := s.client.Search(ctx, api.SearchRequest{Query: q.typed, Sort: k.sort})
		return r.Total, err
	}
	return out
}
