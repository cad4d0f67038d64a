package cli

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/app"
	"vigil.example/internal/desk"
)

type statusCmd struct{ printing }

// Example is shown in the help.
func (*statusCmd) Example() string { return "vigil status\nvigil status --json" }

// Run shows the ledger.
func (s *statusCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	near, cancel := context.WithTimeout(c.Ctx, answerWithin)
	defer cancel()
	st, err := cl.Status(near)
	switch {
	case err != nil && c.Ctx.Err() == nil && near.Err() != nil:
		return fail(codeError, "is its process stopped, or its machine overloaded? look at its output and at --admin's /readyz",
			fmt.Errorf("server %s: no answer within %v", cl.Server(), answerWithin))
	case err != nil:
		return err
	case s.JSON:
		return c.value(st)
	}
	printStatus(c, st)
	return nil
}

// answerWithin is how long a server may take to say how it is.
const answerWithin = 15 * time.Second

func printStatus(c *Context, st desk.Status) {
	c.printf("Vigil %s, %s data, running since %s.\n", clean(st.Version), clean(st.Instance), minute(st.Started))
	c.printf("%s, %d of them taken down; %s.\n", plural(st.Ads, "ad", "ads"), st.Removed, plural(st.Clusters, "cluster", "clusters"))
	if st.Index.State != "" {
		c.printf("Index: %d MiB; %s.\n", st.Bytes.Index>>20, clean(st.Index.State))
	}
	if st.Index.Trouble != "" {
		for _, line := range wrapped("ATTENTION: the index: "+clean(st.Index.Trouble), columns) {
			c.printf("%s\n", line)
		}
	}
	if st.Replays != nil {
		printGenerations(c, *st.Replays)
	}
	c.printf("\n")
	t := table{heads: []string{"STEP", "IN", "STORED", "REFUSED", "WAITING", ""}, right: []bool{false, true, true, true, true}}
	for _, r := range st.Ledger.Rows {
		word := "balanced"
		if !r.Balanced {
			word = "NOT BALANCED"
		}
		t.row(r.Step, count(r.In), count(r.Stored), count(r.Refused()), count(r.Waiting), word)
		for _, why := range slices.Sorted(maps.Keys(r.Rejected)) {
			t.note(count(r.Rejected[why]) + " refused: " + why)
		}
	}
	t.print(c.Stdout)
	printSites(c, st.Sites)
	printRoles(c, st)
	switch {
	case !st.Ledger.Balanced:
		c.printf("\nThe ledger is not balanced: run vigil doctor on the server.\n")
	case !st.Ledger.Settled:
		c.printf("\nThe ledger is balanced; work is under way.\n")
	default:
		c.printf("\nThe ledger is balanced and nothing is waiting.\n")
	}
	var missing []string
	for _, r := range st.Roles {
		if r.Missing() {
			missing = append(missing, r.Name)
			c.printf("ATTENTION: %s.\n", r.Want())
		}
	}
	if len(missing) > 0 {
		c.printf("Start one where the others are started: vigil run --roles %s\n", strings.Join(missing, ","))
	}
}

// printRoles shows who does the work and what waits for whom.
func printRoles(c *Context, st desk.Status) {
	if len(st.Roles) == 0 {
		return // a server of before
	}
	c.printf("\n")
	t := table{heads: []string{"ROLE", "RUN BY", "WAITING", "OLDEST", ""}, right: []bool{false, true, true, true}}
	for _, r := range st.Roles {
		by, oldest, word := strconv.Itoa(r.RunBy), "-", ""
		if r.RunBy == 0 {
			by = "nobody"
		}
		if r.Waiting > 0 {
			oldest = desk.Age(r.Oldest)
		}
		switch {
		case r.Missing():
			word = "NOT RUN"
		case r.Failing > 0:
			word = fmt.Sprintf("FAILS in %d", r.Failing)
		}
		t.row(r.Name, by, count(r.Waiting), oldest, word)
	}
	t.print(c.Stdout)
	c.printf("\n")
	t = table{heads: []string{"PROCESS", "VERSION", "SINCE (UTC)", "ROLES"}, flex: 3}
	for _, p := range st.Processes {
		roles := strings.Join(p.Roles, ", ")
		if slices.Equal(p.Roles, app.RoleNames()) {
			roles = "all"
		}
		t.row(p.Name, p.Version, clock(p.Since), roles)
		if p.Silent > 0 {
			t.note("gone: no sign of life for " + desk.Age(p.Silent))
			continue
		}
		if s := p.Shard; s != nil {
			t.note(fmt.Sprintf("stood by for linking as shard %d of %d, %s word 3-grams, at %s", s.Number, s.Of, count(uint64(s.Keys)), clock(s.At)))
		}
		for _, x := range p.Troubles {
			for _, line := range wrapped(x.Part+" fails since "+minute(x.Since)+": "+x.Error, columns-2) {
				t.note(line)
			}
		}
	}
	t.print(c.Stdout)
}

func printSites(c *Context, sites []desk.Site) {
	if len(sites) == 0 {
		return
	}
	t := table{heads: []string{"SITE", "CAPTURES", "LISTINGS", "NEWEST"}, right: []bool{false, true, true}}
	for _, s := range sites {
		t.row(s.Name, count(s.Captures), count(s.Listings), day(s.Latest))
	}
	c.printf("\n")
	t.print(c.Stdout)
}

func count(n uint64) string { return strconv.FormatUint(n, 10) }

type versionCmd struct{ printing }

// Example is shown in the help.
func (*versionCmd) Example() string { return "vigil version" }

// Run shows the version.
func (v *versionCmd) Run(c *Context) error {
	if v.JSON {
		return c.value(map[string]string{"version": c.Version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
	}
	c.printf("vigil %s (%s, %s/%s)\n", c.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
