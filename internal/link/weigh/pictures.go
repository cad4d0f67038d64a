package weigh

import "math/bits"

// pictures tells copies of one picture by their perceptual hashes. A hash joins
// the pictures that it lies near to; four tables of 16 bits, probed with at most
// one bit flipped, find all within seven bits.
type pictures struct {
	tables [4][][]glance // by the 16 bits
	hashes []uint64      // the first hash seen of each picture
	parent []int32
}

// A glance is a picture, and 32 bits of its hash that do not belong to the table.
type glance struct {
	bits uint32
	pic  int32
}

func look(h uint64, table int) uint32 { return uint32(bits.RotateLeft64(h, -16*(table+1))) }

const pictureBits = 8 // that copies may differ in

func newPictures() *pictures {
	p := &pictures{}
	for i := range p.tables {
		p.tables[i] = make([][]glance, 1<<16)
	}
	return p
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
	for t := range p.tables {
		part, rest := uint16(h>>(16*t)), look(h, t)
		for flip := -1; flip < 16; flip++ {
			k := part
			if flip >= 0 {
				k ^= 1 << flip
			}
			for _, g := range p.tables[t][k] {
				if bits.OnesCount32(g.bits^rest) > pictureBits {
					continue
				}
				i := g.pic
				d := bits.OnesCount64(p.hashes[i] ^ h)
				if d > pictureBits {
					continue
				}
				exact = exact || d <= 3
				i = p.find(i)
				switch {
				case got < 0 || got == i:
					got = i
				default:
					a, b := min(got, i), max(got, i)
					p.parent[b] = a
					got = a
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
	for t := range p.tables {
		k := uint16(h >> (16 * t))
		p.tables[t][k] = append(p.tables[t][k], glance{look(h, t), i})
	}
	if got >= 0 {
		p.parent[i] = got
		return got
	}
	return i
}
