package erasure

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
)

// What callers branch on.
var (
	// ErrInvalid says that an order or its targets cannot be right; the text says
	// what.
	ErrInvalid = errors.New("not valid")
	// ErrIdentifier says that the words of an order hold what the ledger must not.
	ErrIdentifier = errors.New("leave telephone numbers and addresses out of it: these words stay when all else is gone")
	// ErrState says that the order has not come so far, or is done.
	ErrState = errors.New("not in a state for it")
	// ErrNoKey says that a Ledger without a key was asked for what only one with it
	// can do: Begin, Export and Import return it, Digest and Matches panic with it.
	ErrNoKey = errors.New("erasure: this process has no instance key")
	// ErrBroken says that an exported ledger is not as it was written.
	ErrBroken = errors.New("not as it was written")
)

// A Kind says what an order is about.
type Kind string

// The kinds of order.
const (
	ByAd      Kind = "ad"         // single ads, by id
	ByNumber  Kind = "number"     // every ad that gives a telephone number
	OlderThan Kind = "older-than" // every ad last seen before a day: retention
)

// MaxAds bounds the ads that one order may name; a longer list takes several
// orders. What an order comes to has no bound.
const MaxAds = 10_000

// An Order asks for something to be erased, and says why and by which right.
type Order struct {
	Kind      Kind
	AdIDs     []string  // of ByAd
	Value     string    // of ByNumber: E.164. It is never stored, only its keyed digest
	Before    time.Time // of OlderThan
	Reason    string    // in words: why
	Authority string    // in words: by whose decision, or under which rule
	By        string    // user id
}

// A State says how far an order has come.
type State string

// The states, in their order.
const (
	Listing State = "listing" // its targets are being recorded; nothing is deleted yet
	Erasing State = "erasing" // all targets are recorded and being deleted
	Done    State = "done"    // all are deleted here
)

// Targets are what an order comes to, by id, never by content. They are recorded
// before the first of them is deleted, so that erasing can go on after a crash
// when the ads that would show what belongs together are gone already.
type Targets struct {
	AdIDs      []string `json:"ads,omitempty"`
	CaptureIDs []string `json:"captures,omitempty"`

	// Messages holds the sequences to delete, under the stream and a prefix of
	// their subjects to count them by ("CAPTURES capture.crawl"), or under the
	// stream alone. They mean something in these very streams only.
	Messages map[string][]uint64 `json:"messages,omitempty"`

	// Fingerprints are frontier entries that shall not be fetched again. Those of
	// an order by age are not kept: what is old may be found again.
	Fingerprints []uint64 `json:"fingerprints,omitempty"`
}

// Sequences returns the messages by stream, sorted, each once.
func (t Targets) Sequences() map[string][]uint64 {
	out := make(map[string][]uint64)
	for key, seqs := range t.Messages {
		stream, _, _ := strings.Cut(key, " ")
		out[stream] = append(out[stream], seqs...)
	}
	for stream, seqs := range out {
		slices.Sort(seqs)
		out[stream] = slices.Compact(seqs)
	}
	return out
}

// empty reports whether there is nothing in it.
func (t Targets) empty() bool {
	return len(t.AdIDs) == 0 && len(t.CaptureIDs) == 0 && len(t.Messages) == 0 && len(t.Fingerprints) == 0
}

// A Result is what carrying out an order came to.
type Result struct {
	// Deleted counts what was deleted, under keys like those of Targets.Messages;
	// others may be added ("INDEX sighting"). What the caller leaves out is taken
	// from the targets that were recorded, which is right after a crash as well.
	Deleted map[string]uint64 `json:"deleted,omitempty"`
	Files   []File            `json:"files,omitempty"` // WARC files that were rewritten
	Held    int               `json:"held,omitempty"`  // ads that a litigation hold kept
}

// A File is a sealed file that was rewritten: what it was and what it is now. New
// is empty when nothing was left of it.
type File struct {
	Old       string `json:"old"`
	OldSHA256 string `json:"old_sha256"`
	New       string `json:"new,omitempty"`
	NewSHA256 string `json:"new_sha256,omitempty"`
}

