// Package search is the port to an index of ads: what can be put in, asked and
// got out, in plain types. Changes come in from the streams; documents, clusters
// and counts go out. An index is derived: it can be thrown away and rebuilt from
// the streams, and it never holds what they do not. What a query means is decided
// by query.Match alone; an engine may rank as it likes, never match otherwise.
// The engines lie in the folders below; searchtest is the suite they pass.
package search

import (
	"context"
	"errors"
	"iter"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

// ErrDamaged says that the index cannot be read as it was written. It is derived:
// the cure is to remove it and let it be rebuilt.
var ErrDamaged = errors.New("the index is damaged")

// ErrVersion says that the index was written by another version of the program.
// The cure is the same as for ErrDamaged.
var ErrVersion = errors.New("the index has another version")

// ErrBuilding says that there is no index that holds everything: it is being made
// from the streams, and what it does not find yet would look as if it were not
// there.
var ErrBuilding = errors.New("the index is not there yet; it is being built from the streams and is searched when it holds everything")

// ErrFenced says that another process has taken over the writing of an index: an
// owner with a higher epoch has opened it. Reading goes on.
var ErrFenced = errors.New("another process writes the index now")

// ErrAway says that what keeps the index does not answer or takes no writing for
// now. Nothing is lost by it; trying again later is the cure.
var ErrAway = errors.New("the index cannot be reached for now")

// MaxRanked is how many matches are ranked by relevance at most.
const MaxRanked = 10_000

// MaxPage is the largest page that Search gives.
const MaxPage = 500

// An Index holds documents and answers queries. It is safe for concurrent use;
// an answer sees all of a finished Apply or nothing of it. An engine may show it to
// other processes a second later, the position of its source with it, not before.
//
// An engine without transactions may show parts of an Apply that failed or was cut
// off, until the same changes are applied again, which makes them whole; as the
// position has stayed, they come again.
//
// What it holds does not depend on the order in which changes arrive, nor on how
// often: sightings are known by version id, removals by ad and time, and of two
// links about the same ad or hub the one with the higher Seq wins, and so of two labels
// of an ad. Of two readings
// of one content the one counts that knew more decisions (ad.Ad.Decided), else that
// of the earlier sighting.
type Index interface {
	Surveyor

	// Apply makes changes and records that the named source has been read up to
	// and including upTo, durably and all together or not at all. Calling it
	// again with the same changes has no effect. A position never goes back.
	Apply(ctx context.Context, source string, upTo uint64, changes []Change) error

	// Erase takes out ads with every content, sighting and removal of theirs, and
	// what is kept about the values themselves (whether they are hubs), and returns
	// how many sightings went. Afterwards no byte of the index's files tells what
	// they said: an answer of nil promises that. Ads and values that are not there
	// are no error, so erasing again finishes what was cut off. An erased ad that is
	// seen again is new. Other ads that carry one of the values keep it.
	Erase(ctx context.Context, adIDs []string, values []ad.Value) (sightings int, err error)

	// Position returns how far the named source has been applied; 0 when never.
	Position(ctx context.Context, source string) (uint64, error)

	// Search returns one page of the documents that match q, and how many match.
	Search(ctx context.Context, q query.Node, p Page) (Results, error)

	// Versions returns every content of one ad, oldest first, and its history in
	// time order: an ad edited from A to B and back to A has two documents and
	// three sightings. It returns ad.ErrNotFound for an ad never seen.
	Versions(ctx context.Context, adID string) ([]ad.Document, []Sighting, error)

	// Cluster returns a cluster and the current documents of at most limit of its
	// members, newest first; ad.ErrNotFound when it has no members.
	Cluster(ctx context.Context, id string, limit int) (Cluster, error)

	// ClusterOf returns the id of the cluster that an ad is in, "" when in none.
	ClusterOf(ctx context.Context, adID string) (string, error)

	// TopClusters returns the n largest clusters of two ads or more, largest
	// first, without members.
	TopClusters(ctx context.Context, n int) ([]Cluster, error)

	// ByValue returns the ids of at most limit ads that carry the value in any of
	// their versions, in order of id. A handle may be given without its platform.
	ByValue(ctx context.Context, v ad.Value, limit int) ([]string, error)

	// Hub returns what is known of a value as a hub; ad.ErrNotFound when it never
	// was one.
	Hub(ctx context.Context, v ad.Value) (ad.Hub, error)

	// Hubs returns the values held back as hubs, most carriers first.
	Hubs(ctx context.Context) ([]ad.Hub, error)

	// Stats counts what the index holds.
	Stats(ctx context.Context) (Stats, error)

	// Dump gives every document, in no particular order, in constant memory. It
	// ends at the first error.
	Dump(ctx context.Context) iter.Seq2[ad.Document, error]

	// Close releases the index.
	Close() error
}

// A Change is one thing that happened to what the index holds: exactly one of
// Version, Removal, Link and Labels is set.
type Change struct {
	Seq     uint64         // sequence of the message in its stream
	Version *ad.Ad         // an ad was seen with this content
	Record  []byte         // Version as JSON, where the caller has it already
	Removal *Removal       // an ad was seen to be gone
	Link    *ad.LinkChange // ads moved between clusters, values became hubs
	Labels  *ad.Labels     // all labels of an ad as they stand now
}

// Refuse says why a Change is none; nil when it is one.
func (c Change) Refuse() error {
	set := 0
	for _, is := range []bool{c.Version != nil, c.Removal != nil, c.Link != nil, c.Labels != nil} {
		if is {
			set++
		}
	}
	switch v := c.Version; {
	case set != 1:
		return errors.New("a change must be one of version, removal, link and labels")
	case v != nil && (v.AdID == "" || v.VersionID == "" || v.ContentSHA256 == "" || v.SeenAt.IsZero()):
		return errors.New("a version must have its ids and the time it was seen")
	case c.Removal != nil && (c.Removal.AdID == "" || c.Removal.At.IsZero()):
		return errors.New("a removal must have the id of the ad and the time")
	case c.Labels != nil && c.Labels.AdID == "":
		return errors.New("labels must have the id of the ad")
	}
	return nil
}

// A Removal says when an ad was found to have been taken down.
type Removal struct {
	AdID string    `json:"ad_id"`
	At   time.Time `json:"at"`
}

// A Sort is an order of results.
type Sort string

// The orders. Newest is by the last time the content was seen, then by id.
// Relevance falls back to newest where the query has no words to rank by; where more
// than MaxRanked match, an engine may rank as many of those that came last, and give
// the others behind them, the latest first. ByLead is
// by the score of the lead that the language found makes, highest first, and what is
// no lead after that; then as ByNewest.
const (
	ByRelevance Sort = "relevance"
	ByNewest    Sort = "newest"
	ByLead      Sort = "lead"
)

// Sorts lists the orders.
func Sorts() []Sort { return []Sort{ByRelevance, ByNewest, ByLead} }

// A Page says which part of the results is wanted.
type Page struct {
	Offset int  // matches to skip
	Size   int  // matches to return: 0 to MaxPage; 0 only counts
	Sort   Sort // empty means ByRelevance
}

// Results are one page of matches.
type Results struct {
	Total int // documents that match, on all pages
	Hits  []Hit
	Took  time.Duration
}

// A Hit is one document that matches.
type Hit struct {
	Doc   ad.Document
	Spans []ad.Span // where the query's words and numbers stand, in order of field and place
}

// A Sighting is one capture that showed an ad.
type Sighting struct {
	VersionID  string    `json:"version_id"`
	DocumentID string    `json:"document_id"` // the content that was shown
	CaptureID  string    `json:"capture_id"`
	Seq        uint64    `json:"seq"` // Seq of the change that told of it
	SeenAt     time.Time `json:"seen_at"`
}

// A Cluster is a set of linked ads.
type Cluster struct {
	ID        string        `json:"id"`
	Size      int           `json:"size"` // ads in it that have been seen
	FirstSeen time.Time     `json:"first_seen"`
	LastSeen  time.Time     `json:"last_seen"`
	Members   []ad.Document `json:"members,omitempty"`
	Edges     []ad.Edge     `json:"edges,omitempty"` // that join those members to the tree of the cluster, in the order of Members; one may stand without
}

// Stats says how much an index holds.
type Stats struct {
	Ads       int               `json:"ads"`       // ads seen at least once
	Documents int               `json:"documents"` // distinct contents of them
	Sightings int               `json:"sightings"` // captures that showed one
	Removed   int               `json:"removed"`   // ads now gone
	Clusters  int               `json:"clusters"`  // clusters of two ads or more
	Bytes     int64             `json:"bytes"`     // on disk
	Positions map[string]uint64 `json:"positions"` // per source
}
