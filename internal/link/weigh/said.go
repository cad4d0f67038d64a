package weigh

// Who said what: of every word 3-gram, the units whose ads say it. A 3-gram lies in
// one of the shards, so that several can learn beside each other.
const (
	shards  = 16
	crowded = 24 // units that are listed of one 3-gram
)

type shard struct {
	cells []cell
	used  int
	lists []posting
	free  [len(lengths)][]int32 // lists that are no longer used, by length
}

// lengths are the lengths of lists.
var lengths = [...]int32{2, 4, 8, 16, crowded}

// A cell is of one 3-gram.
type cell struct {
	gram uint32
	unit int32 // 0 when nobody says it; the one unit that does, and 1; or less than 0, -1 - where the list of them begins
	n    int32 // ads of the one unit; of a list, how many units it has, and times 32 how many more came when it was full
}

type posting struct {
	unit, ads int32 // of the unit that say it
}

func (c cell) listed() int32 { return c.n & 31 }

// owners is how many units say a 3-gram of which not all are listed.
func (c cell) owners() int {
	if c.unit < 0 && c.n >= 32 {
		return crowded + int(c.n>>5)
	}
	return 0
}

func shardOf(gram uint32) uint32 { return gram >> 28 }

// find gives the place of the cell of a 3-gram, or of the empty one where it would be.
func (s *shard) find(gram uint32) uint32 {
	mask := uint32(len(s.cells) - 1)
	k := gram & mask
	for s.cells[k].unit != 0 && s.cells[k].gram != gram {
		k = (k + 1) & mask
	}
	return k
}

// says lists the units that say a 3-gram. one is for the answer.
func (s *shard) says(c cell, one *[1]posting) []posting {
	switch {
	case c.unit == 0:
		return nil
	case c.unit > 0:
		one[0] = posting{c.unit - 1, c.n}
		return one[:]
	}
	from := -c.unit - 1
	return s.lists[from : from+c.listed()]
}

// room makes a list of at least n places.
func (s *shard) room(n int32) int32 {
	for k, long := range lengths {
		if long < n {
			continue
		}
		if f := s.free[k]; len(f) > 0 {
			s.free[k] = f[:len(f)-1]
			return f[len(f)-1]
		}
		at := int32(len(s.lists))
		if len(s.lists)+int(long) > cap(s.lists) {
			more := make([]posting, len(s.lists), cap(s.lists)+cap(s.lists)/4+64)
			copy(more, s.lists)
			s.lists = more
		}
		s.lists = s.lists[:len(s.lists)+int(long)]
		clear(s.lists[at:])
		return at
	}
	panic("a list longer than the longest")
}

// full reports whether a list of n has no place left, and which length it has.
func full(n int32) (bool, int) {
	for k, long := range lengths {
		if n <= long {
			return n == long, k
		}
	}
	return true, len(lengths) - 1
}

// say notes that an ad of a unit says a 3-gram; first, that it is the unit's first.
func (s *shard) say(t *texts, gram uint32, u int32, first bool) {
	k := s.find(gram)
	c := &s.cells[k]
	switch {
	case c.unit == 0:
		if s.used++; s.used > len(s.cells)*3/4 {
			s.grow()
			c = &s.cells[s.find(gram)]
		}
		*c = cell{gram, u + 1, 1}
		return
	case c.unit > 0:
		v := c.unit - 1
		if v == u || t.root(v) == u {
			c.unit, c.n = u+1, c.n+1
			return
		}
		at := s.room(2)
		s.lists[at], s.lists[at+1] = posting{v, c.n}, posting{u, 1}
		c.unit, c.n = -at-1, 2
		return
	}
	from, n := -c.unit-1, c.listed()
	list := s.lists[from : from+n]
	for i := range list {
		if list[i].unit == u {
			list[i].ads++
			return
		}
	}
	is, size := full(n)
	if !is {
		s.lists[from+n] = posting{u, 1}
		c.n++
		return
	}
	list, own := t.merge(list, u)
	if own >= 0 {
		list[own].ads++
		c.n = c.n&^31 | int32(len(list))
		return
	}
	if c.n = c.n&^31 | int32(len(list)); int32(len(list)) < n {
		s.lists[from+c.listed()] = posting{u, 1}
		c.n++
		return
	}
	if n < crowded {
		at := s.room(n + 1)
		copy(s.lists[at:], s.lists[from:from+n])
		s.lists[at+n] = posting{u, 1}
		s.free[size] = append(s.free[size], from)
		c.unit, c.n = -at-1, c.n+1
		return
	}
	if first || c.n < 32 { // its edits do not make it many
		c.n += 32
	}
	weak, least := -1, t.units[u].ads
	for i, p := range list {
		if a := t.units[t.root(p.unit)].ads; a < least {
			weak, least = i, a
		}
	}
	if weak >= 0 { // the place is for the unit that says it most
		list[weak] = posting{u, 1}
	}
}

// merge makes one of the postings of units that have become one, and finds that of u.
func (t *texts) merge(list []posting, u int32) (out []posting, own int) {
	out, own = list[:0], -1
next:
	for _, p := range list {
		p.unit = t.root(p.unit)
		for i := range out {
			if out[i].unit == p.unit {
				out[i].ads += p.ads
				continue next
			}
		}
		if p.unit == u {
			own = len(out)
		}
		out = append(out, p)
	}
	return out, own
}

func (s *shard) grow() {
	old := s.cells
	s.cells = make([]cell, 2*len(old))
	for _, c := range old {
		if c.unit != 0 {
			s.cells[s.find(c.gram)] = c
		}
	}
}

// owners counts the units that say a 3-gram.
func (t *texts) owners(gram uint32) int {
	s := &t.said[shardOf(gram)]
	c := s.cells[s.find(gram)]
	if n := c.owners(); n > 0 {
		return n
	}
	if c.unit < 0 {
		return int(c.listed())
	}
	return int(min(c.unit, 1))
}
