package alert

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// Storm is how many alerts of one saved search a user gets one by one in a day.
// What comes beyond is one line for each hour, with the count, as are all alerts of
// a search that was known to match so many.
const Storm = 50

// Kept is how many alerts of one user an inbox holds in full. Older ones are
// known by id only and counted; the stream still has them.
const Kept = 1000

// Marks keeps which alerts people have read, durably. IsRead answers from memory
// and does not call back.
type Marks interface {
	IsRead(user, alert string) bool
	Mark(ctx context.Context, user string, alerts []string, read bool) error
}

// An Inbox holds the alerts of every user: a projection of the stored alerts, fed
// by Apply in any order and as often as the stream delivers, in as many processes
// as like. It may be used by many goroutines at once.
type Inbox struct {
	marks Marks

	mu     sync.Mutex
	seen   map[[16]byte]struct{} // every alert ever stored, erased ones too
	boxes  map[string]*box
	erased map[string]bool // ads whose alerts are no longer shown
}

// A box is the inbox of one user.
type box struct {
	alerts  []delivered // by sequence, oldest first, at most Kept
	older   int         // alerts no longer held in full
	newest  uint64      // sequence of the newest alert
	changed chan struct{}
	lines   map[[16]byte]bool // ids of alerts that are counted in a line
}

// A delivered is an alert and its place in the stream.
type delivered struct {
	seq uint64
	ad.Alert
}

// A Page is what a user sees of the inbox.
type Page struct {
	Alerts []ad.Alert // newest first, Read as the user left it
	Unread int        // among all alerts held in full, whatever the page shows
	Total  int        // alerts the user ever got
	Older  int        // of these, no longer held here in full
	Newest uint64     // to hand to Wait
	Before uint64     // to hand to Page for the next, older page; 0 when there is none
}

// NewInbox makes an empty inbox.
func NewInbox(m Marks) *Inbox {
	return &Inbox{marks: m, seen: make(map[[16]byte]struct{}), boxes: make(map[string]*box), erased: make(map[string]bool)}
}

