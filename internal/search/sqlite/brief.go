package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"vigil.example/internal/search"
)

// This file keeps, for each block of rows of doc, what a survey counts of its documents:
// the values of their facets, by their number in a table of those that occur, and the day
// they were last seen. So counting a million documents is reading a thousand rows.

const briefSchema = `
-- Values of facets, as search.Traits writes them, that documents have or had.
CREATE TABLE trait (n INTEGER PRIMARY KEY, traits TEXT NOT NULL UNIQUE);
CREATE TABLE brief (
	n    INTEGER PRIMARY KEY, -- doc.n / 1024
	docs BLOB NOT NULL        -- of one document after the other: trait.n, 0 for no document, and the day it was last seen
);
`

// briefed is how many bytes of a brief are of one document: four of trait.n and three of
// the day since 1970, with its sign, the low ones first. A day of these reaches beyond
// the year 20,000, and the documents of a block fit a page.
const briefed = 7

// A brief is what is counted of the documents of a block. It may end before those that
// are not there.
type brief []byte

// of gives what is kept of a document, zeros for one that is not there.
func (k brief) of(doc int64) (trait uint32, day int64) {
	at := int(doc&(1<<blockBits-1)) * briefed
	if at >= len(k) {
		return 0, 0
	}
	low := binary.LittleEndian.Uint32(k[at+briefed-4:]) >> 8
	return binary.LittleEndian.Uint32(k[at:]), int64(int32(low<<8) >> 8)
}

// with is the brief with another trait of a document, unless that is 0, and another day.
func (k brief) with(doc int64, trait uint32, day int64) brief {
	at := int(doc&(1<<blockBits-1)) * briefed
	if more := at + briefed - len(k); more > 0 {
		k = append(k, make([]byte, more)...)
	}
	if trait != 0 {
		binary.LittleEndian.PutUint32(k[at:], trait)
	}
	k[at+4], k[at+5], k[at+6] = byte(day), byte(day>>8), byte(day>>16)
	return k
}

// dayOf is the day of a time in microseconds, both since 1970.
func dayOf(micros int64) int64 {
	const day = 24 * 60 * 60 * 1_000_000
	if micros < 0 {
		return (micros+1)/day - 1
	}
	return micros / day
}

// trait is the number of some values of facets.
func (b *batch) trait(ctx context.Context, traits string) (uint32, error) {
	n, ok := b.traits[traits]
	if ok {
		return n, nil
	}
	err := b.row(ctx, b.st.traitGet, traits).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		var r sql.Result
		if r, err = b.exec(ctx, b.st.traitNew, traits); err != nil {
			return 0, err
		}
		var id int64
		if id, err = r.LastInsertId(); err == nil && id > math.MaxUint32 {
			err = errors.New("there are more combinations of values of facets than can be numbered")
		}
		n = uint32(id)
	}
	if err != nil {
		return 0, err
	}
	if b.traits == nil {
		b.traits = map[string]uint32{}
	}
	b.traits[traits] = n
	return n, nil
}

// note puts into the brief of a document what is counted of it: its trait, 0 for the
// one that it has, and when it was last seen.
func (b *batch) note(ctx context.Context, doc int64, trait uint32, last int64) error {
	n := doc >> blockBits
	k, ok := b.briefs[n]
	if !ok {
		err := b.row(ctx, b.st.briefGet, n).Scan((*[]byte)(&k))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if b.briefs == nil {
			b.briefs = map[int64]brief{}
		}
	}
	b.briefs[n] = k.with(doc, trait, dayOf(last))
	return nil
}

// forget deletes the values of facets that no document has any more.
func (b *batch) forget(ctx context.Context) error {
	has := map[uint32]bool{0: true}
	err := each(ctx, b.tx, func(scan func(...any) error) error {
		var k sql.RawBytes
		if err := scan(&k); err != nil {
			return err
		}
		for i := range int64(len(k) / briefed) {
			n, _ := brief(k).of(i)
			has[n] = true
		}
		return nil
	}, `SELECT docs FROM brief`)
	if err != nil {
		return err
	}
	all, err := numbers(ctx, b.tx, `SELECT n FROM trait`)
	if err != nil {
		return err
	}
	for _, n := range all {
		if has[uint32(n)] {
			continue
		}
		if _, err := b.tx.ExecContext(ctx, `DELETE FROM trait WHERE n = ?`, n); err != nil {
			return err
		}
	}
	return nil
}

