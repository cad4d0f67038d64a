package elastic

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// This file reads the state of what changes and writes it: first the states, each
// only where nobody else has changed it, then what follows from them.

// Marks are documents whose version is a number that only grows.
const (
	epochMark    = "epoch"
	positionMark = "position:"
)

// mark reads a mark; live as it is now, else as readers see it.
func (x *Index) mark(ctx context.Context, name string, live bool) (found bool, at uint64, err error) {
	var got struct {
		Found   bool   `json:"found"`
		Version uint64 `json:"_version"`
	}
	err = x.do(ctx, call{method: http.MethodGet, path: "/" + x.id + "/_doc/" + url.PathEscape(docID("mark", name)) + "?_source=false&realtime=" + strconv.FormatBool(live), into: &got, missing: true})
	return got.Found, got.Version, err
}

// put moves a mark forward; 409 when it is further already.
func (x *Index) put(ctx context.Context, name string, at uint64) error {
	return x.do(ctx, call{method: http.MethodPut, body: object{"kind": "mark", "id": name},
		path: fmt.Sprintf("/%s/_doc/%s?require_alias=true&version_type=external_gte&version=%d", x.id+writes, url.PathEscape(docID("mark", name)), at)})
}

// A found document, as mget gives it.
type found struct {
	ID     string          `json:"_id"`
	Found  bool            `json:"found"`
	Ver    uint64          `json:"_version"`
	SeqNo  int64           `json:"_seq_no"`
	Term   int64           `json:"_primary_term"`
	Source json.RawMessage `json:"_source"`
	Error  *struct {
		Type string `json:"type"`
	} `json:"error"`
}

