package weigh

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
)

// This file writes what a stream holds as bytes and reads it back, so that ads need
// not be read again. What a round has learned is not written: the next round learns
// it anew.

// ErrPacked says that bytes are not what was written.
var ErrPacked = errors.New("the state of linking is not as it was written")

// A Packed is written state that is being read. After an error everything it gives
// is empty.
type Packed struct {
	b   []byte
	bad bool
}

// Unpack begins to read what was written.
func Unpack(b []byte) *Packed { return &Packed{b: b} }

// Err is ErrPacked once something could not be read.
func (p *Packed) Err() error {
	if p.bad {
		return ErrPacked
	}
	return nil
}

// Len is how many bytes are left.
func (p *Packed) Len() int { return len(p.b) }

// Left reports whether there is more to read.
func (p *Packed) Left() bool { return !p.bad && len(p.b) > 0 }

// Uint reads a number.
func (p *Packed) Uint() uint64 {
	v, n := binary.Uvarint(p.b)
	if n <= 0 {
		p.b, p.bad = nil, true
		return 0
	}
	p.b = p.b[n:]
	return v
}

// Int reads a number that may be negative.
func (p *Packed) Int() int64 {
	v, n := binary.Varint(p.b)
	if n <= 0 {
		p.b, p.bad = nil, true
		return 0
	}
	p.b = p.b[n:]
	return v
}

// Less reads a number that is less than n.
func (p *Packed) Less(n int) int32 {
	v := p.Uint()
	if v >= uint64(n) {
		p.b, p.bad = nil, true
		return 0
	}
	return int32(v)
}

// Count reads how many of something follow of which each takes some bytes at least.
func (p *Packed) Count(bytes int) int {
	v := p.Uint()
	if v > uint64(len(p.b)/bytes) {
		p.b, p.bad = nil, true
		return 0
	}
	return int(v)
}

// Bytes reads so many bytes, which are shared with what was given to Unpack.
func (p *Packed) Bytes(n int) []byte {
	if n > len(p.b) {
		p.b, p.bad = nil, true
		return nil
	}
	b := p.b[:n:n]
	p.b = p.b[n:]
	return b
}

func (p *Packed) byte() byte {
	if b := p.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// Text reads a string.
func (p *Packed) Text() string { return string(p.Bytes(p.Count(1))) }

// AppendText writes a string.
func AppendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Tables says how many names of each kind are written: what ads refer to by number.
type Tables struct{ Sites, Cities, Values int }

// AppendTables writes the names that are new since t, and brings t up to date.
func (s *Stream) AppendTables(b []byte, t *Tables) []byte {
	for _, names := range []struct {
		all  []string
		from int
	}{{s.sites.all, t.Sites}, {s.cities.all, t.Cities}} {
		b = binary.AppendUvarint(b, uint64(len(names.all)-names.from))
		for _, n := range names.all[names.from:] {
			b = AppendText(b, n)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.value)-t.Values))
	for _, v := range s.value[t.Values:] {
		b = AppendText(append(b, byte(v.kind)), v.name)
	}
	*t = Tables{len(s.sites.all), len(s.cities.all), len(s.value)}
	return b
}

// TakeTables reads what AppendTables wrote. Names have the numbers that they had.
func (s *Stream) TakeTables(p *Packed) {
	for _, names := range []*names{&s.sites, &s.cities} {
		for range p.Count(1) {
			if before := len(names.all); int(names.of(p.Text())) != before {
				p.bad = true
			}
		}
	}
	for range p.Count(2) {
		k := kind(p.byte())
		if before := len(s.value); k > handle || int(s.valueOf(k, p.Text())) != before {
			p.bad = true
		}
	}
}

