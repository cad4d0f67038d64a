package capture

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const page = "<!doctype html><title>Piano</title><p>Upright piano, call 912-555-0123</p>"

// picture stands for an image: base64 of bytes that are none.
var picture = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("not really a picture"), 20))

func exchange(response string) Exchange {
	return Exchange{
		URL: "http://ads.example.test/ad/1?q=a%20b", Request: []byte("GET /ad/1?q=a%20b HTTP/1.1\r\nHost: ads.example.test\r\n\r\n"),
		Response: []byte(response), FetchedAt: noon.Add(600 * time.Millisecond), IP: "127.0.0.1", Site: "townboard",
		Via: ad.ViaCrawl, Visit: 3, Depth: 2,
	}
}

func response(body string, headers ...string) string {
	return "HTTP/1.1 200 OK\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n" + body
}

func gzipped(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func deflated(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func inChunks(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 20 {
		c := s[i:min(len(s), i+20)]
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(c), c)
	}
	return b.String() + "0\r\n\r\n"
}

func TestRecordThenOpen(t *testing.T) {
	withPicture := strings.Replace(page, "<p>", `<img src="data:image/png;base64,`+picture+`"><p>`, 1)
	cutPage := strings.Replace(page, "<p>", `<img src="data:image/png;base64,"><p>`, 1)
	cut := []ad.Cut{{Offset: strings.Index(cutPage, `"><p>`), Length: len(picture), SHA256: hexSHA256([]byte(picture))}}
	html := "Content-Type: text/html; charset=utf-8"
	tests := map[string]struct {
		response string
		body     string
		kept     string // the stored block; the response when empty
		cuts     []ad.Cut
		short    string
	}{
		"a plain page is kept byte for byte":        {response: response(page, html), body: page},
		"bare line feeds are kept":                  {response: "HTTP/1.0 404 Not Found\nServer: x\n\n" + page, body: page},
		"an empty body":                             {response: response("", html), body: ""},
		"chunks are kept on disk and removed":       {response: response(inChunks(page), "Transfer-Encoding: chunked"), body: page},
		"gzip is kept on disk and removed":          {response: response(gzipped(t, page), "Content-Encoding: gzip"), body: page},
		"deflate is kept on disk and removed":       {response: response(deflated(t, page), "Content-Encoding: deflate"), body: page},
		"gzip in chunks":                            {response: response(inChunks(gzipped(t, page)), "Content-Encoding: gzip", "Transfer-Encoding: chunked"), body: page},
		"an empty body that claims to be gzip":      {response: response("", "Content-Encoding: gzip"), body: ""},
		"chunks that end too early are marked":      {response: response("14\r\n<!doctype html><titl", "Transfer-Encoding: chunked"), body: "<!doctype html><titl", short: "disconnect"},
		"a body shorter than announced is marked":   {response: response("<p>", "Content-Length: 99"), body: "<p>", short: "disconnect"},
		"line ends of both kinds are kept":          {response: "HTTP/1.1 200 OK\r\nA: b\nC: d\r\r\n\n" + page, body: page},
		"an early hint is kept and passed over":     {response: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response(page, html), body: page},
		"a header folded over two lines":            {response: response(page, "X-A: one", "  two"), body: page},
		"an image in a page is cut":                 {response: response(withPicture, html, fmt.Sprintf("Content-Length: %d", len(withPicture))), body: cutPage, kept: response(cutPage, html, fmt.Sprintf("Content-Length: %d", len(cutPage))), cuts: cut},
		"an image in a gzip page is cut, decoded":   {response: response(gzipped(t, withPicture), "Content-Encoding: gzip", html), body: cutPage, kept: response(cutPage, html, fmt.Sprintf("Content-Length: %d", len(cutPage))), cuts: cut},
		"an image in a chunked page is cut":         {response: response(inChunks(withPicture), "Transfer-Encoding: chunked", html), body: cutPage, kept: response(cutPage, html, fmt.Sprintf("Content-Length: %d", len(cutPage))), cuts: cut},
		"a body declared an image is not stored":    {response: response(picture, "Content-Type: image/jpeg"), body: "", kept: response("", "Content-Type: image/jpeg", "Content-Length: 0"), cuts: []ad.Cut{{Length: len(picture), SHA256: hexSHA256([]byte(picture))}}},
		"a body that begins like a JPEG is not":     {response: response("\xff\xd8\xff"+picture, html), body: "", kept: response("", html, "Content-Length: 0"), cuts: []ad.Cut{{Length: len(picture) + 3, SHA256: hexSHA256([]byte("\xff\xd8\xff" + picture))}}},
		"a compressed body that begins like a GIF":  {response: response(deflated(t, "GIF89a"+picture), "Content-Encoding: deflate"), body: "", kept: response("", "Content-Length: 0"), cuts: []ad.Cut{{Length: len(deflated(t, "GIF89a"+picture)), SHA256: hexSHA256([]byte(deflated(t, "GIF89a"+picture)))}}},
		"words that begin like a bitmap are a page": {response: response("BMW for sale", "Content-Type: text/plain"), body: "BMW for sale"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x := exchange(tt.response)
			c, b, err := Record(x)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Open(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c, p.Capture); diff != "" {
				t.Errorf("capture opened differs from the one recorded (-recorded +opened):\n%s", diff)
			}
			if got := string(p.Body); got != tt.body {
				t.Errorf("body = %q, want %q", got, tt.body)
			}
			if diff := cmp.Diff(tt.cuts, c.Cuts); diff != "" {
				t.Errorf("cuts (-want +got):\n%s", diff)
			}
			if c.Truncated != tt.short {
				t.Errorf("truncated = %q, want %q", c.Truncated, tt.short)
			}
			if c.Status != http.StatusOK && c.Status != http.StatusNotFound {
				t.Errorf("status = %d", c.Status)
			}
			if tt.kept == "" {
				tt.kept = tt.response
			}
			for m, err := range Members(bytes.NewReader(b)) {
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]string{"response": tt.kept, "request": string(x.Request)}[m.Type()]
				if want != "" && string(m.Block) != want {
					t.Errorf("%s block = %q, want %q", m.Type(), m.Block, want)
				}
			}
		})
	}
}

