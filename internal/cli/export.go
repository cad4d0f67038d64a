package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"vigil.example/internal/api"
	"vigil.example/internal/export"
)

type exportCmd struct {
	Query  []string `arg:"" help:"What to search for, as in vigil search. A lone - reads it from standard input."`
	Format string   `help:"Format: csv, jsonl or xlsx; by the end of the file's name when left out." placeholder:"FORMAT"`
	Out    string   `help:"File to save it in; a file that is there is never replaced." short:"o" required:"" placeholder:"FILE"`
	Full   bool     `help:"With the words and contacts of people in ads, as they are; else both are left out."`
	Under  string   `help:"By whose decision or order a full file is made. It stands in the file and in the log." name:"authority" placeholder:"WORDS"`
	Resume bool     `help:"Go on with a file that was cut off, by the same query and name; not for xlsx."`
	printing
}

// Help explains the command in short.
func (*exportCmd) Help() string {
	return "Saves every ad that matches, however many, one row each. The file is redacted: it has no titles, texts, addresses and links of ads, and a number, e-mail address or handle is replaced by a stand-in that is the same in all redacted files for one purpose. With --full and --authority it has everything. CSV and XLSX have the facts in columns, and no cell that a spreadsheet takes for a formula; JSONL has each ad whole. The last row says how many there are, their SHA-256, and which of the two the file is. Until all has come the file has the end .part; cut off, it goes on with --resume. The log notes what was asked, the rows and the digest."
}

// Example is shown in the help.
func (*exportCmd) Example() string {
	return "vigil export 'city:wren last:2026-03' -o wren.csv\nvigil export 'city:wren last:2026-03' -o wren.csv --resume\nvigil export lead:yes -o leads.xlsx --full --authority 'Order 12 of the county court'"
}

// Run saves a file under its name only once it has come whole.
func (e *exportCmd) Run(c *Context) error {
	f, err := e.format()
	if err != nil {
		return err
	}
	q, err := c.typed(e.Query)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(e.Out); err == nil {
		return fail(codeUsage, "name another file with -o", fmt.Errorf("save export: %s is there already", e.Out))
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	none := 0
	a, err := cl.Search(c.Ctx, api.SearchRequest{Query: q, Size: &none})
	if err != nil {
		return err
	}
	if !e.JSON {
		for _, l := range wrapped(a.Understood, columns) {
			c.printf("%s\n", l)
		}
	}
	about := export.About{Contents: export.Redacted}
	if e.Full {
		about = export.About{Query: q, Contents: export.Full, Authority: strings.Join(strings.Fields(e.Under), " ")}
	}
	who, err := cl.Session(c.Ctx)
	if err != nil {
		return err
	}
	p := &halfway{out: e.Out, name: partOf(e.Out, f, q, about, who.Purpose.ID), format: f, query: q, about: about}
	got, err := p.fetch(c, cl, e.Resume, a.Total)
	if err != nil {
		return p.failed(err)
	}
	if err := settle(p.name, e.Out); err != nil {
		return err
	}
	if e.JSON {
		return c.value(struct {
			File string `json:"file"`
			api.Exported
		}{e.Out, got})
	}
	c.printf("Saved %s: %s, %s.\nSHA-256 %s\n", e.Out, plural(got.Rows, "ad", "ads"), sized(got.Size), got.SHA256)
	if e.Full {
		c.printf("It is full: it holds words and contacts of people in ads. Only you may read it (mode 0600).\n")
	} else {
		c.printf("It is redacted: --full has the words and contacts. Only you may read it (mode 0600).\n")
	}
	return nil
}

// format is the one that is said, or that the file's name ends in, of flags that fit.
func (e *exportCmd) format() (export.Format, error) {
	f := export.Format(strings.ToLower(e.Format))
	if f == "" {
		f = export.Format(strings.ToLower(strings.TrimPrefix(filepath.Ext(e.Out), ".")))
	}
	if !f.Known() {
		return "", fail(codeUsage, "give --format csv, jsonl or xlsx, or a file name that ends so", errors.New("export: the format is not known"))
	}
	if e.Full != (strings.TrimSpace(e.Under) != "") {
		return "", fail(codeUsage, "give --full and --authority both, or neither", errors.New("export: a full file names the authority that it is made under, a redacted one none"))
	}
	if e.Resume && !f.Resumable() {
		return "", fail(codeUsage, "leave --resume out, or export csv or jsonl", errors.New("export: an xlsx file is one archive and cannot go on"))
	}
	return f, nil
}

// partOf names the file that an export is in until it is whole: another one for
// each question, so that no file goes on with the answer to another, and of redacted
// ones for each purpose, whose stand-ins are its own.
func partOf(out string, f export.Format, q string, about export.About, purpose string) string {
	sum := sha256.Sum256([]byte(string(f) + "\n" + q + "\n" + string(about.Contents) + "\n" + about.Authority))
	name := out + "." + hex.EncodeToString(sum[:4])
	if about.Contents == export.Redacted {
		name += "-" + purpose[:min(len(purpose), 8)]
	}
	return name + ".part"
}

// elsewhere finds a redacted file of the same question that was cut off for another
// purpose; "" when there is none.
func (p *halfway) elsewhere() string {
	dir, own := filepath.Split(p.name)
	question, _, redacted := strings.Cut(strings.TrimPrefix(own, filepath.Base(p.out)), "-")
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil || !redacted {
		return ""
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(p.out)+question+"-") && strings.HasSuffix(e.Name(), ".part") {
			return dir + e.Name()
		}
	}
	return ""
}

// A halfway is an export on its way.
type halfway struct {
	out    string // what it will be called
	name   string // until it is whole
	format export.Format
	query  string
	about  export.About
	had    export.Part // of a file that was cut off
	bytes  int64       // in the file
}

