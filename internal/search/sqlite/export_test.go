package sqlite

// RankAtMost lets few matches be ranked, so that few documents show what happens to
// the others.
func (x *Index) RankAtMost(n int) { x.most = n }
