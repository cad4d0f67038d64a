package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigil.example/internal/ad"
)

// Subjects of the events of this room; an id follows.
const (
	subjectUser  = "access.user."
	subjectToken = "access.token."
)

// The kinds of event.
const (
	kindCreated  = "created"
	kindPassword = "password"
	kindRole     = "role"
	kindDisabled = "disabled"
	kindEnabled  = "enabled"
	kindMade     = "made"
	kindRevoked  = "revoked"
)

// An event is one change of a user or a token.
type event struct {
	V       int       `json:"v"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	By      string    `json:"by"` // user id, or "system"
	Name    string    `json:"name,omitempty"`
	Role    Role      `json:"role,omitempty"`
	Hash    string    `json:"hash,omitempty"` // argon2id, PHC string
	OneTime bool      `json:"one_time,omitempty"`
	Session string    `json:"session,omitempty"` // the one that goes on with the new password, as logs name it
	Again   bool      `json:"again,omitempty"`   // the same password, hashed anew: no session ends
	Token   *Token    `json:"token,omitempty"`
	SHA256  string    `json:"sha256,omitempty"` // of a token's secret
}

// tries bounds how often a change is decided anew after losing to another writer.
const tries = 8

// decide makes one change: choose looks at the current state and gives the next
// event and its subject, or no subject when nothing is left to do. When another
// process was first, its events are read and choose is asked again.
func (r *Register) decide(ctx context.Context, choose func() (string, event, error)) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	for range tries {
		subject, e, err := choose()
		if err != nil || subject == "" {
			return err
		}
		err = r.write(ctx, subject, e)
		if !errors.Is(err, ad.ErrConflict) {
			return err
		}
		if err := r.CatchUp(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("still not first after %d tries: %w", tries, ad.ErrConflict)
}

// write stores one event and applies it. The caller holds r.writing.
func (r *Register) write(ctx context.Context, subject string, e event) error {
	e.V, e.At = ad.Schema, r.c.Now().UTC()
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode %s event: %w", e.Kind, err)
	}
	r.mu.RLock()
	expect := r.seqs[subject]
	r.mu.RUnlock()
	seq, err := r.journal.Append(ctx, subject, ad.EventID(subject, expect, data), data, expect)
	if err != nil {
		return fmt.Errorf("store %s event: %w", e.Kind, err)
	}
	return r.bring(seq, subject, data)
}

// Position returns the sequence up to which every event of the journal is in the
// state: a process follows the others by handing Apply what comes after it.
func (r *Register) Position() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.replayed
}

// CatchUp applies what the journal holds and the state does not: what another
// process changed.
func (r *Register) CatchUp(ctx context.Context) error {
	from := r.Position() + 1
	last, err := r.journal.Replay(ctx, from, r.Apply)
	if err != nil {
		return fmt.Errorf("replay users and tokens from %d: %w", from, err)
	}
	r.reached(last)
	return nil
}

// Apply brings the next stored event into the state. It takes all events of the
// journal in their order, beginning anywhere up to the one after Position;
// applying one again, or one under a subject of another room, changes nothing.
func (r *Register) Apply(seq uint64, subject string, data []byte) error {
	if seq <= r.Position() {
		return nil
	}
	if err := r.bring(seq, subject, data); err != nil {
		return err
	}
	r.reached(seq)
	return nil
}

func (r *Register) reached(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replayed = max(r.replayed, seq)
}

// bring applies one event: the next of the journal, or one that this process has
// just written, ahead of what others wrote before it under other subjects.
func (r *Register) bring(seq uint64, subject string, data []byte) error {
	apply := r.applyUser
	id, ok := strings.CutPrefix(subject, subjectUser)
	if !ok {
		apply = r.applyToken
		if id, ok = strings.CutPrefix(subject, subjectToken); !ok {
			return nil
		}
	}
	e, err := ad.Decode[event](data)
	if err != nil {
		return fmt.Errorf("access event %d: %w", seq, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if seq <= r.seqs[subject] || seq <= r.replayed {
		return nil
	}
	if err := apply(id, seq, e); err != nil {
		return fmt.Errorf("access event %d: %w", seq, err)
	}
	r.seqs[subject] = seq
	return nil
}