// fetch gets what is missing of the file, and tells on standard error how far it is.
func (p *halfway) fetch(c *Context, cl *api.Client, resume bool, total int) (out api.Exported, err error) {
	flags := os.O_RDWR | os.O_CREATE | os.O_TRUNC
	if resume {
		flags = os.O_RDWR
	}
	file, err := os.OpenFile(p.name, flags, 0o600)
	switch {
	case resume && errors.Is(err, fs.ErrNotExist) && p.elsewhere() != "":
		return out, fail(codeUsage, "sign in for that purpose (vigil login --case NUMBER), or leave --resume out to begin anew", fmt.Errorf("continue export: %s was begun for another purpose, and what stands for numbers in it is another there", p.elsewhere()))
	case resume && errors.Is(err, fs.ErrNotExist):
		return out, fail(codeNotFound, "leave --resume out to begin", fmt.Errorf("continue export: no file of this query was cut off here: %s is not there", p.name))
	case errors.Is(err, fs.ErrNotExist):
		return out, fail(codeUsage, "make the folder first, or name another file with -o", fmt.Errorf("save export: there is no folder %s", filepath.Dir(p.name)))
	case err != nil:
		return out, fmt.Errorf("save export: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if resume {
		if err := p.keep(file); err != nil {
			return out, err
		}
	}
	t := &teller{w: file, to: c.Stderr, total: total, rows: p.had.Rows, csv: p.format == export.CSV, said: time.Now(), quiet: !c.attended()}
	got, err := cl.Export(c.Ctx, api.ExportRequest{Query: p.query, Format: p.format, After: p.had.Last, Full: p.about.Contents == export.Full, Authority: p.about.Authority}, t)
	t.end()
	p.bytes = p.had.Bytes + t.bytes
	if err != nil {
		return out, err
	}
	if p.had.Last != "" {
		if got, err = p.join(file, got); err != nil {
			return out, err
		}
	}
	return got, file.Sync()
}

// keep finds how far a file got, and cuts off what is no whole row.
func (p *halfway) keep(file *os.File) (err error) {
	if p.had, err = export.Read(p.format, file); err != nil {
		return fail(codeError, "remove it and begin anew without --resume", fmt.Errorf("continue export %s: %w", p.name, err))
	}
	if p.had.Last == "" {
		p.had = export.Part{}
	}
	if err = file.Truncate(p.had.Bytes); err == nil {
		_, err = file.Seek(p.had.Bytes, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("continue export: %w", err)
	}
	return nil
}

// join puts one last line in place of that of the part that came last.
func (p *halfway) join(file *os.File, got api.Exported) (api.Exported, error) {
	const most = 64 << 10 // a query is far shorter
	at := max(0, p.bytes-most)
	tail := make([]byte, p.bytes-at)
	if _, err := file.ReadAt(tail, at); err != nil {
		return got, fmt.Errorf("join export: %w", err)
	}
	end := at + int64(bytes.LastIndexByte(tail[:len(tail)-1], '\n')+1)
	got.Rows += p.had.Rows
	line, err := export.Join(p.format, got.Rows, io.NewSectionReader(file, 0, end), p.about)
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.WriteAt(line, end)
	}
	sum := sha256.New()
	if err == nil {
		got.Size, err = io.Copy(sum, io.NewSectionReader(file, 0, end+int64(len(line))))
	}
	if err != nil {
		return got, fmt.Errorf("join export: %w", err)
	}
	got.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return got, nil
}

// failed says what became of what had come. A file of which nothing can be kept is
// removed.
func (p *halfway) failed(err error) error {
	var problem *api.Problem
	var f *failure
	switch {
	case errors.As(err, &f):
		return err
	case p.bytes == 0 || !p.format.Resumable():
		if p.had.Last == "" {
			_ = os.Remove(p.name)
		}
		return err
	case errors.As(err, &problem):
		return err
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("export: stopped")
	}
	return fail(codeError, "what has come is in "+p.name+"; to go on, repeat the command with --resume", err)
}

// settle gives a file its name, unless one of that name is there.
func settle(from, to string) error {
	err := os.Link(from, to)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fail(codeUsage, "it is whole in "+from, fmt.Errorf("save export: %s is there already", to))
	case err == nil:
		err = os.Remove(from)
	default: // some file systems know no links
		err = os.Rename(from, to)
	}
	if err != nil {
		return fmt.Errorf("save export: %w", err)
	}
	return nil
}

// sized says for people how large a file is.
func sized(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MiB", mib(n))
}

// A teller writes a file and tells how far it is.
type teller struct {
	w      io.Writer
	to     io.Writer
	total  int
	rows   int
	bytes  int64
	csv    bool
	quoted bool // within a cell of CSV
	said   time.Time
	quiet  bool
}

func (t *teller) Write(b []byte) (int, error) {
	n, err := t.w.Write(b)
	t.bytes += int64(n)
	for _, x := range b[:n] {
		switch {
		case x == '"' && t.csv:
			t.quoted = !t.quoted
		case x == '\n' && !t.quoted:
			t.rows++
		}
	}
	if !t.quiet && time.Since(t.said) > time.Second/2 {
		t.said = time.Now()
		t.say()
	}
	return n, err
}

func (t *teller) say() {
	_, _ = fmt.Fprintf(t.to, "\r%d of about %d ads, %.1f MiB ", min(t.rows, t.total), t.total, mib(t.bytes))
}

func (t *teller) end() {
	if !t.quiet {
		t.say()
		_, _ = fmt.Fprintln(t.to)
	}
}

// attended reports whether a person reads standard error as it comes.
func (c *Context) attended() bool {
	f, ok := c.Stderr.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
