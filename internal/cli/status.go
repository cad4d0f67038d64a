package cli

import (
	"maps"
	"runtime"
	"slices"
	"strconv"

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
	st, err := cl.Status(c.Ctx)
	switch {
	case err != nil:
		return err
	case s.JSON:
		return c.value(st)
	}
	printStatus(c, st)
	return nil
}

func printStatus(c *Context, st desk.Status) {
	c.printf("Vigil %s, %s data, running since %s.\n", clean(st.Version), clean(st.Instance), minute(st.Started))
	c.printf("%s, %d of them taken down; %s.\n", plural(st.Ads, "ad", "ads"), st.Removed, plural(st.Clusters, "cluster", "clusters"))
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
	switch {
	case !st.Ledger.Balanced:
		c.printf("\nThe ledger is not balanced: run vigil doctor on the server.\n")
	case !st.Ledger.Settled:
		c.printf("\nThe ledger is balanced; work is under way.\n")
	default:
		c.printf("\nThe ledger is balanced and nothing is waiting.\n")
	}
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
