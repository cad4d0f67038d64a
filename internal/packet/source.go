package packet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// A source is a packet being verified: its files by name below the top folder.
type source struct {
	top   string // name of the top folder; empty when it is a folder, which may be renamed
	names []string
	sizes map[string]int64
	open  func(name string) (io.ReadCloser, error)
	close func()
}

// open opens a packet and refuses what is unsafe to look at: in a ZIP file names
// that lead elsewhere, links, twins and whatever else Write does not make; in a
// folder links and special files.
func open(path string) (*source, string, error) {
	i, err := os.Stat(path)
	if err != nil {
		return nil, "", fmt.Errorf("open the packet: %w", err)
	}
	if i.IsDir() {
		s, err := openFolder(path)
		return s, "an unpacked folder without links", err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", fmt.Errorf("open the packet: %w", err)
	}
	s, err := openZip(f, i.Size())
	if err != nil {
		return nil, "", errors.Join(err, f.Close())
	}
	s.close = func() { _ = f.Close() } // nothing was written
	return s, fmt.Sprintf("%d members in the one form that packets have", len(s.names)), nil
}

func openFolder(path string) (*source, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open the packet: %w", err)
	}
	s := &source{sizes: map[string]int64{}, close: func() { _ = root.Close() }}
	s.open = func(name string) (io.ReadCloser, error) { return root.Open(name) }
	twins := map[string]bool{}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		if !i.Mode().IsRegular() {
			return fmt.Errorf("%q is a link or a special file", name)
		}
		return s.admit(name, i.Size(), twins)
	})
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *source) admit(name string, size int64, twins map[string]bool) error {
	if !safe(name) {
		return fmt.Errorf("unsafe name %q", name)
	}
	l := strings.ToLower(name)
	if twins[l] {
		return fmt.Errorf("name %q stands twice", name)
	}
	twins[l] = true
	s.names, s.sizes[name] = append(s.names, name), size
	return nil
}

// safe says whether a name is one that Write could have given: that leaves out
// every trick with separators, device names, look-alikes and encodings.
func safe(name string) bool {
	for p := range strings.SplitSeq(name, "/") {
		if p == "" || p[0] == '.' || len(p) > 255 {
			return false
		}
		for _, c := range []byte(p) {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
				return false
			}
		}
	}
	return len(name) <= 1024
}

// openZip reads the directory, makes sure that the file is byte for byte the one
// that Write makes of these members, and only then lets anything be read.
func openZip(r io.ReaderAt, size int64) (*source, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it is no ZIP file: %w", err)
	}
	if len(z.File) == 0 || len(z.File) > maxMembers {
		return nil, fmt.Errorf("%d members are none or too many", len(z.File))
	}
	s := &source{sizes: map[string]int64{}, close: func() {}}
	byName, twins := map[string]*zip.File{}, map[string]bool{}
	for _, f := range z.File {
		top, name, ok := strings.Cut(f.Name, "/")
		switch {
		case !ok || !strings.HasPrefix(top, "packet-"):
			return nil, fmt.Errorf("member %q is not in a folder packet-…", f.Name)
		case s.top != "" && top != s.top:
			return nil, fmt.Errorf("two top folders, %q and %q", s.top, top)
		case f.Mode()&fs.ModeType != 0:
			return nil, fmt.Errorf("member %q is a link or a special file", f.Name)
		case f.UncompressedSize64 > 1000*max(1<<10, f.CompressedSize64):
			return nil, fmt.Errorf("member %q is a bomb", f.Name)
		}
		s.top, byName[name] = top, f
		if err := s.admit(name, int64(f.UncompressedSize64), twins); err != nil {
			return nil, err
		}
	}
	if err := sameForm(r, size, z.File); err != nil {
		return nil, err
	}
	s.open = func(name string) (io.ReadCloser, error) {
		if byName[name] == nil {
			return nil, fs.ErrNotExist
		}
		return byName[name].Open()
	}
	slices.Sort(s.names)
	return s, nil
}

// sameForm writes again everything that is not content and compares it.
func sameForm(r io.ReaderAt, size int64, files []*zip.File) error {
	same := func(want []byte, at int64) bool {
		got := make([]byte, len(want))
		n, err := r.ReadAt(got, at)
		return n == len(want) && (err == nil || errors.Is(err, io.EOF)) && bytes.Equal(got, want)
	}
	var entries []zipEntry
	at := int64(0)
	for _, f := range files {
		if f.UncompressedSize64 > uint64(size) {
			return fmt.Errorf("member %q is larger than the file", f.Name)
		}
		e := zipEntry{f.Name, f.CRC32, int64(f.UncompressedSize64), at}
		h := e.local()
		if !same(h, at) {
			return fmt.Errorf("the header of %q at byte %d is not as packets have it; if the packet was packed again, unpack it and verify the folder", f.Name, at)
		}
		at += int64(len(h)) + e.size
		entries = append(entries, e)
	}
	end := directory(entries, at)
	if at+int64(len(end)) != size || !same(end, at) {
		return errors.New("the directory at the end is not as packets have it; if the packet was packed again, unpack it and verify the folder")
	}
	return nil
}

// read reads a whole small file.
func (s *source) read(name string, limit int64) ([]byte, error) {
	n, ok := s.sizes[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s is missing", name)
	case n > limit:
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that are read", name, n, limit)
	}
	f, err := s.open(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b, nil
}
