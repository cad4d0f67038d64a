package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// want is the configuration that a declaration asks for. Direct reads are for one
// server only: in a cluster they may come from one that lags behind, so that a
// message which was just delivered is not found.
func want(d Declaration, gen, replicas int, inner bool) jetstream.StreamConfig {
	about := d.About
	if gen > 1 {
		about = fmt.Sprintf("%s, generation %d", about, gen)
	}
	limit := d.MaxBytes
	if limit == 0 {
		limit = -1
	}
	remember := d.Window
	if inner {
		remember = min(remember, innerWindow)
	}
	return jetstream.StreamConfig{
		Name: Named(d.Name, gen), Description: about, Subjects: d.subjects(gen), Retention: jetstream.LimitsPolicy,
		Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew, MaxAge: d.MaxAge, MaxBytes: limit,
		MaxMsgs: -1, MaxMsgsPerSubject: -1, MaxMsgSize: -1,
		Duplicates: remember, AllowAtomicPublish: true, AllowDirect: replicas == 1,
		DenyDelete: d.Sealed, DenyPurge: d.Sealed, Replicas: replicas,
	}
}

// replicas is how many there should be of a stream that has so many, 0 when it is
// not there yet.
func (b *Bus) replicas(have int) int {
	if b.conf.Replicas > 0 {
		return b.conf.Replicas
	}
	return max(1, have)
}

// A difference is one setting of a stream that is not as declared.
type difference struct {
	what string
	cure string                        // what a person does about it; "" when set does it
	set  func(*jetstream.StreamConfig) // changes the stream's configuration
}

// differences compares what a stream has with what it should have.
func (b *Bus) differences(have jetstream.StreamConfig, d Declaration, gen int) []difference {
	want := want(d, gen, b.replicas(have.Replicas), b.srv != nil)
	var out []difference
	may := func(equal bool, what string, set func(*jetstream.StreamConfig)) {
		if !equal {
			out = append(out, difference{what: what, set: set})
		}
	}
	mayNot := func(equal bool, what, cure string) {
		if !equal {
			out = append(out, difference{what: what, cure: cure})
		}
	}
	rebuild := "it cannot be changed: back up, delete the stream and restore"
	mayNot(have.Storage == want.Storage, "is kept in memory, not in files", rebuild)
	mayNot(have.Retention == want.Retention, "gives up messages once they are read", rebuild)
	mayNot(have.DenyDelete == want.DenyDelete || !have.DenyDelete, "refuses to delete messages", rebuild)
	mayNot(have.DenyPurge == want.DenyPurge || !have.DenyPurge, "refuses to be purged", rebuild)
	mayNot(have.Mirror == nil && len(have.Sources) == 0, "copies another stream", "take the mirror or source away with `nats stream edit`")
	may(have.DenyDelete || !want.DenyDelete, "allows to delete messages", func(c *jetstream.StreamConfig) { c.DenyDelete = true })
	may(have.DenyPurge || !want.DenyPurge, "allows to be purged", func(c *jetstream.StreamConfig) { c.DenyPurge = true })
	may(have.Description == want.Description, "has another description", func(c *jetstream.StreamConfig) { c.Description = want.Description })
	may(sameSet(have.Subjects, want.Subjects), "takes other subjects", func(c *jetstream.StreamConfig) { c.Subjects = want.Subjects })
	may(have.Discard == want.Discard, "drops its oldest messages at a limit", func(c *jetstream.StreamConfig) { c.Discard, c.DiscardNewPerSubject = want.Discard, false })
	may(have.Duplicates == want.Duplicates, "remembers message ids for another time", func(c *jetstream.StreamConfig) { c.Duplicates = want.Duplicates })
	may(have.AllowAtomicPublish, "takes no atomic batches", func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = true })
	may(have.MaxMsgs == want.MaxMsgs && have.MaxMsgsPerSubject == want.MaxMsgsPerSubject && have.MaxMsgSize == want.MaxMsgSize,
		"has a limit of messages", func(c *jetstream.StreamConfig) {
			c.MaxMsgs, c.MaxMsgsPerSubject, c.MaxMsgSize = want.MaxMsgs, want.MaxMsgsPerSubject, want.MaxMsgSize
		})
	loosen := func(have, want int64, what string, set func(*jetstream.StreamConfig)) {
		if d.Record && want > 0 && (have <= 0 || have > want) {
			mayNot(false, what, "the table wants less, which would drop records: trim or erase them, then set it with `nats stream edit`")
			return
		}
		may(have == want || have <= 0 && want <= 0, what, set)
	}
	loosen(int64(have.MaxAge), int64(want.MaxAge), "has another limit of age", func(c *jetstream.StreamConfig) { c.MaxAge = want.MaxAge })
	loosen(have.MaxBytes, want.MaxBytes, "has another limit of size", func(c *jetstream.StreamConfig) { c.MaxBytes = want.MaxBytes })
	may(have.AllowDirect == want.AllowDirect, "is read from another server than it should", func(c *jetstream.StreamConfig) { c.AllowDirect = want.AllowDirect })
	may(have.Replicas == want.Replicas, fmt.Sprintf("has %d replicas, not %d", have.Replicas, want.Replicas), func(c *jetstream.StreamConfig) { c.Replicas = want.Replicas })
	return out
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// have lists the configurations of the server's streams by name; one request
// answers for all.
func (b *Bus) have(ctx context.Context) (map[string]jetstream.StreamConfig, error) {
	out := map[string]jetstream.StreamConfig{}
	list := b.js.ListStreams(ctx)
	for i := range list.Info() {
		out[i.Config.Name] = i.Config
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("list streams: %w", err)
	}
	return out, nil
}

