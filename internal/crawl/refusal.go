package crawl

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Reason says why the crawl leaves an address alone.
type Reason string

// The reasons. They are stable: the ledger counts by them.
const (
	ReasonURL     Reason = "url"     // not an address at all, or too long
	ReasonScheme  Reason = "scheme"  // neither http nor https
	ReasonScope   Reason = "scope"   // no definition wants it
	ReasonRobots  Reason = "robots"  // robots.txt forbids it
	ReasonAddress Reason = "address" // the host is not on the open web
	ReasonDepth   Reason = "depth"   // too many links from a seed
	ReasonTrap    Reason = "trap"    // looks like an address that grows for ever
)

// Reasons lists every reason, in the order they are shown.
func Reasons() []Reason {
	return []Reason{ReasonURL, ReasonScheme, ReasonScope, ReasonRobots, ReasonAddress, ReasonDepth, ReasonTrap}
}

// A Refusal says that an address must not be fetched, and will stay so as long
// as the definition, the host's robots.txt and the DNS stay. Its text names no
// address: addresses of ads may hold numbers, and errors are logged.
type Refusal struct {
	URL    string
	Reason Reason
	Detail string // for people
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("crawl refuses the address: %s: %s", r.Reason, r.Detail)
}

// A Temporary is an error that another attempt, not before After has passed, may
// not meet again: a timeout, a broken connection, an unreachable robots.txt.
type Temporary struct {
	Host  string
	After time.Duration // 0 when nothing is known
	Err   error
}

func (t *Temporary) Error() string { return fmt.Sprintf("fetch from %s: %v", t.Host, t.Err) }

// Unwrap gives the cause.
func (t *Temporary) Unwrap() error { return t.Err }

const (
	retryDefault = time.Minute
	retryMax     = 24 * time.Hour
)

// retryAfter reads a Retry-After field (RFC 9110 section 10.2.3): seconds or a
// date. A server that asks for later without saying when gets a minute.
func retryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	d := retryDefault
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, time.Second), retryMax)
}
