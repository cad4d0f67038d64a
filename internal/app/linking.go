package app

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/link"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// linking is what the ledger wants to know of the linker.
type linking struct {
	read atomic.Uint64 // ads linked
	upTo atomic.Uint64 // sequence of the last one
}

const linkVersion = "Vigil-Linker"

// linkMore marks a change of which further parts follow.
const linkMore = "Vigil-More"

// runLink keeps the clusters. The linker's state depends on the ads stream alone,
// so it is read from the start; changes are published beyond the last ad whose
// changes are stored, or all anew when the rules of linking have changed.
func (a *App) runLink(ctx context.Context) error {
	l := link.New(a.cfg.Link)
	info, err := a.bus.Info(ctx, stream.Links)
	if err != nil {
		return err
	}
	var done uint64
	version := link.Version
	if info.Last > 0 {
		m, err := a.bus.Get(ctx, stream.Links, info.Last)
		if err != nil {
			return err
		}
		done, _ = strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
		if m.Header[linkMore] != "" && done > 0 { // its other parts are not stored
			done--
		}
		version = m.Header[linkVersion]
	}
	f := pipeline.Follower[*ad.Ad]{
		Name: "link", Dead: a.bus, Batch: 500, Log: a.log,
		Position: func(context.Context) (uint64, error) { return a.linking.upTo.Load(), nil },
		Tail: func(ctx context.Context, from uint64, n int, f func([]ad.Message) error) error {
			return a.bus.Tail(ctx, stream.Ads, from, nil, n, f)
		},
		Decode: func(m ad.Message) (*ad.Ad, error) {
			x, err := decode[ad.Ad](m)
			x.CaptureSeq = m.Seq // the linker's batch needs the place in this stream
			return &x, err
		},
	}
	var held []ad.Message // changes that are not stored yet
	f.Apply = func(ctx context.Context, upTo uint64, ads []*ad.Ad) error {
		for _, x := range ads {
			seq := x.CaptureSeq
			if seq <= a.linking.upTo.Load() {
				continue
			}
			ch := l.Add(x)
			a.linking.read.Add(1)
			a.linking.upTo.Store(seq)
			if seq > done && len(ch.Moves)+len(ch.Hubs) > 0 {
				held = append(held, linkMessages(ch, seq)...)
			}
			if seq == done && version != link.Version {
				held = append(held, linkMessages(l.Snapshot(), seq)...)
			}
		}
		// The state has gone ahead: what follows from it must be stored now.
		for attempt := 1; ; attempt++ {
			err := a.bus.Publish(ctx, held)
			if err == nil {
				held = nil
				return nil
			}
			if ctx.Err() != nil {
				return err
			}
			a.log.Warn("publishing links, will be tried again", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(pipeline.Backoff(200*time.Millisecond, attempt)):
			}
		}
	}
	return f.Run(ctx)
}

// movesPerMessage keeps one change far below the size of a message.
const movesPerMessage = 5000

func linkMessages(ch ad.LinkChange, seq uint64) (out []ad.Message) {
	for part := 0; len(ch.Moves)+len(ch.Hubs) > 0; part++ {
		n := min(len(ch.Moves), movesPerMessage)
		one := ad.LinkChange{V: ad.Schema, Moves: ch.Moves[:n], Hubs: ch.Hubs}
		ch.Moves, ch.Hubs = ch.Moves[n:], nil
		more := ""
		if len(ch.Moves) > 0 {
			more = "1"
		}
		out = append(out, ad.Message{
			Subject: "link.change", ID: fmt.Sprintf("link:%s:%d:%d", link.Version, seq, part), Data: encode(one),
			Header: map[string]string{pipeline.SourceHeader: strconv.FormatUint(seq, 10), linkVersion: link.Version, linkMore: more},
		})
	}
	return out
}
