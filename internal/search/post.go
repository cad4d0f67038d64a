package search

import (
	"context"
	"time"
)

// A Post is what counting needs of one document that offers or seeks somebody's
// paid time: no word of it, and no value that anybody gives.
type Post struct {
	Side      string // ad.SideSupply or ad.SideDemand
	Metro     string // of its best place, "" when that is not sure enough
	Site      string
	At        time.Time // posted, as the site says; first seen when it says nothing
	Ad        uint64    // differs between ads
	Text      uint64    // equal for equal texts
	Signature [4]uint64 // min-hashes of the text; zeros when it has too few words
	Author    uint64    // equal for posts that give the same first contact; 0 for none
	ReadBy    string    // program and pipeline that read it
}

// A Counter gives what there is to count.
type Counter interface {
	// Posts calls f with every post that a crawl found; what people brought in was
	// chosen by them and is left out. The order is that of time, then of the text.
	Posts(ctx context.Context, f func(Post)) error
}
