package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/link/weigh"
)

// A linkable is what was read of a file of ads.
type linkable struct {
	keep    bool // the ads themselves
	ads     map[string]weigh.Ad
	lines   map[string]int // where an id was first given
	numbers map[int]bool   // ads whose id is a JSON number
	silent  int            // ads without a text
	undated int            // ads whose time is none, and the first line with one
	first   int
	said    *progress
}

// id is the id of an ad as it was given.
func (in *linkable) id(l *weigh.Linker, i int) any {
	if in.numbers[i] {
		return json.Number(l.ID(i))
	}
	return l.ID(i)
}

// doubts says what of the ads could not be used.
func (in *linkable) doubts(c *Context) {
	if in.silent > 0 {
		_, _ = fmt.Fprintf(c.Stderr, "vigil: %s no title, body or text: only contacts and pictures can link them\n", plural(in.silent, "ad has", "ads have"))
	}
	if in.undated > 0 {
		_, _ = fmt.Fprintf(c.Stderr, "vigil: %s no posted_at that is a time (first on line %d): they are linked as if written in the middle of the others\n", plural(in.undated, "ad has", "ads have"), in.first)
	}
}

// A progress tells a person who waits how far the work is.
type progress struct {
	to   io.Writer
	last time.Time
}

const patient = 5 * time.Second

func (p *progress) now(format string, values ...any) {
	p.last = time.Now()
	_, _ = fmt.Fprintf(p.to, format+"\n", values...)
}

func (p *progress) sometimes(format string, values ...any) {
	if time.Since(p.last) >= patient {
		p.now(format, values...)
	}
}

// A decoded is what became of one line: an ad, or why it is none.
type decoded struct {
	ad       weigh.Ad // with its text only where it is kept
	page     weigh.Page
	line     int
	numbered bool
	silent   bool
	err      error
}

// read hands the ads of a file to a linker, in order. Lines are decoded beside each
// other.
func (in *linkable) read(c *Context, name string, l *weigh.Linker) error {
	f, err := c.openAds(name, formatJSONL, func() error { return nil })
	if err != nil {
		return err
	}
	in.ads, in.lines, in.numbers = map[string]weigh.Ad{}, map[string]int{}, map[int]bool{}
	type batch struct {
		bytes []byte // of the lines, one behind the other
		ends  []int
		lines []int
		done  chan []decoded
	}
	work, order := make(chan batch), make(chan batch, 2*runtime.GOMAXPROCS(0))
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for b := range work {
				out := make([]decoded, len(b.lines))
				from := 0
				for i, end := range b.ends {
					out[i] = decodeAd(b.bytes[from:end], b.lines[i], in.keep)
					from = end
				}
				b.done <- out
			}
		}()
	}
	read := make(chan error, 1)
	go func() {
		defer close(order)
		defer close(work)
		var b batch
		send := func() {
			b.done = make(chan []decoded, 1)
			order <- b
			work <- b
			b = batch{}
		}
		err := f.lines(func(n int, line []byte) error {
			b.bytes = append(b.bytes, line...)
			b.ends, b.lines = append(b.ends, len(b.bytes)), append(b.lines, n)
			if len(b.lines) == 256 || len(b.bytes) > 1<<20 {
				send()
			}
			return nil
		})
		if len(b.lines) > 0 {
			send()
		}
		read <- err
	}()
	for b := range order {
		for _, d := range <-b.done {
			if d.err != nil {
				_ = f.skip(d.line, d.err)
				continue
			}
			in.take(l, f, d)
		}
		in.said.sometimes("read %s", plural(l.Len(), "ad", "ads"))
	}
	in.lines = nil
	return f.ended(<-read)
}

func (in *linkable) take(l *weigh.Linker, f *adFile, d decoded) {
	if before, ok := in.lines[d.ad.ID]; ok {
		_ = f.skip(d.line, fmt.Errorf("gives the id of line %d again", before))
		return
	}
	l.Take(d.page)
	n := l.Len() - 1
	in.lines[l.ID(n)] = d.line
	if d.numbered {
		in.numbers[n] = true
	}
	if d.silent {
		in.silent++
	}
	if d.ad.At.IsZero() {
		if in.undated++; in.undated == 1 {
			in.first = d.line
		}
	}
	if in.keep {
		in.ads[d.ad.ID] = d.ad
	}
}

