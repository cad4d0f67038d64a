package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vigil.example/internal/api"
	"vigil.example/internal/desk"
)

type lettersCmd struct {
	List  lettersListCmd  `cmd:"" help:"List what could not be handled, by step and reason, without a word of an ad."`
	Show  lettersShowCmd  `cmd:"" help:"Show one with its record. It holds ads."`
	Retry lettersRetryCmd `cmd:"" help:"Take records through their step once more."`
	Drop  lettersDropCmd  `cmd:"" help:"Give some up, for a reason. They stay counted."`
}

// Example is shown in the help.
func (*lettersCmd) Example() string {
	return "vigil dead-letters list --step enrich\nvigil dead-letters retry --all --step enrich"
}

type lettersListCmd struct {
	Step   string `help:"Of this step only: crawl, extract, enrich, link, index or alert." placeholder:"STEP"`
	Limit  int    `help:"Letters to show; ${default} when left out." default:"20" placeholder:"N"`
	Before uint64 `help:"Show older ones: the id that the page before ended with." placeholder:"ID"`
	printing
}

// Example is shown in the help.
func (*lettersListCmd) Example() string {
	return "vigil dead-letters list\nvigil dead-letters list --step extract --json"
}

// Run lists dead letters.
func (l *lettersListCmd) Run(c *Context) error {
	if err := checkStep(l.Step); err != nil {
		return err
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	list, err := cl.DeadLetters(c.Ctx, l.Step, l.Before, l.Limit)
	switch {
	case err != nil:
		return err
	case l.JSON:
		return c.value(list)
	}
	printLetters(c, list, time.Now())
	return nil
}

// checkStep refuses a step that no letter can be of: a typing error must not look
// like health.
func checkStep(step string) error {
	if err := desk.CheckStep(step); err != nil {
		return fail(codeUsage, "the steps are "+strings.Join(desk.LetterSteps(), ", "), err)
	}
	return nil
}

func printLetters(c *Context, list desk.LetterList, now time.Time) {
	if list.Total == 0 {
		c.printf("There are no dead letters.")
	} else {
		c.printf("%s.", plural(list.Total, "dead letter", "dead letters"))
	}
	if list.Dropped > 0 {
		c.printf(" %d were dropped.", list.Dropped)
	}
	c.printf("\n")
	if list.Total == 0 {
		return
	}
	c.printf("\n")
	t := table{heads: []string{"STEP", "COUNT", "OLDEST", "REASON"}, right: []bool{false, true, true}, flex: 3}
	for _, n := range list.Counts {
		t.row(n.Step, strconv.Itoa(n.Count), age(now.Sub(n.Oldest)), n.Reason)
	}
	t.print(c.Stdout)
	if len(list.Letters) == 0 {
		return
	}
	c.printf("\n")
	t = table{heads: []string{"ID", "STAGE", "RECORD", "TRIES", "AGE", "REASON"}, right: []bool{true, false, false, true, true}, flex: 5}
	for _, x := range list.Letters {
		t.row(count(x.ID), x.Stage, x.Stream+" "+count(x.Seq), strconv.Itoa(x.Attempts), age(now.Sub(x.At)), x.Reason)
	}
	t.print(c.Stdout)
	if list.Before > 0 {
		c.printf("\nOlder ones: vigil dead-letters list --before %d\n", list.Before)
	}
}

// age is a length of time in one unit.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(int(d.Seconds()), 0))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

type lettersShowCmd struct {
	ID uint64 `arg:"" help:"Id of the letter, as the list shows it."`
	printing
}

// Example is shown in the help.
func (*lettersShowCmd) Example() string { return "vigil dead-letters show 17" }

// Run shows one dead letter.
func (l *lettersShowCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	x, err := cl.DeadLetter(c.Ctx, l.ID)
	switch {
	case err != nil:
		return unlisted(err)
	case l.JSON:
		return c.value(x)
	}
	c.printf("Dead letter %d of step %s (%s), since %s, after %s.\n", x.ID, x.Step, clean(x.Stage), minute(x.At), plural(x.Attempts, "try", "tries"))
	c.printf("Reason: %s\n", strings.Join(wrapped(x.Reason, columns-8), "\n        "))
	c.printf("Record: %s %d, %s, %d bytes\n\n", clean(x.Stream), x.Seq, clean(x.Subject), x.Bytes)
	for _, line := range recordLines(x.Record) {
		c.printf("  %s\n", line)
	}
	return nil
}

// maxShown bounds what is shown of a record; --json gives all of it.
const maxShown = 200

// recordLines is a record for people: JSON with indents, WARC records unpacked.
func recordLines(b []byte) (out []string) {
	var indented bytes.Buffer
	if json.Indent(&indented, b, "", "  ") == nil {
		b = indented.Bytes()
	} else if z, err := gzip.NewReader(bytes.NewReader(b)); err == nil {
		if plain, err := io.ReadAll(io.LimitReader(z, 64<<10)); err == nil || len(plain) > 0 {
			b = plain
		}
	}
	if !utf8.Valid(b) {
		return []string{fmt.Sprintf("(%d bytes that are no text; --json gives them in base64)", len(b))}
	}
	for line := range strings.Lines(string(b)) {
		if len(out) == maxShown {
			return append(out, "… (--json gives all)")
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		out = append(out, cut(indent+clean(line), columns-2))
	}
	return out
}

// unlisted gives the next step to an id that is not there.
func unlisted(err error) error {
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Code() == "not-found" {
		return fail(codeNotFound, "vigil dead-letters list shows their ids; one that was retried or dropped is gone", err)
	}
	return err
}

// picking is the flags that say which letters.
type picking struct {
	IDs  []uint64 `arg:"" optional:"" name:"id" help:"Ids of letters, as the list shows them."`
	All  bool     `help:"All of them."`
	Step string   `help:"With --all: of this step only." placeholder:"STEP"`
	printing
}

func (p picking) request() (api.LettersRequest, error) {
	switch {
	case p.All && len(p.IDs) > 0:
		return api.LettersRequest{}, fail(codeUsage, "give either ids or --all", errors.New("dead letters: both ids and --all are given"))
	case !p.All && len(p.IDs) == 0:
		return api.LettersRequest{}, fail(codeUsage, "vigil dead-letters list shows ids; --all means all of them", errors.New("dead letters: none is named"))
	case p.Step != "" && !p.All:
		return api.LettersRequest{}, fail(codeUsage, "with ids, leave it out", errors.New("dead letters: --step goes with --all"))
	}
	if err := checkStep(p.Step); err != nil {
		return api.LettersRequest{}, err
	}
	return api.LettersRequest{IDs: p.IDs, All: p.All, Step: p.Step}, nil
}

type lettersRetryCmd struct{ picking }

// Help explains the command in short.
func (*lettersRetryCmd) Help() string {
	return "Do this once the cause is mended: a site definition, a new version. A letter is gone when its record went through; one that fails again stays, with the reason."
}

// Example is shown in the help.
func (*lettersRetryCmd) Example() string {
	return "vigil dead-letters retry 17 18\nvigil dead-letters retry --all --step extract"
}

// Run retries letters.
func (l *lettersRetryCmd) Run(c *Context) error {
	q, err := l.request()
	if err != nil {
		return err
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	w, err := cl.RetryDeadLetters(c.Ctx, q)
	if err != nil {
		return err
	}
	return printLetterWork(c, w, "went through", l.JSON)
}

type lettersDropCmd struct {
	picking
	Reason string `help:"Why they are given up; kept with their count." required:"" placeholder:"WORDS"`
}

// Example is shown in the help.
func (*lettersDropCmd) Example() string {
	return "vigil dead-letters drop 17 --reason 'a broken test page'\nvigil dead-letters drop --all --step crawl --reason 'the site is gone'"
}

// Run drops letters.
func (l *lettersDropCmd) Run(c *Context) error {
	q, err := l.request()
	if err != nil {
		return err
	}
	q.Reason = l.Reason
	cl, err := c.Client()
	if err != nil {
		return err
	}
	w, err := cl.DropDeadLetters(c.Ctx, q)
	if err != nil {
		return err
	}
	return printLetterWork(c, w, "dropped", l.JSON)
}

// printLetterWork says what became of letters; that some stay is an error.
func printLetterWork(c *Context, w desk.LetterWork, done string, json bool) error {
	if json {
		if err := c.value(w); err != nil {
			return err
		}
	} else {
		if w.Total > 0 || len(w.Gone) == 0 {
			c.printf("%d of %s %s.\n", w.Done, plural(w.Total, "letter", "letters"), done)
		}
		for _, f := range w.Failed {
			c.printf("  %d stays: %s\n", f.ID, strings.Join(wrapped(f.Why, columns-10), "\n    "))
		}
		if n := w.Total - w.Done - len(w.Failed); n > 0 {
			c.printf("  and %d more stay\n", n)
		}
	}
	if len(w.Gone) > 0 {
		var ids []string
		for _, id := range w.Gone {
			ids = append(ids, count(id))
		}
		return fail(codeNotFound, "vigil dead-letters list shows their ids; one that was retried or dropped is gone",
			fmt.Errorf("dead letters: there is no %s", strings.Join(ids, ", ")))
	}
	if w.Done < w.Total {
		return fail(codeError, "vigil dead-letters show tells more of one", fmt.Errorf("dead letters: %d of %d stay", w.Total-w.Done, w.Total))
	}
	return nil
}
