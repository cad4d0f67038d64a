package app

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/stream"
)

// A backup is a tar file that other tools can read, too:
//
//	vigil-backup.json           what this is; first
//	folder/…                    files of the data folder
//	streams/NAME/000001, …      the snapshot of a stream, in pieces
//	blobs/…                     sealed WARC files and their indexes
//	manifest.json               everything that restoring needs to know
//	SHA256SUMS                  digests of all of these, as sha256sum -c reads them; last
//
// A file without SHA256SUMS is cut off, whatever it holds. In place of it a part
// FAILED may say why no more came.
const (
	backupFormat = 1
	headPart     = "vigil-backup.json"
	manifestPart = "manifest.json"
	sumsPart     = "SHA256SUMS"
	failedPart   = "FAILED"
	pieceSize    = 4 << 20 // of a snapshot: it is in memory until it is whole
)

// ErrBackup says that a file is no backup that could be restored; the text names
// the part that is wrong.
var ErrBackup = errors.New("the backup cannot be used")

// A BackupHead says what a backup is of.
type BackupHead struct {
	Format   int       `json:"format"`
	Version  string    `json:"vigil"` // of the program that made it
	Instance string    `json:"instance"`
	Kind     Kind      `json:"kind"`
	Made     time.Time `json:"made"` // when it began
}

// A Manifest is what restoring a backup needs to know.
type Manifest struct {
	BackupHead
	Took      float64                    `json:"took_seconds"`
	Folder    marker                     `json:"folder"` // what the restored folder says it is
	Floors    []stream.Floor             `json:"consumers"`
	Positions map[string]json.RawMessage `json:"positions,omitempty"` // keys of the bucket PROGRESS that count
	Trimmed   *trimmed                   `json:"trimmed,omitempty"`   // newer than what ARCHIVE holds
	Streams   []StreamPart               `json:"streams"`             // in the order they were taken
	Missing   []string                   `json:"missing,omitempty"`   // what the instance itself lacked
	Parts     []Part                     `json:"parts"`
}

// A StreamPart is the snapshot of one stream.
type StreamPart struct {
	stream.SnapshotInfo
	Pieces int `json:"pieces"`
}

// A Part is one file in a backup.
type Part struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Messages is how many messages all streams hold.
func (m Manifest) Messages() (n uint64) {
	for _, s := range m.Streams {
		n += s.SnapshotInfo.Messages
	}
	return n
}

// A packer writes a backup.
type packer struct {
	tw    *tar.Writer
	at    time.Time
	parts []Part
}

func newPacker(w io.Writer, at time.Time) *packer { return &packer{tw: tar.NewWriter(w), at: at} }

// add writes one part and returns it with its digest.
func (p *packer) add(name string, size int64, r io.Reader) (Part, error) {
	part := Part{Name: name, Bytes: size}
	if err := p.tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: p.at.Truncate(time.Second)}); err != nil {
		return part, fmt.Errorf("write %s: %w", name, err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(p.tw, sum), io.LimitReader(r, size+1))
	if err == nil && n < size {
		err = fmt.Errorf("it has %d bytes, not %d", n, size)
	}
	if err != nil {
		return part, fmt.Errorf("write %s: %w", name, err)
	}
	part.SHA256 = hex.EncodeToString(sum.Sum(nil))
	p.parts = append(p.parts, part)
	return part, nil
}

func (p *packer) bytes(name string, b []byte) error {
	_, err := p.add(name, int64(len(b)), bytes.NewReader(b))
	return err
}

// finish writes what makes the backup whole.
func (p *packer) finish(m Manifest) error {
	m.Parts = slices.Clone(p.parts)
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", manifestPart, err)
	}
	if err := p.bytes(manifestPart, append(b, '\n')); err != nil {
		return err
	}
	var sums strings.Builder
	for _, part := range p.parts {
		fmt.Fprintf(&sums, "%s  %s\n", part.SHA256, part.Name)
	}
	if err := p.bytes(sumsPart, []byte(sums.String())); err != nil {
		return err
	}
	if err := p.tw.Close(); err != nil {
		return fmt.Errorf("end the backup: %w", err)
	}
	return nil
}

// giveUp says in the backup why there is no more of it. The part that was under
// way may be cut: then nothing can be said.
func (p *packer) giveUp(why error) {
	if p.bytes(failedPart, []byte(why.Error()+"\n")) == nil {
		_ = p.tw.Close()
	}
}

// pieces is a writer that cuts what comes into parts of a backup.
type pieces struct {
	p      *packer
	prefix string
	n      int
	held   []byte
}

func (s *pieces) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := min(len(rest), pieceSize-len(s.held))
		s.held, rest = append(s.held, rest[:n]...), rest[n:]
		if len(s.held) == pieceSize {
			if err := s.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(b), nil
}

func (s *pieces) flush() error {
	if len(s.held) == 0 {
		return nil
	}
	s.n++
	err := s.p.bytes(pieceName(s.prefix, s.n), s.held)
	s.held = s.held[:0]
	return err
}

func pieceName(stream string, n int) string { return fmt.Sprintf("streams/%s/%06d", stream, n) }

// An unpacked backup is one that was read from end to end, and where its parts
// stand in the file.
type unpacked struct {
	Manifest
	parts map[string]Part
	at    map[string]int64
}

