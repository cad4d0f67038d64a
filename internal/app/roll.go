package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/stream"
)

// Every process puts a sign of life into a bucket. Who reads them goes by the
// server's clock alone: hosts' clocks need not agree.
const (
	lifeEvery  = 3 * time.Second
	lifeWithin = 5 * time.Second  // a sign may take
	goneAfter  = 10 * time.Second // without a sign a process is taken for gone
)

// lookWithin is how long the streams may take to answer whoever asks how it is.
const lookWithin = 2 * time.Second

// A life is what a process knows of itself while it runs.
type life struct {
	sign    string // names it in the roll
	running atomic.Bool
	away    atomic.Bool // the streams cannot be reached
}

// runs are the roles that this process does.
func (a *App) runs() (out []string) {
	for _, r := range roles() {
		if a.cfg.has(r.name) && (r.name != "crawl" || a.cfg.Crawl) {
			out = append(out, r.name)
		}
	}
	return out
}

// self is what this process has to say of itself.
func (a *App) self() desk.Process {
	p := desk.Process{Name: a.owner, Version: a.cfg.Version, Roles: a.runs(), Since: a.started, Shard: a.sharded.Load()}
	for _, h := range a.health.all() {
		if h.State == stateFailing {
			p.Troubles = append(p.Troubles, desk.Trouble{Role: roleOf(h.Part), Part: h.Part, Error: h.Error, Since: h.Since})
		}
	}
	return p
}

// roleOf is the role that a part belongs to; "" for what every process does.
func roleOf(part string) string {
	name, _, _ := strings.Cut(part, "-")
	switch {
	case name == "frontier":
		return "crawl"
	case slices.Contains(RoleNames(), name):
		return name
	}
	return ""
}