// Shapes of what may stand in the ledger: none fits a telephone number.
var (
	idShape     = regexp.MustCompile(`^[0-9a-f]{32}$`)
	userShape   = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	numberShape = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	keyShape    = regexp.MustCompile(`^[A-Z]{2,20}(_[0-9]{1,4})?( [a-z][a-z.-]{0,40})?$`)
	fileShape   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$`)
	sumShape    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Bounds of the words of an order, in characters.
const (
	minWords = 3
	maxWords = 500
)

// words checks and tidies what a person typed. A digit string of value must not
// stand in it in any spelling that a reader of numbers might let pass.
func words(what, text, value string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	n := utf8.RuneCountInString(text)
	switch {
	case n < minWords || n > maxWords:
		return "", fmt.Errorf("%s %w: its length is %d, not %d to %d characters", what, ErrInvalid, n, minWords, maxWords)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", fmt.Errorf("%s %w: it has control characters", what, ErrInvalid)
	case phone.Identifies(text):
		return "", fmt.Errorf("%s: %w", what, ErrIdentifier)
	}
	if len(value) > 7 && strings.Contains(digits(text), value[len(value)-7:]) {
		return "", fmt.Errorf("%s: %w", what, ErrIdentifier)
	}
	return text, nil
}

// digits returns the ASCII digits of s.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// Check says what is wrong with an order, as Begin would.
func (l *Ledger) Check(o Order) error {
	_, err := o.check(l.now())
	return err
}

// check completes an order, or says what is wrong with it.
func (o Order) check(now time.Time) (Order, error) {
	var err error
	if o.Reason, err = words("reason", o.Reason, o.Value); err != nil {
		return o, err
	}
	if o.Authority, err = words("authority", o.Authority, o.Value); err != nil {
		return o, err
	}
	if !userShape.MatchString(o.By) || digits(o.By) == o.By {
		return o, fmt.Errorf("user id %w", ErrInvalid)
	}
	o.AdIDs = sorted(o.AdIDs)
	o.Before = o.Before.UTC()
	named := map[Kind]bool{ByAd: len(o.AdIDs) > 0, ByNumber: o.Value != "", OlderThan: !o.Before.IsZero()}
	if _, ok := named[o.Kind]; !ok {
		return o, fmt.Errorf("kind %q %w: it is %s, %s or %s", o.Kind, ErrInvalid, ByAd, ByNumber, OlderThan)
	}
	for kind, given := range named {
		if given != (kind == o.Kind) {
			return o, fmt.Errorf("order by %s %w: it names that, and nothing else", o.Kind, ErrInvalid)
		}
	}
	switch {
	case len(o.AdIDs) > MaxAds:
		return o, fmt.Errorf("order %w: it names %d ads; give several orders of at most %d", ErrInvalid, len(o.AdIDs), MaxAds)
	case !ids(o.AdIDs):
		return o, fmt.Errorf("ad id %w: it has 32 hex digits", ErrInvalid)
	case o.Kind == ByNumber && !numberShape.MatchString(o.Value):
		return o, fmt.Errorf("number %w: it is not in E.164", ErrInvalid) // and never shown
	case o.Before.After(now):
		return o, fmt.Errorf("time %w: %s has not come yet", ErrInvalid, o.Before.Format(time.DateOnly))
	}
	return o, nil
}

// check says what is wrong with targets.
func (t Targets) check() error {
	if !ids(t.AdIDs) || !ids(t.CaptureIDs) {
		return fmt.Errorf("target id %w: it has 32 hex digits", ErrInvalid)
	}
	for key, seqs := range t.Messages {
		if !keyShape.MatchString(key) {
			return fmt.Errorf("target stream %w: %q is not a stream, or a stream and a prefix of a subject", ErrInvalid, key)
		}
		if slices.Contains(seqs, 0) {
			return fmt.Errorf("target sequence of %s %w: 0", key, ErrInvalid)
		}
	}
	return nil
}

// check says what is wrong with a result.
func (r Result) check() error {
	for key := range r.Deleted {
		if !keyShape.MatchString(key) {
			return fmt.Errorf("count %w: %q is not a stream, or a stream and a prefix of a subject", ErrInvalid, key)
		}
	}
	for _, f := range r.Files {
		gone := f.New == "" && f.NewSHA256 == ""
		if !fileShape.MatchString(f.Old) || !sumShape.MatchString(f.OldSHA256) || !gone && !(fileShape.MatchString(f.New) && sumShape.MatchString(f.NewSHA256)) {
			return fmt.Errorf("rewritten file %w: name or digest", ErrInvalid)
		}
	}
	return nil
}

func ids(s []string) bool {
	return !slices.ContainsFunc(s, func(id string) bool { return !idShape.MatchString(id) })
}

// sorted returns the distinct strings in order, nil when there are none.
func sorted[T cmp.Ordered](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}

// maxPart bounds the JSON of one event of targets, well below what a server takes.
const maxPart = 512 << 10

// parts splits targets so that each part is at most maxPart bytes as JSON, in a
// fixed order.
func (t Targets) parts() []Targets {
	var out []Targets
	var p Targets
	size := 0
	room := func(n int) {
		if size += n; size > maxPart {
			out, p, size = append(out, p), Targets{}, n
		}
	}
	for _, id := range t.AdIDs {
		room(len(id) + 3)
		p.AdIDs = append(p.AdIDs, id)
	}
	for _, id := range t.CaptureIDs {
		room(len(id) + 3)
		p.CaptureIDs = append(p.CaptureIDs, id)
	}
	const number = 21 // digits of the largest, and a comma
	for _, key := range slices.Sorted(maps.Keys(t.Messages)) {
		for _, seq := range t.Messages[key] {
			room(number)
			if p.Messages[key] == nil {
				room(len(key) + 5)
			}
			if p.Messages == nil {
				p.Messages = make(map[string][]uint64)
			}
			p.Messages[key] = append(p.Messages[key], seq)
		}
	}
	for _, f := range t.Fingerprints {
		room(number)
		p.Fingerprints = append(p.Fingerprints, f)
	}
	if !p.empty() {
		out = append(out, p)
	}
	return out
}

// unknown says that there is no such order.
func unknown(id string) error { return fmt.Errorf("order %s: %w", id, ad.ErrNotFound) }
