package app

import (
	"sync"

	"vigil.example/internal/ad"
)

// freshKept is how many records of one kind are remembered decoded.
const freshKept = 4096

// fresh remembers what was just written, decoded: the steps that read it next,
// mostly in this process and within moments, need not decode it again. What it
// gives out is shared and must not be changed. Records of equal id differ from
// generation to generation.
type fresh struct {
	listings, ads ring
	read          func(ad.Message) (ad.Ad, error) // how an ad is decoded
}

// A freshKey is a message id in a generation.
type freshKey struct {
	gen int
	id  string
}

// A ring holds the newest values by the ids of their messages.
type ring struct {
	mu    sync.Mutex
	byID  map[freshKey]any
	order [freshKept]freshKey
	next  int
}

func (r *ring) put(id freshKey, v any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil {
		r.byID = make(map[freshKey]any, freshKept)
	}
	if _, ok := r.byID[id]; !ok {
		delete(r.byID, r.order[r.next])
		r.order[r.next] = id
		r.next = (r.next + 1) % freshKept
	}
	r.byID[id] = v
}

func (r *ring) get(id freshKey) (any, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.byID[id]
	return v, ok
}

// clear forgets everything: after an erasure.
func (f *fresh) clear() {
	for _, r := range []*ring{&f.listings, &f.ads} {
		r.mu.Lock()
		r.byID, r.order, r.next = nil, [freshKept]freshKey{}, 0
		r.mu.Unlock()
	}
}

// ad returns the ad of a message, decoded at most once while it is fresh.
func (f *fresh) ad(gen int, m ad.Message) (*ad.Ad, error) {
	a, err := f.look(gen, m)
	if err == nil {
		f.ads.put(freshKey{gen, m.ID}, a)
	}
	return a, err
}

// look is ad for who looks back: what it had to decode is not kept.
func (f *fresh) look(gen int, m ad.Message) (*ad.Ad, error) {
	if v, ok := f.ads.get(freshKey{gen, m.ID}); ok {
		return v.(*ad.Ad), nil
	}
	a, err := f.read(m)
	return &a, err
}

// listing is ad for a listing; the caller may change its copy's fields.
func (f *fresh) listing(gen int, m ad.Message) (ad.Listing, error) {
	if v, ok := f.listings.get(freshKey{gen, m.ID}); ok {
		return v.(ad.Listing), nil
	}
	return decode[ad.Listing](m)
}
