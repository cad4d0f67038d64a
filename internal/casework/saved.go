package casework

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
)

// Bounds of what people save.
const (
	MaxSaved   = 500    // searches of one user that are not deleted
	MaxName    = 80     // characters of a name
	MaxQuery   = 2000   // of a query
	MaxMatched = 50_000 // contents of ads that an alert may have to know as already there

	keptWordings = 20 // earlier ones of a search
	maxNamed     = 2000
)

// ErrMany says that somebody keeps as many as one may.
var ErrMany = errors.New("too many are kept already")

// A Wording is what a saved search says at a time.
type Wording struct {
	Name    string     `json:"name"`
	Note    string     `json:"note,omitempty"`
	Query   string     `json:"query"`            // as package query prints it
	Values  []ad.Value `json:"values,omitempty"` // that the query names: it is erased with any of them
	Shared  bool       `json:"shared,omitempty"` // everybody of the agency may use it
	By      string     `json:"by"`               // user id
	Purpose string     `json:"purpose"`          // purpose id
	At      time.Time  `json:"at"`
}

// A Saved is a search that somebody keeps under a name. Slices in it are not
// changed once it was handed out.
type Saved struct {
	ID    string
	Owner string // user id
	Wording
	Created time.Time
	Deleted time.Time     // zero while it is kept
	Earlier []Wording     // newest last, at most keptWordings
	Alerts  []SearchAlert // who is told of new matches, unless it is deleted
}

// A SearchAlert is one user who is told when an ad comes that a saved search asks for.
type SearchAlert struct {
	User    string
	Purpose string
	Since   time.Time
	Fold    bool   // so many match that they are told as a count by the hour
	Known   KeySet // documents that matched when it was made: they raise none
}

// AlertOf returns the alert that a user has on the search, nil without one.
func (s Saved) AlertOf(user string) *SearchAlert {
	for i := range s.Alerts {
		if s.Alerts[i].User == user && s.Deleted.IsZero() {
			return &s.Alerts[i]
		}
	}
	return nil
}

// VisibleTo reports whether a user may use the search.
func (s Saved) VisibleTo(user string) bool { return s.Owner == user || s.Shared }

// A KeySet is a set of ids, sorted, by the first eight of their bytes.
type KeySet []uint64

