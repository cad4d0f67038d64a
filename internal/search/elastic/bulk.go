package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
)

// This file sends documents in bulk requests and looks at what became of each.

const (
	most    = 4 << 20 // bytes of one bulk request
	workers = 2       // bulk requests at a time
	small   = 200     // documents that are one request, and whole ones that are read at once
	portion = 1000    // documents that are read, or drafted and sent, at once when there are many
	tries   = 8       // of a document that Elasticsearch has no room for just now
)

// bulk writes documents, each of which is looked at: one that is in conflict with
// what is there is told so, one for which there is no room now is tried again, and
// one that Elasticsearch cannot take is an error for good. It makes so many requests
// at a time.
func (x *Index) bulk(ctx context.Context, actions []action, atOnce int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	size, from := 0, 0
	for i, a := range actions {
		size += len(a.head) + len(a.doc) + 2
		if i+1 == len(actions) || size > most || atOnce > 1 && len(actions) > small && i+1 == (len(actions)+1)/2 {
			part := actions[from : i+1]
			g.Go(func() error { return x.bulkPart(ctx, part) })
			size, from = 0, i+1
		}
	}
	return g.Wait()
}

func (x *Index) bulkPart(ctx context.Context, actions []action) error {
	for try := 1; len(actions) > 0; try++ {
		left, err := x.bulkOnce(ctx, actions)
		if err == nil && len(left) == 0 {
			return nil
		}
		var f failure
		busy := errors.As(err, &f) && f.Status == http.StatusTooManyRequests && f.Type != blocked
		if err != nil && !busy {
			return err
		}
		if err == nil {
			actions, err = left, failure{http.StatusTooManyRequests, "for some documents"}
		}
		if try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pipeline.Backoff(50*time.Millisecond, try)):
		}
	}
	return nil
}

// bulkOnce makes one request and returns what is to be tried again.
func (x *Index) bulkOnce(ctx context.Context, actions []action) (again []action, err error) {
	var b bytes.Buffer
	for _, a := range actions {
		b.Write(a.head)
		b.WriteByte('\n')
		if a.doc != nil {
			b.Write(a.doc)
			b.WriteByte('\n')
		}
	}
	var got struct {
		Items []map[string]struct {
			Status int   `json:"status"`
			SeqNo  int64 `json:"_seq_no"`
			Term   int64 `json:"_primary_term"`
			Error  struct {
				Type string `json:"type"`
			} `json:"error"`
		} `json:"items"`
	}
	err = x.do(ctx, call{method: http.MethodPost, body: b.Bytes(), into: &got,
		path: "/" + x.id + writes + "/_bulk?require_alias=true&filter_path=items.*.status,items.*._seq_no,items.*._primary_term,items.*.error.type"})
	if err != nil {
		return nil, err
	}
	if len(got.Items) != len(actions) {
		return nil, fmt.Errorf("%w: it tells of %d of %d documents", search.ErrAway, len(got.Items), len(actions))
	}
	for i, item := range got.Items {
		for op, r := range item {
			f := failure{r.Status, r.Error.Type}
			a := actions[i]
			switch {
			case r.Status < 300, r.Status == http.StatusConflict, r.Status == http.StatusNotFound && f.Type != absent && (op == "update" || op == "delete"):
				if a.then != nil {
					a.then(r.Status, r.SeqNo, r.Term)
				}
			case f.Is(search.ErrDamaged):
				return nil, f
			case f.Type == blocked:
				return nil, f
			case r.Status == http.StatusTooManyRequests || r.Status >= 500:
				again = append(again, a)
			default:
				return nil, pipeline.Permanent(fmt.Errorf("a document of ad %s cannot be taken by Elasticsearch: %w", a.about, f))
			}
		}
	}
	return again, nil
}
