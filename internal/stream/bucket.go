package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// The buckets: small state under keys, of which only the newest value counts.
const (
	Leases   = "LEASES"   // who holds which singleton's work
	Progress = "PROGRESS" // positions of roles
	Sessions = "SESSIONS" // who is logged in
	Roll     = "ROLL"     // signs of life of processes
	Words    = "WORDS"    // what sites add to every page
)

// A BucketDeclaration says what one bucket holds and for how long.
type BucketDeclaration struct {
	Name    string
	About   string
	Writers string        // the roles that write it
	MaxAge  time.Duration // after which a key that is not put again is gone; 0 keeps it
}

// Buckets declares every bucket. None is a record: what a backup has of them is
// a convenience.
func Buckets() []BucketDeclaration {
	return []BucketDeclaration{
		{Name: Leases, About: "who holds which singleton's work", Writers: "every role"},
		{Name: Progress, About: "positions of roles", Writers: "every role"},
		{Name: Sessions, About: "who is logged in", Writers: "web", MaxAge: 24 * time.Hour},
		{Name: Words, About: "models of sites' own words", Writers: "enrich"},
		{Name: Roll, About: "signs of life of processes", Writers: "every role", MaxAge: 10 * time.Minute},
	}
}

// An Entry is the newest value of a key.
type Entry struct {
	Key      string
	Value    []byte
	Revision uint64    // moves with every write of the bucket
	Time     time.Time // when it was put, by the server's clock
	Deleted  bool      // only seen by Watch
}

// markerAge is how long a deleted key leaves a mark for those who watch.
const markerAge = time.Hour

// ensureBuckets makes the buckets that are missing. A bucket is a stream of the
// shape that NATS calls key-value; unlike there, direct reads are off, so that
// who has written reads what was written, from any server of a cluster.
func (b *Bus) ensureBuckets(ctx context.Context) error {
	b.buckets = map[string]jetstream.KeyValue{}
	for _, d := range Buckets() {
		cfg := jetstream.StreamConfig{
			Name: "KV_" + d.Name, Description: d.About, Subjects: []string{"$KV." + d.Name + ".>"},
			Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew, MaxAge: d.MaxAge,
			MaxMsgs: -1, MaxBytes: -1, MaxMsgSize: -1, MaxMsgsPerSubject: 1, Duplicates: 2 * time.Minute,
			AllowRollup: true, DenyDelete: true, AllowMsgTTL: true, Replicas: max(1, b.conf.Replicas),
		}
		s, err := b.js.Stream(ctx, cfg.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			_, err = b.js.CreateStream(ctx, cfg)
		case err == nil:
			have := s.CachedInfo().Config
			if b.conf.Replicas == 0 {
				cfg.Replicas = have.Replicas
			}
			if have.Replicas != cfg.Replicas || have.MaxAge != cfg.MaxAge || have.AllowDirect || !have.AllowMsgTTL {
				_, err = b.js.UpdateStream(ctx, cfg)
			}
		}
		if err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return fmt.Errorf("declare bucket %s: %w", d.Name, err)
		}
		if b.buckets[d.Name], err = b.js.KeyValue(ctx, d.Name); err != nil {
			return fmt.Errorf("open bucket %s: %w", d.Name, err)
		}
	}
	return nil
}

func (b *Bus) bucket(name string) (jetstream.KeyValue, error) {
	kv, ok := b.buckets[name]
	if !ok {
		return nil, fmt.Errorf("bucket %q is not declared", name)
	}
	return kv, nil
}

// Put sets the value of a key, durably.
func (b *Bus) Put(ctx context.Context, bucket, key string, v []byte) error {
	kv, err := b.bucket(bucket)
	if err != nil {
		return err
	}
	if _, err := kv.Put(ctx, key, v); err != nil {
		return fmt.Errorf("put %s in %s: %w", key, bucket, absent(err))
	}
	return nil
}

