package crawl

import (
	"net/url"
	"slices"
	"strings"

	"vigil.example/internal/site"
)

const maxURL = 2048 // bytes; longer ones are traps or data

// admit finds the address and definition of an entry and checks everything that
// can be told without the network.
func (f *Fetcher) admit(e Entry) (*url.URL, *site.Definition, error) {
	u, r := parse(e.URL)
	if r != nil {
		return nil, nil, r
	}
	d := f.set.ByName(e.Site)
	if d == nil {
		return nil, nil, &Refusal{e.URL, ReasonScope, "no definition is named " + e.Site}
	}
	if r := within(u, d); r != nil {
		return nil, nil, r
	}
	return u, d, nil
}

// parse reads an absolute http or https address.
func parse(raw string) (*url.URL, *Refusal) {
	if len(raw) > maxURL {
		return nil, &Refusal{raw, ReasonURL, "longer than 2,048 bytes"}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, &Refusal{raw, ReasonURL, "cannot be parsed"}
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &Refusal{raw, ReasonScheme, "neither http nor https"}
	case u.Opaque != "" || u.Hostname() == "":
		return nil, &Refusal{raw, ReasonURL, "names no host"}
	case u.User != nil:
		return nil, &Refusal{raw, ReasonURL, "carries a user name"}
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return nil, &Refusal{raw, ReasonURL, "the host holds white space"}
	}
	return u, nil
}

// within checks the address against the definition's scope. A definition that
// names a host without a port means the scheme's own port and those of its
// seeds: otherwise any page could make the crawl knock on every port of a host.
func within(u *url.URL, d *site.Definition) *Refusal {
	if ok, why := d.InScope(u); !ok {
		return &Refusal{u.String(), ReasonScope, why}
	}
	if u.Port() == "" || u.Port() == defaultPort(u.Scheme) {
		return nil
	}
	host := strings.ToLower(u.Host)
	named := slices.Contains(d.Scope.Hosts, host) || slices.ContainsFunc(d.Seeds, func(s string) bool {
		v, err := url.Parse(s)
		return err == nil && strings.ToLower(v.Host) == host
	})
	if !named {
		return &Refusal{u.String(), ReasonScope, "port " + u.Port() + " is named by no host or seed of the definition"}
	}
	return nil
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}
