package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// columns is how wide output for people may be.
const columns = 80

// A printing command can print JSON.
type printing struct {
	JSON bool `help:"Print JSON." name:"json"`
}

func (c *Context) printf(format string, args ...any) { _, _ = fmt.Fprintf(c.Stdout, format, args...) }

// value prints one JSON value.
func (c *Context) value(v any) error {
	e := json.NewEncoder(c.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return written(e.Encode(v))
}

// lines prints a list as JSON, one value a line.
func lines[T any](c *Context, list []T) error {
	e := json.NewEncoder(c.Stdout)
	e.SetEscapeHTML(false)
	for _, v := range list {
		if err := e.Encode(v); err != nil {
			return written(err)
		}
	}
	return nil
}

func written(err error) error {
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// clean makes a text one line that a terminal only shows: whoever wrote an ad
// could have put there what moves the cursor or turns the writing round.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// wide is how many columns a terminal gives a character.
func wide(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case width.LookupRune(r).Kind() == width.EastAsianWide, width.LookupRune(r).Kind() == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func widthOf(s string) (n int) {
	for _, r := range s {
		n += wide(r)
	}
	return n
}

// head is what of a text fits into n columns.
func head(s string, n int) string {
	for i, r := range s {
		if n -= wide(r); n < 0 {
			return s[:i]
		}
	}
	return s
}

// cut shortens a text to n columns, visibly.
func cut(s string, n int) string {
	if widthOf(s) <= n {
		return s
	}
	return head(s, n-1) + "…"
}

// wrapped breaks a text into lines of at most n columns, at spaces where it can;
// its own line breaks stay. n is 2 at least, the widest of characters.
func wrapped(s string, n int) []string {
	var out []string
	for p := range strings.Lines(s) {
		line := ""
		for w := range strings.FieldsSeq(clean(p)) {
			for widthOf(w) > n {
				if line != "" {
					out, line = append(out, line), ""
				}
				fits := head(w, n)
				out, w = append(out, fits), w[len(fits):]
			}
			if line != "" && widthOf(line)+1+widthOf(w) > n {
				out, line = append(out, line), ""
			}
			line = strings.TrimPrefix(line+" "+w, " ")
		}
		out = append(out, line)
	}
	return out
}

// A table is rows under heads. The flex column gives way when it is too wide.
type table struct {
	heads []string
	right []bool // columns of numbers
	flex  int
	rows  [][]string
	notes map[int][]string // lines below a row, by its index
}

func (t *table) row(cells ...string) {
	for i := range cells {
		cells[i] = clean(cells[i])
	}
	t.rows = append(t.rows, cells)
}

// note puts a line below the last row.
func (t *table) note(s string) {
	if t.notes == nil {
		t.notes = map[int][]string{}
	}
	t.notes[len(t.rows)-1] = append(t.notes[len(t.rows)-1], clean(s))
}

// print prints the table on 80 columns.
func (t *table) print(w io.Writer) {
	wid := make([]int, len(t.heads))
	sum := 2 * (len(t.heads) - 1)
	for i, h := range t.heads {
		wid[i] = widthOf(h)
		for _, r := range t.rows {
			wid[i] = max(wid[i], widthOf(r[i]))
		}
		sum += wid[i]
	}
	if sum > columns {
		wid[t.flex] = max(wid[t.flex]-(sum-columns), min(8, wid[t.flex]))
	}
	line := func(cells []string) {
		var b strings.Builder
		for i, s := range cells {
			s = cut(s, wid[i])
			pad := strings.Repeat(" ", wid[i]-widthOf(s))
			if i < len(t.right) && t.right[i] {
				s = pad + s
			} else {
				s += pad
			}
			if i > 0 {
				b.WriteString("  ")
			}
			b.WriteString(s)
		}
		_, _ = fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
	line(t.heads)
	for i, r := range t.rows {
		line(r)
		for _, n := range t.notes[i] {
			_, _ = fmt.Fprintln(w, "  "+n)
		}
	}
}

// minute and day write times for people, in UTC like everything Vigil stores.
func minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04") + " UTC"
}

// clock is minute for a column whose head names the zone.
func clock(t time.Time) string { return strings.TrimSuffix(minute(t), " UTC") }

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02")
}

// plural counts things in words.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
