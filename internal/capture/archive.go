package capture

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"vigil.example/internal/ad"
)

// An Item is one capture on its way from the captures stream into the archive.
type Item struct {
	Capture ad.Capture
	Seq     uint64 // its sequence in the stream
	Records []byte // as Record made them
}

// A Sealed is one WARC file of the archive and the stream range that it holds.
// Only a file whose index is there as well, and was read back, is sealed. It never
// changes; erasing captures makes a new revision and takes the old one away.
type Sealed struct {
	From, To uint64
	Revision int    // 1 at first, more after captures were erased from it or sealing was cut off
	File     string // key of the WARC file in the bucket
	Index    string // key of the CDXJ index
	Captures int    // filled by Seal and Verify
	Size     int64  // bytes of the WARC file; filled by Seal and Verify
	SHA256   string // of the WARC file; filled by Seal and Verify
}

// Options say how an Archive lies in its bucket. The functions are nil where the
// store does by itself what they are for; for a folder see FolderSync and so on.
type Options struct {
	Prefix string // of all keys, such as "captures/"
	// Sync makes the blob of a key durable, file and folder, before it is read back.
	Sync func(key string) error
	// Create stores what write gives as a new blob, whole or not at all. A key that
	// is taken is fs.ErrExist, however many processes create it at once. When nil
	// the store's own condition is asked for.
	Create func(key string, write func(io.Writer) error) error
	// Wipe overwrites a blob that is about to be deleted.
	Wipe func(key string) error
	// Pace is called after each capture that is packed, and after each that is read
	// back. It may wait, so that sealing leaves the machine to others.
	Pace func()
}

// An Archive keeps captures in WARC files in blob storage. Its methods may be
// called at once from many goroutines. Ranges are sealed in order, each beginning
// after the last one. Other processes may seal in the same bucket at the same time:
// a range is sealed once. Erase belongs into one process at a time.
type Archive struct {
	bucket  *blob.Bucket
	o       Options
	writing sync.RWMutex // Erase alone, or any number of Seal
	mu      sync.Mutex
	known   []Sealed // ranges seen so far, in order
	places  places
}

// NewArchive makes an archive in a bucket, which the caller closes.
func NewArchive(b *blob.Bucket, o Options) *Archive {
	if o.Pace == nil {
		o.Pace = func() {}
	}
	return &Archive{bucket: b, o: o}
}

// errTaken says that somebody else was there first.
var errTaken = errors.New("another process wrote to the archive at the same time; look which one holds the lease")

// Seal writes the captures of one stream range, given in order, into a WARC file
// and its index, and reads both back before it says so. After that the captures
// may leave the stream. A range that was sealed before is verified, not written
// again; one that was begun and not finished is written anew. Nothing that is
// sealed is ever overwritten.
func (a *Archive) Seal(ctx context.Context, from, to uint64, items iter.Seq2[Item, error]) (Sealed, error) {
	a.writing.RLock()
	defer a.writing.RUnlock()
	if from > to {
		return Sealed{}, fmt.Errorf("seal captures %d to %d: the range is empty", from, to)
	}
	s, err := a.seal(ctx, a.named(from, to, 1), items)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal captures %d to %d: %w", from, to, err)
	}
	return s, nil
}

func (a *Archive) seal(ctx context.Context, s Sealed, items iter.Seq2[Item, error]) (Sealed, error) {
	all, err := a.scan(ctx)
	if err != nil {
		return Sealed{}, err
	}
	current := counts(all)
	for _, o := range current {
		if o.sameRange(s) {
			return a.Verify(ctx, o)
		}
		if o.overlaps(s) {
			return Sealed{}, fmt.Errorf("%s already holds %d to %d", o.File, o.From, o.To)
		}
	}
	p := packer{s: s}
	write := func(w io.Writer) error {
		p = packer{s: p.s, w: w, name: baseName(p.s.File)}
		return p.pack(items, a.o.Pace)
	}
	begun := slices.DeleteFunc(ahead(all, s), func(p piece) bool { return p.part })
	if len(begun) != 1 || begun[0].key != s.File || !a.same(ctx, s.File, write) {
		if n := len(begun); n > 0 { // never again under a name that another process may just be sealing
			p.s = a.named(s.From, s.To, begun[n-1].Revision+1)
		}
		if err := a.create(ctx, p.s.File, "application/warc", write); err != nil {
			return Sealed{}, err
		}
	}
	done, err := a.finish(ctx, p.s, p.index(), "")
	if err != nil {
		return Sealed{}, err
	}
	return done, a.tidy(ctx, all, []Sealed{p.s}, p.s)
}

