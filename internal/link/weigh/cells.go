package weigh

import (
	"encoding/binary"
	"math"
)

// This file writes who says a 3-gram as bytes and reads it back.

// What follows a 3-gram: one unit, a list, or nothing, where everybody says it.
const (
	cellOne = iota
	cellList
	cellCrowd
	cellKinds
)

// appendCell writes who says a 3-gram, if anybody does and it lies here. For comparing
// alone a list of what everybody says is left out, since nobody looks at it.
func (t *texts) appendCell(b []byte, gram uint32, comparing bool, keeps func(uint32) bool) []byte {
	part := shardOf(gram)
	if !keeps(part) {
		return b
	}
	s := &t.said[part]
	c := s.cells[s.find(gram)]
	if c.unit == 0 {
		return b
	}
	b = binary.LittleEndian.AppendUint32(b, gram)
	n := uint64(c.n) * cellKinds
	if c.unit > 0 {
		return binary.AppendUvarint(binary.AppendUvarint(b, n+cellOne), uint64(c.unit-1))
	}
	if owners := c.owners(); comparing && owners > 0 && lg(len(t.units)+64)-lg(owners+1) < leastRare {
		return binary.AppendUvarint(b, n+cellCrowd)
	}
	b = binary.AppendUvarint(b, n+cellList)
	for _, p := range s.says(c, nil) {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(p.unit)), uint64(p.ads))
	}
	return b
}

// takeCells reads what appendCell wrote, of 3-grams that are not there yet and may come
// from who sent it.
func (t *texts) takeCells(p *Packed, from func(part uint32) bool) error {
	for p.Left() {
		gram, n := p.word(), p.Uint()
		kind, part := n%cellKinds, shardOf(gram)
		if n /= cellKinds; n == 0 || n > math.MaxInt32 || !from(part) {
			return ErrPacked
		}
		s := &t.said[part]
		c := cell{gram: gram, n: int32(n)}
		switch kind {
		case cellOne:
			c.unit = p.Less(len(t.units)) + 1
		case cellCrowd:
			if len(s.lists) == 0 {
				s.lists = append(s.lists, posting{}) // looked at by nobody
			}
			c.unit = -1
		default:
			listed := c.listed()
			if listed == 0 || listed > crowded {
				return ErrPacked
			}
			at := s.room(listed)
			for i := range listed {
				s.lists[at+i] = posting{p.Less(len(t.units)), p.Less(math.MaxInt32)}
			}
			c.unit = -at - 1
		}
		if p.bad {
			return ErrPacked
		}
		if s.used++; s.used > len(s.cells)*3/4 {
			s.grow()
		}
		s.cells[s.find(gram)] = c
	}
	return p.Err()
}

// clear forgets who says what.
func (s *shard) clear() {
	clear(s.cells)
	s.used, s.lists, s.free = 0, s.lists[:0], [len(lengths)][]int32{}
}

// A gramSet is a set of 3-grams.
type gramSet struct {
	all  []stamped
	turn uint32
	n    int
}

type stamped struct{ gram, turn uint32 }

func (g *gramSet) clear() {
	if g.turn++; g.turn == 0 || len(g.all) == 0 {
		g.all, g.turn = make([]stamped, max(len(g.all), 1<<10)), 1
	}
	g.n = 0
}

func (g *gramSet) find(gram uint32) *stamped {
	mask := uint32(len(g.all) - 1)
	k := gram & mask
	for g.all[k].turn == g.turn && g.all[k].gram != gram {
		k = (k + 1) & mask
	}
	return &g.all[k]
}

func (g *gramSet) has(gram uint32) bool { return g.find(gram).turn == g.turn }

// add reports whether it was not there.
func (g *gramSet) add(gram uint32) bool {
	at := g.find(gram)
	if at.turn == g.turn {
		return false
	}
	*at = stamped{gram, g.turn}
	if g.n++; 2*g.n > len(g.all) {
		old, turn := g.all, g.turn
		g.all = make([]stamped, 2*len(old))
		for _, x := range old {
			if x.turn == turn {
				*g.find(x.gram) = x
			}
		}
	}
	return true
}
