package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"vigil.example/internal/ad"
)

// three are captures as the stream holds them, with a gap where one was erased.
func three(t testing.TB) []Item {
	t.Helper()
	var out []Item
	for i, seq := range []uint64{11, 12, 14} {
		x := exchange(response(strings.Repeat(page, i+1), "Content-Type: text/html; charset=utf-8"))
		x.URL, x.FetchedAt = fmt.Sprintf("https://www.Ads.example.test/ad/%d?b=2&a=1", 9-i), noon.Add(time.Duration(i)*time.Minute)
		c, b, err := Record(x)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Item{Capture: c, Seq: seq, Records: b})
	}
	return out
}

func each(items ...Item) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, i := range items {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func folder(t testing.TB) (*blob.Bucket, string) {
	t.Helper()
	dir := t.TempDir()
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b, dir
}

func TestSealThenRead(t *testing.T) {
	b, dir := folder(t)
	var synced []string
	a := NewArchive(b, Options{Prefix: "captures/", Sync: func(key string) error {
		if _, err := os.Stat(filepath.Join(dir, key)); err != nil {
			return err
		}
		synced = append(synced, key)
		return nil
	}})
	items := three(t)
	s, err := a.Seal(t.Context(), 10, 14, each(items...))
	if err != nil {
		t.Fatal(err)
	}
	base := "captures/captures-0000000000000010-0000000000000014"
	want := Sealed{From: 10, To: 14, Revision: 1, File: base + ".warc.gz", Index: base + ".cdxj"}
	if s.Captures != 3 || s.Size == 0 || len(s.SHA256) != 64 {
		t.Errorf("sealed = %+v", s)
	}
	if diff := cmp.Diff([]string{want.File, want.Index}, synced); diff != "" {
		t.Errorf("made durable (-want +got):\n%s", diff)
	}
	fresh := NewArchive(b, Options{Prefix: "captures/"})
	all, err := fresh.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Sealed{want}, all); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	for _, it := range items {
		for _, a := range []*Archive{a, fresh, NewArchive(b, Options{Prefix: "captures/"})} {
			got, err := a.Read(t.Context(), it.Capture.ID, it.Seq)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, it.Records) {
				t.Errorf("capture %d read back differs", it.Seq)
			}
		}
	}
	var back []Item
	for it, err := range fresh.Each(t.Context(), want) {
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, it)
	}
	if diff := cmp.Diff(items, back); diff != "" {
		t.Errorf("the whole file read back (-sealed +read):\n%s", diff)
	}
	index, err := b.ReadAll(t.Context(), want.Index)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for l := range strings.Lines(string(index)) {
		keys = append(keys, l[:strings.Index(l, " {")])
	}
	if diff := cmp.Diff([]string{
		"test,example,ads)/ad/7?a=1&b=2 20261120120200",
		"test,example,ads)/ad/8?a=1&b=2 20261120120100",
		"test,example,ads)/ad/9?a=1&b=2 20261120120000",
	}, keys); diff != "" {
		t.Errorf("index keys (-want +got):\n%s", diff)
	}
	again, err := fresh.Seal(t.Context(), 10, 14, each())
	if err != nil || again != s {
		t.Errorf("sealing again gave %+v, %v, want %+v", again, err, s)
	}
}

func TestSealIsDeterministic(t *testing.T) {
	var sums []string
	for range 2 {
		b, _ := folder(t)
		s, err := NewArchive(b, Options{}).Seal(t.Context(), 10, 14, each(three(t)...))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, s.SHA256)
	}
	if sums[0] != sums[1] {
		t.Errorf("digests of two equal files: %s, %s", sums[0], sums[1])
	}
}

func TestSealOfARangeWhereAllWasErased(t *testing.T) {
	b, _ := folder(t)
	s, err := NewArchive(b, Options{}).Seal(t.Context(), 10, 14, each())
	if err != nil || s.Captures != 0 {
		t.Errorf("sealed %+v, %v", s, err)
	}
}

