package link

import "time"

// When a round begins, in lengths of the last one.
const (
	busyRounds  = 3  // when ads have grown by half
	quietRounds = 4  // without an ad
	slowRounds  = 20 // at most, when ads keep coming
	quietLeast  = 200 * time.Millisecond
	slowLeast   = 2 * time.Second
)

// A Tempo says when the next round begins: a round takes time in proportion to all ads,
// so it does not follow every ad. The zero value is that of a linker without a round.
type Tempo struct {
	Took  time.Duration // of the last round
	Ended time.Time
	Ads   int // of it
}

// Due reports whether a round is to begin: so much has changed since the last, of so
// many ads, and the last ad came then.
func (p Tempo) Due(now, came time.Time, changed, ads int) bool {
	since := now.Sub(p.Ended)
	switch {
	case changed == 0:
		return false
	case p.Ended.IsZero():
		return true
	case 2*ads >= 3*p.Ads && since >= busyRounds*p.Took:
		return true
	case now.Sub(came) >= max(quietLeast, quietRounds*p.Took):
		return true
	}
	return since >= max(slowLeast, slowRounds*p.Took)
}
