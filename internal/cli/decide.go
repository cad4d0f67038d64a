package cli

import (
	"errors"
	"slices"

	"vigil.example/internal/api"
	"vigil.example/internal/casework"
	"vigil.example/internal/link"
)

type decideCmd struct {
	Kind   string   `arg:"" enum:"must-link,cannot-link,independent,hub" help:"must-link: one poster is behind these ads. cannot-link: two posters are behind these two. independent: one poster is behind these ads, or this cluster, and behind no other. hub: this value joins nothing."`
	About  []string `arg:"" help:"Ids of ads; of independent also the id of a cluster; of hub the value, in any form."`
	Reason string   `help:"Why, in words without numbers or addresses." placeholder:"TEXT"`
	printing
}

// Help says what the flags cannot.
func (*decideCmd) Help() string {
	return "What people decide holds against all evidence, in whatever clusters are found later, until it is taken back with vigil decisions withdraw. " +
		"Clusters follow within seconds, when there are very many ads within minutes."
}

// Example is shown in the help.
func (*decideCmd) Example() string {
	return "vigil decide cannot-link 3f9c2a7be01d44c8a6f20c9e5b71d3aa 81d0c2a7be01d44c8a6f20c9e5b71d3aa\nvigil decide independent c3f9c2a7be01d44c\nvigil decide hub 912-555-0143 --reason \"a booking office\""
}

// Run decides.
func (x *decideCmd) Run(c *Context) error {
	q := api.LinkRequest{Kind: casework.LinkKind(x.Kind), Reason: x.Reason}
	switch {
	case q.Kind == casework.IsHub && len(x.About) != 1:
		return fail(codeUsage, "vigil decide hub 912-555-0143", errors.New("decide hub: give one value"))
	case q.Kind == casework.IsHub:
		q.Value = x.About[0]
	case q.Kind == casework.Independent && len(x.About) == 1 && len(x.About[0]) == 16:
		q.Cluster = x.About[0]
	default:
		q.Ads = x.About
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	made, err := cl.DecideLink(c.Ctx, q)
	switch {
	case err != nil:
		return scoped(err)
	case x.JSON:
		return c.value(made)
	}
	c.printf("Decided: %s.\nTo take it back: vigil decisions withdraw %s\n", linkSaid(made), made.ID)
	return nil
}

// linkSaid is a decision about links in words.
func linkSaid(x casework.LinkDecision) string {
	switch x.Kind {
	case casework.MustLink:
		return "one poster is behind these " + plural(len(x.Ads), "ad", "ads")
	case casework.CannotLink:
		return "two posters are behind these two ads"
	case casework.Independent:
		return "whoever is behind " + plural(len(x.Ads), "ad", "ads") + " is behind no other"
	}
	return clean(link.Display(*x.Value)) + " joins nothing"
}

type decisionsCmd struct {
	List     decisionListCmd     `cmd:"" default:"withargs" help:"List what people decided about who is behind ads."`
	Withdraw decisionWithdrawCmd `cmd:"" help:"Take a decision back."`
}

// Example is shown in the help.
func (*decisionsCmd) Example() string {
	return "vigil decisions\nvigil decisions withdraw 3f9c2a7be01d44c8a6f20c9e5b71d3aa"
}

type decisionListCmd struct {
	All bool `help:"Show those that were taken back, too."`
	printing
}

// Example is shown in the help.
func (*decisionListCmd) Example() string { return "vigil decisions --all" }

// Run lists the decisions.
func (x *decisionListCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	list, err := cl.LinkDecisions(c.Ctx)
	if err != nil {
		return err
	}
	shown := slices.DeleteFunc(list, func(d casework.LinkDecision) bool { return d.Withdrawn != nil && !x.All })
	switch {
	case x.JSON:
		return lines(c, shown)
	case len(shown) == 0:
		c.printf("Nothing is decided about links.\n")
		return nil
	}
	t := table{heads: []string{"SINCE (UTC)", "BY", "DECIDED"}, flex: 2}
	for _, d := range shown {
		t.row(clock(d.At), cut(clean(d.By), 16), linkSaid(d))
		if d.Reason != "" {
			t.note(clean(d.Reason))
		}
		if w := d.Withdrawn; w != nil {
			t.note("taken back " + minute(w.At) + " by " + clean(w.By))
		}
		for _, id := range d.Ads[:min(2, len(d.Ads))] {
			t.note("ad " + id)
		}
		t.note("decision " + d.ID)
	}
	t.print(c.Stdout)
	return nil
}

type decisionWithdrawCmd struct {
	ID     string `arg:"" help:"Id of the decision, as the list shows it."`
	Reason string `help:"Why, in words without numbers or addresses." placeholder:"TEXT"`
	printing
}

// Example is shown in the help.
func (*decisionWithdrawCmd) Example() string {
	return "vigil decisions withdraw 3f9c2a7be01d44c8a6f20c9e5b71d3aa"
}

// Run takes a decision back.
func (x *decisionWithdrawCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	got, err := cl.WithdrawLink(c.Ctx, x.ID, api.WithdrawRequest{Reason: x.Reason})
	switch {
	case err != nil:
		return missing(scoped(err), "withdraw decision "+x.ID+": there is none under this id", "vigil decisions shows their ids")
	case x.JSON:
		return c.value(got)
	}
	c.printf("Taken back: %s.\n", linkSaid(got))
	return nil
}
