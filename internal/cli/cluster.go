package cli

import (
	"strconv"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/link"
	"vigil.example/internal/search"
)

type clusterCmd struct {
	ID       string `arg:"" optional:"" help:"Id of the cluster; without it the largest clusters are listed."`
	Other    string `arg:"" optional:"" help:"Id of the second ad of --explain."`
	Explain  string `help:"Say why this ad and a second one are together: the strongest path of reasons, with what they rest on." placeholder:"AD"`
	Without  string `help:"Say what would become of the cluster if nobody gave this value. Nothing is stored." placeholder:"VALUE"`
	Near     string `help:"Say who is nearly the poster of the cluster, and what this ad of it shares with others." placeholder:"AD"`
	Template bool   `help:"Show the forms of its texts, with their slots and what fills them."`
	printing
	N int `help:"Clusters to list, or ads, reasons and fills of a slot to show." default:"20" short:"n"`
}

// Example is shown in the help.
func (*clusterCmd) Example() string {
	return "vigil cluster\nvigil cluster c3f9c2a7be01d44c\nvigil cluster c3f9c2a7be01d44c --explain 3f9c2a7be01d44c8a6f20c9e5b71d3aa 81d0c2a7be01d44c8a6f20c9e5b71d3a\nvigil cluster c3f9c2a7be01d44c --without 912-555-0143"
}

// Run shows one cluster or lists the largest.
func (k *clusterCmd) Run(c *Context) error {
	asks, err := k.asks()
	if err != nil {
		return err
	}
	cl, err := c.Client()
	switch {
	case err != nil:
		return err
	case asks:
		return k.ask(c, cl)
	}
	if k.ID != "" {
		v, err := cl.Cluster(c.Ctx, k.ID)
		switch {
		case err != nil:
			return misnamed(err, "vigil cluster lists the largest clusters with their ids")
		case k.JSON:
			return c.value(v)
		}
		printCluster(c, v, k.N)
		return nil
	}
	list, err := cl.Clusters(c.Ctx, k.N)
	switch {
	case err != nil:
		return err
	case k.JSON:
		return lines(c, list)
	case len(list) == 0:
		c.printf("No ads are linked yet.\n")
		return nil
	}
	printClusters(c, list)
	return nil
}

func printClusters(c *Context, list []search.Cluster) {
	t := table{heads: []string{"CLUSTER", "ADS", "FIRST SEEN", "LAST SEEN"}, right: []bool{false, true}}
	for _, x := range list {
		t.row(x.ID, strconv.Itoa(x.Size), day(x.FirstSeen), day(x.LastSeen))
	}
	t.print(c.Stdout)
}

func printCluster(c *Context, v api.Cluster, n int) {
	c.printf("Cluster %s: %s, seen %s to %s.\n\n", v.ID, plural(v.Size, "ad", "ads"), day(v.FirstSeen), day(v.LastSeen))
	printDocs(c, v.Members[:min(n, len(v.Members))], nil)
	more(c, len(v.Members)-n)
	c.printf("\nShared by its ads\n")
	t := table{heads: []string{"VALUE", "ADS", ""}, right: []bool{false, true}, flex: 0}
	for _, s := range v.Shared[:min(n, len(v.Shared))] {
		t.row(link.Display(s.Value), strconv.Itoa(len(s.Ads)), "")
	}
	for _, h := range v.Hubs {
		t.row(link.Display(h.Value), strconv.Itoa(h.Carriers), "held back, links nothing")
	}
	t.print(c.Stdout)
	more(c, len(v.Shared)-n)
	c.printf("\nWhy linked\n")
	printReasons(c, v, n)
	more(c, len(v.Edges)-n)
	printHistory(c, v)
}

// printHistory prints what people decided about a cluster, and what became of it.
func printHistory(c *Context, v api.Cluster) {
	if len(v.Decisions) > 0 {
		c.printf("\nDecided\n")
	}
	for _, d := range v.Decisions {
		back := ""
		if d.Withdrawn != nil {
			back = ", taken back by " + clean(d.Withdrawn.By)
		}
		c.printf("  %s, by %s, %s%s\n  decision %s\n", linkSaid(d), clean(d.By), minute(d.At), back, d.ID)
	}
	if len(v.Lineage) > 0 {
		c.printf("\nHistory\n")
	}
	for _, d := range v.Lineage {
		c.printf("  %s\n", descent(v.ID, d))
	}
}

// descent is what became of a cluster, in words.
func descent(id string, d ad.Descent) string {
	ads := plural(d.Ads, "ad", "ads")
	switch {
	case d.Into == id && d.Gone:
		return minute(d.At) + ": joined with cluster " + d.From + " (" + ads + ")"
	case d.Into == id:
		return minute(d.At) + ": " + ads + " came from cluster " + d.From
	}
	return minute(d.At) + ": " + ads + " went to cluster " + d.Into
}

// printReasons prints at most n pairs of ads, each pair below the value that both
// give.
func printReasons(c *Context, v api.Cluster, n int) {
	edges := v.Edges[:min(n, len(v.Edges))]
	var reasons []string
	pairs := map[string][]ad.Edge{}
	for _, e := range edges {
		if pairs[e.Reason] == nil {
			reasons = append(reasons, e.Reason)
		}
		pairs[e.Reason] = append(pairs[e.Reason], e)
	}
	name := names(v.Members)
	for _, r := range reasons {
		for _, l := range wrapped(r+":", columns-2) {
			c.printf("  %s\n", l)
		}
		for _, e := range pairs[r] {
			a, b := name(e.A), name(e.B)
			between := " "
			if widthOf(a)+widthOf(b)+len("     and ") > columns {
				between = "\n      "
			}
			c.printf("    %s%sand %s\n", a, between, b)
			if e.Bridge {
				c.printf("      needs a person's eye: this alone holds two halves together\n")
			}
		}
	}
}

// names returns how to call an ad in a list: by its title, with the id where that
// is not enough.
func names(members []ad.Document) func(id string) string {
	titles, often := map[string]string{}, map[string]int{}
	for _, d := range members {
		t := cut(clean(first(d.Ad.Title, d.Ad.Body)), 33)
		titles[d.Ad.AdID] = t
		often[t]++
	}
	return func(id string) string {
		switch t := titles[id]; {
		case t == "":
			return "ad " + id
		case often[t] > 1:
			return "“" + t + "” (ad " + id[:min(8, len(id))] + "…)"
		default:
			return "“" + t + "”"
		}
	}
}

// more says what was left out.
func more(c *Context, n int) {
	if n > 0 {
		c.printf("  … and %d more; -n shows more, --json all.\n", n)
	}
}
