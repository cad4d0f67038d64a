package packet

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every byte of the ZIP file counts, also those of its headers.
func TestAChangedByteOfTheZipIsRefused(t *testing.T) {
	b, _ := packed(t, contents(t, 3))
	path := saved(t, b)
	r := rand.New(rand.NewPCG(1, 2))
	places := []int{0, len(b) - 1}
	for range 120 {
		places = append(places, r.IntN(len(b)))
	}
	for _, at := range places {
		bad := bytes.Clone(b)
		bad[at] ^= byte(1 + r.IntN(255))
		must(t, os.WriteFile(path, bad, 0o600))
		if report, err := Verify(path, pub()); err == nil {
			t.Errorf("byte %d of %d changed and not refused:\n%s", at, len(b), report)
		}
	}
}

func TestAChangedByteOfAnyFileIsRefused(t *testing.T) {
	b, _ := packed(t, contents(t, 3))
	dir := unpacked(t, b)
	r := rand.New(rand.NewPCG(5, 6))
	files := 0
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		good, err := os.ReadFile(path)
		must(t, err)
		for range 4 {
			at := flip(t, path, r)
			if report, err := Verify(dir, pub()); err == nil {
				t.Errorf("%s: byte %d changed and not refused:\n%s", d.Name(), at, report)
			}
			must(t, os.WriteFile(path, good, 0o600))
		}
		return nil
	}))
	if files != 15 {
		t.Errorf("%d files tried", files)
	}
	if report, err := Verify(dir, pub()); err != nil {
		t.Errorf("the packet put right again: %v\n%s", err, report)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// edit changes a file of an unpacked packet.
func edit(t *testing.T, dir, pattern string, change func([]byte) []byte) {
	t.Helper()
	m, err := filepath.Glob(filepath.Join(dir, pattern))
	must(t, err)
	if len(m) == 0 {
		t.Fatalf("no file %s", pattern)
	}
	b, err := os.ReadFile(m[0])
	must(t, err)
	must(t, os.WriteFile(m[0], change(b), 0o600))
}

func swap(from, to string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(from), []byte(to), 1) }
}

// reseal does what somebody with the key could do after a change: hashes, chain
// and seal are made anew, so that only what the files say of each other is left.
func reseal(t *testing.T, dir string, chain bool) {
	t.Helper()
	src, err := openFolder(dir)
	must(t, err)
	defer src.close()
	hashes := func() []file {
		v := verifier{src: src}
		_, _ = v.manifests() // they do not hold now
		return v.payload
	}
	if chain {
		edit(t, dir, "data/custody.jsonl", func(b []byte) []byte { return rechained(t, b, hashes()) })
	}
	edit(t, dir, "bag-info.txt", func(b []byte) []byte {
		log, err := os.ReadFile(filepath.Join(dir, "data/custody.jsonl"))
		must(t, err)
		size, files := int64(0), hashes()
		for _, f := range files {
			size += f.size
		}
		var out []string
		for l := range strings.Lines(string(b)) {
			switch k, _, _ := strings.Cut(l, ": "); k {
			case "Payload-Oxum":
				l = fmt.Sprintf("Payload-Oxum: %d.%d\n", size, len(files))
			case "Vigil-Custody-Head-SHA256":
				l = "Vigil-Custody-Head-SHA256: " + head(log) + "\n"
			}
			out = append(out, l)
		}
		return []byte(strings.Join(out, ""))
	})
	var z bytes.Buffer
	w := &bag{z: newZip(&z), payload: hashes()}
	for _, n := range []string{"bagit.txt", "bag-info.txt"} {
		b, err := os.ReadFile(filepath.Join(dir, n))
		must(t, err)
		must(t, w.put(n, raw(b)))
	}
	info, err := os.ReadFile(filepath.Join(dir, "bag-info.txt"))
	must(t, err)
	w.tags = nil
	_, err = w.seal(string(info), key())
	must(t, err)
	_, err = w.z.finish()
	must(t, err)
	r, err := zip.NewReader(bytes.NewReader(z.Bytes()), int64(z.Len()))
	must(t, err)
	for _, f := range r.File {
		rc, err := f.Open()
		must(t, err)
		var b bytes.Buffer
		_, err = b.ReadFrom(rc)
		must(t, err)
		if f.Name != "bagit.txt" {
			must(t, os.WriteFile(filepath.Join(dir, f.Name), b.Bytes(), 0o600))
		}
	}
}

