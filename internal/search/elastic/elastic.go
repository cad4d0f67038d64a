// Package elastic is the index in Elasticsearch 8, for more ads, readers and hosts
// than one file serves. Changes come in by Apply; answers go out as of the last
// refresh, which the writer makes between changes, so that readers see whole ones.
// Folding and tokenising happen in package text, for every engine alike:
// Elasticsearch is given tokens that its whitespace analyzer leaves alone. It has
// no transactions: each ad's state is one document that is changed only when
// nobody else has changed it, what follows from it is written after it, and the
// position last of all; whatever is cut off is mended when the same changes come
// again, as they do because the position stayed. Errors hold no value and no query.
package elastic

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elastic/go-elasticsearch/v8"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

var _ search.Index = (*Index)(nil)

// Options say how an index is opened.
type Options struct {
	Server
	Name     string        // alias of the index, of lower-case letters, digits and hyphens
	ReadOnly bool          // answer only; another process may be writing
	Epoch    uint64        // of this writer; one with an older epoch than has written is refused
	Beside   bool          // write beside whoever holds the epoch, in its name: for erasures
	Refresh  time.Duration // after a change until it can be found; 0 for a second, less for at once
}

// A link is a connection to the cluster.
type link struct {
	client *elasticsearch.BaseClient
	pool   *http.Transport
}

// An Index is a search.Index in Elasticsearch. Several processes may have it open;
// one of them writes at a time.
type Index struct {
	link
	o     Options
	id    string // name of the index behind the alias
	epoch uint64

	// Of a writer. Changes hold it for reading, a refresh and an erasure for writing.
	writing sync.RWMutex
	hidden  atomic.Bool // something was written that readers do not see yet
	dirty   chan struct{}
	stop    context.CancelFunc
	done    chan struct{}
}

// ID is the name that the index got when it was made; it is never used again.
func (x *Index) ID() string { return x.id }

// String says where the index is.
func (x *Index) String() string { return x.o.Name + " in Elasticsearch at " + x.o.Server.String() }

// Open opens the index behind an alias, and makes it when there is none; to answer
// only, it must be there already, else the error is ad.ErrNotFound. One of another
// version of the program gives search.ErrVersion; Remove it and open again to
// rebuild. A writer whose epoch is older than one that wrote before gets
// search.ErrFenced, here and in every change that it tries after a newer one has
// opened it. When Elasticsearch does not answer the error is search.ErrAway.
func Open(ctx context.Context, o Options) (*Index, error) {
	x := &Index{o: o, epoch: o.Epoch}
	var err error
	if x.client, x.pool, err = o.connect(); err != nil {
		return nil, x.fail("open", err)
	}
	if err := x.open(ctx); err != nil {
		x.pool.CloseIdleConnections()
		return nil, x.fail("open", err)
	}
	return x, nil
}

func (x *Index) open(ctx context.Context) error {
	names, err := x.behind(ctx, x.o.Name)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		if x.o.ReadOnly {
			return fmt.Errorf("%w; whoever writes it has yet to make it", ad.ErrNotFound)
		}
		if names, err = x.create(ctx); err != nil {
			return err
		}
	}
	x.id = names[0]
	var meta map[string]struct {
		Mappings struct {
			Meta struct {
				Vigil int `json:"vigil"`
			} `json:"_meta"`
		} `json:"mappings"`
	}
	if err := x.do(ctx, call{method: http.MethodGet, path: "/" + x.id + "/_mapping", into: &meta}); err != nil {
		return err
	}
	switch v := meta[x.id].Mappings.Meta.Vigil; {
	case v == 0:
		return fmt.Errorf("%w: index %s is another program's; delete it there, or its alias", search.ErrDamaged, x.id)
	case v != Version:
		return fmt.Errorf("%w: it is %d, this program reads %d", search.ErrVersion, v, Version)
	}
	if x.o.ReadOnly {
		return nil
	}
	if err := x.claim(ctx); err != nil {
		return err
	}
	if err := x.refresh(ctx); err != nil { // what a writer before has left
		return err
	}
	if x.o.Refresh >= 0 {
		x.dirty, x.done = make(chan struct{}, 1), make(chan struct{})
		var own context.Context
		own, x.stop = context.WithCancel(context.WithoutCancel(ctx))
		go x.refreshing(own)
	}
	return nil
}

// behind returns the names of the indexes behind an alias, the oldest first; more
// than one only while two processes make it at once.
func (l *link) behind(ctx context.Context, alias string) ([]string, error) {
	var found map[string]struct {
		Settings struct {
			Index struct {
				Created string `json:"creation_date"`
			} `json:"index"`
		} `json:"settings"`
	}
	err := l.do(ctx, call{method: http.MethodGet, path: "/" + alias + "/_settings/index.creation_date", into: &found})
	var f failure
	if errors.As(err, &f) && f.Type == absent {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(found))
	for n := range found {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		return strings.Compare(found[a].Settings.Index.Created+a, found[b].Settings.Index.Created+b)
	})
	return names, nil
}

// create makes the index. Of two processes that make it at once the later one
// takes its own away again.
func (x *Index) create(ctx context.Context) ([]string, error) {
	if err := x.do(ctx, call{method: http.MethodPut, path: "/_index_template/" + x.o.Name, body: template(x.o.Name)}); err != nil {
		return nil, err
	}
	id := x.o.Name + "-" + strings.ToLower(rand.Text())
	body := map[string]any{"aliases": map[string]any{x.o.Name: map[string]any{}, id + writes: map[string]any{}}}
	if err := x.do(ctx, call{method: http.MethodPut, path: "/" + id, body: body}); err != nil {
		return nil, err
	}
	names, err := x.behind(ctx, x.o.Name)
	if err == nil && len(names) > 1 && names[0] != id {
		err = x.do(ctx, call{method: http.MethodDelete, path: "/" + id, missing: true})
	}
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%w: it was deleted while it was made", search.ErrDamaged)
	}
	return names, err
}

