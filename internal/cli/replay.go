package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/api"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
)

type replayCmd struct {
	Step   string `help:"First step to do again: extract, enrich, link or index." placeholder:"STEP" xor:"what"`
	From   string `help:"Begin at a sequence of the step's input, or with the captures of a day or time (2026-05-01, 2026-05-01T06:00:00Z); what lies before is taken over as it is." placeholder:"SEQ|TIME"`
	Status bool   `help:"Follow the replay under way, or tell of the last one." xor:"what"`
	Accept bool   `help:"Let a replay that is held back take over although it has lost ads." xor:"what"`
	Cancel bool   `help:"Give up the replay under way." xor:"what"`
	printing
}

// Help explains the command in short.
func (*replayCmd) Help() string {
	return "Makes listings, ads, links and index anew with today's program from what is stored, from a step on. People search the old ones until the new ones have caught up; then one switch follows. Ctrl-C ends the watching, not the replay."
}

// Example is shown in the help.
func (*replayCmd) Example() string {
	return "vigil replay --step enrich\nvigil replay --step extract --from 2026-05-01\nvigil replay --status"
}

// Run starts, follows or cancels a replay.
func (r *replayCmd) Run(c *Context) error {
	if r.From != "" && r.Step == "" {
		return fail(codeUsage, "name the step that begins there with --step", errors.New("replay: --from goes with --step"))
	}
	switch {
	case r.Status:
		return followReplay(c, r.JSON)
	case r.Accept:
		return acceptReplay(c, r.JSON)
	case r.Cancel:
		return cancelReplay(c, r.JSON)
	case r.Step == "":
		return fail(codeUsage, "vigil replay --step enrich, for one; --status follows what is under way", errors.New("replay: no step is named"))
	}
	step, err := stepNamed(r.Step)
	if err != nil {
		return err
	}
	from, err := placeOf(r.From)
	if err != nil {
		return err
	}
	return startReplay(c, api.ReplayRequest{Step: step, From: from}, r.JSON)
}

type reindexCmd struct{ printing }

// Help explains the command in short.
func (*reindexCmd) Help() string {
	return "Builds the index anew beside the one that people search, and switches to it. The same as vigil replay --step index."
}

// Example is shown in the help.
func (*reindexCmd) Example() string { return "vigil reindex" }

// Run starts a replay of the index and follows it.
func (r *reindexCmd) Run(c *Context) error {
	return startReplay(c, api.ReplayRequest{Step: generation.StepIndex}, r.JSON)
}

// stepNamed is the step of a name, or an error that names the nearest.
func stepNamed(name string) (generation.Step, error) {
	near, least := "", 4
	for _, s := range generation.Steps() {
		if string(s) == name {
			return s, nil
		}
		if d := distance(strings.ToLower(name), string(s)); d < least {
			near, least = string(s), d
		}
	}
	why := fmt.Errorf("replay: no step is named %q", name)
	if near != "" {
		return "", fail(codeUsage, "did you mean --step "+near+"?", why)
	}
	return "", fail(codeUsage, "the steps are extract, enrich, link and index", why)
}

// distance is how many letters must be put in, taken out or changed to make one
// word the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}

// placeOf reads where a replay begins.
func placeOf(s string) (f generation.From, err error) {
	if s == "" {
		return f, nil
	}
	if f.Seq, err = strconv.ParseUint(s, 10, 64); err == nil {
		if f.Seq == 0 {
			f.Seq = 1
		}
		return f, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if f.Time, err = time.Parse(layout, s); err == nil {
			f.Seq = 0
			return f, nil
		}
	}
	return generation.From{}, fail(codeUsage, "write a sequence such as 4711, a day such as 2026-05-01 (UTC) or a time such as 2026-05-01T06:00:00Z",
		fmt.Errorf("replay: %q is no place to begin at", s))
}

func startReplay(c *Context, q api.ReplayRequest, json bool) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	r, err := cl.Replay(c.Ctx, q)
	switch {
	case err != nil:
		return err
	case json:
		return c.value(r)
	}
	c.printf("Generation %d is being made, from %s on. Search stays on generation %d until it has caught up.\n", r.N, r.Step, r.Over)
	if r.Trouble != "" {
		c.printf("It waits: %s\n", clean(r.Trouble))
	}
	return watchReplay(c, cl, r.N)
}

