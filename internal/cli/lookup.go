package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vigil.example/internal/api"
	"vigil.example/internal/desk"
	"vigil.example/internal/link"
)

type lookupCmd struct {
	File  string `arg:"" help:"Text with a value or several on each line, or CSV; - is standard input."`
	CSV   bool   `name:"csv" help:"Print the outcome as CSV, in which no cell is a formula."`
	Watch string `help:"Watch everything in it, as a list of this name." placeholder:"NAME"`
	All   bool   `help:"Show every line that was not found or not read, not the first few."`
	printing
}

// Help explains what is taken.
func (*lookupCmd) Help() string {
	return "Telephone numbers in any form, e-mail addresses, and handles as platform:name or @name; at most 5,000 lines and 1 MiB. A first line that names a column, such as phone or email, makes it a table of which only those columns are read. " +
		"What is not found may still exist: the outcome says which sites and months are covered. Exit code 4 says that nothing was found."
}

// Example is shown in the help.
func (*lookupCmd) Example() string {
	return "vigil lookup numbers.txt\nvigil lookup contacts.csv --csv > outcome.csv\nvigil lookup numbers.txt --watch 'Lakeside numbers'"
}

// fewShown is how many misses and unread lines are shown.
const fewShown = 10

// Run looks up a list.
func (l *lookupCmd) Run(c *Context) error {
	list, name, err := l.read(c)
	if err != nil {
		return err
	}
	if l.CSV && (l.JSON || l.Watch != "") {
		return fail(codeUsage, "", errors.New("--csv goes with neither --json nor --watch"))
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	q := api.LookupRequest{List: list, Name: name}
	if l.CSV {
		return cl.LookupCSV(c.Ctx, q, c.Stdout)
	}
	out, err := cl.Lookup(c.Ctx, q)
	if err != nil {
		return err
	}
	if l.JSON {
		err = c.value(out)
	} else {
		l.print(c, out)
	}
	if err == nil && l.Watch != "" {
		err = l.watch(c, cl, out)
	}
	if err == nil && out.Hits == 0 && l.Watch == "" {
		return fail(codeNotFound, "vigil lookup --watch NAME tells you when one appears", errors.New("nothing in it is among the ads that Vigil has"))
	}
	return err
}

// read reads the list.
func (l *lookupCmd) read(c *Context) (list, name string, err error) {
	in := c.Stdin
	if l.File != "-" {
		f, err := os.Open(l.File)
		if errors.Is(err, fs.ErrNotExist) {
			return "", "", fail(codeError, "name a file that has them line by line, or give - and them on standard input; for one alone: vigil search", fmt.Errorf("read %s: it is not there", l.File))
		}
		if err != nil {
			return "", "", fmt.Errorf("read %s: %w", l.File, err)
		}
		defer func() { _ = f.Close() }() // it was only read
		in, name = f, filepath.Base(l.File)
	}
	b, err := io.ReadAll(io.LimitReader(in, desk.MaxLookupBytes+1))
	if err != nil {
		return "", "", fmt.Errorf("read the list: %w", err)
	}
	if len(b) > desk.MaxLookupBytes {
		return "", "", fail(codeUsage, "look it up in parts", errors.New("read the list: it has more than 1 MiB"))
	}
	return strings.ReplaceAll(string(b), "\x00", ""), name, nil
}

func (l *lookupCmd) print(c *Context, out desk.Lookup) {
	missed := len(out.Values) - out.Hits
	c.printf("%s: %s found, %d not found; %s not read.\n", plural(out.Lines, "line", "lines"), plural(out.Hits, "value", "values"), missed, plural(len(out.Unread), "line", "lines"))
	if out.Repeated > 0 {
		c.printf("%s again what stands above.\n", plural(out.Repeated, "line says", "lines say"))
	}
	if out.Hits > 0 {
		c.printf("\n")
		t := table{heads: []string{"LINE", "VALUE", "ADS", "FIRST SEEN", "LAST SEEN", "CLUSTER"}, right: []bool{true, false, true}, flex: 1}
		for _, v := range out.Values {
			if v.Ads == 0 {
				continue
			}
			cluster := ""
			if len(v.Clusters) > 0 {
				cluster = v.Clusters[0]
			}
			t.row(fmt.Sprint(v.Lines[0]), link.Display(v.Value), fmt.Sprint(v.Ads), day(v.First), day(v.Last), cluster)
			if len(v.Clusters) > 1 {
				t.note(fmt.Sprintf("and %s more", plural(len(v.Clusters)-1, "cluster", "clusters")))
			}
			if v.HeldBack {
				t.note("held back from linking: many unlike posters give it")
			}
		}
		t.print(c.Stdout)
	}
	l.some(c, "Not found", missed, func(yield func(string)) {
		for _, v := range out.Values {
			if v.Ads == 0 {
				yield(fmt.Sprintf("line %d: %s", v.Lines[0], clean(link.Display(v.Value))))
			}
		}
	})
	l.some(c, "Not read", len(out.Unread), func(yield func(string)) {
		for _, u := range out.Unread {
			yield(fmt.Sprintf("line %d: “%s”: %s", u.Line, cut(clean(u.Text), 30), u.Why))
		}
	})
	var sites []string
	for _, s := range out.Covered.Sites {
		sites = append(sites, s.Value)
	}
	c.printf("\n")
	for _, s := range wrapped(fmt.Sprintf("Covered: %s of %s, seen %s to %s. What is not found there may still exist elsewhere.",
		plural(out.Covered.Documents, "content", "contents"), first(strings.Join(sites, ", "), "no site"), day(out.Covered.From), day(out.Covered.To)), columns) {
		c.printf("%s\n", s)
	}
}

// some prints the first lines of a list under its head.
func (l *lookupCmd) some(c *Context, head string, n int, each func(func(string))) {
	if n == 0 {
		return
	}
	c.printf("\n%s:\n", head)
	shown := 0
	each(func(s string) {
		if shown++; shown > fewShown && !l.All {
			return
		}
		for i, part := range wrapped(s, columns-4) {
			indent := "  "
			if i > 0 {
				indent = "    "
			}
			c.printf("%s%s\n", indent, part)
		}
	})
	if shown > fewShown && !l.All {
		c.printf("  and %d more; --all shows them\n", shown-fewShown)
	}
}

// watch watches everything that was read.
func (l *lookupCmd) watch(c *Context, cl *api.Client, out desk.Lookup) error {
	var values []string
	for _, v := range out.Values {
		if v.Watchable() {
			values = append(values, v.Value.Value)
		}
	}
	if len(values) == 0 {
		return fail(codeUsage, "give telephone numbers, e-mail addresses or platform:name", errors.New("nothing in it can be watched"))
	}
	got, err := cl.WatchAll(c.Ctx, api.WatchListRequest{Name: l.Watch, Values: values})
	if err != nil || l.JSON {
		return err
	}
	c.printf("\nWatching %s as “%s”", plural(got.Active, "value", "values"), clean(got.Name))
	if got.Already > 0 {
		c.printf(", %d of which you watched before", got.Already)
	}
	c.printf(".\n")
	l.some(c, "Not watched, for want of a platform (write telegram:name for @name)", len(out.Values)-len(values), func(yield func(string)) {
		for _, v := range out.Values {
			if !v.Watchable() {
				yield(fmt.Sprintf("line %d: @%s", v.Lines[0], clean(v.Value.Value)))
			}
		}
	})
	c.printf("To end them: vigil watchlist end %s\n", got.ID)
	return nil
}

type watchListsCmd struct {
	List    watchListsListCmd    `cmd:"" help:"List your lists of watches."`
	Show    watchListsShowCmd    `cmd:"" help:"Show what a list watches."`
	Export  watchListsExportCmd  `cmd:"" help:"Print what a list watches as CSV."`
	End     watchListsEndCmd     `cmd:"" help:"End a list and the watches that were made for it."`
	Restore watchListsRestoreCmd `cmd:"" help:"Watch again what an ended list watched."`
}

// Example is shown in the help.
func (*watchListsCmd) Example() string {
	return "vigil lookup numbers.txt --watch 'Lakeside numbers'\nvigil watchlist list"
}

const listsLists = "vigil watchlist list shows their ids"

func listed(err error, id string) error {
	return missing(err, "watch list "+id+": you have none under this id", listsLists)
}

type watchListsListCmd struct{ printing }

// Example is shown in the help.
func (*watchListsListCmd) Example() string { return "vigil watchlist list" }

// Run lists the lists.
func (w *watchListsListCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	all, err := cl.WatchLists(c.Ctx)
	switch {
	case err != nil:
		return err
	case w.JSON:
		return lines(c, all)
	case len(all) == 0:
		c.printf("You have no list of watches.\nTo make one: vigil lookup FILE --watch NAME\n")
		return nil
	}
	t := table{heads: []string{"LIST", "SINCE (UTC)", "WATCHES", "NAME"}, right: []bool{false, false, true}, flex: 3}
	for _, l := range all {
		t.row(l.ID, clock(l.Created), fmt.Sprint(l.Active), l.Name)
	}
	t.print(c.Stdout)
	return nil
}

type watchListsShowCmd struct {
	ID string `arg:"" help:"Id of the list."`
	printing
}

// Example is shown in the help.
func (*watchListsShowCmd) Example() string {
	return "vigil watchlist show 3f9c2a7be01d44c8a6f20c9e5b71d3aa"
}

// Run shows a list.
func (w *watchListsShowCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	l, err := cl.WatchList(c.Ctx, w.ID)
	if err != nil {
		return listed(err, w.ID)
	}
	if w.JSON {
		return c.value(l)
	}
	c.printf("%s: %s since %s.\n\n", clean(l.Name), plural(l.Active, "watch", "watches"), minute(l.Created))
	t := table{heads: []string{"WATCH", "SINCE (UTC)", "VALUE"}, flex: 2}
	for _, x := range l.Watches {
		t.row(x.ID, clock(x.Created), link.Display(x.Value))
	}
	t.print(c.Stdout)
	return nil
}

type watchListsExportCmd struct {
	ID string `arg:"" help:"Id of the list."`
}

// Example is shown in the help.
func (*watchListsExportCmd) Example() string {
	return "vigil watchlist export 3f9c2a7be01d44c8a6f20c9e5b71d3aa > watches.csv"
}

// Run prints a list as CSV.
func (w *watchListsExportCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	return listed(cl.WatchListCSV(c.Ctx, w.ID, c.Stdout), w.ID)
}

type watchListsEndCmd struct {
	ID string `arg:"" help:"Id of the list."`
}

// Example is shown in the help.
func (*watchListsEndCmd) Example() string {
	return "vigil watchlist end 3f9c2a7be01d44c8a6f20c9e5b71d3aa"
}

// Run ends a list.
func (w *watchListsEndCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	got, err := cl.EndWatchList(c.Ctx, w.ID)
	if err != nil {
		return listed(err, w.ID)
	}
	c.printf("The list has ended, with %s.\nTo take that back: vigil watchlist restore %s\n", plural(got.Ended, "watch", "watches"), w.ID)
	return nil
}

type watchListsRestoreCmd struct {
	ID string `arg:"" help:"Id of the list that has ended."`
}

// Example is shown in the help.
func (*watchListsRestoreCmd) Example() string {
	return "vigil watchlist restore 3f9c2a7be01d44c8a6f20c9e5b71d3aa"
}

// Run makes a list anew.
func (w *watchListsRestoreCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	got, err := cl.RestoreWatchList(c.Ctx, w.ID)
	if err != nil {
		return listed(err, w.ID)
	}
	c.printf("Watching %s as “%s” again.\nTo end them: vigil watchlist end %s\n", plural(got.Active, "value", "values"), clean(got.Name), got.ID)
	return nil
}
