package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"gocloud.dev/gcerrors"
)

// An Erased says of one capture that it was taken out of a sealed file. Whoever
// keeps it should key the digests: of a page that can be guessed but for a number,
// a bare digest gives the number away.
type Erased struct {
	CaptureID string
	Seq       uint64
	Bytes     int64  // of its records, as they lay in the file
	SHA256    string // of its records, as they lay in the file

	File      string // key of the WARC file that held it
	SHA256Was string // of that file; empty when an erasure was cut off after the file went
	New       string // key of the file in its place
	SHA256Now string // of the file in its place
}

// ErrUnfinished says that a capture to be erased stands in a file that was never
// sealed to the end.
var ErrUnfinished = errors.New("was begun and not sealed to the end; seal its range, then erase again")

// Erase takes captures out of every sealed file that holds one. Each such file is
// written anew as its next revision, the other records byte for byte as they were;
// the old one goes, overwritten first where Options.Wipe is given, when the new one
// was read back and has its index. Ids that no file holds are no error.
//
// Erase may be cut off at any moment and called again: it then finishes, and says
// of captures whose old index is still there that they were erased. It does all
// that it can: an error about one file does not keep the others. A file that is
// damaged in other captures than those to be erased is left as it is, with
// ErrAltered. Without ids it only clears away what an erasure or a seal left that
// was cut off.
func (a *Archive) Erase(ctx context.Context, ids []string) ([]Erased, error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	all, err := a.scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("erase captures: %w", err)
	}
	gone := make(map[string]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	var out []Erased
	var errs []error
	current := counts(all)
	for _, s := range current {
		if ctx.Err() != nil {
			errs = append(errs, ctx.Err())
			break
		}
		e, err := a.eraseFrom(ctx, s, all, current, gone)
		out = append(out, e...)
		if err != nil {
			errs = append(errs, fmt.Errorf("erase captures %d to %d: %w", s.From, s.To, err))
		}
	}
	if _, err := a.List(ctx); err != nil {
		errs = append(errs, err)
	}
	return out, errors.Join(append(errs, a.unfinished(ctx, all, current, gone))...)
}

func (a *Archive) eraseFrom(ctx context.Context, s Sealed, all []piece, current []Sealed, gone map[string]bool) ([]Erased, error) {
	mine := slices.DeleteFunc(slices.Clone(all), func(p piece) bool { return !p.overlaps(s) })
	newer := slices.DeleteFunc(ahead(mine, s), func(p piece) bool { return p.Revision == s.Revision })
	index, err := a.readIndex(ctx, s)
	if err != nil {
		return nil, err
	}
	hit, err := holds(index, gone)
	if err != nil {
		return nil, a.torn(s.Index, err)
	}
	if !hit && len(newer) == 0 {
		return a.clear(ctx, s, index, mine, current, gone)
	}
	next := a.named(s.From, s.To, s.Revision+1)
	if n := len(newer); n > 0 { // begun and cut off: never written again under that name
		next = a.named(s.From, s.To, newer[n-1].Revision+1)
	}
	r := revision{old: s, gone: gone, packer: packer{s: next, name: baseName(next.File)}}
	if err := a.create(ctx, next.File, "application/warc", func(w io.Writer) error {
		r.w = w
		return r.write(ctx, a, index)
	}); err != nil {
		return nil, err
	}
	done, err := a.finish(ctx, next, r.index(), s.File)
	if err != nil {
		return nil, err
	}
	for i := range r.out {
		r.out[i].SHA256Now = done.SHA256
	}
	i := slices.Index(current, s)
	current[i] = next
	return r.out, a.tidy(ctx, mine, current, next)
}

// clear deletes what an erasure that was cut off left beside a file, after the
// file was verified, and reports what that erasure took out.
func (a *Archive) clear(ctx context.Context, s Sealed, index []byte, mine []piece, current []Sealed, gone map[string]bool) ([]Erased, error) {
	left := leftovers(mine, current)
	if len(left) == 0 {
		return nil, nil
	}
	done, err := a.Verify(ctx, s)
	if err != nil {
		return nil, err
	}
	now, err := entriesOf(index)
	if err != nil {
		return nil, a.torn(s.Index, err)
	}
	kept := map[string]bool{}
	for _, e := range now {
		kept[e.Capture] = true
	}
	var out []Erased
	for _, p := range left {
		if !p.index() || !p.sameRange(s) {
			continue
		}
		before, err := a.readIndex(ctx, p.Sealed)
		if err != nil {
			continue // it only says what was erased: it goes all the same
		}
		entries, err := entriesOf(before)
		if err != nil {
			continue
		}
		was := ""
		if v, err := a.Verify(ctx, p.Sealed); err == nil {
			was = v.SHA256
		}
		for _, e := range entries {
			if gone[e.Capture] && !kept[e.Capture] {
				kept[e.Capture] = true // once
				out = append(out, Erased{CaptureID: e.Capture, Seq: e.Seq, Bytes: e.Bytes, SHA256: e.SHA256,
					File: p.File, SHA256Was: was, New: s.File, SHA256Now: done.SHA256})
			}
		}
	}
	return out, a.tidy(ctx, mine, current, s)
}