func TestRecordIsDeterministic(t *testing.T) {
	_, a, err := Record(exchange(response(page)))
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := Record(exchange(response(page)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the same exchange gave different bytes")
	}
}

func TestRecordOfAFileWithoutHead(t *testing.T) {
	x := Exchange{URL: "file:///saved/page%20one.html", Response: []byte(page), FetchedAt: noon, Via: ad.ViaImport, Site: "saved",
		File: "page one\n.html", Operator: "Ana Ruiz", ContentType: "text/html; charset=utf-8"}
	c, b, err := Record(x)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Open(b)
	if err != nil {
		t.Fatal(err)
	}
	want := Page{URL: x.URL, RecordID: ad.RecordID(c.ID, "resource"), Date: noon, Status: 200,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte(page), Capture: c}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	if c.File != x.File || c.Operator != x.Operator || c.PayloadSHA256 != hexSHA256([]byte(page)) {
		t.Errorf("capture = %+v", c)
	}
}

func TestRecordRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*Exchange)
		want   string
	}{
		"no address":                   {func(x *Exchange) { x.URL = "" }, "not absolute"},
		"an address with a line break": {func(x *Exchange) { x.URL += "\r\nX: y" }, "cannot be parsed"},
		"an address with a space":      {func(x *Exchange) { x.URL += "#a b" }, "holds spaces"},
		"no time":                      {func(x *Exchange) { x.FetchedAt = time.Time{} }, "fetch time is missing"},
		"no response":                  {func(x *Exchange) { x.Response = nil }, "the response is empty"},
		"a response without a head":    {func(x *Exchange) { x.Response = []byte(page) }, "no HTTP head"},
		"a response that is too large": {func(x *Exchange) { x.Response = make([]byte, MaxBlock+1) }, "more than"},
		"a reason with a line break":   {func(x *Exchange) { x.Truncated = "time\r\nX: y" }, "break the record's header"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x := exchange(response(page))
			tt.change(&x)
			if _, _, err := Record(x); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	record := func(response string) []byte {
		_, b, err := Record(exchange(response))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := record(response(page))
	bomb := gzipped(t, strings.Repeat("a", MaxBody+1))
	swap := func(b []byte, from, to string) []byte { // inside the gzip members
		var out bytes.Buffer
		for m, err := range Members(bytes.NewReader(b)) {
			if err != nil {
				t.Fatal(err)
			}
			r, err := gzip.NewReader(bytes.NewReader(b[m.Offset:]))
			if err != nil {
				t.Fatal(err)
			}
			r.Multistream(false)
			var plain bytes.Buffer
			if _, err := plain.ReadFrom(r); err != nil {
				t.Fatal(err)
			}
			out.WriteString(gzipped(t, strings.Replace(plain.String(), from, to, 1)))
		}
		return out.Bytes()
	}
	tests := map[string]struct {
		in      []byte
		want    string
		changed bool
	}{
		"nothing":                            {nil, "no response in it", false},
		"something else":                     {[]byte("<html>"), "no gzip member begins here", false},
		"a file cut in the first record":     {good[:100], "unexpected EOF", false},
		"a file cut in the last record":      {good[:len(good)-3], "unexpected EOF", false},
		"a page changed in the block":        {swap(good, "912-555-0123", "912-555-0124"), "stored bytes hash to", true},
		"an address changed in the header":   {swap(good, "ad/1?q", "ad/2?q"), "does not follow", true},
		"a date changed in the header":       {swap(good, "2026-11-20", "2026-11-19"), "does not follow", true},
		"a length that lies":                 {swap(good, "Content-Length: ", "Content-Length: 9"), "block", false},
		"a digest taken out":                 {swap(good, "WARC-Block-Digest", "X-Block-Digest"), "no SHA-256", false},
		"two captures in one":                {append(bytes.Clone(good), good...), "two responses", false},
		"an unknown encoding":                {record(response(page, "Content-Encoding: br")), `unknown encoding`, false},
		"a page that is not gzip as it says": {record(response(page, "Content-Encoding: gzip")), "decode gzip", false},
		"chunks that are none":               {record(response("zz\r\nabc", "Transfer-Encoding: chunked")), "not chunked", false},
		"a bomb":                             {record(response(bomb, "Content-Encoding: gzip")), "more than 16777216 bytes", false},
		"a bomb in a bomb":                   {record(response(page, "Content-Encoding: gzip, gzip, gzip, gzip")), "lie on one another", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Open(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error = %v, want %q in it", err, tt.want)
			}
			if errors.Is(err, ErrDigest) != tt.changed {
				t.Errorf("error %v: is ErrDigest = %v, want %v", err, !tt.changed, tt.changed)
			}
		})
	}
}