// live gives signs of life until ctx ends, and says when the streams go away and
// when they are back.
func (a *App) live(ctx context.Context) error {
	if a.cfg.sole() { // nobody else is there, and the streams are in this process
		<-ctx.Done()
		return nil
	}
	defer func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin)
		defer cancel()
		if a.bus.Connected() {
			_ = a.bus.Delete(late, stream.Roll, a.life.sign) // else it is taken for gone in a while
		}
	}()
	var due, away time.Time
	missed := 0
	t := time.NewTicker(lifeEvery / 6)
	defer t.Stop()
	for {
		var err error
		if !a.bus.Connected() {
			err, missed = stream.ErrAway, 2
		} else if now := time.Now(); !now.Before(due) {
			due = now.Add(lifeEvery)
			if err = a.signLife(ctx); errors.Is(err, stream.ErrAway) {
				missed++
			} else {
				missed = 0
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case missed >= 2 && away.IsZero():
			away = time.Now()
			a.life.away.Store(true)
			a.health.set(partStreams, stateFailing, cmp.Or(err, stream.ErrAway))
			a.log.Warn("the streams cannot be reached: work waits, and goes on by itself when they are back", "streams", a.where())
		case missed == 0 && !away.IsZero() && err == nil:
			a.health.drop(partStreams)
			a.log.Warn("the streams are back", "away", time.Since(away).Round(100*time.Millisecond))
			away = time.Time{}
			a.life.away.Store(false)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// partStreams is the part of every process that fails while the streams are away.
const partStreams = "streams"

func (a *App) signLife(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lifeWithin)
	defer cancel()
	return a.bus.Put(ctx, stream.Roll, a.life.sign, encode(a.self()))
}

// roll is the processes of this instance, living ones first.
func (a *App) roll(ctx context.Context) ([]desk.Process, error) {
	if a.cfg.sole() {
		return []desk.Process{a.self()}, nil
	}
	entries, now, err := a.bus.Entries(ctx, stream.Roll)
	if err != nil {
		return nil, err
	}
	out := []desk.Process{}
	for _, e := range entries {
		if e.Key == a.life.sign {
			continue
		}
		var p desk.Process
		if json.Unmarshal(e.Value, &p) != nil {
			continue // of another version, which says more than this one understands
		}
		if quiet := now.Sub(e.Time); quiet > goneAfter {
			p.Silent = quiet.Seconds()
		}
		out = append(out, p)
	}
	if a.life.running.Load() {
		out = append(out, a.self())
	}
	slices.SortFunc(out, func(x, y desk.Process) int {
		return cmp.Or(cmp.Compare(x.Silent, y.Silent), cmp.Compare(x.Name, y.Name), x.Since.Compare(y.Since))
	})
	return out, nil
}

// workforce tells of every role who runs it and what waits for it.
func (a *App) workforce(ctx context.Context, processes []desk.Process, l desk.Ledger) ([]desk.Role, error) {
	var out []desk.Role
	for _, r := range roles() {
		x := desk.Role{Name: r.name}
		for _, p := range processes {
			if p.Silent > 0 || !slices.Contains(p.Roles, r.name) {
				continue
			}
			x.RunBy++
			if slices.ContainsFunc(p.Troubles, func(t desk.Trouble) bool { return t.Role == r.name }) {
				x.Failing++
			}
		}
		var err error
		if x.Waiting, x.Oldest, err = a.waitingFor(ctx, r.name, l); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// waitingFor is how much waits for a role, and how long the oldest of it has.
func (a *App) waitingFor(ctx context.Context, role string, l desk.Ledger) (n uint64, oldest float64, err error) {
	for _, row := range l.Rows {
		if row.Step == role {
			n = row.Waiting
		}
	}
	g := a.book.Serving()
	ads := serves(g, stream.Ads)
	if role == "alert" {
		n, err = a.bus.Waiting(ctx, ads, "alert"+suffix(g.Ads))
		if errors.Is(err, ad.ErrNotFound) { // nobody has run it yet
			i, ierr := a.bus.Info(ctx, ads)
			n, err = i.Messages, ierr
		}
	}
	if err != nil || n == 0 {
		return n, 0, err
	}
	var age time.Duration
	switch role {
	case "crawl":
		for _, d := range a.cfg.Sites.All() {
			name := crawler(d.Name)
			if w, werr := a.bus.Waiting(ctx, stream.Frontier, name); werr == nil && w > 0 {
				age = max(age, a.oldest(ctx, stream.Frontier, name, []string{"frontier." + ad.Slug(d.Name)}))
			}
		}
	case "extract":
		age = a.oldest(ctx, stream.Captures, "extract"+suffix(g.Listings), captured())
	case "enrich":
		age = a.oldest(ctx, serves(g, stream.Listings), "enrich"+suffix(g.Ads), []string{"listing.*"})
	case "alert":
		age = a.oldest(ctx, ads, "alert"+suffix(g.Ads), nil)
	case "link":
		var at linked
		if err := a.recall(ctx, "link"+suffix(g.Links), &at); err != nil {
			return n, 0, err
		}
		age = a.age(ctx, ads, at.UpTo+1, []string{"ad.*"})
	case "index":
		if at, perr := a.shelf.Position(ctx, "ads"); perr == nil { // else it is being built
			age = a.age(ctx, ads, at+1, []string{"ad.*"})
		}
	}
	return n, age.Seconds(), nil
}

// captured are the subjects of what is extracted.
func captured() []string { return []string{"capture.crawl.*", "capture.import.*"} }

// needs are the roles that a replay from a step on waits for.
func needs(step string) []string {
	at := max(slices.Index(RoleNames(), step), 0)
	return RoleNames()[at : slices.Index(RoleNames(), "index")+1]
}

// notRun says which of some roles no living process runs; "" when all are run.
func notRun(processes []desk.Process, of []string) string {
	names := slices.DeleteFunc(slices.Clone(of), func(r string) bool {
		return slices.ContainsFunc(processes, func(p desk.Process) bool { return p.Silent == 0 && slices.Contains(p.Roles, r) })
	})
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("no process runs %s; start one: vigil run --roles %s", strings.Join(names, ", "), strings.Join(names, ","))
}
