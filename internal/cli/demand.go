package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"vigil.example/internal/desk"
	"vigil.example/internal/trend"
)

type demandCmd struct {
	printing
	CSV   bool   `help:"Print CSV, one week a line." name:"csv"`
	Metro string `help:"Metropolitan area: a city with its state, a code, unplaced, or all." default:"all" placeholder:"NAME"`
	From  string `help:"First week, as 2026-W10 or a day of it." placeholder:"WEEK"`
	Weeks int    `help:"Weeks to show; ${default} when left out." default:"13" placeholder:"N"`
}

// Help says what the figures are.
func (*demandCmd) Help() string {
	return "Counts distinct buyer posts and supply ads by the week in which they were posted. They are posts, not people. A week of which too little was read is missing, not zero; counts under five are withheld."
}

// Example is shown in the help.
func (*demandCmd) Example() string {
	return "vigil demand --metro 'Savannah GA' --from 2026-W10 --weeks 8\nvigil demand --csv > demand.csv"
}

// Run prints weekly figures.
func (k *demandCmd) Run(c *Context) error {
	if k.CSV && k.JSON {
		return fail(codeUsage, "give --csv or --json", errors.New("both forms were asked for"))
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	d, err := cl.Demand(c.Ctx, desk.DemandQuestion{Metro: k.Metro, From: k.From, Weeks: k.Weeks})
	switch {
	case err != nil:
		return err
	case k.JSON:
		return c.value(d)
	case k.CSV:
		return demandCSV(c, d)
	}
	printDemand(c, d)
	return nil
}

func printDemand(c *Context, d desk.Demand) {
	c.printf("Demand and supply in %s, posts by week. %s\n\n", d.Name, versions(d.ReadBy))
	t := table{heads: []string{"WEEK", "FROM", "BUYER POSTS", "BY", "SUPPLY ADS", "BY", "COVERAGE", ""}, right: []bool{false, false, true, true, true, true, true}}
	for _, w := range d.Weeks {
		note := ""
		switch w.Status {
		case trend.Missing:
			note = "missing"
		case trend.Running:
			note = "week not over"
		}
		t.row(w.Week, w.From.Format("2 Jan"), counted(w, w.Demand), counted(w, w.DemandAuthors), counted(w, w.Supply), counted(w, w.SupplyAuthors), covered(w), note)
	}
	t.print(c.Stdout)
	c.printf("\n")
	for _, l := range wrapped("Shown in all: "+weeksOf(d.Demand, "buyer post")+"; "+weeksOf(d.Supply, "supply ad")+".", columns) {
		c.printf("%s\n", l)
	}
	c.printf("BY: distinct contacts, where posts give one. <5: withheld. –: missing, not zero.\n+: or more; what single areas withhold is not in it.\n\n")
	for _, m := range d.Method {
		for i, l := range wrapped(m, columns-2) {
			lead := "  "
			if i == 0 {
				lead = "- "
			}
			c.printf("%s%s\n", lead, l)
		}
	}
	if d.Metro == "" && len(d.Choices) > 0 {
		c.printf("\nAreas with posts, by --metro CODE\n")
		a := table{heads: []string{"CODE", "AREA"}, flex: 1}
		for _, m := range d.Choices {
			a.row(m.Code, m.Name)
		}
		a.print(c.Stdout)
	}
}

// versions says what read the posts, and warns when it was more than one program.
func versions(by []string) string {
	switch len(by) {
	case 0:
		return "No post was read yet."
	case 1:
		return "Read by " + clean(by[0]) + "."
	}
	return fmt.Sprintf("They were read by %d programs, so weeks are not comparable: vigil replay reads all anew.", len(by))
}

func weeksOf(s trend.Sum, noun string) string {
	if s.Weeks == 0 {
		return "no count of " + noun + "s: each week is missing or its count withheld"
	}
	return fmt.Sprintf("%s in %s", plural(s.N, noun, noun+"s"), plural(s.Weeks, "week", "weeks"))
}

func counted(w trend.Week, n trend.Count) string {
	switch {
	case w.Status == trend.Missing:
		return "–"
	case n.N == nil:
		return "<" + strconv.Itoa(trend.Least)
	case n.AtLeast:
		return strconv.Itoa(*n.N) + "+"
	}
	return strconv.Itoa(*n.N)
}

func covered(w trend.Week) string {
	if w.Due == 0 {
		return "none due"
	}
	return fmt.Sprintf("%.0f%%", 100*w.Coverage)
}

// demandCSV leaves a cell empty where there is no number; status and withheld say
// why.
func demandCSV(c *Context, d desk.Demand) error {
	w := csv.NewWriter(c.Stdout)
	rows := [][]string{{
		"metro", "name", "week", "from", "status", "demand_posts", "demand_authors", "supply_ads", "supply_authors", "withheld", "at_least",
		"coverage", "pages_due", "pages_fetched", "pages_parsed", "sources", "read_by",
	}}
	code := d.Metro
	if code == "" {
		code = "all"
	}
	for _, k := range d.Weeks {
		var withheld, least []string
		cell := func(name string, n trend.Count) string {
			if n.Withheld {
				withheld = append(withheld, name)
			}
			if n.AtLeast && n.N != nil {
				least = append(least, name)
			}
			if n.N == nil {
				return ""
			}
			return strconv.Itoa(*n.N)
		}
		row := []string{code, d.Name, k.Week, k.From.Format("2006-01-02"), string(k.Status), cell("demand_posts", k.Demand), cell("demand_authors", k.DemandAuthors), cell("supply_ads", k.Supply), cell("supply_authors", k.SupplyAuthors)}
		rows = append(rows, append(row, strings.Join(withheld, " "), strings.Join(least, " "), strconv.FormatFloat(k.Coverage, 'f', 3, 64),
			strconv.Itoa(k.Due), strconv.Itoa(k.Fetched), strconv.Itoa(k.Parsed), strings.Join(d.Sources, " "), strings.Join(d.ReadBy, "; ")))
	}
	return written(w.WriteAll(rows))
}