func TestSealRefuses(t *testing.T) {
	items := three(t)
	broken := items[1]
	broken.Records = bytes.Clone(broken.Records)
	broken.Records[len(broken.Records)-30] ^= 1
	stranger := items[1]
	stranger.Capture = items[0].Capture
	ended := func(yield func(Item, error) bool) {
		if yield(items[0], nil) {
			yield(Item{}, errors.New("connection closed"))
		}
	}
	tests := map[string]struct {
		from, to uint64
		items    iter.Seq2[Item, error]
		want     string
	}{
		"a range that ends before it begins": {5, 4, each(), "range is empty"},
		"captures out of order":              {10, 14, each(items[1], items[0]), "out of order"},
		"a capture twice":                    {10, 14, each(items[0], items[0]), "out of order"},
		"a capture out of range":             {10, 13, each(items...), "out of range"},
		"a stream that breaks":               {10, 14, ended, "connection closed"},
		"records damaged before they came":   {10, 14, each(items[0], broken), "capture " + broken.Capture.ID + ": its records came damaged from the stream"},
		"records of another capture":         {10, 14, each(items[0], stranger), "records are those of capture " + items[1].Capture.ID},
		"a range that overlaps a sealed one": {30, 40, each(), "already holds 35 to 50"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b, _ := folder(t)
			a := NewArchive(b, Options{})
			if _, err := a.Seal(t.Context(), 35, 50, each()); err != nil {
				t.Fatal(err)
			}
			_, err := a.Seal(t.Context(), tt.from, tt.to, tt.items)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error = %v, want %q in it", err, tt.want)
			}
			all, err := a.List(t.Context())
			if err != nil || len(all) != 1 {
				t.Errorf("sealed after the failure: %v, %v", all, err)
			}
		})
	}
}

func TestSealAfterAnInterruptedSeal(t *testing.T) {
	b, dir := folder(t)
	a := NewArchive(b, Options{})
	torn := filepath.Join(dir, a.named(10, 14, 1).File)
	if err := os.WriteFile(torn, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	items := three(t)
	if _, err := a.Read(t.Context(), items[0].Capture.ID, 11); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("read before the seal: %v, want not found", err)
	}
	if _, err := a.Seal(t.Context(), 10, 14, each(items...)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Read(t.Context(), items[0].Capture.ID, 11); err != nil {
		t.Error(err)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	items := three(t)
	rewrite := func(change func([]byte) []byte) func(t *testing.T, name string) {
		return func(t *testing.T, name string) {
			b, err := os.ReadFile(name)
			must(t, err)
			must(t, os.WriteFile(name, change(b), 0o600))
		}
	}
	tests := map[string]struct {
		index bool // harm the index, else the file
		harm  func(t *testing.T, name string)
		is    error
		want  string
	}{
		"a missing file":            {false, func(t *testing.T, name string) { must(t, os.Remove(name)) }, ErrMissing, ".warc.gz is missing from the archive; restore it"},
		"a missing index":           {true, func(t *testing.T, name string) { must(t, os.Remove(name)) }, ErrMissing, ".cdxj is missing from the archive; restore it"},
		"a torn file":               {false, rewrite(func(b []byte) []byte { return b[:700] }), ErrAltered, "it has 700 bytes of"},
		"an emptied file":           {false, rewrite(func([]byte) []byte { return nil }), ErrAltered, ".warc.gz is damaged or was altered"},
		"a changed byte":            {false, rewrite(func(b []byte) []byte { b[len(b)-200] ^= 1; return b }), ErrAltered, "stored bytes hash to"},
		"a torn index":              {true, rewrite(func(b []byte) []byte { return b[:len(b)-9] }), ErrAltered, ".cdxj is damaged or was altered: its last line is cut; put it aside, restore it"},
		"an emptied index":          {true, rewrite(func([]byte) []byte { return nil }), ErrAltered, "lines are missing"},
		"an index without the line": {true, rewrite(func(b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] }), ErrAltered, ".cdxj is damaged or was altered: it says nothing of bytes"},
		"an index with another digest": {true, rewrite(func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"vigil_sha256":"`), []byte(`"vigil_sha256":"0`), 1)
		}), ErrAltered, ".cdxj is damaged or was altered: its digest of capture"},
		"an index that points elsewhere": {true, rewrite(func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"vigil_offset":`), []byte(`"vigil_offset":1`), 1)
		}), ErrAltered, ".cdxj is damaged or was altered"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b, dir := folder(t)
			a := NewArchive(b, Options{})
			s, err := a.Seal(t.Context(), 10, 14, each(items...))
			must(t, err)
			if _, err := a.Seal(t.Context(), 15, 20, each()); err != nil {
				t.Fatal(err)
			}
			key := s.File
			if tt.index {
				key = s.Index
			}
			tt.harm(t, filepath.Join(dir, key))
			for what, a := range map[string]*Archive{"": a, ", opened anew": NewArchive(b, Options{})} {
				_, err = a.Read(t.Context(), items[2].Capture.ID, 14)
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), key) {
					t.Errorf("read%s: error = %v, want %q in it", what, err, tt.want)
				}
				if !errors.Is(err, tt.is) {
					t.Errorf("read%s: error %v is not %v", what, err, tt.is)
				}
				if _, err := a.Verify(context.Background(), s); !errors.Is(err, tt.is) || !strings.Contains(err.Error(), key) {
					t.Errorf("verify%s: %v, want %v of %s", what, err, tt.is, key)
				}
				var last error
				for _, err := range a.Each(t.Context(), s) {
					last = err
				}
				if !errors.Is(last, tt.is) {
					t.Errorf("each%s: %v", what, last)
				}
				var found []string
				for s, err := range a.Check(t.Context()) {
					if err != nil {
						found = append(found, s.File)
					}
				}
				if diff := cmp.Diff([]string{s.File}, found); diff != "" {
					t.Errorf("check%s (-want +got):\n%s", what, diff)
				}
			}
		})
	}
}

