package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// What lies in the archive's folder, and which of it counts:
//   - a file is sealed when its index is there;
//   - of one range the newest sealed revision counts;
//   - a file whose captures are all in files that count does not count itself: an
//     archiver that was stopped, lost its place and woke up may have left it;
//   - a file without index does not count while nothing was sealed after it; later
//     it is one whose index was lost.
// Nothing is ever deleted that counts, or that could come to count: only what is
// older than a sealed revision or covered by sealed files. So a process that slept
// for however long deletes nothing that others need.

// A piece is one blob of the archive.
type piece struct {
	Sealed          // what its name says
	key      string // its own
	part     bool   // the beginning of a blob, left by a writer that was cut off
	modified time.Time
}

func (p piece) index() bool { return p.key == p.Index }
func (p piece) file() bool  { return p.key == p.File }

func (s Sealed) overlaps(o Sealed) bool  { return s.From <= o.To && o.From <= s.To }
func (s Sealed) sameRange(o Sealed) bool { return s.From == o.From && s.To == o.To }

var pieceName = regexp.MustCompile(`^captures-(\d{16,20})-(\d{16,20})(?:-r(\d{1,9}))?\.(?:warc\.gz|cdxj)(\..+\.tmp)?$`)

// named gives a file its keys. The first revision has no number in its name.
func (a *Archive) named(from, to uint64, revision int) Sealed {
	base := fmt.Sprintf("%scaptures-%016d-%016d", a.o.Prefix, from, to)
	if revision > 1 {
		base += "-r" + strconv.Itoa(revision)
	}
	return Sealed{From: from, To: to, Revision: revision, File: base + ".warc.gz", Index: base + ".cdxj"}
}

func (a *Archive) pieceOf(o *blob.ListObject) (piece, bool) {
	m := pieceName.FindStringSubmatch(strings.TrimPrefix(o.Key, a.o.Prefix))
	if m == nil {
		return piece{}, false
	}
	from, err1 := strconv.ParseUint(m[1], 10, 64)
	to, err2 := strconv.ParseUint(m[2], 10, 64)
	revision, err3 := 1, error(nil)
	if m[3] != "" {
		revision, err3 = strconv.Atoi(m[3])
	}
	if errors.Join(err1, err2, err3) != nil || from > to {
		return piece{}, false
	}
	p := piece{Sealed: a.named(from, to, revision), key: o.Key, part: m[4] != "", modified: o.ModTime}
	return p, p.part || p.file() || p.index() // false for r0, r1, r02
}

// scan looks at every blob of the archive. The driver for folders says "not found"
// when a file goes while it lists them.
func (a *Archive) scan(ctx context.Context) ([]piece, error) {
	for try := 1; ; try++ {
		all, err := a.scanOnce(ctx)
		if err == nil || try == 20 || gcerrors.Code(err) != gcerrors.NotFound {
			return all, err
		}
	}
}

func (a *Archive) scanOnce(ctx context.Context) ([]piece, error) {
	const page = 5000 // the driver for folders walks the whole folder for each
	var out []piece
	token := blob.FirstPageToken
	for len(token) > 0 {
		objects, next, err := a.bucket.ListPage(ctx, token, page, &blob.ListOptions{Prefix: a.o.Prefix + "captures-"})
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("list the archive: %w", err)
		}
		for _, o := range objects {
			if p, ok := a.pieceOf(o); ok {
				out = append(out, p)
			}
		}
		token = next
	}
	return out, nil
}

// counting picks the files that count, in order of their ranges.
func counts(all []piece) []Sealed {
	var sealed, loose []piece
	indexed := map[string]bool{}
	last := uint64(0) // beginning of the last sealed range
	for _, p := range all {
		if p.index() {
			sealed, indexed[p.Index], last = append(sealed, p), true, max(last, p.From)
		}
	}
	for _, p := range all {
		if p.file() && !indexed[p.Index] && p.To < last {
			loose = append(loose, p)
		}
	}
	slices.SortFunc(sealed, func(x, y piece) int {
		return cmp.Or(cmp.Compare(y.Revision, x.Revision), x.modified.Compare(y.modified),
			cmp.Compare(y.To-y.From, x.To-x.From), cmp.Compare(x.From, y.From))
	})
	slices.SortFunc(loose, func(x, y piece) int { return cmp.Compare(y.Revision, x.Revision) })
	out := make([]Sealed, 0, len(sealed))
	for _, p := range sealed {
		out = append(out, p.Sealed)
	}
	out = uncovered(out)
	for _, p := range loose {
		if !covered(p.Sealed, out) {
			out = append(out, p.Sealed)
			slices.SortFunc(out, byRange)
		}
	}
	return out
}

