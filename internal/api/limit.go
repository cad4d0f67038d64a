package api

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Rates bound how many requests are answered in a minute. As many may come at once
// after a quiet minute; then they flow back evenly.
type Rates struct {
	Token   int // of one token; DefaultRate when 0, no bound when negative
	Address int // from one address without a token that holds, such as sign-ins; DefaultSignIns when 0, no bound when negative
}

// The bounds when nobody says others.
const (
	DefaultRate    = 12_000
	DefaultSignIns = 120
)

func (r Rates) withDefaults() Rates {
	if r.Token == 0 {
		r.Token = DefaultRate
	}
	if r.Address == 0 {
		r.Address = DefaultSignIns
	}
	return r
}

// maxBuckets bounds the callers that are remembered; past it those are forgotten
// who have been quiet the longest.
const maxBuckets = 20_000

// A limiter gives each caller so many requests a minute.
type limiter struct {
	policy string
	rate   float64 // a second
	most   float64
	mu     sync.Mutex
	of     map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(policy string, perMinute int) *limiter {
	return &limiter{policy: policy, rate: float64(perMinute) / 60, most: float64(perMinute), of: map[string]*bucket{}}
}

// take counts one request and says how many are left, and whether it may be
// answered; if not, how long to wait.
func (l *limiter) take(who string, now time.Time) (left int, wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of[who]
	if b == nil {
		if len(l.of) >= maxBuckets {
			l.forget(now)
		}
		b = &bucket{l.most, now}
		l.of[who] = b
	}
	b.left = min(l.most, b.left+max(0, now.Sub(b.at).Seconds())*l.rate)
	b.at = now
	if b.left < 1 {
		return 0, time.Duration((1 - b.left) / l.rate * float64(time.Second)), false
	}
	b.left--
	return int(b.left), 0, true
}

// forget drops the callers whose buckets are full again, and if there are none, the
// one that was quiet the longest.
func (l *limiter) forget(now time.Time) {
	oldest := ""
	for who, b := range l.of {
		if b.left+now.Sub(b.at).Seconds()*l.rate >= l.most {
			delete(l.of, who)
		} else if oldest == "" || b.at.Before(l.of[oldest].at) {
			oldest = who
		}
	}
	if len(l.of) >= maxBuckets {
		delete(l.of, oldest)
	}
}

// errRate says that a caller asked more often than it may.
type errRate struct{ wait time.Duration }

func (e errRate) Error() string { return "more was asked in this minute than one may" }

// seconds is how long to wait, in whole seconds.
func (e errRate) seconds() int { return max(1, int(math.Ceil(e.wait.Seconds()))) }

// limit counts a request and says in the headers of
// draft-ietf-httpapi-ratelimit-headers what is left.
func (l *limiter) limit(who string, h http.Header) error {
	if l.most < 0 {
		return nil
	}
	left, wait, ok := l.take(who, time.Now()) // not the instance's clock, which may jump
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%.0f;w=60", l.policy, l.most))
	reset := 60
	if !ok {
		reset = errRate{wait}.seconds()
	}
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", l.policy, left, reset))
	if !ok {
		return errRate{wait}
	}
	return nil
}

// address is where a request comes from, as far as one bound goes: a network of
// /64 is one caller's.
func address(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
