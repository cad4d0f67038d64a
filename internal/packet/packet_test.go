package packet

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// key is the same in every run, so that packets are.
func key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

func pub() ed25519.PublicKey { return key().Public().(ed25519.PublicKey) }

// contents makes a cluster of n ads that share a number. Its words are chosen to
// look like markup, script and links to whoever reads the report as text.
func contents(t testing.TB, n int) Contents {
	t.Helper()
	c := Contents{ID: "c0ffee", Title: "Pianos\nand <b>more</b>\u2028", Created: noon.Add(time.Hour), By: "Ana Ruiz",
		Purpose: "case 26-0417", Agency: "Sample County", Cluster: "c0123"}
	for i := range n {
		body := "Upright piano <script>alert(1)</script> online=1 javascript:x url(y) href=//z. Call 912-555-0123 \u202eor\u202c write."
		if i%5 == 4 {
			body += " Also @import 'a'."
		}
		page := fmt.Sprintf("<!doctype html><title>Piano %d</title><p>%s</p>", i, body)
		x := capture.Exchange{
			URL: fmt.Sprintf("http://ads.example.test/ad/%d?x=1&y=2", i), FetchedAt: noon.Add(time.Duration(i) * time.Second), IP: "127.0.0.1",
			Site: "townboard", Request: []byte("GET / HTTP/1.1\r\nHost: ads.example.test\r\n\r\n"),
			Response: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page),
		}
		switch i {
		case 1: // chunked, with a picture in it
			x.Response = []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<html\r\n1\r\n>\r\n0\r\n\r\n")
		case 2:
			x.Response = []byte("HTTP/1.1 200 OK\r\n\r\n<img src='data:image/png;base64," + strings.Repeat("AbCd", 20) + "'>")
		case 3: // a saved file
			x.Request, x.Response, x.Via, x.File, x.Operator, x.IP = nil, []byte(page), ad.ViaImport, "saved page.html", "Ana Ruiz", ""
		}
		p, records, err := capture.Record(x)
		if err != nil {
			t.Fatal(err)
		}
		l := ad.Listing{CaptureID: p.ID, URL: x.URL, Site: "townboard", NativeID: fmt.Sprint(i), Title: fmt.Sprintf("Piano %d & co", i), Body: body,
			SeenAt: p.FetchedAt, Price: &ad.Price{Amount: "120", Currency: "USD", Text: "$120"}, Contacts: []ad.Contact{{Kind: "phone", Value: "912-555-0123"}}}
		l.Seal()
		at := len([]rune(body[:strings.Index(body, "912")]))
		a := ad.Ad{Listing: l, EnrichedBy: "1@abc", Phones: []ad.Phone{{E164: "+19125550123", Text: "912-555-0123", Method: "separated", Confidence: .97,
			Span: ad.Span{Field: "body", Start: at, End: at + 12}, Reasons: []string{"three groups"}}}}
		c.Ads = append(c.Ads, Item{Doc: ad.Document{ID: ad.DocumentID(l.AdID, l.ContentSHA256), Ad: a, Cluster: "c0123", FirstSeen: p.FetchedAt,
			LastSeen: p.FetchedAt, Sightings: 1, Current: true}, Capture: p, Records: records,
			Sightings: []Sighting{{"later", p.FetchedAt.Add(50 * time.Minute)}, {p.ID, p.FetchedAt}}[i%2:]})
		if i > 0 {
			c.Edges = append(c.Edges, ad.Edge{A: c.Ads[i-1].Doc.Ad.AdID, B: l.AdID, Value: ad.Value{Kind: "phone", Value: "+19125550123"}, Weight: 9.5,
				Reason: "both give the number +19125550123"})
		}
	}
	c.Held = []ad.Hub{{Value: ad.Value{Kind: "handle", Value: "townchat:support"}, Carriers: 240, Owners: 118.6, Held: true}}
	c.Custody = []Event{{Time: noon.Add(30 * time.Minute), Actor: "Ana Ruiz", Action: "search", Object: "case 26-0417", Note: "opened the cluster"}}
	return c
}

func packed(t testing.TB, c Contents) ([]byte, Summary) {
	t.Helper()
	var b bytes.Buffer
	s, err := Write(&b, c, key())
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), s
}

// saved writes bytes where Verify can open them.
func saved(t testing.TB, b []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "packet.zip")
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func unpacked(t testing.TB, b []byte) string {
	t.Helper()
	dir := t.TempDir()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	m, err := filepath.Glob(filepath.Join(dir, "packet-*"))
	if err != nil || len(m) != 1 {
		t.Fatalf("top folders: %v, %v", m, err)
	}
	return m[0]
}