// ensure makes the streams that are missing and changes those that are not as
// declared, as far as nothing is lost by it. An external server may not be ready
// yet: it is asked again for half a minute.
func (b *Bus) ensure(ctx context.Context) error {
	for until := time.Now().Add(openWithin); ; {
		err := b.ensureOnce(ctx)
		if err == nil || b.srv != nil || !passing(err) {
			return err
		}
		if !again(ctx, until) {
			return fmt.Errorf("JetStream gives no good answer at %s; is it enabled there, with room for %d replicas, and has a cluster its quorum: %w", withoutSecrets(b.conf.URL), max(1, b.conf.Replicas), err)
		}
	}
}

// Codes of answers that a cluster gives while it is starting.
const (
	codeNoLeader    = 10008 // JetStream system temporarily unavailable
	codeNoPeers     = 10005 // no suitable peers for placement
	codeNoResources = 10023 // insufficient resources
)

func passing(err error) bool {
	switch code(err) {
	case 0:
	case codeNoLeader, codeNoPeers, codeNoResources:
		return true
	default:
		return false
	}
	return !errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) && !errors.Is(err, context.Canceled)
}

func (b *Bus) ensureOnce(ctx context.Context) error {
	have, err := b.have(ctx)
	if err != nil {
		return err
	}
	for _, d := range Table() {
		if err := b.declare(ctx, d, 1, have); err != nil {
			return err
		}
	}
	for name := range have {
		if d, gen, ok := declared(name); ok && gen > 1 {
			if err := b.declare(ctx, d, gen, have); err != nil {
				return err
			}
		}
	}
	return b.ensureBuckets(ctx)
}

func (b *Bus) declare(ctx context.Context, d Declaration, gen int, have map[string]jetstream.StreamConfig) error {
	name := Named(d.Name, gen)
	now, ok := have[name]
	if !ok {
		if _, err := b.js.CreateStream(ctx, want(d, gen, b.replicas(0), b.srv != nil)); err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return fmt.Errorf("declare stream %s: %w", name, err)
		}
		return nil
	}
	changed := false
	for _, x := range b.differences(now, d, gen) {
		if x.set != nil {
			x.set(&now)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	if _, err := b.js.UpdateStream(ctx, now); err != nil {
		return fmt.Errorf("change stream %s to what is declared: %w", name, err)
	}
	return nil
}

// EnsureGeneration makes a generation of a derived stream if it is missing.
func (b *Bus) EnsureGeneration(ctx context.Context, base string, gen int) error {
	d, _, ok := declared(base)
	if !ok || !d.Derived {
		return fmt.Errorf("make generation %d of %s: only derived streams have generations", gen, base)
	}
	have, err := b.have(ctx)
	if err != nil {
		return fmt.Errorf("make generation %d of %s: %w", gen, base, err)
	}
	return b.declare(ctx, d, gen, have)
}

// DropGeneration deletes a generation of a derived stream with all that it
// holds; one that is not there is no error. The next start makes the first
// generation again, empty.
func (b *Bus) DropGeneration(ctx context.Context, base string, gen int) error {
	if d, _, ok := declared(base); !ok || !d.Derived {
		return fmt.Errorf("drop generation %d of %s: only derived streams may be dropped", gen, base)
	}
	if err := b.js.DeleteStream(ctx, Named(base, gen)); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("drop generation %d of %s: %w", gen, base, err)
	}
	return nil
}

// Drift says, one sentence each, how the server's streams differ from the table
// and what to do about it.
func (b *Bus) Drift(ctx context.Context) ([]string, error) {
	have, err := b.have(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range Table() {
		if _, ok := have[d.Name]; !ok {
			out = append(out, fmt.Sprintf("stream %s is missing: somebody deleted it; restore it from a backup, or start again to have it empty", d.Name))
		}
	}
	for name, c := range have {
		d, gen, ok := declared(name)
		switch {
		case ok:
			for _, x := range b.differences(c, d, gen) {
				cure := x.cure
				if cure == "" {
					cure = "starting again sets it right"
				}
				out = append(out, fmt.Sprintf("stream %s %s: %s", name, x.what, cure))
			}
		case !slices.ContainsFunc(Buckets(), func(k BucketDeclaration) bool { return name == "KV_"+k.Name }):
			out = append(out, fmt.Sprintf("stream %s is not one of Vigil's: nobody reads it; delete it with `nats stream rm %s` if nobody else needs it", name, name))
		}
	}
	slices.Sort(out)
	return out, nil
}
