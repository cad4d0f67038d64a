// Package crawl turns addresses into exchanges. A frontier decides which links
// are worth an address in the queue; a fetcher takes one queued Entry, checks
// scope, scheme, robots.txt and the address it is about to dial, waits its turn
// for the host, and has a Colly collector fetch the page over a transport that
// keeps the exact bytes of the request and of the response. Queue entries come
// in; a Fetched exchange, a Refusal or a Temporary error goes out. The package
// parses no page, follows no redirect by itself (a redirect is an answer whose
// target is offered to the frontier like any link), keeps no cookies, and never
// pretends to be anyone else.
package crawl

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gocolly/colly/v2"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/site"
)

// Config says how to fetch. The zero value, completed by New, is fit for the
// open web.
type Config struct {
	// UserAgent names the program and whom to write to: "Vigil/1.2 (+https://…)".
	// Its first word is the product token looked up in robots.txt.
	UserAgent string

	// Resolve sends a host to a loopback address ("127.0.0.1" or
	// "127.0.0.1:8080") instead of asking the DNS: the demo's town lives there.
	Resolve map[string]string

	// AllowPrivate lets the crawl dial addresses that are not on the open web.
	AllowPrivate bool

	MaxBody int64         // bytes of a body kept at most; 10 MiB when 0
	MaxWait time.Duration // longest wait for a host's turn inside Fetch; 1 min when 0

	// Clock tells FetchedAt and the age of robots rules; time.Now when nil.
	Clock func() time.Time

	// Robots is told every exchange made for a robots.txt, so that what the
	// crawl was allowed to do can be shown later. The page waits for it; an
	// error from it makes Fetch fail as temporary. May be nil.
	Robots func(context.Context, capture.Exchange) error

	// Lookup gives the addresses of a host; the system's resolver when nil.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

	// TLS is the base of every TLS configuration; the system's roots when nil.
	TLS *tls.Config
}

const (
	defaultMaxBody = 10 << 20
	defaultMaxWait = time.Minute
	accept         = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"
)

