package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"

	"vigil.example/internal/desk"
)

// SavedSearches lists the searches that the caller may use.
func (c *Client) SavedSearches(ctx context.Context) ([]SavedSearch, error) {
	var out SavedList
	err := c.call(ctx, http.MethodGet, Root+"/saved", nil, &out)
	return out.Saved, err
}

// saved asks for one saved search, or does something about it.
func (c *Client) saved(ctx context.Context, method, id, doing string, in, out any) error {
	p, err := at("/saved/", id, isDigest)
	if err != nil {
		return err
	}
	return c.call(ctx, method, p+doing, in, out)
}

// SavedSearch returns one saved search with its earlier wordings.
func (c *Client) SavedSearch(ctx context.Context, id string) (out SavedSearch, err error) {
	err = c.saved(ctx, http.MethodGet, id, "", nil, &out)
	return out, err
}

// Save keeps a search; with an id it gives that one other words.
func (c *Client) Save(ctx context.Context, id string, q SaveRequest) (out SavedSearch, err error) {
	if id == "" {
		err = c.call(ctx, http.MethodPost, Root+"/saved", q, &out)
		return out, err
	}
	err = c.saved(ctx, http.MethodPost, id, "", q, &out)
	return out, err
}

// DeleteSaved takes a saved search away.
func (c *Client) DeleteSaved(ctx context.Context, id string) error {
	return c.saved(ctx, http.MethodDelete, id, "", nil, nil)
}

// RestoreSaved brings a deleted one back.
func (c *Client) RestoreSaved(ctx context.Context, id string) (out SavedSearch, err error) {
	err = c.saved(ctx, http.MethodPost, id, "/restore", nil, &out)
	return out, err
}

// AlertOn asks to be told when an ad comes that a saved search asks for.
func (c *Client) AlertOn(ctx context.Context, id string) (out SavedSearch, err error) {
	err = c.saved(ctx, http.MethodPost, id, "/alert", nil, &out)
	return out, err
}

// AlertOff ends that.
func (c *Client) AlertOff(ctx context.Context, id string) error {
	return c.saved(ctx, http.MethodDelete, id, "/alert", nil, nil)
}

// RunSaved returns one page of what a saved search gives.
func (c *Client) RunSaved(ctx context.Context, id string, q RunRequest) (out RunAnswer, err error) {
	err = c.saved(ctx, http.MethodPost, id, "/run", q, &out)
	return out, err
}

// Lookup says what there is of many values.
func (c *Client) Lookup(ctx context.Context, q LookupRequest) (out desk.Lookup, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/lookup", q, &out)
	return out, err
}

// LookupCSV writes the same as a table.
func (c *Client) LookupCSV(ctx context.Context, q LookupRequest, w io.Writer) error {
	b, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	return c.table(ctx, http.MethodPost, Root+"/lookup/csv", b, w)
}

// WatchListCSV writes the watches of a list as a table.
func (c *Client) WatchListCSV(ctx context.Context, id string, w io.Writer) error {
	p, err := at("/watchlists/", id, isDigest)
	if err != nil {
		return err
	}
	return c.table(ctx, http.MethodGet, p+"/csv", nil, w)
}

// table writes an answer that is a table.
func (c *Client) table(ctx context.Context, method, path string, body []byte, w io.Writer) error {
	h := http.Header{}
	var in io.Reader
	if body != nil {
		h.Set("Content-Type", "application/json")
		in = bytes.NewReader(body)
	}
	a, err := c.send(ctx, method, path, h, in)
	if err != nil {
		return err
	}
	defer func() { _ = a.Body.Close() }()
	if t, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || t != "text/csv" {
		return fmt.Errorf("server %s: %w", c.base, ErrForeign)
	}
	if _, err := io.Copy(w, a.Body); err != nil {
		return fmt.Errorf("read the answer of server %s: %w", c.base, err)
	}
	return nil
}

// WatchAll watches many values under a name.
func (c *Client) WatchAll(ctx context.Context, q WatchListRequest) (out NamedWatches, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/watchlists", q, &out)
	return out, err
}

// WatchLists lists the lists of watches of the caller.
func (c *Client) WatchLists(ctx context.Context) ([]NamedWatches, error) {
	var out WatchLists
	err := c.call(ctx, http.MethodGet, Root+"/watchlists", nil, &out)
	return out.Lists, err
}

// WatchList returns one list with its watches.
func (c *Client) WatchList(ctx context.Context, id string) (out NamedWatches, err error) {
	err = c.watchlist(ctx, http.MethodGet, id, "", &out)
	return out, err
}

// EndWatchList ends a list and the watches that were made for it.
func (c *Client) EndWatchList(ctx context.Context, id string) (out WatchesEnded, err error) {
	err = c.watchlist(ctx, http.MethodDelete, id, "", &out)
	return out, err
}

// RestoreWatchList watches again what an ended list watched, in a new list.
func (c *Client) RestoreWatchList(ctx context.Context, id string) (out NamedWatches, err error) {
	err = c.watchlist(ctx, http.MethodPost, id, "/restore", &out)
	return out, err
}

func (c *Client) watchlist(ctx context.Context, method, id, doing string, out any) error {
	p, err := at("/watchlists/", id, isDigest)
	if err != nil {
		return err
	}
	return c.call(ctx, method, p+doing, nil, out)
}
