package desk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/query"
)

// MaxLive is how many live searches one process serves at once to pages, and how many
// to tokens: programs that listen leave people's pages their own.
const MaxLive = 24

// What ends a live search, or keeps it from beginning.
var (
	// ErrManyLive says that MaxLive are under way.
	ErrManyLive = errors.New("as many live searches run as are served at once")
	// ErrRenewed says that the index was exchanged for another one, which has other
	// places: search again.
	ErrRenewed = errors.New("the index was built anew")
	// ErrPlace says that a text is no place.
	ErrPlace = errors.New("it is no id of an event of a live search")
)

// A Place says how far the index that is searched has taken in the ads of a
// generation. The zero Place is now.
type Place struct {
	Generation int
	Seq        uint64
}

// String writes a place as ReadPlace reads it.
func (p Place) String() string { return fmt.Sprintf("%d-%d", p.Generation, p.Seq) }

// ReadPlace reads a place; "" is the zero Place.
func ReadPlace(s string) (p Place, err error) {
	if s == "" {
		return p, nil
	}
	gen, seq, _ := strings.Cut(s, "-")
	if p.Generation, err = strconv.Atoi(gen); err == nil {
		p.Seq, err = strconv.ParseUint(seq, 10, 63)
	}
	if err != nil || p.Generation < 1 || p.String() != s {
		return Place{}, ErrPlace
	}
	return p, nil
}

// Arrivals tells of ads that the index takes in.
type Arrivals interface {
	// Arrivals calls f with the versions of ads that came into the index behind a
	// place, in order and each once, with the place that is reached then; with none at
	// once, and every few seconds. It ends with ctx, with f's error, or with
	// ErrRenewed.
	Arrivals(ctx context.Context, after Place, f func(Place, []*ad.Ad) error) error
}

// An Arrived is a document that has come to match a live search.
type Arrived struct {
	Doc   ad.Document
	Spans []ad.Span
}

// Live tells of new documents that match what a person typed, as they come into the
// index. f is called with the place that is reached and with what was found there,
// with nothing at once, and every few seconds. Before each call again says who is
// asking now: a live search ends with the token or the role that it was begun with.
// What is found is in the audit log before f hears of it.
func (d *Desk) Live(ctx context.Context, again func() (access.Subject, error), text string, after Place, f func(Place, []Arrived) error) error {
	s, err := again()
	if err != nil {
		return err
	}
	e := audit.Entry{Action: "search.live", Query: text}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return err
	}
	n, err := query.Parse(text)
	if err != nil {
		return err
	}
	for _, v := range query.Asked(n) {
		if len(e.Values) < audit.MaxValues {
			e.Values = append(e.Values, v.Value)
		}
	}
	live := &d.paged
	if s.Via == access.ViaToken {
		live = &d.followed
	}
	if live.Add(1) > MaxLive {
		live.Add(-1)
		return ErrManyLive
	}
	defer live.Add(-1)
	if err := d.log(ctx, s, e); err != nil {
		return err
	}
	return d.Arrivals.Arrivals(ctx, after, func(at Place, as []*ad.Ad) error {
		s, err := again()
		if err == nil {
			err = s.May(access.ActRead)
		}
		if err != nil {
			return err
		}
		found, err := d.finds(ctx, n, as)
		if err != nil {
			return err
		}
		if e.Count = len(found); e.Count > 0 {
			if err := d.log(ctx, s, e); err != nil {
				return err
			}
		}
		return f(at, found)
	})
}

// finds are the documents that arrived with ads for the first time and match.
func (d *Desk) finds(ctx context.Context, n query.Node, as []*ad.Ad) ([]Arrived, error) {
	var out []Arrived
	for _, a := range as {
		id := ad.DocumentID(a.AdID, a.ContentSHA256)
		// Most ads match no query of anybody's; the index is asked about those that
		// may, for the cluster they are in and whether they were there before.
		first := ad.Document{ID: id, Ad: *a, FirstSeen: a.SeenAt, LastSeen: a.SeenAt, Sightings: 1, Current: true}
		if !query.Match(n, &first) && !strings.Contains(n.String(), "cluster:") {
			continue
		}
		docs, seen, err := d.Index.Versions(ctx, a.AdID)
		if errors.Is(err, ad.ErrNotFound) { // erased since
			continue
		} else if err != nil {
			return nil, fmt.Errorf("search live: %w", err)
		}
		for _, x := range seen { // in the order of time
			if x.DocumentID == id {
				if x.VersionID != a.VersionID {
					id = "" // this content was there before
				}
				break
			}
		}
		for i := range docs {
			if docs[i].ID == id && query.Match(n, &docs[i]) {
				out = append(out, Arrived{docs[i], query.Spans(n, &docs[i])})
			}
		}
	}
	return out, nil
}
