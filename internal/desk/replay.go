package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/audit"
	"vigil.example/internal/generation"
)

// What callers branch on.
var (
	// ErrNothing says that a replay would do nothing.
	ErrNothing = errors.New("there is nothing to replay")
	// ErrNoReplay says that no replay is under way.
	ErrNoReplay = errors.New("none is under way")
	// ErrNotHeld says that a replay needs nobody's word to go on.
	ErrNotHeld = errors.New("it is not held back")
)

// A Replayer makes generations of what is derived; see docs/replay.md.
type Replayer interface {
	// StartReplay plans a generation that is made anew from a step on. What is
	// planned goes on by itself, over restarts too.
	StartReplay(ctx context.Context, step generation.Step, from generation.From, by string) (Replay, error)
	CancelReplay(ctx context.Context) (Replay, error)
	// AcceptReplay lets a replay that is held back take over all the same.
	AcceptReplay(ctx context.Context, by string) (Replay, error)
	Replays(ctx context.Context) (Replays, error)
}

// Replays says which generation serves, and tells of the replay under way or,
// when there is none, of the last one.
type Replays struct {
	Serving generation.Generation `json:"serving"`
	Replay  *Replay               `json:"replay,omitempty"`
}

// A Replay is a generation that is being made or was made, and how far it has
// come.
type Replay struct {
	generation.Generation
	Done    uint64        `json:"done"`              // records, over all steps that are replayed
	Total   uint64        `json:"total"`             // as far as is known
	Waiting uint64        `json:"waiting"`           // records that are there and not done
	Trouble string        `json:"trouble,omitempty"` // what holds it up
	Held    string        `json:"held,omitempty"`    // why it does not take over unless somebody says so
	Result  *ReplayResult `json:"result,omitempty"`  // once it serves or is held back
}

// UnderWay reports whether the replay goes on.
func (r Replay) UnderWay() bool {
	return r.State == generation.Planned || r.State == generation.Building
}

// A ReplayResult says what a replay has changed.
type ReplayResult struct {
	Before   Contents  `json:"before"`
	After    Contents  `json:"after"`
	Letters  uint64    `json:"dead_letters"` // of the new generation
	Finished time.Time `json:"finished"`

	Coming        int    `json:"coming,omitempty"`    // records on their way when it was counted
	LettersBefore uint64 `json:"dead_letters_before"` // of what it replaces
}

// Lost says what of the old generation is missing in the new one, when it is more
// than today's code would leave out on purpose: over 2 % of the ads, or dead letters
// of more than 1 % of the contents. It is "" when nothing is.
func (r ReplayResult) Lost() string {
	ads, letters := r.Before.Ads-r.After.Ads, int(r.Letters)-int(r.LettersBefore)
	switch {
	case ads > max(2, r.Before.Ads/50)+r.Coming:
		return fmt.Sprintf("it has %d of the %d ads that are searched now, and %d dead letters (%d before)", r.After.Ads, r.Before.Ads, r.Letters, r.LettersBefore)
	case letters > max(10, r.Before.Versions/100):
		return fmt.Sprintf("it has %d dead letters, those before had %d", r.Letters, r.LettersBefore)
	}
	return ""
}

// Contents is what an index holds.
type Contents struct {
	Ads      int `json:"ads"`
	Versions int `json:"versions"` // distinct contents of ads
	Clusters int `json:"clusters"`
	Numbers  int `json:"numbers"` // distinct telephone numbers read in them
}

// StartReplay plans a replay.
func (d *Desk) StartReplay(ctx context.Context, s access.Subject, step generation.Step, from generation.From) (Replay, error) {
	e := audit.Entry{Action: "replay.start", Object: string(step)}
	if err := d.may(ctx, s, access.ActReplay, e); err != nil {
		return Replay{}, err
	}
	r, err := d.Replayer.StartReplay(ctx, step, from, s.User)
	e.Outcome = outcome(err)
	if err == nil {
		e.Object = fmt.Sprintf("%s-%d", step, r.N)
	}
	if lerr := d.log(ctx, s, e); lerr != nil {
		return Replay{}, lerr
	}
	return r, err
}

// CancelReplay gives up the replay under way.
func (d *Desk) CancelReplay(ctx context.Context, s access.Subject) (Replay, error) {
	e := audit.Entry{Action: "replay.cancel"}
	if err := d.may(ctx, s, access.ActReplay, e); err != nil {
		return Replay{}, err
	}
	r, err := d.Replayer.CancelReplay(ctx)
	e.Outcome = outcome(err)
	if err == nil {
		e.Object = fmt.Sprintf("%s-%d", r.Step, r.N)
	}
	if lerr := d.log(ctx, s, e); lerr != nil {
		return Replay{}, lerr
	}
	return r, err
}

// AcceptReplay lets a replay that is held back take over.
func (d *Desk) AcceptReplay(ctx context.Context, s access.Subject) (Replay, error) {
	e := audit.Entry{Action: "replay.accept"}
	if err := d.may(ctx, s, access.ActReplay, e); err != nil {
		return Replay{}, err
	}
	r, err := d.Replayer.AcceptReplay(ctx, s.User)
	e.Outcome = outcome(err)
	if err == nil {
		e.Object = fmt.Sprintf("%s-%d", r.Step, r.N)
	}
	if lerr := d.log(ctx, s, e); lerr != nil {
		return Replay{}, lerr
	}
	return r, err
}

// Replays tells how a replay is going. It shows counts only, no ad, and is not
// logged.
func (d *Desk) Replays(ctx context.Context, s access.Subject) (Replays, error) {
	if err := s.May(access.ActStatus); err != nil {
		return Replays{}, err
	}
	return d.Replayer.Replays(ctx)
}