// NewKeySet makes the set of ids in hex.
func NewKeySet(ids []string) KeySet {
	out := make(KeySet, len(ids))
	for i, id := range ids {
		out[i] = keyed8(id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Has reports whether an id is in the set.
func (k KeySet) Has(id string) bool {
	_, found := slices.BinarySearch(k, keyed8(id))
	return found
}

func keyed8(id string) (n uint64) {
	for i := range min(len(id), 16) {
		c := id[i]
		switch {
		case c >= 'a':
			c = c - 'a' + 10
		default:
			c -= '0'
		}
		n = n<<4 | uint64(c&15)
	}
	return n
}

func (k KeySet) bytes() []byte {
	out := make([]byte, 0, 8*len(k)+1)
	for _, n := range k {
		out = binary.BigEndian.AppendUint64(out, n)
	}
	return append(out, 0) // so that an empty set is told from none
}

func keySetOf(b []byte) KeySet {
	out := make(KeySet, 0, len(b)/8)
	for ; len(b) >= 8; b = b[8:] {
		out = append(out, binary.BigEndian.Uint64(b))
	}
	return out
}

// Save stores a search under an id that nobody has used, or gives one of the
// same user new words; the caller fills all of w but At. known are the documents that match the new query:
// with it they are what alerts on the search know; without it the query may not change
// while somebody has an alert on it.
func (d *Docket) Save(ctx context.Context, id string, w Wording, known *KeySet, fold bool) (Saved, error) {
	if err := w.check(); err != nil {
		return Saved{}, fmt.Errorf("save search: %w", err)
	}
	if !token(id) {
		return Saved{}, fmt.Errorf("save search: id %w", ErrInvalid)
	}
	return d.decideSaved(ctx, "save search", id, func(old *Saved) (event, error) {
		switch {
		case old == nil && d.savedBy(w.By) >= MaxSaved:
			return event{}, fmt.Errorf("%w: one user keeps at most %d searches", ErrMany, MaxSaved)
		case old == nil:
		case old.Owner != w.By || !old.Deleted.IsZero():
			return event{}, ad.ErrNotFound
		case old.Query != w.Query && len(old.Alerts) > 0 && known == nil:
			return event{}, ad.ErrConflict // somebody asked for alerts meanwhile
		}
		now := w
		now.At = d.now().UTC()
		e := event{Kind: kindSaved, By: w.By, Wording: &now}
		if known != nil {
			e.KnownDocs, e.Fold = known.bytes(), fold
		}
		return e, nil
	})
}

// Delete takes a search of a user away, and ends all alerts on it; Restore brings
// it back.
func (d *Docket) Delete(ctx context.Context, user, id string) error {
	_, err := d.decideSaved(ctx, "delete search", id, func(old *Saved) (event, error) {
		if old == nil || old.Owner != user {
			return event{}, ad.ErrNotFound
		}
		if !old.Deleted.IsZero() {
			return event{}, nil
		}
		return event{Kind: kindDeleted, By: user}, nil
	})
	return err
}

// Restore takes back that a search was deleted. Its alerts go on, and do not tell
// of the documents that are known now.
func (d *Docket) Restore(ctx context.Context, user, id string, known KeySet, fold bool) (Saved, error) {
	return d.decideSaved(ctx, "restore search", id, func(old *Saved) (event, error) {
		switch {
		case old == nil || old.Owner != user:
			return event{}, ad.ErrNotFound
		case old.Deleted.IsZero():
			return event{}, nil
		case d.savedBy(user) >= MaxSaved:
			return event{}, fmt.Errorf("%w: one user keeps at most %d searches", ErrMany, MaxSaved)
		}
		return event{Kind: kindRestored, By: user, KnownDocs: known.bytes(), Fold: fold}, nil
	})
}

// Alert has a user told when an ad comes that a search asks for which is none of
// the known documents. One who is told already stays so.
func (d *Docket) Alert(ctx context.Context, user, purpose, id string, known KeySet, fold bool) (Saved, error) {
	if !token(user) {
		return Saved{}, fmt.Errorf("alert on search %s: user id %w", id, ErrInvalid)
	}
	return d.decideSaved(ctx, "alert on search", id, func(old *Saved) (event, error) {
		switch {
		case old == nil || !old.VisibleTo(user) || !old.Deleted.IsZero():
			return event{}, ad.ErrNotFound
		case old.AlertOf(user) != nil:
			return event{}, nil
		}
		return event{Kind: kindAlerted, By: user, Of: purpose, KnownDocs: known.bytes(), Fold: fold}, nil
	})
}

// Silence ends the alert that a user has on a search.
func (d *Docket) Silence(ctx context.Context, user, id string) error {
	_, err := d.decideSaved(ctx, "end alert on search", id, func(old *Saved) (event, error) {
		switch {
		case old == nil || !old.VisibleTo(user):
			return event{}, ad.ErrNotFound
		case old.AlertOf(user) == nil:
			return event{}, nil
		}
		return event{Kind: kindSilenced, By: user}, nil
	})
	return err
}

// decideSaved decides about one search.
func (d *Docket) decideSaved(ctx context.Context, doing, id string, choose func(old *Saved) (event, error)) (Saved, error) {
	d.writing.Lock()
	defer d.writing.Unlock()
	err := d.decide(ctx, func() (string, event, error) {
		var old *Saved
		if s, err := d.Saved(id); err == nil {
			old = &s
		}
		e, err := choose(old)
		if err != nil || e.Kind == "" {
			return "", event{}, err
		}
		return subjectSaved + id, e, nil
	})
	if err != nil {
		return Saved{}, fmt.Errorf("%s %s: %w", doing, id, err)
	}
	return d.Saved(id)
}

func (w Wording) check() error {
	switch {
	case !token(w.By):
		return fmt.Errorf("user id %w", ErrInvalid)
	case strings.TrimSpace(w.Query) == "" || !utf8.ValidString(w.Query) || utf8.RuneCountInString(w.Query) > MaxQuery:
		return fmt.Errorf("query %w: it has 1 to %d characters", ErrInvalid, MaxQuery)
	case len(w.Values) > maxNamed:
		return fmt.Errorf("query %w: it names more than %d values", ErrInvalid, maxNamed)
	}
	return cmp.Or(CheckName(w.Name), checkWords("note", w.Note))
}

// CheckName checks the name of something that people keep. Names stand on pages
// and in alerts, and are not erased with a number, so that they can hold none.
func CheckName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxName || name != strings.TrimSpace(name) {
		return fmt.Errorf("name %w: give 1 to %d characters", ErrInvalid, MaxName)
	}
	return checkWords("name", name)
}

// checkWords checks words that people write about something that they keep.
func checkWords(what, s string) error {
	switch {
	case utf8.RuneCountInString(s) > maxGrounds:
		return fmt.Errorf("%s %w: it has more than %d characters", what, ErrInvalid, maxGrounds)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%s %w: it has control characters", what, ErrInvalid)
	case phone.Identifies(s):
		return fmt.Errorf("%s %w: it may hold a telephone number or an address, which belongs into the query or the list only", what, ErrInvalid)
	}
	return nil
}

// Saved returns one search, deleted or not, or ad.ErrNotFound.
func (d *Docket) Saved(id string) (Saved, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	s, ok := d.saved[id]
	if !ok {
		return Saved{}, fmt.Errorf("saved search: %w", ad.ErrNotFound)
	}
	return *s, nil
}

// SavedFor returns the searches that a user may use, by name; with deleted, also
// those that the user has deleted.
func (d *Docket) SavedFor(user string, deleted bool) []Saved {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []Saved
	for _, s := range d.saved {
		if s.Deleted.IsZero() && s.VisibleTo(user) || deleted && s.Owner == user {
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b Saved) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// savedBy counts the searches that a user keeps.
func (d *Docket) savedBy(user string) (n int) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, s := range d.saved {
		if s.Owner == user && s.Deleted.IsZero() {
			n++
		}
	}
	return n
}

// Alerting returns the searches that somebody is told of, in no order, and a number
// that changes with that list; none when the number is known.
func (d *Docket) Alerting(known uint64) (version uint64, all []Saved) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.alerting == known {
		return known, nil
	}
	for _, s := range d.saved {
		if s.Deleted.IsZero() && len(s.Alerts) > 0 {
			all = append(all, *s)
		}
	}
	return d.alerting, all
}

// Look stores that a user has seen what a search gives up to a time.
func (d *Docket) Look(ctx context.Context, user, id string, upTo time.Time) error {
	if !token(user) || !token(id) {
		return fmt.Errorf("look at search: id %w", ErrInvalid)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	err := d.decide(ctx, func() (string, event, error) {
		if !upTo.After(d.Looked(user, id)) {
			return "", event{}, nil
		}
		return subjectLooked + user, event{Kind: kindLooked, By: user, Of: id, UpTo: upTo.UTC()}, nil
	})
	if err != nil {
		return fmt.Errorf("look at search %s: %w", id, err)
	}
	return nil
}

// Looked is up to when a user has seen what a search gives; zero for never.
func (d *Docket) Looked(user, id string) time.Time {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.looked[user][id]
}

func (d *Docket) applyLooked(user string, e event) error {
	if e.Kind != kindLooked {
		return fmt.Errorf("looks: unknown event %q", e.Kind)
	}
	if d.looked[user] == nil {
		d.looked[user] = make(map[string]time.Time)
	}
	d.looked[user][e.Of] = e.UpTo
	return nil
}

// applySaved brings an event of a saved search into the state. Values are
// replaced, never changed.
func (d *Docket) applySaved(id string, e event) error {
	old, ok := d.saved[id]
	if !ok && e.Kind != kindSaved {
		return nil // its beginning was erased
	}
	var s Saved
	if ok {
		s = *old
	}
	switch e.Kind {
	case kindSaved:
		if e.Wording == nil {
			return fmt.Errorf("saved search %s: saved event without words", id)
		}
		if ok {
			s.Earlier = append(slices.Clone(s.Earlier[max(0, len(s.Earlier)+1-keptWordings):]), s.Wording)
		} else {
			s.ID, s.Owner, s.Created = id, e.By, e.At
		}
		s.Wording = *e.Wording
		if !s.Shared {
			s.Alerts = slices.DeleteFunc(slices.Clone(s.Alerts), func(a SearchAlert) bool { return a.User != s.Owner })
		}
		s.Alerts = knowing(s.Alerts, e)
		d.named[id] = append(d.named[id], s.Values...)
	case kindDeleted:
		s.Deleted = e.At
	case kindRestored:
		s.Deleted = time.Time{}
		s.Alerts = knowing(s.Alerts, e)
	case kindAlerted:
		s.Alerts = append(slices.Clone(s.Alerts), SearchAlert{User: e.By, Purpose: e.Of, Since: e.At, Fold: e.Fold, Known: keySetOf(e.KnownDocs)})
	case kindSilenced:
		s.Alerts = slices.DeleteFunc(slices.Clone(s.Alerts), func(a SearchAlert) bool { return a.User == e.By })
	default:
		return fmt.Errorf("saved search %s: unknown event %q", id, e.Kind)
	}
	d.saved[id] = &s
	d.alerting++
	return nil
}

// knowing are alerts that know what an event says, if it says so.
func knowing(alerts []SearchAlert, e event) []SearchAlert {
	if e.KnownDocs == nil || len(alerts) == 0 {
		return alerts
	}
	alerts, known := slices.Clone(alerts), keySetOf(e.KnownDocs)
	for i := range alerts {
		alerts[i].Known, alerts[i].Fold = known, e.Fold
	}
	return alerts
}
