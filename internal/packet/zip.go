package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// The ZIP file of a packet has one form only: members stored as they are, in
// order, without gaps, comments, extra fields, dates or attributes. So every byte
// of it is either content, which the manifests cover, or follows from names, sizes
// and CRCs, which Verify writes again and compares. Compression would leave bits
// that nothing checks, and most of a packet is compressed WARC already.
// archive/zip's writer is not used because its form may change with Go's version.

const (
	maxMembers = math.MaxUint16 - 1
	maxZip     = math.MaxUint32 - 1
)

// A zipWriter writes such a file.
type zipWriter struct {
	w       io.Writer
	at      int64
	entries []zipEntry
}

type zipEntry struct {
	name   string
	crc    uint32
	size   int64
	offset int64
}

func newZip(w io.Writer) *zipWriter { return &zipWriter{w: w} }

func (z *zipWriter) Write(p []byte) (int, error) {
	n, err := z.w.Write(p)
	z.at += int64(n)
	return n, err
}

func (z *zipWriter) add(name string, crc uint32, size int64, content func(io.Writer) error) error {
	e := zipEntry{name, crc, size, z.at}
	if len(z.entries) == maxMembers || z.at+size > maxZip {
		return errors.New("the packet would have more than 65,534 files or 4 GiB; make several of it")
	}
	if _, err := z.Write(e.local()); err != nil {
		return err
	}
	begin, sum := z.at, crc32.NewIEEE()
	if err := content(io.MultiWriter(z, sum)); err != nil {
		return err
	}
	if z.at-begin != size || sum.Sum32() != crc {
		return errors.New("the content changed while it was written")
	}
	z.entries = append(z.entries, e)
	return nil
}

func (z *zipWriter) finish() (int64, error) {
	end := directory(z.entries, z.at)
	if z.at+int64(len(end)) > maxZip {
		return 0, errors.New("the packet would have more than 4 GiB; make several of it")
	}
	_, err := z.Write(end)
	if err != nil {
		return 0, fmt.Errorf("end the ZIP file: %w", err)
	}
	return z.at, nil
}

const (
	zipVersion = 20
	zipUTF8    = 0x800
	zipDate    = 0x21 // 1980-01-01, the first day a ZIP file can name: the dates of a packet stand in its records
)

// local is the header before a member's content.
func (e zipEntry) local() []byte {
	b := []byte("PK\x03\x04")
	for _, v := range []uint16{zipVersion, zipUTF8, 0, 0, zipDate} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return append(e.measures(b), e.name...)
}

// measures appends CRC, both sizes and the lengths of name and extra field.
func (e zipEntry) measures(b []byte) []byte {
	for _, v := range []uint32{e.crc, uint32(e.size), uint32(e.size)} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(e.name)))
	return binary.LittleEndian.AppendUint16(b, 0)
}

// directory is the end of the file: the central directory and its end record.
func directory(entries []zipEntry, at int64) []byte {
	var b []byte
	for _, e := range entries {
		b = append(b, "PK\x01\x02"...)
		for _, v := range []uint16{zipVersion | 3<<8, zipVersion, zipUTF8, 0, 0, zipDate} { // made by Unix, so that modes count
			b = binary.LittleEndian.AppendUint16(b, v)
		}
		b = e.measures(b)
		b = append(b, 0, 0, 0, 0, 0, 0) // comment, disk, internal attributes
		b = binary.LittleEndian.AppendUint32(b, 0o100644<<16)
		b = binary.LittleEndian.AppendUint32(b, uint32(e.offset))
		b = append(b, e.name...)
	}
	size := len(b)
	b = append(b, "PK\x05\x06\x00\x00\x00\x00"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(entries)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(entries)))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint32(b, uint32(at))
	return append(b, 0, 0)
}