func byRange(x, y Sealed) int { return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To)) }

// uncovered leaves out every file that those before it cover and orders the rest.
func uncovered(all []Sealed) []Sealed {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, byRange)
	apart := true
	for i := 1; i < len(sorted); i++ {
		apart = apart && !sorted[i-1].overlaps(sorted[i])
	}
	if apart {
		return sorted
	}
	var out []Sealed
	for _, s := range all {
		if !covered(s, out) {
			i, _ := slices.BinarySearchFunc(out, s, byRange)
			out = slices.Insert(out, i, s)
		}
	}
	return out
}

// covered says whether every sequence of s lies in one of the files, given in order.
func covered(s Sealed, in []Sealed) bool {
	need := s.From
	for _, o := range in {
		if o.From > s.To {
			break
		}
		if o.From <= need && need <= o.To {
			if o.To >= s.To {
				return true
			}
			need = o.To + 1
		}
	}
	return false
}

// leftovers are the blobs that no longer count and never will again.
func leftovers(all []piece, current []Sealed) []piece {
	kept := map[string]bool{}
	newest := map[[2]uint64]int{}
	for _, s := range current {
		kept[s.File], kept[s.Index], newest[[2]uint64{s.From, s.To}] = true, true, s.Revision
	}
	var out []piece
	for _, p := range all {
		if kept[p.key] {
			continue
		}
		if n, same := newest[[2]uint64{p.From, p.To}]; same {
			if p.Revision < n || p.Revision == n && p.part {
				out = append(out, p)
			}
		} else if covered(p.Sealed, current) {
			out = append(out, p)
		}
	}
	return out
}

// List returns the sealed files in the order of their ranges, of each range the
// newest revision. A file whose index was lost stands among them, so that reading
// it says so.
func (a *Archive) List(ctx context.Context) ([]Sealed, error) {
	all, err := a.scan(ctx)
	if err != nil {
		return nil, err
	}
	out := counts(all)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = slices.Clone(out)
	return out, nil
}

// tidy deletes the leftovers among the blobs, after the files that hold the same
// captures were verified; s was. Files go first, their indexes last, so that what
// was cut off can still be told.
func (a *Archive) tidy(ctx context.Context, all []piece, current []Sealed, s Sealed) error {
	gone := leftovers(all, current)
	for _, c := range current {
		if c.File == s.File || !slices.ContainsFunc(gone, func(p piece) bool { return p.overlaps(c) }) {
			continue
		}
		if _, err := a.Verify(ctx, c); err != nil {
			return err
		}
	}
	slices.SortStableFunc(gone, func(x, y piece) int {
		if x.index() == y.index() {
			return cmp.Compare(x.Revision, y.Revision)
		}
		if x.index() {
			return 1
		}
		return -1
	})
	for _, p := range gone {
		if err := a.remove(ctx, p.key); err != nil {
			return err
		}
		a.places.drop(p.Index)
	}
	return nil
}

// alone says why a file that was just written may not stay: somebody else sealed
// captures of its range meanwhile, or took it away. The file whose place it takes,
// if any, is not in its way.
func (a *Archive) alone(ctx context.Context, s Sealed, instead string) error {
	all, err := a.scan(ctx)
	if err != nil {
		return err
	}
	there := false
	for _, p := range all {
		switch {
		case p.key == s.File:
			there = true
		case p.index() && p.Revision < s.Revision && p.From >= s.From && p.To <= s.To:
			// Outdated already: an erasure that was cut off left it, and it goes.
		case p.index() && p.Index != s.Index && p.File != instead && p.overlaps(s):
			return fmt.Errorf("%w: %s was sealed meanwhile and holds %d to %d", errTaken, p.File, p.From, p.To)
		}
	}
	if !there {
		return fmt.Errorf("%w: %s was taken away while it was sealed", errTaken, s.File)
	}
	return nil
}
