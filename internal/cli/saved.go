package cli

import (
	"fmt"
	"slices"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/search"
)

type savedCmd struct {
	List    savedListCmd    `cmd:"" help:"List saved searches, how many ads match and how many are new."`
	Save    savedSaveCmd    `cmd:"" help:"Keep a search under a name, or change one that is kept."`
	Run     savedRunCmd     `cmd:"" help:"Search for what a saved search says."`
	Show    savedShowCmd    `cmd:"" help:"Show a saved search and its earlier wordings."`
	Alert   savedAlertCmd   `cmd:"" help:"Be told when an ad comes that a saved search asks for, or end that."`
	Share   savedShareCmd   `cmd:"" help:"Share a saved search with the agency, or keep it to yourself."`
	Delete  savedDeleteCmd  `cmd:"" help:"Delete a saved search; every alert on it ends."`
	Restore savedRestoreCmd `cmd:"" help:"Take back that a saved search was deleted."`
}

// Example is shown in the help.
func (*savedCmd) Example() string {
	return "vigil saved save 'Lakeside, new in town' -- '\"new in town\" city:Savannah'\nvigil saved list"
}

const listsSaved = "vigil saved list shows their ids"

// kept is an error about a saved search, with the next step.
func kept(err error, id string) error {
	return missing(err, "saved search "+id+": there is none under this id that you may use", listsSaved)
}

type savedListCmd struct{ printing }

// Example is shown in the help.
func (*savedListCmd) Example() string { return "vigil saved list" }

// Run lists saved searches.
func (s *savedListCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	all, err := cl.SavedSearches(c.Ctx)
	switch {
	case err != nil:
		return err
	case s.JSON:
		return lines(c, all)
	case len(all) == 0:
		c.printf("No search is saved.\nTo save one: vigil saved save NAME QUERY\n")
		return nil
	}
	t := table{heads: []string{"ADS", "NEW", "NAME", "WHOSE", "ALERT"}, right: []bool{true, true}, flex: 2}
	count := func(n *int) string {
		if n == nil {
			return "?"
		}
		return fmt.Sprint(*n)
	}
	for _, x := range all {
		whose, told := "mine", ""
		if !x.Mine {
			whose = x.Owner
		} else if x.Shared {
			whose = "mine, shared"
		}
		if x.Alert != nil {
			told = "yes"
		}
		t.row(count(x.Total), count(x.New), x.Name, whose, told)
		for _, l := range wrapped(x.Query, columns-2) {
			t.note(l)
		}
		t.note("search " + x.ID)
	}
	t.print(c.Stdout)
	return nil
}

type savedSaveCmd struct {
	Name   string   `arg:"" help:"What to call it, without a telephone number or an address."`
	Query  []string `arg:"" help:"What to search for. A lone - reads it from standard input, so that it stays out of the shell's history."`
	Note   string   `help:"What it is for, in a few words."`
	Shared bool     `help:"Share it with the agency."`
	ID     string   `name:"change" help:"Change the saved search of this id instead of making one." placeholder:"ID"`
	Alert  bool     `help:"Be told when an ad comes that it asks for."`
	printing
}

// Example is shown in the help.
func (*savedSaveCmd) Example() string {
	return "vigil saved save 'Lakeside' -- '\"new in town\" -dog'\nvigil saved save --alert --shared 'The number of 26-14' -"
}

