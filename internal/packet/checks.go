package packet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxText is the largest manifest, log or ad file that Verify reads into memory.
const maxText = 256 << 20

// A verifier runs the checks in order; later ones use what earlier ones read.
type verifier struct {
	src     *source
	payload []file // with the hashes that were found, not those that were claimed
	info    map[string]string
	receipt string
	log     []custodyLine
}

func tagFiles() []string {
	return []string{"bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt", sealed, "tagmanifest-sha512.txt", signature}
}

// layout makes sure that each part is there and that no file lies outside data/
// that the seal does not cover.
func (v *verifier) layout() error {
	var errs []error
	for _, f := range append(tagFiles(), "data/README.txt", "data/report.html", "data/custody.jsonl", "data/links.json") {
		if _, ok := v.src.sizes[f]; !ok {
			errs = append(errs, fmt.Errorf("%s is missing", f))
		}
	}
	ads, warcs := 0, 0
	for _, n := range v.src.names {
		switch {
		case strings.HasPrefix(n, "data/ads/") && strings.HasSuffix(n, ".json"):
			ads++
		case strings.HasPrefix(n, "data/captures/") && strings.HasSuffix(n, ".warc.gz"):
			warcs++
		case !strings.HasPrefix(n, "data/") && !slices.Contains(tagFiles(), n):
			errs = append(errs, fmt.Errorf("%s does not belong to a packet", n))
		}
	}
	if ads == 0 || warcs == 0 {
		errs = append(errs, errors.New("no ad or no capture in it"))
	}
	return errors.Join(errs...)
}

// manifests hashes every file of the payload and compares both manifests.
func (v *verifier) manifests() (string, error) {
	for _, n := range v.src.names {
		if !strings.HasPrefix(n, "data/") {
			continue
		}
		f, err := v.hash(n)
		if err != nil {
			return "", err
		}
		v.payload = append(v.payload, f)
	}
	err := errors.Join(
		v.compare("manifest-sha256.txt", v.payload, func(f file) string { return f.sha256 }),
		v.compare("manifest-sha512.txt", v.payload, func(f file) string { return f.sha512 }))
	return fmt.Sprintf("%d files, two hashes each", len(v.payload)), err
}

