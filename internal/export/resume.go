package export

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ErrNotExport says that a file is none that this package wrote, or not whole.
var ErrNotExport = errors.New("not an export as it was written")

// A Part is how far a file that was cut off got.
type Part struct {
	Rows  int
	Bytes int64  // of whole rows, with the heads: what follows is to be cut off
	Last  string // id of the last document
	Done  bool   // the last line is there: the file is whole, as far as that says
}

// Read finds how far the beginning of a CSV or JSONL file got. A row that is not
// whole does not count.
func Read(f Format, r io.Reader) (Part, error) {
	switch f {
	case CSV:
		return readCSV(r)
	case JSONL:
		return readJSONL(r)
	}
	return Part{}, fmt.Errorf("continue an export: a file of the format %s is in one piece", f)
}

func readCSV(r io.Reader) (p Part, err error) {
	in := &lineEnds{r: r}
	c := csv.NewReader(in)
	c.FieldsPerRecord, c.ReuseRecord = len(columns), true
	for n := 0; ; n++ {
		cells, err := c.Read()
		at := c.InputOffset()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return p, nil
		case errors.As(err, &bad) && in.ended: // what was cut off
			return p, nil
		case err != nil:
			return p, fmt.Errorf("row %d: %w: %w", n+1, ErrNotExport, err)
		case in.ended && at == in.n && in.last != '\n': // cut off where a cell may end
			return p, nil
		case n == 0 && cells[idColumn] != columns[idColumn].name:
			return p, fmt.Errorf("its heads: %w", ErrNotExport)
		case n > 0 && cells[0] == endMark:
			p.Done = true
			return p, nil
		}
		if n > 0 {
			p.Rows, p.Last = p.Rows+1, string([]byte(cells[idColumn]))
		}
		p.Bytes = at
	}
}

// lineEnds remembers how much was read, whether that was all, and its last byte.
type lineEnds struct {
	r     io.Reader
	n     int64
	last  byte
	ended bool
}

func (l *lineEnds) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if n > 0 {
		l.n, l.last = l.n+int64(n), b[n-1]
	}
	l.ended = l.ended || err != nil
	return n, err
}

func readJSONL(r io.Reader) (p Part, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // what is left was cut off
			return p, nil
		}
		if err != nil {
			return p, err
		}
		var row struct {
			ID  string `json:"id"`
			End *end   `json:"end"`
		}
		if err := json.Unmarshal(line, &row); err != nil || row.ID == "" && row.End == nil {
			return p, fmt.Errorf("row %d: %w", p.Rows+1, ErrNotExport)
		}
		if row.End != nil {
			p.Done = true
			return p, nil
		}
		p.Rows, p.Last, p.Bytes = p.Rows+1, row.ID, p.Bytes+int64(len(line))
	}
}

// Join is the last line of a CSV or JSONL file that was written in parts: rows is
// how many rows it has, whole what stands before the line.
func Join(f Format, rows int, whole io.Reader, about About) ([]byte, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, whole); err != nil {
		return nil, err
	}
	if f == CSV {
		return csvEnd(rows, hex.EncodeToString(sum.Sum(nil)), about), nil
	}
	return jsonlEnd(rows, hex.EncodeToString(sum.Sum(nil)), about), nil
}

// Check compares a CSV or JSONL file with its last line and returns how many rows
// it has. The error is ErrNotExport when it is not whole, or not as it was written.
func Check(f Format, open func() (io.ReadCloser, error)) (rows int, err error) {
	r, err := open()
	if err != nil {
		return 0, err
	}
	p, err := Read(f, r)
	if err = errors.Join(err, r.Close()); err != nil {
		return 0, err
	}
	if !p.Done {
		return p.Rows, fmt.Errorf("%w: its last line is missing", ErrNotExport)
	}
	if r, err = open(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	sum := sha256.New()
	if _, err := io.CopyN(sum, r, p.Bytes); err != nil {
		return 0, err
	}
	last, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return 0, err
	}
	told, digest, err := lastLine(f, last)
	if err != nil || told != p.Rows || digest != hex.EncodeToString(sum.Sum(nil)) {
		return p.Rows, fmt.Errorf("%w: its last line says otherwise", ErrNotExport)
	}
	return p.Rows, nil
}

// lastLine reads what the last line says.
func lastLine(f Format, b []byte) (rows int, sum string, err error) {
	if f == JSONL {
		var e ended
		if err := json.Unmarshal(b, &e); err != nil || e.End == nil {
			return 0, "", ErrNotExport
		}
		return e.End.Rows, e.End.SHA256, nil
	}
	cells, err := csv.NewReader(bytes.NewReader(b)).Read()
	if err != nil || len(cells) != len(columns) || cells[0] != endMark {
		return 0, "", ErrNotExport
	}
	rows, err = strconv.Atoi(cells[2])
	return rows, cells[4], err
}
