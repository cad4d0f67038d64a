package cli

import (
	"strconv"

	"vigil.example/internal/api"
)

type labelCmd struct {
	About  string   `arg:"" name:"id" help:"Id of an ad, or of a cluster for the ads that are in it now."`
	Labels []string `arg:"" help:"Labels: letters a to z, digits and hyphens, 40 at most."`
	Remove bool     `help:"Take these labels back."`
	Reason string   `help:"Why, in words without numbers or addresses." placeholder:"TEXT"`
	printing
}

// Help says what the flags cannot.
func (*labelCmd) Help() string {
	return "A label is your judgement of an ad, kept with your name, purpose and time; the program finds none itself. It holds until it is taken back, whatever is replayed. " +
		"Search finds ads by it: label:spam, -label:spam, has:label. Ads that come into a cluster later are not labelled. vigil labels lists what is offered; other labels may be given."
}

// Example is shown in the help.
func (*labelCmd) Example() string {
	return "vigil label 3f9c2a7be01d44c8a6f20c9e5b71d3aa spam --reason \"one text in forty cities\"\nvigil label c3f9c2a7be01d44c consenting --remove"
}

// Run labels.
func (x *labelCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	q := api.LabelRequest{Ads: []string{x.About}, Labels: x.Labels, Reason: x.Reason}
	if len(x.About) == 16 {
		q.Ads, q.Cluster = nil, x.About
	}
	do, said := cl.Label, "Labelled"
	if x.Remove {
		do, said = cl.Unlabel, "Taken back"
	}
	made, err := do(c.Ctx, q)
	switch {
	case err != nil && x.Remove:
		return missing(scoped(err), "take labels back: none of them stands there", "vigil ad shows the labels of an ad")
	case err != nil:
		return misnamed(scoped(err), "search shows the ids of ads and clusters")
	case x.JSON:
		return lines(c, made)
	}
	var names []string
	ads := map[string][]string{}
	for _, one := range made {
		if ads[one.Name] == nil {
			names = append(names, one.Name)
		}
		ads[one.Name] = append(ads[one.Name], one.AdID)
	}
	for _, name := range names {
		c.printf("%s: %s, %s.\n", said, name, plural(len(ads[name]), "ad", "ads"))
	}
	return nil
}

type labelsCmd struct {
	printing
}

// Example is shown in the help.
func (*labelsCmd) Example() string { return "vigil labels" }

// Run lists labels.
func (x *labelsCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	list, err := cl.Labels(c.Ctx)
	switch {
	case err != nil:
		return err
	case x.JSON:
		return lines(c, list)
	}
	t := table{heads: []string{"LABEL", "ADS", ""}, right: []bool{false, true}, flex: 2}
	for _, one := range list {
		more := "offered"
		if !one.Offered {
			more = "somebody’s own"
		}
		t.row(clean(one.Label), strconv.Itoa(one.Documents), more)
	}
	t.print(c.Stdout)
	return nil
}

// printLabels lists the labels of an ad that stand.
func printLabels(c *Context, v api.Ad) {
	t := table{heads: []string{"LABELLED (UTC)", "BY", "LABEL"}, flex: 2}
	for _, x := range v.Labels {
		if x.Withdrawn == nil {
			t.row(clock(x.At), cut(clean(x.By), 16), clean(x.Name))
			if x.Reason != "" {
				t.note(clean(x.Reason))
			}
		}
	}
	if len(t.rows) > 0 {
		c.printf("\n")
		t.print(c.Stdout)
	}
}
