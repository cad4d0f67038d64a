package app

import (
	"context"

	"vigil.example/internal/access"
	"vigil.example/internal/stream"
)

// A drawer keeps sessions in the bucket that all web processes share.
type drawer struct{ bus *stream.Bus }

var _ access.Sessions = drawer{}

func (d drawer) Get(ctx context.Context, key string) ([]byte, error) {
	e, err := d.bus.Value(ctx, stream.Sessions, key)
	return e.Value, err
}

func (d drawer) Put(ctx context.Context, key string, value []byte) error {
	return d.bus.Put(ctx, stream.Sessions, key, value)
}

func (d drawer) Delete(ctx context.Context, key string) error {
	return d.bus.Delete(ctx, stream.Sessions, key)
}
