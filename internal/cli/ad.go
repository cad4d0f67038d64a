package cli

import (
	"fmt"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/link"
)

type adCmd struct {
	ID    string `arg:"" help:"Id of the ad, as search shows it."`
	Alike bool   `help:"List other ads that are worded like it instead, most alike first."`
	printing
}

// Example is shown in the help.
func (*adCmd) Example() string {
	return "vigil ad 3f9c2a7be01d44c8a6f20c9e5b71d3aa\nvigil ad --alike 3f9c2a7be01d44c8a6f20c9e5b71d3aa"
}

// Run shows an ad.
func (a *adCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	if a.Alike {
		return a.alike(c, cl)
	}
	v, err := cl.Ad(c.Ctx, a.ID)
	if err != nil {
		return err
	}
	if a.JSON {
		return c.value(v)
	}
	printAd(c, v)
	return nil
}

// alike lists ads that are worded like one.
func (a *adCmd) alike(c *Context, cl *api.Client) error {
	list, err := cl.Alike(c.Ctx, a.ID, 0)
	switch {
	case err != nil:
		return err
	case a.JSON:
		return c.value(list)
	case len(list) == 0:
		c.printf("No other ad is worded like it.\n")
		return nil
	}
	c.printf("%s worded like it; how much of the wording they share stands below each.\n\n", plural(len(list), "ad", "ads"))
	docs, share := make([]ad.Document, len(list)), map[string]float64{}
	for i, l := range list {
		docs[i], share[l.Document.Ad.AdID] = l.Document, l.Share
	}
	printDocs(c, docs, func(x *ad.Ad) []string { return []string{fmt.Sprintf("shares %.0f %%", 100*share[x.AdID])} })
	return nil
}

func printAd(c *Context, v api.Ad) {
	d := v.Current()
	for _, l := range wrapped(d.Ad.Title, columns) {
		c.printf("%s\n", l)
	}
	fact := func(name, text string) {
		if text = clean(text); text == "" || text == "-" {
			return
		}
		for i, l := range wrapped(text, columns-13) {
			if i > 0 {
				name = ""
			}
			c.printf("  %-10s %s\n", name, l)
		}
	}
	fact("Ad", v.ID)
	fact("Cluster", v.Cluster)
	fact("Site", d.Ad.Site)
	fact("Address", d.Ad.URL)
	fact("Place", d.Ad.Location)
	if d.Ad.Price != nil {
		fact("Price", first(d.Ad.Price.Text, d.Ad.Price.Amount+" "+d.Ad.Price.Currency))
	}
	fact("Posted", minute(d.Ad.PostedAt))
	if n := len(v.Sightings); n > 0 {
		fact("Seen", fmt.Sprintf("%s, first %s, last %s", plural(n, "time", "times"), minute(v.Sightings[0].SeenAt), minute(v.Sightings[n-1].SeenAt)))
	}
	fact("Taken down", minute(d.RemovedAt))
	if n := len(v.Documents); n > 1 {
		fact("Contents", fmt.Sprintf("%d; this is the newest, --json shows all", n))
	}
	c.printf("\n")
	for _, l := range wrapped(d.Ad.Body, columns-2) {
		c.printf("  %s\n", l)
	}
	printValues(c, v, d)
}

// printValues lists what was read in an ad, how sure that is, and what is special
// about it.
func printValues(c *Context, v api.Ad, d ad.Document) {
	t := table{heads: []string{"READ IN IT", "SURE", "WRITTEN AS", ""}, right: []bool{false, true}, flex: 2}
	about := func(val ad.Value) string {
		var out []string
		for _, w := range v.Watched {
			if w == val {
				out = append(out, "watched")
			}
		}
		for _, h := range v.Hubs {
			if h.Value == val {
				out = append(out, "held back, links nothing")
			}
		}
		return strings.Join(out, ", ")
	}
	for _, p := range d.Ad.Phones {
		val := ad.Value{Kind: "phone", Value: p.E164}
		more := about(val)
		if p.Method == ad.MethodCorrected {
			more = strings.TrimPrefix(more+", corrected", ", ")
		}
		t.row(link.Display(val), percent(p.Confidence), p.Text, more)
	}
	for _, i := range d.Ad.Identifiers {
		val := ad.Value{Kind: i.Kind, Value: i.Value}
		t.row(cut(clean(i.Value), 30), percent(i.Confidence), i.Text, about(val))
	}
	if len(t.rows) > 0 {
		c.printf("\n")
		t.print(c.Stdout)
	}
	printLanguage(c, &d.Ad)
	printCorrections(c, v)
	printLabels(c, v)
}

// printLanguage lists the language found in an ad.
func printLanguage(c *Context, a *ad.Ad) {
	t := table{heads: []string{"LANGUAGE FOUND", "", "AS WRITTEN"}, flex: 2}
	for _, i := range a.Indicators {
		t.row(indicator.Words(i.Category, i.Sub), string(i.Strength), i.Text)
	}
	if len(t.rows) == 0 {
		return
	}
	c.printf("\n")
	t.print(c.Stdout)
	if a.Lead != nil {
		c.printf("A lead for a person to look at: %s.\n", clean(a.Lead.Why))
	}
}

// printCorrections lists the corrections of an ad's reading that stand.
func printCorrections(c *Context, v api.Ad) {
	t := table{heads: []string{"CORRECTED (UTC)", "BY", "WHAT IS WRITTEN"}, flex: 2}
	for _, x := range v.Corrections {
		if x.Withdrawn == nil {
			t.row(clock(x.At), cut(clean(x.By), 16), decided(x))
			t.note(quoted(x))
			t.note("correction " + x.ID)
		}
	}
	if len(t.rows) > 0 {
		c.printf("\n")
		t.print(c.Stdout)
	}
	if v.Pending {
		c.printf("\nWhat was decided last shows here in a moment.\n")
	}
}

func percent(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) }
