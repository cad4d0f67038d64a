package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"vigil.example/crawlers"
	"vigil.example/internal/ad"
	"vigil.example/internal/bazaar"
	"vigil.example/internal/capture"
	"vigil.example/internal/site"
)

// townAds is the largest town that is built at once; more ads come from more
// towns, whose sites have names and hosts of their own.
const townAds = 50_000

// A town is one Bazaar whose sites are renamed, so that several stand side by side.
type town struct {
	n       int
	names   map[string]string // of a site in the town: its name here
	handler http.Handler
	ads     []bazaar.AdTruth
}

// A source gives captures of the pages of made-up ads, as a crawl would store
// them, without end conditions: as many as were asked for.
type source struct {
	sites *site.Set
	left  int
	seed  uint64
	town  *town
	next  int
	built int

	phones []string // a number of each ad so far that gives one
}

// newSource plans n ads. The same seed gives the same captures.
func newSource(n int, seed uint64) (*source, error) {
	set, err := crawlers.Load()
	if err != nil {
		return nil, err
	}
	s := &source{left: n, seed: seed}
	var defs []*site.Definition
	for i := range max(1, (n+townAds-1)/townAds) {
		for _, d := range set.All() {
			one := *d
			one.Name, one.Seeds = renamed(d.Name, i), nil
			one.Scope.Hosts = []string{host(d.Scope.Hosts[0], i)}
			defs = append(defs, &one)
		}
	}
	s.sites = site.NewSet(defs...)
	return s, nil
}

func renamed(name string, town int) string {
	if town == 0 {
		return name
	}
	return name + "-" + strconv.Itoa(town)
}

// host renames "townboard.example".
func host(h string, town int) string {
	first, rest, _ := strings.Cut(h, ".")
	return renamed(first, town) + "." + rest
}

// more returns the next captures, at most n; none at the end.
func (s *source) more(n int) ([]ad.Message, error) {
	out := make([]ad.Message, 0, min(n, s.left))
	for len(out) < n && s.left > 0 {
		if s.town == nil || s.next == len(s.town.ads) {
			if err := s.build(); err != nil {
				return nil, err
			}
		}
		x := s.town.ads[s.next]
		m, err := s.town.capture(x)
		if err != nil {
			return nil, err
		}
		if len(x.Phones) > 0 {
			s.phones = append(s.phones, x.Phones[0])
		}
		out = append(out, m)
		s.next++
		s.left--
	}
	return out, nil
}

// leave lets go of what was made, so that it does not count as memory of the program
// that is measured; no more is to come.
func (s *source) leave() { s.town, s.phones, s.left = nil, nil, 0 }

func (s *source) build() error {
	c := bazaar.DefaultConfig()
	c.Seed, c.Ads, c.Later = s.seed+uint64(s.built), max(bazaar.MinAds, min(s.left, townAds)), 0
	t, err := bazaar.New(c)
	if err != nil {
		return err
	}
	s.town = &town{n: s.built, handler: t.Handler(), ads: t.Truth(t.Now()).Ads, names: map[string]string{}}
	// In an order that mixes the sites, as a crawl does.
	by := map[string][]bazaar.AdTruth{}
	var names []string
	for _, a := range s.town.ads {
		if by[a.Site] == nil {
			names = append(names, a.Site)
		}
		by[a.Site] = append(by[a.Site], a)
	}
	mixed := s.town.ads[:0:0]
	for i := 0; len(mixed) < len(s.town.ads); i++ {
		for _, n := range names {
			if i < len(by[n]) {
				mixed = append(mixed, by[n][i])
			}
		}
	}
	s.town.ads = mixed
	for _, n := range names {
		s.town.names[n] = renamed(n, s.built)
	}
	s.built++
	s.next = 0
	return nil
}

// An answer keeps what a handler writes.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// capture fetches the page of an ad without a network and records it.
func (t *town) capture(x bazaar.AdTruth) (ad.Message, error) {
	u, err := url.Parse(x.URL)
	if err != nil {
		return ad.Message{}, fmt.Errorf("fetch %s: %w", x.URL, err)
	}
	r := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	a := &answer{status: http.StatusOK, header: http.Header{}}
	t.handler.ServeHTTP(a, r)
	body, name, address := a.body.Bytes(), u.Host, x.URL
	if t.n > 0 {
		name = host(u.Host, t.n)
		body = bytes.ReplaceAll(body, []byte(u.Host), []byte(name))
		address = strings.Replace(x.URL, u.Host, name, 1)
	}
	a.header.Set("Content-Length", strconv.Itoa(len(body)))
	var response bytes.Buffer
	fmt.Fprintf(&response, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	if err := a.header.Write(&response); err != nil {
		return ad.Message{}, fmt.Errorf("fetch %s: %w", address, err)
	}
	response.WriteString("\r\n")
	response.Write(body)
	c, records, err := capture.Record(capture.Exchange{
		URL: address, Request: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Vigil/bench\r\nAccept: */*\r\n\r\n", u.RequestURI(), name),
		Response: response.Bytes(), FetchedAt: x.PostedAt, IP: "127.0.0.1", Site: t.names[x.Site], Via: ad.ViaCrawl,
	})
	if err != nil {
		return ad.Message{}, err
	}
	return ad.Message{Subject: "capture.crawl." + ad.Slug(c.Site), ID: "v:" + c.ID, Data: records}, nil
}
