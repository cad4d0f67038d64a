package capture

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"vigil.example/internal/ad"
)

// Images and videos are never stored, whoever sent them and wherever they hide:
//   - a body that is one, by its declared type or by its first bytes, is left out;
//   - the base64 content of a data: image or video inside a page is left out, and
//     where the page was chunked or compressed it is stored decoded, because
//     bytes cannot be cut out of a compressed stream.
// Each cut keeps length and SHA-256 of what was there, and the metadata record
// keeps the header lines that had to go and the digest of the response as sent.
// A body that cannot be decoded cannot be searched; it is stored as it came.

// minCut is the shortest base64 content worth cutting. Below it nothing can be
// seen: the smallest GIF has 35 bytes.
const minCut = 16

const fieldsType = "application/warc-fields"

// stored is what becomes of a response: head and body as they go into the block.
type stored struct {
	head    head
	body    []byte
	changed bool
	cuts    []ad.Cut
	gone    []string // header lines taken out
	whole   bool     // the body as a whole was left out
}

func (s stored) block() []byte { return slices.Concat(s.head.bytes(), s.body) }

func withoutImages(h head, body []byte, contentType string) stored {
	plain, err := decode(h, body)
	if err != nil && !isShort(err) {
		plain = nil
	}
	if len(body) > 0 && (isMedia(contentType) || looksMedia(body) || looksMedia(plain)) {
		nh, gone := h.maybeReframed(0)
		return stored{head: nh, changed: true, gone: gone, whole: true,
			cuts: []ad.Cut{{Offset: 0, Length: len(body), SHA256: hexSHA256(body)}}}
	}
	kept, cuts := cutImages(plain)
	if len(cuts) == 0 {
		return stored{head: h, body: body}
	}
	nh, gone := h.maybeReframed(len(kept))
	return stored{head: nh, body: kept, changed: true, cuts: cuts, gone: gone}
}

// maybeReframed is reframed for responses and nothing for plain files.
func (h head) maybeReframed(length int) (head, []string) {
	if len(h.lines) == 0 {
		return h, nil
	}
	return h.reframed(length)
}

// note is the content of the metadata record that says what was left out.
func (s stored) note(wire []byte) []byte {
	var b bytes.Buffer
	what := "images embedded in this page were left out before it was stored"
	if s.whole {
		what = "this body is an image or a video and was left out"
	}
	fmt.Fprintf(&b, "vigil-note: %s\r\nvigil-as-sent: length=%d sha256=%s\r\n", what, len(wire), hexSHA256(wire))
	for _, l := range s.gone {
		fmt.Fprintf(&b, "vigil-header-removed: %s\r\n", strings.TrimSpace(l))
	}
	for _, c := range s.cuts {
		fmt.Fprintf(&b, "vigil-cut: offset=%d length=%d sha256=%s\r\n", c.Offset, c.Length, c.SHA256)
	}
	return b.Bytes()
}

// cutsOf reads the cuts back from a note.
func cutsOf(note []byte) ([]ad.Cut, error) {
	var out []ad.Cut
	for l := range bytes.Lines(note) {
		k, v, _ := strings.Cut(strings.TrimSpace(string(l)), ": ")
		if k != "vigil-cut" {
			continue
		}
		var c ad.Cut
		if _, err := fmt.Sscanf(v, "offset=%d length=%d sha256=%64s", &c.Offset, &c.Length, &c.SHA256); err != nil {
			return nil, fmt.Errorf("metadata record: %q is no cut: %w", v, err)
		}
		out = append(out, c)
	}
	return out, nil
}

func isMedia(contentType string) bool {
	t := strings.ToLower(strings.TrimSpace(contentType))
	return strings.HasPrefix(t, "image/") || strings.HasPrefix(t, "video/")
}

// looksMedia knows the first bytes of the image and video formats that browsers
// show, whatever the server called them.
func looksMedia(b []byte) bool {
	for _, m := range []string{
		"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF8", "RIFF", "II*\x00", "MM\x00*", "\x1aE\xdf\xa3", "FLV\x01",
		"\x00\x00\x01\x00", "\x00\x00\x01\xba", "\x00\x00\x01\xb3", "\xff\x0a", "\x00\x00\x00\x0cJXL ", "OggS",
	} {
		if bytes.HasPrefix(b, []byte(m)) {
			return true
		}
	}
	return len(b) >= 12 && (string(b[4:8]) == "ftyp" || // MP4, AVIF, HEIC
		string(b[:2]) == "BM" && string(b[6:10]) == "\x00\x00\x00\x00")
}

