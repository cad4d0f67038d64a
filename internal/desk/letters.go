package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/audit"
)

// ErrReason says that dead letters were to be dropped without a reason, or with one
// that holds an identifier: its words stay when the letter is gone.
var ErrReason = errors.New("no reason is given")

// Letters keeps what the walk could not handle.
type Letters interface {
	Letters(ctx context.Context, step string, before uint64, limit int) (LetterList, error)
	// Letter returns one with its record, or ad.ErrNotFound.
	Letter(ctx context.Context, id uint64) (Letter, error)
	// Retry takes records through their step once more. A letter is gone once what
	// follows from it is stored.
	Retry(ctx context.Context, p LetterPick) (LetterWork, error)
	// Drop gives letters up. What is left is counted, without the record.
	Drop(ctx context.Context, p LetterPick, reason, by string) (LetterWork, error)
}

// A Letter is a record that a step could not handle, and why.
type Letter struct {
	ID       uint64    `json:"id"`
	Step     string    `json:"step"`   // of the walk
	Stage    string    `json:"stage"`  // with the site or the generation that it works for
	Stream   string    `json:"stream"` // where the record stands
	Seq      uint64    `json:"seq"`
	Reason   string    `json:"reason"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at"`    // when it was given up
	Bytes    int       `json:"bytes"` // of the record
	Subject  string    `json:"subject,omitempty"`
	Record   []byte    `json:"record,omitempty"` // only when it was asked for
}

// A LetterList is a page of letters, newest first, and counts of all.
type LetterList struct {
	Total   int           `json:"total"`
	Dropped uint64        `json:"dropped"` // that were given up
	Counts  []LetterCount `json:"counts"`  // most first
	Letters []Letter      `json:"letters"`
	Before  uint64        `json:"before,omitempty"` // of the next, older page
}

// A LetterCount is how many letters of a step have one reason.
type LetterCount struct {
	Step   string    `json:"step"`
	Reason string    `json:"reason"`
	Count  int       `json:"count"`
	Oldest time.Time `json:"oldest"`
}

// A LetterPick says which letters: those of the ids, or all, of one step only if
// one is named.
type LetterPick struct {
	IDs  []uint64
	All  bool
	Step string
}

// A LetterWork says what became of letters.
type LetterWork struct {
	Done   int             `json:"done"`
	Failed []LetterFailure `json:"failed,omitempty"` // the first MaxFailed of them
	Total  int             `json:"total"`            // that were picked and are there
	Gone   []uint64        `json:"gone,omitempty"`   // ids that were picked and are not there
}

// ErrStep says that no step has a name; the name follows.
var ErrStep = errors.New("no step is named")

// LetterSteps are the steps that leave dead letters.
func LetterSteps() []string {
	return []string{"crawl", "frontier", "extract", "enrich", "link", "index", "alert", "copy"}
}

// CheckStep refuses a step that there is none of. A stage, which is a step with the
// site or the generation that it works for, is fine too.
func CheckStep(step string) error {
	base, _, _ := strings.Cut(step, "-")
	if step == "" || slices.Contains(LetterSteps(), base) {
		return nil
	}
	return fmt.Errorf("dead letters: %w %q", ErrStep, step)
}

// A LetterFailure is a letter that stays, and why.
type LetterFailure struct {
	ID  uint64 `json:"id"`
	Why string `json:"why"`
}

// MaxFailed bounds the letters that are named because they stay.
const MaxFailed = 100

// DeadLetters lists what the walk could not handle: counts, reasons and ages, no
// word of an ad.
func (d *Desk) DeadLetters(ctx context.Context, s access.Subject, step string, before uint64, limit int) (LetterList, error) {
	e := audit.Entry{Action: "dead-letters.list"}
	if err := d.may(ctx, s, access.ActDeadLetters, e); err != nil {
		return LetterList{}, err
	}
	if err := CheckStep(step); err != nil {
		return LetterList{}, err
	}
	l, err := d.Letters.Letters(ctx, step, before, limit)
	e.Count, e.Outcome = l.Total, outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return LetterList{}, lerr
	}
	return l, err
}

// DeadLetter shows one with its record, which is an ad or holds ads.
func (d *Desk) DeadLetter(ctx context.Context, s access.Subject, id uint64) (Letter, error) {
	e := audit.Entry{Action: "dead-letters.show", Object: fmt.Sprintf("letter-%d", id)}
	if err := d.may(ctx, s, access.ActDeadLetters, e); err != nil {
		return Letter{}, err
	}
	l, err := d.Letters.Letter(ctx, id)
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return Letter{}, lerr
	}
	return l, err
}

// RetryDeadLetters takes records through their step once more.
func (d *Desk) RetryDeadLetters(ctx context.Context, s access.Subject, p LetterPick) (LetterWork, error) {
	return d.workLetters(ctx, s, "dead-letters.retry", p, func() (LetterWork, error) { return d.Letters.Retry(ctx, p) })
}

// DropDeadLetters gives letters up, for a reason.
func (d *Desk) DropDeadLetters(ctx context.Context, s access.Subject, p LetterPick, reason string) (LetterWork, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	return d.workLetters(ctx, s, "dead-letters.drop", p, func() (LetterWork, error) {
		if reason == "" {
			return LetterWork{}, ErrReason
		}
		if checkPurpose(reason) != nil {
			return LetterWork{}, fmt.Errorf("%w that may stay: leave telephone numbers and addresses out of it", ErrReason)
		}
		return d.Letters.Drop(ctx, p, reason, s.User)
	})
}

func (d *Desk) workLetters(ctx context.Context, s access.Subject, action string, p LetterPick, work func() (LetterWork, error)) (LetterWork, error) {
	e := audit.Entry{Action: action, Object: p.Step}
	if len(p.IDs) == 1 {
		e.Object = fmt.Sprintf("letter-%d", p.IDs[0])
	}
	if err := d.may(ctx, s, access.ActDeadLetters, e); err != nil {
		return LetterWork{}, err
	}
	if err := CheckStep(p.Step); err != nil {
		return LetterWork{}, err
	}
	w, err := work()
	e.Count, e.Outcome = w.Done, outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return LetterWork{}, lerr
	}
	return w, err
}
