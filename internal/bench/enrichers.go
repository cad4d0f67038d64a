package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/extract"
	"vigil.example/internal/stream"
)

// heavy is how many ads' words one listing holds here, so that reading it is what
// takes the time and not bringing it.
const heavy = 40

// enrichers measures what a second process that enriches is worth, each bound to
// a processor of its own.
func (b *Bench) enrichers(ctx context.Context) error {
	if runtime.NumCPU() < 2 {
		return errors.New("two processors are needed")
	}
	listings, err := heavyListings(b.Ads)
	if err != nil {
		return err
	}
	var one, two, ratio []float64
	for range b.Rounds {
		for n, to := range []*[]float64{&one, &two} {
			rate, err := b.enriching(ctx, listings, n+1)
			if err != nil {
				return err
			}
			*to = append(*to, rate)
		}
		last := len(one) - 1
		ratio = append(ratio, two[last]/one[last])
		fmt.Fprintf(b.Out, "  round %d: one %.0f/s, two %.0f/s, ratio %.2f\n", last+1, one[last], two[last], ratio[last])
	}
	s := map[string]spread{"one_per_s": spreadOf(one), "two_per_s": spreadOf(two), "ratio": spreadOf(ratio)}
	b.results["enrichers"] = s
	b.table("enrichers, each on a processor of its own", []string{"", "listings per s"}, [][]string{
		{"one", s["one_per_s"].String()}, {"two", s["two_per_s"].String()}, {"ratio", s["ratio"].String()},
	})
	return os.RemoveAll(b.at("enrichers"))
}

// heavyListings are listings with the words of many ads each.
func heavyListings(n int) ([]ad.Message, error) {
	src, err := newSource(max(4*heavy, 1000), 7)
	if err != nil {
		return nil, err
	}
	captures, err := src.more(src.left)
	if err != nil {
		return nil, err
	}
	x := extract.New(src.sites)
	var found []ad.Listing
	for _, m := range captures {
		p, err := capture.Open(m.Data)
		if err != nil {
			return nil, err
		}
		r, err := x.Extract(p.Capture, extract.Page{Status: p.Status, ContentType: p.Header.Get("Content-Type"), Body: p.Body})
		if err != nil {
			return nil, err
		}
		found = append(found, r.Listings...)
	}
	out := make([]ad.Message, n)
	for i := range out {
		l := found[i%len(found)]
		var body strings.Builder
		for k := range heavy {
			body.WriteString(found[(i+k*7)%len(found)].Body)
			body.WriteString("\n\n")
		}
		l.Body, l.AdID, l.VersionID = body.String(), ad.ID("bench", strconv.Itoa(i), ""), "bench:"+strconv.Itoa(i)
		if out[i], err = message("listing.bench", l.VersionID, l); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// enriching lets processes enrich the listings and returns how many a second they
// do once all are at work.
func (b *Bench) enriching(ctx context.Context, listings []ad.Message, processes int) (rate float64, err error) {
	dir, err := b.fresh("enrichers")
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	addr, err := free()
	if err != nil {
		return 0, err
	}
	token := filepath.Join(dir, "token")
	secret := rand.Text()
	if err := os.WriteFile(token, []byte(secret), 0o600); err != nil {
		return 0, err
	}
	bus, err := stream.Open(ctx, stream.Config{Dir: filepath.Join(dir, "streams"), Listen: addr, Token: secret})
	if err != nil {
		return 0, err
	}
	defer bus.Close()
	if err := bus.Publish(ctx, listings); err != nil {
		return 0, err
	}
	for i := range processes {
		var c *child
		err := onCore(i, func() (err error) {
			c, err = start(filepath.Join(dir, "log"), "run", "--roles", "enrich", "--nats", "nats://"+addr, "--nats-token-file", token)
			return err
		})
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, c.kill()) }()
	}
	return pace(ctx, bus, len(listings))
}

// pace watches ads being stored and returns how many a second there are between
// a quarter of them and nine tenths.
func pace(ctx context.Context, bus *stream.Bus, total int) (float64, error) {
	var from, to mark
	for to.seq == 0 {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		i, err := bus.Info(ctx, stream.Ads)
		if err != nil {
			return 0, err
		}
		now := mark{time.Now(), i.Messages}
		switch {
		case from.seq == 0 && now.seq >= uint64(total/4):
			from = now
		case now.seq >= uint64(total*9/10):
			to = now
		}
	}
	return float64(to.seq-from.seq) / to.at.Sub(from.at).Seconds(), nil
}
