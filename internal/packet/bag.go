package packet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The signature covers tagmanifest-sha256.txt, not the manifest: that way
// bag-info.txt, with the custody head and the identifier, is under the seal too.

const (
	sealed    = "tagmanifest-sha256.txt"
	signature = "signatures/tagmanifest-sha256.txt.sig"
	bagitTxt  = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
)

// A file is one member of the packet and its hashes.
type file struct {
	name           string // below the top folder
	size           int64
	crc            uint32
	sha256, sha512 string
}

// A bag is a packet being written.
type bag struct {
	z       *zipWriter
	top     string
	payload []file
	tags    []file
}

func raw(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// put adds a member. The content is made twice, first to hash it, then to write
// it: sizes and CRC stand before the content in a ZIP file, and nothing larger
// than one ad is held in memory.
func (b *bag) put(name string, content func(io.Writer) error) error {
	c, s256, s512, n := crc32.NewIEEE(), sha256.New(), sha512.New(), &size{}
	if err := content(io.MultiWriter(c, s256, s512, n)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	f := file{name, n.n, c.Sum32(), hex.EncodeToString(s256.Sum(nil)), hex.EncodeToString(s512.Sum(nil))}
	if err := b.z.add(b.top+name, f.crc, f.size, content); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if strings.HasPrefix(name, "data/") {
		b.payload = append(b.payload, f)
	} else {
		b.tags = append(b.tags, f)
	}
	return nil
}

type size struct{ n int64 }

func (s *size) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	return len(p), nil
}

// manifest returns the lines of a manifest, sorted by file.
func manifest(files []file, digest func(file) string) []string {
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b file) int { return strings.Compare(a.name, b.name) })
	lines := make([]string, len(sorted))
	for i, f := range sorted {
		lines[i] = digest(f) + "  " + f.name + "\n"
	}
	return lines
}

// seal writes the tag files, the manifests and the signature, and returns the
// SHA-256 of what was signed.
func (b *bag) seal(info string, key ed25519.PrivateKey) (string, error) {
	in256 := func(f file) string { return f.sha256 }
	in512 := func(f file) string { return f.sha512 }
	join := func(files []file, d func(file) string) []byte { return []byte(strings.Join(manifest(files, d), "")) }
	type member struct {
		name    string
		content []byte
	}
	for _, m := range []member{
		{"bagit.txt", []byte(bagitTxt)}, {"bag-info.txt", []byte(info)},
		{"manifest-sha256.txt", join(b.payload, in256)}, {"manifest-sha512.txt", join(b.payload, in512)},
	} {
		if err := b.put(m.name, raw(m.content)); err != nil {
			return "", err
		}
	}
	list := join(b.tags, in256)
	for _, m := range []member{
		{"tagmanifest-sha512.txt", join(b.tags, in512)}, {sealed, list}, {signature, ed25519.Sign(key, list)},
	} {
		if err := b.put(m.name, raw(m.content)); err != nil {
			return "", err
		}
	}
	return sum(list), nil
}

// bagInfo is the content of bag-info.txt.
func bagInfo(c Contents, s Summary, key ed25519.PrivateKey) string {
	var b bytes.Buffer
	for _, f := range [][2]string{
		{"Source-Organization", c.Agency},
		{"External-Identifier", s.Name},
		{"External-Description", c.Title},
		{"Contact-Name", c.By},
		{"Bagging-Date", c.Created.Format(time.DateOnly)},
		{"Bag-Software-Agent", "Vigil"},
		{"Payload-Oxum", strconv.FormatInt(s.Bytes, 10) + "." + strconv.Itoa(s.Files)},
		{"Vigil-Packet-Kind", "full"},
		{"Vigil-Created", c.Created.Format(time.RFC3339)},
		{"Vigil-Purpose", c.Purpose},
		{"Vigil-Cluster", c.Cluster},
		{"Vigil-Custody-Head-SHA256", s.CustodyHead},
		{"Vigil-Signer-Key-SHA256", Fingerprint(key.Public().(ed25519.PublicKey))},
	} {
		if v := oneLine(f[1]); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", f[0], v)
		}
	}
	return b.String()
}

// oneLine keeps a value on its line, for readers too that end lines at other
// characters than the line feed (Python's do at U+2028).
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == 0x2028 || r == 0x2029 }), " ")
}

// Fingerprint is the SHA-256 of a public key in its PKIX form: what two people
// compare over the telephone.
func Fingerprint(k ed25519.PublicKey) string {
	b, err := x509.MarshalPKIXPublicKey(k)
	if err != nil { // an Ed25519 key always has that form
		panic(err)
	}
	return sum(b)
}
