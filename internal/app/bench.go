package app

import (
	"context"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/alert"
	"vigil.example/internal/casework"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// Parts are what a measurement drives and watches beneath the doors of an
// instance, where people have no business.
type Parts struct {
	Bus      *stream.Bus
	Index    search.Index
	Inbox    *alert.Inbox
	Docket   *casework.Docket
	Register *access.Register
	Solved   func() int // ads of all rounds of linking so far
}

// Parts returns the parts of an open instance, as they are now.
func (a *App) Parts() Parts {
	return Parts{Bus: a.bus, Index: &a.shelf, Inbox: a.inbox, Docket: a.docket, Register: a.register, Solved: func() int { return int(a.counted.solved.Load()) }}
}

// DropIndex deletes the index of a measurement where it is not in the folder, which
// goes as a whole.
func (a *App) DropIndex(ctx context.Context) {
	if len(a.cfg.Index.URLs) == 0 {
		return
	}
	if err := a.engine.remove(context.WithoutCancel(ctx), a.book.Serving().Index); err != nil {
		a.log.Warn("deleting the index of a measurement", "err", err)
	}
}

// Watch has another meter told what stages do, beside the program's own. It is called
// before Run.
func (a *App) Watch(m pipeline.Meter) { a.meter = meters{a.meter, m} }

// meters are told the same.
type meters [2]pipeline.Meter

func (m meters) Waited(stage string, d time.Duration) {
	m[0].Waited(stage, d)
	m[1].Waited(stage, d)
}

func (m meters) Step(stage string, d time.Duration) {
	m[0].Step(stage, d)
	m[1].Step(stage, d)
}

func (m meters) Batch(stage string, messages int, d time.Duration) {
	m[0].Batch(stage, messages, d)
	m[1].Batch(stage, messages, d)
}

func (m meters) Count(stage string, e pipeline.End, n int) {
	m[0].Count(stage, e, n)
	m[1].Count(stage, e, n)
}