// get reads documents in the order of their ids, live as they are now, else as
// readers see them.
func (x *Index) get(ctx context.Context, fields string, live bool, ids []string) ([]found, error) {
	if !live {
		if err := x.own(ctx); err != nil {
			return nil, err
		}
	}
	out := make([]found, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for from := 0; from < len(ids); from += portion {
		to := min(from+portion, len(ids))
		g.Go(func() error { return x.getPart(ctx, fields, live, ids[from:to], out[from:to]) })
	}
	return out, g.Wait()
}

func (x *Index) getPart(ctx context.Context, fields string, live bool, ids []string, out []found) error {
	var got struct{ Docs []found }
	err := x.do(ctx, call{method: http.MethodPost, path: "/" + x.id + "/_mget?realtime=" + strconv.FormatBool(live) + "&_source=" + fields, body: object{"ids": ids}, into: &got})
	if err != nil {
		return err
	}
	if len(got.Docs) != len(ids) {
		return fmt.Errorf("%w: it gives %d of %d documents", search.ErrAway, len(got.Docs), len(ids))
	}
	for i, d := range got.Docs {
		if d.Error != nil {
			return failure{http.StatusServiceUnavailable, d.Error.Type}
		}
		out[i] = d
	}
	return nil
}

// known gives the state of everything that changes are about, and sees to it that
// no newer writer has been there.
func (x *Index) known(ctx context.Context, changes []search.Change) (*batch, error) {
	b := &batch{map[string]*adChange{}, map[ad.Value]*hubChange{}}
	for _, c := range changes {
		switch {
		case c.Version != nil:
			b.ads[c.Version.AdID] = nil
		case c.Removal != nil:
			b.ads[c.Removal.AdID] = nil
		case c.Labels != nil:
			b.ads[c.Labels.AdID] = nil
		default:
			for _, m := range c.Link.Moves {
				b.ads[m.AdID] = nil
			}
			for _, h := range c.Link.Hubs {
				b.hubs[h.Value] = nil
			}
		}
	}
	hubs := slices.Collect(maps.Keys(b.hubs))
	ads := slices.Collect(maps.Keys(b.ads))
	ids := make([]string, 0, 1+len(ads)+len(hubs))
	ids = append(ids, docID("mark", epochMark))
	for _, id := range ads {
		ids = append(ids, docID("ad", id))
	}
	for _, v := range hubs {
		ids = append(ids, hubID(v))
	}
	docs, err := x.get(ctx, "known", true, ids)
	if err != nil {
		return nil, err
	}
	if docs[0].Found && docs[0].Ver > x.epoch+1 {
		return nil, fenced(docs[0].Ver, x.epoch)
	}
	for i, id := range ads {
		d := docs[1+i]
		c := &adChange{id: id, said: map[string]said{}, fresh: !d.Found, seqNo: d.SeqNo, term: d.Term, written: d.SeqNo}
		if err := stateOf(d, &c.state); err != nil {
			return nil, err
		}
		b.ads[id] = c
	}
	for i, v := range hubs {
		d := docs[1+len(ads)+i]
		h := &hubChange{fresh: !d.Found, seqNo: d.SeqNo, term: d.Term}
		if err := stateOf(d, &h.state); err != nil {
			return nil, err
		}
		b.hubs[v] = h
	}
	return b, nil
}

func stateOf(d found, into any) error {
	if !d.Found {
		return nil
	}
	err := json.Unmarshal(d.Source, &struct {
		State any `json:"known"`
	}{into})
	if err != nil {
		return fmt.Errorf("%w: what it knows of %s cannot be read", search.ErrDamaged, d.ID)
	}
	return nil
}

// hubID names no value: ids stand in the logs of others.
func hubID(v ad.Value) string {
	sum := sha256.Sum256([]byte(v.Kind + "\x00" + v.Value))
	return docID("hub", hex.EncodeToString(sum[:]))
}

// An action is one document to be written.
type action struct {
	head  []byte // operation, id and what must hold
	doc   []byte // as one line, nil for a deletion
	about string // for an error: the id of an ad
	then  func(status int, seqNo, term int64)
}

func head(op, id, rest string) []byte {
	return fmt.Appendf(nil, `{"%s":{"_id":%s%s}}`, op, quote(id), rest)
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return b
}

// unchanged says that a document must be as it was read.
func unchanged(seqNo, term int64) string {
	return fmt.Sprintf(`,"if_seq_no":%d,"if_primary_term":%d`, seqNo, term)
}

// notOlder says that a document may not follow from a newer state of its ad.
func notOlder(seqNo int64) string {
	return fmt.Sprintf(`,"version":%d,"version_type":"external_gte"`, seqNo)
}

// draft adds what is to be written of the state of an ad. What turns out to be in
// conflict is lost.
func (c *adChange) draft(out []action, lost *batch, one *sync.Mutex) ([]action, error) {
	a, err := c.home()
	if err != nil {
		return nil, fmt.Errorf("ad %s: %w", c.id, err)
	}
	if a == nil {
		return out, nil
	}
	a.then = func(status int, seqNo, _ int64) {
		one.Lock()
		defer one.Unlock()
		if c.written = seqNo; status >= 300 {
			lost.ads[c.id] = c
		}
	}
	return append(out, *a), nil
}

// states drafts and writes the states of ads in parts: while two of them are with
// the node, the next is drafted. It returns those over which the program fails.
func (x *Index) states(ctx context.Context, b, lost *batch, one *sync.Mutex) (failed []*adChange, err error) {
	size := min(portion, max(small, (len(b.ads)+workers-1)/workers))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers + 1)
	room := make(chan struct{}, workers)
	for part := range slices.Chunk(slices.Collect(maps.Values(b.ads)), size) {
		g.Go(func() error {
			var out []action
			var err error
			for _, c := range part {
				func() {
					defer func() {
						if recover() != nil {
							one.Lock()
							defer one.Unlock()
							failed = append(failed, c)
						}
					}()
					out, err = c.draft(out, lost, one)
				}()
				if err != nil {
					return err
				}
			}
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			defer func() { <-room }()
			return x.bulk(ctx, out, 1)
		})
	}
	err = g.Wait() // before failed is looked at
	return failed, err
}

