// Package desk is where people work: every use of Vigil by a person, once, for
// both doors. A subject and a request come in; the subject is authorised, the
// work is done, a line is written to the audit log, and only then does the
// answer go out. If the line cannot be written there is no answer.
//
// The web pages and the API stand in front of it and cannot forget any of that.
package desk

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/place"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// Confidence is the least confidence with which a number was read for it to
// link, to alert and to be shown as a contact.
const Confidence = 0.5

// Captures finds the WARC records of a capture, given its id and its sequence in
// the captures stream; ad.ErrNotFound when it is nowhere.
type Captures interface {
	Records(ctx context.Context, captureID string, seq uint64) (ad.Capture, []byte, error)
}

// An Importer takes a saved page into the walk and returns its capture once that
// is durable.
type Importer interface {
	Import(ctx context.Context, page SavedPage) (ad.Capture, error)
}

// ErrPage says that a file is no page that could be taken.
var ErrPage = errors.New("not a page that can be taken")

// A SavedPage is a file that somebody saved from a browser.
type SavedPage struct {
	Name     string    // base name of the file
	URL      string    // where it was saved from; read from the page when empty
	Operator string    // who brings it
	SavedAt  time.Time // when it was saved; now when zero
	Body     []byte
}

// An Overseer knows how the walk is going.
type Overseer interface {
	Status(ctx context.Context) (Status, error)
}

// Parts is what a desk needs.
type Parts struct {
	Register *access.Register
	Docket   *casework.Docket
	Inbox    *alert.Inbox
	Raiser   *alert.Raiser
	Raise    func(ctx context.Context, alerts []ad.Alert) error // stores alerts and brings them into the inbox
	Log      *audit.Log
	Index    search.Index
	Captures Captures
	Importer Importer
	Overseer Overseer
	Replayer Replayer
	Letters  Letters
	Keeper   Keeper
	Eraser   Eraser
	Counter  Counter
	Models   Models // nil knows nothing
	Links    Links  // nil knows nothing
	Arrivals Arrivals
	Places   *place.Gazetteer   // the one that is built in when nil
	Clock    func() time.Time   // of the crawl, by which weeks go; Now when nil
	Key      ed25519.PrivateKey // seals packets
	Agency   string
	Offered  []string // labels where ads are labelled; those of casework.Vocabulary when nil
	Now      func() time.Time
	Errors   *slog.Logger
}

// A Desk serves people. It is safe for concurrent use.
type Desk struct {
	Parts
	paged, followed atomic.Int32 // live searches under way, of pages and of tokens
	hubs            struct {
		sync.Mutex
		read time.Time
		held map[ad.Value]ad.Hub
		next int // that is counted next, from the one of fewest ads on
	}
	lookups lookups
	asking  chan struct{} // holds one who asks about the evidence of a cluster
}

// New returns a desk.
func New(p Parts) *Desk {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Places == nil {
		p.Places = place.Load()
	}
	if p.Clock == nil {
		p.Clock = p.Now
	}
	return &Desk{Parts: p, asking: make(chan struct{}, 1)}
}

// may authorises an action; a refusal is written to the log too.
func (d *Desk) may(ctx context.Context, s access.Subject, act access.Action, e audit.Entry) error {
	err := s.May(act)
	if err == nil {
		return nil
	}
	e.Outcome = "denied"
	if lerr := d.log(ctx, s, e); lerr != nil {
		return errors.Join(err, lerr)
	}
	return err
}

// log writes one line for what the subject did.
func (d *Desk) log(ctx context.Context, s access.Subject, e audit.Entry) error {
	e.Actor, e.Role, e.Via, e.Purpose = s.User, string(s.Role), s.Via, s.Purpose.ID
	if e.Outcome == "" {
		e.Outcome = "ok"
	}
	if err := d.Log.Append(context.WithoutCancel(ctx), e); err != nil { // it was done, also when who asked has gone
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

// outcome names how an action ended, for the log.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ad.ErrNotFound):
		return "not-found"
	default:
		return "error"
	}
}

// An Answer is what a search gives.
type Answer struct {
	Understood string // the query in plain words
	Node       query.Node
	Held       map[ad.Value]ad.Hub // values of the hits that are held back from linking
	search.Results
}

// Search answers what a person typed into the box with one page, or returns a
// *query.Error that says where it cannot be understood.
func (d *Desk) Search(ctx context.Context, s access.Subject, text string, p search.Page) (Answer, error) {
	f, err := d.Find(ctx, s, text, Wish{Page: &p})
	return f.Answer, err
}

// countedAtOnce is how many ads of hubs are counted for one answer, about: to count them
// all takes seconds where hundreds of thousands of ads are there.
const countedAtOnce = 5000