// ahead are the blobs of a range that are no older than s, in order of revisions.
func ahead(all []piece, s Sealed) []piece {
	var out []piece
	for _, p := range all {
		if p.sameRange(s) && p.Revision >= s.Revision && (p.part || p.key != s.Index) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(x, y piece) int { return cmp.Compare(x.Revision, y.Revision) })
	return out
}

// same says whether a blob is what write would make of it.
func (a *Archive) same(ctx context.Context, key string, write func(io.Writer) error) bool {
	r, err := a.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return false
	}
	defer func() { _ = r.Close() }() // nothing was written
	have, want := sha256.New(), sha256.New()
	_, err = io.Copy(have, r)
	return errors.Join(err, write(want)) == nil && bytes.Equal(have.Sum(nil), want.Sum(nil))
}

// finish makes a WARC file that was written a sealed one: it is read back, gets its
// index and stays when nobody else sealed its captures meanwhile. Otherwise it is
// taken away again. Instead is the file whose place it takes.
func (a *Archive) finish(ctx context.Context, s Sealed, index []byte, instead string) (Sealed, error) {
	done, err := a.walk(ctx, s, index, 0, func(Item) bool { a.o.Pace(); return true })
	if err != nil {
		return Sealed{}, err
	}
	if err := a.alone(ctx, s, instead); errors.Is(err, errTaken) {
		return Sealed{}, errors.Join(err, a.remove(ctx, s.File))
	} else if err != nil {
		return Sealed{}, err
	}
	err = a.create(ctx, s.Index, "text/plain", func(w io.Writer) error { _, err := w.Write(index); return err })
	if err != nil && !errors.Is(err, errTaken) {
		return Sealed{}, err
	}
	ours := err == nil
	back, err := a.bucket.ReadAll(ctx, s.Index)
	switch {
	case err != nil:
		return Sealed{}, fmt.Errorf("read %s back: %w", s.Index, err)
	case !bytes.Equal(back, index) && !ours:
		return Sealed{}, fmt.Errorf("%s stands there with other lines: %w", s.Index, errTaken)
	case !bytes.Equal(back, index):
		return Sealed{}, fmt.Errorf("read %s back: the store gave other bytes than it was given; check the disk", s.Index)
	}
	if err := a.alone(ctx, s, instead); err != nil {
		if ours && errors.Is(err, errTaken) {
			err = errors.Join(err, a.remove(ctx, s.Index), a.remove(ctx, s.File))
		}
		return Sealed{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = slices.DeleteFunc(a.known, s.sameRange)
	i, _ := slices.BinarySearchFunc(a.known, s, byRange)
	a.known = slices.Insert(a.known, i, s)
	return done, nil
}

// create stores a new blob and makes it durable; errTaken when there is one.
func (a *Archive) create(ctx context.Context, key, contentType string, write func(io.Writer) error) error {
	err := a.o.create(ctx, a.bucket, key, contentType, write)
	switch {
	case errors.Is(err, fs.ErrExist) || gcerrors.Code(err) == gcerrors.FailedPrecondition:
		return fmt.Errorf("write %s: %w", key, errTaken)
	case err != nil:
		return fmt.Errorf("write %s: %w", key, err)
	}
	if a.o.Sync != nil {
		if err := a.o.Sync(key); err != nil {
			return fmt.Errorf("make %s durable: %w", key, err)
		}
	}
	return nil
}

func (o Options) create(ctx context.Context, b *blob.Bucket, key, contentType string, write func(io.Writer) error) error {
	if o.Create != nil {
		return o.Create(key, write)
	}
	ctx, cancel := context.WithCancel(ctx) // ends a half-written blob without storing it
	defer cancel()
	w, err := b.NewWriter(ctx, key, &blob.WriterOptions{ContentType: contentType, IfNotExist: true})
	if err != nil {
		return err
	}
	if err := write(w); err != nil {
		cancel()
		_ = w.Close() // says only that it was cancelled
		return err
	}
	return w.Close()
}

// remove deletes a blob, its bytes first where that is possible. One that is gone
// already is no error.
func (a *Archive) remove(ctx context.Context, key string) error {
	if a.o.Wipe != nil {
		if err := a.o.Wipe(key); err != nil {
			return fmt.Errorf("overwrite %s: %w", key, err)
		}
	}
	if err := a.bucket.Delete(ctx, key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

func baseName(key string) string { return key[strings.LastIndex(key, "/")+1:] }

// packer writes one WARC file and collects its index lines.
type packer struct {
	w     io.Writer
	s     Sealed
	name  string
	at    int64
	last  uint64
	lines []string
}

// index is the index that the file should have.
func (p *packer) index() []byte {
	slices.Sort(p.lines)
	return []byte(strings.Join(p.lines, ""))
}

func (p *packer) pack(items iter.Seq2[Item, error], pace func()) error {
	begun := false
	for it, err := range items {
		if err != nil {
			return fmt.Errorf("take captures from the stream: %w", err)
		}
		if !begun {
			if err := p.begin(it.Capture.FetchedAt); err != nil {
				return err
			}
			begun = true
		}
		if err := p.add(it); err != nil {
			return fmt.Errorf("capture %s: %w", it.Capture.ID, err)
		}
		pace()
	}
	if !begun { // everything in the range was erased before it was sealed
		return p.begin(time.Unix(0, 0))
	}
	return nil
}

func (p *packer) begin(t time.Time) error {
	b, err := Info(p.name, t.UTC().Format(time.RFC3339), nil)
	if err != nil {
		return err
	}
	return p.write(b)
}

func (p *packer) write(b []byte) error {
	n, err := p.w.Write(b)
	p.at += int64(n)
	if err != nil {
		return err
	}
	return nil
}

func (p *packer) add(it Item) error {
	if it.Seq < p.s.From || it.Seq > p.s.To || it.Seq <= p.last {
		return fmt.Errorf("sequence %d is out of range or out of order", it.Seq)
	}
	p.last = it.Seq
	var first Member
	for m, err := range Members(bytes.NewReader(it.Records)) {
		if err != nil {
			return fmt.Errorf("records of %d: %w", it.Seq, err)
		}
		first = m
		break
	}
	e := cdx{
		URL: it.Capture.URL, MIME: mime(it.Capture.ContentType), Status: strconv.Itoa(it.Capture.Status),
		Digest: "sha256:" + it.Capture.PayloadSHA256, Length: strconv.FormatInt(first.Length, 10),
		Offset: strconv.FormatInt(p.at, 10), Filename: p.name, RecordID: it.Capture.RecordID,
		Capture: it.Capture.ID, Seq: it.Seq, From: p.at, Bytes: int64(len(it.Records)), SHA256: hexSHA256(it.Records),
	}
	if _, err := sound(it.Records, e); err != nil {
		return fmt.Errorf("its records came damaged from the stream: %w", err)
	}
	l, err := indexLine(it.Capture, e)
	if err != nil {
		return err
	}
	p.lines = append(p.lines, l)
	return p.write(it.Records)
}

func mime(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	if t = strings.ToLower(strings.TrimSpace(t)); t == "" {
		return "unk"
	}
	return t
}
