package crawl

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// A conn is a connection to one authority. For https the bytes that pass are
// those above TLS.
type conn struct {
	net.Conn
	raw       net.Conn // below TLS
	authority string
	ip        string
	idle      time.Time // since when it waits in the pool
	room      []byte    // heads are read here; used again for the next exchange
}

// scratch is empty room to read a head into.
func (c *conn) scratch() []byte {
	if c.room == nil {
		c.room = make([]byte, 0, readSize)
	}
	return c.room
}

// authority is what a connection is good for: scheme, host and port.
func authority(u *url.URL) string {
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port(u))
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return defaultPort(u.Scheme)
}

// dial opens a connection to one of the host's addresses, those the guard lets
// pass, in the resolver's order.
func (w *wire) dial(ctx context.Context, u *url.URL) (*conn, error) {
	addrs, err := w.addresses(ctx, u)
	if err != nil {
		return nil, err
	}
	var raw net.Conn
	var errs []error
	for i, a := range addrs {
		d := net.Dialer{}
		if end, ok := ctx.Deadline(); ok { // leave time for the others
			d.Timeout = time.Until(end) / time.Duration(len(addrs)-i)
		}
		if raw, err = d.DialContext(ctx, "tcp", a.String()); err == nil {
			break
		}
		errs = append(errs, err)
	}
	if raw == nil {
		return nil, errors.Join(errs...)
	}
	c := &conn{Conn: raw, raw: raw, authority: authority(u)}
	if remote, ok := raw.RemoteAddr().(*net.TCPAddr); ok {
		c.ip = remote.AddrPort().Addr().Unmap().WithZone("").String()
	}
	if u.Scheme != "https" {
		return c, nil
	}
	cfg := &tls.Config{}
	if w.cfg.TLS != nil {
		cfg = w.cfg.TLS.Clone()
	}
	cfg.ServerName, cfg.NextProtos = u.Hostname(), []string{"http/1.1"}
	t := tls.Client(raw, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("tls handshake: %w", err)
	}
	c.Conn = t
	return c, nil
}

// addresses gives where the host may be dialled. When the guard lets none pass
// that is a refusal.
func (w *wire) addresses(ctx context.Context, u *url.URL) ([]netip.AddrPort, error) {
	host := u.Hostname()
	if to, ok := w.cfg.Resolve[host]; ok {
		a, err := overrideAddr(to, port(u))
		return []netip.AddrPort{a}, err
	}
	n, err := strconv.ParseUint(port(u), 10, 16)
	if err != nil {
		return nil, &Refusal{u.String(), ReasonURL, "port " + port(u) + " does not exist"}
	}
	ips, err := w.lookup(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("look up the host: %w", err)
	}
	var out []netip.AddrPort
	var closed error
	for _, ip := range ips {
		if err := w.guard(ip); err != nil {
			closed = err
			continue
		}
		out = append(out, netip.AddrPortFrom(ip, uint16(n)))
	}
	switch {
	case len(out) > 0:
		return out, nil
	case closed != nil:
		return nil, &Refusal{u.String(), ReasonAddress, closed.Error()}
	}
	return nil, errors.New("the host has no address")
}

func (w *wire) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	if w.cfg.Lookup != nil {
		return w.cfg.Lookup(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// overrideAddr reads a Resolve value: an address, with or without a port.
func overrideAddr(s, port string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		return netip.AddrPortFrom(a, uint16(n)), err
	}
	return netip.ParseAddrPort(s)
}

// A pool keeps idle connections, a few per authority, the warmest used first.
type pool struct {
	mu     sync.Mutex
	idle   map[string][]*conn
	swept  time.Time
	closed bool
}

const (
	poolSize = 64               // per authority: as many as a definition may have under way
	poolTime = 20 * time.Second // shorter than what common servers allow
)

// take gives an idle connection on which nothing has happened since, or nil.
func (p *pool) take(authority string) *conn {
	for {
		c := p.pop(authority)
		if c == nil {
			return nil
		}
		// Bytes nobody asked for would be taken for the next answer: evidence of
		// something that never was. An end of file shows here too.
		if time.Since(c.idle) < poolTime && quiet(c.raw) {
			return c
		}
		_ = c.Close()
	}
}

func (p *pool) pop(authority string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.idle[authority]
	if len(s) == 0 {
		return nil
	}
	c := s[len(s)-1]
	p.idle[authority] = s[:len(s)-1]
	return c
}

func (p *pool) put(c *conn) {
	c.idle = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle[c.authority]) >= poolSize {
		_ = c.Close()
		return
	}
	if p.idle == nil {
		p.idle = map[string][]*conn{}
	}
	p.idle[c.authority] = append(p.idle[c.authority], c)
	if time.Since(p.swept) > poolTime {
		p.sweep()
	}
}

// sweep closes what has waited too long, on every authority.
func (p *pool) sweep() {
	p.swept = time.Now()
	for a, s := range p.idle {
		kept := s[:0]
		for _, c := range s {
			if time.Since(c.idle) < poolTime {
				kept = append(kept, c)
			} else {
				_ = c.Close()
			}
		}
		clear(s[len(kept):])
		if p.idle[a] = kept; len(kept) == 0 {
			delete(p.idle, a)
		}
	}
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range p.idle {
		for _, c := range s {
			_ = c.Close()
		}
	}
	p.idle = nil
}
