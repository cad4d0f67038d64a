package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/erasure"
	"vigil.example/internal/stream"
)

// A restore goes in two parts. First everything is laid down as it was, into a
// folder that says it is unfinished and that nobody opens as an instance. Then the
// instance is opened by this process alone: what was erased since is erased again,
// what is derived without a copy (index, clusters) is made anew, and only then the
// mark is taken away.

// RestoreOptions say what is restored.
type RestoreOptions struct {
	File   string // the backup
	Ledger string // the newest export of the ledger of erasures
	None   bool   // nothing was erased after the backup was made, says who restores it
}

// unfinished marks a folder into which a restore is going on, or was cut off;
// unfinishedKey does the same in the bucket PROGRESS of an external server.
const (
	unfinished    = "restore.unfinished"
	unfinishedKey = "restore-unfinished"
)

var errUnfinished = fmt.Errorf("%w: a restore into it was not finished, so that much is missing; run the same vigil restore again", ErrFolder)

// RunRestore makes an instance out of a backup, in a folder and streams that are
// empty. It says what it does, and at the end how the accounts stand.
func RunRestore(ctx context.Context, c Config, o RestoreOptions, out io.Writer) error {
	f, err := os.Open(o.File)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	show := &progress{out: out, terminal: c.Terminal}
	u, err := unpack(f, show.reading("checked"))
	show.clear()
	if err != nil {
		return fmt.Errorf("restore %s: %w", o.File, err)
	}
	fmt.Fprintf(out, "The backup is whole: instance %s, made %s by vigil %s.\n", u.Instance, u.Made.Format("2006-01-02 15:04 UTC"), u.Version)
	if err := checkLedger(u, f, o); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	dir, err := clearFolder(c.Data)
	if err != nil {
		return err
	}
	r := &restorer{unpacked: u, file: f, folder: dir, out: out, show: show}
	r.Folder.Restored = rand.Text()
	began := time.Now()
	err = r.lay(ctx, c, o)
	show.clear()
	dir.close()
	if err != nil {
		return fmt.Errorf("restore %s: %w", o.File, err)
	}
	var size int64
	for _, p := range u.Parts {
		size += p.Bytes
	}
	took := time.Since(began).Seconds()
	fmt.Fprintf(out, "%d messages in %d streams and the sealed files are there, %.1f MiB in %.1f s.\n", u.Messages(), len(u.Streams), float64(size)/(1<<20), took)
	return r.wake(ctx, c)
}

// checkLedger refuses a ledger of erasures that was not written by this instance,
// or not as it is, before anything is touched.
func checkLedger(u *unpacked, file io.ReaderAt, o RestoreOptions) error {
	if o.None {
		return nil
	}
	b, err := os.ReadFile(o.Ledger)
	if err != nil {
		return fmt.Errorf("read the ledger of erasures: %w", err)
	}
	part, err := u.section(file, "folder/instance.key")
	if err != nil {
		return err
	}
	key, err := io.ReadAll(part)
	if err != nil || len(key) != 32 {
		return fmt.Errorf("%w: part folder/instance.key is damaged", ErrBackup)
	}
	if err := erasure.Verify(bytes.NewReader(b), key); err != nil {
		return fmt.Errorf("ledger %s: %w", o.Ledger, err)
	}
	return nil
}

// clearFolder takes an empty folder, or one in which a restore was cut off, for
// this process alone.
func clearFolder(path string) (*folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	f := &folder{path: path}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	_, begun := os.Stat(f.at(unfinished))
	for _, e := range entries {
		if begun != nil && e.Name() != "lock" {
			return nil, fmt.Errorf("restore: %w: %s is not empty (%s); give a new or empty folder with --data", ErrFolder, path, e.Name())
		}
	}
	if err := f.hold(false); err != nil {
		return nil, err
	}
	err = writeDurably(f.at(unfinished), []byte("A restore into this folder is going on, or was cut off.\n"))
	for _, e := range entries {
		if e.Name() != "lock" && e.Name() != unfinished {
			err = errors.Join(err, os.RemoveAll(f.at(e.Name())))
		}
	}
	if err != nil {
		f.close()
		return nil, fmt.Errorf("restore: clear the folder: %w", err)
	}
	return f, nil
}