func TestReadBesideDamage(t *testing.T) {
	b, dir := folder(t)
	a := NewArchive(b, Options{})
	items := three(t)
	s, err := a.Seal(t.Context(), 10, 14, each(items...))
	must(t, err)
	raw, err := b.ReadAll(t.Context(), s.File)
	must(t, err)
	i := bytes.Index(raw, items[1].Records)
	raw[i+len(items[1].Records)/2] ^= 1
	must(t, os.WriteFile(filepath.Join(dir, s.File), raw, 0o600))
	for i, it := range items {
		got, err := a.Read(t.Context(), it.Capture.ID, it.Seq)
		if i == 1 {
			if !errors.Is(err, ErrAltered) || !errors.Is(err, ErrDigest) {
				t.Errorf("the damaged one: %v", err)
			}
		} else if err != nil || !bytes.Equal(got, it.Records) {
			t.Errorf("capture %d beside the damaged one: %v", it.Seq, err)
		}
	}
}

func TestCheckFindsHoles(t *testing.T) {
	b, _ := folder(t)
	a := NewArchive(b, Options{})
	for _, from := range []uint64{10, 20, 30} {
		if _, err := a.Seal(t.Context(), from, from+9, each()); err != nil {
			t.Fatal(err)
		}
	}
	lost := a.named(20, 29, 1)
	must(t, b.Delete(t.Context(), lost.File))
	must(t, b.Delete(t.Context(), lost.Index))
	var got []string
	for s, err := range NewArchive(b, Options{}).Check(t.Context()) {
		got = append(got, fmt.Sprint(s.From, " ", s.To, " ", errors.Is(err, ErrMissing)))
	}
	if diff := cmp.Diff([]string{"10 19 false", "20 29 true", "30 39 false"}, got); diff != "" {
		t.Errorf("check (-want +got):\n%s", diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSurt(t *testing.T) {
	tests := map[string]string{
		"http://Example.test":                      "test,example)/",
		"https://www2.ads.example.test:443/A/B/":   "test,example,ads)/a/b",
		"http://ads.example.test:8080/x?z=1&a=%20": "test,example,ads:8080)/x?a=%20&z=1",
		"http://127.0.0.1:9000/ad#top":             "127.0.0.1:9000)/ad",
		"file:///saved/Ad%201.html":                "file:///saved/ad%201.html",
		"https://wwwads.example.test/":             "test,example,wwwads)/",
	}
	for in, want := range tests {
		if got := surt(in); got != want {
			t.Errorf("surt(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFolderSync(t *testing.T) {
	b, dir := folder(t)
	must(t, b.WriteAll(t.Context(), "a/b/c", []byte("x"), nil))
	tests := map[string]string{"a/b/c": "", "a/b/d": "no such file", "../x": "leads out of the bucket"}
	for key, want := range tests {
		err := FolderSync(dir)(key)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error = %v, want %q", key, err, want)
		}
	}
}