func member(t testing.TB, b []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("packet-c0ffee/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	out, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWriteThenVerify(t *testing.T) {
	b, s := packed(t, contents(t, 6))
	if s.Name != "packet-c0ffee" || s.Ads != 6 || s.Captures != 6 || s.Files != 11 || s.Size != int64(len(b)) || s.SHA256 != sum(b) {
		t.Errorf("summary = %+v", s)
	}
	for name, path := range map[string]string{"zip": saved(t, b), "folder": unpacked(t, b)} {
		t.Run(name, func(t *testing.T) {
			r, err := Verify(path, pub())
			if err != nil {
				t.Fatalf("%v\n%s", err, r)
			}
			if r.Name != s.Name || r.Receipt != s.Receipt || r.Signer != Fingerprint(pub()) || len(r.Checks) != 9 {
				t.Errorf("report = %+v", r)
			}
			if _, err := Verify(path, nil); !errors.Is(err, ErrUnchecked) {
				t.Errorf("without a key: %v, want %v", err, ErrUnchecked)
			}
			other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
			r, err = Verify(path, other)
			if diff := cmp.Diff([]string{"signature"}, r.Failed()); err == nil || diff != "" {
				t.Errorf("with another key: %v, failed (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	a, _ := packed(t, contents(t, 4))
	b, _ := packed(t, contents(t, 4))
	if !bytes.Equal(a, b) {
		t.Error("equal contents gave different packets")
	}
}

func TestAdFile(t *testing.T) {
	c := contents(t, 1)
	c.Nonce = func(string) string { return strings.Repeat("0a", 32) }
	b, _ := packed(t, c)
	var got map[string]any
	if err := json.Unmarshal(member(t, b, "data/ads/"+c.Ads[0].Doc.Ad.AdID+".json"), &got); err != nil {
		t.Fatal(err)
	}
	p := c.Ads[0].Capture
	for k, want := range map[string]any{"url": p.URL, "captured_at": "2026-11-20T12:00:00Z", "nonce": strings.Repeat("0a", 32),
		"title": "Piano 0 & co", "version_id": c.Ads[0].Doc.Ad.VersionID} {
		if got[k] != want {
			t.Errorf("%s = %v, want %v", k, got[k], want)
		}
	}
	want := map[string]any{"id": p.ID, "warc": "captures/vigil-00001.warc.gz", "record_id": p.RecordID,
		"payload_sha256": p.PayloadSHA256, "block_sha256": p.BlockSHA256, "status": 200.0}
	if diff := cmp.Diff(want, got["capture"]); diff != "" {
		t.Errorf("capture (-want +got):\n%s", diff)
	}
}

func TestNoncesDependOnPacketAdAndKey(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{"a", "b"} {
		for _, k := range []ed25519.PrivateKey{key(), ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))} {
			f, err := nonces(id, k)
			if err != nil {
				t.Fatal(err)
			}
			for _, ad := range []string{"1", "2"} {
				if n := f(ad); len(n) != 64 || seen[n] {
					t.Errorf("nonce %q is short or stood before", n)
				} else {
					seen[n] = true
				}
			}
		}
	}
}

func TestTwoVersionsOfAnAdAndTwoAdsOfACapture(t *testing.T) {
	c := contents(t, 1)
	second, third := c.Ads[0], c.Ads[0]
	second.Doc.Ad.Body = "Upright piano, sold"
	second.Doc.Ad.Seal()
	second.Doc.Ad.Phones = nil
	third.Doc.Ad.NativeID = "77"
	third.Doc.Ad.Seal()
	c.Ads = append(c.Ads, second, third)
	b, s := packed(t, c)
	if s.Captures != 1 || s.Ads != 3 {
		t.Errorf("summary = %+v", s)
	}
	if r, err := Verify(saved(t, b), pub()); err != nil {
		t.Errorf("%v\n%s", err, r)
	}
	if got := member(t, b, "data/ads/"+second.Doc.Ad.AdID+"-"+second.Doc.Ad.VersionID+".json"); !bytes.Contains(got, []byte("sold")) {
		t.Errorf("second version = %s", got)
	}
}

func TestCustodyTellsTheWholeWay(t *testing.T) {
	b, s := packed(t, contents(t, 1))
	log := member(t, b, "data/custody.jsonl")
	var got []string
	for l := range bytes.Lines(log) {
		var e custodyLine
		if err := json.Unmarshal(l, &e); err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Time[11:]+" "+e.Actor+" "+e.Action+" "+regexp.MustCompile(`[0-9a-f]{12,}.*`).ReplaceAllString(e.Object, "…"))
	}
	want := []string{
		"12:00:00Z vigil crawl capture <urn:uuid:" + strings.TrimPrefix(contents(t, 1).Ads[0].Capture.RecordID, "<urn:uuid:"),
		"12:00:00Z vigil 1@abc extract ad version …",
		"12:30:00Z Ana Ruiz search case 26-0417",
		"13:00:00Z vigil assemble data/captures/vigil-00001.warc.gz",
		"13:00:00Z vigil assemble data/ads/…",
		"13:00:00Z vigil assemble data/links.json",
		"13:00:00Z vigil assemble data/report.html",
		"13:00:00Z vigil assemble data/README.txt",
		"13:00:00Z Ana Ruiz export packet-c0ffee",
	}
	want[0] = regexp.MustCompile(`[0-9a-f]{12,}.*`).ReplaceAllString(want[0], "…")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if head(log) != s.CustodyHead {
		t.Errorf("head = %s, want %s", head(log), s.CustodyHead)
	}
}

// Where a person decided otherwise than the program reads, ad file and report say
// so, with what the program reads and by which decision.
func TestCorrectedAd(t *testing.T) {
	c := contents(t, 1)
	a := &c.Ads[0].Doc.Ad
	a.Corrected = []ad.Correction{{Decision: "3f9c2a7be01d44c8a6f20c9e5b71d3aa", Text: "912-555-0123", Instead: a.Phones}}
	a.Phones = nil
	b, _ := packed(t, c)
	var got struct{ Corrected []ad.Correction }
	if err := json.Unmarshal(member(t, b, "data/ads/"+a.AdID+".json"), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.Corrected, a.Corrected); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	page := string(member(t, b, "data/report.html"))
	for _, want := range []string{"is no number, as an analyst decided", "decision <code>3f9c2a7be01d44c8a6f20c9e5b71d3aa</code>", "by itself the program reads +19125550123 there"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
}

func TestReport(t *testing.T) {
	c := contents(t, 3)
	b, _ := packed(t, c)
	page := string(member(t, b, "data/report.html"))
	for _, want := range []string{"c0ffee", "language found", "person in an ad", "<mark>912-555-0123</mark>", "ad 1 and ad 2", "both give the number",
		weightMeans, "Held back", "townchat&#58;support", "given by 240 ads of about 119 unlike posters, so it links nothing",
		"seen 2 times from 2026-11-20 12:00:00 UTC to 2026-11-20 12:50:00 UTC; this packet holds the capture that first showed it",
		"seen once, at 2026-11-20 12:00:01 UTC; this packet holds the capture that first showed it",
		"default-src 'none'", "prefers-color-scheme:dark", "@media print", c.Ads[2].Doc.Ad.AdID, "1 embedded image left out"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.ContainsRune(page, '\u202e') {
		t.Error("an ad can turn the direction of writing")
	}
	// The search of other people's checkers for what runs or loads.
	bad := regexp.MustCompile(`(?i)<script|<iframe|<object|\son\w+\s*=|javascript:|(?:src|href)\s*=\s*["']?(?:https?:)?//|@import|url\(`)
	if m := bad.FindString(page); m != "" {
		t.Errorf("the page holds %q", m)
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("the page holds a value its template refused")
	}
}

func TestWriteRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*Contents)
		want   string
	}{
		"an id that is no file name":       {func(c *Contents) { c.ID = "../x" }, "the id must be"},
		"no ads":                           {func(c *Contents) { c.Ads = nil }, "no ad in it"},
		"no purpose":                       {func(c *Contents) { c.Purpose = " " }, "purpose must be said"},
		"no time":                          {func(c *Contents) { c.Created = time.Time{} }, "time of creation"},
		"a packet older than its captures": {func(c *Contents) { c.Created = noon.Add(-time.Hour) }, "dated after the packet; check the clocks"},
		"an event after the packet":        {func(c *Contents) { c.Custody[0].Time = noon.Add(2 * time.Hour) }, "dated after the packet; check the clocks"},
		"an event without an actor":        {func(c *Contents) { c.Custody[0].Actor = "" }, "does not say who or what"},
		"an ad version twice":              {func(c *Contents) { c.Ads = append(c.Ads, c.Ads[0], c.Ads[0]) }, "is in it twice"},
		"the records of another capture":   {func(c *Contents) { c.Ads[0].Records = c.Ads[1].Records }, "its record is not among the given bytes"},
		"another capture":                  {func(c *Contents) { c.Ads[0].Capture = c.Ads[1].Capture }, "it was read from capture"},
		"records that were changed":        {func(c *Contents) { c.Ads[0].Records = bytes.Clone(c.Ads[0].Records); c.Ads[0].Records[200] ^= 1 }, "WARC record"},
		"a short nonce":                    {func(c *Contents) { c.Nonce = func(string) string { return "1" } }, "shorter than 32"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := contents(t, 2)
			tt.change(&c)
			if _, err := Write(io.Discard, c, key()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := Write(io.Discard, contents(t, 1), nil); err == nil || !strings.Contains(err.Error(), "no signing key") {
		t.Errorf("without a key: %v", err)
	}
}
