package phone

// kin adds to the chosen numbers those that the text gives by their last digits
// behind one that it gives whole: "912-555-0123 or 0124", "(912) 555-0123 / 0124",
// "area code 912: day 555-0123, night 555-0124".
func (r *reader) kin(chosen []candidate) []candidate {
	for i := 0; i < len(chosen); i++ {
		limit := int32(len(r.chunks))
		if i+1 < len(chosen) {
			limit = chosen[i+1].start
		}
		if chosen[i].end >= limit {
			continue
		}
		if c, ok := r.sibling(&chosen[i], limit); ok {
			more := make([]candidate, 0, len(chosen)+1)
			more = append(append(append(more, chosen[:i+1]...), c), chosen[i+1:]...)
			chosen = more
		}
	}
	return chosen
}

// sibling reads the number that follows a number and shares its first digits.
func (r *reader) sibling(of *candidate, limit int32) (candidate, bool) {
	k := int(of.end)
	either := r.chunks[k].gap&gapSlash != 0
	comma := r.chunks[k].gap&(gapComma|gapSlash|gapParen|gapEqual) != 0 // & is one of the last
	either = either || r.chunks[k].gap&gapDash != 0 && comma            // ", -0145"
	strange := 0
	if named := r.ending(k, int(limit)); named > k {
		k, either, comma = named, true, true
	}
	for ; k < int(limit) && k < int(of.end)+4 && r.chunks[k].edges == r.chunks[k].after || k == int(of.end) && r.spells(k, "o", "u"); k++ {
		c := &r.chunks[k]
		switch {
		case c.gap&(gapEnd|gapLine) != 0 || c.digits > 0:
			return candidate{}, false
		case r.spells(k, "or", "o", "u"):
			either = true
		case c.w == wordAnd:
			comma = true
		case c.w.sort() == wordFiller, c.w.sort() == wordPhone, c.w.sort() == wordArea:
		case c.w == wordNone && c.letters > 1:
			strange++
		default:
			return candidate{}, false
		}
	}
	if k >= int(limit) || !either && !comma || r.chunks[k].gap&(gapEnd|gapLine|gapMoney|gapHash|gapPlus) != 0 {
		return candidate{}, false
	}
	p, ok := r.partAt(k)
	if !ok || p.end > limit || p.v >= pow10[p.n] || r.money(int(p.end)) {
		return candidate{}, false
	}
	year := p.n == 4 && (p.v/100 == 19 || p.v/100 == 20)
	lines := r.told&(1<<wordColumn.value()) != 0
	tight := k == int(of.end) && r.chunks[k].gap == gapSlash
	switch p.n {
	case 7:
		if of.country != 1 || !exchange(p.v/1e4) || p.steps == 1 || p.steps == 2 && r.edges[p.trail[0]].n != 3 || strange > 1 {
			return candidate{}, false
		}
	case 4:
		alone := r.alone(int(p.end))
		if strange > 0 || !tight && (year || !alone) || !either && !lines && of.marks&markShared == 0 {
			return candidate{}, false
		}
	case 2:
		if next := r.chunk(int(p.end)); !tight || next != nil && next.gap&gapSlash != 0 {
			return candidate{}, false
		}
	default:
		return candidate{}, false
	}
	if r.disowned(int(p.start), int(p.end)) {
		return candidate{}, false
	}
	c := candidate{path: path{start: p.start, at: p.end, n: p.n, v: p.v, steps: p.steps, how: p.how}, end: p.end, country: of.country, digits: of.digits,
		nation: of.nation/pow10[p.n]*pow10[p.n] + p.v, score: of.score - .4 - p.cost, marks: markShared | of.marks&markCue, trail: p.trail}
	return c, c.score > 0
}

// ending returns the chunk behind words that say how another number ends, k when there
// are none: "or the same ending in 0145", "si no contesto termina en 0145".
func (r *reader) ending(k, limit int) int {
	told := k
	for to := k; to < limit && to < k+9 && r.chunks[to].gap&(gapEnd|gapLine) == 0; to++ {
		c := &r.chunks[to]
		switch {
		case c.digits > 0:
			if told > k && to <= told+3 && c.digits == 4 {
				return to
			}
			return k
		case c.w == wordLast && !r.spells(to, "last", "ultimos", "final"):
			told = to
		case c.w.sort() == wordID, c.w.sort() == wordLabel, c.w.sort() == wordDead:
			return k
		}
	}
	return k
}

// alone reports whether nothing but the end of a clause follows at chunk i.
func (r *reader) alone(i int) bool {
	c := r.chunk(i)
	if c == nil || c.gap&(gapEnd|gapLine|gapComma|gapParen|gapColon|gapSlash|gapDash|gapSign|gapMark|gapDot) != 0 {
		return true
	}
	s := c.w.sort()
	return s == wordPhone || s == wordFiller || s == wordAnd || r.spells(i, "or", "o", "u")
}

// money reports whether chunk i is an amount of something.
func (r *reader) money(i int) bool { return r.word(i).sort() == wordMeasure }
