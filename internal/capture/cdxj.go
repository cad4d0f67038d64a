package capture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
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

// indexLine writes an entry with its sort key and time.
func indexLine(c ad.Capture, e cdx) (string, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("index capture %s: %w", c.ID, err)
	}
	return surt(c.URL) + " " + c.FetchedAt.UTC().Format("20060102150405") + " " + string(b) + "\n", nil
}

// find looks one capture up in an index without reading the lines before it.
func find(index []byte, id string) (cdx, bool, error) {
	i := bytes.Index(index, []byte(`"capture":`+strconv.Quote(id)))
	if i < 0 {
		return cdx{}, false, nil
	}
	l := index[bytes.LastIndexByte(index[:i], '\n')+1:]
	l, _, _ = bytes.Cut(l, []byte("\n"))
	e, err := parseLine(l)
	return e, err == nil, err
}

func parseLine(l []byte) (cdx, error) {
	var e cdx
	p := bytes.SplitN(l, []byte(" "), 3)
	if len(p) != 3 {
		return e, fmt.Errorf("index line %.40q has no key, time and entry", l)
	}
	if err := json.Unmarshal(p[2], &e); err != nil {
		return e, fmt.Errorf("index line %.40q: %w", l, err)
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
