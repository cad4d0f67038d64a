package packet

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestZipTricksAreRefused(t *testing.T) {
	good, _ := packed(t, contents(t, 1))
	again := func(change func(*zip.FileHeader), extra ...string) []byte {
		r, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
		must(t, err)
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		put := func(h zip.FileHeader, content []byte) {
			f, err := w.CreateHeader(&h)
			must(t, err)
			_, err = f.Write(content)
			must(t, err)
		}
		for _, f := range r.File {
			h := zip.FileHeader{Name: f.Name}
			change(&h)
			put(h, member(t, good, strings.TrimPrefix(f.Name, "packet-c0ffee/")))
		}
		for _, n := range extra {
			put(zip.FileHeader{Name: n}, []byte("x"))
		}
		must(t, w.Close())
		return b.Bytes()
	}
	same := func(*zip.FileHeader) {}
	tests := map[string]struct {
		in   []byte
		want string
	}{
		"no zip":                     {[]byte("PK"), "no ZIP file"},
		"an empty file":              {nil, "no ZIP file"},
		"half a zip":                 {good[:len(good)/2], "no ZIP file"},
		"bytes before it":            {append([]byte("#!/bin/sh\n"), good...), "not as packets have it"},
		"bytes after it":             {append(bytes.Clone(good), "more"...), "not"},
		"a name that climbs out":     {again(same, "packet-c0ffee/../../x"), "unsafe name"},
		"an absolute name":           {again(same, "/etc/x"), "not in a folder packet-"},
		"a back slash":               {again(same, `packet-c0ffee/data\x`), "unsafe name"},
		"a name twice":               {again(same, "packet-c0ffee/bagit.txt"), "stands twice"},
		"a name in another case":     {again(same, "packet-c0ffee/BagIt.txt"), "stands twice"},
		"a second top folder":        {again(same, "packet-decaf/x"), "two top folders"},
		"another top folder":         {again(func(h *zip.FileHeader) { h.Name = strings.Replace(h.Name, "packet-", "", 1) }), "not in a folder packet-"},
		"a link":                     {again(func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }), "link or a special file"},
		"packed again, compressed":   {again(func(h *zip.FileHeader) { h.Method = zip.Deflate }), "unpack it and verify the folder"},
		"packed again, uncompressed": {again(same), "unpack it and verify the folder"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := Verify(saved(t, tt.in), pub())
			if diff := cmp.Diff([]string{"zip-safe"}, r.Failed()); err == nil || diff != "" {
				t.Errorf("error = %v, failed (-want +got):\n%s", err, diff)
			}
			if !strings.Contains(r.String(), tt.want) {
				t.Errorf("%q is not in %s", tt.want, r)
			}
		})
	}
	if _, err := Verify(filepath.Join(t.TempDir(), "none.zip"), pub()); err == nil {
		t.Error("a packet that is not there was verified")
	}
}

// Whatever the bytes, Verify comes to an end; nothing but the packet passes.
func FuzzVerify(f *testing.F) {
	good, _ := packed(f, contents(f, 1))
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(good[len(good)-200:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := Verify(saved(t, b), pub()); err == nil && !bytes.Equal(b, good) {
			t.Errorf("other bytes passed:\n%s", r)
		}
	})
}
