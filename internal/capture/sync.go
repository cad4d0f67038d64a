package capture

import (
	"errors"
	"fmt"
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
