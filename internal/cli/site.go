package cli

import (
	"fmt"
	"strconv"

	"vigil.example/internal/desk"
)

type siteCmd struct {
	Words siteWordsCmd `cmd:"" help:"Show what a site adds to every page."`
}

type siteWordsCmd struct {
	printing
	Site string `arg:"" optional:"" help:"Name of the site; every site when left out."`
}

// Help says what a model is.
func (*siteWordsCmd) Help() string {
	return "What a site adds to its pages is learned from its listings: words in a fifth of what its owners write, once there are 20 owners. They are marked in ads, and neither the language found nor linking goes by them. Numbers to call are shown as #."
}

// Example is shown in the help.
func (*siteWordsCmd) Example() string { return "vigil site words\nvigil site words townboard" }

// Run prints models.
func (k *siteWordsCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	models, err := cl.SiteWords(c.Ctx, k.Site)
	switch {
	case err != nil:
		return missing(err, "nothing is known of what site "+k.Site+" adds to its pages", "a site needs 60 listings by 20 owners; vigil site words lists those that are known")
	case k.JSON:
		return c.value(models)
	case k.Site == "":
		printModels(c, models)
	default:
		for _, m := range models {
			printSiteWords(c, m)
		}
	}
	return nil
}

func printModels(c *Context, models []desk.SiteWords) {
	if len(models) == 0 {
		c.printf("Nothing is known yet of what sites add to their pages.\nA site needs 60 listings by 20 owners.\n")
		return
	}
	t := table{heads: []string{"SITE", "MODEL", "SINCE", "LISTINGS", "CONTACTS", "TEXTS"}, right: []bool{false, true, false, true, true, true}}
	for _, m := range models {
		t.row(clean(m.Site), strconv.Itoa(m.Version), m.Since.Format("2006-01-02 15:04"), strconv.Itoa(m.Listings), strconv.Itoa(m.Owners.Contacts), strconv.Itoa(m.Owners.Texts))
	}
	t.print(c.Stdout)
}

func printSiteWords(c *Context, m desk.SiteWords) {
	c.printf("Model %d of %s, since %s UTC\n", m.Version, clean(m.Site), m.Since.Format("2 Jan 2006 15:04"))
	c.printf("learned from %s by %s and %s\n\n", plural(m.Listings, "listing", "listings"), plural(m.Owners.Contacts, "contact", "contacts"), plural(m.Owners.Texts, "unlike text", "unlike texts"))
	if len(m.Phrases) == 0 {
		c.printf("The site adds nothing to its pages.\n")
	} else {
		c.printf("listings that say\n")
	}
	for _, p := range m.Phrases {
		lead := fmt.Sprintf("%6d  ", p.Listings)
		for _, l := range wrapped(clean(p.Text), columns-len(lead)) {
			c.printf("%s%s\n", lead, l)
			lead = "        "
		}
	}
	for i, b := range m.Before {
		if i == 0 {
			c.printf("\nEarlier\n")
		}
		c.printf("  model %d, since %s\n", b.Version, b.Since.Format("2 Jan 2006 15:04"))
	}
}
