package cli

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/link"
)

type watchCmd struct {
	Add  watchAddCmd  `cmd:"" help:"Watch a telephone number, an e-mail address or a handle."`
	List watchListCmd `cmd:"" help:"List what you watch."`
	End  watchEndCmd  `cmd:"" help:"Stop watching."`
}

// Example is shown in the help.
func (*watchCmd) Example() string { return "vigil watch add 912-555-0123\nvigil watch list" }

type watchAddCmd struct {
	Value []string `arg:"" help:"A number in any form, an e-mail address, or a handle as platform:name. A lone - reads it from standard input."`
	printing
}

// Example is shown in the help.
func (*watchAddCmd) Example() string { return "vigil watch add '(912) 555-0123'" }

// Run adds a watch.
func (w *watchAddCmd) Run(c *Context) error {
	v, err := c.typed(w.Value)
	if err != nil {
		return err
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	before, err := cl.Watches(c.Ctx)
	if err != nil {
		return err
	}
	got, err := cl.Watch(c.Ctx, v)
	switch {
	case err != nil:
		return err
	case w.JSON:
		return c.value(got)
	case slices.ContainsFunc(before, func(x api.Watch) bool { return x.ID == got.ID }):
		c.printf("You watch %s already, since %s.\nTo stop: vigil watch end %s\n", clean(link.Display(got.Value)), minute(got.Created), got.ID)
		return nil
	}
	c.printf("Watching %s.\n%s it already; you will hear of others.\nTo stop: vigil watch end %s\n",
		clean(link.Display(got.Value)), carry(got.Known), got.ID)
	return nil
}

func carry(n int) string {
	switch n {
	case 0:
		return "No ad carries"
	case 1:
		return "1 ad carries"
	}
	return strconv.Itoa(n) + " ads carry"
}

type watchListCmd struct{ printing }

// Example is shown in the help.
func (*watchListCmd) Example() string { return "vigil watch list" }

// Run lists the watches.
func (w *watchListCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	list, err := cl.Watches(c.Ctx)
	switch {
	case err != nil:
		return err
	case w.JSON:
		return lines(c, list)
	case len(list) == 0:
		c.printf("You watch nothing.\n")
		return nil
	}
	t := table{heads: []string{"WATCH", "SINCE (UTC)", "VALUE"}, flex: 2}
	for _, x := range list {
		t.row(x.ID, clock(x.Created), link.Display(x.Value))
	}
	t.print(c.Stdout)
	return nil
}

type watchEndCmd struct {
	ID string `arg:"" help:"Id of the watch, as the list shows it."`
}

// Example is shown in the help.
func (*watchEndCmd) Example() string { return "vigil watch end 3f9c2a7be01d44c8a6f20c9e5b71d3aa" }

// Run ends a watch.
func (w *watchEndCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	if err := cl.Unwatch(c.Ctx, w.ID); err != nil {
		return missing(err, "end watch "+w.ID+": you watch nothing under this id", "vigil watch list shows their ids")
	}
	c.printf("No longer watched.\n")
	return nil
}

type inboxCmd struct {
	printing
	Limit  int    `help:"Alerts to show; ${default} when left out." default:"20" placeholder:"N"`
	Before uint64 `help:"Show older ones: the number that the page before ended with." placeholder:"N"`
	Read   bool   `help:"Mark the alerts that are shown as read."`
	Wait   bool   `help:"When nothing is unread, wait for the next alert first."`
}

// Example is shown in the help.
func (*inboxCmd) Example() string { return "vigil inbox\nvigil inbox --wait --read --json" }

// Run shows the inbox.
func (i *inboxCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	p, err := cl.Inbox(c.Ctx, i.Before, i.Limit)
	if err != nil {
		return err
	}
	if i.Wait && p.Unread == 0 {
		for a := (api.WaitAnswer{}); !a.New; {
			if a, err = cl.WaitAlert(c.Ctx, p.Newest, api.MaxWait); err != nil {
				return err
			}
		}
		if p, err = cl.Inbox(c.Ctx, i.Before, i.Limit); err != nil {
			return err
		}
	}
	if i.JSON {
		err = lines(c, p.Alerts)
	} else {
		printInbox(c, p)
	}
	if err != nil || !i.Read {
		return err
	}
	var ids []string
	for _, a := range p.Alerts {
		if !a.Read {
			ids = append(ids, a.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return cl.MarkRead(c.Ctx, api.MarkRequest{IDs: ids})
}

func printInbox(c *Context, p api.Inbox) {
	c.printf("%s, %d unread.\n", plural(p.Total, "alert", "alerts"), p.Unread)
	if len(p.Alerts) == 0 {
		return
	}
	c.printf("\n")
	t := table{heads: []string{"", "RAISED (UTC)", "VALUE", "SITE", "TITLE"}, flex: 4}
	for _, a := range p.Alerts {
		if a.Search != "" {
			printMatch(&t, a, searchName(p.Searches[a.Search]))
			continue
		}
		t.row(mark(a), clock(a.RaisedAt), cut(link.Display(a.Value), 24), cut(a.Site, 14), a.Title)
		if a.Written != "" && !plain(a.Value, a.Written) {
			t.note("written “" + cut(clean(a.Written), columns-12) + "”")
		}
		t.note("ad " + a.AdID)
	}
	t.print(c.Stdout)
	if p.Before > 0 {
		c.printf("\nOlder ones: vigil inbox --before %d\n", p.Before)
	}
	if p.Older > 0 {
		c.printf("%s older than all of these are counted only.\n", plural(p.Older, "alert", "alerts"))
	}
}

// searchName is how a saved search is called where values stand.
func searchName(name string) string {
	if name == "" {
		return "(a search that is gone)"
	}
	return "“" + clean(name) + "”"
}

// printMatch prints an alert of a saved search, or the line of many.
func printMatch(t *table, a ad.Alert, name string) {
	if a.Count > 0 {
		hour := a.RaisedAt.UTC().Truncate(time.Hour)
		t.row(mark(a), clock(a.RaisedAt), cut(name, 24), "", plural(a.Count, "ad matches", "ads match")+", "+hour.Format("15:04")+" to "+hour.Add(time.Hour).Format("15:04"))
		t.note("to see them: vigil saved run " + a.Search)
		return
	}
	t.row(mark(a), clock(a.RaisedAt), cut(name, 24), cut(a.Site, 14), a.Title)
	var words []string
	for _, f := range a.Found {
		words = append(words, "“"+cut(clean(f.Text), 40)+"”")
	}
	if len(words) > 0 {
		for _, l := range wrapped("found "+strings.Join(words, ", "), columns-2) {
			t.note(l)
		}
	}
	t.note("ad " + a.AdID + "  search " + a.Search)
}

func mark(a ad.Alert) string {
	if a.Read {
		return ""
	}
	return "new"
}
