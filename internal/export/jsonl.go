package export

import (
	"bufio"
	"encoding/json"
	"io"

	"vigil.example/internal/ad"
)

// A jsonlFile is one JSON object a line: documents as the API gives them, then one
// with the field end alone.
type jsonlFile struct {
	out   *bufio.Writer
	enc   *json.Encoder
	t     *tally
	about About
}

func newJSONL(w io.Writer, about About) *jsonlFile {
	t := newTally(w)
	f := &jsonlFile{out: bufio.NewWriterSize(t, 32<<10), t: t, about: about}
	f.enc = json.NewEncoder(f.out)
	f.enc.SetEscapeHTML(false)
	return f
}

func (f *jsonlFile) Write(d *ad.Document) error {
	lean := *d
	lean.Ad.Images, lean.Ad.Signature = nil, nil
	f.t.rows++
	return f.enc.Encode(&lean)
}

func (f *jsonlFile) Flush() error { return f.out.Flush() }

func (f *jsonlFile) End() error {
	if err := f.out.Flush(); err != nil {
		return err
	}
	_, err := f.t.w.Write(jsonlEnd(f.t.rows, f.t.digest(), f.about))
	return err
}

// ended is the last line.
type ended struct {
	End *end `json:"end"`
}

type end struct {
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"` // of everything before this line
	Query  string `json:"query"`

	Contents  Contents `json:"contents"`
	Authority string   `json:"authority,omitempty"`
}

func jsonlEnd(rows int, sum string, about About) []byte {
	b, err := json.Marshal(ended{&end{rows, sum, about.Query, about.Contents, about.Authority}})
	if err != nil { // of a struct of strings and a number
		panic(err)
	}
	return append(b, '\n')
}
