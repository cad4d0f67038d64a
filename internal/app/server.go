package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/desk"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// LoadSites reads every site definition (*.yaml) of a folder. All that is wrong
// with them is reported. A folder that does not exist holds none.
func LoadSites(dir string) (*site.Set, error) {
	names, err := fs.Glob(os.DirFS(dir), "*.yaml") // whatever signs are in the name of the folder
	if err != nil {
		return nil, fmt.Errorf("list site definitions in %s: %w", dir, err)
	}
	var defs []*site.Definition
	var errs []error
	for _, n := range names {
		n = filepath.Join(dir, n)
		src, err := os.ReadFile(n)
		if err != nil {
			errs = append(errs, fmt.Errorf("read site %s: %w", n, err))
			continue
		}
		d, err := site.Parse(n, src)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		defs = append(defs, d)
	}
	return site.NewSet(defs...), errors.Join(errs...)
}

// RunServer runs an instance, or the roles of it that are configured, until ctx
// ends.
func RunServer(ctx context.Context, c Config, out io.Writer) error {
	c.Crawl = c.Crawl && len(c.Sites.All()) > 0
	if !c.has("web") {
		c.Listen = ""
	}
	a, err := New(ctx, c)
	if err != nil {
		return err
	}
	defer a.Close()
	if !c.has("web") {
		fmt.Fprintf(out, "vigil %s runs %s, streams at %s\n", c.Version, strings.Join(c.Roles, ", "), a.where())
		return a.Run(ctx, nil)
	}
	password, err := a.Bootstrap(ctx)
	if err != nil {
		return err
	}
	if password != "" {
		fmt.Fprintf(out, "first administrator: sign in as admin with the one-time password %s\n(lost it? vigil user reset gives another)\n", password)
	}
	return a.Run(ctx, func(url string) {
		fmt.Fprintf(out, "vigil %s serves %s, data in %s\n", c.Version, url, c.Data)
		switch n := len(c.Sites.All()); {
		case !c.has("crawl"):
		case c.Crawl:
			fmt.Fprintf(out, "crawling %d sites; Ctrl-C stops, a later start goes on\n", n)
		default:
			fmt.Fprintln(out, "no site is crawled: put definitions into the folder of --sites")
		}
	})
}