func (v *verifier) hash(name string) (file, error) {
	r, err := v.src.open(name)
	if err != nil {
		return file{}, fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	a, b := sha256.New(), sha512.New()
	n, err := io.Copy(io.MultiWriter(a, b), r)
	if err != nil {
		return file{}, fmt.Errorf("read %s: %w", name, err)
	}
	return file{name: name, size: n, sha256: hex.EncodeToString(a.Sum(nil)), sha512: hex.EncodeToString(b.Sum(nil))}, nil
}

// compare compares a manifest with what the files hash to. A manifest is written
// in one form, sorted, so it is compared line by line.
func (v *verifier) compare(manifestName string, files []file, digest func(file) string) error {
	b, err := v.src.read(manifestName, maxText)
	if err != nil {
		return err
	}
	want := manifest(files, digest)
	if string(b) == strings.Join(want, "") {
		return nil
	}
	claimed := map[string]string{}
	for l := range strings.Lines(string(b)) {
		h, n, ok := strings.Cut(strings.TrimSuffix(l, "\n"), "  ")
		if _, twice := claimed[n]; !ok || twice {
			return fmt.Errorf("%s: a line is malformed or names a file again", manifestName)
		}
		claimed[n] = h
	}
	var errs []error
	for _, f := range files {
		switch h, ok := claimed[f.name]; {
		case !ok:
			errs = append(errs, fmt.Errorf("%s: %s is not listed: it was added later", manifestName, f.name))
		case h != digest(f):
			errs = append(errs, fmt.Errorf("%s: %s was changed: it hashes to %.12s…, not %.12s…", manifestName, f.name, digest(f), h))
		}
		delete(claimed, f.name)
	}
	for n := range claimed {
		errs = append(errs, fmt.Errorf("%s: %q is listed and not there", manifestName, n))
	}
	if len(errs) == 0 {
		return fmt.Errorf("%s: its lines are not in the order and form that packets have", manifestName)
	}
	return errors.Join(errs[:min(len(errs), 4)]...)
}

func (v *verifier) tagManifests() error {
	var files []file
	for _, n := range []string{"bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt"} {
		f, err := v.hash(n)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	list, err := v.src.read(sealed, maxText)
	if err != nil {
		return err
	}
	v.receipt = sum(list)
	return errors.Join(
		v.compare(sealed, files, func(f file) string { return f.sha256 }),
		v.compare("tagmanifest-sha512.txt", files, func(f file) string { return f.sha512 }))
}

// bag reads bag-info.txt and compares what it says of the packet.
func (v *verifier) bag() (string, error) {
	v.info = map[string]string{}
	b, err := v.src.read("bagit.txt", 1<<10)
	if err != nil {
		return "", err
	}
	if string(b) != bagitTxt {
		return "", errors.New("bagit.txt is not that of a BagIt 1.0 bag in UTF-8")
	}
	if b, err = v.src.read("bag-info.txt", 1<<20); err != nil {
		return "", err
	}
	for l := range strings.Lines(string(b)) {
		k, val, ok := strings.Cut(strings.TrimSuffix(l, "\n"), ": ")
		if _, twice := v.info[k]; !ok || twice {
			return "", errors.New("bag-info.txt: a line is malformed or says a thing again")
		}
		v.info[k] = val
	}
	size := int64(0)
	for _, f := range v.payload {
		size += f.size
	}
	oxum := strconv.FormatInt(size, 10) + "." + strconv.Itoa(len(v.payload))
	id := v.info["External-Identifier"]
	_, terr := time.Parse(time.RFC3339, v.info["Vigil-Created"])
	switch {
	case v.info["Payload-Oxum"] != oxum:
		return "", fmt.Errorf("Payload-Oxum is %q, counted %s", v.info["Payload-Oxum"], oxum)
	case v.info["Vigil-Packet-Kind"] != "full":
		return "", fmt.Errorf("packets of kind %q are not known", v.info["Vigil-Packet-Kind"])
	case !strings.HasPrefix(id, "packet-") || v.src.top != "" && v.src.top != id:
		return "", fmt.Errorf("the packet calls itself %q, its folder %q", id, v.src.top)
	case terr != nil:
		return "", errors.New("bag-info.txt does not say when the packet was made")
	}
	return id + ", made " + v.info["Vigil-Created"], nil
}

// custody follows the chain from the first line to the one under the seal, and
// every file of the payload from the line that names it.
func (v *verifier) custody() (string, error) {
	b, err := v.src.read("data/custody.jsonl", maxText)
	if err != nil {
		return "", err
	}
	if len(b) == 0 || b[len(b)-1] != '\n' {
		return "", errors.New("the last line of the log is cut")
	}
	hashes, rest := map[string]string{}, []file{}
	for _, f := range v.payload {
		if f.name != "data/custody.jsonl" {
			hashes[f.name] = f.sha256
			rest = append(rest, f)
		}
	}
	prev, last, followed := noLine, time.Time{}, map[string]bool{}
	for l := range bytes.Lines(b) {
		l = bytes.TrimSuffix(l, []byte("\n"))
		n := len(v.log)
		var e custodyLine
		if err := strictJSON(l, &e); err != nil {
			return "", fmt.Errorf("line %d: %w", n, err)
		}
		t, terr := time.Parse(time.RFC3339, e.Time)
		switch {
		case e.Seq != n:
			return "", fmt.Errorf("line %d calls itself %d: a line was taken out or put in", n, e.Seq)
		case e.Prev != prev:
			return "", fmt.Errorf("line %d does not follow from the line before it", n)
		case terr != nil || t.Before(last):
			return "", fmt.Errorf("line %d: its time is malformed or goes back", n)
		case e.Actor == "" || e.Action == "":
			return "", fmt.Errorf("line %d does not say who or what", n)
		}
		if h, ok := hashes[e.Object]; ok {
			if h != e.SHA256 {
				return "", fmt.Errorf("line %d: %s has another hash than the log says", n, e.Object)
			}
			followed[e.Object] = true
		}
		v.log = append(v.log, e)
		prev, last = sum(l), t
	}
	end := v.log[len(v.log)-1]
	switch {
	case prev != v.info["Vigil-Custody-Head-SHA256"]:
		return "", errors.New("the last line is not the one under the seal")
	case end.Action != "export" || end.Object != v.info["External-Identifier"] || end.SHA256 != listDigest(rest):
		return "", errors.New("the log does not end with the export of these files")
	}
	for n := range hashes {
		if !followed[n] {
			return "", fmt.Errorf("no line of the log tells of %s", n)
		}
	}
	return fmt.Sprintf("%d lines, %d files followed to the export", len(v.log), len(followed)), nil
}

func (v *verifier) signature(key ed25519.PublicKey) error {
	s, err := v.src.read(signature, 1<<10)
	if err != nil {
		return err
	}
	list, err := v.src.read(sealed, maxText)
	if err != nil {
		return err
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, list, s) {
		return fmt.Errorf("%s was not sealed with this key, or was changed", sealed)
	}
	return nil
}

// active finds what would run or load something in the report.
var active = regexp.MustCompile(`(?i)<(?:script|iframe|object|embed|link|img|svg|form|base)\b|\son\w+\s*=|javascript:|(?:src|href)\s*=\s*["']?(?:https?:)?//|@import|url\(`)

func (v *verifier) report() error {
	b, err := v.src.read("data/report.html", maxText)
	if err != nil {
		return err
	}
	switch {
	case active.Match(b):
		return errors.New("report.html runs or loads something")
	case !bytes.Contains(b, []byte("Content-Security-Policy")) || !bytes.Contains(b, []byte("default-src 'none'")):
		return errors.New("report.html has no policy that forbids loading")
	case !bytes.Contains(b, []byte(strings.TrimPrefix(v.info["External-Identifier"], "packet-"))):
		return errors.New("report.html is that of another packet")
	}
	for _, n := range v.src.names {
		if id, ok := strings.CutPrefix(strings.TrimSuffix(n, ".json"), "data/ads/"); ok && !bytes.Contains(b, []byte(id)) {
			return fmt.Errorf("report.html does not show ad %s", id)
		}
	}
	return nil
}
