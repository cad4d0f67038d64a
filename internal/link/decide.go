package link

import (
	"slices"

	"vigil.example/internal/ad"
)

// A person's decision changes what an ad gives, and can take something from it.
// Of an ad about which something was decided the records count that knew the
// newest decision: all of its contents are read again for that. So the partition
// stays a function of the set of records.

// decide takes note that a record of an ad knew a decision, and takes from the ad
// the values that are not among those given. It is false when the record knew less
// than another one: then the record says nothing.
func (l *Linker) decide(n int32, decided uint64, values []ad.Value, ch *changes) bool {
	if decided < l.decided[n] {
		return false
	}
	if decided == l.decided[n] {
		return true
	}
	l.decided[n] = decided
	var gone []int32
	for _, i := range l.nodes[n].values {
		if !slices.Contains(values, l.values[i].value()) {
			gone = append(gone, i)
		}
	}
	if len(gone) > 0 {
		l.take(n, gone, ch)
	}
	return true
}

// take takes values from an ad, and draws the consequences for all that it gave:
// what they joined through this ad falls apart, and they may be hubs no longer, or
// only now.
func (l *Linker) take(n int32, gone []int32, ch *changes) {
	given := l.nodes[n].values
	l.nodes[n].values = slices.DeleteFunc(slices.Clone(given), func(i int32) bool { return slices.Contains(gone, i) })
	for _, i := range gone {
		x := &l.values[i]
		x.carriers = slices.DeleteFunc(x.carriers, func(c carrier) bool { return c.node == n })
	}
	for _, i := range given {
		if x := &l.values[i]; x.crowd != nil {
			if x.crowd = nil; len(x.carriers) >= l.cfg.HubAds {
				l.gather(i)
			}
		}
	}
	for _, i := range given {
		x := &l.values[i]
		held := l.hub(x)
		if held == x.held {
			continue
		}
		x.held = held
		ch.hub(x)
		if held {
			l.withdraw(x, ch)
			continue
		}
		for _, c := range x.carriers[min(1, len(x.carriers)):] {
			l.join(x.carriers[0].node, c.node, ch)
		}
	}
	l.split(l.nodes[n].cluster, ch)
}
