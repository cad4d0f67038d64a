package export

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"vigil.example/internal/ad"
)

// Bounds of a workbook: Excel opens no sheet with more than 1,048,576 rows and no
// cell with more than 32,767 characters.
const (
	sheetRows = 1_000_000
	cellSize  = 32_000
	cellCut   = " […cut here; CSV and JSONL have the whole]"
)

// An xlsxFile is a workbook (ECMA-376) with one sheet, and further ones where rows
// do not fit. Its parts are written one behind the other, so nothing waits in
// memory or on disk. Text is written into the cells themselves.
type xlsxFile struct {
	zip    *zip.Writer
	out    *bufio.Writer // of the sheet
	t      *tally        // of all sheets
	about  About
	sheets int
	row    int // of the sheet
	line   []byte
}

func newXLSX(w io.Writer, about About) (*xlsxFile, error) {
	f := &xlsxFile{zip: zip.NewWriter(w), t: newTally(nil), about: about}
	f.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	return f, f.begin()
}

// begin begins a sheet.
func (f *xlsxFile) begin() error {
	f.sheets++
	part, err := f.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", f.sheets))
	if err != nil {
		return err
	}
	f.t.w, f.row = part, 0
	f.out = bufio.NewWriterSize(f.t, 32<<10)
	_, err = f.out.WriteString(xmlHead + `<worksheet xmlns="` + mainNS + `"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>` + "\n")
	if err != nil {
		return err
	}
	f.line = f.line[:0]
	f.open()
	for i, c := range columns {
		f.cell(i, cell{c.name, false})
	}
	return f.close()
}

func (f *xlsxFile) Write(d *ad.Document) error {
	if f.row >= sheetRows {
		f.line = append(f.line[:0], sheetEnd...)
		if err := f.put(); err != nil {
			return err
		}
		if err := f.out.Flush(); err != nil {
			return err
		}
		if err := f.begin(); err != nil {
			return err
		}
	}
	f.line = f.line[:0]
	f.open()
	for i, c := range columns {
		f.cell(i, c.of(d))
	}
	f.t.rows++
	return f.close()
}

// Flush does what it can: what is being compressed stays.
func (f *xlsxFile) Flush() error {
	if err := f.out.Flush(); err != nil {
		return err
	}
	return f.zip.Flush()
}

func (f *xlsxFile) End() error {
	if err := f.out.Flush(); err != nil {
		return err
	}
	last := endCells(f.t.rows, f.t.digest(), f.about)
	f.line = f.line[:0]
	f.open()
	for i, c := range last {
		f.cell(i, c)
	}
	f.line = append(append(f.line, "</row>"...), sheetEnd...)
	if err := f.put(); err != nil {
		return err
	}
	if err := f.out.Flush(); err != nil {
		return err
	}
	for _, p := range f.parts() {
		w, err := f.zip.Create(p.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, p.text); err != nil {
			return err
		}
	}
	return f.zip.Close()
}

const (
	xmlHead  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainNS   = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relNS    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packNS   = "http://schemas.openxmlformats.org/package/2006/"
	typeNS   = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	sheetEnd = "</sheetData></worksheet>\n"
)

// A part is a file of the workbook beside its sheets.
type part struct{ name, text string }

// parts say what the sheets are.
func (f *xlsxFile) parts() []part {
	var sheets, rels, types strings.Builder
	for i := 1; i <= f.sheets; i++ {
		name := "ads"
		if i > 1 {
			name += " " + strconv.Itoa(i)
		}
		fmt.Fprintf(&sheets, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, name, i, i)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i, relNS, i)
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%sworksheet+xml"/>`, i, typeNS)
	}
	return []part{
		{"xl/workbook.xml", xmlHead + `<workbook xmlns="` + mainNS + `" xmlns:r="` + relNS + `"><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", xmlHead + `<Relationships xmlns="` + packNS + `relationships">` + rels.String() + `</Relationships>`},
		{"_rels/.rels", xmlHead + `<Relationships xmlns="` + packNS + `relationships"><Relationship Id="rId1" Type="` + relNS + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"[Content_Types].xml", xmlHead + `<Types xmlns="` + packNS + `content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="` + typeNS + `sheet.main+xml"/>` + types.String() + `</Types>`},
	}
}

// open begins a row in the line.
func (f *xlsxFile) open() {
	f.row++
	f.line = append(f.line, `<row r="`...)
	f.line = append(strconv.AppendInt(f.line, int64(f.row), 10), `">`...)
}

func (f *xlsxFile) close() error {
	f.line = append(f.line, "</row>\n"...)
	return f.put()
}

func (f *xlsxFile) put() error {
	_, err := f.out.Write(f.line)
	return err
}

func (f *xlsxFile) cell(i int, c cell) {
	if c.text == "" {
		return
	}
	f.line = append(f.line, `<c r="`...)
	if i >= 26 {
		f.line = append(f.line, 'A'+byte(i/26-1))
	}
	f.line = append(f.line, 'A'+byte(i%26))
	f.line = strconv.AppendInt(f.line, int64(f.row), 10)
	if c.number {
		f.line = append(append(append(f.line, `"><v>`...), c.text...), "</v></c>"...)
		return
	}
	f.line = append(f.line, `" t="inlineStr"><is><t xml:space="preserve">`...)
	f.line = xmlText(f.line, c.text)
	f.line = append(f.line, "</t></is></c>"...)
}

// xmlText appends a text as a cell has it: what XML cannot hold is written as
// _xHHHH_, and what looks like that already with its underscore so.
func xmlText(b []byte, s string) []byte {
	n := 0 // UTF-16 code units, by which Excel counts
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if n++; r > 0xffff {
			n++
		}
		if n > cellSize {
			return append(b, cellCut...)
		}
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '_' && escapes(s[i:]):
			b = append(b, "_x005F_"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xfffe, r == 0xffff:
			b = fmt.Appendf(b, "_x%04X_", r)
		case r == utf8.RuneError && size == 1:
			b = append(b, "\uFFFD"...)
		default:
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return b
}

// escapes reports whether s begins as a character written _xHHHH_.
func escapes(s string) bool {
	if len(s) < 7 || s[1] != 'x' && s[1] != 'X' || s[6] != '_' {
		return false
	}
	return strings.Trim(s[2:6], "0123456789abcdefABCDEF") == ""
}