// holds says whether an index has one of the captures.
func holds(index []byte, gone map[string]bool) (bool, error) {
	const name = `"capture":"`
	for l := range bytes.Lines(index) {
		_, after, ok := bytes.Cut(l[max(bytes.Index(l, []byte(" {")), 0):], []byte(name))
		id, _, closed := bytes.Cut(after, []byte(`"`))
		if !ok || !closed {
			return false, errors.New("a line of the index names no capture")
		}
		if gone[string(id)] {
			return true, nil
		}
	}
	return false, nil
}

// A revision is a file written anew without some of its captures.
type revision struct {
	packer
	old  Sealed
	gone map[string]bool
	out  []Erased
}

func (r *revision) write(ctx context.Context, a *Archive, index []byte) error {
	r.at, r.lines, r.out = 0, nil, nil
	keys, err := keysOf(index)
	if err != nil {
		return a.torn(r.old.Index, err)
	}
	f, err := a.openFile(ctx, r.old)
	if err != nil {
		return err
	}
	defer f.close()
	if err := r.begin(f.info, keys); err != nil {
		return err
	}
	for _, k := range keys {
		b, err := f.next(k.cdx)
		if err != nil {
			return err
		}
		if r.gone[k.Capture] {
			r.out = append(r.out, Erased{CaptureID: k.Capture, Seq: k.Seq, Bytes: k.Bytes, SHA256: hexSHA256(b), File: r.old.File, New: r.s.File})
			continue
		}
		if hexSHA256(b) != k.SHA256 {
			_, err := sound(b, k.cdx)
			return a.blame(ctx, r.old, k.cdx, b, err)
		}
		if err := r.keep(k, b); err != nil {
			return err
		}
	}
	_, sum, err := f.end()
	for i := range r.out {
		r.out[i].SHA256Was = sum
	}
	return err
}

// begin writes the first record: the old one's date, the new name, and how many
// captures were erased so far.
func (r *revision) begin(info Member, keys []keyed) error {
	n := 0
	for l := range strings.Lines(string(info.Block)) {
		if v, ok := strings.CutPrefix(l, erasedField); ok {
			n, _ = strconv.Atoi(strings.TrimSpace(v)) // a count of ours, or none
		}
	}
	for _, k := range keys {
		if r.gone[k.Capture] {
			n++
		}
	}
	var about []string
	if n > 0 {
		about = []string{erasedField + strconv.Itoa(n)}
	}
	when := info.Header["warc-date"]
	if _, err := time.Parse(time.RFC3339, when); err != nil {
		return fmt.Errorf("warcinfo of %s: %w", r.old.File, err)
	}
	b, err := Info(r.name, when, about)
	if err != nil {
		return err
	}
	return r.packer.write(b)
}

const erasedField = "vigil-erased-captures: "

func (r *revision) keep(k keyed, b []byte) error {
	at, err := strconv.ParseInt(k.Offset, 10, 64)
	if err != nil {
		return fmt.Errorf("index of capture %s: offset: %w", k.Capture, err)
	}
	k.Offset, k.From, k.Filename = strconv.FormatInt(at-k.From+r.at, 10), r.at, r.name
	l, err := k.line()
	if err != nil {
		return err
	}
	r.lines = append(r.lines, l)
	return r.packer.write(b)
}

// unfinished says which captures still stand in files that were never sealed. No
// one but who seals may touch those: they may be under way.
func (a *Archive) unfinished(ctx context.Context, all []piece, current []Sealed, gone map[string]bool) error {
	if len(gone) == 0 {
		return nil
	}
	var errs []error
	for _, p := range all {
		if p.index() || covered(p.Sealed, current) {
			continue
		}
		held, err := a.anyIn(ctx, p.key, gone)
		if err == nil && held {
			err = fmt.Errorf("erase captures: file %s holds one of them and %w", p.key, ErrUnfinished)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// anyIn looks for captures in a file that has no index, as far as it can be read.
func (a *Archive) anyIn(ctx context.Context, key string, gone map[string]bool) (bool, error) {
	r, err := a.bucket.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	for m, err := range Members(r) {
		if err != nil { // cut off here
			return false, nil
		}
		if t := m.Type(); t != "response" && t != "resource" {
			continue
		}
		if c, err := described(m); err == nil && gone[c.ID] {
			return true, nil
		}
	}
	return false, nil
}