// Apply brings a stored alert into the inbox of its user and wakes who waits. An
// alert that is there already changes nothing.
func (b *Inbox) Apply(seq uint64, data []byte) error {
	a, err := ad.Decode[ad.Alert](data)
	if err != nil {
		return fmt.Errorf("alert at %d: %w", seq, err)
	}
	k, err := keyOf(a.ID)
	if err != nil {
		return fmt.Errorf("alert at %d: id: %w", seq, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.seen[k]; ok {
		return nil
	}
	b.seen[k] = struct{}{}
	if !b.erased[a.AdID] {
		b.box(a.User).add(delivered{seq, a})
	}
	return nil
}

// Forget takes the alerts of erased ads out of every inbox, and does not show one
// that was read from the stream before it was deleted there. Which alerts there
// were stays known, by ids that say nothing, so that none is raised again.
func (b *Inbox) Forget(adIDs []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range adIDs {
		b.erased[id] = true
	}
	for _, x := range b.boxes {
		x.alerts = slices.DeleteFunc(x.alerts, func(d delivered) bool { return b.erased[d.AdID] && d.Count <= 1 })
		for i := range x.alerts {
			if d := &x.alerts[i]; b.erased[d.AdID] { // the newest of those that are counted in one line
				d.AdID, d.VersionID, d.Count = "", "", d.Count-1
			}
		}
	}
}

func keyOf(id string) (k [16]byte, err error) {
	if len(id) != 2*len(k) {
		return k, fmt.Errorf("has %d characters instead of %d", len(id), 2*len(k))
	}
	_, err = hex.Decode(k[:], []byte(id))
	return k, err
}

// box returns a user's box, made when missing. The caller holds b.mu.
func (b *Inbox) box(user string) *box {
	x := b.boxes[user]
	if x == nil {
		x = &box{changed: make(chan struct{})}
		b.boxes[user] = x
	}
	return x
}

// fold makes one line of an alert and those of the same search and hour that are
// folded as well. Its id is that of the newest, so that it is unread again when it
// has grown.
func (x *box) fold(d delivered) delivered {
	if d.Search == "" {
		return d
	}
	lately := 0
	for _, o := range slices.Backward(x.alerts) {
		if o.Search == d.Search && o.Count == 0 && d.RaisedAt.Sub(o.RaisedAt) < 24*time.Hour {
			lately++
		}
	}
	if !d.Folded && lately < Storm {
		return d
	}
	if k, err := keyOf(d.ID); err == nil {
		if x.lines == nil {
			x.lines = map[[16]byte]bool{}
		}
		x.lines[k] = true
	}
	hour := func(a ad.Alert) time.Time { return a.RaisedAt.UTC().Truncate(time.Hour) }
	d.Folded, d.Title, d.Site, d.Found, d.Count = true, "", "", nil, 1
	i := slices.IndexFunc(x.alerts, func(o delivered) bool {
		return o.Search == d.Search && o.Count > 0 && hour(o.Alert).Equal(hour(d.Alert))
	})
	if i < 0 {
		return d
	}
	o := x.alerts[i]
	x.alerts = slices.Delete(x.alerts, i, i+1)
	if o.seq > d.seq {
		o, d = d, o
	}
	d.Count += o.Count
	return d
}

func (x *box) add(d delivered) {
	d = x.fold(d)
	i, _ := slices.BinarySearchFunc(x.alerts, d.seq, func(o delivered, seq uint64) int { return cmp.Compare(o.seq, seq) })
	x.alerts = slices.Insert(x.alerts, i, d)
	if len(x.alerts) > Kept {
		// Moving all of them down for each new one would cost more than the
		// rest; append makes a new array every Kept alerts or so.
		x.alerts[0] = delivered{}
		x.alerts = x.alerts[1:]
		x.older++
	}
	x.newest = max(x.newest, d.seq)
	close(x.changed)
	x.changed = make(chan struct{})
}

// Seen reports whether the alert is stored already.
func (b *Inbox) Seen(alert string) bool {
	k, err := keyOf(alert)
	if err != nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.seen[k]
	return ok
}

// Page returns up to limit alerts of a user that came before the sequence before,
// newest first; before 0 begins at the newest.
func (b *Inbox) Page(user string, before uint64, limit int) Page {
	b.mu.Lock()
	defer b.mu.Unlock()
	x, ok := b.boxes[user]
	if !ok {
		return Page{}
	}
	p := Page{Total: len(x.alerts) + x.older, Older: x.older, Newest: x.newest}
	shown := before
	for _, d := range slices.Backward(x.alerts) {
		d.Read = b.marks.IsRead(user, d.ID)
		if !d.Read {
			p.Unread++
		}
		switch {
		case before != 0 && d.seq >= before:
		case len(p.Alerts) < limit:
			p.Alerts = append(p.Alerts, d.Alert)
			shown = d.seq
		default:
			p.Before = shown
		}
	}
	return p
}

// Unread counts a user's unread alerts among those held in full.
func (b *Inbox) Unread(user string) int { return b.Page(user, 0, 0).Unread }

// Alert returns one alert of a user, or ad.ErrNotFound: also when it is somebody
// else's.
func (b *Inbox) Alert(user, id string) (ad.Alert, error) {
	b.mu.Lock()
	var found *ad.Alert
	if x, ok := b.boxes[user]; ok {
		if i := slices.IndexFunc(x.alerts, func(d delivered) bool { return d.ID == id }); i >= 0 {
			a := x.alerts[i].Alert
			found = &a
		}
	}
	b.mu.Unlock()
	if found == nil {
		return ad.Alert{}, fmt.Errorf("alert: %w", ad.ErrNotFound)
	}
	found.Read = b.marks.IsRead(user, id)
	return *found, nil
}

// Mark marks alerts of a user as read or unread, durably. Ids that are not the
// user's are ad.ErrNotFound and nothing is marked; those that have become part of
// a line with a newer one are marked, to no effect.
func (b *Inbox) Mark(ctx context.Context, user string, ids []string, read bool) error {
	for _, id := range ids {
		if _, err := b.Alert(user, id); err != nil && !b.folded(user, id) {
			return err
		}
	}
	return b.marks.Mark(ctx, user, ids, read)
}

// folded reports whether an alert of a user went into a line that counts several.
func (b *Inbox) folded(user, id string) bool {
	k, err := keyOf(id)
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.boxes[user]
	return err == nil && x != nil && x.lines[k]
}

// MarkAll marks as read every alert of a user up to the sequence newest, as a
// Page gave it: alerts that came while the user looked stay unread.
func (b *Inbox) MarkAll(ctx context.Context, user string, newest uint64) error {
	b.mu.Lock()
	var ids []string
	if x, ok := b.boxes[user]; ok {
		for _, d := range x.alerts {
			if d.seq <= newest {
				ids = append(ids, d.ID)
			}
		}
	}
	b.mu.Unlock()
	return b.marks.Mark(ctx, user, ids, true)
}

// Wait returns as soon as the user has an alert newer than the sequence after,
// with the sequence of the newest, or when ctx ends.
func (b *Inbox) Wait(ctx context.Context, user string, after uint64) (newest uint64, err error) {
	for {
		b.mu.Lock()
		x := b.box(user)
		newest, changed := x.newest, x.changed
		b.mu.Unlock()
		if newest > after {
			return newest, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return newest, ctx.Err()
		}
	}
}
