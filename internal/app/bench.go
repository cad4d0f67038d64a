package app

import (
	"context"

	"vigil.example/internal/access"
	"vigil.example/internal/alert"
	"vigil.example/internal/casework"
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
}

// Parts returns the parts of an open instance, as they are now.
func (a *App) Parts() Parts {
	return Parts{Bus: a.bus, Index: &a.shelf, Inbox: a.inbox, Docket: a.docket, Register: a.register}
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