// AppendAd writes what is kept of an ad, by its number.
func (s *Stream) AppendAd(b []byte, n int32) []byte {
	e := s.ads[n]
	b = appendID(binary.AppendUvarint(b, uint64(n)), e.id)
	b = binary.AppendVarint(b, e.at)
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(e.site)), uint64(e.city))
	ws := s.lex.read(make([]uint32, 0, e.text.words()), e.text)
	b = binary.AppendUvarint(b, uint64(len(ws)))
	for _, w := range ws {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	b = binary.AppendUvarint(b, uint64(len(e.values)))
	for _, v := range e.values {
		b = binary.AppendUvarint(b, uint64(v))
	}
	b = binary.AppendUvarint(b, uint64(len(e.images)))
	for _, h := range e.images {
		b = binary.LittleEndian.AppendUint64(b, h)
	}
	return b
}

// Ids are mostly 16 bytes in hexadecimal digits.
const hexID = 16

func appendID(b []byte, id string) []byte {
	if raw, err := hex.DecodeString(id); err == nil && len(raw) == hexID && strings.ToLower(id) == id {
		return append(append(b, 1), raw...)
	}
	return AppendText(append(b, 0), id)
}

func (p *Packed) id() string {
	if p.byte() == 1 {
		return hex.EncodeToString(p.Bytes(hexID))
	}
	return p.Text()
}

// TakeAd reads what AppendAd wrote: one more ad, or one that is there anew. It
// returns its number.
func (s *Stream) TakeAd(p *Packed) int32 {
	n := p.Less(len(s.ads) + 1)
	e := &kept{id: p.id(), at: p.Int(), site: p.Less(len(s.sites.all)), city: p.Less(len(s.cities.all))}
	if k := p.Count(4); k > 0 {
		raw := p.Bytes(4 * k)
		ws := make([]uint32, min(k, len(raw)/4))
		for i := range ws {
			ws[i] = binary.LittleEndian.Uint32(raw[4*i:])
		}
		e.text, s.buf = s.lex.code(ws, s.buf)
	}
	if k := p.Count(1); k > 0 {
		e.values = make([]int32, k)
		for i := range e.values {
			e.values[i] = p.Less(len(s.value))
		}
	}
	for range p.Count(8) {
		e.images = append(e.images, binary.LittleEndian.Uint64(p.Bytes(8)))
	}
	known, there := s.Number(e.id)
	if p.bad || there != (int(n) < len(s.ads)) || there && known != n {
		p.b, p.bad = nil, true
		return 0
	}
	if there {
		e.id = s.ads[n].id
		s.ads[n] = e
	} else {
		s.at.put(e.id, s.ID)
		s.ads = append(s.ads, e)
	}
	for _, v := range e.values {
		if c := s.carriers[v]; !there && (len(c) == 0 || c[len(c)-1] != n) || there && !slices.Contains(c, n) {
			s.carriers[v] = append(c, n)
		}
	}
	return n
}

// Hold holds values back as the last round did, until the next tells better.
func (s *Stream) Hold(kind, name string) {
	if v := s.ValueNumber(kind, name); v >= 0 {
		if s.held == nil {
			s.held = map[int32]bool{}
		}
		s.held[v] = true
	}
}

// Reading names the way in which ads are read into words: when it is another, what
// was kept of them cannot be used any more.
func Reading() string {
	h := fnv.New64a()
	p := Read(Ad{
		City: "Port Royal", Title: "NEW in Port Royal ✨ Zoë's 2nd visit", Images: []string{"00ff00ff00ff00ff"},
		Body: "Ring nine-one-two 555 0143, or 912.555.0144… ask for “Söphia” (ﬁrst floor); 日本語 ไทย, don't wait! " + strings.Repeat("word ", maxWords),
	})
	for _, w := range p.words {
		_, _ = h.Write(binary.LittleEndian.AppendUint32(nil, w))
	}
	for _, i := range p.images {
		_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, i))
	}
	return fmt.Sprintf("%x", h.Sum64())
}

// AppendReal writes a number with a fraction.
func AppendReal(b []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
}

// Real reads what AppendReal wrote.
func (p *Packed) Real() float64 { return math.Float64frombits(p.Fixed()) }

// Fixed reads a number of eight bytes.
func (p *Packed) Fixed() uint64 {
	if b := p.Bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Names is how many values have a number.
func (s *Stream) Names() int { return len(s.value) }
