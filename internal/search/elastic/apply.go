package elastic

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
)

// This file changes what is known of ads in memory: every change is a thing that
// was seen, noted once, so that the same changes give the same state in whatever
// order and however often they come. What a document shows follows from the state.

// An adState is all that is known of an ad but what it says. Times are
// microseconds since 1970.
type adState struct {
	Seen     []sighting `json:"seen"`     // in order of time, then of version
	Gone     []int64    `json:"gone"`     // removals, in order
	Readings []reading  `json:"readings"` // one for each content, in the order of arrival; the first lies in the document of the ad itself
	Cluster  string     `json:"cluster"`
	Seq      uint64     `json:"cluster_seq"` // of the link that said so
	Joined   string     `json:"joined"`
	Labels   []string   `json:"labels"`
	Labelled uint64     `json:"labels_seq"` // of the change that said so
}

type sighting struct {
	At       int64  `json:"t"`
	Version  string `json:"v"`
	Document string `json:"d"`
	Capture  string `json:"c"`
	Seq      uint64 `json:"s"`
}

func (a sighting) compare(b sighting) int {
	return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.Version, b.Version))
}

// A reading says which reading of a content is shown.
type reading struct {
	Document string    `json:"d"`
	Decided  uint64    `json:"decided"`
	SeenAt   time.Time `json:"at"`
	Version  string    `json:"v"`
}

// compare is less than 0 for the reading that counts rather than the other: it knew
// more decisions about the ad, or as many and is of an earlier sighting.
func (a reading) compare(b reading) int {
	return cmp.Or(cmp.Compare(b.Decided, a.Decided), a.SeenAt.Compare(b.SeenAt), strings.Compare(a.Version, b.Version))
}

// An adChange is an ad under change.
type adChange struct {
	id    string
	state adState
	said  map[string]said // by document: the readings of these changes that count
	fresh bool            // there is nothing of it in the index
	moved bool            // the state differs from what is in the index

	seqNo, term int64 // of what is in the index
	written     int64 // sequence in Elasticsearch of the state that holds now
}

type said struct {
	ad     *ad.Ad
	record []byte
}

func (c *adChange) version(seq uint64, v *ad.Ad, record []byte) error {
	doc := ad.DocumentID(v.AdID, v.ContentSHA256)
	s := sighting{v.SeenAt.UnixMicro(), v.VersionID, doc, v.CaptureID, seq}
	i, known := slices.BinarySearchFunc(c.state.Seen, s, sighting.compare)
	if known && c.state.Seen[i].Document != doc {
		return pipeline.Permanent(errors.New("the version is known with another content"))
	}
	if !known {
		c.state.Seen = slices.Insert(c.state.Seen, i, s)
		c.moved = true
	}
	r := reading{doc, v.Decided, v.SeenAt, v.VersionID}
	k := slices.IndexFunc(c.state.Readings, func(have reading) bool { return have.Document == doc })
	switch {
	case k < 0:
		c.state.Readings = append(c.state.Readings, r)
	case r.compare(c.state.Readings[k]) < 0:
		c.state.Readings[k] = r
	case r.compare(c.state.Readings[k]) > 0:
		return nil
	default: // again: its document may not have been written the last time
		c.said[doc] = said{v, record}
		return nil
	}
	c.moved = true
	c.said[doc] = said{v, record}
	return nil
}

func (c *adChange) removal(at time.Time) {
	i, known := slices.BinarySearch(c.state.Gone, at.UnixMicro())
	if !known {
		c.state.Gone = slices.Insert(c.state.Gone, i, at.UnixMicro())
		c.moved = true
	}
}

func (c *adChange) move(seq uint64, m ad.Move) error {
	if seq < c.state.Seq {
		return nil
	}
	joined := ""
	if m.By != nil && m.Cluster != "" {
		b, err := json.Marshal(m.By)
		if err != nil {
			return err
		}
		joined = string(b)
	}
	if c.state.Seq != seq || c.state.Cluster != m.Cluster || c.state.Joined != joined {
		c.state.Cluster, c.state.Seq, c.state.Joined = m.Cluster, seq, joined
		c.moved = true
	}
	return nil
}

func (c *adChange) label(seq uint64, names []string) {
	if seq > c.state.Labelled || seq == c.state.Labelled && !slices.Equal(names, c.state.Labels) {
		c.state.Labels, c.state.Labelled, c.moved = names, seq, true
	}
}

// A showing is what follows for one document from the state of its ad. All of it
// is written always: a part that is left out of an update would stay.
type showing struct {
	Kind      string  `json:"kind"`
	ID        string  `json:"id,omitempty"`
	Ad        string  `json:"ad"`
	Cluster   *string `json:"cluster"`
	FirstSeen *string `json:"first_seen"`
	LastSeen  *string `json:"last_seen"`
	RemovedAt *string `json:"removed_at"`
	Sightings int     `json:"sightings"`
	Current   bool    `json:"current"`
	Edited    bool    `json:"edited"`
	Joined    *string `json:"joined"`

	Labels []string `json:"label"`
}