// A count is how many documents have which traits and were last seen on which day.
type count struct {
	traits map[uint32]int
	days   map[int64]int
}

// add counts documents, given in ascending order.
func (c *count) add(ctx context.Context, tx *sql.Tx, docs []int64) error {
	const atOnce = 256
	found := 0
	blocks := make([]any, 0, atOnce)
	for from := 0; from < len(docs); from = found {
		blocks = blocks[:0]
		to := from
		for to < len(docs) && len(blocks) < atOnce {
			n := docs[to] >> blockBits
			blocks = append(blocks, n)
			to += before(docs[to:], (n+1)<<blockBits)
		}
		err := each(ctx, tx, func(scan func(...any) error) error {
			var n int64
			var k sql.RawBytes
			if err := scan(&n, &k); err != nil {
				return err
			}
			part := docs[from+before(docs[from:to], n<<blockBits):]
			part = part[:before(part, (n+1)<<blockBits)]
			found += len(part)
			return c.block(brief(k), part)
		}, "SELECT n, docs FROM brief WHERE n IN ("+marks(len(blocks))+")", blocks...)
		if err != nil {
			return err
		}
		if found != to {
			return fmt.Errorf("%w: documents are not counted", search.ErrDamaged)
		}
	}
	return nil
}

// before is how many of the ascending numbers are below one.
func before(docs []int64, n int64) int {
	i, _ := slices.BinarySearch(docs, n)
	return i
}

// block counts documents of one block.
func (c *count) block(k brief, docs []int64) error {
	_, at := k.of(docs[0])
	run := 0 // documents last seen on that day: most were seen with those beside them
	for _, doc := range docs {
		trait, day := k.of(doc)
		if trait == 0 {
			return fmt.Errorf("%w: a document is not counted", search.ErrDamaged)
		}
		c.traits[trait]++
		if day != at {
			c.days[at] += run
			at, run = day, 0
		}
		run++
	}
	c.days[at] += run
	return nil
}

// tell puts what was counted into a tally.
func (c *count) tell(ctx context.Context, tx *sql.Tx, t *search.Tally) error {
	for day, n := range c.days {
		t.AddDay(day, n)
	}
	for some := range slices.Chunk(slices.Collect(maps.Keys(c.traits)), 256) {
		keys := make([]any, len(some))
		for i, n := range some {
			keys[i] = n
		}
		missing := len(some)
		err := each(ctx, tx, func(scan func(...any) error) error {
			var n uint32
			var traits string
			if err := scan(&n, &traits); err != nil {
				return err
			}
			missing--
			t.Add(traits, c.traits[n])
			return nil
		}, "SELECT n, traits FROM trait WHERE n IN ("+marks(len(keys))+")", keys...)
		if err != nil {
			return err
		}
		if missing > 0 {
			return fmt.Errorf("%w: values of facets are missing", search.ErrDamaged)
		}
	}
	return nil
}

// list reads the numbers, from 0, of one column of many rows, in one string of SQLite's: a row for
// each takes half as long again.
func list(ctx context.Context, tx *sql.Tx, column, from string, args ...any) ([]int64, error) {
	var all sql.NullString
	if err := tx.QueryRowContext(ctx, "SELECT group_concat("+column+") FROM "+from, args...).Scan(&all); err != nil || !all.Valid {
		return nil, err
	}
	ns := make([]int64, 1, strings.Count(all.String, ",")+1)
	for _, c := range []byte(all.String) {
		if c == ',' {
			ns = append(ns, 0)
		} else {
			ns[len(ns)-1] = ns[len(ns)-1]*10 + int64(c-'0')
		}
	}
	return ns, nil
}
