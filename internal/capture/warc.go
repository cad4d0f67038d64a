package capture

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// version is the first line of every record.
const version = "WARC/1.1"

// level is the compression of records. Over 75 real pages (130 kB on average),
// level 5 of klauspost/compress took 0.69 ms a page and left 24.7 kB, the standard
// library's level 1 took 0.75 ms and left 27.9 kB, its level 6 2.2 ms and 23.7 kB.
const level = 5

// maxHead is the largest header of a record that is read.
const maxHead = 1 << 20

// A field is one line of a record's header. Fields without a value are not written.
type field struct{ name, value string }

// writers keeps gzip writers for the next caller: making one clears 1.2 MB, which
// takes as long as compressing a page. It holds nothing else.
var writers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(io.Discard, level)
	if err != nil { // only for a level that does not exist
		panic(err)
	}
	return w
}}

// members collects records as gzip members in one buffer.
type members struct {
	buf bytes.Buffer
	err error
}

func (m *members) add(fields []field, block []byte) {
	if m.err != nil {
		return
	}
	gz := writers.Get().(*gzip.Writer)
	defer writers.Put(gz)
	gz.Reset(&m.buf)
	var h bytes.Buffer
	h.WriteString(version + "\r\n")
	for _, f := range fields {
		if f.value != "" {
			h.WriteString(f.name + ": " + f.value + "\r\n")
		}
	}
	h.WriteString("Content-Length: " + strconv.Itoa(len(block)) + "\r\n\r\n")
	for _, b := range [][]byte{h.Bytes(), block, []byte("\r\n\r\n")} {
		if m.err == nil {
			_, m.err = gz.Write(b)
		}
	}
	if m.err == nil {
		m.err = gz.Close()
	}
}

func (m *members) bytes() ([]byte, error) { return m.buf.Bytes(), m.err }

// A Member is one WARC record as it is read back: its header with names in lower
// case, its block, and where its gzip member lies in what was read.
type Member struct {
	Offset int64
	Length int64
	Header map[string]string
	Block  []byte
}

// Type is the kind of record: response, resource, request, metadata, warcinfo.
func (m Member) Type() string { return m.Header["warc-type"] }

// Check compares the block with the digest in the header; a block digest must be
// there and be SHA-256.
func (m Member) Check() error {
	want, ok := strings.CutPrefix(strings.ToLower(m.Header["warc-block-digest"]), "sha256:")
	if !ok {
		return fmt.Errorf("record %s: no SHA-256 of the block", m.Header["warc-record-id"])
	}
	if got := hexSHA256(m.Block); got != want {
		return fmt.Errorf("record %s: stored bytes hash to %.6s…, not %.6s…: %w", m.Header["warc-record-id"], got, want, ErrDigest)
	}
	return nil
}

// Members reads WARC records that are gzip members of their own, one after the
// other, holding one in memory at a time. Digests are not checked; see Check.
func Members(r io.Reader) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		count := newCounting(r)
		defer count.close()
		for n := 0; ; n++ {
			start := count.n
			if _, err := count.Peek(); errors.Is(err, io.EOF) {
				return
			}
			m, err := readMember(count)
			if err != nil {
				yield(Member{}, fmt.Errorf("WARC record %d at byte %d: %w", n, start, err))
				return
			}
			m.Offset, m.Length = start, count.n-start
			if !yield(m, nil) {
				return
			}
		}
	}
}

// counting counts what is taken out of a buffered reader. It is a ByteReader, so
// gzip takes no byte that is not its own.
type counting struct {
	r *bufio.Reader
	n int64
	z *gzip.Reader  // of a member, used again for the next
	m *bufio.Reader // what z reads, the same
}

// readers keeps readers for the next caller: their windows and buffers would be half
// of the memory that is taken to open a capture.
var readers = sync.Pool{New: func() any {
	return &counting{r: bufio.NewReaderSize(nil, 32<<10), z: new(gzip.Reader), m: bufio.NewReader(nil)}
}}