// held are the values that are held back, with the number of ads that give them: the
// linker told of them when they turned hub, and they are counted by turns since. They
// are read again after some seconds.
func (d *Desk) held(ctx context.Context) (map[ad.Value]ad.Hub, error) {
	d.hubs.Lock()
	defer d.hubs.Unlock()
	if d.hubs.held != nil && time.Since(d.hubs.read) < 5*time.Second {
		return d.hubs.held, nil
	}
	hubs, err := d.Index.Hubs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read hubs: %w", err)
	}
	hubs = slices.DeleteFunc(hubs, func(h ad.Hub) bool { return !h.Held })
	slices.SortFunc(hubs, func(a, b ad.Hub) int {
		return cmp.Or(cmp.Compare(a.Carriers, b.Carriers), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value.Value, b.Value.Value))
	})
	out := make(map[ad.Value]ad.Hub, len(hubs))
	from, left := d.hubs.next, countedAtOnce
	for k := range hubs {
		i := (from + k) % len(hubs)
		h := hubs[i]
		told := h.Carriers
		h.Carriers = max(told, d.hubs.held[h.Value].Carriers)
		if left -= h.Carriers; left >= 0 || k == 0 {
			ids, err := d.Index.ByValue(ctx, h.Value, MaxKnown)
			if err != nil {
				return nil, fmt.Errorf("count the ads of a hub: %w", err)
			}
			left -= max(0, len(ids)-h.Carriers)
			h.Carriers = max(told, len(ids))
			d.hubs.next = i + 1
		} else {
			left = -1 // the others have their turn later
		}
		out[h.Value] = h
	}
	d.hubs.held, d.hubs.read = out, time.Now()
	return out, nil
}

// counted are hubs with the ads that give them at this moment, for what is sealed: their
// turn may be long ago, or not have come.
func (d *Desk) counted(ctx context.Context, hubs []ad.Hub) ([]ad.Hub, error) {
	out := slices.Clone(hubs)
	for i, h := range out {
		ids, err := d.Index.ByValue(ctx, h.Value, MaxKnown)
		if err != nil {
			return nil, fmt.Errorf("count the ads of a hub: %w", err)
		}
		if len(ids) < MaxKnown {
			out[i].Carriers = len(ids)
		}
	}
	return out, nil
}

// An AdView is one ad with its history.
type AdView struct {
	Docs      []ad.Document // every content, oldest first
	Sightings []search.Sighting
	Cluster   string
	Watched   []ad.Value // values of the ad that the subject is subscribed to
	Hubs      []ad.Hub   // values of the ad that are held back from linking
	Imported  bool       // some capture of it was saved and brought by a person, not fetched

	Corrections []casework.Correction // of its reading, oldest first, with the names of users; withdrawn ones too
	Pending     bool                  // some of them show in a moment
	Labels      []casework.Label      // that people gave it, oldest first, with the names of users; those that were taken back too
}

// Current is the newest content.
func (v AdView) Current() ad.Document {
	for _, doc := range v.Docs {
		if doc.Current {
			return doc
		}
	}
	return v.Docs[len(v.Docs)-1]
}

// Ad opens one ad.
func (d *Desk) Ad(ctx context.Context, s access.Subject, id string) (AdView, error) {
	e := audit.Entry{Action: "ad.view", Object: id}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return AdView{}, err
	}
	v, err := d.ad(ctx, s, id)
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return AdView{}, lerr
	}
	return v, err
}

func (d *Desk) ad(ctx context.Context, s access.Subject, id string) (AdView, error) {
	docs, seen, err := d.Index.Versions(ctx, id)
	if err != nil {
		return AdView{}, fmt.Errorf("open ad %s: %w", id, err)
	}
	v := AdView{Docs: docs, Sightings: seen, Corrections: d.byName(d.Docket.Corrections().About(id)), Pending: d.pending(id, docs), Labels: d.labelsOf(id)}
	if v.Cluster, err = d.Index.ClusterOf(ctx, id); err != nil {
		return AdView{}, fmt.Errorf("open ad %s: %w", id, err)
	}
	mine := map[ad.Value]bool{}
	for _, sub := range d.Docket.Subscriptions(s.User) {
		mine[sub.Value] = sub.Ended.IsZero()
	}
	held, err := d.held(ctx)
	if err != nil {
		return AdView{}, fmt.Errorf("open ad %s: %w", id, err)
	}
	done := map[ad.Value]bool{}
	for i := range docs {
		v.Imported = v.Imported || docs[i].Ad.Via == ad.ViaImport
		for _, val := range docs[i].Ad.Values(Confidence) {
			if done[val] {
				continue
			}
			done[val] = true
			if mine[val] {
				v.Watched = append(v.Watched, val)
			}
			if h, ok := held[val]; ok {
				v.Hubs = append(v.Hubs, h)
			}
		}
	}
	return v, nil
}
