package weigh

import (
	"encoding/binary"
	"fmt"
)

// Shards are the processes that hold the table of 3-grams of a round and compare its texts.
type Shards interface {
	// Len is how many there are, MostShards at most.
	Len() int
	// Ask sends all of them a message and gives what each answers, in their order. The
	// message is theirs until then.
	Ask(msg []byte) ([][]byte, error)
	// End lets them go. The error, if any, is why the work was not done to its end.
	End(err error)
}

// shareTexts has shards compare texts. It gives what addAll gives alone, or an error, when
// some of it was taken already.
func shareTexts(s Shards, n int, text func(int) []uint32, take func(int, placed)) (t *texts, err error) {
	defer func() { s.End(err) }()
	if s.Len() < 1 || s.Len() > MostShards {
		return nil, fmt.Errorf("%d shards: there can be %d", s.Len(), MostShards)
	}
	w := &sharing{s: s, t: newTexts(0), text: text, outcome: []byte{0}}
	w.t.joined = func(a, b int32) { w.unions = append(w.unions, pair{a, b}) }
	for from := 0; from < n; {
		to := min(n, from+together(from))
		if err := w.draw(from, to); err != nil {
			return nil, err
		}
		fresh := int32(len(w.t.units))
		w.outcome = binary.AppendUvarint(w.outcome[:0], uint64(to-from))
		for k := range w.batch[:to-from] {
			take(from+k, w.place(k, fresh))
		}
		from = to
	}
	return w.t, w.gather(n)
}

// A sharing is the work of who has texts compared by shards: it places them.
type sharing struct {
	s       Shards
	t       *texts // the table has what placing needs
	text    func(int) []uint32
	from    int                    // the first text of the batch
	words   [mostTogether][]uint32 // of the batch
	batch   [mostTogether]drawn
	doubted [mostTogether]bool // may follow another text of the batch
	said    gramSet            // by texts of the batch that are of no unit
	wanted  gramSet
	unions  []pair // that a text made
	outcome []byte
	msg     []byte
}

// draw has a batch of texts compared.
func (w *sharing) draw(from, to int) error {
	t := w.t
	w.from = from
	w.msg = appendPlace(append(append(w.msg[:0], askBatch), w.outcome...), from, len(t.units))
	w.msg = binary.AppendUvarint(w.msg, uint64(to-from))
	for k := from; k < to; k++ {
		ws := w.text(k)
		w.words[k-from] = ws
		w.msg = binary.AppendUvarint(w.msg, uint64(len(ws)))
		for _, x := range ws {
			w.msg = binary.LittleEndian.AppendUint32(w.msg, x)
		}
	}
	answers, err := w.ask(w.msg)
	if err != nil {
		return err
	}
	for number, b := range answers {
		p := Unpack(b)
		if !p.place(from, len(t.units)) {
			return ErrLost
		}
		first, end := slice(to-from, number, len(answers))
		for k := first; k < end; k++ {
			w.batch[k].take(p, t, w.words[k])
		}
		if p.Err() != nil || p.Left() {
			return ErrPacked
		}
	}
	return w.doubt(to - from)
}

func (w *sharing) ask(msg []byte) ([][]byte, error) {
	answers, err := w.s.Ask(msg)
	if err == nil && len(answers) != w.s.Len() {
		err = ErrLost
	}
	return answers, err
}

// doubt finds the texts that may follow others of the batch, and fetches who says what
// they say: they are compared once more here, when those are placed.
func (w *sharing) doubt(n int) error {
	t := w.t
	w.said.clear()
	w.wanted.clear()
	w.msg = appendPlace(append(w.msg[:0], askLists), w.from, len(t.units))
	for k := range w.batch[:n] {
		d := &w.batch[k]
		if w.doubted[k] = false; d.known() {
			continue
		}
		if w.doubted[k] = w.mayFollow(d); w.doubted[k] {
			for _, s := range d.spots {
				if w.wanted.add(s.gram) {
					w.msg = binary.LittleEndian.AppendUint32(w.msg, s.gram)
				}
			}
		}
		for _, s := range d.spots {
			w.said.add(s.gram)
		}
	}
	for x := range t.said {
		t.said[x].clear()
	}
	if w.wanted.n == 0 {
		return nil
	}
	answers, err := w.ask(w.msg)
	if err != nil {
		return err
	}
	return w.take(answers)
}

// mayFollow reports whether follows may say so, whichever of the 3-grams that texts before
// it in the batch say turn out to be of new units. What a spot is worth depends on how far
// behind the last one it stands, so one that is left out may make the next worth more: it
// goes by the choice that comes to most.
func (w *sharing) mayFollow(d *drawn) bool {
	const rounding = 0.01 // bits
	need := textBits + lg(len(w.t.units)+64) - rounding
	most := float32(0)        // what a choice of spots comes to at most, the last of which stands shingle words back or more;
	var back [shingle]float32 // and so many words back
	at := int32(0)
	for _, s := range d.spots {
		for ; at < s.at; at++ {
			most = max(most, back[shingle-1])
			copy(back[1:], back[:])
			back[0] = 0
		}
		if s.rare < leastRare || !w.said.has(s.gram) {
			continue
		}
		back[0] = most + s.rare
		for k := 1; k < shingle; k++ {
			back[0] = max(back[0], back[k]+s.rare*float32(k)/shingle)
		}
		if back[0] >= need {
			return true
		}
	}
	return false
}

// take reads answers that say who says what.
func (w *sharing) take(answers [][]byte) error {
	for number, b := range answers {
		if err := w.t.takeCells(Unpack(b), func(x uint32) bool { return int(x)%len(answers) == number }); err != nil {
			return err
		}
	}
	return nil
}

// place places a text of the batch, and notes for the shards what became of it.
func (w *sharing) place(k int, fresh int32) placed {
	t, d := w.t, &w.batch[k]
	w.unions = w.unions[:0]
	p := t.place(d)
	if p.unit < 0 && w.doubted[k] && t.follows(d.spots, fresh) {
		t.own.draw(t, w.words[k], d, asks(w.from+k))
		p = t.place(d)
	}
	b := binary.AppendUvarint(w.outcome, uint64(len(w.unions)))
	for _, u := range w.unions {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(u.a)), uint64(u.b))
	}
	w.outcome = appendMeetings(binary.AppendUvarint(b, uint64(p.unit+1)), d.beside)
	if p = t.enter(d, p); d.own < 0 {
		for _, s := range d.spots {
			if w.wanted.has(s.gram) {
				t.said[shardOf(s.gram)].say(t, s.gram, p.unit, true)
			}
		}
	}
	return p
}

// gather fetches the whole table when all is placed.
func (w *sharing) gather(n int) error {
	t := w.t
	t.joined = nil
	w.msg = append(appendPlace(append(append(w.msg[:0], askBatch), w.outcome...), n, len(t.units)), 0)
	answers, err := w.ask(w.msg)
	if err != nil {
		return err
	}
	for _, b := range answers {
		if !Unpack(b).place(n, len(t.units)) {
			return ErrLost
		}
	}
	for x := range t.said {
		t.said[x] = shard{cells: make([]cell, 64)}
		if answers, err = w.ask(append(appendPlace([]byte{askTable}, n, len(t.units)), byte(x))); err == nil {
			err = w.take(answers)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
