package app

import (
	"context"
	"errors"
	"log/slog"

	"vigil.example/internal/stream"
)

// A calm log does not warn of what only waits until the streams are back: that they
// are away is said once, see live.
type calm struct{ slog.Handler }

func (c calm) Handle(ctx context.Context, r slog.Record) error {
	away := false
	r.Attrs(func(x slog.Attr) bool {
		err, ok := x.Value.Any().(error)
		away = away || ok && errors.Is(err, stream.ErrAway)
		return !away
	})
	if away && r.Level == slog.LevelWarn {
		if r.Level = slog.LevelInfo; !c.Enabled(ctx, r.Level) {
			return nil
		}
	}
	return c.Handler.Handle(ctx, r)
}

func (c calm) WithAttrs(attrs []slog.Attr) slog.Handler { return calm{c.Handler.WithAttrs(attrs)} }

func (c calm) WithGroup(name string) slog.Handler { return calm{c.Handler.WithGroup(name)} }
