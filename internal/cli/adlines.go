package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxLine bounds a line of input, and a record of CSV, which may have several.
const maxLine = 16 << 20

// The formats of a file of ads.
const (
	formatAuto  = "auto"
	formatText  = "text"
	formatJSONL = "jsonl"
	formatCSV   = "csv"
)

// An adLine is one ad of a file.
type adLine struct {
	id   json.RawMessage // a JSON string or number
	text string
}

// An adFile reads ads one after the other, in memory that does not grow with the
// file. What cannot be read is reported with its line and passed over.
type adFile struct {
	name   string
	format string
	src    io.ReadCloser
	in     *bufio.Reader
	stderr io.Writer
	ads    int
	bad    int
}

// perAd is the flags of a command that reads a file of ads and prints a line, or
// some for people, on each.
type perAd struct {
	File   string `arg:"" optional:"" help:"File of ads; - or nothing is the standard input."`
	Format string `help:"Format of the file: ${enum}. auto takes .csv for CSV, .jsonl or a first line that is a JSON object for JSONL, and all else for text." enum:"auto,text,jsonl,csv" default:"auto"`
}

// answers prints what answer makes of every ad, in order: a value is a line of JSON,
// a string stands as it is. answer is called by many goroutines at once.
func (p perAd) answers(c *Context, answer func(adLine) any) error {
	o := answersInOrder(c.Stdout, answer)
	f, err := c.openAds(p.File, p.Format, o.flush)
	if err != nil {
		return o.end(err)
	}
	return o.end(f.each(o.add))
}

// openAds opens a file, or the standard input for "" and "-". idle is called
// before every wait for more input.
func (c *Context) openAds(name, format string, idle func() error) (*adFile, error) {
	f := &adFile{name: name, format: format, src: io.NopCloser(c.Stdin), stderr: c.Stderr}
	if name == "" || name == "-" {
		f.name = "standard input"
	} else {
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fail(codeNotFound, "", fmt.Errorf("read ads: there is no file %s", name))
		}
		if err != nil {
			return nil, fmt.Errorf("read ads: %w", err)
		}
		f.src = file
	}
	if f.format == formatAuto {
		switch strings.ToLower(filepath.Ext(name)) {
		case ".csv":
			f.format = formatCSV
		case ".jsonl", ".ndjson":
			f.format = formatJSONL
		}
	}
	f.in = bufio.NewReaderSize(&source{ctx: c.Ctx, r: f.src, idle: idle}, 64<<10)
	if b, _ := f.in.Peek(3); bytes.Equal(b, []byte("\ufeff")) {
		_, _ = f.in.Discard(3)
	}
	return f, nil
}

// each calls take with every ad in order.
func (f *adFile) each(take func(adLine) error) error {
	if f.format == formatCSV {
		return f.ended(f.records(take))
	}
	return f.ended(f.lines(func(n int, line []byte) error {
		a := adLine{id: lineID(n)}
		if f.format == formatText {
			a.text = string(line)
			return take(a)
		}
		var row struct {
			ID   json.RawMessage `json:"id"`
			Text *string         `json:"text"`
		}
		if err := object(line, &row); err != nil {
			return f.skip(n, err)
		}
		if row.Text == nil {
			return f.skip(n, errors.New("no text"))
		}
		if row.ID != nil {
			a.id = row.ID
		}
		switch c := a.id[0]; {
		case string(a.id) == "null":
			a.id = lineID(n)
		case c != '"' && c != '-' && (c < '0' || c > '9'):
			return f.skip(n, errors.New("the id is no string and no number"))
		}
		a.text = *row.Text
		return take(a)
	}))
}

// object decodes a JSON object and says what is wrong without saying what is in
// it.
func object(line []byte, into any) error {
	err := json.Unmarshal(line, into)
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if t.Field == "" {
			return fmt.Errorf("a JSON %s, not an object", t.Value)
		}
		return fmt.Errorf("%s is of JSON type %s", t.Field, t.Value)
	}
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("no JSON from byte %d on", s.Offset)
	}
	return err
}

func lineID(n int) json.RawMessage { return json.RawMessage(strconv.Quote(strconv.Itoa(n))) }