// The times that Elasticsearch can hold; others are shown as the nearest.
var (
	earliest = time.Unix(0, 0)
	latest   = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

func moment(micros int64) *string {
	t := time.UnixMicro(micros)
	if t.Before(earliest) {
		t = earliest
	}
	if t.After(latest) {
		t = latest
	}
	s := t.UTC().Format("2006-01-02T15:04:05.000000Z")
	return &s
}

func text1(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// show works out what a document of the ad shows; "" is the ad without any.
func (c *adChange) show(doc string) showing {
	s := showing{Kind: "bare", Ad: c.id, ID: doc, Cluster: text1(c.state.Cluster), Joined: text1(c.state.Joined), Edited: len(c.state.Readings) > 1, Labels: c.state.Labels}
	if doc == "" {
		return s
	}
	s.Kind = "document"
	var last sighting
	for _, at := range c.state.Seen {
		last = at
		if at.Document != doc {
			continue
		}
		if s.Sightings++; s.Sightings == 1 {
			s.FirstSeen = moment(at.At)
		}
		s.LastSeen = moment(at.At)
	}
	s.Current = last.Document == doc
	if i, _ := slices.BinarySearch(c.state.Gone, last.At); i < len(c.state.Gone) {
		s.RemovedAt = moment(c.state.Gone[i])
	}
	return s
}

// A hubState is what is known of a value as a hub.
type hubState struct {
	ad.Hub
	Seq uint64 `json:"seq"`
}

type hubChange struct {
	state       hubState
	fresh       bool
	moved       bool
	seqNo, term int64
}

// A batch is changes under way, by what they are about.
type batch struct {
	ads  map[string]*adChange
	hubs map[ad.Value]*hubChange
}

// Apply makes the changes; see search.Index.
func (x *Index) Apply(ctx context.Context, source string, upTo uint64, changes []search.Change) error {
	x.writing.RLock()
	err := x.apply(ctx, source, upTo, changes)
	x.hidden.Store(!x.o.ReadOnly)
	x.writing.RUnlock()
	if x.dirty != nil {
		x.soil()
	} else if err == nil && !x.o.ReadOnly {
		err = x.refresh(ctx)
	}
	if err != nil {
		return x.fail("write", err)
	}
	return nil
}

// turns is how often changes are made anew when somebody else changed the same.
const turns = 20

func (x *Index) apply(ctx context.Context, source string, upTo uint64, changes []search.Change) error {
	if x.o.ReadOnly {
		return errors.New("it was opened to answer only")
	}
	for _, c := range changes {
		if err := c.Refuse(); err != nil {
			return fmt.Errorf("change %d of %s: %w", c.Seq, source, err)
		}
	}
	for turn := 0; len(changes) > 0 || turn == 0; turn++ {
		if turn == turns {
			return fmt.Errorf("%w: others change the same ads without a pause", search.ErrAway)
		}
		b, err := x.known(ctx, changes)
		if err != nil {
			return err
		}
		for _, c := range changes {
			if err := b.change(c); err != nil {
				return fmt.Errorf("change %d of %s: %w", c.Seq, source, err)
			}
		}
		lost, err := x.write(ctx, b)
		if err != nil {
			return err
		}
		changes = slices.DeleteFunc(slices.Clone(changes), func(c search.Change) bool { return !lost.about(c) })
	}
	err := x.put(ctx, positionMark+source, upTo)
	var f failure
	if errors.As(err, &f) && f.Status == 409 { // it is further already
		return nil
	}
	return err
}

// change notes one change.
func (b *batch) change(c search.Change) error {
	switch {
	case c.Version != nil:
		return b.ads[c.Version.AdID].version(c.Seq, c.Version, c.Record)
	case c.Removal != nil:
		b.ads[c.Removal.AdID].removal(c.Removal.At)
		return nil
	case c.Labels != nil:
		b.ads[c.Labels.AdID].label(c.Seq, c.Labels.Names)
		return nil
	}
	for _, m := range c.Link.Moves {
		if err := b.ads[m.AdID].move(c.Seq, m); err != nil {
			return err
		}
	}
	for _, h := range c.Link.Hubs {
		if k := b.hubs[h.Value]; c.Seq >= k.state.Seq && (k.fresh || k.moved || k.state != hubState{h, c.Seq}) {
			k.state, k.moved = hubState{h, c.Seq}, true
		}
	}
	return nil
}

// about reports whether a change is about something in the batch.
func (b *batch) about(c search.Change) bool {
	switch {
	case c.Version != nil:
		return b.ads[c.Version.AdID] != nil
	case c.Removal != nil:
		return b.ads[c.Removal.AdID] != nil
	case c.Labels != nil:
		return b.ads[c.Labels.AdID] != nil
	}
	return slices.ContainsFunc(c.Link.Moves, func(m ad.Move) bool { return b.ads[m.AdID] != nil }) ||
		slices.ContainsFunc(c.Link.Hubs, func(h ad.Hub) bool { return b.hubs[h.Value] != nil })
}
