package capture

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever a server sends, what was recorded opens as what was recorded, or says
// why not; no base64 image content is left in a body that can be read.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(response(page, "Content-Type: text/html")))
	f.Add([]byte(response(inChunks(page), "Transfer-Encoding: chunked")))
	f.Add([]byte(response(gzipped(f, page), "Content-Encoding: gzip")))
	f.Add([]byte(response(`<img src="data:image/png;base64,` + picture + `">`)))
	f.Add([]byte("HTTP/1.1 200\n:\n \n\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		x := exchange(string(wire))
		if _, _, ok := splitHead(wire); !ok {
			x.Request = nil
		}
		c, b, err := Record(x)
		if err != nil {
			return
		}
		for m, err := range Members(bytes.NewReader(b)) {
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Cuts) == 0 && m.Header["warc-record-id"] == c.RecordID && !bytes.Equal(m.Block, wire) {
				t.Errorf("stored %q, sent %q", m.Block, wire)
			}
		}
		p, err := Open(b)
		if err != nil {
			return
		}
		if diff := cmp.Diff(c, p.Capture); diff != "" {
			t.Errorf("opened capture differs (-recorded +opened):\n%s", diff)
		}
		if _, cuts := cutImages(p.Body); len(cuts) > 0 && c.Truncated == "" {
			t.Errorf("an image is left in %q", p.Body)
		}
	})
}

// Open never accepts what Record did not make as something else: what opens has
// the id that follows from its own block.
func FuzzOpen(f *testing.F) {
	for _, r := range []string{response(page), response(inChunks(page), "Transfer-Encoding: chunked"), response(picture, "Content-Type: image/png")} {
		_, b, err := Record(exchange(r))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Open(b)
		if err != nil {
			return
		}
		if len(p.Body) > MaxBody {
			t.Errorf("a body of %d bytes", len(p.Body))
		}
		for m, err := range Members(bytes.NewReader(b)) {
			if err != nil {
				t.Fatal(err)
			}
			if got := hexSHA256(m.Block); m.Header["warc-record-id"] == p.RecordID && got != p.Capture.BlockSHA256 {
				t.Errorf("block hashes to %s, capture says %s", got, p.Capture.BlockSHA256)
			}
		}
	})
}

// Whatever is erased, in whatever order and with whatever cuts of power in between:
// in the end nothing of it is in any blob, and the rest is there byte for byte and
// in order.
func FuzzErase(f *testing.F) {
	all := many(f, 1, 18)
	f.Add([]byte{0, 3, 7, 8}, uint8(9))
	f.Add([]byte{17, 17, 200, 0}, uint8(0))
	f.Add([]byte{8, '0', 7, '0'}, uint8(9))
	f.Add([]byte{0, 1, 2, 3, 4, 5, 255, 5, 6, 12}, uint8(30))
	f.Fuzz(func(t *testing.T, picks []byte, cut uint8) {
		s := newStore()
		town(t, s)
		gone := map[uint64]bool{}
		var ask []Item
		for i, p := range picks {
			if int(p) < len(all) {
				ask, gone[all[p].Seq] = append(ask, all[p]), true
			}
			if int(p) >= len(all) || i == len(picks)-1 { // erase what was picked so far
				s.left, s.lastOne, s.reads = int(cut)+1, p%2 == 0, p%3 == 0
				_, _ = NewArchive(s.open(), Options{Prefix: "captures/"}).Erase(t.Context(), ids(ask...)) // cut off or not
				s.left = -1
			}
		}
		a := NewArchive(s.open(), Options{Prefix: "captures/"})
		if _, err := a.Erase(t.Context(), ids(ask...)); err != nil {
			t.Fatal(err)
		}
		var kept, erased []Item
		for _, it := range all {
			if gone[it.Seq] {
				erased = append(erased, it)
			} else {
				kept = append(kept, it)
			}
		}
		absent(t, s, erased)
		whole(t, a, kept, erased...)
		if len(s.blobs) != 6 {
			t.Errorf("%d blobs are left, want 6", len(s.blobs))
		}
	})
}