type restorer struct {
	*unpacked
	file   io.ReaderAt
	folder *folder
	out    io.Writer
	show   *progress
	orders int // to erase, that came with the ledger
}

// lay puts everything where it was.
func (r *restorer) lay(ctx context.Context, c Config, o RestoreOptions) error {
	if err := r.layFiles(); err != nil {
		return err
	}
	if c.Streams.URL == "" {
		c.Streams.Dir, c.Streams.Restoring = r.folder.at("streams"), true
	}
	bus, err := stream.Open(ctx, c.Streams)
	if err != nil {
		return err
	}
	err = r.layStreams(ctx, bus, o)
	if c.Streams.URL == "" {
		err = errors.Join(err, bus.CloseFlushed())
	} else {
		bus.Close()
	}
	if err != nil {
		return err
	}
	if err := r.layBlobs(); err != nil {
		return err
	}
	r.Folder.Index = nil // where this restore is told to keep it: there, the instance that was backed up may live on
	b, err := json.MarshalIndent(r.Folder, "", "  ")
	if err != nil {
		return fmt.Errorf("write the marker: %w", err)
	}
	return writeDurably(r.folder.at("vigil.json"), append(b, '\n'))
}

// copy writes a part and compares its digest once more.
func (r *restorer) copy(p Part, w io.Writer) error {
	in, err := r.section(r.file, p.Name)
	if err != nil {
		return err
	}
	got := metered{r: in}
	sum, err := sumOf(io.TeeReader(&got, w))
	if err != nil {
		return fmt.Errorf("restore %s: %w", p.Name, err)
	}
	if sum != p.SHA256 || got.n != p.Bytes {
		return fmt.Errorf("%w: part %s changed while it was restored", ErrBackup, p.Name)
	}
	return nil
}

func sumOf(r io.Reader) (string, error) {
	sum := sha256.New()
	_, err := io.Copy(sum, r)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// layFiles writes the files of the folder, all but its marker.
func (r *restorer) layFiles() error {
	for _, p := range r.Parts {
		name, ok := strings.CutPrefix(p.Name, "folder/")
		if !ok || name == "vigil.json" {
			continue
		}
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%w: part %s leads out of the folder", ErrBackup, p.Name)
		}
		var b bytes.Buffer
		if err := r.copy(p, &b); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(r.folder.at(name)), 0o700); err != nil {
			return fmt.Errorf("restore %s: %w", p.Name, err)
		}
		if err := writeDurably(r.folder.at(name), b.Bytes()); err != nil {
			return err
		}
	}
	key, err := os.ReadFile(r.folder.at("instance.key"))
	if err != nil || len(key) != 32 {
		return fmt.Errorf("%w: part folder/instance.key is missing", ErrBackup)
	}
	r.folder.key = key
	return nil
}

func (r *restorer) layBlobs() error {
	dir := r.folder.at("blobs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("restore sealed files: %w", err)
	}
	create, flush := capture.FolderCreate(dir), capture.FolderSync(dir)
	for _, p := range r.Parts {
		key, ok := strings.CutPrefix(p.Name, "blobs/")
		if !ok {
			continue
		}
		r.show.say("sealed file %s", key)
		if err := create(key, func(w io.Writer) error { return r.copy(p, w) }); err != nil {
			return fmt.Errorf("restore sealed file %s: %w", key, err)
		}
		if err := flush(key); err != nil {
			return fmt.Errorf("restore sealed file %s: %w", key, err)
		}
	}
	return nil
}

