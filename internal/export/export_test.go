package export

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

// doc is a made-up document whose poster wrote a text.
func doc(n int, text string) ad.Document {
	at := time.Date(2026, 3, 1+n%28, 12, 0, 0, 0, time.UTC)
	d := ad.Document{ID: fmt.Sprintf("%032x", n), Cluster: "c000000000000001", FirstSeen: at, LastSeen: at.Add(time.Hour), Sightings: 2, Current: true, Labels: []string{"consenting", "spam"}}
	d.Ad = ad.Ad{
		Listing: ad.Listing{AdID: fmt.Sprintf("%032x", n+1000), Site: "townboard", URL: "https://town.example/" + strconv.Itoa(n), Title: text, Body: text, Location: text, NativeID: text,
			Price: &ad.Price{Amount: "120.50", Currency: "USD"}, Images: []string{"https://town.example/picture.jpg"}},
		Phones:      []ad.Phone{{E164: "+19125550123", Text: text, Confidence: .9}, {E164: "+19125550177", Text: text, Confidence: .2}},
		Identifiers: []ad.Identifier{{Kind: "handle", Value: "telegram:" + text, Confidence: .9}},
		Places:      []ad.Place{{City: "Port Wren", Region: "US-GA", Country: "US", Confidence: .8}},
		Lead:        &ad.Lead{Score: .62, Why: "two of different kinds"},
		Indicators:  []ad.Indicator{{Category: "movement", Sub: "new_in_town", Strength: ad.Moderate}, {Category: "movement", Sub: "new_in_town", Strength: ad.Weak}},
		Side:        &ad.Side{Side: ad.SideSupply, P: .9}, Language: &ad.Language{Tag: "en", P: .9}, Signature: []uint64{1, 2},
	}
	return d
}

// texts are what a poster could write to be taken for something else.
var texts = []string{
	"Piano lessons", "=1+1", "=HYPERLINK(\"http://town.example\")", "+19125550123", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\ufeff=1", "\u202e=1", "＝1", "＋1", "－1", "＠x",
	"a;=1", "a\t=1", `quote "in" it`, `"=1"`, "two\nlines", "two\r\nlines", "comma, and; more", "#end", `{"end":{}}`, "<b>&amp;</b>", "]]>", "_x0041_ and _x005F_", "nul\x00 bell\x07", "bad \xff utf",
	"漢字 e\u0301 🌹", "'=1", "", strings.Repeat("long ", 9000), strings.Repeat("🌹", 20000),
}

var asked = About{Query: "rose OR \n=tulip", Contents: Full, Authority: "order 12/2026"}

