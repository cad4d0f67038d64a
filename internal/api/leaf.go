package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// errCursor says that what a list was to go on behind is not in it: it may have been
// erased since.
var errCursor = errors.New("the cursor is of nothing in this list, or no longer")

// leafSize is how many things one answer of a list has, unless fewer are asked for.
const leafSize = 1000

// LeafParams turn a list that grows. A cursor is the next of the answer before. What
// was in the list when its first leaf was read is given once, whatever is added
// meanwhile: lists keep their order.
type LeafParams struct {
	Limit  uint64 `json:"limit,omitempty" example:"100"` // at most 1,000, which is what no limit gives
	Cursor string `json:"cursor,omitempty" like:"^[0-9a-f]{32}$"`
}

// leaf cuts one leaf out of a list: what stands behind the thing whose id the cursor
// is. It says where the next one begins, if there is one.
func leaf[T any](c *call, all []T, id func(T) string) (some []T, next string, err error) {
	limit, err := c.number("limit", leafSize)
	if err != nil {
		return nil, "", err
	}
	if limit = min(limit, leafSize); limit == 0 {
		limit = leafSize
	}
	if cursor := c.r.URL.Query().Get("cursor"); cursor != "" {
		at := 0
		for at < len(all) && id(all[at]) != cursor {
			at++
		}
		if at == len(all) {
			return nil, "", errCursor
		}
		all = all[at+1:]
	}
	some = append([]T{}, all[:min(int(limit), len(all))]...)
	if len(some) < len(all) {
		next = id(some[len(some)-1])
	}
	return some, next, nil
}

// leaves reads a list leaf by leaf; one gives what a path answered and its next.
func leaves[T, L any](ctx context.Context, c *Client, path string, of func(L) ([]T, string)) (all []T, err error) {
	at := path
	for {
		var l L
		if err := c.call(ctx, http.MethodGet, at, nil, &l); err != nil {
			return nil, err
		}
		some, next := of(l)
		all = append(all, some...)
		if next == "" {
			return all, nil
		}
		at = path + "?cursor=" + url.QueryEscape(next)
	}
}