// Run saves a search.
func (s *savedSaveCmd) Run(c *Context) error {
	q, err := c.typed(s.Query)
	if err != nil {
		return err
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	got, err := cl.Save(c.Ctx, s.ID, api.SaveRequest{Name: s.Name, Note: s.Note, Query: q, Shared: s.Shared})
	if err != nil {
		return kept(err, s.ID)
	}
	if !s.JSON {
		for _, l := range wrapped("Saved “"+clean(got.Name)+"”: "+got.Understood, columns) {
			c.printf("%s\n", l)
		}
		c.printf("To run it: vigil saved run %s\n", got.ID)
	}
	if s.Alert {
		if got, err = cl.AlertOn(c.Ctx, got.ID); err != nil {
			return err
		}
	}
	if s.JSON {
		return c.value(got)
	}
	printAlert(c, got)
	return nil
}

// printAlert says what an alert that was made will and will not tell.
func printAlert(c *Context, x api.SavedSearch) {
	if x.Alert == nil {
		return
	}
	n := x.Alert.Known
	if x.Total != nil {
		n = *x.Total
	}
	text := fmt.Sprintf("You will be told of new ads that match. %s already, of which you will not be told.", plural(n, "ad matches", "ads match"))
	if x.Week != nil {
		text += fmt.Sprintf(" In the last seven days it would have told you of %s.", plural(*x.Week, "ad", "ads"))
	}
	if x.Alert.Fold {
		text += " So many are told as one line an hour, with their count."
	}
	for _, l := range wrapped(text, columns) {
		c.printf("%s\n", l)
	}
}

type savedRunCmd struct {
	ID string `arg:"" help:"Id of the saved search, as the list shows it."`
	printing
	Size   int    `help:"Ads to show; ${default} when left out." default:"10" placeholder:"N"`
	Offset int    `help:"Ads to skip." placeholder:"N"`
	Sort   string `help:"Order: ${enum}." enum:"relevance,newest,lead" default:"newest"`
}

// Example is shown in the help.
func (*savedRunCmd) Example() string { return "vigil saved run 3f9c2a7be01d44c8a6f20c9e5b71d3aa" }

// Run runs a saved search.
func (s *savedRunCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	a, err := cl.RunSaved(c.Ctx, s.ID, api.RunRequest{Offset: s.Offset, Size: &s.Size, Sort: search.Sort(s.Sort)})
	if err != nil {
		return kept(err, s.ID)
	}
	if s.JSON {
		return c.value(a)
	}
	c.printf("%s\n", clean(a.Saved.Name))
	for _, l := range wrapped(a.Understood, columns) {
		c.printf("%s\n", l)
	}
	fresh := ""
	if n := a.Saved.New; n != nil && !a.Saved.Looked.IsZero() {
		fresh = fmt.Sprintf("; %d new since you looked, %s", *n, minute(a.Saved.Looked))
	}
	c.printf("%s%s.\n", plural(a.Total, "ad", "ads"), fresh)
	if len(a.Hits) == 0 {
		return nil
	}
	c.printf("\n")
	docs := make([]ad.Document, len(a.Hits))
	for i, h := range a.Hits {
		docs[i] = h.Document
	}
	printDocs(c, docs, nil)
	return nil
}

type savedShowCmd struct {
	ID string `arg:"" help:"Id of the saved search, as the list shows it."`
	printing
}

// Example is shown in the help.
func (*savedShowCmd) Example() string { return "vigil saved show 3f9c2a7be01d44c8a6f20c9e5b71d3aa" }

// Run shows a saved search.
func (s *savedShowCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	x, err := cl.SavedSearch(c.Ctx, s.ID)
	if err != nil {
		return kept(err, s.ID)
	}
	if s.JSON {
		return c.value(x)
	}
	c.printf("%s\n", clean(x.Name))
	for _, l := range append(wrapped(x.Query, columns), wrapped(x.Understood, columns)...) {
		c.printf("%s\n", l)
	}
	if x.Note != "" {
		c.printf("Note: %s\n", clean(x.Note))
	}
	shared := "kept by"
	if x.Shared {
		shared = "shared with the agency by"
	}
	c.printf("Saved %s, changed %s, %s %s.\n", minute(x.Created), minute(x.Changed), shared, clean(x.Owner))
	switch {
	case !x.Deleted.IsZero():
		c.printf("Deleted %s. To bring it back: vigil saved restore %s\n", minute(x.Deleted), x.ID)
	case x.Alert != nil:
		c.printf("You are told of new ads since %s.\n", minute(x.Alert.Since))
	case x.NoAlert != "":
		c.printf("No alert can be made of it: %s.\n", x.NoAlert)
	}
	for _, w := range slices.Backward(x.Earlier) {
		c.printf("\nUntil then, from %s: %s\n%s\n", minute(w.At), clean(w.Name), clean(w.Query))
	}
	return nil
}

type savedAlertCmd struct {
	ID  string `arg:"" help:"Id of the saved search, as the list shows it."`
	End bool   `help:"No longer be told."`
	printing
}

// Example is shown in the help.
func (*savedAlertCmd) Example() string { return "vigil saved alert 3f9c2a7be01d44c8a6f20c9e5b71d3aa" }

// Run makes or ends an alert.
func (s *savedAlertCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	if s.End {
		if err := cl.AlertOff(c.Ctx, s.ID); err != nil {
			return kept(err, s.ID)
		}
		c.printf("You are no longer told.\n")
		return nil
	}
	x, err := cl.AlertOn(c.Ctx, s.ID)
	if err != nil {
		return kept(err, s.ID)
	}
	if s.JSON {
		return c.value(x)
	}
	printAlert(c, x)
	return nil
}

type savedShareCmd struct {
	ID   string `arg:"" help:"Id of the saved search, as the list shows it."`
	Mine bool   `help:"Keep it to yourself again; alerts of others on it end."`
}

// Example is shown in the help.
func (*savedShareCmd) Example() string { return "vigil saved share 3f9c2a7be01d44c8a6f20c9e5b71d3aa" }

// Run shares a saved search.
func (s *savedShareCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	x, err := cl.SavedSearch(c.Ctx, s.ID)
	if err == nil {
		x, err = cl.Save(c.Ctx, s.ID, api.SaveRequest{Name: x.Name, Note: x.Note, Query: x.Query, Shared: !s.Mine})
	}
	if err != nil {
		return kept(err, s.ID)
	}
	if x.Shared {
		c.printf("Everybody of the agency may use “%s” now.\n", clean(x.Name))
	} else {
		c.printf("“%s” is yours alone.\n", clean(x.Name))
	}
	return nil
}

type savedDeleteCmd struct {
	ID string `arg:"" help:"Id of the saved search, as the list shows it."`
}

// Example is shown in the help.
func (*savedDeleteCmd) Example() string { return "vigil saved delete 3f9c2a7be01d44c8a6f20c9e5b71d3aa" }

// Run deletes a saved search.
func (s *savedDeleteCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	if err := cl.DeleteSaved(c.Ctx, s.ID); err != nil {
		return kept(err, s.ID)
	}
	c.printf("Deleted; every alert on it has ended.\nTo bring it back: vigil saved restore %s\n", s.ID)
	return nil
}

type savedRestoreCmd struct {
	ID string `arg:"" help:"Id of the saved search."`
}

// Example is shown in the help.
func (*savedRestoreCmd) Example() string {
	return "vigil saved restore 3f9c2a7be01d44c8a6f20c9e5b71d3aa"
}

// Run brings a saved search back.
func (s *savedRestoreCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	x, err := cl.RestoreSaved(c.Ctx, s.ID)
	if err != nil {
		return kept(err, s.ID)
	}
	c.printf("“%s” is back.\n", clean(x.Name))
	printAlert(c, x)
	return nil
}
