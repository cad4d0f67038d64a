package generation

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, j ad.Journal) *Book {
	t.Helper()
	b, err := Open(t.Context(), j, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// replaced plans, builds and switches to a generation.
func replaced(t testing.TB, b *Book, step Step) Generation {
	t.Helper()
	g, err := b.Plan(t.Context(), step, From{}, "u1")
	must(t, err)
	must(t, b.Build(t.Context(), g.N, 1))
	must(t, b.Switch(t.Context(), g.N))
	return b.Serving()
}

func TestAStepMakesItsOutputAndAllBehindItAnew(t *testing.T) {
	serving := Generation{N: 4, Listings: 2, Ads: 3, Links: 4, Index: 4, State: Serving}
	for step, want := range map[Step][]Output{
		StepExtract: {{Listings, 5}, {Ads, 5}, {Links, 5}, {Index, 5}},
		StepEnrich:  {{Listings, 2}, {Ads, 5}, {Links, 5}, {Index, 5}},
		StepLink:    {{Listings, 2}, {Ads, 3}, {Links, 5}, {Index, 5}},
		StepIndex:   {{Listings, 2}, {Ads, 3}, {Links, 4}, {Index, 5}},
	} {
		t.Run(string(step), func(t *testing.T) {
			g, err := over(serving, 5, step, From{})
			must(t, err)
			if diff := cmp.Diff(g.Outputs(), want); diff != "" {
				t.Errorf("outputs (-got +want):\n%s", diff)
			}
			for _, o := range g.Made() {
				if o.N != 5 {
					t.Errorf("made %v, which is not its own", o)
				}
			}
			if g.Over != 4 || g.State != Planned {
				t.Errorf("got %+v", g)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		step Step
		from From
		by   string
	}{
		"a step that is none":             {"crawl", From{}, "u1"},
		"nobody":                          {StepEnrich, From{}, ""},
		"a sequence and a time":           {StepEnrich, From{Seq: 7, Time: noon}, "u1"},
		"linking from the middle":         {StepLink, From{Seq: 7}, "u1"},
		"an index of what came after one": {StepIndex, From{Time: noon}, "u1"},
	} {
		t.Run(name, func(t *testing.T) {
			j := &memory{}
			if _, err := open(t, j).Plan(t.Context(), c.step, c.from, c.by); !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v, want %v", err, ErrInvalid)
			}
			if len(j.Events) > 0 {
				t.Errorf("stored %s", j.Events[0].Data)
			}
		})
	}
}

func TestALife(t *testing.T) {
	ctx := t.Context()
	j := &memory{}
	b := open(t, j)
	first := Generation{N: 1, Listings: 1, Ads: 1, Links: 1, Index: 1, State: Serving}
	if diff := cmp.Diff(b.Live(), []Generation{first}); diff != "" {
		t.Fatalf("at first (-got +want):\n%s", diff)
	}

	g, err := b.Plan(ctx, StepEnrich, From{Time: noon.Add(-time.Hour)}, "u1")
	must(t, err)
	want := Generation{
		N: 2, Step: StepEnrich, From: From{Time: noon.Add(-time.Hour)}, Over: 1, Listings: 1, Ads: 2, Links: 2, Index: 2,
		State: Planned, By: "u1", Planned: noon, Changed: noon,
	}
	if diff := cmp.Diff(g, want); diff != "" {
		t.Fatalf("planned (-got +want):\n%s", diff)
	}
	if live := b.Live(); len(live) != 1 {
		t.Errorf("the stages of a planned generation run: %v", live)
	}
	both := []Output{{Listings, 1}, {Ads, 1}, {Links, 1}, {Index, 1}, {Ads, 2}, {Links, 2}, {Index, 2}}
	if diff := cmp.Diff(b.Streams(), both); diff != "" {
		t.Errorf("in use (-got +want):\n%s", diff)
	}
	if err := b.Switch(ctx, 2); !errors.Is(err, ErrState) {
		t.Errorf("switched to a planned generation: %v", err)
	}

	must(t, b.Build(ctx, 2, 4711))
	must(t, b.Build(ctx, 2, 4711)) // said again after a crash
	if err := b.Build(ctx, 2, 4712); !errors.Is(err, ErrState) {
		t.Errorf("began building at two places: %v", err)
	}
	want.State, want.From.Seq = Building, 4711
	if diff := cmp.Diff(b.Live(), []Generation{first, want}); diff != "" {
		t.Errorf("live (-got +want):\n%s", diff)
	}
	if _, err := b.Plan(ctx, StepIndex, From{}, "u2"); !errors.Is(err, ErrUnderWay) {
		t.Errorf("planned a second one: %v", err)
	} else if want := "plan a replay from index on: only one generation is made at a time: generation 2 (building, from enrich on)"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	for what, err := range map[string]error{"drop": b.Drop(ctx, 2), "drop serving": b.Drop(ctx, 1), "cancel serving": b.Cancel(ctx, 1)} {
		if !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if u := b.Unused(1); u != nil {
		t.Errorf("may delete %v of what serves", u)
	}

	must(t, b.Switch(ctx, 2))
	must(t, b.Switch(ctx, 2))
	if s := b.Serving(); s.N != 2 {
		t.Errorf("%v serves", s)
	}
	if diff := cmp.Diff(b.Unused(1), []Output{{Ads, 1}, {Links, 1}, {Index, 1}}); diff != "" {
		t.Errorf("unused, but not the listings that generation 2 shares (-got +want):\n%s", diff)
	}
	if r := b.Retired(); len(r) != 1 || r[0].N != 1 {
		t.Errorf("retired %v", r)
	}
	must(t, b.Drop(ctx, 1))
	must(t, b.Drop(ctx, 1))
	if r := b.Retired(); len(r) != 0 {
		t.Errorf("retired %v after dropping it", r)
	}
	if u := b.Unused(1); u != nil {
		t.Errorf("may delete %v twice", u)
	}

	replaced(t, b, StepExtract)
	if diff := cmp.Diff(b.Unused(2), []Output{{Listings, 1}, {Ads, 2}, {Links, 2}, {Index, 2}}); diff != "" {
		t.Errorf("unused, with the listings that generation 1 left (-got +want):\n%s", diff)
	}
	if n := len(j.Events); n != 3+1+3 {
		t.Errorf("%d events", n)
	}
	if diff := cmp.Diff(open(t, j).All(), b.All()); diff != "" {
		t.Errorf("projected anew (-got +want):\n%s", diff)
	}
}

func TestCancel(t *testing.T) {
	for _, build := range []bool{false, true} {
		b := open(t, &memory{})
		g, err := b.Plan(t.Context(), StepLink, From{}, "u1")
		must(t, err)
		if build {
			must(t, b.Build(t.Context(), g.N, 1))
		}
		must(t, b.Cancel(t.Context(), g.N))
		must(t, b.Cancel(t.Context(), g.N))
		if diff := cmp.Diff(b.Unused(g.N), []Output{{Links, 2}, {Index, 2}}); diff != "" {
			t.Errorf("unused (-got +want):\n%s", diff)
		}
		if s, live := b.Serving(), b.Live(); s.N != 1 || len(live) != 1 {
			t.Errorf("%v serves, live %v", s, live)
		}
		if err := b.Switch(t.Context(), g.N); !errors.Is(err, ErrState) {
			t.Errorf("switched to a cancelled one: %v", err)
		}
		if next, err := b.Plan(t.Context(), StepLink, From{}, "u1"); err != nil || next.N != 3 || next.Links != 3 {
			t.Errorf("next %+v, %v: the number of a cancelled one must not come back", next, err)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	b := open(t, &memory{})
	for _, n := range []int{-1, 0, 2} {
		_, err := b.Generation(n)
		for what, err := range map[string]error{
			"generation": err, "build": b.Build(t.Context(), n, 1), "switch": b.Switch(t.Context(), n),
			"cancel": b.Cancel(t.Context(), n), "drop": b.Drop(t.Context(), n),
		} {
			if !errors.Is(err, ad.ErrNotFound) {
				t.Errorf("%s %d: %v", what, n, err)
			}
		}
	}
}

// Two processes decide at the same moment: one of them is first, the other hears
// of it, and both books say the same.
func TestTwoBooksRace(t *testing.T) {
	for round := range 50 {
		j := &memory{}
		books := []*Book{open(t, j), open(t, j)}
		both := func(f func(b *Book) error) []error {
			errs := make([]error, len(books))
			var wg sync.WaitGroup
			for i, b := range books {
				wg.Go(func() { errs[i] = f(b) })
			}
			wg.Wait()
			return errs
		}
		errs := both(func(b *Book) error {
			_, err := b.Plan(context.Background(), StepEnrich, From{}, "u1")
			return err
		})
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), ErrUnderWay) {
			t.Fatalf("round %d: plan: %v", round, errs)
		}
		must(t, books[round%2].Build(t.Context(), 2, 1))
		must(t, errors.Join(both(func(b *Book) error { return b.Switch(context.Background(), 2) })...))
		for _, b := range books {
			must(t, b.CatchUp(t.Context()))
			if s := b.Serving(); s.N != 2 {
				t.Fatalf("round %d: %v serves", round, s)
			}
		}
		if diff := cmp.Diff(books[0].All(), books[1].All()); diff != "" {
			t.Fatalf("round %d: books differ:\n%s", round, diff)
		}
		if len(j.Events) != 3 {
			t.Fatalf("round %d: %d events, want planned, building, switched", round, len(j.Events))
		}
	}
}

// A switch and a cancel at the same moment: one wins, and never both.
func TestSwitchAgainstCancel(t *testing.T) {
	j := &memory{}
	a, b := open(t, j), open(t, j)
	g, err := a.Plan(t.Context(), StepIndex, From{}, "u1")
	must(t, err)
	must(t, a.Build(t.Context(), g.N, 1))
	must(t, b.CatchUp(t.Context()))
	must(t, a.Cancel(t.Context(), g.N))
	if err := b.Switch(t.Context(), g.N); !errors.Is(err, ErrState) {
		t.Errorf("switched to what was cancelled: %v", err)
	}
	if b.Serving().N != 1 {
		t.Errorf("%v serves", b.Serving())
	}
}

func TestChanged(t *testing.T) {
	j := &memory{}
	a, b := open(t, j), open(t, j)
	ch := b.Changed()
	_, err := a.Plan(t.Context(), StepLink, From{}, "u1")
	must(t, err)
	select {
	case <-ch:
		t.Fatal("changed before the event came")
	default:
	}
	must(t, b.Apply(1, Subject, j.Events[0].Data))
	select {
	case <-ch:
	default:
		t.Fatal("an event came and nothing said so")
	}
	ch = b.Changed()
	must(t, b.Apply(1, Subject, j.Events[0].Data))
	must(t, b.Apply(2, "fence.generation", []byte("x")))
	select {
	case <-ch:
		t.Error("changed by an event that it holds already")
	default:
	}
}

func TestApplyRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"no JSON":                `{`,
		"an unknown event":       `{"v":1,"kind":"merged","n":1}`,
		"a newer schema":         `{"v":99,"kind":"planned","n":2,"step":"link"}`,
		"a number out of turn":   `{"v":1,"kind":"planned","n":7,"step":"link"}`,
		"a switch to nothing":    `{"v":1,"kind":"switched","n":2}`,
		"what serves is dropped": `{"v":1,"kind":"dropped","n":1}`,
	} {
		b := open(t, &memory{})
		ch := b.Changed()
		if err := b.Apply(1, Subject, []byte(data)); err == nil {
			t.Errorf("%s: applied", name)
		}
		if diff := cmp.Diff(b.All(), []Generation{first()}); diff != "" || ch != b.Changed() {
			t.Errorf("%s: changed:\n%s", name, diff)
		}
	}
}

func TestOutage(t *testing.T) {
	j := &memory{}
	b := open(t, j)
	j.Outage(true)
	if _, err := b.Plan(t.Context(), StepLink, From{}, "u1"); !errors.Is(err, errOutage) {
		t.Errorf("got %v", err)
	}
	if _, err := Open(t.Context(), j, nil); !errors.Is(err, errOutage) {
		t.Errorf("opened: %v", err)
	}
	if _, ok := b.Building(); ok {
		t.Error("plans what is not stored")
	}
	// Stored, but nobody was told: asking again finds it.
	j.Outage(false)
	lost := false
	j.Lose = func() bool { lost = !lost; return lost }
	if _, err := b.Plan(t.Context(), StepLink, From{}, "u1"); !errors.Is(err, errOutage) {
		t.Errorf("got %v", err)
	}
	if _, err := b.Plan(t.Context(), StepLink, From{}, "u1"); !errors.Is(err, ErrUnderWay) {
		t.Errorf("planned twice: %v", err)
	}
}

// Whatever is decided in whatever order: exactly one generation serves, at most
// one is under way, what is used is never unused, and a book that reads the
// journal in pieces of any size says the same.
func TestLaws(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		j := &memory{}
		b, other := open(t, j), open(t, j)
		for range 40 {
			n := 1 + r.IntN(len(b.All())+1)
			switch r.IntN(6) {
			case 0:
				_, _ = b.Plan(t.Context(), Steps()[r.IntN(4)], From{}, "u1")
			case 1:
				_ = b.Build(t.Context(), n, 1)
			case 2:
				_ = b.Switch(t.Context(), n)
			case 3:
				_ = b.Cancel(t.Context(), n)
			case 4:
				_ = b.Drop(t.Context(), n)
			case 5:
				must(t, other.CatchUp(t.Context()))
			}
			check(t, b)
		}
		must(t, other.CatchUp(t.Context()))
		if diff := cmp.Diff(other.All(), b.All()); diff != "" {
			t.Fatalf("seed %d (-in pieces +as decided):\n%s", seed, diff)
		}
	}
}

func check(t *testing.T, b *Book) {
	t.Helper()
	serving, making := 0, 0
	inUse := map[Output]bool{}
	for _, o := range b.Streams() {
		if inUse[o] {
			t.Fatalf("%v is listed twice", o)
		}
		inUse[o] = true
	}
	for i, g := range b.All() {
		if g.N != i+1 {
			t.Fatalf("%v stands at %d", g, i+1)
		}
		switch g.State {
		case Serving:
			serving++
		case Planned, Building:
			making++
		}
		for _, o := range b.Unused(g.N) {
			if inUse[o] || g.State != Retired {
				t.Fatalf("%v may go with %v, but is in use", o, g)
			}
		}
	}
	if serving != 1 || making > 1 {
		t.Fatalf("%d serve, %d are under way", serving, making)
	}
}