func (c *Config) complete() error {
	if c.UserAgent == "" {
		return errors.New("set up crawl: the user agent is empty; name the program and a contact")
	}
	if strings.ContainsAny(c.UserAgent, "\r\n") {
		return errors.New("set up crawl: the user agent holds a line break")
	}
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.MaxBody < 0 || c.MaxBody > capture.MaxBody {
		return fmt.Errorf("set up crawl: a body limit of %d bytes is outside 1 to %d", c.MaxBody, capture.MaxBody)
	}
	if c.MaxWait == 0 {
		c.MaxWait = defaultMaxWait
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return nil
}

// A Fetched is what a server answered, whatever its status.
type Fetched struct {
	capture.Exchange
	Status     int
	Validators Validators // of the answer, for the next visit's Entry

	// RetryAfter is set when the server asked to come back later (429 and 503).
	// The answer is worth storing all the same; the host is left alone meanwhile.
	RetryAfter time.Duration
}

// A Fetcher fetches entries. It is safe for concurrent use.
type Fetcher struct {
	cfg        Config
	set        *site.Set
	log        *slog.Logger
	wire       *wire
	pace       *Pace
	robots     *robots
	collectors map[string]*colly.Collector // by definition name
}

// New makes a fetcher for the sites of a set. The log may be nil.
func New(cfg Config, set *site.Set, log *slog.Logger) (*Fetcher, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	w, err := newWire(cfg)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	f := &Fetcher{cfg: cfg, set: set, log: log, wire: w, pace: NewPace(), collectors: map[string]*colly.Collector{}}
	f.robots = newRobots(f)
	for _, d := range set.All() {
		f.collectors[d.Name] = f.collector()
	}
	return f, nil
}

// Close closes idle connections. Fetches under way end by their contexts.
func (f *Fetcher) Close() error {
	f.wire.close()
	return nil
}

// Due says how long the entry's host wants to be left alone from now. A caller
// with other hosts to turn to puts the entry back for that long.
func (f *Fetcher) Due(e Entry) time.Duration {
	u, err := url.Parse(e.URL)
	if err != nil {
		return 0
	}
	return f.pace.Due(u.Hostname())
}

// collector makes the collector of one site. Everything that Colly does in its
// own way and that the project measured as unsafe is switched off here (robots,
// redirects, cookies, its visited set, its body limit, its charset guess); Init,
// not NewCollector, because the latter lets COLLY_* environment variables switch
// them on again.
func (f *Fetcher) collector() *colly.Collector {
	c := &colly.Collector{}
	c.Init()
	c.UserAgent = f.cfg.UserAgent
	c.Headers = &http.Header{"Accept": {accept}, "Accept-Encoding": {"identity"}}
	c.AllowURLRevisit = true
	c.ParseHTTPErrorResponse = true
	c.IgnoreRobotsTxt = true
	c.MaxBodySize = 0
	c.DisableCookies()
	c.SetRequestTimeout(0) // the context of each fetch carries its deadline
	c.WithTransport(f.wire)
	return c
}

// Fetch fetches the page of an entry, after waiting for the host's turn. The
// error is a *Refusal when the crawl must not fetch the page, a *Temporary when
// another attempt may succeed, or the context's.
func (f *Fetcher) Fetch(ctx context.Context, e Entry) (Fetched, error) {
	u, d, err := f.admit(e)
	if err != nil {
		return Fetched{}, err
	}
	delay, err := f.robots.check(ctx, u, d)
	if err != nil {
		return Fetched{}, f.explain(ctx, u, err)
	}
	done, err := f.turn(ctx, u, d, delay)
	if err != nil {
		return Fetched{}, err
	}
	defer done()

	x := &exchange{url: u, max: f.cfg.MaxBody}
	if err := f.visit(ctx, x, d, e.Known); err != nil {
		return Fetched{}, f.explain(ctx, u, err)
	}
	if err := x.broken(ctx); err != nil {
		return Fetched{}, f.explain(ctx, u, err)
	}
	out := Fetched{Exchange: x.record(d.Name), Status: x.head.status}
	out.Visit, out.Depth = e.Visit, e.Depth
	out.Validators = validators(x.head, e.Known)
	if out.Status == http.StatusTooManyRequests || out.Status == http.StatusServiceUnavailable {
		out.RetryAfter = retryAfter(x.head.header.Get("Retry-After"), f.cfg.Clock())
		f.pace.Pause(u.Hostname(), out.RetryAfter)
	}
	return out, nil
}

// turn waits until the host may be asked again, or says that it takes too long
// to wait for.
func (f *Fetcher) turn(ctx context.Context, u *url.URL, d *site.Definition, robotsDelay time.Duration) (func(), error) {
	host := u.Hostname()
	if due := f.pace.Due(host); due > f.cfg.MaxWait {
		return nil, &Temporary{Host: host, After: due, Err: errors.New("the host wants to be left alone")}
	}
	return f.pace.Start(ctx, host, max(d.Polite.Delay, robotsDelay), d.Polite.Parallel)
}

// visit has the site's collector make the exchange. Each fetch uses a clone, for
// a Colly collector has one context for all its requests.
func (f *Fetcher) visit(ctx context.Context, x *exchange, d *site.Definition, known Validators) error {
	ctx, cancel := context.WithTimeout(ctx, d.Polite.Timeout)
	defer cancel()
	c := f.collectors[d.Name].Clone()
	c.Context = context.WithValue(ctx, exchangeKey{}, x)
	c.OnRequest(func(r *colly.Request) {
		*r.URL = *x.url // Colly writes addresses in its own way; what was checked is what is fetched
		if known.ETag != "" {
			r.Headers.Set("If-None-Match", known.ETag)
		}
		if known.LastModified != "" {
			r.Headers.Set("If-Modified-Since", known.LastModified)
		}
	})
	err := c.Visit(x.url.String())
	switch {
	case x.err != nil:
		return x.err
	case x.head == nil && err != nil:
		return &Refusal{URL: x.url.String(), Reason: ReasonURL, Detail: "colly takes it for no address"}
	case x.head == nil:
		return errors.New("colly made no request")
	}
	return nil
}

// explain gives an error of the wire its place: the caller's end, a refusal, or
// something to try again.
func (f *Fetcher) explain(ctx context.Context, u *url.URL, err error) error {
	_, refused := errors.AsType[*Refusal](err)
	_, later := errors.AsType[*Temporary](err)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("fetch from %s: %w", u.Host, context.Cause(ctx))
	case refused, later:
		return err
	}
	return &Temporary{Host: u.Host, Err: err}
}

// validators are those of the answer; a 304 may leave out what has not changed.
func validators(h *head, known Validators) Validators {
	v := Validators{ETag: h.header.Get("ETag"), LastModified: h.header.Get("Last-Modified")}
	if h.status == http.StatusNotModified {
		v.ETag, v.LastModified = cmp.Or(v.ETag, known.ETag), cmp.Or(v.LastModified, known.LastModified)
	}
	return v
}

// broken tells an answer that the caller broke off from one that the server
// was too slow to finish.
func (x *exchange) broken(ctx context.Context) error {
	if x.truncated == "" {
		return nil
	}
	return context.Cause(ctx)
}

// record is the exchange as evidence of the named site.
func (x *exchange) record(name string) capture.Exchange {
	return capture.Exchange{
		URL: x.url.String(), Request: x.request, Response: x.response, FetchedAt: x.at, IP: x.ip,
		Site: name, Via: ad.ViaCrawl, Truncated: x.truncated,
	}
}