// layStreams restores the streams, and with the first of them the ledger, so that
// a wrong one is refused before the long part.
func (r *restorer) layStreams(ctx context.Context, bus *stream.Bus, o RestoreOptions) error {
	if err := r.empty(ctx, bus); err != nil {
		return err
	}
	for i, s := range r.Streams {
		var pieces []io.Reader
		for n := 1; n <= s.Pieces; n++ {
			p, err := r.section(r.file, pieceName(s.Stream, n))
			if err != nil {
				return err
			}
			pieces = append(pieces, p)
		}
		r.show.say("stream %s, %d of %d", s.Stream, i+1, len(r.Streams))
		if err := bus.Restore(ctx, s.Stream, io.MultiReader(pieces...), s.SnapshotInfo); err != nil {
			return err
		}
		if s.Stream == stream.Erasures {
			if err := r.layLedger(ctx, bus, o); err != nil {
				return err
			}
		}
	}
	for _, f := range r.Floors {
		if err := bus.GoOn(ctx, f); err != nil {
			return err
		}
	}
	for key, v := range r.Positions {
		if err := bus.Put(ctx, stream.Progress, key, v); err != nil {
			return err
		}
	}
	return r.layTrimmed(ctx, bus)
}

// empty sees to it that nothing is overwritten but what a restore that was cut
// off has left on an external server.
func (r *restorer) empty(ctx context.Context, bus *stream.Bus) error {
	_, err := bus.Value(ctx, stream.Progress, unfinishedKey)
	if err == nil {
		if err := bus.Clear(ctx); err != nil {
			return err
		}
	} else if !errors.Is(err, ad.ErrNotFound) {
		return err
	}
	for _, s := range r.Streams {
		info, err := bus.Info(ctx, s.Stream)
		if err != nil && !errors.Is(err, ad.ErrNotFound) {
			continue // Restore says what is wrong with it
		}
		if info.Last > 0 {
			return fmt.Errorf("%w: stream %s holds messages up to sequence %d; restore to streams that are empty", ErrFolder, s.Stream, info.Last)
		}
	}
	return bus.Put(ctx, stream.Progress, unfinishedKey, []byte(r.Folder.Restored))
}

// layLedger brings in what was erased since the backup was made.
func (r *restorer) layLedger(ctx context.Context, bus *stream.Bus, o RestoreOptions) error {
	if o.None {
		return nil
	}
	l, err := erasure.Open(ctx, bus.Journal(stream.Erasures), erasure.Config{Key: r.folder.key})
	if err != nil {
		return err
	}
	b, err := os.ReadFile(o.Ledger)
	if err != nil {
		return fmt.Errorf("read the ledger of erasures: %w", err)
	}
	for _, e := range l.Entries() {
		if !bytes.Contains(b, []byte(`"order":"`+e.ID+`"`)) {
			return fmt.Errorf("ledger %s is older than the backup: it does not know order %s of %s; give the newest erasures.jsonl of the instance", o.Ledger, e.ID, e.At.Format("2006-01-02"))
		}
	}
	changed, err := l.Import(ctx, bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("ledger %s: %w", o.Ledger, err)
	}
	r.orders = len(changed)
	return nil
}

// layTrimmed says which captures had left their stream, when that was noted after
// ARCHIVE was taken.
func (r *restorer) layTrimmed(ctx context.Context, bus *stream.Bus) error {
	if r.Trimmed == nil {
		return nil
	}
	var have trimmed
	m, err := bus.LastOf(ctx, stream.Archive, "archive.trimmed")
	if err == nil {
		have, err = decode[trimmed](m)
	}
	if err != nil && !errors.Is(err, ad.ErrNotFound) {
		return err
	}
	if have.To >= r.Trimmed.To {
		return nil
	}
	return bus.Publish(ctx, []ad.Message{{Subject: "archive.trimmed", ID: fmt.Sprintf("trimmed:%d", r.Trimmed.To), Data: encode(r.Trimmed)}})
}
