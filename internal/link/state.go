package link

import (
	"encoding/binary"
	"slices"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
)

// This file writes a linker's state as bytes, whole or what has changed, and reads it
// back. The texts of ads are not in it, their words are as numbers; what ads give is,
// and where each ad stands as it was told.

// changes are what is not written yet.
type changes struct {
	tables   weigh.Tables
	clusters int // that are written
	known    int // ads that are written
	ads      []int32
	places   []int32
	hubs     []ad.Value
}

// Keep has the linker note what changes from now on, for Changes. All that there is
// counts as written.
func (l *Linker) Keep() {
	l.changes = &changes{clusters: len(l.clusters), known: len(l.at)}
	l.s.AppendTables(nil, &l.changes.tables)
}

// Lose ends what Keep began: nobody writes what changes.
func (l *Linker) Lose() { l.changes = nil }

// Unwritten is how many ads, places of ads and hubs have changed since they were
// written.
func (l *Linker) Unwritten() int {
	if c := l.changes; c != nil {
		return len(c.ads) + len(c.places) + len(c.hubs)
	}
	return 0
}

// Outdated is how many bytes of what Restore has read and Changes has written, since
// Whole at the latest, later bytes took the place of.
func (l *Linker) Outdated() int64 { return l.outdated }

// Changes appends what has changed since the last call of it or of Keep.
func (l *Linker) Changes(b []byte) []byte {
	c := l.changes
	b = l.appendNames(b, c)
	b = binary.AppendUvarint(b, uint64(len(c.ads)))
	for _, n := range c.ads {
		before := len(b)
		if b = l.appendAd(b, n); int(n) < c.known {
			l.outdated += int64(len(b) - before)
		}
		c.known = max(c.known, int(n)+1)
	}
	b = binary.AppendUvarint(b, uint64(len(c.places)))
	for _, n := range c.places {
		b = l.appendPlace(b, n)
	}
	b = binary.AppendUvarint(b, uint64(len(c.hubs)))
	for _, v := range c.hubs {
		b = l.appendHub(b, l.hubs[v])
	}
	c.ads, c.places, c.hubs = c.ads[:0], c.places[:0], c.hubs[:0]
	return b
}

// Whole calls f with the whole state, in parts of so many ads at most. The bytes are
// good until f returns.
func (l *Linker) Whole(most int, f func(part []byte, more bool) error) error {
	c := &changes{}
	b := l.appendNames(nil, c)
	for from := 0; ; from += most {
		to := min(len(l.at), from+most)
		b = binary.AppendUvarint(b, uint64(to-from))
		for n := from; n < to; n++ {
			b = l.appendAd(b, int32(n))
		}
		b = append(b, 0, 0) // places come when all ads are there
		if err := f(b, true); err != nil {
			return err
		}
		if b = append(b[:0], 0, 0, 0, 0); to == len(l.at) {
			break
		}
	}
	var placed []int32
	for n, p := range l.at {
		if p != nowhere {
			placed = append(placed, int32(n))
		}
	}
	for part := range slices.Chunk(placed, most) {
		b = binary.AppendUvarint(append(b, 0), uint64(len(part)))
		for _, n := range part {
			b = l.appendPlace(b, n)
		}
		if err := f(append(b, 0), true); err != nil {
			return err
		}
		b = append(b[:0], 0, 0, 0, 0)
	}
	b = binary.AppendUvarint(append(b, 0, 0), uint64(len(l.hubs)))
	for _, h := range l.hubs {
		b = l.appendHub(b, h)
	}
	l.outdated = 0
	return f(b, false)
}

func (l *Linker) appendNames(b []byte, c *changes) []byte {
	b = l.s.AppendTables(b, &c.tables)
	b = binary.AppendUvarint(b, uint64(len(l.clusters)-c.clusters))
	for _, x := range l.clusters[c.clusters:] {
		b = weigh.AppendText(b, x.name)
	}
	c.clusters = len(l.clusters)
	return b
}

func (l *Linker) appendAd(b []byte, n int32) []byte {
	b = l.s.AppendAd(b, n)
	r := l.readings[n]
	b = binary.AppendUvarint(b, r.decided)
	b = binary.LittleEndian.AppendUint64(b, r.content)
	return binary.AppendVarint(binary.AppendUvarint(b, uint64(r.length)), int64(r.day))
}

// A place's numbers are one more than they are, so that none is 0.
func (l *Linker) appendPlace(b []byte, n int32) []byte {
	p := l.at[n]
	b = binary.AppendUvarint(b, uint64(n))
	for _, x := range []int32{p.cluster, p.by, p.value} {
		b = binary.AppendUvarint(b, uint64(x+1))
	}
	bridge := byte(0)
	if p.bridge {
		bridge = 1
	}
	return append(b, p.kind, bridge)
}

// placeSize is how many bytes tell where an ad stands.
func (l *Linker) placeSize(n int32) int64 {
	var room [32]byte
	return int64(len(l.appendPlace(room[:0], n)))
}

func (l *Linker) appendHub(b []byte, h ad.Hub) []byte {
	b = weigh.AppendText(weigh.AppendText(b, h.Value.Kind), h.Value.Value)
	b = weigh.AppendReal(binary.AppendUvarint(b, uint64(h.Carriers)), h.Owners)
	if h.Held {
		return append(b, 1)
	}
	return append(b, 0)
}

// Restore reads one part of what Changes or Whole wrote; parts come in order, from
// the first on. After an error the linker is of no use.
func (l *Linker) Restore(part []byte) error {
	p := weigh.Unpack(part)
	l.s.TakeTables(p)
	for range p.Count(1) {
		l.cluster(p.Text())
	}
	for range p.Count(1) {
		left := p.Len()
		n := l.s.TakeAd(p)
		r := reading{decided: p.Uint(), content: p.Fixed(), length: int32(p.Uint()), day: int32(p.Int())}
		if p.Err() != nil {
			return p.Err()
		}
		if int(n) == len(l.at) {
			l.readings, l.at = append(l.readings, r), append(l.at, nowhere)
		} else {
			l.readings[n] = r
			l.outdated += int64(left - p.Len())
		}
	}
	for range p.Count(1) {
		left, n := p.Len(), p.Less(len(l.at))
		at := place{
			cluster: p.Less(len(l.clusters)+1) - 1, by: p.Less(len(l.at)+1) - 1, value: p.Less(l.s.Names()+1) - 1,
			kind: uint8(p.Less(len(kinds))), bridge: p.Less(2) == 1,
		}
		if p.Err() != nil {
			return p.Err()
		}
		if l.at[n] != nowhere {
			l.outdated += int64(left - p.Len())
		}
		l.put(n, at)
	}
	for range p.Count(1) {
		h := ad.Hub{Value: ad.Value{Kind: p.Text(), Value: p.Text()}, Carriers: int(p.Uint()), Owners: p.Real(), Held: p.Less(2) == 1}
		if p.Err() != nil {
			return p.Err()
		}
		l.hubs[h.Value] = h
	}
	if p.Left() {
		return weigh.ErrPacked
	}
	return p.Err()
}

// Resume goes on from what Restore has read: values are held back as they were. When
// all of it was solved under these decisions, no round is due for it.
func (l *Linker) Resume(d *weigh.Decisions, solved bool) {
	for v, h := range l.hubs {
		if h.Held {
			l.s.Hold(v.Kind, v.Value)
		}
	}
	l.s.Decide(d.Ready())
	if !solved {
		l.changed++
	}
}