// rechained writes the log anew with the hashes that the files have now.
func rechained(t *testing.T, log []byte, files []file) []byte {
	t.Helper()
	now := map[string]string{}
	var rest []file
	for _, f := range files {
		if f.name != "data/custody.jsonl" {
			now[f.name] = f.sha256
			rest = append(rest, f)
		}
	}
	var out bytes.Buffer
	prev := noLine
	for l := range bytes.Lines(log) {
		var e custodyLine
		must(t, json.Unmarshal(l, &e))
		if h, ok := now[e.Object]; ok {
			e.SHA256 = h
		}
		if e.Action == "export" {
			e.SHA256 = listDigest(rest)
		}
		e.Prev = prev
		b, err := json.Marshal(e)
		must(t, err)
		prev = sum(b)
		out.Write(append(b, '\n'))
	}
	return out.Bytes()
}

func TestVerifySaysWhatIsWrong(t *testing.T) {
	lines := func(change func([]string) []string) func([]byte) []byte {
		return func(b []byte) []byte {
			return []byte(strings.Join(change(slices.Collect(strings.Lines(string(b)))), ""))
		}
	}
	type in = func(t *testing.T, dir string)
	change := func(pattern string, f func([]byte) []byte) in {
		return func(t *testing.T, dir string) { edit(t, dir, pattern, f) }
	}
	add := func(name, content string) in {
		return func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		}
	}
	drop := func(pattern string) in {
		return func(t *testing.T, dir string) {
			m, err := filepath.Glob(filepath.Join(dir, pattern))
			must(t, err)
			must(t, os.Remove(m[0]))
		}
	}
	linked := func(t *testing.T, dir string) {
		drop("data/README.txt")(t, dir)
		must(t, os.Symlink("/etc/hostname", filepath.Join(dir, "data/README.txt")))
	}
	keyless := func(t *testing.T, dir string) { // all hashes made anew, the old signature left
		sig, err := os.ReadFile(filepath.Join(dir, signature))
		must(t, err)
		edit(t, dir, "bag-info.txt", swap("Ana", "Eva"))
		reseal(t, dir, true)
		must(t, os.WriteFile(filepath.Join(dir, signature), sig, 0o600))
	}
	reversed := func(l []string) []string { slices.Reverse(l); return l }
	doubled := func(l []string) []string { return append(l, l[0]) }
	shorter := func(l []string) []string { return slices.Delete(l, 2, 3) }
	headless := func(b []byte) []byte { return b[bytes.Index(b[10:], []byte("\x1f\x8b\x08"))+10:] }
	tests := map[string]struct {
		harm   in
		seal   string // none, seal or chain: what is made anew afterwards
		failed []string
		want   string
	}{
		"a word of an ad, by somebody without the key": {
			change("data/ads/*.json", swap("piano", "cello")),
			"none", []string{"manifests", "custody"}, "was changed: it hashes to",
		},
		"a file added": {
			add("data/ads/x.json", "{}"),
			"none", []string{"manifests", "bag-info", "custody", "captures"}, "was added later",
		},
		"a file taken out": {
			drop("data/links.json"),
			"none", []string{"layout", "manifests", "bag-info", "custody"}, "is listed and not there",
		},
		"a tag file that is not under the seal": {
			add("note.txt", "trust me"),
			"none", []string{"layout"}, "does not belong to a packet",
		},
		"a manifest in another order": {
			change("manifest-sha256.txt", lines(reversed)),
			"none", []string{"manifests", "tag-manifests"}, "not in the order",
		},
		"a manifest that lists a file twice": {
			change("manifest-sha512.txt", lines(doubled)),
			"none", []string{"manifests", "tag-manifests"}, "names a file again",
		},
		"another purpose, resealed by nobody": {
			change("bag-info.txt", swap("26-0417", "26-0418")),
			"none", []string{"tag-manifests"}, "bag-info.txt was changed",
		},
		"hashes made anew without the key": {
			keyless,
			"none", []string{"signature"}, "was not sealed with this key",
		},
		"a log line taken out": {
			change("data/custody.jsonl", lines(shorter)),
			"seal", []string{"custody", "captures"}, "a line was taken out or put in",
		},
		"a log line changed": {
			change("data/custody.jsonl", swap("Ana", "Eva")),
			"seal", []string{"custody"}, "does not follow",
		},
		"the log's last line changed": {
			change("data/custody.jsonl", swap(`"Ana Ruiz","action":"export"`, `"Eva Ruiz","action":"export"`)),
			"none", []string{"manifests", "custody"}, "not the one under the seal",
		},
		"the log cut": {
			change("data/custody.jsonl", func(b []byte) []byte { return b[:len(b)-1] }),
			"seal", []string{"custody", "captures"}, "last line of the log is cut",
		},
		"no export": {
			change("data/custody.jsonl", swap(`"export"`, `"report"`)),
			"chain", []string{"custody"}, "does not end with the export",
		},
		"time that goes back": {
			change("data/custody.jsonl", swap("T12:30:00Z", "T11:30:00Z")),
			"chain", []string{"custody"}, "goes back",
		},
		"a log key twice": {
			change("data/custody.jsonl", swap(`{"seq":0,`, `{"seq":0,"SEQ":0,`)),
			"seal", []string{"custody", "captures"}, `key "seq" stands twice`,
		},
		"a file no log line tells of": {
			add("data/extra.txt", "x"),
			"chain", []string{"custody"}, "no line of the log tells of data/extra.txt",
		},
		"an ad that points at another address": {
			change("data/ads/*.json", swap("http://ads.", "http://bds.")),
			"chain", []string{"captures"}, "differs from its capture",
		},
		"an ad with another payload hash": {
			change("data/ads/*.json", swap(`"payload_sha256":"`, `"payload_sha256":"0`)),
			"chain", []string{"captures"}, "differs from its capture",
		},
		"an ad without its capture": {
			change("data/ads/*.json", swap("urn:uuid:", "urn:uuid:0")),
			"chain", []string{"captures"}, "is not in the packet",
		},
		"an ad with a key twice": {
			change("data/ads/*.json", swap(`{"id":`, `{"title":"x","id":`)),
			"chain", []string{"captures"}, "stands twice",
		},
		"an ad without a nonce": {
			change("data/ads/*.json", swap(`"nonce":"`, `"nonce":"","was":"`)),
			"chain", []string{"captures"}, "no nonce",
		},
		"an ad taken out, its capture left": {
			drop("data/ads/*.json"),
			"chain", []string{"captures"}, "belongs to no ad",
		},
		"a WARC file cut": {
			change("data/captures/*.warc.gz", func(b []byte) []byte { return b[:len(b)-20] }),
			"chain", []string{"captures"}, "unexpected EOF",
		},
		"a WARC file with a record less": {
			change("data/captures/*.warc.gz", headless),
			"chain", []string{"captures"}, "does not begin with a warcinfo record",
		},
		"a report that loads something": {
			change("data/report.html", swap("</body>", "<img src=x></body>")),
			"chain", []string{"report"}, "runs or loads something",
		},
		"a report without a policy": {
			change("data/report.html", swap("default-src", "x")),
			"chain", []string{"report"}, "no policy",
		},
		"a link instead of a file": {
			linked,
			"none", []string{"zip-safe"}, "link or a special file",
		},
		"names that differ in case only": {
			add("data/readme.txt", "x"),
			"none", []string{"zip-safe"}, "stands twice",
		},
	}
	good, _ := packed(t, contents(t, 3))
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := unpacked(t, good)
			tt.harm(t, dir)
			if tt.seal != "none" {
				reseal(t, dir, tt.seal == "chain")
			}
			r, err := Verify(dir, pub())
			if !errors.Is(err, errFailed) {
				t.Fatalf("error = %v", err)
			}
			if diff := cmp.Diff(tt.failed, r.Failed()); diff != "" {
				t.Errorf("failed checks (-want +got):\n%s\n%s", diff, r)
			}
			if !strings.Contains(r.String(), tt.want) {
				t.Errorf("%q is not in\n%s", tt.want, r)
			}
		})
	}
	t.Run("a packet resealed unchanged still holds", func(t *testing.T) {
		dir := unpacked(t, good)
		reseal(t, dir, true)
		if r, err := Verify(dir, pub()); err != nil {
			t.Errorf("%v\n%s", err, r)
		}
	})
}
