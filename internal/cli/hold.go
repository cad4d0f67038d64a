package cli

import (
	"fmt"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/casework"
	"vigil.example/internal/link"
)

type holdCmd struct {
	Add     holdAddCmd     `cmd:"" help:"Keep an ad, a number or a cluster from being erased."`
	List    holdListCmd    `cmd:"" help:"List the holds."`
	Release holdReleaseCmd `cmd:"" help:"End a hold."`
}

// Example is shown in the help.
func (*holdCmd) Example() string {
	return "vigil hold add --cluster c0123456789abcde --reason \"evidence in a trial\" --authority \"district court, file 7\"\nvigil hold list"
}

// grounds are what a hold, or the end of one, rests on.
type grounds struct {
	Reason    string `help:"Why, in words without numbers or addresses: they are kept." placeholder:"TEXT" required:""`
	Authority string `help:"Who may demand it: a court's order, a decision." placeholder:"TEXT" required:""`
}

type holdAddCmd struct {
	AdID    string `name:"ad" help:"Hold an ad, by id." placeholder:"ID" xor:"what" required:""`
	Number  string `help:"Hold every ad that gives this number, written in any form; or an e-mail address, or a handle as platform:name." placeholder:"NUMBER" xor:"what" required:""`
	Cluster string `help:"Hold every ad of a cluster, by id: those in it now, and those in it later." placeholder:"ID" xor:"what" required:""`
	grounds
	printing
}

// Help says what a hold does.
func (*holdAddCmd) Help() string {
	return "A hold wins over every erasure until it is released. Needs the role of an administrator: vigil login --scopes admin."
}

// Example is shown in the help.
func (*holdAddCmd) Example() string {
	return "vigil hold add --ad 3f9c2a7be01d44c8a6f20c9e5b71d3aa --reason \"evidence in a trial\" --authority \"district court, file 7\""
}

// Run adds the hold.
func (h *holdAddCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	got, err := cl.Hold(c.Ctx, api.HoldRequest{Ad: h.AdID, Number: h.Number, Cluster: h.Cluster, Reason: h.Reason, Authority: h.Authority})
	switch {
	case err != nil:
		return misnamed(admins(err), "vigil search shows the ids of ads, vigil ad those of clusters")
	case h.JSON:
		return c.value(got)
	}
	c.printf("Held: %s.\nTo end it, with --reason and --authority:\n  vigil hold release %s\n", heldWhat(got), got.ID)
	return nil
}

// heldWhat says what a hold is on.
func heldWhat(h casework.Hold) string {
	switch h.Kind {
	case casework.HoldAd:
		return "ad " + h.Value
	case casework.HoldCluster:
		return fmt.Sprintf("cluster %s, %s now", h.Value, plural(len(h.AdIDs), "ad", "ads"))
	}
	return clean(link.Display(ad.Value{Kind: h.Kind, Value: h.Value}))
}

type holdListCmd struct {
	All bool `help:"Show released ones too."`
	printing
}

// Example is shown in the help.
func (*holdListCmd) Example() string { return "vigil hold list --all" }

// Run lists the holds.
func (h *holdListCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	list, err := cl.Holds(c.Ctx)
	if err != nil {
		return admins(err)
	}
	var shown []casework.Hold
	for _, x := range list {
		if x.Released == nil || h.All {
			shown = append(shown, x)
		}
	}
	switch {
	case h.JSON:
		return lines(c, shown)
	case len(shown) == 0:
		c.printf("Nothing is held.\n")
		return nil
	}
	t := table{heads: []string{"SINCE (UTC)", "STATE", "REASON"}, flex: 2}
	for _, x := range shown {
		state := "held"
		if x.Released != nil {
			state = "released"
		}
		t.row(clock(x.At), state, x.Reason)
		t.note(heldWhat(x))
		t.note("put by " + x.By + ", authority: " + x.Authority)
		if x.Released != nil {
			t.note("released " + minute(x.Released.At) + " by " + x.Released.By + ": " + x.Released.Reason + ", authority: " + x.Released.Authority)
		}
		t.note("hold " + x.ID)
	}
	t.print(c.Stdout)
	return nil
}

type holdReleaseCmd struct {
	ID string `arg:"" help:"Id of the hold, as the list shows it."`
	grounds
	printing
}

// Example is shown in the help.
func (*holdReleaseCmd) Example() string {
	return "vigil hold release 3f9c2a7be01d44c8a6f20c9e5b71d3aa --reason \"trial is over\" --authority \"district court, file 7\""
}

// Run releases the hold.
func (h *holdReleaseCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	got, err := cl.Release(c.Ctx, h.ID, api.ReleaseRequest{Reason: h.Reason, Authority: h.Authority})
	switch {
	case err != nil:
		return missing(admins(err), "release hold "+h.ID+": there is none under this id", "vigil hold list shows their ids")
	case h.JSON:
		return c.value(got)
	}
	c.printf("Released: %s.\n", heldWhat(got))
	return nil
}
