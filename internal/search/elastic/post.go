package elastic

import (
	"context"
	"encoding/json"

	"vigil.example/internal/search"
)

var _ search.Counter = (*Index)(nil)

// Posts gives what there is to count; see search.Counter.
func (x *Index) Posts(ctx context.Context, f func(search.Post)) error {
	err := x.pages(ctx, object{"query": object{"exists": object{"field": "post_at"}}, "size": 2000, "sort": []object{{"post_at": "asc"}, {"post_text": "asc"}}, "track_total_hits": false, "_source": []string{"post"}},
		func(hits []hit) error {
			for _, h := range hits {
				var of struct{ Post search.Post }
				if err := json.Unmarshal(h.Source, &of); err != nil {
					return err
				}
				f(of.Post)
			}
			return nil
		})
	if err != nil {
		return x.fail("count", err)
	}
	return nil
}