// while runs the roles of an instance as long as f works.
func (a *App) while(ctx context.Context, f func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.Run(ctx, nil) })
	g.Go(func() error { defer stop(); return f(ctx) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// RunCrawl visits what is due at the sites of the configuration, follows it to
// the end, and prints the ledger.
func RunCrawl(ctx context.Context, c Config, out io.Writer) error {
	if len(c.Sites.All()) == 0 {
		return errors.New("no site to crawl: give definitions, or a folder of them with --sites")
	}
	c.Crawl, c.Listen = true, ""
	a, err := New(ctx, c)
	if err != nil {
		return err
	}
	defer a.Close()
	d := &demo{app: a, out: out, progress: &progress{out: out, terminal: c.Terminal}}
	finished := false
	err = a.while(ctx, func(ctx context.Context) error {
		if err := a.Settle(ctx, d.line); err != nil {
			return err
		}
		finished = true
		s, err := a.Status(ctx)
		if err != nil {
			return err
		}
		d.clear()
		PrintLedger(out, s.Ledger)
		if !s.Ledger.Balanced {
			return ErrUnbalanced
		}
		return nil
	})
	if err == nil && !finished {
		fmt.Fprintln(out, "\nstopped; the same command goes on from here")
	}
	return err
}

// maxNamed bounds the files that a report names one by one.
const maxNamed = 30

// maxPage is the size of the largest saved page that is taken.
const maxPage = 10 << 20

// RunImport takes saved pages and folders of them through the walk and prints
// what they turned out to be.
func RunImport(ctx context.Context, c Config, operator string, paths []string, out io.Writer) error {
	files, failed := PageFiles(paths)
	if len(files) == 0 {
		return errors.Join(failed...)
	}
	c.Crawl, c.Listen = false, ""
	a, err := New(ctx, c)
	if err != nil {
		return err
	}
	defer a.Close()
	before, err := a.bus.Info(ctx, stream.Listings)
	if err != nil {
		return err
	}
	taken, known := map[string]string{}, 0 // file by capture id
	p := &progress{out: out, terminal: c.Terminal}
	err = a.while(ctx, func(ctx context.Context) error {
		for i, f := range files {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.say("%d of %d files", i+1, len(files))
			switch c, err := a.importFile(ctx, f, operator); {
			case errors.Is(err, desk.ErrKnown):
				known++
			case err != nil:
				failed = append(failed, err)
			default:
				taken[c.ID] = f
			}
		}
		if err := a.audit.Append(ctx, audit.Entry{Actor: access.System, Action: "import", Count: len(taken), Outcome: "ok"}); err != nil {
			return err
		}
		return a.Settle(ctx, nil)
	})
	p.clear()
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("import stopped after %d of %d files; the same command goes on from here", len(taken)+known, len(files))
	}
	return a.importReport(ctx, before.Last, taken, known, failed, out)
}

func (a *App) importReport(ctx context.Context, after uint64, taken map[string]string, known int, failed []error, out io.Writer) error {
	fmt.Fprintf(out, "%d pages taken, %d known already, %d could not be taken\n", len(taken), known, len(failed))
	kinds, listings := map[ad.PageKind]int{}, 0
	var without []string
	_, err := a.bus.Replay(ctx, stream.Listings, after+1, []string{"outcome.*.*"}, func(m ad.Message) error {
		o, err := decode[ad.Outcome](m)
		kinds[o.Kind]++
		listings += o.Listings
		if o.Listings == 0 {
			without = append(without, fmt.Sprintf("%s: %s: %s", taken[o.CaptureID], o.Kind, o.Reason))
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range ad.PageKinds() {
		if kinds[k] > 0 {
			fmt.Fprintf(out, "  %4d %s\n", kinds[k], k)
		}
	}
	fmt.Fprintf(out, "%d ads read from them\n", listings)
	if len(without) > 0 {
		fmt.Fprintf(out, "no ad was read from %d of them:\n", len(without))
	}
	for i, w := range without {
		if i == maxNamed {
			fmt.Fprintf(out, "  and %d more\n", len(without)-i)
			break
		}
		fmt.Fprintf(out, "  %s\n", w)
	}
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	if !s.Ledger.Balanced {
		PrintLedger(out, s.Ledger)
		return ErrUnbalanced
	}
	for _, r := range s.Ledger.Rows {
		if n := r.Rejected["dead letter"]; n > 0 {
			fmt.Fprintf(out, "%d dead letters at step %s; vigil doctor shows why\n", n, r.Step)
		}
	}
	return errors.Join(failed...)
}

func (a *App) importFile(ctx context.Context, name, operator string) (ad.Capture, error) {
	p, err := ReadPage(name)
	if err != nil {
		return ad.Capture{}, err
	}
	p.Operator = operator
	return a.importer.Import(ctx, p)
}

// ReadPage reads a saved page from a file; it was saved when the file was last
// changed.
func ReadPage(name string) (desk.SavedPage, error) {
	info, err := os.Stat(name)
	if err != nil {
		return desk.SavedPage{}, fmt.Errorf("import %s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return desk.SavedPage{}, fmt.Errorf("import %s: it is no file", name)
	}
	if info.Size() > maxPage {
		return desk.SavedPage{}, fmt.Errorf("import %s: %d bytes are more than the %d that a page may have", name, info.Size(), maxPage)
	}
	body, err := os.ReadFile(name)
	if err != nil {
		return desk.SavedPage{}, fmt.Errorf("import %s: %w", name, err)
	}
	return desk.SavedPage{Name: name, Body: body, SavedAt: info.ModTime()}, nil
}

// PageFiles lists the saved pages under the paths, in order, and what could not be
// looked at.
func PageFiles(paths []string) (files []string, failed []error) {
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			failed = append(failed, fmt.Errorf("import: %w", err))
			continue
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		_ = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				failed = append(failed, fmt.Errorf("import: %w", err))
				return nil
			}
			if ext := strings.ToLower(filepath.Ext(path)); d.Type().IsRegular() && slices.Contains([]string{".html", ".htm", ".xhtml"}, ext) {
				files = append(files, path)
			}
			return nil
		})
	}
	if len(files) == 0 && len(failed) == 0 {
		failed = append(failed, errors.New("import: no saved page (.html, .htm, .xhtml) is there"))
	}
	return files, failed
}
