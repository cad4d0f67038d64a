package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// Erase takes out ads and what is known of values; see search.Index. Elasticsearch
// keeps what was deleted until nobody may still want to copy it from here, which it
// looks at every 30 seconds, and then in the files of searches that began before:
// Erase waits for both and has the files written anew without it.
func (x *Index) Erase(ctx context.Context, adIDs []string, values []ad.Value) (sightings int, err error) {
	if x.o.ReadOnly {
		return 0, x.fail("erase from", errors.New("it was opened to answer only"))
	}
	sightings, err = x.erase(ctx, adIDs, values)
	if err == nil {
		err = x.expunge(ctx)
	}
	if err != nil {
		return 0, x.fail("erase from", err)
	}
	return sightings, nil
}

func (x *Index) erase(ctx context.Context, adIDs []string, values []ad.Value) (sightings int, err error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	left, hubs := slices.Compact(slices.Sorted(slices.Values(adIDs))), values
	for turn := 0; turn == 0 || len(left)+len(hubs) > 0; turn++ {
		if turn == turns {
			return 0, fmt.Errorf("%w: others change the same ads without a pause", search.ErrAway)
		}
		b, err := x.known(ctx, about(left, hubs))
		if err != nil {
			return 0, err
		}
		if err := x.unname(ctx, b); err != nil {
			return 0, err
		}
		var contents, states []action
		left, hubs = nil, nil
		for id, c := range b.ads {
			if c.fresh {
				continue
			}
			for _, r := range c.state.Readings[min(1, len(c.state.Readings)):] {
				contents = append(contents, action{head: head("delete", docID("content", r.Document), notOlder(c.written+1)), about: id})
			}
			states = append(states, action{head: head("delete", docID("ad", id), unchanged(c.seqNo, c.term)), about: id, then: func(status int, _, _ int64) {
				if status == http.StatusConflict {
					left = append(left, id)
				} else {
					sightings += len(c.state.Seen)
				}
			}})
		}
		for v, h := range b.hubs {
			if !h.fresh {
				states = append(states, action{head: head("delete", hubID(v), unchanged(h.seqNo, h.term)), about: "of a hub", then: func(status int, _, _ int64) {
					if status == http.StatusConflict {
						hubs = append(hubs, v)
					}
				}})
			}
		}
		// The state goes last: by it what was cut off is found again.
		if err := x.bulkPart(ctx, contents); err != nil {
			return 0, err
		}
		if err := x.bulkPart(ctx, states); err != nil {
			return 0, err
		}
	}
	return sightings, x.visible(ctx)
}

// about is a change that names ads and values and changes nothing.
func about(adIDs []string, values []ad.Value) []search.Change {
	c := &ad.LinkChange{}
	for _, id := range adIDs {
		c.Moves = append(c.Moves, ad.Move{AdID: id})
	}
	for _, v := range values {
		c.Hubs = append(c.Hubs, ad.Hub{Value: v})
	}
	return []search.Change{{Link: c}}
}

// unname takes the names of ads that are to go out of what joins others to them.
func (x *Index) unname(ctx context.Context, b *batch) error {
	var of []string
	for _, c := range b.ads {
		if !c.fresh && c.state.Cluster != "" && !slices.Contains(of, c.state.Cluster) {
			of = append(of, c.state.Cluster)
		}
	}
	if len(of) == 0 {
		return nil
	}
	if err := x.visible(ctx); err != nil {
		return err
	}
	var joined []string
	for part := range slices.Chunk(of, 10_000) {
		err := x.pages(ctx, object{"query": object{"terms": object{"cluster": part}}, "size": 1000, "sort": []object{{"_shard_doc": "asc"}}, "_source": []string{"ad", "joined"}}, func(hits []hit) error {
			for _, h := range hits {
				var of struct{ Ad, Joined string }
				if err := json.Unmarshal(h.Source, &of); err != nil {
					return err
				}
				for id := range b.ads {
					if of.Ad != id && b.ads[of.Ad] == nil && strings.Contains(of.Joined, id) {
						joined = append(joined, of.Ad)
						break
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	slices.Sort(joined)
	joined = slices.Compact(joined)
	for turn := 0; len(joined) > 0; turn++ {
		if turn == turns {
			return fmt.Errorf("%w: others change the same ads without a pause", search.ErrAway)
		}
		others, err := x.known(ctx, about(joined, nil))
		if err != nil {
			return err
		}
		for _, c := range others.ads {
			c.state.Joined, c.moved = "", !c.fresh
		}
		lost, err := x.write(ctx, others)
		if err != nil {
			return err
		}
		joined = joined[:0]
		for id := range lost.ads {
			joined = append(joined, id)
		}
	}
	return nil
}

// expungeWithin bounds how long an erasure waits for others, twice as long as a
// snapshot is kept that nobody asks.
const expungeWithin = 3 * time.Minute

// expunge has Elasticsearch drop from its files what was deleted.
func (x *Index) expunge(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, expungeWithin, errors.New("what was deleted is still in files that searches, or nodes that catch up, hold on to; erase again"))
	defer cancel()
	if err := x.do(ctx, call{method: http.MethodPost, path: "/" + x.id + "/_flush?force=true&wait_if_ongoing=true"}); err != nil {
		return err
	}
	first, err := x.shards(ctx)
	if err != nil {
		return err
	}
	if first.deleted == 0 && first.open == 0 {
		return nil
	}
	for now := first; now.kept <= first.last; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
		if now, err = x.shards(ctx); err != nil {
			return err
		}
	}
	for {
		for _, path := range []string{"/_flush?force=true&wait_if_ongoing=true", "/_forcemerge?only_expunge_deletes=true&flush=true", "/_refresh"} {
			if err := x.do(ctx, call{method: http.MethodPost, path: "/" + x.id + path, patience: expungeWithin}); err != nil {
				return err
			}
		}
		now, err := x.shards(ctx)
		if err != nil {
			return err
		}
		if now.merges == 0 && now.open == 0 && (now.deleted == 0 || now.deleted < first.deleted) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// shards is what erasing looks at of all copies of the index.
type shards struct {
	last    int64 // newest change that all have
	kept    int64 // changes from there on are kept
	deleted int64 // documents that are deleted and in the files
	merges  int64 // under way
	open    int64 // snapshots that are being read
}

func (x *Index) shards(ctx context.Context) (s shards, err error) {
	var got struct {
		Indices map[string]struct {
			Shards map[string][]struct {
				Docs   struct{ Deleted int64 }
				Merges struct{ Current int64 }
				Search struct {
					Open int64 `json:"open_contexts"`
				}
				SeqNo struct {
					Last int64 `json:"global_checkpoint"`
				} `json:"seq_no"`
				Retention struct {
					Leases []struct {
						Kept int64 `json:"retaining_seq_no"`
					}
				} `json:"retention_leases"`
			}
		}
	}
	if err := x.do(ctx, call{method: http.MethodGet, path: "/" + x.id + "/_stats/docs,merge,search?level=shards", into: &got}); err != nil {
		return s, err
	}
	s.kept = 1<<63 - 1
	for _, copies := range got.Indices[x.id].Shards {
		for _, c := range copies {
			s.last = max(s.last, c.SeqNo.Last)
			s.deleted += c.Docs.Deleted
			s.merges += c.Merges.Current
			s.open += c.Search.Open
			for _, l := range c.Retention.Leases {
				s.kept = min(s.kept, l.Kept)
			}
		}
	}
	return s, nil
}
