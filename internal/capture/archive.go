package capture

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"

	"vigil.example/internal/ad"
)

// An Item is one capture on its way from the captures stream into the archive.
type Item struct {
	Capture ad.Capture
	Seq     uint64 // its sequence in the stream
	Records []byte // as Record made them
}

// A Sealed is one WARC file of the archive and the stream range that it holds.
// Only a file whose index is there as well, and was read back, is sealed.
type Sealed struct {
	From, To uint64
	File     string // key of the WARC file in the bucket
	Index    string // key of the CDXJ index
	Captures int    // filled by Seal and Verify
	Size     int64  // bytes of the WARC file; filled by Seal and Verify
	SHA256   string // of the WARC file; filled by Seal and Verify
}

// Options say how an Archive lies in its bucket.
type Options struct {
	Prefix string // of all keys, such as "captures/"
	// Sync makes the blob of a key durable, file and folder, before it is read
	// back: the driver for folders does not, see FolderSync. Nil where the store
	// does it itself.
	Sync func(key string) error
}

// An Archive keeps captures in WARC files in blob storage. Its methods may be
// called at once from many goroutines, Seal for different ranges only.
type Archive struct {
	bucket *blob.Bucket
	o      Options
	mu     sync.Mutex
	known  []Sealed // ranges seen so far, in order; a range is never taken back
}

// NewArchive makes an archive in a bucket, which the caller closes.
func NewArchive(b *blob.Bucket, o Options) *Archive { return &Archive{bucket: b, o: o} }

func (a *Archive) named(from, to uint64) Sealed {
	base := fmt.Sprintf("%scaptures-%016d-%016d", a.o.Prefix, from, to)
	return Sealed{From: from, To: to, File: base + ".warc.gz", Index: base + ".cdxj"}
}

// Seal writes the captures of one stream range, given in order, into a WARC file
// and its index, and reads both back before it says so. After that the captures
// may leave the stream. A range that was sealed before is verified, not written
// again; one that was begun and not finished is written anew.
func (a *Archive) Seal(ctx context.Context, from, to uint64, items iter.Seq2[Item, error]) (Sealed, error) {
	s := a.named(from, to)
	if from > to {
		return Sealed{}, fmt.Errorf("seal captures %d to %d: the range is empty", from, to)
	}
	all, err := a.List(ctx)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal captures %d to %d: %w", from, to, err)
	}
	for _, o := range all {
		if o.From == from && o.To == to {
			return a.Verify(ctx, o)
		}
		if o.From <= to && from <= o.To {
			return Sealed{}, fmt.Errorf("seal captures %d to %d: %s already holds %d to %d", from, to, o.File, o.From, o.To)
		}
	}
	index, err := a.writeFile(ctx, s, items)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal captures %d to %d: %w", from, to, err)
	}
	if s, err = a.walk(ctx, s, index, func(Item) bool { return true }); err != nil {
		return Sealed{}, err
	}
	if err := a.writeIndex(ctx, s, index); err != nil {
		return Sealed{}, fmt.Errorf("seal captures %d to %d: %w", from, to, err)
	}
	return s, nil
}

// writeFile writes the WARC file and returns the index that it should have.
func (a *Archive) writeFile(ctx context.Context, s Sealed, items iter.Seq2[Item, error]) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx) // ends a half-written blob without storing it
	defer cancel()
	w, err := a.bucket.NewWriter(ctx, s.File, &blob.WriterOptions{ContentType: "application/warc"})
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", s.File, err)
	}
	p := packer{w: w, s: s, name: s.File[strings.LastIndex(s.File, "/")+1:]}
	if err := p.pack(items); err != nil {
		cancel()
		_ = w.Close() // says only that it was cancelled
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write %s: %w", s.File, err)
	}
	slices.Sort(p.lines)
	return []byte(strings.Join(p.lines, "")), a.sync(s.File)
}

func (a *Archive) sync(key string) error {
	if a.o.Sync == nil {
		return nil
	}
	if err := a.o.Sync(key); err != nil {
		return fmt.Errorf("make %s durable: %w", key, err)
	}
	return nil
}

// packer writes one WARC file and collects its index lines.
type packer struct {
	w     io.Writer
	s     Sealed
	name  string
	at    int64
	last  uint64
	lines []string
}

func (p *packer) pack(items iter.Seq2[Item, error]) error {
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
		return fmt.Errorf("write %s: %w", p.s.File, err)
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

// writeIndex writes the index last: it is what makes a file sealed.
func (a *Archive) writeIndex(ctx context.Context, s Sealed, index []byte) error {
	if err := a.bucket.WriteAll(ctx, s.Index, index, &blob.WriterOptions{ContentType: "text/plain"}); err != nil {
		return fmt.Errorf("write %s: %w", s.Index, err)
	}
	if err := a.sync(s.Index); err != nil {
		return err
	}
	back, err := a.bucket.ReadAll(ctx, s.Index)
	if err != nil {
		return fmt.Errorf("read %s back: %w", s.Index, err)
	}
	if !bytes.Equal(back, index) {
		return fmt.Errorf("read %s back: the store gave other bytes than it was given; check the disk", s.Index)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = append(a.known, Sealed{From: s.From, To: s.To, File: s.File, Index: s.Index})
	return nil
}
