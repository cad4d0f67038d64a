package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/capture"
	"vigil.example/internal/stream"
)

// A backup is taken while everything goes on. So that it is one state all the
// same, how far consumers have come is noted first, and the streams are taken
// against the order of the walk: what a step made before what it made it from. So
// whatever is acknowledged in the backup has its outputs there, and no output is
// without what it was made from; what lies between is made again after a restore.
// What people erase or replay meanwhile goes across all streams: then the backup
// is void and says so.

// taken is the order in which streams are backed up.
func taken() []string {
	return []string{
		stream.Erasures, stream.Generations,
		stream.Links, stream.Alerts, stream.Ads, stream.Listings, stream.Archive, stream.Captures, stream.Frontier,
		stream.Decisions, stream.Access, stream.Audit, stream.Dead,
	}
}

// keptFiles are the files of the data folder that a backup holds, with those of
// its folder sites. vigil.json comes with the manifest, the rest is made anew.
var keptFiles = []string{"instance.key", "signer.pem", "signer.pub.pem", ledgerFile, "town.json"}

// frontierKey is where the walk keeps which links it has offered; see followLinks.
const frontierKey = "frontier"

// Backup writes a backup of this instance; see desk.Keeper. What was written is
// whole when the error is nil, and says so itself. w must not block for more than
// some seconds.
func (a *App) Backup(ctx context.Context, w io.Writer) error {
	p := newPacker(w, a.now())
	err := a.backup(ctx, p)
	if err != nil {
		err = fmt.Errorf("back up: %w", err)
		p.giveUp(err)
	}
	return err
}

func (a *App) backup(ctx context.Context, p *packer) error {
	began := time.Now()
	if err := a.settledErasures(ctx); err != nil {
		return err
	}
	folder, mark, err := a.folder.read()
	if err != nil {
		return err
	}
	m := Manifest{
		BackupHead: BackupHead{Format: backupFormat, Version: a.cfg.Version, Instance: a.folder.Instance, Kind: a.folder.Kind, Made: p.at.UTC()},
		Folder:     folder,
	}
	if err := p.bytes(headPart, append(encode(m.BackupHead), '\n')); err != nil {
		return err
	}
	if err := a.packFolder(p, mark); err != nil {
		return err
	}
	if err := a.packPositions(ctx, &m); err != nil {
		return err
	}
	before, err := a.decided(ctx)
	if err != nil {
		return err
	}
	var captures stream.Info
	for _, base := range taken() {
		s, err := a.packStream(ctx, p, serves(a.book.Serving(), base))
		if err != nil {
			return err
		}
		m.Streams = append(m.Streams, s)
		if n := s.Lacks(); n > 0 {
			m.Missing = append(m.Missing, fmt.Sprintf("%d messages of stream %s cannot be read: bytes of its files were altered", n, s.Stream))
		}
		if base == stream.Captures {
			captures.Last = s.Last
		}
	}
	if err := a.packTrimmed(ctx, &m, captures.Last); err != nil {
		return err
	}
	if err := a.packBlobs(ctx, p, &m, captures.Last); err != nil {
		return err
	}
	if err := a.accounts(ctx, &m); err != nil {
		return err
	}
	after, err := a.decided(ctx)
	if err != nil {
		return err
	}
	if before != after {
		return errors.New("something was erased, or a replay was begun or ended meanwhile, so that the parts do not fit together: begin again")
	}
	m.Took = time.Since(began).Seconds()
	return p.finish(m)
}

// accounts notes in the manifest that more came out of a step than went in: its
// input has lost messages, and older backups may hold them.
func (a *App) accounts(ctx context.Context, m *Manifest) error {
	l, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	for _, r := range l.Rows {
		if out := r.Stored + r.Refused() + r.Waiting; !r.Balanced && out > r.In {
			m.Missing = append(m.Missing, fmt.Sprintf("step %s: %d went in and %d came out: its input has lost messages", r.Step, r.In, out))
		}
	}
	return nil
}

// erasuresWithin is how long a backup waits for what is being erased.
const erasuresWithin = time.Minute

