package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/access"
	"vigil.example/internal/audit"
	"vigil.example/internal/export"
	"vigil.example/internal/phone"
)

// ErrAuthority says that a full export does not name by whose decision it is made.
var ErrAuthority = errors.New("a full export names the authority that it is made under: an order, a file, whoever decided it, in 3 to 300 characters and without telephone numbers and addresses; leave it out of a redacted one")

// ErrFormat says that an export was asked for in a format that there is not.
var ErrFormat = errors.New("the formats are csv, jsonl and xlsx")

// An ExportOrder says what is to be written into a file.
type ExportOrder struct {
	Query  string
	Format export.Format
	After  string // goes on behind the document of this id, of a file that was cut off; "" for a whole file

	// Full is for a file with the words of ads and the values that they give, as they
	// are, under an authority. The others are redacted; see export.Redactor.
	Full      bool
	Authority string
}

// An Exported is a file that was written.
type Exported struct {
	Rows   int
	Size   int64
	SHA256 string // of the whole file, which the log has too
}

// Export writes all that matches to w, in order of document id, however much it is,
// in constant memory. Within a purpose equal values have equal stand-ins in every
// redacted file. The log has a line before the first byte goes out and one with
// rows and digest before the last: a file that is not in the log has no end. What
// arrives while it is written may or may not be in it; nothing is in it twice.
func (d *Desk) Export(ctx context.Context, s access.Subject, o ExportOrder, w io.Writer) (Exported, error) {
	action := "export"
	if o.Full {
		action = "export.full"
	}
	n, e, err := d.asked(ctx, s, access.ActExport, action, o.Query)
	if err != nil {
		return Exported{}, err
	}
	if !o.Format.Known() {
		return Exported{}, fmt.Errorf("export: %w", ErrFormat)
	}
	about, redactor, err := d.holding(ctx, s, o, &e)
	if err != nil {
		return Exported{}, fmt.Errorf("export: %w", err)
	}
	e.Outcome = "begun"
	if err := d.log(ctx, s, e); err != nil {
		return Exported{}, err
	}
	g := &gate{w: w, sum: sha256.New()}
	rows := 0
	file, err := export.New(o.Format, g, about, o.After != "")
	if err == nil {
		for doc, werr := range d.Index.Walk(ctx, n, o.After) {
			if werr != nil {
				err = werr
				break
			}
			if redactor != nil {
				doc = redactor.Redact(&doc)
			}
			if err = file.Write(&doc); err != nil {
				break
			}
			rows++
		}
	}
	if err == nil {
		if err = file.Flush(); err == nil {
			g.hold = new(bytes.Buffer)
			err = file.End()
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	out := Exported{Rows: rows, Size: g.size, SHA256: hex.EncodeToString(g.sum.Sum(nil))}
	e.Count, e.Outcome = rows, outcome(err)
	if err == nil {
		e.Object = "export:" + out.SHA256
	}
	if lerr := d.log(context.WithoutCancel(ctx), s, e); lerr != nil || err != nil { // who asked may have gone
		return Exported{}, errors.Join(wrapped("export", err), lerr)
	}
	_, err = w.Write(g.hold.Bytes())
	return out, wrapped("export", err)
}

// holding is what a file holds. The words of an authority are kept beside those of
// purposes; the log has their id where the file begins, and at both ends a digest of the
// id as a value: by it the last line, whose object is the file, names the authority too.
func (d *Desk) holding(ctx context.Context, s access.Subject, o ExportOrder, e *audit.Entry) (export.About, *export.Redactor, error) {
	words := strings.Join(strings.Fields(o.Authority), " ")
	if !o.Full {
		if words != "" {
			return export.About{}, nil, ErrAuthority
		}
		return export.About{Contents: export.Redacted}, export.NewRedactor(d.Log.Secret("redacted export\x00" + s.Purpose.ID)), nil
	}
	if n := utf8.RuneCountInString(words); n < 3 || n > 300 || !utf8.ValidString(words) || strings.ContainsFunc(words, unicode.IsControl) || phone.Identifies(words) {
		return export.About{}, nil, ErrAuthority
	}
	p := access.Purpose{ID: d.Log.Digest("authority\x00" + words)[:32], Kind: "authority", Text: words}
	if err := d.keepPurpose(ctx, s.User, p); err != nil {
		return export.About{}, nil, err
	}
	e.Object, e.Values = "authority:"+p.ID, []string{p.ID}
	return export.About{Query: o.Query, Contents: export.Full, Authority: words}, nil, nil
}

func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// A gate hands on what is written, until it is told to hold it, and remembers the
// digest and length of all.
type gate struct {
	w    io.Writer
	sum  hash.Hash
	size int64
	hold *bytes.Buffer
}

func (g *gate) Write(b []byte) (int, error) {
	to := g.w
	if g.hold != nil {
		to = g.hold
	}
	n, err := to.Write(b)
	g.sum.Write(b[:n])
	g.size += int64(n)
	return n, err
}
