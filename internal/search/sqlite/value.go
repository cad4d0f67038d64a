package sqlite

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/text"
)

// key is an id as it is stored: 16 bytes for one of ad's ids, else the text.
func key(id string) any {
	if len(id) == 32 && strings.ToLower(id) == id {
		if b, err := hex.DecodeString(id); err == nil {
			return b
		}
	}
	return id
}

// idOf turns a stored key back to the id.
func idOf(key any) string {
	switch k := key.(type) {
	case []byte:
		return hex.EncodeToString(k)
	case string:
		return k
	}
	return ""
}

// micros is a time as it is stored.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// boundary stands between texts that share a column, so that no phrase crosses
// from one to the other. It is neither letter nor digit, so no token equals it.
const boundary = " ¦ "

// A row is what FTS5 is given of one ad: tokens with spaces between them. A token is
// letters and digits, so nothing in it means anything to FTS5.
type row struct{ title, body, location, rest, exact string }

func newRow(a *ad.Ad) row {
	var r row
	for _, t := range query.Texts(a) {
		switch tokens := text.Spaced(t.Text); t.Field {
		case "title":
			r.title = tokens
		case "body":
			r.body = tokens
		case "location":
			r.location = tokens
		default:
			r.rest += boundary + tokens
		}
	}
	var b strings.Builder
	for _, v := range query.Exact(a) { // each asked for by itself, so nothing need part them
		b.WriteByte(' ')
		b.WriteString(exact(v))
		if v.Kind == "phone" {
			b.WriteByte(' ')
			b.WriteString(exact(ad.Value{Kind: backwards, Value: reversed(v.Value)}))
		}
	}
	r.exact = b.String()
	return r
}

// backwards is the kind of a number read from its end: the numbers that end alike
// stand side by side in the index.
const backwards = "enohp"

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// exact makes one token of a value, so that numbers and the like are found by the
// same index as words. Whatever the tokenizer would split at or fold is written
// as a private-use character, and so is a mark in front: no word equals it.
func exact(v ad.Value) string {
	var b strings.Builder
	for _, part := range []string{v.Kind, v.Value} {
		b.WriteRune(0xE100)
		for _, r := range part {
			switch {
			case r < 0x80 && (r < '0' || r > '9') && (r < 'a' || r > 'z'):
				r += 0xE000
			case r >= 0xE000 && r <= 0xE101:
				b.WriteRune(0xE101)
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// wordy reports whether a term of the index is a word of a text.
func wordy(term string) bool {
	return !strings.HasPrefix(term, "\uE100") && term != strings.TrimSpace(boundary)
}

// fail says what was being done with which file. Of an error of SQLite it keeps
// the code alone, because the message may quote the query.
func (x *Index) fail(doing string, err error) error {
	const rebuild = "it holds nothing that the streams do not; remove the file and it is rebuilt"
	var e *sqlite.Error
	if errors.As(err, &e) && x.file != nil {
		if moved := x.present(); moved != nil { // that is why
			err, e = moved, nil
		}
	}
	switch {
	case errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB || e.Code() == sqlite3.SQLITE_IOERR_SHORT_READ):
		err = fmt.Errorf("%w: %s", search.ErrDamaged, rebuild)
	case errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_INTERRUPT:
		err = context.Canceled
	case errors.As(err, &e):
		err = fmt.Errorf("sqlite: %s", sqlite.ErrorCodeString[e.Code()])
		if sqlite.ErrorCodeString[e.Code()] == "" {
			err = fmt.Errorf("sqlite: error %d", e.Code())
		}
	case errors.Is(err, search.ErrDamaged), errors.Is(err, search.ErrVersion):
		err = fmt.Errorf("%w: %s", err, rebuild)
	}
	return fmt.Errorf("%s index %s: %w", doing, x.path, err)
}
