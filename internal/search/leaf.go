package search

import (
	"context"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

// A Leafer is an Index that turns leaves of all that matches without listing what
// stands on those behind.
type Leafer interface {
	// Leaf gives the n documents, or as many as there are, that Walk gives first
	// beyond after.
	Leaf(ctx context.Context, q query.Node, after string, n int) ([]ad.Document, error)
}

// Leaf asks an index for a leaf: at once where it is a Leafer, else as the beginning
// of a walk.
func Leaf(ctx context.Context, x Index, q query.Node, after string, n int) (docs []ad.Document, err error) {
	if l, ok := x.(Leafer); ok {
		return l.Leaf(ctx, q, after, n)
	}
	if n <= 0 {
		return nil, nil
	}
	for d, err := range x.Walk(ctx, q, after) {
		if err != nil {
			return nil, err
		}
		if docs = append(docs, d); len(docs) == n {
			break
		}
	}
	return docs, nil
}
