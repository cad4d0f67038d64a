// Package signature is the enricher that computes a text signature: four
// independent min-hashes of the word 3-grams of title and body (Broder, On the
// resemblance and containment of documents, 1997), as its poster wrote them. Two texts agree on each of
// them with the probability that is their Jaccard similarity. Words with digits
// are left out, so that numbers and prices do not make copies look unlike. It
// fills Ad.Signature.
package signature

import (
	"context"
	"hash/fnv"

	"vigil.example/internal/ad"
	"vigil.example/internal/text"
)

const (
	hashes = 4
	gram   = 3
)

// Signature computes text signatures.
type Signature struct{}

// New returns the enricher.
func New() Signature { return Signature{} }

// Name is the enricher's name in the table.
func (Signature) Name() string { return "signature" }

// Enrich fills a.Signature; a text without words gets none.
func (Signature) Enrich(_ context.Context, a *ad.Ad) error {
	title, body := a.Poster()
	words := wordHashes(title + "\n" + body)
	a.Signature = nil
	if len(words) == 0 {
		return nil
	}
	sig := [hashes]uint64{}
	for i := range sig {
		sig[i] = ^uint64(0)
	}
	for i := range max(1, len(words)-gram+1) {
		var g uint64
		for _, w := range words[i:min(i+gram, len(words))] {
			g = mix(g ^ w)
		}
		for k := range sig {
			sig[k] = min(sig[k], mix(g+uint64(k+1)*0x9e3779b97f4a7c15))
		}
	}
	a.Signature = sig[:]
	return nil
}

func wordHashes(s string) []uint64 {
	tokens := text.Tokens(s)
	out := make([]uint64, 0, len(tokens))
	for _, t := range tokens {
		if digits(t.Text) {
			continue
		}
		h := fnv.New64a()
		_, _ = h.Write([]byte(t.Text))
		out = append(out, h.Sum64())
	}
	return out
}

func digits(s string) bool {
	for _, r := range s {
		if r >= '0' && r <= '9' {
			return true
		}
	}
	return false
}

// mix is the finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection that
// spreads every bit.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
