// Package export writes documents to a file in an open format, one row each, as
// they come: what one asked for, whole, in constant memory. Behind the last row
// stands a line with the number of rows and the SHA-256 of everything before that
// line: a file without it is not whole. Spreadsheets get cells that they cannot
// take for formulas. Links to pictures are never written.
package export

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"vigil.example/internal/ad"
)

// A Format is how a file of documents is written.
type Format string

// The formats. JSONL has documents as they are; CSV and XLSX have a row of cells
// for each.
const (
	CSV   Format = "csv"
	JSONL Format = "jsonl"
	XLSX  Format = "xlsx"
)

// Formats lists the formats.
func Formats() []Format { return []Format{CSV, JSONL, XLSX} }

// Known reports whether f is one of Formats.
func (f Format) Known() bool { return slices.Contains(Formats(), f) }

// Resumable reports whether the beginning of a file can be continued: the rest
// goes behind it. An XLSX file is one archive.
func (f Format) Resumable() bool { return f != XLSX }

// MediaType is how HTTP names the format.
func (f Format) MediaType() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8"
	case JSONL:
		return "application/x-ndjson"
	}
	return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
}

// A File is being written. Nothing but End makes it whole.
type File interface {
	// Write appends one document.
	Write(d *ad.Document) error
	// End writes what stands behind the rows: the last line, with the number of
	// rows, the digest and what the file is about.
	End() error
	// Flush hands on what was written so far.
	Flush() error
}

// An About is what the last line says of a file beside its rows and their digest.
type About struct {
	Query     string // that the documents answer; a redacted file leaves it out
	Contents  Contents
	Authority string // of a full file: by whose decision it was made
}

// New begins a file. A part is what goes behind the beginning of another file: it
// has no heads of columns.
func New(f Format, w io.Writer, about About, part bool) (File, error) {
	switch f {
	case CSV:
		return newCSV(w, about, part)
	case JSONL:
		return newJSONL(w, about), nil
	case XLSX:
		return newXLSX(w, about)
	}
	return nil, fmt.Errorf("export as %q: the formats are csv, jsonl and xlsx", f)
}

// A tally hands on what is written and remembers its digest.
type tally struct {
	w    io.Writer
	sum  hash.Hash
	rows int
}

func newTally(w io.Writer) *tally { return &tally{w: w, sum: sha256.New()} }

func (t *tally) Write(b []byte) (int, error) {
	n, err := t.w.Write(b)
	t.sum.Write(b[:n])
	return n, err
}

func (t *tally) digest() string { return hex.EncodeToString(t.sum.Sum(nil)) }

// oneLine is a text without line breaks: the last line of a file is one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Safe makes a text that no spreadsheet takes for a formula: one that begins with a
// sign that could begin one gets an apostrophe before it, as OWASP advises.
func Safe(s string) string {
	for _, r := range s {
		switch r {
		case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
			return "'" + s
		case ' ', '\u00a0', '\ufeff', '\u200b', '\u2060', '\u200e', '\u200f', '\u202a', '\u202b', '\u202d', '\u202e', 0:
			continue // a program that trims would come to what stands behind
		}
		break
	}
	return s
}
