package cli

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"vigil.example/internal/api"
	"vigil.example/internal/erasure"
)

type eraseCmd struct {
	Order eraseOrderCmd `cmd:"" default:"withargs" help:"Erase ads for good. The word order may be left out."`
	List  eraseListCmd  `cmd:"" help:"List what was erased, when, by whom and why."`
	Show  eraseShowCmd  `cmd:"" help:"Show one erasure and what it came to."`
}

// Help says where the flags are told.
func (*eraseCmd) Help() string {
	return "vigil erase --ad ID,ID, --number NUMBER or --older-than AGE, with --reason and --authority, orders an erasure; vigil erase order --help tells of these flags."
}

// Example is shown in the help.
func (*eraseCmd) Example() string {
	return "vigil erase --number 912-555-0123 --reason \"asked by the person\" --authority \"data protection officer\"\nvigil erase list"
}

type eraseOrderCmd struct {
	AdID      []string `name:"ad" help:"Ads to erase, by id." placeholder:"ID,ID" xor:"what"`
	Number    string   `help:"Erase every ad that gives this number, written in any form." placeholder:"NUMBER" xor:"what"`
	OlderThan string   `help:"Erase every ad last seen before then: 180d, 26w, or a day as 2026-05-01." placeholder:"AGE" xor:"what"`
	Reason    string   `help:"Why, in words without numbers or addresses: they are kept." placeholder:"TEXT"`
	Authority string   `help:"By which rule or whose decision, in words." placeholder:"TEXT"`
	DryRun    bool     `help:"Only say what it would come to."`
	Yes       bool     `help:"Do not ask." short:"y"`
	printing
}

// Help says what the flags cannot.
func (*eraseOrderCmd) Help() string {
	return "Reaches streams, WARC files, the index, clusters, inboxes and dead letters; who, why and how many is kept, no word of an ad. A litigation hold keeps what it covers: vigil hold. What is erased cannot be brought back, but a backup made before holds it until the ledger is applied to it. Ctrl-C stops watching, not erasing. Needs the role of an administrator: vigil login --scopes admin."
}

// Example is shown in the help.
func (*eraseOrderCmd) Example() string {
	return "vigil erase --ad 3f9c2a7be01d44c8a6f20c9e5b71d3aa --reason \"asked by the person\" --authority \"data protection officer\"\nvigil erase --older-than 180d --reason \"end of retention\" --authority \"retention policy, section 4\""
}

// Run shows what the order comes to, asks, gives it and follows it.
func (e *eraseOrderCmd) Run(c *Context) error {
	q := api.EraseRequest{Ads: e.AdID, Number: e.Number, OlderThan: e.OlderThan, Reason: e.Reason, Authority: e.Authority}
	switch {
	case len(q.Ads) == 0 && q.Number == "" && q.OlderThan == "":
		return fail(codeUsage, "vigil erase --ad ID, --number NUMBER or --older-than AGE; vigil erase --help says more", errors.New("erase: nothing is named"))
	case q.Reason == "" || q.Authority == "":
		return fail(codeUsage, "give --reason TEXT and --authority TEXT", errors.New("erase: a reason and an authority are needed: they are what remains"))
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	p, err := cl.PreviewErase(c.Ctx, q)
	if err != nil {
		return admins(err)
	}
	if len(p.Unknown) > 0 {
		return fail(codeNotFound, "vigil search finds ads and shows their ids", fmt.Errorf("erase: there is no ad %s", p.Unknown[0]))
	}
	if !e.JSON || e.DryRun {
		if err := e.foretell(c, p); err != nil {
			return err
		}
	}
	if e.DryRun {
		return nil
	}
	if err := e.confirm(c, p); err != nil {
		return err
	}
	x, err := cl.Erase(c.Ctx, q)
	if err != nil {
		return admins(err)
	}
	if !e.JSON {
		c.printf("Order %s.\n", x.ID)
	}
	if x, err = c.follow(cl, x); err != nil {
		if c.Ctx.Err() != nil {
			return fail(codeError, "vigil erase show "+x.ID+" tells how far it is", errors.New("stopped watching; the order is carried out all the same"))
		}
		return err
	}
	if e.JSON {
		return c.value(x)
	}
	printErasure(c, x)
	return nil
}

// foretell prints what an order would come to.
func (e *eraseOrderCmd) foretell(c *Context, p api.ErasePreview) error {
	if e.JSON {
		return c.value(p)
	}
	what := plural(p.Ads, "ad", "ads")
	if !p.Before.IsZero() {
		what += " last seen before " + minute(p.Before)
	}
	c.printf("To be erased: %s, seen %s, and %s, with lists that link to them.\n", what, plural(p.Sightings, "time", "times"), plural(p.Captures, "page", "pages"))
	if p.Held > 0 {
		c.printf("Kept by a litigation hold: %s.\n", plural(p.Held, "ad", "ads"))
		for _, h := range p.Holds {
			c.printf("  hold %s\n", h)
		}
	}
	return nil
}

// confirm asks the person at the terminal; elsewhere --yes must have been given.
func (e *eraseOrderCmd) confirm(c *Context, p api.ErasePreview) error {
	if e.Yes {
		return nil
	}
	f, ok := c.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return fail(codeUsage, "add --yes to erase, or --dry-run to see only", errors.New("erase: nobody is at the terminal to confirm it"))
	}
	_, _ = fmt.Fprintf(c.Stderr, "This cannot be undone. Erase %s? Type yes: ", plural(p.Ads, "ad", "ads"))
	in := bufio.NewReader(f)
	s, err := c.atTerminal(int(f.Fd()), false, func() (string, error) { return in.ReadString('\n') })
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if strings.TrimSpace(s) != "yes" {
		return errors.New("erase: not confirmed, nothing was erased")
	}
	return nil
}

