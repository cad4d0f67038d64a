package export

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"vigil.example/internal/ad"
)

// A csvFile is UTF-8 text by RFC 4180 with a line feed behind each row. Every cell
// of text stands in quotes.
type csvFile struct {
	out   *bufio.Writer
	t     *tally
	about About
	line  []byte
}

func newCSV(w io.Writer, about About, part bool) (*csvFile, error) {
	t := newTally(w)
	f := &csvFile{out: bufio.NewWriterSize(t, 32<<10), t: t, about: about}
	if part {
		return f, nil
	}
	heads := make([]cell, len(columns))
	for i, c := range columns {
		heads[i].text = c.name
	}
	f.line = csvLine(nil, heads)
	_, err := f.out.Write(f.line)
	return f, err
}

func (f *csvFile) Write(d *ad.Document) error {
	f.line = f.line[:0]
	for i, c := range columns {
		f.line = csvCell(f.line, i, c.of(d))
	}
	f.line = append(f.line, '\n')
	f.t.rows++
	_, err := f.out.Write(f.line)
	return err
}

func (f *csvFile) Flush() error { return f.out.Flush() }

func (f *csvFile) End() error {
	if err := f.out.Flush(); err != nil {
		return err
	}
	_, err := f.t.w.Write(csvEnd(f.t.rows, f.t.digest(), f.about))
	return err
}

// csvEnd is the last line. It has as many cells as any.
func csvEnd(rows int, sum string, about About) []byte {
	last := make([]cell, len(columns))
	for i, c := range endCells(rows, sum, about) {
		last[i] = c
	}
	return csvLine(nil, last)
}

// endMark is in the first cell of the last line.
const endMark = "#end"

// endCells are the first cells of the last line.
func endCells(rows int, sum string, about About) []cell {
	return []cell{
		{endMark, false}, {"rows", false}, {strconv.Itoa(rows), true}, {"sha256", false}, {sum, false}, {"query", false}, words(oneLine(about.Query)),
		{"contents", false}, {string(about.Contents), false}, {"authority", false}, words(oneLine(about.Authority)),
	}
}

func csvLine(b []byte, cells []cell) []byte {
	for i, c := range cells {
		b = csvCell(b, i, c)
	}
	return append(b, '\n')
}

func csvCell(b []byte, i int, c cell) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	if c.number || c.text == "" {
		return append(b, c.text...)
	}
	b = append(b, '"')
	for rest := c.text; rest != ""; {
		at := strings.IndexAny(rest, "\"\x00")
		if at < 0 {
			b = append(b, rest...)
			break
		}
		b = append(b, rest[:at]...)
		if rest[at] == '"' {
			b = append(b, `""`...)
		}
		rest = rest[at+1:]
	}
	return append(b, '"')
}