// Swap sets the value of a key if its revision is still the given one, 0 for a
// key that is not there, and returns the new revision; otherwise ErrConflict.
func (b *Bus) Swap(ctx context.Context, bucket, key string, v []byte, revision uint64) (uint64, error) {
	kv, err := b.bucket(bucket)
	if err != nil {
		return 0, err
	}
	var next uint64
	if revision == 0 {
		next, err = kv.Create(ctx, key, v)
	} else {
		next, err = kv.Update(ctx, key, v, revision)
	}
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return 0, fmt.Errorf("put %s in %s: %w", key, bucket, ErrConflict)
	}
	if err != nil {
		return 0, fmt.Errorf("put %s in %s: %w", key, bucket, absent(err))
	}
	return next, nil
}

// Value returns the newest value of a key, or ad.ErrNotFound.
func (b *Bus) Value(ctx context.Context, bucket, key string) (Entry, error) {
	kv, err := b.bucket(bucket)
	if err != nil {
		return Entry{}, err
	}
	if err := b.connected(); err != nil {
		return Entry{}, fmt.Errorf("read %s of %s: %w", key, bucket, err)
	}
	e, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Entry{}, fmt.Errorf("read %s of %s: %w", key, bucket, ad.ErrNotFound)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("read %s of %s: %w", key, bucket, absent(err))
	}
	return entry(e), nil
}

func entry(e jetstream.KeyValueEntry) Entry {
	return Entry{Key: e.Key(), Value: e.Value(), Revision: e.Revision(), Time: e.Created().UTC(), Deleted: e.Operation() != jetstream.KeyValuePut}
}

// Delete takes a key away. One that is not there is no error.
func (b *Bus) Delete(ctx context.Context, bucket, key string) error {
	kv, err := b.bucket(bucket)
	if err != nil {
		return err
	}
	if err := kv.Purge(ctx, key, jetstream.PurgeTTL(markerAge)); err != nil {
		return fmt.Errorf("delete %s of %s: %w", key, bucket, absent(err))
	}
	return nil
}

// Keys lists the keys of a bucket.
func (b *Bus) Keys(ctx context.Context, bucket string) ([]string, error) {
	kv, err := b.bucket(bucket)
	if err != nil {
		return nil, err
	}
	keys, err := kv.Keys(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoKeysFound) {
		return nil, fmt.Errorf("list keys of %s: %w", bucket, absent(err))
	}
	return keys, nil
}

// Entries returns all that a bucket holds, and the time by the server's clock,
// which the times of entries go by.
func (b *Bus) Entries(ctx context.Context, bucket string) (out []Entry, now time.Time, err error) {
	kv, err := b.bucket(bucket)
	if err != nil {
		return nil, now, err
	}
	fail := func(err error) ([]Entry, time.Time, error) {
		return nil, now, fmt.Errorf("read bucket %s: %w", bucket, absent(err))
	}
	if err := b.connected(); err != nil {
		return fail(err)
	}
	w, err := kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return fail(err)
	}
	defer func() { _ = w.Stop() }() // it ends with the connection if not here
	for end := false; !end; {
		select {
		case <-ctx.Done():
			return fail(ctx.Err())
		case e, ok := <-w.Updates():
			switch {
			case !ok:
				return fail(jetstream.ErrConsumerDeleted)
			case e == nil:
				end = true
			default:
				out = append(out, entry(e))
			}
		}
	}
	s, err := b.js.Stream(ctx, "KV_"+bucket)
	if err != nil {
		return fail(err)
	}
	return out, s.CachedInfo().TimeStamp.UTC(), nil
}

// Watch calls f with every key of a bucket and then with every change, until ctx
// ends or f fails.
func (b *Bus) Watch(ctx context.Context, bucket string, f func(Entry) error) error {
	kv, err := b.bucket(bucket)
	if err != nil {
		return err
	}
	w, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch bucket %s: %w", bucket, absent(err))
	}
	defer func() { _ = w.Stop() }() // it ends with the connection if not here
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-w.Updates():
			if !ok {
				if ctx.Err() != nil { // the library ends the consumer with it
					return ctx.Err()
				}
				return fmt.Errorf("watch bucket %s: %w", bucket, jetstream.ErrConsumerDeleted)
			}
			if e == nil {
				continue // the end of what was there
			}
			if err := f(entry(e)); err != nil {
				return err
			}
		}
	}
}
