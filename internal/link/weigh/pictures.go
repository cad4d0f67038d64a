package weigh

import "math/bits"

// pictures tells copies of one picture by their perceptual hashes. A hash joins
// the pictures that it lies near to; four tables of 16 bits, probed with at most
// one bit flipped, find all within seven bits.
type pictures struct {
	heads  [4][1 << 16]int32 // by the 16 bits: the newest tray, and 1; 0 for none
	trays  [4][]tray
	hashes []uint64 // the first hash seen of each picture
	parent []int32
}

// A tray holds glances of equal 16 bits. It is as long as what a processor fetches at once:
// that, not comparing, is what a look takes.
type tray struct {
	glances [7]glance
	n       int32
	next    int32 // as in heads
}

// A glance is a picture, and 32 bits of its hash that do not belong to the table.
type glance struct {
	bits uint32
	pic  int32
}

func look(h uint64, table int) uint32 { return uint32(bits.RotateLeft64(h, -16*(table+1))) }

const pictureBits = 8 // that copies may differ in

func newPictures() *pictures { return &pictures{} }

// put adds a picture to a table.
func (p *pictures) put(table int, pic int32) {
	h := p.hashes[pic]
	head, trays := &p.heads[table][uint16(h>>(16*table))], p.trays[table]
	if *head == 0 || trays[*head-1].n == int32(len(tray{}.glances)) {
		if len(trays) == cap(trays) {
			more := make([]tray, len(trays), cap(trays)+cap(trays)/4+64)
			copy(more, trays)
			trays = more
		}
		trays = append(trays, tray{next: *head})
		*head, p.trays[table] = int32(len(trays)), trays
	}
	t := &trays[*head-1]
	t.glances[t.n] = glance{look(h, table), pic}
	t.n++
}

func (p *pictures) find(i int32) int32 {
	for p.parent[i] != i {
		p.parent[i] = p.parent[p.parent[i]]
		i = p.parent[i]
	}
	return i
}

// add returns the number of the picture, or -1 for a blank one that tells nothing.
func (p *pictures) add(h uint64) int32 {
	if n := bits.OnesCount64(h); n < 8 || n > 56 {
		return -1
	}
	got, exact := int32(-1), false
	for t := range p.heads {
		part, rest, trays := uint16(h>>(16*t)), look(h, t), p.trays[t]
		for flip := -1; flip < 16; flip++ {
			k := part
			if flip >= 0 {
				k ^= 1 << flip
			}
			for at := p.heads[t][k]; at != 0; at = trays[at-1].next {
				x := &trays[at-1]
				for _, g := range x.glances[:x.n] {
					if bits.OnesCount32(g.bits^rest) > pictureBits {
						continue
					}
					d := bits.OnesCount64(p.hashes[g.pic] ^ h)
					if d > pictureBits {
						continue
					}
					exact = exact || d <= 3
					got = p.same(got, p.find(g.pic))
				}
			}
		}
	}
	if got >= 0 && exact {
		return got
	}
	i := int32(len(p.hashes))
	p.hashes = append(p.hashes, h)
	p.parent = append(p.parent, i)
	for t := range p.heads {
		p.put(t, i)
	}
	if got >= 0 {
		p.parent[i] = got
		return got
	}
	return i
}

// same makes one of two pictures, if there are two, and gives its number.
func (p *pictures) same(a, b int32) int32 {
	if a < 0 || a == b {
		return b
	}
	a, b = min(a, b), max(a, b)
	p.parent[b] = a
	return a
}
