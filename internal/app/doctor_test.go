package app

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/generation"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

func sickConfig(dir string) Config {
	return Config{Version: "test", Data: dir, Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)}
}

// inside runs f on the open instance of a folder.
func inside(t *testing.T, dir string, f func(a *App)) {
	t.Helper()
	a, err := New(t.Context(), sickConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	f(a)
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patient makes an instance with three pages in a sealed file each.
func patient(t *testing.T, between func(n int, dir string)) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	for n := range 3 {
		inside(t, dir, func(a *App) {
			page := fmt.Sprintf("<title>Oak table %d</title><h1>Oak table %d</h1><p>Solid oak, six seats. Call 912-555-0143.</p>", n, n)
			_, err := a.importer.Import(t.Context(), desk.SavedPage{Name: "a.html", Body: []byte(page)})
			try(t, err)
			try(t, a.while(t.Context(), func(ctx context.Context) error { return a.Settle(ctx, nil) }))
			try(t, a.Seal(t.Context()))
			_, err = a.Bootstrap(t.Context())
			try(t, err)
		})
		between(n, dir)
	}
	return dir
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	try(t, os.RemoveAll(to))
	try(t, os.CopyFS(to, os.DirFS(from))) // which gives files the usual rights
	if err := os.Chmod(filepath.Join(to, "signer.pem"), 0o600); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func streamFolder(dir, name string) string {
	return filepath.Join(dir, "streams", "jetstream", "$G", "streams", name)
}

func sealedFiles(t *testing.T, dir string) []string {
	t.Helper()
	out, err := filepath.Glob(filepath.Join(dir, "blobs", "captures", "*.warc.gz"))
	if err != nil || len(out) != 3 {
		t.Fatalf("%d sealed files, %v", len(out), err)
	}
	return out
}

// Each fault is made, and doctor must name it with its cure, and nothing else as
// wrong.
func TestDoctorNamesTheFault(t *testing.T) {
	early := t.TempDir() // the streams after the second page
	well := patient(t, func(n int, dir string) {
		if n == 1 {
			copied(t, filepath.Join(dir, "streams"), early)
		}
	})
	gone := exec.Command("true")
	try(t, gone.Run())
	host, _ := os.Hostname()

	for name, c := range map[string]struct {
		make  func(t *testing.T, dir string)
		with  func(*Config)
		wrong bool     // at least one FAIL
		says  []string // in one line each
	}{
		"nothing": {says: []string{"ok   ledger       index    3 in = 3 stored", "ok   archive      3 sealed", "ok   index        whole, 3 ad versions", "ok   dead letters none", "ok   consumers"}},
		"index deleted": {
			make: func(t *testing.T, dir string) { try(t, os.Remove(filepath.Join(dir, "index.db"))) },
			says: []string{"note index|index.db is not there: it was deleted|the next vigil run makes it anew"},
		},
		"index truncated": {
			make: func(t *testing.T, dir string) { try(t, os.Truncate(filepath.Join(dir, "index.db"), 5000)) },
			says: []string{"note index|cannot be used|the next vigil run makes it anew"},
		},
		"index of another version": {
			make: func(t *testing.T, dir string) { patch(t, dir, "PRAGMA user_version = 1") },
			says: []string{"note index|of another version|the next vigil run makes it anew"},
		},
		"index ahead of its stream": {
			make: func(t *testing.T, dir string) { patch(t, dir, "UPDATE position SET seq = 99 WHERE source = 'ads'") },
			says: []string{"note index|read 99 ad versions of a stream that ends at 3|makes it anew"},
		},
		"WARC file missing": {
			make: func(t *testing.T, dir string) { try(t, os.Remove(sealedFiles(t, dir)[1])) }, wrong: true,
			says: []string{"FAIL archive|captures 2 to 2|all of them are in stream CAPTURES too|tar -xOf BACKUP blobs/captures/captures-0000000000000002-0000000000000002.warc.gz"},
		},
		"WARC file altered": {
			make: func(t *testing.T, dir string) {
				b, err := os.ReadFile(sealedFiles(t, dir)[0])
				try(t, err)
				b[len(b)/2] ^= 1
				try(t, os.WriteFile(sealedFiles(t, dir)[0], b, 0o600))
			}, wrong: true,
			says: []string{"FAIL archive|captures 1 to 1|damaged or was altered|blobs/captures/captures-0000000000000001-0000000000000001.warc.gz"},
		},
		"bytes of a stream altered": {
			make: func(t *testing.T, dir string) {
				blocks, err := filepath.Glob(filepath.Join(streamFolder(dir, "CAPTURES"), "msgs", "*.blk"))
				if err != nil || len(blocks) == 0 {
					t.Fatalf("no block of CAPTURES: %v", err)
				}
				b, err := os.ReadFile(blocks[0])
				try(t, err)
				i := bytes.Index(b, []byte("\x1f\x8b"))
				b[i+40] ^= 1
				try(t, os.WriteFile(blocks[0], b, 0o600))
			}, wrong: true,
			says: []string{"FAIL streams|1 of 3 messages of CAPTURES cannot be read|restore from a backup"},
		},
		"hole in the archive": {
			make: func(t *testing.T, dir string) {
				f := sealedFiles(t, dir)[1]
				try(t, os.Remove(f))
				try(t, os.Remove(strings.TrimSuffix(f, ".warc.gz")+".cdxj"))
			}, wrong: true,
			says: []string{"FAIL archive|no file holds captures 2 to 2"},
		},
		"WARC file missing whose captures have left": {
			make: func(t *testing.T, dir string) {
				inside(t, dir, func(a *App) { try(t, a.bus.Trim(t.Context(), stream.Captures, 2)) })
				try(t, os.Remove(sealedFiles(t, dir)[0]))
			}, wrong: true,
			says: []string{"FAIL archive|captures 1 to 1|they are in no stream any more"},
		},
		"consumer deleted": {
			make: func(t *testing.T, dir string) {
				try(t, os.RemoveAll(filepath.Join(streamFolder(dir, stream.Captures), "obs", "extract")))
			},
			says: []string{"note consumers|consumer extract of stream CAPTURES was deleted|nothing is lost"},
		},
		"stream missing": {
			make: func(t *testing.T, dir string) { try(t, os.RemoveAll(streamFolder(dir, stream.Captures))) }, wrong: true,
			says: []string{"FAIL streams|stream CAPTURES is missing|restore it from a backup"},
		},
		"end of the captures cut": {
			make: func(t *testing.T, dir string) {
				copied(t, streamFolderIn(early, stream.Captures), streamFolder(dir, stream.Captures))
			}, wrong: true,
			says: []string{"FAIL streams|the end of stream CAPTURES is missing, which ends at 2|2 messages of LISTINGS were made from messages up to 3|restore the newest backup"},
		},
		"end of the ads cut": {
			make: func(t *testing.T, dir string) {
				copied(t, streamFolderIn(early, stream.Ads), streamFolder(dir, stream.Ads))
			}, wrong: true,
			says: []string{"FAIL streams|the end of stream ADS is missing, which ends at 2|the linker has read up to 3"},
		},
		"end of the audit log cut": {
			make: func(t *testing.T, dir string) {
				head := filepath.Join(dir, "audit.head")
				b, err := os.ReadFile(head)
				try(t, err)
				try(t, os.WriteFile(head, bytes.Replace(b, []byte(`"seq":1`), []byte(`"seq":9`), 1), 0o600))
			}, wrong: true,
			says: []string{"FAIL audit|keep the folder as it is"},
		},
		"poison record": {
			make: func(t *testing.T, dir string) {
				inside(t, dir, func(a *App) {
					try(t, a.bus.Publish(t.Context(), []ad.Message{{Subject: "listing.x", ID: "poison", Data: []byte(`{"v":1,"title":12}`)}}))
					try(t, a.while(t.Context(), func(ctx context.Context) error { return a.Settle(ctx, nil) }))
				})
			},
			says: []string{"note dead letters|1 of step enrich: read record|vigil dead-letters list"},
		},
		"lease of a killed process": {
			make: func(t *testing.T, dir string) {
				inside(t, dir, func(a *App) {
					try(t, a.bus.Put(t.Context(), stream.Leases, "archive", fmt.Appendf(nil, `{"token":"x","owner":"%s:%d","host":%q,"pid":%d,"ttl":6000000000}`, host, gone.Process.Pid, host, gone.Process.Pid)))
				})
			},
			says: []string{"note leases|which is gone: archive|the next process takes them over"},
		},
		"erasure pending": {
			make: func(t *testing.T, dir string) {
				inside(t, dir, func(a *App) {
					_, err := a.erased.Begin(t.Context(), erasure.Order{Kind: erasure.ByNumber, Value: "+19125550143", Reason: "asked for", Authority: "the officer", By: "admin"})
					try(t, err)
				})
			},
			says: []string{"note erasures|is not done|vigil run"},
		},
		"replay under way": {
			make: func(t *testing.T, dir string) {
				inside(t, dir, func(a *App) {
					_, err := a.book.Plan(t.Context(), generation.StepIndex, generation.From{}, "admin")
					try(t, err)
				})
			},
			says: []string{"note replay|generation 2|people search generation 1"},
		},
		"a record lost in the middle": {
			make: func(t *testing.T, dir string) {
				inside(t, dir, func(a *App) {
					var seqs []uint64
					_, err := a.bus.Replay(t.Context(), stream.Listings, 0, []string{"outcome.*.*"}, func(m ad.Message) error { seqs = append(seqs, m.Seq); return nil })
					try(t, err)
					_, err = a.bus.Erase(t.Context(), stream.Listings, seqs[:1])
					try(t, err)
				})
			}, wrong: true,
			says: []string{"FAIL ledger|step extract|1 captured pages have left no trace"},
		},
		"clock": {
			with: func(c *Config) { c.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, wrong: true,
			says: []string{"FAIL clock|in the future: a clock was or is wrong|NTP"},
		},
		"disk full": {
			with: func(c *Config) { c.Streams.Reserve = 1 << 60 }, wrong: true,
			says: []string{"FAIL disk|full: |nothing more is stored|make room"},
		},
		"NATS unreachable": {
			with: func(c *Config) { c.Streams.URL = "nats://127.0.0.1:1" }, wrong: true,
			says: []string{"FAIL streams|connect to streams at nats://127.0.0.1:1|is the server running"},
		},
		"restore cut off": {
			make:  func(t *testing.T, dir string) { try(t, os.WriteFile(filepath.Join(dir, unfinished), nil, 0o600)) },
			wrong: true, says: []string{"FAIL folder|a restore into it was not finished|vigil restore again"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			copied(t, well, dir)
			if c.make != nil {
				c.make(t, dir)
			}
			cfg := sickConfig(dir)
			if c.with != nil {
				c.with(&cfg)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			if cfg.Streams.URL != "" {
				ctx, cancel = context.WithTimeout(t.Context(), 5*time.Second) // it would wait
			}
			defer cancel()
			var out strings.Builder
			err := Doctor(ctx, cfg, Examiner{}, &out)
			if (err != nil) != c.wrong || strings.Contains(out.String(), "FAIL") != c.wrong {
				t.Errorf("error %v, want one: %t", err, c.wrong)
			}
			for _, says := range c.says {
				if !inOneLine(out.String(), strings.Split(says, "|")) {
					t.Errorf("no line with %q", says)
				}
			}
			if t.Failed() {
				t.Log("\n" + out.String())
			}
		})
	}
}

func streamFolderIn(streams, name string) string {
	return filepath.Join(streams, "jetstream", "$G", "streams", name)
}

func inOneLine(text string, words []string) bool {
	for l := range strings.Lines(text) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(l, w)
		}
		if all {
			return true
		}
	}
	return false
}

// patch changes the index file behind the program's back.
func patch(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "index.db"))
	try(t, err)
	defer func() { try(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), statement)
	try(t, err)
}

// A running instance is not disturbed: doctor looks at what it can and asks it.
func TestDoctorBesideARunningInstance(t *testing.T) {
	dir := patient(t, func(int, string) {})
	inside(t, dir, func(a *App) {
		var out strings.Builder
		if err := Doctor(t.Context(), sickConfig(dir), Examiner{}, &out); err != nil {
			t.Error(err)
		}
		for _, says := range []string{"note folder|the instance is running (process", "ok   archive|3 sealed", "note ledger|nobody is signed in|vigil login"} {
			if !inOneLine(out.String(), strings.Split(says, "|")) {
				t.Errorf("no line with %q in\n%s", says, out.String())
			}
		}
		try(t, os.Remove(sealedFiles(t, dir)[2]))
		out.Reset()
		if err := Doctor(t.Context(), sickConfig(dir), Examiner{Ask: a.Status}, &out); err == nil {
			t.Error("a missing file is fine")
		}
		for _, says := range []string{"FAIL archive|captures 3 to 3", "ok   ledger|index    3 in"} {
			if !inOneLine(out.String(), strings.Split(says, "|")) {
				t.Errorf("no line with %q in\n%s", says, out.String())
			}
		}
	})
}