// skip reports what cannot be read.
func (f *adFile) skip(line int, why error) error {
	f.bad++
	_, _ = fmt.Fprintf(f.stderr, "vigil: read %s: line %d: %s\n", clean(f.name), line, clean(why.Error()))
	return nil
}

// ended closes the file and says how the reading went as a whole.
func (f *adFile) ended(err error) error {
	_ = f.src.Close()
	if err == nil && f.bad > 0 {
		return fmt.Errorf("read %s: %d of %s could not be read", f.name, f.bad, plural(f.ads, "ad", "ads"))
	}
	return err
}

// lines calls take with every line that is not blank, without its end. The first
// one decides the format where nothing else has.
func (f *adFile) lines(take func(n int, line []byte) error) error {
	var long []byte
	for n := 1; ; n++ {
		line, err := f.in.ReadSlice('\n')
		for long = long[:0]; errors.Is(err, bufio.ErrBufferFull); line, err = f.in.ReadSlice('\n') {
			if len(long) <= maxLine {
				long = append(long, line...)
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: line %d: %w", f.name, n, err)
		}
		last := err != nil
		if len(long) > 0 {
			long = append(long, line...)
			line = long
		}
		if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) > 0 {
			if f.format == formatAuto {
				f.format = sniffed(line)
			}
			f.ads++
			if len(line) > maxLine {
				err = f.skip(n, fmt.Errorf("longer than %d MiB", maxLine>>20))
			} else {
				err = take(n, line)
			}
			if err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// sniffed tells JSONL from text by its first line, also when that is damaged.
func sniffed(line []byte) string {
	line = bytes.TrimSpace(line)
	if line[0] == '{' {
		if rest := bytes.TrimSpace(line[1:]); len(rest) > 0 && (rest[0] == '"' || rest[0] == '}') {
			return formatJSONL
		}
	}
	return formatText
}

// records reads CSV whose header names the columns id and text.
func (f *adFile) records(take func(adLine) error) error {
	l := &leash{r: f.in}
	r := csv.NewReader(l)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: header: %w", f.name, err)
	}
	id, text := -1, -1
	for i, h := range head {
		switch strings.ToLower(strings.TrimSpace(h)) {
		case "id":
			id = i
		case "text":
			text = i
		}
	}
	if text < 0 {
		return fmt.Errorf("read %s: line 1: the header names no column text, but %s", f.name, strings.Join(head, ", "))
	}
	for {
		l.left = maxLine
		row, err := r.Read()
		var p *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &p):
			f.ads++
			err = f.skip(p.Line, p.Err)
		case err != nil:
			line, _ := r.FieldPos(0)
			return fmt.Errorf("read %s: in the record after line %d: %w", f.name, line, err)
		default:
			f.ads++
			line, _ := r.FieldPos(0)
			a := adLine{id: lineID(line)}
			if text >= len(row) {
				err = f.skip(line, fmt.Errorf("%s, but text is column %d", plural(len(row), "column", "columns"), text+1))
				break
			}
			if id >= 0 && id < len(row) && row[id] != "" {
				if a.id, err = json.Marshal(row[id]); err != nil {
					return err
				}
			}
			a.text = row[text]
			err = take(a)
		}
		if err != nil {
			return err
		}
	}
}

// A leash ends reading when one record takes too much: a quote that nobody closes
// would make one record of all that follows.
type leash struct {
	r    io.Reader
	left int
}

func (l *leash) Read(b []byte) (int, error) {
	if l.left < 0 {
		return 0, fmt.Errorf("longer than %d MiB; a quote may be left open", maxLine>>20)
	}
	n, err := l.r.Read(b)
	l.left -= n
	return n, err
}

// A source reads for a person who may lose patience: idle has what was written so
// far come out before every wait, and the end of ctx ends the wait.
type source struct {
	ctx  context.Context
	r    io.Reader
	idle func() error
}

type answer struct {
	n   int
	err error
}

func (s *source) Read(b []byte) (int, error) {
	if err := s.idle(); err != nil {
		return 0, err
	}
	// Nothing ends a read of a terminal or a pipe. When the person presses Ctrl-C, this one
	// is left behind, and the program ends.
	done := make(chan answer, 1)
	go func() {
		n, err := s.r.Read(b)
		done <- answer{n, err}
	}()
	select {
	case a := <-done:
		return a.n, a.err
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
}