// writes ends the alias by which an index is written: through it nothing makes an
// index anew that was deleted.
const writes = "-writes"

// claim makes this the writer, unless a newer one has been there.
func (x *Index) claim(ctx context.Context) error {
	if x.o.Beside {
		_, at, err := x.mark(ctx, epochMark, true)
		x.epoch = max(at, 1) - 1
		return err
	}
	err := x.put(ctx, epochMark, x.epoch+1)
	var f failure
	if errors.As(err, &f) && f.Status == http.StatusConflict {
		_, at, err := x.mark(ctx, epochMark, true)
		if err != nil {
			return err
		}
		return fenced(at, x.epoch)
	}
	return err
}

func fenced(mark, epoch uint64) error {
	return fmt.Errorf("%w: it is in epoch %d, this writer of epoch %d", search.ErrFenced, mark-1, epoch)
}

// refreshing makes what was written visible, at most once in an interval.
func (x *Index) refreshing(ctx context.Context) {
	defer close(x.done)
	every := x.o.Refresh
	if every == 0 {
		every = time.Second
	}
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.dirty:
		}
		// What fails is made good by the next refresh; who cannot write will say so.
		if err := x.refresh(ctx); err != nil {
			x.soil()
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// soil notes that there is something to be made visible.
func (x *Index) soil() {
	select {
	case x.dirty <- struct{}{}:
	default:
	}
}

// refresh makes what was written visible, while nobody is in the midst of it.
func (x *Index) refresh(ctx context.Context) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.visible(ctx)
}

// visible makes what was written visible; the caller holds writing.
func (x *Index) visible(ctx context.Context) error {
	err := x.do(ctx, call{method: http.MethodPost, path: "/" + x.id + "/_refresh"})
	x.hidden.Store(err != nil) // not before: who asks meanwhile must wait for it
	return err
}

// own makes visible what this writer has written: it finds its own changes.
func (x *Index) own(ctx context.Context) error {
	if !x.hidden.Load() {
		return nil
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	if !x.hidden.Load() { // somebody has made it visible meanwhile
		return nil
	}
	return x.visible(ctx)
}

// Intact reports search.ErrDamaged when the index that was opened is no longer the
// one behind the alias, and search.ErrAway when Elasticsearch does not answer.
func (x *Index) Intact() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	names, err := x.behind(ctx, x.o.Name)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: no answer in time", search.ErrAway)
	}
	if err == nil && (len(names) == 0 || names[0] != x.id) {
		err = fmt.Errorf("%w: it was deleted or another has taken its place", search.ErrDamaged)
	}
	if err != nil {
		return x.fail("look at", err)
	}
	return nil
}

// Check reports what keeps the index from answering in full: search.ErrAway when a
// shard of it is on no node. Elasticsearch looks after the bytes itself.
func (x *Index) Check(ctx context.Context) error {
	h, err := x.Health(ctx)
	if err == nil && h.Status == "red" {
		err = fmt.Errorf("%w: a part of it is on no node", search.ErrAway)
	}
	if err != nil {
		return x.fail("check", err)
	}
	return nil
}

// Close makes visible what was written and ends the connections.
func (x *Index) Close() error {
	if x.stop != nil {
		x.stop()
		<-x.done
		select {
		case <-x.dirty:
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_ = x.refresh(ctx) // else whoever opens it next does
		default:
		}
	}
	x.pool.CloseIdleConnections()
	return nil
}

// Remove deletes the index behind an alias, so that Open makes a new one.
func Remove(ctx context.Context, s Server, name string) error {
	var l link
	var err error
	if l.client, l.pool, err = s.connect(); err == nil {
		defer l.pool.CloseIdleConnections()
		var names []string
		names, err = l.behind(ctx, name)
		for _, n := range names {
			err = errors.Join(err, l.do(ctx, call{method: http.MethodDelete, path: "/" + n, missing: true}))
		}
	}
	if err != nil {
		return fmt.Errorf("remove index %s: %w", name, err)
	}
	return nil
}

// fail says what was being done with which index.
func (x *Index) fail(doing string, err error) error {
	return fmt.Errorf("%s index %s in Elasticsearch: %w", doing, x.o.Name, err)
}

// Point lets an alias name what is behind another one, and nothing else, in one
// step: for people who look with tools of their own.
func Point(ctx context.Context, s Server, alias, name string) error {
	var l link
	var err error
	if l.client, l.pool, err = s.connect(); err == nil {
		defer l.pool.CloseIdleConnections()
		err = l.point(ctx, alias, name)
	}
	if err != nil {
		return fmt.Errorf("point alias %s to %s in Elasticsearch: %w", alias, name, err)
	}
	return nil
}

func (l *link) point(ctx context.Context, alias, name string) error {
	now, err := l.behind(ctx, alias)
	if err != nil {
		return err
	}
	to, err := l.behind(ctx, name)
	if err != nil || slices.Equal(now, to) {
		return err
	}
	var actions []object
	for _, n := range now {
		actions = append(actions, object{"remove": object{"index": n, "alias": alias}})
	}
	for _, n := range to {
		actions = append(actions, object{"add": object{"index": n, "alias": alias}})
	}
	return l.do(ctx, call{method: http.MethodPost, path: "/_aliases", body: object{"actions": actions}})
}
