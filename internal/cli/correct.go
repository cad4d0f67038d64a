package cli

import (
	"errors"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/casework"
	"vigil.example/internal/link"
)

type correctCmd struct {
	AdID   string `arg:"" name:"ad" help:"Id of the ad, as search shows it."`
	Not    string `help:"This number, which was read in the ad, is not what stands there; in any form." placeholder:"NUMBER"`
	Text   string `help:"It is about this piece of the ad, exactly as the ad writes it." placeholder:"TEXT"`
	Reads  string `help:"The number that it reads, in any form. Left out: it is no number." placeholder:"NUMBER"`
	Reason string `help:"Why, in words without numbers or addresses." placeholder:"TEXT"`
	printing
}

// Help says what the flags cannot.
func (*correctCmd) Help() string {
	return "The decision is kept with your name, purpose and time. The ad is read so from now on, whenever it is seen and whatever is replayed, and linked and searched accordingly; who watches a number that is read so is told. vigil corrections withdraw takes it back."
}

// Example is shown in the help.
func (*correctCmd) Example() string {
	return "vigil correct 3f9c2a7be01d44c8a6f20c9e5b71d3aa --not 912-555-0143\nvigil correct 3f9c2a7be01d44c8a6f20c9e5b71d3aa --text \"nine1too 555 o1fortythree\" --reads 912-555-0143"
}

// Run corrects.
func (x *correctCmd) Run(c *Context) error {
	if (x.Not == "") == (x.Text == "") {
		return fail(codeUsage, "see vigil correct --help", errors.New("correct: give --not with the number that was read, or --text with the piece of the ad"))
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	made, err := cl.Correct(c.Ctx, x.AdID, api.CorrectionRequest{Text: x.Text, Number: x.Not, Reads: x.Reads, Reason: x.Reason})
	switch {
	case err != nil:
		return scoped(err)
	case x.JSON:
		return lines(c, made)
	}
	for _, one := range made {
		c.printf("%s\nTo take it back: vigil corrections withdraw %s\n", said(one), one.ID)
	}
	return nil
}

// said is a correction in a sentence.
func said(x casework.Correction) string {
	return "“" + cut(clean(x.Text), 40) + "” " + decided(x) + "."
}

// decided is what a correction says of its text.
func decided(x casework.Correction) string {
	number := func(e164 string) string { return clean(link.Display(ad.Value{Kind: "phone", Value: e164})) }
	switch {
	case x.Reads == "" && x.Was == "":
		return "is no number"
	case x.Reads == "":
		return "is no number, not " + number(x.Was)
	case x.Was == "" || x.Was == x.Reads:
		return "reads " + number(x.Reads)
	}
	return "reads " + number(x.Reads) + ", not " + number(x.Was)
}

// quoted is the text of a correction on a line of its own.
func quoted(x casework.Correction) string { return "“" + cut(clean(x.Text), columns-4) + "”" }

// scoped gives the next step to whoever may not correct.
func scoped(err error) error {
	var p *api.Problem
	if errors.As(err, &p) && p.Code() == "denied" {
		return fail(codeDenied, "analysts and administrators correct ads; sign in for it with: vigil login --scopes read,correct", err)
	}
	return err
}

type correctionsCmd struct {
	List     correctionListCmd     `cmd:"" default:"withargs" help:"List how the reading of ads was corrected."`
	Withdraw correctionWithdrawCmd `cmd:"" help:"Take a correction back."`
}

// Example is shown in the help.
func (*correctionsCmd) Example() string {
	return "vigil corrections\nvigil corrections withdraw 3f9c2a7be01d44c8a6f20c9e5b71d3aa"
}

type correctionListCmd struct {
	AdID string `name:"ad" help:"Of one ad, by id." placeholder:"ID"`
	All  bool   `help:"Show those that were taken back, too."`
	printing
}

// Example is shown in the help.
func (*correctionListCmd) Example() string { return "vigil corrections --all" }

// Run lists the corrections.
func (x *correctionListCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	list, err := cl.Corrections(c.Ctx, x.AdID)
	if err != nil {
		return err
	}
	var shown []casework.Correction
	for _, one := range list {
		if one.Withdrawn == nil || x.All {
			shown = append(shown, one)
		}
	}
	switch {
	case x.JSON:
		return lines(c, shown)
	case len(shown) == 0:
		c.printf("Nothing is corrected.\n")
		return nil
	}
	t := table{heads: []string{"SINCE (UTC)", "BY", "WHAT IS WRITTEN"}, flex: 2}
	for _, one := range shown {
		t.row(clock(one.At), cut(clean(one.By), 16), decided(one))
		t.note(quoted(one))
		if one.Reason != "" {
			t.note(one.Reason)
		}
		if w := one.Withdrawn; w != nil {
			t.note("taken back " + minute(w.At) + " by " + clean(w.By))
		}
		t.note("ad " + one.AdID)
		t.note("correction " + one.ID)
	}
	t.print(c.Stdout)
	return nil
}

type correctionWithdrawCmd struct {
	ID     string `arg:"" help:"Id of the correction, as the list shows it."`
	Reason string `help:"Why, in words without numbers or addresses." placeholder:"TEXT"`
	printing
}

// Example is shown in the help.
func (*correctionWithdrawCmd) Example() string {
	return "vigil corrections withdraw 3f9c2a7be01d44c8a6f20c9e5b71d3aa --reason mistyped"
}

// Run takes a correction back.
func (x *correctionWithdrawCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	got, err := cl.Withdraw(c.Ctx, x.ID, api.WithdrawRequest{Reason: x.Reason})
	switch {
	case err != nil:
		return missing(scoped(err), "withdraw correction "+x.ID+": there is none under this id", "vigil corrections shows their ids")
	case x.JSON:
		return c.value(got)
	}
	c.printf("Taken back: %s\n", said(got))
	return nil
}