// lookEvery is how often the server is asked how far an order is.
const lookEvery = 300 * time.Millisecond

// follow asks until an order is done, and shows how far it is.
func (c *Context) follow(cl *api.Client, x erasure.Entry) (erasure.Entry, error) {
	say := func(format string, args ...any) {
		if c.terminal() {
			_, _ = fmt.Fprintf(c.Stderr, "\r\x1b[K"+format, args...)
		}
	}
	defer say("")
	for x.State != erasure.Done {
		switch x.State {
		case erasure.Listing:
			say("looking for what it comes to…")
		default:
			say("erasing %s and %s…", plural(x.Ads, "ad", "ads"), plural(x.Captures, "page", "pages"))
		}
		select {
		case <-c.Ctx.Done():
			return x, c.Ctx.Err()
		case <-time.After(lookEvery):
		}
		y, err := cl.Erasure(c.Ctx, x.ID)
		if err != nil {
			return x, err
		}
		x = y
	}
	return x, nil
}

// admins gives the next step to who may not erase or hold.
func admins(err error) error {
	var p *api.Problem
	if errors.As(err, &p) && p.Code() == "denied" {
		return fail(codeDenied, "an administrator signs in for it with: vigil login --scopes admin", err)
	}
	return err
}

// about says what an order is about.
func about(x erasure.Entry) string {
	switch x.Kind {
	case erasure.ByNumber:
		return "a number"
	case erasure.OlderThan:
		return "older than " + day(x.Before)
	}
	return "by id"
}

func printErasure(c *Context, x erasure.Entry) {
	switch x.State {
	case erasure.Done:
		c.printf("Erased: %s, %s.", plural(x.Ads, "ad", "ads"), plural(x.Captures, "page", "pages"))
	case erasure.Listing:
		c.printf("Not begun yet.")
	default:
		c.printf("Under way: %s, %s.", plural(x.Ads, "ad", "ads"), plural(x.Captures, "page", "pages"))
	}
	if x.Held > 0 {
		c.printf(" Kept by a litigation hold: %s.", plural(x.Held, "ad", "ads"))
	}
	c.printf("\n\nOrder      %s, %s\nGiven      %s by %s\nReason     %s\nAuthority  %s\n",
		x.ID, about(x), minute(x.At), clean(x.By), strings.Join(wrapped(x.Reason, columns-11), "\n           "), strings.Join(wrapped(x.Authority, columns-11), "\n           "))
	if x.State != erasure.Done {
		return
	}
	c.printf("Done       %s\n", minute(x.Done))
	if len(x.Deleted) > 0 {
		c.printf("\n")
		t := table{heads: []string{"STREAM", "RECORDS", "DELETED"}, right: []bool{false, false, true}, flex: 1}
		for _, k := range slices.Sorted(maps.Keys(x.Deleted)) {
			name, what, _ := strings.Cut(k, " ")
			t.row(name, what, count(x.Deleted[k]))
		}
		t.print(c.Stdout)
	}
	for _, f := range x.Files {
		c.printf("\n%s was written anew as %s\n", f.Old, first(f.New, "nothing: it held no more"))
	}
}

type eraseListCmd struct{ printing }

// Example is shown in the help.
func (*eraseListCmd) Example() string { return "vigil erase list" }

// Run lists the erasures.
func (e *eraseListCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	list, err := cl.Erasures(c.Ctx)
	switch {
	case err != nil:
		return admins(err)
	case e.JSON:
		return lines(c, list)
	case len(list) == 0:
		c.printf("Nothing was erased.\n")
		return nil
	}
	t := table{heads: []string{"GIVEN (UTC)", "STATE", "WHAT", "ADS", "HELD", "REASON"}, right: []bool{false, false, false, true, true}, flex: 5}
	for _, x := range list {
		t.row(clock(x.At), string(x.State), about(x), count(uint64(x.Ads)), count(uint64(x.Held)), x.Reason)
		t.note("order " + x.ID)
	}
	t.print(c.Stdout)
	return nil
}

type eraseShowCmd struct {
	ID string `arg:"" help:"Id of the order, as the list shows it."`
	printing
}

// Example is shown in the help.
func (*eraseShowCmd) Example() string { return "vigil erase show 3f9c2a7be01d44c8a6f20c9e5b71d3aa" }

// Run shows the erasure.
func (e *eraseShowCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	x, err := cl.Erasure(c.Ctx, e.ID)
	switch {
	case err != nil:
		return missing(admins(err), "show erasure "+e.ID+": there is none under this id", "vigil erase list shows their ids")
	case e.JSON:
		return c.value(x)
	}
	printErasure(c, x)
	return nil
}
