package desk

import (
	"context"
	"time"

	"vigil.example/internal/access"
)

// A Status says how the walk is going.
type Status struct {
	Version   string    `json:"version"`
	Instance  string    `json:"instance"` // demo or real
	Started   time.Time `json:"started"`
	Ledger    Ledger    `json:"ledger"`
	Replays   *Replays  `json:"generations,omitempty"`
	Roles     []Role    `json:"roles,omitempty"`     // in the order of the walk
	Processes []Process `json:"processes,omitempty"` // living ones first
	Ads       int       `json:"ads"`
	Removed   int       `json:"removed"`
	Clusters  int       `json:"clusters"`
	Sites     []Site    `json:"sites"`
	Sealed    int       `json:"sealed_files"`
	Bytes     Bytes     `json:"bytes"`
	Index     Index     `json:"index"`
}

// Bytes says what is stored where.
type Bytes struct {
	Streams uint64 `json:"streams"`
	Index   int64  `json:"index"`
}

// An Index says how what people search is.
type Index struct {
	State   string `json:"state,omitempty"`   // "" for a file, of which there is nothing to say
	Trouble string `json:"trouble,omitempty"` // what is wrong with it
}

// A Site is what came from one site.
type Site struct {
	Name     string            `json:"name"`
	Captures uint64            `json:"captures"`
	Listings uint64            `json:"listings"`
	Kinds    map[string]uint64 `json:"kinds"`           // pages by kind
	Latest   time.Time         `json:"latest,omitzero"` // when the newest capture was fetched
}

// A Ledger accounts for every record: what came into a step was stored, was
// rejected for a reason, or is waiting.
type Ledger struct {
	Rows     []Row `json:"rows"`
	Balanced bool  `json:"balanced"`          // of every row: in = stored + rejected + waiting
	Settled  bool  `json:"settled"`           // nothing is waiting
	Erasing  int   `json:"erasing,omitempty"` // orders to erase that are not done: until then rows are uneven
}

// A Row accounts for what came into one step.
type Row struct {
	Step     string            `json:"step"`
	About    string            `json:"about"` // what is counted
	In       uint64            `json:"in"`
	Stored   uint64            `json:"stored"`
	Rejected map[string]uint64 `json:"rejected,omitempty"` // by reason; dead letters among them
	Waiting  uint64            `json:"waiting"`
	Balanced bool              `json:"balanced"`
}

// Refused is the number rejected for any reason.
func (r Row) Refused() (n uint64) {
	for _, k := range r.Rejected {
		n += k
	}
	return n
}

// Balance fills in whether the rows and the ledger balance. While records are on
// their way some may be counted at both ends of a step, so then a row balances
// unless something is missing from it; at rest the sums must be equal. While an
// order erases, what it has done is not counted yet.
func (l *Ledger) Balance() {
	l.Balanced, l.Settled = true, l.Erasing == 0
	for i := range l.Rows {
		r := &l.Rows[i]
		out := r.Stored + r.Refused() + r.Waiting
		r.Balanced = r.In == out || r.Waiting > 0 && r.In < out || l.Erasing > 0
		l.Balanced = l.Balanced && r.Balanced
		l.Settled = l.Settled && r.Waiting == 0
	}
}

// Status tells how the walk is going. It shows counts only, no ad, and is not
// logged.
func (d *Desk) Status(ctx context.Context, s access.Subject) (Status, error) {
	if err := s.May(access.ActStatus); err != nil {
		return Status{}, err
	}
	return d.Overseer.Status(ctx)
}