func cancelReplay(c *Context, json bool) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	r, err := cl.CancelReplay(c.Ctx)
	switch {
	case err != nil:
		return err
	case json:
		return c.value(r)
	}
	c.printf("Generation %d is given up; what it had made is deleted. Search stays on generation %d.\n", r.N, r.Over)
	return nil
}

func acceptReplay(c *Context, json bool) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	r, err := cl.AcceptReplay(c.Ctx)
	switch {
	case err != nil:
		return err
	case json:
		return c.value(r)
	}
	c.printf("Generation %d takes over although %s.\n", r.N, r.Held)
	return nil
}

// heldBack tells of a replay that waits for somebody's word.
func heldBack(c *Context, r desk.Replay) error {
	c.printf("Generation %d, from %s on, is made and does not take over: %s.\n\n", r.N, r.Step, r.Held)
	printChanges(c, r.Result)
	return fail(codeVerify, "look at vigil dead-letters list, mend the cause and retry them; then it takes over by itself. vigil replay --accept takes it as it is, vigil replay --cancel gives it up",
		fmt.Errorf("replay: generation %d is held back; search stays on generation %d", r.N, r.Over))
}

// followReplay follows the replay under way, or tells of the last one.
func followReplay(c *Context, json bool) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	rs, err := cl.Replays(c.Ctx)
	switch {
	case err != nil:
		return err
	case json:
		return c.value(rs)
	}
	c.printf("%s\n", servingLine(rs.Serving))
	switch r := rs.Replay; {
	case r == nil:
		c.printf("There was no replay yet.\n")
	case r.UnderWay():
		return watchReplay(c, cl, r.N)
	default:
		printReplay(c, *r)
	}
	return nil
}

// servingLine says which generation people search.
func servingLine(g generation.Generation) string {
	if g.Step == "" {
		return fmt.Sprintf("Generation %d serves.", g.N)
	}
	return fmt.Sprintf("Generation %d serves, made anew from %s on, since %s.", g.N, g.Step, minute(g.Changed))
}

// pollEvery is how often the server is asked how far a replay has come.
const pollEvery = 500 * time.Millisecond

// patience is how long a server that does not answer is waited for: it may be
// starting again.
const patience = 2 * time.Minute

// watchReplay shows how a replay is getting on until it serves or is given up.
func watchReplay(c *Context, cl *api.Client, n int) error {
	b := bar{c: c, terminal: c.terminal(), started: time.Now()}
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	heard := time.Now()
	for {
		rs, err := cl.Replays(c.Ctx)
		switch {
		case c.Ctx.Err() != nil:
			b.clear()
			c.printf("The replay goes on: vigil replay --status follows it.\n")
			return nil
		case errors.Is(err, api.ErrUnreachable) && time.Since(heard) < patience:
			b.say("waiting for the server")
		case away(err) && time.Since(heard) < patience:
			b.say("waiting for the streams: the server cannot reach them")
		case err != nil:
			b.clear()
			return err
		case rs.Replay == nil || rs.Replay.N != n:
			b.clear()
			c.printf("Generation %d is done with; %s\n", n, servingLine(rs.Serving))
			return nil
		case !rs.Replay.UnderWay():
			b.clear()
			printReplay(c, *rs.Replay)
			return nil
		case rs.Replay.Held != "":
			b.clear()
			return heldBack(c, *rs.Replay)
		default:
			heard = time.Now()
			b.show(*rs.Replay)
		}
		select {
		case <-c.Ctx.Done():
		case <-t.C:
		}
	}
}

// away reports whether a server says that it cannot reach the streams.
func away(err error) bool {
	p, ok := errors.AsType[*api.Problem](err)
	return ok && p.Code() == api.AwayCode
}

// printReplay says what came of a replay.
func printReplay(c *Context, r desk.Replay) {
	if r.Result == nil {
		c.printf("Generation %d, from %s on, was given up at %s.\n", r.N, r.Step, minute(r.Changed))
		return
	}
	x := r.Result
	c.printf("Generation %d, from %s on, took over at %s, %s after it was asked for.\n\n", r.N, r.Step, minute(x.Finished), round(x.Finished.Sub(r.Planned)))
	printChanges(c, x)
}

