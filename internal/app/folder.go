package app

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// format is the layout of a data folder that this program writes.
const format = 1

// ErrFolder says that a data folder cannot be used; the message says why and
// what to do.
var ErrFolder = errors.New("the data folder cannot be used")

// ErrHeld says that another running process holds the data folder.
var ErrHeld = fmt.Errorf("%w: it is held by another running vigil", ErrFolder)

// A marker tells what a data folder is.
type marker struct {
	Format   int       `json:"format"`
	Kind     Kind      `json:"kind"`
	Instance string    `json:"instance"`
	Created  time.Time `json:"created"`
	Restored string    `json:"restored,omitempty"` // of the restore that made it: a random name
	Index    *seat     `json:"index,omitempty"`    // where it is kept; nil until something is indexed
}

// A folder is an open data folder, held by this process alone, or shared with
// others that do other roles over the same streams.
type folder struct {
	path string
	mu   sync.Mutex // guards Index; the rest of the marker stays as it was opened
	marker
	key  []byte // the instance's secret
	lock *os.File
}

func (f *folder) at(name string) string { return filepath.Join(f.path, name) }

// KindOf reads which kind of data a folder holds; Real for one that is new.
func KindOf(path string) Kind {
	var m marker
	if b, err := os.ReadFile(filepath.Join(path, "vigil.json")); err == nil && json.Unmarshal(b, &m) == nil && (m.Kind == Demo || m.Kind == Trial) {
		return m.Kind
	}
	return Real
}

// openFolder opens or makes a data folder and locks it, for this process alone
// or shared with others that were told to share it. One into which a restore was
// not finished is for the restore alone.
func openFolder(path string, kind Kind, shared, restoring bool) (*folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("open data folder: %w", err)
	}
	f := &folder{path: path}
	if _, err := os.Stat(f.at(unfinished)); err == nil && !restoring {
		return nil, fmt.Errorf("open %s: %w", path, errUnfinished)
	}
	if err := f.checkForeign(); err != nil {
		return nil, err
	}
	if err := f.hold(shared); err != nil {
		return nil, err
	}
	if err := f.identify(kind, shared); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// hold takes the lock. It is the kernel's, so a killed process leaves none.
func (f *folder) hold(shared bool) error {
	file, err := os.OpenFile(f.at("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock data folder: %w", err)
	}
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	if err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB); err != nil {
		who, _ := os.ReadFile(f.at("lock"))
		_ = file.Close()
		return fmt.Errorf("%w (process %s): %s; stop that one, or give another folder with --data", ErrHeld, strings.TrimSpace(string(who)), f.path)
	}
	if err := file.Truncate(0); err == nil {
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	f.lock = file
	return nil
}

func (f *folder) identify(kind Kind, shared bool) error {
	if shared { // of several that start at once, one makes the folder
		founding, err := os.OpenFile(f.at("founding.lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return fmt.Errorf("open data folder: %w", err)
		}
		defer func() { _ = founding.Close() }()
		if err := syscall.Flock(int(founding.Fd()), syscall.LOCK_EX); err != nil {
			return fmt.Errorf("open data folder: %w", err)
		}
	}
	b, err := os.ReadFile(f.at("vigil.json"))
	if errors.Is(err, os.ErrNotExist) {
		return f.found(kind)
	}
	if err != nil {
		return fmt.Errorf("open data folder: %w", err)
	}
	if err := json.Unmarshal(b, &f.marker); err != nil || f.Format == 0 {
		return fmt.Errorf("%w: %s does not say what the folder is; it was damaged, restore it from a backup", ErrFolder, f.at("vigil.json"))
	}
	if f.Format != format {
		return fmt.Errorf("%w: %s was written in layout %d and this program knows layout %d; use the version of vigil that wrote it, or another folder with --data",
			ErrFolder, f.path, f.Format, format)
	}
	if f.Kind != kind {
		return fmt.Errorf("%w: %s holds %s data and cannot be opened as %s data; give another folder with --data", ErrFolder, f.path, f.Kind, kind)
	}
	if f.key, err = os.ReadFile(f.at("instance.key")); err != nil || len(f.key) != 32 {
		return fmt.Errorf("%w: the secret %s is missing or damaged; without it audit entries cannot be checked, restore it from a backup", ErrFolder, f.at("instance.key"))
	}
	return nil
}

// checkForeign refuses a folder that is neither vigil's nor empty, before anything
// is written into it. What a first start that was cut short left is vigil's.
func (f *folder) checkForeign() error {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return fmt.Errorf("open data folder: %w", err)
	}
	// Looked for after the rest: another process may be founding the folder just now.
	if _, err := os.Stat(f.at("vigil.json")); err == nil {
		return nil
	}
	for _, e := range entries {
		switch e.Name() {
		case "streams", "blobs", "index.db", "audit.head", "erasures.jsonl", "signer.pem":
			return fmt.Errorf("%w: %s holds data but vigil.json is missing; restore that file from a backup", ErrFolder, f.path)
		}
	}
	for _, e := range entries {
		switch n := e.Name(); n {
		case "instance.key", "instance.key.new", "vigil.json.new", "founding.lock", "sites":
		case "lock":
			if i, err := e.Info(); err == nil && i.Size() <= 16 {
				continue
			}
			fallthrough
		default:
			return fmt.Errorf("%w: %s holds files that are not vigil's (%s); give an empty or new folder with --data", ErrFolder, f.path, n)
		}
	}
	return nil
}

// checkSigner refuses to make a new sealing key where there was one: packets that
// are out would no longer verify.
func (f *folder) checkSigner() error {
	_, perr := os.Stat(f.at("signer.pub.pem"))
	_, kerr := os.Stat(f.at("signer.pem"))
	if perr == nil && errors.Is(kerr, os.ErrNotExist) {
		return fmt.Errorf("%w: the sealing key %s is missing; restore it from a backup (to begin with a new key, remove signer.pub.pem too: packets sealed before will not verify with it)", ErrFolder, f.at("signer.pem"))
	}
	return nil
}

// found makes a new data folder. The marker is written last: a folder with one
// is complete.
func (f *folder) found(kind Kind) error {
	f.key = make([]byte, 32)
	rand.Read(f.key)
	if err := writeDurably(f.at("instance.key"), f.key); err != nil {
		return err
	}
	f.marker = marker{Format: format, Kind: kind, Created: time.Now().UTC()}
	id := make([]byte, 8)
	rand.Read(id)
	f.Instance = hex.EncodeToString(id)
	b, err := json.MarshalIndent(f.marker, "", "  ")
	if err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	return writeDurably(f.at("vigil.json"), append(b, '\n'))
}

// read reads the marker as it stands in the folder now, once and whole: other
// processes, and other parts of this one, may amend it at any time.
func (f *folder) read() (m marker, file []byte, err error) {
	if file, err = os.ReadFile(f.at("vigil.json")); err == nil {
		err = json.Unmarshal(file, &m)
	}
	if err != nil {
		return m, nil, fmt.Errorf("read what the data folder is: %w", err)
	}
	return m, file, nil
}

// seat is where the index is kept, as this process knows it; nil until something is
// indexed.
func (f *folder) seat() *seat {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Index
}

func (f *folder) close() { _ = f.lock.Close() }

// writeDurably writes a file so that after a crash it is whole or not there.
func writeDurably(name string, b []byte) error {
	tmp := name + ".new"
	file, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = file.Write(b)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(tmp, name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return syncPath(filepath.Dir(name))
}

// syncPath flushes a file or folder to disk.
func syncPath(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("flush %s: %w", name, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("flush %s: %w", name, err)
	}
	return nil
}
