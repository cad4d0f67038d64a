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

	"vigil.example/internal/access"
	"vigil.example/internal/export"
)

// ErrFormat says that an export was asked for in a format that there is not.
var ErrFormat = errors.New("the formats are csv, jsonl and xlsx")

// An ExportOrder says what is to be written into a file.
type ExportOrder struct {
	Query  string
	Format export.Format
	After  string // goes on behind the document of this id, of a file that was cut off; "" for a whole file
}

// An Exported is a file that was written.
type Exported struct {
	Rows   int
	Size   int64
	SHA256 string // of the whole file, which the log has too
}

// Export writes all that matches to w, in order of document id, however much it is,
// in constant memory. The log has a line before the first byte goes out and one with
// rows and digest before the last: a file that is not in the log has no end. What
// arrives while it is written may or may not be in it; nothing is in it twice.
func (d *Desk) Export(ctx context.Context, s access.Subject, o ExportOrder, w io.Writer) (Exported, error) {
	n, e, err := d.asked(ctx, s, access.ActExport, "export", o.Query)
	if err != nil {
		return Exported{}, err
	}
	if !o.Format.Known() {
		return Exported{}, fmt.Errorf("export: %w", ErrFormat)
	}
	e.Outcome = "begun"
	if err := d.log(ctx, s, e); err != nil {
		return Exported{}, err
	}
	g := &gate{w: w, sum: sha256.New()}
	rows := 0
	file, err := export.New(o.Format, g, o.Query, o.After != "")
	if err == nil {
		for doc, werr := range d.Index.Walk(ctx, n, o.After) {
			if werr != nil {
				err = werr
				break
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
