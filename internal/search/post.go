package search

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"vigil.example/internal/ad"
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

// sureMetro is the confidence from which a place is counted, sureAuthor that from
// which a contact is an author's.
const (
	sureMetro  = .5
	sureAuthor = .5
)

// PostOf is what counting needs of an ad; false when there is nothing to count.
func PostOf(v *ad.Ad) (Post, bool) {
	if v.Side == nil || v.Side.Side == ad.SideOther || v.Via != ad.ViaCrawl {
		return Post{}, false
	}
	p := Post{Side: v.Side.Side, Site: v.Site, At: v.PostedAt, Ad: hashOf(v.AdID), Text: hashOf(v.Title, v.Body), ReadBy: v.EnrichedBy}
	if p.At.IsZero() || p.At.After(v.SeenAt) {
		p.At = v.SeenAt
	}
	p.At = p.At.UTC().Truncate(time.Microsecond)
	for _, at := range v.Places {
		if at.Metro != "" && at.Confidence >= sureMetro {
			p.Metro = at.Metro
			break
		}
	}
	if vs := v.Values(sureAuthor); len(vs) > 0 {
		p.Author = hashOf(vs[0].Kind, vs[0].Value)
	}
	copy(p.Signature[:], v.Signature)
	return p, true
}

func hashOf(parts ...string) uint64 {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}