// A row is a line as it should be, or, of ones and somes, as people write it.
type row[one, some any] struct {
	ID      one  `json:"id"`
	At      one  `json:"posted_at"`
	Site    one  `json:"site"`
	City    one  `json:"city"`
	Title   one  `json:"title"`
	Body    one  `json:"body"`
	Text    one  `json:"text"`
	Phones  some `json:"phones"`
	Emails  some `json:"emails"`
	Handles some `json:"handles"`
	Images  some `json:"image_hashes"`
}

// decodeAd reads one line.
func decodeAd(line []byte, number int, keep bool) decoded {
	d := decoded{line: number}
	var r row[string, []string]
	if json.Unmarshal(line, &r) != nil {
		var x row[one, some]
		if d.err = object(line, &x); d.err != nil {
			return d
		}
		d.numbered = numbered(line, string(x.ID))
		r = row[string, []string]{string(x.ID), string(x.At), string(x.Site), string(x.City), string(x.Title), string(x.Body), string(x.Text), x.Phones, x.Emails, x.Handles, x.Images}
	}
	if r.ID == "" {
		d.err = errors.New("no id")
		return d
	}
	if r.Title+r.Body == "" {
		r.Body = r.Text
	}
	d.silent = r.Title+r.Body == ""
	d.ad = weigh.Ad{ID: r.ID, Site: r.Site, City: r.City, Title: r.Title, Body: r.Body, Emails: given(r.Emails), Handles: given(r.Handles), Images: given(r.Images)}
	d.ad.At, _ = moment(r.At)
	for _, n := range given(r.Phones) {
		d.ad.Phones = append(d.ad.Phones, dialled(n))
	}
	for i, s := range d.ad.Images {
		d.ad.Images[i] = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "0x")
	}
	d.page = weigh.Read(d.ad)
	if !keep {
		d.ad.Title, d.ad.Body = "", ""
	}
	return d
}

// given leaves out of a list what is blank.
func given(list []string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// numbered reports whether an id stands in a line as a JSON number.
func numbered(line []byte, id string) bool {
	if _, err := strconv.ParseFloat(id, 64); err != nil {
		return false
	}
	var raw struct {
		ID json.RawMessage `json:"id"`
	}
	return json.Unmarshal(line, &raw) == nil && len(raw.ID) > 0 && raw.ID[0] != '"'
}

// A one is a string, or a number or a truth value as it is written; null is none.
type one string

func (o *one) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(o))
	case len(b) > 0 && (b[0] == '[' || b[0] == '{'):
		return &json.UnmarshalTypeError{Value: map[byte]string{'[': "array", '{': "object"}[b[0]]}
	case string(b) != "null":
		*o = one(b)
	}
	return nil
}

// A some is a list of strings, or one; what is null is blank.
type some []string

func (s *some) UnmarshalJSON(b []byte) error {
	var list []one
	if len(b) > 0 && b[0] != '[' {
		list = make([]one, 1)
		if err := list[0].UnmarshalJSON(b); err != nil {
			return err
		}
	} else if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*s = nil
	for _, o := range list {
		*s = append(*s, string(o))
	}
	return nil
}

var moments = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02", time.RFC1123Z, time.RFC1123}

// moment reads a time: as people write it for machines, or seconds or milliseconds
// since 1970.
func moment(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, layout := range moments {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	if x, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(x) && math.Abs(x) < 1e14 {
		if math.Abs(x) >= 1e11 {
			x /= 1000
		}
		return time.Unix(int64(x), 0).UTC(), true
	}
	return time.Time{}, false
}

// dialled writes a number without what people put between its digits. One of ten
// digits is North American.
func dialled(s string) string {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()/\u00a0", r) {
			return -1
		}
		return r
	}, s)
	for _, r := range strings.TrimPrefix(digits, "+") {
		if r < '0' || r > '9' {
			return s
		}
	}
	switch {
	case strings.HasPrefix(digits, "00"):
		return "+" + digits[2:]
	case len(digits) == 10 && digits[0] > '1':
		return "+1" + digits
	case len(digits) == 11 && digits[0] == '1':
		return "+" + digits
	}
	return digits
}
