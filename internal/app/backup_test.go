package app

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/erasure"
	"vigil.example/internal/stream"
)

// external serves streams in a folder of their own, as a NATS server would.
func external(t *testing.T) stream.Config {
	t.Helper()
	b, err := stream.Open(t.Context(), stream.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: "let me in"})
	try(t, err)
	t.Cleanup(b.Close)
	return stream.Config{URL: b.Address(), Token: "let me in"}
}

// restored backs a folder up and restores it.
func restored(t *testing.T, from, to Config) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup.tar")
	_, err := RunBackup(t.Context(), from, file, io.Discard)
	try(t, err)
	var out strings.Builder
	if err := RunRestore(t.Context(), to, RestoreOptions{File: file, None: true}, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return file
}

// everything gives the messages of every stream, by their places.
func everything(t *testing.T, a *App) map[string][]ad.Message {
	t.Helper()
	out := map[string][]ad.Message{}
	for _, name := range taken() {
		if name == stream.Audit { // a backup and a restore are noted there
			continue
		}
		_, err := a.bus.Replay(t.Context(), name, 0, nil, func(m ad.Message) error { out[name] = append(out[name], m); return nil })
		try(t, err)
	}
	return out
}

// An instance moves from a folder to an external server and back: every message
// keeps its place, its time and its id, what has left its stream is found in the
// sealed files, and the accounts balance.
func TestRestoreElsewhere(t *testing.T) {
	one := sickConfig(patient(t, func(int, string) {}))
	inside(t, one.Data, func(a *App) { // two of three captures leave the stream
		left := trimmed{V: 1, To: 2, Subjects: map[string]uint64{}}
		_, err := a.bus.Replay(t.Context(), stream.Captures, 0, nil, func(m ad.Message) error {
			if m.Seq <= left.To {
				left.Subjects[m.Subject]++
			}
			return nil
		})
		try(t, err)
		try(t, a.bus.Publish(t.Context(), []ad.Message{{Subject: "archive.trimmed", ID: "trimmed:2", Data: encode(left)}}))
		try(t, a.bus.Trim(t.Context(), stream.Captures, left.To))
		if i, err := a.bus.Info(t.Context(), stream.Captures); err != nil || i.First != 3 {
			t.Fatalf("captures begin at %d, %v", i.First, err)
		}
	})
	two := sickConfig(filepath.Join(t.TempDir(), "two"))
	two.Streams = external(t)
	three := sickConfig(filepath.Join(t.TempDir(), "three"))
	var before map[string][]ad.Message
	var capture string
	inside(t, one.Data, func(a *App) {
		before = everything(t, a)
		docs, _, err := a.shelf.Versions(t.Context(), adOf(t, a))
		try(t, err)
		capture = docs[0].Ad.CaptureID
	})
	restored(t, one, two)
	restored(t, two, three)
	for _, c := range []Config{two, three} {
		var told strings.Builder
		if err := Doctor(t.Context(), c, Examiner{}, &told); err != nil {
			t.Errorf("doctor: %v\n%s", err, told.String())
		}
		a, err := New(t.Context(), c)
		try(t, err)
		defer a.Close()
		after := everything(t, a)
		for name, was := range before {
			is := after[name]
			if len(is) < len(was) || name != stream.Generations && name != stream.Links && len(is) != len(was) {
				t.Errorf("%s: %d messages, not %d", name, len(is), len(was))
				continue
			}
			for i := range was {
				if was[i].Seq != is[i].Seq || was[i].ID != is[i].ID || !was[i].Time.Equal(is[i].Time) || !bytes.Equal(was[i].Data, is[i].Data) {
					t.Errorf("%s: message %d is another", name, was[i].Seq)
				}
			}
		}
		if _, _, err := a.Records(t.Context(), capture, 1); err != nil {
			t.Errorf("a capture that is in a sealed file only: %v", err)
		}
		if l, err := a.ledger(t.Context()); err != nil || !l.Balanced {
			t.Errorf("ledger %+v, %v", l, err)
		}
		anchors, err := a.notedHead()
		try(t, err)
		if _, _, err := a.audit.Verify(t.Context(), anchors...); err != nil || len(anchors) != 1 {
			t.Errorf("audit log: %v, %d heads", err, len(anchors))
		}
		a.Close()
	}
	// Nothing is restored over what is there.
	err := RunRestore(t.Context(), Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: two.Sites, Log: two.Log, Streams: two.Streams},
		RestoreOptions{File: restoredFile(t, three), None: true}, io.Discard)
	if !errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), "holds messages") {
		t.Errorf("restored over streams that hold messages: %v", err)
	}
}

func adOf(t *testing.T, a *App) (id string) {
	t.Helper()
	_, err := a.bus.Replay(t.Context(), stream.Ads, 0, nil, func(m ad.Message) error {
		x, err := decode[ad.Ad](m)
		id = x.AdID
		return errors.Join(err, errEnough)
	})
	if !isEnough(err) {
		t.Fatal(err)
	}
	return id
}

func restoredFile(t *testing.T, c Config) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup.tar")
	_, err := RunBackup(t.Context(), c, file, io.Discard)
	try(t, err)
	return file
}