// cutImages takes the content of every base64 data: image and video out of b.
func cutImages(b []byte) ([]byte, []ad.Cut) {
	var out []byte
	var cuts []ad.Cut
	done := 0
	for i := 0; ; {
		n := indexFold(b[i:], "data")
		if n < 0 {
			break
		}
		i += n + len("data")
		start := dataStart(b, i)
		if start < 0 {
			continue
		}
		end := base64End(b, start)
		i = end
		if end-start < minCut {
			continue
		}
		out = append(out, b[done:start]...)
		cuts = append(cuts, ad.Cut{Offset: len(out), Length: end - start, SHA256: hexSHA256(b[start:end])})
		done = end
	}
	if len(cuts) == 0 {
		return b, nil
	}
	return append(out, b[done:]...), cuts
}

// dataStart reads the rest of a data: URI's head, from after the word "data", and
// returns where its base64 content begins, or -1.
func dataStart(b []byte, i int) int {
	if i = mark(b, i, ':'); i < 0 {
		return -1
	}
	switch {
	case foldAt(b, i, "image"), foldAt(b, i, "video"):
		i += len("image")
	default:
		return -1
	}
	if i = mark(b, i, '/'); i < 0 {
		return -1
	}
	for end := min(len(b), i+200); i < end; {
		if n := mark(b, i, ';'); n >= 0 && foldAt(b, n, "base64") {
			if m := mark(b, n+len("base64"), ','); m >= 0 {
				return m
			}
		}
		if c := b[i]; c <= ' ' || c == ',' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '(' || c == ')' {
			return -1
		}
		i++
	}
	return -1
}

// mark reads one punctuation mark, plain or as HTML, JSON, scripts and URLs write
// it, and returns the position after it, or -1.
func mark(b []byte, i int, c byte) int {
	if i < len(b) && b[i] == c {
		return i + 1
	}
	for _, f := range []string{`\%c`, `%%%02x`, `\u%04x`, `\x%02x`, `&#%d;`, `&#x%x;`} {
		if s := fmt.Sprintf(f, c); foldAt(b, i, s) {
			return i + len(s)
		}
	}
	return -1
}

// base64End returns where base64 content that begins at i ends. Lines may be
// wrapped; a line break belongs to the content only after a full line, so that
// words after a short content stay.
func base64End(b []byte, i int) int {
	const fullLine = 60
	run := 0
	for n := skipEscape(b, i); n > i && isSpaceEscape(b[i:n]); n = skipEscape(b, i) {
		i = n
	}
	for i < len(b) {
		c := b[i]
		if isBase64(c) {
			i, run = i+1, run+1
			continue
		}
		n := skipEscape(b, i)
		if n == i {
			break
		}
		if isSpaceEscape(b[i:n]) {
			if b[i-1] == '=' || run < fullLine || n >= len(b) || !isBase64(b[n]) {
				break
			}
			run = 0
		} else {
			run++
		}
		i = n
	}
	return i
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '+' || c == '/' || c == '=' || c == '-' || c == '_'
}

// skipEscape returns the position after one written-out character of base64 or
// one line break, and i when there is neither.
func skipEscape(b []byte, i int) int {
	for _, s := range []string{"\r\n", "\n", "\r", "\t", " ", `\r\n`, `\n`, "%0d%0a", "%0a", "&#10;", "&#xa;"} {
		if foldAt(b, i, s) {
			return i + len(s)
		}
	}
	for _, c := range []byte("/+=") {
		if n := mark(b, i, c); n >= 0 {
			return n
		}
	}
	return i
}

func isSpaceEscape(b []byte) bool {
	s := strings.ToLower(string(b))
	return strings.TrimSpace(s) == "" || strings.HasPrefix(s, `\r`) || s == `\n` || strings.HasPrefix(s, "%0") ||
		s == "&#10;" || s == "&#xa;"
}

func foldAt(b []byte, i int, s string) bool {
	if i < 0 || len(b)-i < len(s) {
		return false
	}
	for k := range len(s) {
		c, d := b[i+k], s[k]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if d >= 'A' && d <= 'Z' {
			d += 'a' - 'A'
		}
		if c != d {
			return false
		}
	}
	return true
}

// indexFold finds the lower-case ASCII word s in b, in any case.
func indexFold(b []byte, s string) int {
	last := s[len(s)-1]
	for i := len(s) - 1; i < len(b); i++ {
		if c := b[i]; (c == last || c == last-('a'-'A')) && foldAt(b, i-len(s)+1, s) {
			return i - len(s) + 1
		}
	}
	return -1
}
