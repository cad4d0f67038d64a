package generation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// A Book is the current state of all generations and the way to change it. It may
// be used by many goroutines at once, and by many processes on one journal: each
// has a Book of its own and brings in what others decided with Apply or CatchUp.
type Book struct {
	journal ad.Journal
	now     func() time.Time

	writing sync.Mutex // one change at a time; held across the journal's disk

	mu      sync.RWMutex // guards what follows; never held across the journal's disk
	seq     uint64       // of the newest event applied
	all     []Generation // generation n at n-1
	changed chan struct{}
}

// Open rebuilds the state from the journal. now is the clock; time.Now when nil.
func Open(ctx context.Context, j ad.Journal, now func() time.Time) (*Book, error) {
	if now == nil {
		now = time.Now
	}
	b := &Book{journal: j, now: now, all: []Generation{first()}, changed: make(chan struct{})}
	if err := b.CatchUp(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// CatchUp applies what the journal holds and the state does not: what another
// process decided.
func (b *Book) CatchUp(ctx context.Context) error {
	b.mu.RLock()
	from := b.seq + 1
	b.mu.RUnlock()
	if _, err := b.journal.Replay(ctx, from, b.Apply); err != nil {
		return fmt.Errorf("replay generations from %d: %w", from, err)
	}
	return nil
}

// Apply brings one stored event into the state. Applying an event again, or one
// under a subject of another room, changes nothing. Events must come in order.
func (b *Book) Apply(seq uint64, subject string, data []byte) error {
	if subject != Subject {
		return nil
	}
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("generation event %d: %w", seq, err)
	}
	if e.V > ad.Schema {
		return fmt.Errorf("generation event %d: written by a newer program (schema %d, this one knows %d)", seq, e.V, ad.Schema)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if seq <= b.seq {
		return nil
	}
	next, err := fold(b.all, e)
	if err != nil {
		return fmt.Errorf("generation event %d: %w", seq, err)
	}
	b.all, b.seq = next, seq
	close(b.changed)
	b.changed = make(chan struct{})
	return nil
}

// fold gives the generations after an event, and leaves those before it alone.
func fold(all []Generation, e event) ([]Generation, error) {
	if e.Kind == kindPlanned {
		if g, ok := underWay(all); ok {
			return nil, fmt.Errorf("%w: %v", ErrUnderWay, g)
		}
		g, err := over(serving(all), len(all)+1, e.Step, e.From)
		if err != nil {
			return nil, err
		}
		if e.N != g.N {
			return nil, fmt.Errorf("generation %d planned where %d follows", e.N, g.N)
		}
		g.By, g.Planned, g.Changed = e.By, e.At, e.At
		return append(slices.Clone(all), g), nil
	}
	to, from := Retired, []State{Planned, Building}
	switch e.Kind {
	case kindBuilding:
		to, from = Building, []State{Planned}
	case kindSwitched:
		to, from = Serving, []State{Building}
	case kindCancelled:
	case kindDropped:
		to, from = Dropped, []State{Retired}
	default:
		return nil, fmt.Errorf("unknown event %q", e.Kind)
	}
	if _, err := expect(all, e.N, from...); err != nil {
		return nil, err
	}
	next := slices.Clone(all)
	if to == Serving {
		old := &next[serving(all).N-1]
		old.State, old.Changed = Retired, e.At
	}
	g := &next[e.N-1]
	g.State, g.Changed = to, e.At
	if to == Building {
		g.From.Seq = e.From.Seq
	}
	return next, nil
}

// expect returns generation n if it is in one of the states.
func expect(all []Generation, n int, states ...State) (Generation, error) {
	if n < 1 || n > len(all) {
		return Generation{}, fmt.Errorf("generation %d: %w", n, ad.ErrNotFound)
	}
	g := all[n-1]
	if !slices.Contains(states, g.State) {
		return g, fmt.Errorf("%v: %w", g, ErrState)
	}
	return g, nil
}

func serving(all []Generation) Generation {
	return all[slices.IndexFunc(all, func(g Generation) bool { return g.State == Serving })]
}

func underWay(all []Generation) (Generation, bool) {
	i := slices.IndexFunc(all, func(g Generation) bool { return g.State == Planned || g.State == Building })
	if i < 0 {
		return Generation{}, false
	}
	return all[i], true
}

// state returns the generations, which are never changed in place.
func (b *Book) state() []Generation {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.all
}

// Changed returns a channel that is closed when anything changes after the call:
// take it before reading the state, and no change is missed.
func (b *Book) Changed() <-chan struct{} {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.changed
}

// All returns every generation there ever was, oldest first.
func (b *Book) All() []Generation { return slices.Clone(b.state()) }

// Generation returns one generation, or ad.ErrNotFound.
func (b *Book) Generation(n int) (Generation, error) {
	all := b.state()
	if n < 1 || n > len(all) {
		return Generation{}, fmt.Errorf("generation %d: %w", n, ad.ErrNotFound)
	}
	return all[n-1], nil
}

// Serving returns the generation that people search.
func (b *Book) Serving() Generation { return serving(b.state()) }

// Building returns the generation under way, if there is one. Its state says
// whether it is planned, so that its own outputs are still to be created, or
// building.
func (b *Book) Building() (Generation, bool) { return underWay(b.state()) }

// Live returns the generations whose stages must run now: the one that serves,
// and the one that is building behind it. A stage runs once for each output: of
// the second those in Made, for the rest is shared.
func (b *Book) Live() []Generation {
	all := b.state()
	live := []Generation{serving(all)}
	if g, ok := underWay(all); ok && g.State == Building {
		live = append(live, g)
	}
	return live
}

// Retired returns the generations whose outputs may still be there to delete:
// what to do after a switch, and after a crash behind one.
func (b *Book) Retired() []Generation {
	return slices.DeleteFunc(b.All(), func(g Generation) bool { return g.State != Retired })
}

// Streams returns every output that a generation in use has, each once: what must
// exist, or, for one that is planned, is about to.
func (b *Book) Streams() []Output { return used(b.state()) }

func used(all []Generation) []Output {
	var out []Output
	for _, g := range all {
		if !g.inUse() {
			continue
		}
		for _, o := range g.Outputs() {
			if !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

// Unused returns the outputs of a retired generation that nothing in use shares:
// they may be deleted, and Drop says when they are. Two retired generations can
// name the same output, so deleting one that is gone must not be an error. It
// returns none for a generation in any other state.
func (b *Book) Unused(n int) []Output {
	all := b.state()
	g, err := expect(all, n, Retired)
	if err != nil {
		return nil
	}
	keep := used(all)
	return slices.DeleteFunc(g.Outputs(), func(o Output) bool { return slices.Contains(keep, o) })
}

// Plan adds a generation that is made anew from a step on. It returns
// ErrUnderWay while another one is planned or building.
func (b *Book) Plan(ctx context.Context, step Step, from From, by string) (Generation, error) {
	if by == "" {
		return Generation{}, fmt.Errorf("plan a replay: user id %w", ErrInvalid)
	}
	var n int
	err := b.decide(ctx, func() (*event, error) {
		all := b.state()
		e := event{Kind: kindPlanned, By: by, N: len(all) + 1, Step: step, From: from}
		n = e.N
		if _, err := fold(all, e); err != nil {
			return nil, err
		}
		return &e, nil
	})
	if err != nil {
		return Generation{}, fmt.Errorf("plan a replay from %s on: %w", step, err)
	}
	return b.Generation(n)
}

// Build says that the outputs of a planned generation are there, so that its
// stages may run. seq is the sequence of the step's input
// from which they do: what the time asked for came to, the sequence asked for, or
// 1. Building it from there already is not an error.
func (b *Book) Build(ctx context.Context, n int, seq uint64) error {
	return b.change(ctx, "build", event{Kind: kindBuilding, N: n, From: From{Seq: max(seq, 1)}}, func(g Generation) bool {
		return g.State == Building && g.From.Seq == max(seq, 1)
	})
}

// Switch lets a building generation serve and retires the one that did. Whether
// it has caught up is for the caller to know. It serving already is not an error.
func (b *Book) Switch(ctx context.Context, n int) error {
	return b.change(ctx, "switch to", event{Kind: kindSwitched, N: n}, func(g Generation) bool { return g.State == Serving })
}

// Cancel gives up a generation under way: its stages must stop, its own outputs
// may be deleted. It being retired already is not an error.
func (b *Book) Cancel(ctx context.Context, n int) error {
	return b.change(ctx, "cancel", event{Kind: kindCancelled, N: n}, func(g Generation) bool { return g.State == Retired || g.State == Dropped })
}

// Drop says that the unused outputs of a retired generation are deleted. It being
// dropped already is not an error.
func (b *Book) Drop(ctx context.Context, n int) error {
	return b.change(ctx, "drop", event{Kind: kindDropped, N: n}, func(g Generation) bool { return g.State == Dropped })
}

// change moves one generation on, unless it is there already.
func (b *Book) change(ctx context.Context, what string, e event, there func(Generation) bool) error {
	err := b.decide(ctx, func() (*event, error) {
		all := b.state()
		if e.N >= 1 && e.N <= len(all) && there(all[e.N-1]) {
			return nil, nil
		}
		if _, err := fold(all, e); err != nil {
			return nil, err
		}
		return &e, nil
	})
	if err != nil {
		return fmt.Errorf("%s generation %d: %w", what, e.N, err)
	}
	return nil
}
