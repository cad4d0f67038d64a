package app

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"vigil.example/internal/search/elastic"
	"vigil.example/internal/site"
)

// A backup that is taken while the folder is told again and again where its index is
// kept has one marker, whole, in its folder and in its manifest.
func TestBackupWhileTheFolderIsAmended(t *testing.T) {
	a, err := New(t.Context(), Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler), Roles: []string{"archive"}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := a.folder.amend(func(m *marker) error {
				m.Index = seatOf(elastic.Server{URLs: []string{"http://" + strings.Repeat("n", 1+n%2000) + ".example"}})
				return nil
			}); err != nil {
				done <- err
				return
			}
		}
	}()
	for range 5 {
		var b bytes.Buffer
		if err := a.Backup(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		_ = a.folder.seat()
		var m marker
		u, err := unpack(bytes.NewReader(b.Bytes()), func(string, int64) {})
		if err == nil {
			err = json.Unmarshal(part(t, b.Bytes(), "folder/vigil.json"), &m)
		}
		if err != nil || !reflect.DeepEqual(m, u.Manifest.Folder) {
			t.Errorf("the folder says %+v, the manifest %+v, %v", m, u.Folder, err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// part is a file in a backup.
func part(t *testing.T, backup []byte, name string) []byte {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(backup)); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if h.Name == name {
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
}

// Of several processes that start at once in a new folder one makes it, and none
// takes it for somebody else's.
func TestFolderFoundedByManyAtOnce(t *testing.T) {
	for round := range 60 {
		path := filepath.Join(t.TempDir(), strconv.Itoa(round))
		const many = 12
		begin, ends := make(chan struct{}), make(chan error, many)
		for range many {
			go func() {
				<-begin
				f, err := openFolder(path, Real, true, false)
				if err == nil {
					f.close()
				}
				ends <- err
			}()
		}
		close(begin)
		for range many {
			if err := <-ends; err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	}
}
