package app

import (
	"context"
	"fmt"
	"time"

	"vigil.example/internal/stream"
)

// trials are the notes of a stage about messages that are tried alone; see
// pipeline.Trials. They stand in a bucket, under the stage's stream and name.
type trials struct {
	a      *App
	prefix string
}

func (a *App) trials(s stageSpec) trials { return trials{a, "trial." + s.from + "." + s.name + "."} }

func (t trials) key(seq uint64) string { return fmt.Sprint(t.prefix, seq) }

func (t trials) Begin(ctx context.Context, seq uint64) (before int, err error) {
	if err := t.a.recall(ctx, t.key(seq), &before); err != nil {
		return 0, err
	}
	return before, t.a.bus.Put(ctx, stream.Progress, t.key(seq), encode(before+1))
}

// End waits for the bucket a little: the process may be stopping.
func (t trials) End(ctx context.Context, seq uint64) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return t.a.bus.Delete(ctx, stream.Progress, t.key(seq))
}
