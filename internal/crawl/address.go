package crawl

import (
	"fmt"
	"net/netip"
)

// closed lists the ranges that are not the open web: the IANA special-purpose
// registries, multicast, and addresses that clouds answer to with secrets. The
// last four carry an IPv4 address inside, so they could reach any of the others.
func closed() []netip.Prefix {
	table := []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
		"100::/64", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "3fff::/20", "5f00::/16",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16",
	}
	out := make([]netip.Prefix, len(table))
	for i, s := range table {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// guard refuses an address that is not on the open web. It is asked about the
// very address that is dialled next, so a name that changes its mind between a
// check and the connection gains nothing.
func (w *wire) guard(a netip.Addr) error {
	if w.cfg.AllowPrivate {
		return nil
	}
	a = a.Unmap().WithZone("")
	for _, p := range w.closed {
		if p.Contains(a) {
			return fmt.Errorf("the host is at %s, in %s, which is not on the open web", a, p)
		}
	}
	return nil
}
