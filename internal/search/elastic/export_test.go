package elastic

import (
	"context"
	"fmt"

	"vigil.example/internal/query"
)

// Matching gives the ids of what Walk gives, for comparing very many.
func (x *Index) Matching(ctx context.Context, q query.Node) (ids []string, err error) {
	if q, err = x.expanded(ctx, q); err != nil {
		return nil, err
	}
	body := object{"query": documentsOnly(compile(q)), "size": counted, "sort": []object{{"id": "asc"}}, "track_total_hits": false, "_source": false}
	err = x.pages(ctx, body, func(hits []hit) error {
		for _, h := range hits {
			ids = append(ids, fmt.Sprint(h.Sort[0]))
		}
		return nil
	})
	return ids, err
}
