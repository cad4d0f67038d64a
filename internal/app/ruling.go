package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/stream"
)

// This file keeps what people decided about ads, as it stands in the stream, for the
// roles that go by it.

// rulings are a projection of one kind of decision about ads.
type rulings interface {
	Subjects() string
	Apply(seq uint64, subject string, data []byte) error
	Forget(upTo uint64, left map[string]bool)
	Position() uint64
}

// rulings are all that this process follows.
func (a *App) rulings() []rulings { return []rulings{a.corrections, a.bonds, a.labels} }

// readRulings brings the stored decisions into the state.
func (a *App) readRulings(ctx context.Context) error {
	for _, r := range a.rulings() {
		_, err := a.bus.Replay(ctx, stream.Decisions, 0, []string{r.Subjects()}, func(m ad.Message) error {
			return r.Apply(m.Seq, m.Subject, m.Data)
		})
		if err != nil {
			return fmt.Errorf("open %s: %w", strings.TrimSuffix(r.Subjects(), ".*"), err)
		}
	}
	return nil
}

// followRulings brings new decisions into the state until ctx ends.
func (a *App) followRulings(ctx context.Context) error {
	all := a.rulings()
	from := all[0].Position()
	for _, r := range all[1:] {
		from = min(from, r.Position())
	}
	return a.follow(ctx, stream.Decisions, from, func(m ad.Message) (err error) {
		for _, r := range all {
			err = errors.Join(err, r.Apply(m.Seq, m.Subject, m.Data))
		}
		return err
	})
}

// forgetRulings drops those whose events were erased.
func (a *App) forgetRulings(ctx context.Context) error {
	for _, r := range a.rulings() {
		left := map[string]bool{}
		last, err := a.bus.Replay(ctx, stream.Decisions, 0, []string{r.Subjects()}, func(m ad.Message) error {
			left[m.Subject] = true
			return nil
		})
		if err != nil {
			return err
		}
		r.Forget(last, left)
	}
	return nil
}