// write writes a batch and returns the part of it that somebody else changed
// meanwhile: that is to be read and done anew.
func (x *Index) write(ctx context.Context, b *batch) (lost *batch, err error) {
	lost = &batch{map[string]*adChange{}, map[ad.Value]*hubChange{}}
	var one sync.Mutex
	failed, err := x.states(ctx, b, lost, &one)
	var states []action
	for _, c := range failed { // again where the caller hears of it
		if err == nil {
			states, err = c.draft(states, lost, &one)
		}
	}
	if err != nil {
		return nil, err
	}
	for v, h := range b.hubs {
		if !h.moved {
			continue
		}
		raw, err := json.Marshal(object{"kind": "hub", "known": h.state})
		if err != nil {
			return nil, err
		}
		op, rest := "create", ""
		if !h.fresh {
			op, rest = "index", unchanged(h.seqNo, h.term)
		}
		states = append(states, action{head: head(op, hubID(v), rest), doc: raw, about: "of a hub", then: func(status int, _, _ int64) {
			one.Lock()
			defer one.Unlock()
			if status >= 300 {
				lost.hubs[v] = h
			}
		}})
	}
	if err = x.bulk(ctx, states, workers); err != nil {
		return nil, err
	}
	rest, err := x.follow(ctx, b, lost)
	if err != nil {
		return nil, err
	}
	return lost, x.bulk(ctx, rest, workers)
}

// home writes the state of an ad, in one document with the first of its contents;
// nil when it is there already.
func (c *adChange) home() (*action, error) {
	doc := ""
	if len(c.state.Readings) > 0 {
		doc = c.state.Readings[0].Document
	}
	says, whole := c.said[doc]
	if !c.moved {
		return nil, nil
	}
	shown, err := json.Marshal(struct {
		showing
		State adState `json:"known"`
	}{c.show(doc), c.state})
	if err != nil {
		return nil, err
	}
	a := &action{about: c.id}
	if !whole && !c.fresh {
		a.head = head("update", docID("ad", c.id), unchanged(c.seqNo, c.term))
		a.doc = append(append([]byte(`{"doc":`), shown...), '}')
		return a, nil
	}
	if whole {
		said, err := contentOf(says.ad, says.record)
		if err != nil {
			return nil, err
		}
		shown = append(append(shown[:len(shown)-1], ','), append(said, '}')...)
	}
	a.doc = shown
	if a.head = head("create", docID("ad", c.id), ""); !c.fresh {
		a.head = head("index", docID("ad", c.id), unchanged(c.seqNo, c.term))
	}
	return a, nil
}

// follow is what follows from states: the documents of the other contents of ads
// that have several. One that is not there yet and is not said now will be when
// the changes that were cut off come again.
func (x *Index) follow(ctx context.Context, b, lost *batch) ([]action, error) {
	type other struct {
		c   *adChange
		doc string
	}
	var out []action
	var others []other
	var ids []string
	for id, c := range b.ads {
		if lost.ads[id] != nil {
			continue
		}
		for _, r := range c.state.Readings[min(1, len(c.state.Readings)):] {
			says, ok := c.said[r.Document]
			if !ok {
				others, ids = append(others, other{c, r.Document}), append(ids, docID("content", r.Document))
				continue
			}
			shown, err := json.Marshal(c.show(r.Document))
			if err != nil {
				return nil, err
			}
			said, err := contentOf(says.ad, says.record)
			if err != nil {
				return nil, fmt.Errorf("ad %s: %w", id, err)
			}
			out = append(out, action{head: head("index", docID("content", r.Document), notOlder(c.written)), about: id,
				doc: append(append(shown[:len(shown)-1], ','), append(said, '}')...)})
		}
	}
	for from := 0; from < len(ids); from += small {
		to := min(from+small, len(ids))
		docs, err := x.get(ctx, "*", true, ids[from:to])
		if err != nil {
			return nil, err
		}
		for i, o := range others[from:to] {
			if !docs[i].Found {
				continue
			}
			fields := map[string]json.RawMessage{}
			shown, err := json.Marshal(o.c.show(o.doc))
			if err == nil {
				err = errors.Join(json.Unmarshal(docs[i].Source, &fields), json.Unmarshal(shown, &fields))
			}
			if err != nil {
				return nil, fmt.Errorf("%w: document %s cannot be read", search.ErrDamaged, o.doc)
			}
			raw, err := json.Marshal(fields)
			if err != nil {
				return nil, err
			}
			out = append(out, action{head: head("index", docID("content", o.doc), notOlder(o.c.written)), doc: raw, about: o.c.id})
		}
	}
	return out, nil
}