// newCounting returns a reader that is given back with close.
func newCounting(r io.Reader) *counting {
	c := readers.Get().(*counting)
	c.r.Reset(r)
	c.n = 0
	return c
}

// close lets others use the reader. It keeps nothing of what it read from.
func (c *counting) close() {
	c.r.Reset(nil)
	c.m.Reset(nil)
	readers.Put(c)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counting) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

func (c *counting) Peek() (byte, error) {
	b, err := c.r.Peek(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func readMember(c *counting) (Member, error) {
	if err := c.z.Reset(c); err != nil {
		return Member{}, fmt.Errorf("no gzip member begins here: %w", noEOF(err))
	}
	c.z.Multistream(false)
	r := c.m
	r.Reset(c.z)
	h, err := readHeader(r)
	if err != nil {
		return Member{}, err
	}
	n, err := strconv.Atoi(h["content-length"])
	if err != nil || n < 0 || n > MaxBlock {
		return Member{}, fmt.Errorf("block length %q is no number up to %d", h["content-length"], MaxBlock)
	}
	// The buffer grows with what is really there: a length is only a claim.
	var block bytes.Buffer
	block.Grow(min(n, 64<<10) + bytes.MinRead)
	if got, err := io.CopyN(&block, r, int64(n)); err != nil {
		return Member{}, fmt.Errorf("the block ends after %d of %d bytes: %w", got, n, noEOF(err))
	}
	end := make([]byte, 4)
	if _, err := io.ReadFull(r, end); err != nil || string(end) != "\r\n\r\n" {
		return Member{}, fmt.Errorf("the record does not end after %d bytes as it says", n)
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) { // reads the gzip trailer and checks its CRC
		if err == nil {
			err = errors.New("more than one record in a gzip member")
		}
		return Member{}, err
	}
	return Member{Header: h, Block: block.Bytes()}, nil
}

func readHeader(r *bufio.Reader) (map[string]string, error) {
	h := map[string]string{}
	size := 0
	for first := true; ; first = false {
		l, err := r.ReadString('\n')
		if size += len(l); err != nil || size > maxHead {
			return nil, fmt.Errorf("the record's header is cut or too long: %w", noEOF(err))
		}
		l = strings.TrimRight(l, "\r\n")
		switch k, v, ok := strings.Cut(l, ":"); {
		case first && !strings.HasPrefix(l, "WARC/1."):
			return nil, errors.New("this is no WARC 1 record")
		case first:
		case l == "":
			return h, nil
		case !ok:
			return nil, errors.New("a header line of the record has no colon")
		default:
			k = strings.ToLower(strings.TrimSpace(k))
			if _, twice := h[k]; twice && k != "warc-concurrent-to" {
				return nil, fmt.Errorf("header field %s of the record stands twice", k)
			}
			h[k] = strings.TrimSpace(v)
		}
	}
}

// noEOF turns the end of input, which callers read as "no more", into an error.
func noEOF(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Info makes a warcinfo record, which begins a WARC file and says what it is.
// When gives it its date; equal arguments give equal bytes.
func Info(file, when string, about []string) ([]byte, error) {
	block := []byte(strings.Join(append([]string{"software: Vigil", "format: WARC File Format 1.1"}, about...), "\r\n") + "\r\n")
	id := sha256.Sum256([]byte("warcinfo\x00" + file + "\x00" + when + "\x00" + string(block)))
	var out members
	out.add([]field{
		{"WARC-Type", "warcinfo"},
		{"WARC-Record-ID", uuid(id)},
		{"WARC-Date", when},
		{"WARC-Filename", file},
		{"WARC-Block-Digest", "sha256:" + hexSHA256(block)},
		{"Content-Type", fieldsType},
	}, block)
	return out.bytes()
}

// uuid writes a digest as a version 8 UUID (RFC 9562).
func uuid(b [32]byte) string {
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	x := hex.EncodeToString(b[:16])
	return "<urn:uuid:" + x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:] + ">"
}
