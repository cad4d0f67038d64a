package capture

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// FolderSync is the Sync of an archive whose bucket is a folder: it flushes the
// file of a key and every folder from there up to the bucket's own, because a new
// name is lost in a power cut until its folder was flushed too.
func FolderSync(dir string) func(key string) error {
	return func(key string) error {
		if !filepath.IsLocal(key) {
			return fmt.Errorf("flush %q: it leads out of the bucket", key)
		}
		for k := path.Clean(key); ; k = path.Dir(k) {
			if err := flush(filepath.Join(dir, filepath.FromSlash(k))); err != nil {
				return err
			}
			if k == "." {
				return nil
			}
		}
	}
}

func flush(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// FolderCreate is the Create of an archive whose bucket is a folder. The file gets
// its name by a hard link, which the system refuses when the name is taken: the
// driver for folders looks first and renames then, so that of two writers the
// later one would win.
func FolderCreate(dir string) func(key string, write func(io.Writer) error) error {
	return func(key string, write func(io.Writer) error) (err error) {
		if !filepath.IsLocal(key) {
			return fmt.Errorf("create %q: it leads out of the bucket", key)
		}
		name := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
		if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
			return err
		}
		if err := os.Link(f.Name(), name); err != nil {
			return fmt.Errorf("name the new file, which the file system must allow as a hard link: %w", err)
		}
		return nil
	}
}

// FolderWipe is the Wipe of an archive whose bucket is a folder: it takes the name
// of a file away, so that nobody opens it any more, writes zeros over its bytes,
// flushes them and deletes it. Cut off, it leaves a file that the next Erase clears
// away. On a file system that writes in place the old bytes are then gone from the
// device; one that copies on write or keeps snapshots, and a flash disk that moves
// its pages about, may still hold them. A hard link to the file, as some backups
// make it, leads to zeros too.
func FolderWipe(dir string) func(key string) error {
	return func(key string) error {
		if !filepath.IsLocal(key) {
			return fmt.Errorf("wipe %q: it leads out of the bucket", key)
		}
		name := filepath.Join(dir, filepath.FromSlash(key))
		going := name + ".wiped.tmp"
		err := os.Rename(name, going)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wipe: %w", err)
		}
		f, err := os.OpenFile(going, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("wipe: %w", err)
		}
		info, err := f.Stat()
		if err == nil {
			_, err = io.CopyN(f, zeros{}, info.Size())
		}
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("wipe: %w", err)
		}
		if err := os.Remove(going); err != nil {
			return fmt.Errorf("wipe: %w", err)
		}
		return flush(filepath.Dir(name))
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