// printChanges is a table of what people find before and after a replay.
func printChanges(c *Context, x *desk.ReplayResult) {
	t := table{heads: []string{"", "BEFORE", "AFTER", "CHANGE"}, right: []bool{false, true, true, true}}
	for _, row := range []struct {
		name          string
		before, after int
	}{
		{"ads", x.Before.Ads, x.After.Ads}, {"contents", x.Before.Versions, x.After.Versions},
		{"numbers", x.Before.Numbers, x.After.Numbers}, {"clusters", x.Before.Clusters, x.After.Clusters},
	} {
		change := "-"
		if row.after != row.before {
			change = fmt.Sprintf("%+d", row.after-row.before)
		}
		t.row(row.name, strconv.Itoa(row.before), strconv.Itoa(row.after), change)
	}
	t.print(c.Stdout)
	if x.Letters > 0 {
		c.printf("\n%s of the new generation: vigil dead-letters list\n", plural(int(x.Letters), "dead letter", "dead letters"))
	}
}

func round(d time.Duration) time.Duration {
	if d > 10*time.Second {
		return d.Round(time.Second)
	}
	return d.Round(100 * time.Millisecond)
}

// A bar shows how far a replay has come: on a terminal in one line that is
// written over, elsewhere in a line every ten seconds.
type bar struct {
	c        *Context
	terminal bool
	started  time.Time
	first    uint64 // records that were done when it began to look
	begun    time.Time
	shown    bool
	said     time.Time
}

const sayEvery = 10 * time.Second

func (b *bar) say(s string) {
	if b.terminal {
		b.shown = true
		b.c.printf("\r%-79s", cut("  "+s, 79))
		return
	}
	if b.said.IsZero() {
		b.said = b.started
	}
	if now := time.Now(); now.Sub(b.said) >= sayEvery {
		b.said = now
		b.c.printf("  %s\n", s)
	}
}

func (b *bar) clear() {
	if b.shown {
		b.c.printf("\r%79s\r", "")
		b.shown = false
	}
}

func (b *bar) show(r desk.Replay) {
	switch {
	case r.Trouble != "":
		b.say("held up: " + clean(r.Trouble))
		return
	case r.Total == 0:
		b.say("beginning")
		return
	}
	if b.begun.IsZero() {
		b.begun, b.first = time.Now(), r.Done
	}
	b.say(progressLine(r, b.first, time.Since(b.begun)))
}

// progressLine says how far a replay has come, and how fast it has been since
// first records were done.
func progressLine(r desk.Replay, first uint64, in time.Duration) string {
	const width = 20
	full := int(min(r.Done, r.Total) * width / max(r.Total, 1))
	s := fmt.Sprintf("[%s%s] %d of %d records", strings.Repeat("=", full), strings.Repeat(" ", width-full), r.Done, r.Total)
	if in < time.Second || r.Done <= first {
		return s
	}
	rate := float64(r.Done-first) / in.Seconds()
	s += fmt.Sprintf(", %.0f/s", rate)
	if r.Done < r.Total {
		left := time.Duration(float64(r.Total-r.Done) / rate * float64(time.Second))
		s += fmt.Sprintf(", %s left", max(left.Round(time.Second), time.Second))
	} else {
		s += ", about to switch"
	}
	return s
}

// printGenerations says in a line which generation serves, and in another what is
// under way.
func printGenerations(c *Context, rs desk.Replays) {
	c.printf("%s\n", servingLine(rs.Serving))
	r := rs.Replay
	if r == nil || !r.UnderWay() {
		return
	}
	c.printf("Generation %d is being made, from %s on: %d of %d records (replay --status).\n", r.N, r.Step, r.Done, r.Total)
	if r.Held != "" {
		c.printf("It does not take over: %s (replay --status).\n", r.Held)
	}
	if r.Trouble != "" {
		c.printf("It is held up: %s\n", clean(r.Trouble))
	}
}