// section gives the bytes of a part.
func (u *unpacked) section(r io.ReaderAt, part string) (io.Reader, error) {
	p, ok := u.parts[part]
	if !ok {
		return nil, fmt.Errorf("%w: part %s is missing", ErrBackup, part)
	}
	return io.NewSectionReader(r, u.at[part], p.Bytes), nil
}

// A metered reader knows how much was read.
type metered struct {
	r io.Reader
	n int64
}

func (c *metered) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// unpack reads a backup from end to end and checks every digest. What is wrong is
// ErrBackup and names the part. See hears of the part that is being read and of
// the bytes so far.
func unpack(r io.Reader, see func(part string, bytes int64)) (*unpacked, error) {
	in := &metered{r: r}
	tr := tar.NewReader(in)
	u := &unpacked{parts: map[string]Part{}, at: map[string]int64{}}
	var manifest, sums []byte
	last := ""
	for {
		h, err := tr.Next()
		switch {
		case errors.Is(err, io.EOF) && last == sumsPart:
			return u, u.judge(manifest, sums)
		case last == "" && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader)):
			return nil, fmt.Errorf("%w: it is no backup of Vigil: %w", ErrBackup, err)
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("%w: it is cut off after part %s: make it again", ErrBackup, last)
		case errors.Is(err, tar.ErrHeader):
			return nil, fmt.Errorf("%w: it is damaged behind part %s", ErrBackup, last)
		case err != nil:
			return nil, fmt.Errorf("read the backup: %w", err)
		case last == "" && h.Name != headPart:
			return nil, fmt.Errorf("%w: it is no backup of Vigil: it begins with %q", ErrBackup, h.Name)
		case !plain(h):
			return nil, fmt.Errorf("%w: part %q is no plain file", ErrBackup, h.Name)
		}
		last = h.Name
		if _, twice := u.parts[last]; twice {
			return nil, fmt.Errorf("%w: part %s stands in it twice", ErrBackup, last)
		}
		u.at[last] = in.n
		var keep bytes.Buffer
		sum := sha256.New()
		to := io.Writer(watched{sum, last, in, see})
		if last == headPart || last == manifestPart || last == sumsPart || last == failedPart {
			to = io.MultiWriter(to, &keep)
		}
		n, err := io.Copy(to, tr)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: it is cut off within part %s: make it again", ErrBackup, last)
		}
		if err != nil {
			return nil, fmt.Errorf("read part %s of the backup: %w", last, err)
		}
		u.parts[last] = Part{last, n, hex.EncodeToString(sum.Sum(nil))}
		switch last {
		case headPart:
			err = readHead(keep.Bytes())
		case failedPart:
			err = fmt.Errorf("%w: it was given up: %s", ErrBackup, strings.TrimSpace(keep.String()))
		case manifestPart:
			manifest = keep.Bytes()
		case sumsPart:
			sums = keep.Bytes()
		}
		if err != nil {
			return nil, err
		}
	}
}

// plain reports whether a part is a file whose bytes stand in the backup as they
// are: no link, no device, and none with holes, which could be of any size.
func plain(h *tar.Header) bool {
	for name := range h.PAXRecords {
		if strings.HasPrefix(name, "GNU.sparse.") {
			return false
		}
	}
	return h.Typeflag == tar.TypeReg
}

// watched tells how far reading has come.
type watched struct {
	hash.Hash
	part string
	in   *metered
	see  func(string, int64)
}

func (w watched) Write(b []byte) (int, error) {
	w.see(w.part, w.in.n)
	return w.Hash.Write(b)
}

// readHead refuses what this program cannot read, before the rest is read.
func readHead(b []byte) error {
	var h BackupHead
	if err := json.Unmarshal(b, &h); err != nil || h.Format == 0 {
		return fmt.Errorf("%w: part %s is damaged, or this is no backup of Vigil", ErrBackup, headPart)
	}
	if h.Format > backupFormat {
		return fmt.Errorf("%w: vigil %s made it in format %d and this program reads %d: use that version or a newer one", ErrBackup, h.Version, h.Format, backupFormat)
	}
	return nil
}

// judge compares what was read with what was written.
func (u *unpacked) judge(manifest, sums []byte) error {
	wrong := map[string]string{}
	listed := map[string]bool{sumsPart: true}
	for l := range strings.Lines(string(sums)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(l, "\n"), "  ")
		got, there := u.parts[name]
		switch {
		case !ok || len(sum) != 64:
			wrong[sumsPart] = "is damaged"
		case !there:
			wrong[name] = "is missing"
		case got.SHA256 != sum:
			wrong[name] = fmt.Sprintf("hashes to %.16s…, not %.16s…: it was changed after it was written", got.SHA256, sum)
		}
		listed[name] = true
	}
	for name := range u.parts {
		if !listed[name] {
			wrong[name] = "was not written with it"
		}
	}
	if wrong[manifestPart] == "" {
		if err := json.Unmarshal(manifest, &u.Manifest); err != nil {
			wrong[manifestPart] = "cannot be read"
		}
	}
	for _, s := range u.Streams {
		for n := 1; n <= s.Pieces; n++ {
			if name := pieceName(s.Stream, n); !listed[name] {
				wrong[name] = "is missing"
			}
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		if len(out) == 5 {
			out = append(out, fmt.Sprintf("and %d more", len(wrong)-5))
			break
		}
		out = append(out, "part "+name+" "+wrong[name])
	}
	return fmt.Errorf("%w: %s", ErrBackup, strings.Join(out, "; "))
}
