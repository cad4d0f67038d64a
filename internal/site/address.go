package site

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"
)

// hostOf gives the host as definitions write it: lower case, with the port
// unless it is the scheme's own.
func hostOf(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" || port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		if strings.Contains(host, ":") {
			return "[" + host + "]"
		}
		return host
	}
	return net.JoinHostPort(host, port)
}

// Owns reports whether the address stands on one of the site's hosts, by host
// alone: a page that the crawl would not fetch may still be imported. A host
// without a port owns every port.
func (d *Definition) Owns(u *url.URL) bool {
	if u == nil {
		return false
	}
	host := hostOf(u)
	bare := hostOf(&url.URL{Scheme: u.Scheme, Host: strings.TrimSuffix(u.Host, ":"+u.Port())})
	return slices.Contains(d.Scope.Hosts, host) || slices.Contains(d.Scope.Hosts, bare)
}

// InScope reports whether the crawl may fetch the address and, when not, why.
// Robots rules are not looked at here.
func (d *Definition) InScope(u *url.URL) (bool, string) {
	switch {
	case !d.ready:
		return false, "the definition was not validated"
	case u.Scheme != "http" && u.Scheme != "https":
		return false, "scheme " + u.Scheme + " is not http or https"
	case u.User != nil:
		return false, "the address carries a user name"
	case !d.Owns(u):
		return false, "host " + hostOf(u) + " is not one of " + strings.Join(d.Scope.Hosts, ", ")
	}
	path := u.RequestURI()
	for i, re := range d.Scope.deny {
		if re.MatchString(path) {
			return false, "denied by " + d.Scope.Deny[i]
		}
	}
	if len(d.Scope.allow) == 0 {
		return true, ""
	}
	for _, re := range d.Scope.allow {
		if re.MatchString(path) {
			return true, ""
		}
	}
	return false, "allowed by none of " + strings.Join(d.Scope.Allow, ", ")
}

// Canonical gives the one spelling of an address that ids are made from: scheme
// and host in lower case, no default port, user name or fragment, without the
// definition's Strip parameters and with the query in order. u is not changed.
func (d *Definition) Canonical(u *url.URL) *url.URL { return Canonical(u, d.Scope.Strip) }

// Canonical does what Definition.Canonical does, for an address that no
// definition owns. A name in strip that ends in * stands for all that begin so.
func Canonical(u *url.URL, strip []string) *url.URL {
	c := *u
	c.Scheme, c.User = strings.ToLower(u.Scheme), nil
	c.Fragment, c.RawFragment, c.ForceQuery = "", "", false
	if c.Host != "" {
		c.Host = hostOf(&c)
		if c.Path == "" {
			c.Path, c.RawPath = "/", ""
		}
	}
	c.RawQuery = query(u.RawQuery, strip)
	return &c
}

// query sorts parameters by name and drops some. Values keep their order and
// their escapes: a server may tell "+" from "%20".
func query(raw string, strip []string) string {
	if raw == "" {
		return ""
	}
	type param struct{ name, raw string }
	var kept []param
	for p := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(p, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if p == "" || slices.ContainsFunc(strip, func(s string) bool { return stripped(name, s) }) {
			continue
		}
		kept = append(kept, param{name, p})
	}
	slices.SortStableFunc(kept, func(a, b param) int { return cmp.Compare(a.name, b.name) })
	var b strings.Builder
	for i, p := range kept {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.raw)
	}
	return b.String()
}

func stripped(name, pattern string) bool {
	if begin, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, begin)
	}
	return name == pattern
}
