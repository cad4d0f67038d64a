package capture

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"vigil.example/internal/ad"
)

// A cdx is one line of a CDXJ index: where a capture lies in its WARC file. The
// first fields are those that replay tools read; length is that of the response
// alone, as they expect, while the vigil fields speak of all records of the capture.
type cdx struct {
	URL      string `json:"url"`
	MIME     string `json:"mime"`
	Status   string `json:"status"`
	Digest   string `json:"digest"`
	Length   string `json:"length"`
	Offset   string `json:"offset"`
	Filename string `json:"filename"`
	RecordID string `json:"record"`

	Capture string `json:"capture"`
	Seq     uint64 `json:"seq"`
	From    int64  `json:"vigil_offset"` // of all records of the capture
	Bytes   int64  `json:"vigil_length"` // of all records of the capture
	SHA256  string `json:"vigil_sha256"` // of all records of the capture, compressed
}

// A keyed is an entry with the sort key and time that stand before it.
type keyed struct {
	cdx
	key string
}

// indexLine writes an entry with its sort key and time.
func indexLine(c ad.Capture, e cdx) (string, error) {
	return keyed{e, surt(c.URL) + " " + c.FetchedAt.UTC().Format("20060102150405")}.line()
}

func (k keyed) line() (string, error) {
	b, err := json.Marshal(k.cdx)
	if err != nil {
		return "", fmt.Errorf("index capture %s: %w", k.Capture, err)
	}
	return k.key + " " + string(b) + "\n", nil
}

// keysOf reads an index into the order of its file.
func keysOf(index []byte) ([]keyed, error) {
	var out []keyed
	for l := range bytes.Lines(index) {
		e, err := parseLine(bytes.TrimSuffix(l, []byte("\n")))
		if err != nil {
			return nil, err
		}
		key, _, _ := bytes.Cut(l, []byte(" {"))
		out = append(out, keyed{e, string(key)})
	}
	slices.SortFunc(out, func(x, y keyed) int { return cmp.Compare(x.From, y.From) })
	return out, nil
}

func parseLine(l []byte) (cdx, error) {
	var e cdx
	p := bytes.SplitN(l, []byte(" "), 3)
	if len(p) != 3 {
		return e, errors.New("a line of the index has no key, time and entry")
	}
	if err := json.Unmarshal(p[2], &e); err != nil {
		return e, errors.New("the entry of a line of the index cannot be read")
	}
	return e, nil
}

// surt is the sort-friendly form of a URL that CDX indexes are ordered by: host
// labels reversed, lower case, without www, default port, trailing slash and
// fragment, the query sorted.
func surt(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return strings.ReplaceAll(strings.ToLower(raw), " ", "%20")
	}
	host := strings.ToLower(u.Hostname())
	if first, rest, ok := strings.Cut(host, "."); ok && strings.HasPrefix(first, "www") && strings.Trim(first[3:], "0123456789") == "" {
		host = rest
	}
	labels := strings.Split(host, ".")
	if !strings.ContainsRune(host, ':') && strings.Trim(host, "0123456789.") != "" { // addresses are not reversed
		slices.Reverse(labels)
		host = strings.Join(labels, ",")
	}
	if p := u.Port(); p != "" && !(u.Scheme == "http" && p == "80") && !(u.Scheme == "https" && p == "443") {
		host += ":" + p
	}
	path := u.EscapedPath()
	if path = strings.TrimRight(path, "/"); path == "" {
		path = "/"
	}
	out := host + ")" + path
	if u.RawQuery != "" {
		q := strings.Split(u.RawQuery, "&")
		slices.Sort(q)
		out += "?" + strings.Join(q, "&")
	}
	return strings.ReplaceAll(strings.ToLower(out), " ", "%20")
}