// Streams on an external server into which a restore was cut off are no
// instance's, neither for a new or an old folder nor for roles without one, and are cleared
// by the next restore.
func TestExternalRestoreCutOff(t *testing.T) {
	one := sickConfig(patient(t, func(int, string) {}))
	file := restoredFile(t, one)
	to := sickConfig(filepath.Join(t.TempDir(), "to"))
	to.Streams = external(t)
	b, err := stream.Open(t.Context(), to.Streams)
	try(t, err)
	try(t, b.Put(t.Context(), stream.Progress, unfinishedKey, []byte("another restore")))
	try(t, b.Publish(t.Context(), []ad.Message{{Subject: "ad.x", ID: "1", Data: []byte("{}")}}))
	b.Close()
	fresh := to
	fresh.Data = filepath.Join(t.TempDir(), "fresh")
	roles := to
	roles.Data, roles.Roles = "", []string{"enrich"}
	old := to // the folder of the instance that the backup was made of
	old.Data = one.Data
	for _, c := range []Config{fresh, roles, old} {
		if a, err := New(t.Context(), c); !errors.Is(err, ErrFolder) {
			t.Errorf("opened: %v", err)
			if err == nil {
				a.Close()
			}
		}
	}
	try(t, RunRestore(t.Context(), to, RestoreOptions{File: file, None: true}, io.Discard))
	a, err := New(t.Context(), to)
	try(t, err)
	defer a.Close()
	if i, err := a.bus.Info(t.Context(), stream.Ads); err != nil || i.Messages != 3 {
		t.Errorf("%d ads, %v", i.Messages, err)
	}
}

// What concerns all streams at once while they are read makes the backup void, and
// it says why itself.
func TestBackupVoidedByAnErasure(t *testing.T) {
	inside(t, patient(t, func(int, string) {}), func(a *App) {
		var b bytes.Buffer
		begun := false
		err := a.Backup(t.Context(), writer(func(p []byte) (int, error) {
			if !begun && bytes.Contains(p, []byte("streams/CAPTURES")) {
				begun = true
				_, err := a.erased.Begin(context.WithoutCancel(t.Context()), erasure.Order{Kind: erasure.ByNumber, Value: "+19125550143", Reason: "asked for", Authority: "the officer", By: "admin"})
				try(t, err)
			}
			return b.Write(p)
		}))
		if err == nil || !strings.Contains(err.Error(), "begin again") {
			t.Errorf("the backup: %v", err)
		}
		if _, err := unpack(&b, func(string, int64) {}); !errors.Is(err, ErrBackup) || !strings.Contains(err.Error(), "given up") {
			t.Errorf("what was written: %v", err)
		}
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// A backup has plain files only: no links, and no holes that fill the memory.
func TestBackupOfPlainFilesOnly(t *testing.T) {
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeSymlink, Name: "folder/instance.key", Linkname: "/etc/hostname"},
		{Typeflag: tar.TypeReg, Name: "folder/x", Size: 1024, PAXRecords: map[string]string{
			"VENDOR.sparse": "as written", // the name is put in below: the writer knows no holes
		}},
	} {
		var b bytes.Buffer
		p := newPacker(&b, time.Now())
		try(t, p.bytes(headPart, append(encode(BackupHead{Format: 1}), '\n')))
		try(t, p.tw.WriteHeader(&h))
		_, err := p.tw.Write(make([]byte, h.Size))
		try(t, err)
		try(t, p.finish(Manifest{}))
		raw := bytes.Replace(b.Bytes(), []byte("28 VENDOR.sparse=as written\n"), []byte("28 GNU.sparse.name=manifest\n"), 1)
		if _, err := unpack(bytes.NewReader(raw), func(string, int64) {}); !errors.Is(err, ErrBackup) || !strings.Contains(err.Error(), "no plain file") {
			t.Errorf("taken: %v", err)
		}
	}
}

// Files of a backup never come to lie outside of the folder.
func TestBackupLeadsNowhere(t *testing.T) {
	var b bytes.Buffer
	p := newPacker(&b, time.Now())
	try(t, p.bytes(headPart, append(encode(BackupHead{Format: 1}), '\n')))
	try(t, p.bytes("folder/../../outside", []byte("x")))
	try(t, p.finish(Manifest{BackupHead: BackupHead{Format: 1, Kind: Real}}))
	dir := t.TempDir()
	file := filepath.Join(dir, "b.tar")
	try(t, os.WriteFile(file, b.Bytes(), 0o600))
	err := RunRestore(t.Context(), sickConfig(filepath.Join(dir, "a", "b")), RestoreOptions{File: file, None: true}, io.Discard)
	if !errors.Is(err, ErrBackup) || !strings.Contains(err.Error(), "leads out of the folder") {
		t.Errorf("restored: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "outside")); err == nil {
		t.Error("a file was written outside")
	}
}

// A backup of an instance whose streams were damaged says so: older ones are not to
// go before somebody has looked.
func TestBackupTellsOfDamage(t *testing.T) {
	dir := patient(t, func(int, string) {})
	file := filepath.Join(t.TempDir(), "backup.tar")
	m, err := RunBackup(t.Context(), sickConfig(dir), file, io.Discard)
	if err != nil || len(m.Missing) > 0 {
		t.Fatalf("of a healthy instance: %q, %v", m.Missing, err)
	}
	blocks, err := filepath.Glob(filepath.Join(streamFolder(dir, stream.Captures), "msgs", "*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("no blocks: %v", err)
	}
	b, err := os.ReadFile(blocks[0])
	try(t, err)
	copy(b[len(b)/2:], "XXXXXXXXXXXX")
	try(t, os.WriteFile(blocks[0], b, 0o600))
	m, err = RunBackup(t.Context(), sickConfig(dir), file+"2", io.Discard)
	if err != nil || len(m.Missing) == 0 {
		t.Errorf("of a damaged one: %q, %v; want what is wrong", m.Missing, err)
	}
}
