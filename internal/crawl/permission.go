package crawl

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/site"
)

const (
	robotsLife  = 24 * time.Hour // RFC 9309 section 2.4: use a copy no longer
	robotsRetry = time.Minute    // until an unreachable robots.txt is asked for again
	robotsHops  = 5              // redirects followed, section 2.3.1.2
)

// robots knows what hosts allow: one answer per authority, fetched before the
// first page and again when it is too old.
type robots struct {
	f     *Fetcher
	token string
	mu    sync.Mutex
	known map[string]*permission // by authority
}

// A permission is what one authority allows, until when.
type permission struct {
	busy  chan struct{} // one element while somebody reads or renews it
	until time.Time
	rules Rules
	err   error // unreachable: everything is forbidden for now
}

func newRobots(f *Fetcher) *robots {
	return &robots{f: f, token: product(f.cfg.UserAgent), known: map[string]*permission{}}
}

// check asks whether the address may be fetched and with what pause. The error
// is a refusal, or temporary while robots.txt cannot be had: until then nothing
// is fetched (section 2.3.1.4).
func (r *robots) check(ctx context.Context, u *url.URL, d *site.Definition) (time.Duration, error) {
	p := r.permission(authority(u))
	select {
	case p.busy <- struct{}{}:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	defer func() { <-p.busy }()

	now := r.f.cfg.Clock()
	if !now.Before(p.until) || p.until.Sub(now) > robotsLife { // the clock may have been set back
		if err := r.renew(ctx, p, u, d); err != nil {
			return 0, err
		}
	}
	switch {
	case p.err != nil:
		return 0, &Temporary{Host: u.Host, After: p.until.Sub(now), Err: fmt.Errorf("robots.txt cannot be had, so nothing is fetched: %w", p.err)}
	case !p.rules.Allowed(u.RequestURI()):
		return 0, &Refusal{u.String(), ReasonRobots, "robots.txt of " + u.Host + " forbids it"}
	}
	return p.rules.Delay(), nil
}

func (r *robots) permission(authority string) *permission {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.known[authority]
	if p == nil {
		p = &permission{busy: make(chan struct{}, 1)}
		r.known[authority] = p
	}
	return p
}

// renew fetches the rules. Its error is the caller's end or a refusal of the
// host itself; everything else is kept in the permission.
func (r *robots) renew(ctx context.Context, p *permission, u *url.URL, d *site.Definition) error {
	rules, err := r.fetch(ctx, &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}, d)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if refused, ok := errors.AsType[*Refusal](err); ok {
		return &Refusal{u.String(), refused.Reason, refused.Detail}
	}
	// The host's turn is far away, or the answer could not be kept.
	if later, ok := errors.AsType[*Temporary](err); ok {
		return later
	}
	p.rules, p.err = rules, err
	life := robotsLife
	if err != nil {
		life = robotsRetry
		r.f.log.WarnContext(ctx, "robots.txt cannot be had", "host", u.Host, "error", err)
	}
	p.until = r.f.cfg.Clock().Add(life)
	return nil
}

// fetch gets the rules that hold for the authority of u. An error means that
// they are unreachable.
func (r *robots) fetch(ctx context.Context, u *url.URL, d *site.Definition) (Rules, error) {
	for hop := range 1 + robotsHops {
		x, err := r.get(ctx, u, d)
		if refused, ok := errors.AsType[*Refusal](err); ok && hop > 0 {
			return Rules{}, fmt.Errorf("it redirects to where the crawl does not go: %s", refused.Detail)
		}
		if err != nil {
			return Rules{}, err
		}
		switch s := x.head.status; {
		case s >= 500 || s == http.StatusTooManyRequests: // "later" is not "as you like"
			return Rules{}, fmt.Errorf("the answer was %d", s)
		case s >= 400:
			return Rules{}, nil // none there: everything is allowed, section 2.3.1.3
		case s >= 300:
			next, err := u.Parse(x.head.header.Get("Location"))
			if err != nil || next.String() == u.String() {
				return Rules{}, nil
			}
			if _, refused := parse(next.String()); refused != nil {
				return Rules{}, nil
			}
			if p := port(next); p != port(u) && p != defaultPort(next.Scheme) {
				return Rules{}, errors.New("it redirects to another port")
			}
			u = next
		case x.truncated != "" && x.truncated != "length":
			return Rules{}, errors.New("the answer broke off")
		default:
			b, err := plain(x)
			return ParseRules(b, r.token), err
		}
	}
	return Rules{}, nil // too many redirects: none there
}

// get makes one exchange and hands it to whoever keeps the evidence.
func (r *robots) get(ctx context.Context, u *url.URL, d *site.Definition) (*exchange, error) {
	done, err := r.f.turn(ctx, u, d, 0)
	if err != nil {
		return nil, err
	}
	defer done()
	timed, cancel := context.WithTimeout(ctx, d.Polite.Timeout)
	defer cancel()
	x := &exchange{url: u, max: maxRobots}
	fields := http.Header{"User-Agent": {r.f.cfg.UserAgent}, "Accept": {"text/plain,*/*;q=0.5"}, "Accept-Encoding": {"identity"}}
	if err := r.f.wire.do(timed, x, fields); err != nil {
		return nil, err
	}
	if err := x.broken(ctx); err != nil {
		return nil, err
	}
	if r.f.cfg.Robots == nil {
		return x, nil
	}
	if err := r.f.cfg.Robots(ctx, x.record(d.Name)); err != nil {
		return nil, &Temporary{Host: u.Host, Err: fmt.Errorf("keep the exchange for robots.txt: %w", err)}
	}
	return x, nil
}

// plain is the body of an answer without codings, cut at the limit.
func plain(x *exchange) ([]byte, error) {
	var r io.Reader = bytes.NewReader(x.body())
	if x.head.framing().chunks != nil {
		r = httputil.NewChunkedReader(r)
	}
	switch e := strings.ToLower(x.head.header.Get("Content-Encoding")); e {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("inflate: %w", err)
		}
		r = z
	default:
		return nil, errors.New("it came in an encoding that was not asked for")
	}
	b, err := io.ReadAll(io.LimitReader(r, maxRobots))
	if err != nil && x.truncated == "" {
		return nil, fmt.Errorf("read: %w", err)
	}
	return b, nil
}