// settledErasures waits until no order to erase is being carried out. An instance
// of which no role runs carries out none.
func (a *App) settledErasures(ctx context.Context) error {
	wait := time.NewTimer(erasuresWithin)
	defer wait.Stop()
	for {
		changed := a.erased.Changed()
		if err := a.erased.CatchUp(ctx); err != nil {
			return err
		}
		if len(a.erased.Pending()) == 0 || len(a.health.all()) == 0 && a.cfg.sole() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-wait.C:
			return errors.New("an order to erase is not done yet; role archive carries it out: begin again when vigil erase list says that it is done")
		}
	}
}

// decided is how far the journals are that concern all streams at once.
func (a *App) decided(ctx context.Context) (at [2]uint64, err error) {
	for i, name := range []string{stream.Erasures, stream.Generations} {
		info, err := a.bus.Info(ctx, name)
		if err != nil {
			return at, err
		}
		at[i] = info.Last
	}
	return at, nil
}

// packFolder takes the files of the folder; mark is its vigil.json.
func (a *App) packFolder(p *packer, mark []byte) error {
	if err := p.bytes("folder/vigil.json", mark); err != nil {
		return err
	}
	names := slices.Clone(keptFiles)
	sites, err := os.ReadDir(a.folder.at("sites"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the site definitions: %w", err)
	}
	for _, s := range sites {
		if s.Type().IsRegular() {
			names = append(names, "sites/"+s.Name())
		}
	}
	for _, name := range names {
		b, err := os.ReadFile(a.folder.at(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := p.bytes("folder/"+name, b); err != nil {
			return err
		}
	}
	// The head of the audit log, before the log itself, so that it lies in it; one
	// that was noted beyond the log's end stays, to show that the end is missing.
	head := a.audit.Head()
	noted, err := a.notedHead()
	if err != nil {
		return err
	}
	if len(noted) > 0 && noted[0].Seq > head.Seq {
		head = noted[0]
	}
	if head.Seq == 0 {
		return nil
	}
	return p.bytes("folder/audit.head", encode(head))
}

// packPositions notes how far everybody has come.
func (a *App) packPositions(ctx context.Context, m *Manifest) error {
	floors, err := a.bus.Floors(ctx)
	if err != nil {
		return err
	}
	serving := a.book.Serving()
	for _, f := range floors {
		if slices.ContainsFunc(taken(), func(base string) bool { return f.Stream == serves(serving, base) }) {
			m.Floors = append(m.Floors, f)
		}
	}
	// Others are of what is made anew, or of processes.
	e, err := a.bus.Value(ctx, stream.Progress, frontierKey)
	switch {
	case errors.Is(err, ad.ErrNotFound):
	case err != nil:
		return err
	default:
		m.Positions = map[string]json.RawMessage{frontierKey: e.Value}
	}
	return nil
}

func (a *App) packStream(ctx context.Context, p *packer, name string) (StreamPart, error) {
	to := &pieces{p: p, prefix: name}
	info, err := a.bus.Snapshot(ctx, name, to)
	if err == nil {
		err = to.flush()
	}
	return StreamPart{info, to.n}, err
}

// packTrimmed notes that captures left their stream between the moments at which
// ARCHIVE and CAPTURES were taken.
func (a *App) packTrimmed(ctx context.Context, m *Manifest, last uint64) error {
	t, err := a.trimmed(ctx)
	if err != nil || t.To == 0 {
		return err
	}
	if t.To > last {
		return errors.New("captures leave their stream faster than it can be backed up: give vigil run a longer --keep")
	}
	m.Trimmed = &t
	return nil
}

// packBlobs takes the sealed files of the captures that the backup holds.
func (a *App) packBlobs(ctx context.Context, p *packer, m *Manifest, last uint64) error {
	sealed, err := a.archive.List(ctx)
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, s := range sealed {
		if s.To <= last {
			ours[s.File], ours[s.Index] = true, true
		}
	}
	for b, err := range a.archive.All(ctx) {
		if errors.Is(err, capture.ErrMissing) {
			m.Missing = append(m.Missing, err.Error())
			continue
		}
		if err != nil {
			return err
		}
		if !ours[b.Key] {
			continue
		}
		if err := a.packBlob(ctx, p, b); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) packBlob(ctx context.Context, p *packer, b capture.Blob) error {
	r, err := a.bucket.NewReader(ctx, b.Key, nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", b.Key, err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	part, err := p.add("blobs/"+b.Key, b.Size, r)
	if err == nil && part.SHA256 != b.SHA256 {
		err = fmt.Errorf("%s changed while it was read: begin again", b.Key)
	}
	return err
}

// RunBackup backs up an instance of which no role runs in this folder, or whose
// streams are kept elsewhere.
func RunBackup(ctx context.Context, c Config, file string, out io.Writer) (Manifest, error) {
	if _, err := os.Stat(filepath.Join(c.Data, "vigil.json")); err != nil {
		return Manifest{}, fmt.Errorf("back up %s: %w: it holds no vigil.json, so it is no data folder", c.Data, ErrFolder)
	}
	// The role opens the sealed files; none runs.
	c.Crawl, c.Listen, c.Roles = false, "", []string{"archive"}
	a, err := New(ctx, c)
	if err != nil {
		return Manifest{}, err
	}
	defer a.Close()
	if err := a.audit.Append(ctx, audit.Entry{Actor: access.System, Action: "backup", Outcome: "begun"}); err != nil {
		return Manifest{}, err
	}
	m, err := SaveBackup(file, func(w io.Writer) error { return a.Backup(ctx, w) }, out, c.Terminal)
	how := "ok"
	if err != nil {
		how = "error"
	}
	return m, errors.Join(err, a.audit.Append(context.WithoutCancel(ctx), audit.Entry{Actor: access.System, Action: "backup", Outcome: how}))
}

// SaveBackup keeps under a name, which must be free, the backup that write gives,
// after every digest was compared. It is for its owner's eyes only: it holds ads
// and the instance's keys. One that is cut off keeps another name.
func SaveBackup(file string, write func(w io.Writer) error, out io.Writer, terminal bool) (Manifest, error) {
	if _, err := os.Lstat(file); err == nil {
		return Manifest{}, fmt.Errorf("back up: %s is there already: %w", file, fs.ErrExist)
	}
	if _, err := os.Stat(filepath.Dir(file)); err != nil {
		return Manifest{}, fmt.Errorf("back up: the folder to save it in: %w", err)
	}
	begun := file + ".incomplete"
	f, err := os.OpenFile(begun, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return Manifest{}, fmt.Errorf("back up: %w", err)
	}
	defer func() { _ = os.Remove(begun) }() // the name it is linked under stays
	u, err := receive(f, write, &progress{out: out, terminal: terminal})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return Manifest{}, err
	}
	if err := os.Link(begun, file); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return Manifest{}, fmt.Errorf("back up: %s is there already: %w", file, err)
		}
		if err := os.Rename(begun, file); err != nil { // some file systems know no links
			return Manifest{}, fmt.Errorf("back up: %w", err)
		}
	}
	return u.Manifest, syncPath(filepath.Dir(file))
}

// receive checks a backup while it is stored.
func receive(f io.Writer, write func(w io.Writer) error, show *progress) (*unpacked, error) {
	r, w := io.Pipe()
	wrote := make(chan error, 1)
	go func() {
		err := write(io.MultiWriter(f, w))
		_ = w.CloseWithError(err)
		wrote <- err
	}()
	u, err := unpack(r, show.reading("saved"))
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	_ = r.CloseWithError(errors.New("what came was no good"))
	cause := <-wrote
	show.clear()
	if cause != nil && !errors.Is(err, ErrBackup) {
		return nil, cause
	}
	return u, err
}

// reading tells how far a backup was read.
func (p *progress) reading(did string) func(part string, n int64) {
	return func(part string, n int64) {
		if i := strings.LastIndexByte(part, '/'); strings.HasPrefix(part, "streams/") && i > 0 {
			part = part[:i]
		}
		p.say("%7.1f MiB %s, now %s", float64(n)/(1<<20), did, part)
	}
}

// VerifyBackup checks every digest of a backup.
func VerifyBackup(file string, out io.Writer, terminal bool) (Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return Manifest{}, fmt.Errorf("verify the backup: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	show := &progress{out: out, terminal: terminal}
	u, err := unpack(f, show.reading("read"))
	show.clear()
	if err != nil {
		return Manifest{}, fmt.Errorf("verify %s: %w", file, err)
	}
	return u.Manifest, nil
}
