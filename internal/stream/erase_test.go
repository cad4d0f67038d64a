package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"vigil.example/internal/ad"
)

// found counts how often bytes occur in all files of a folder.
func found(t *testing.T, dir string, what []byte) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if c := bytes.Count(b, what); c > 0 {
			n += c
			t.Logf("%s holds it %d times", path, c)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestErase publishes ads with one number in each way there is, erases them and
// looks for the number in every file.
func TestErase(t *testing.T) {
	number := []byte("+15550100123")
	id := func(i int) string {
		h := sha256.Sum256(fmt.Append(nil, i))
		return "v" + hex.EncodeToString(h[:8])
	}
	marked := func(i int) ad.Message {
		return ad.Message{Subject: "ad.town", ID: id(i), Data: fmt.Appendf(nil, "%d call %s now", i, number), Header: map[string]string{"Vigil-Note": string(number)}}
	}
	plain := func(i int) ad.Message {
		return ad.Message{Subject: "ad.town", ID: id(i), Data: page}
	}
	many := func(from, n, at int) []ad.Message {
		var out []ad.Message
		for i := from; i < from+n; i++ {
			if i == at {
				out = append(out, marked(i))
			} else {
				out = append(out, plain(i))
			}
		}
		return out
	}
	for _, c := range []struct {
		name string
		msgs [][]ad.Message
	}{
		{"a single publish", [][]ad.Message{{marked(1)}, {plain(2)}}},
		{"the only message", [][]ad.Message{{marked(1)}}},
		{"the newest message", [][]ad.Message{{plain(1)}, {marked(2)}}},
		{"within an atomic batch", [][]ad.Message{many(1, 100, 50)}},
		{"a whole batch of them", [][]ad.Message{{marked(1), marked(2), marked(3), marked(4), marked(5), marked(6), marked(7), marked(8), marked(9), marked(10), marked(11), marked(12), marked(13)}}},
		{"in a sealed block and in the last", [][]ad.Message{many(1, 1000, 7), many(1001, 1000, 0), many(2001, 1000, 0), many(3001, 1000, 0), many(4001, 1000, 0), many(5001, 1000, 0), many(6001, 1000, 6500)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, ctx := t.TempDir(), t.Context()
			b, err := Open(ctx, Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { b.Close() }()
			reader, err := b.Consumer(ctx, Ads, "reader", ConsumerOptions{Inflight: 1000, Wait: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			for _, ms := range c.msgs {
				if err := b.Publish(ctx, ms); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := reader.Fetch(ctx, 500); err != nil {
				t.Fatal(err)
			}
			var seqs []uint64
			kept := 0
			if _, err := b.Replay(ctx, Ads, 0, nil, func(m ad.Message) error {
				if bytes.Contains(m.Data, number) {
					seqs = append(seqs, m.Seq)
				} else {
					kept++
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if found(t, dir, number) == 0 {
				t.Fatal("the number is on no disk before it is erased: the test looks in the wrong place")
			}
			for _, want := range []int{len(seqs), 0} { // the second time they are gone
				if n, err := b.Erase(ctx, Ads, seqs); err != nil || n != want {
					t.Fatalf("erased %d, %v; want %d", n, err, want)
				}
			}
			check := func(when string) {
				t.Helper()
				if n := found(t, dir, number); n > 0 {
					t.Errorf("%s the number is found %d times", when, n)
				}
				if i, err := b.Info(ctx, Ads); err != nil || i.Messages != uint64(kept) {
					t.Errorf("%s %d messages are there, %v; want %d", when, i.Messages, err, kept)
				}
			}
			check("after erasing")
			reader.Close()
			b.Close()
			if n := found(t, dir, number); n > 0 {
				t.Errorf("after closing the number is found %d times", n)
			}
			if b, err = Open(ctx, Config{Dir: dir}); err != nil {
				t.Fatal(err)
			}
			check("after a restart")
			if err := b.Publish(ctx, many(9000, 20, 0)); err != nil {
				t.Fatal(err)
			}
			kept += 20
			check("after more was stored")
		})
	}
}

// TestEraseLeftovers checks that a batch which its publisher never finished, and
// a block whose rewriting was cut off, are not on the disk any more after a restart.
func TestEraseLeftovers(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	b, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { b.Close() }()
	number := []byte("+15550100124")
	for i := range 20 {
		m := nats.NewMsg("ad.town")
		m.Header.Set("Nats-Batch-Id", "unfinished")
		m.Header.Set("Nats-Batch-Sequence", fmt.Sprint(i+1))
		m.Data = append(bytes.Repeat([]byte("."), 10_000), number...)
		if err := b.nc.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the server has staged the batch", func() bool { return found(t, dir, number) > 0 })
	b.Close()
	blocks, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", Ads, "msgs"))
	if err != nil || len(blocks) != 1 {
		t.Fatal(blocks, err)
	}
	if err := os.WriteFile(filepath.Join(blocks[0], "1.blk.tmp"), number, 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err = Open(ctx, Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if n := found(t, dir, number); n > 0 {
		t.Errorf("after a restart a batch that was never finished is found %d times", n)
	}
}