func file(t *testing.T, f Format, part bool, docs ...ad.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := New(f, &b, asked, part)
	if err != nil {
		t.Fatal(err)
	}
	for i := range docs {
		if err := w.Write(&docs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func docs() (out []ad.Document) {
	for i, s := range texts {
		out = append(out, doc(i, s))
	}
	return out
}

// Files are public: what programs read of them stays.
func TestFiles(t *testing.T) {
	for _, f := range []Format{CSV, JSONL} {
		got := file(t, f, false, doc(1, "Piano lessons"), doc(2, "=1+1"))
		name := filepath.Join("testdata", "two."+string(f))
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(got), string(want)); diff != "" {
			t.Errorf("%s (UPDATE=1 writes it anew), got and want:\n%s", f, diff)
		}
	}
}

// begins is what a spreadsheet could take for the beginning of a formula.
var begins = regexp.MustCompile("^[ \u00a0\ufeff\u200b\u202e\u0000]*[=+\\-@\t\r\n＝＋－＠]")

func TestNoCellIsAFormula(t *testing.T) {
	c := csv.NewReader(bytes.NewReader(file(t, CSV, false, docs()...)))
	rows, err := c.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, sheet := range append(workbook(t, file(t, XLSX, false, docs()...)), rows) {
		if len(sheet) != len(texts)+2 {
			t.Errorf("%d rows for %d ads", len(sheet), len(texts))
		}
		for n, row := range sheet {
			for i, s := range row {
				if begins.MatchString(s) {
					t.Errorf("row %d, %s: %q", n, columns[i].name, s)
				}
			}
		}
	}
}

// What is behind the apostrophe is what the poster wrote, in either format.
func TestTextIsKept(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(file(t, CSV, false, docs()...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sheet := workbook(t, file(t, XLSX, false, docs()...))[0]
	title := slices.IndexFunc(columns, func(c column) bool { return c.name == "title" })
	for i, s := range texts {
		want := strings.ReplaceAll(strings.ReplaceAll(Safe(s), "\r\n", "\n"), "\x00", "") // as encoding/csv reads it
		if got := rows[i+1][title]; got != strings.ToValidUTF8(want, "\uFFFD") {
			t.Errorf("CSV: %.60q, want %.60q", got, want)
		}
		want = strings.ToValidUTF8(Safe(s), "\uFFFD")
		got := unescaped(sheet[i+1][title])
		if kept, cut := strings.CutSuffix(got, cellCut); cut {
			if len([]rune(want)) < cellSize/2 || !strings.HasPrefix(want, kept) {
				t.Errorf("XLSX: %.60q was cut to %d bytes", s, len(kept))
			}
		} else if got != want {
			t.Errorf("XLSX: %.60q, want %.60q", got, want)
		}
	}
	if got := rows[1][slices.IndexFunc(columns, func(c column) bool { return c.name == "phones" })]; got != "'+19125550123" {
		t.Errorf("numbers: %q", got)
	}
}

// unescaped undoes _xHHHH_.
func unescaped(s string) string {
	return regexp.MustCompile(`_x([0-9A-F]{4})_`).ReplaceAllStringFunc(s, func(x string) string {
		n, _ := strconv.ParseUint(x[2:6], 16, 32)
		return string(rune(n))
	})
}

// workbook reads the sheets of an XLSX file by XML alone.
func workbook(t *testing.T, b []byte) (sheets [][][]string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		var sheet struct {
			Rows []struct {
				N     int `xml:"r,attr"`
				Cells []struct {
					At   string `xml:"r,attr"`
					Text string `xml:"is>t"`
					V    string `xml:"v"`
				} `xml:"c"`
			} `xml:"sheetData>row"`
		}
		if err := xml.Unmarshal(all, &sheet); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if !strings.HasPrefix(f.Name, "xl/worksheets/") {
			continue
		}
		var rows [][]string
		for i, r := range sheet.Rows {
			if r.N != i+1 {
				t.Errorf("row %d is numbered %d", i+1, r.N)
			}
			row := make([]string, len(columns))
			for _, c := range r.Cells {
				col := 0
				for _, x := range strings.TrimRight(c.At, "0123456789") {
					col = col*26 + int(x-'A') + 1
				}
				row[col-1] = c.Text + c.V
			}
			rows = append(rows, row)
		}
		sheets = append(sheets, rows)
	}
	return sheets
}

func TestJSONLinesAreDocuments(t *testing.T) {
	lines := bytes.Split(bytes.TrimSuffix(file(t, JSONL, false, docs()...), []byte("\n")), []byte("\n"))
	if len(lines) != len(texts)+1 {
		t.Fatalf("%d lines for %d ads", len(lines), len(texts))
	}
	for i, d := range docs() {
		var got ad.Document
		if err := json.Unmarshal(lines[i], &got); err != nil {
			t.Fatal(err)
		}
		d.Ad.Images, d.Ad.Signature = nil, nil
		if d.Ad.Title != strings.ToValidUTF8(d.Ad.Title, "\uFFFD") { // JSON holds no other
			continue
		}
		if diff := cmp.Diff(got, d); diff != "" {
			t.Errorf("line %d, got and want:\n%s", i, diff)
		}
	}
}

func opened(b []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

// A file that was cut anywhere is known not to be whole, and goes on from its last
// whole row to the same file.
func TestCutAnywhere(t *testing.T) {
	var of []ad.Document
	for i, s := range []string{"Piano lessons", "=1+1", `quote "in" it`, "two\nlines\n", "#end", `{"end":{}}`} {
		of = append(of, doc(i, s))
	}
	for _, f := range []Format{CSV, JSONL} {
		whole := file(t, f, false, of...)
		if n, err := Check(f, opened(whole)); err != nil || n != len(of) {
			t.Fatalf("%s: %d rows, %v", f, n, err)
		}
		last := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
		for at := range len(whole) {
			p, err := Read(f, bytes.NewReader(whole[:at]))
			if err != nil || p.Done || int(p.Bytes) > at {
				t.Fatalf("%s cut at %d: %+v, %v", f, at, p, err)
			}
			if _, err := Check(f, opened(whole[:at])); !errors.Is(err, ErrNotExport) {
				t.Fatalf("%s cut at %d: %v", f, at, err)
			}
			if p.Rows > 0 && p.Last != of[p.Rows-1].ID {
				t.Fatalf("%s cut at %d: the last of %d rows is %s", f, at, p.Rows, p.Last)
			}
			if at%7 != 0 || p.Bytes == 0 && f == CSV {
				continue
			}
			rest := file(t, f, true, of[p.Rows:]...)
			rest = rest[:bytes.LastIndexByte(rest[:len(rest)-1], '\n')+1]
			again := append(bytes.Clone(whole[:p.Bytes]), rest...)
			end, err := Join(f, len(of), bytes.NewReader(again), asked)
			if err != nil || !bytes.Equal(append(again, end...), whole) {
				t.Fatalf("%s cut at %d does not go on to the same file: %v", f, at, err)
			}
		}
		for _, other := range [][]byte{bytes.Replace(whole, []byte("Piano"), []byte("Organ"), 1), append(bytes.Clone(whole[:last-1]), whole[last:]...), []byte("a,b\n1,2\n"), []byte("no file\n")} {
			if _, err := Check(f, opened(other)); !errors.Is(err, ErrNotExport) {
				t.Errorf("%s, changed: %v", f, err)
			}
		}
	}
}

// An XLSX file that was cut anywhere opens nowhere.
func TestCutWorkbook(t *testing.T) {
	whole := file(t, XLSX, false, docs()[:5]...)
	for at := range len(whole) {
		if _, err := zip.NewReader(bytes.NewReader(whole[:at]), int64(at)); err == nil {
			t.Fatalf("cut at %d of %d it still opens", at, len(whole))
		}
	}
}

// The last row of a workbook has the digest of the sheet before it.
func TestWorkbookTellsItsDigest(t *testing.T) {
	b := file(t, XLSX, false, docs()...)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	before := sheet[:bytes.LastIndexByte(sheet[:len(sheet)-1], '\n')+1]
	end, err := Join(CSV, len(texts), bytes.NewReader(before), About{})
	if err != nil {
		t.Fatal(err)
	}
	rows := workbook(t, b)[0]
	want, err := csv.NewReader(bytes.NewReader(end)).Read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows[len(rows)-1][:5], want[:5]); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
}

func BenchmarkWrite(b *testing.B) {
	d := doc(1, strings.Repeat("Piano lessons in Port Wren, call me. ", 12))
	for _, f := range Formats() {
		b.Run(string(f), func(b *testing.B) {
			w, err := New(f, io.Discard, About{Query: "piano"}, false)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Write(&d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
