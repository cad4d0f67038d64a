package stream

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vigil.example/internal/ad"
)

// A message that the server has marked as deleted and was not given the time to
// overwrite is overwritten at the next start; the others stay, byte for byte.
func TestEraseCutOff(t *testing.T) {
	dir, ctx := filepath.Join(t.TempDir(), "a folder [of 1]*"), t.Context()
	b := open(t, dir)
	token := func(i int) []byte { return fmt.Appendf(nil, "<token %06d>", i) }
	const n = 50
	var msgs []ad.Message
	for i := range n {
		m := ad.Message{Subject: "ad.town", ID: fmt.Sprint("v", i), Data: bytes.Repeat(token(i), 20)}
		if i%2 == 0 {
			m.Header = map[string]string{"Vigil-Source": fmt.Sprint(i)}
		}
		msgs = append(msgs, m)
	}
	if err := b.Publish(ctx, msgs); err != nil {
		t.Fatal(err)
	}
	s, err := b.js.Stream(ctx, Ads)
	if err != nil {
		t.Fatal(err)
	}
	cut := []uint64{1, 8, 9, 50} // first, last, with and without headers
	for _, seq := range cut {
		if err := s.DeleteMsg(ctx, seq); err != nil { // all that an erasure does before it overwrites
			t.Fatal(err)
		}
	}
	if _, err := b.wiping(Ads); err != nil {
		t.Fatal(err)
	}
	b.wipe.Unlock()
	b.Close()
	if found(t, dir, token(0)) == 0 {
		t.Fatal("the server overwrites what it deletes: this test tests nothing")
	}
	for range 2 {
		b = open(t, dir)
		for _, seq := range cut {
			if got := found(t, dir, token(int(seq)-1)); got > 0 {
				t.Errorf("message %d is found %d times", seq, got)
			}
		}
		got := 0
		if _, err := b.Replay(ctx, Ads, 0, nil, func(m ad.Message) error {
			got++
			if !bytes.Equal(m.Data, msgs[m.Seq-1].Data) || m.Header["Vigil-Source"] != msgs[m.Seq-1].Header["Vigil-Source"] {
				t.Errorf("message %d is not as it was", m.Seq)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if i, err := b.Info(ctx, Ads); err != nil || got != n-len(cut) || i.Last != n {
			t.Errorf("%d messages up to %d, %v; want %d up to %d", got, i.Last, err, n-len(cut), n)
		}
		if _, err := os.Stat(wipingMark(dir, Ads)); err == nil {
			t.Error("the mark is still there")
		}
		// What is erased and published after it is as ever.
		if _, err := b.Erase(ctx, Ads, []uint64{20}); err != nil {
			t.Fatal(err)
		}
		if got := found(t, dir, token(19)); got > 0 {
			t.Errorf("an erased message is found %d times", got)
		}
		cut = append(cut[:4:4], 20)
		b.Close()
	}
}
