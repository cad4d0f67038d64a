package cli

import (
	"fmt"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// shownValues is how many values of a property are printed.
const shownValues = 8

// mostLines is how many stretches of time are printed; where there are more, each is
// longer.
const mostLines = 24

// facets prints what matches by its properties.
func (s *searchCmd) facets(c *Context, cl *api.Client, q string) error {
	a, err := cl.Survey(c.Ctx, api.SurveyRequest{Query: q, Top: shownValues, Every: search.Daily, Cells: s.JSON})
	if err != nil {
		return err
	}
	if s.JSON {
		return c.value(a)
	}
	for _, l := range wrapped(a.Understood, columns) {
		c.printf("%s\n", l)
	}
	if a.Total == 0 {
		c.printf("No ad matches.\n%s\n", instead(q))
		return nil
	}
	c.printf("%s, by what they have in common.\n", plural(a.Total, "ad", "ads"))
	for _, f := range a.Facets {
		if len(f.Values) == 0 {
			continue
		}
		t := table{heads: []string{strings.ToUpper(desk.FacetTitle(f.Facet)), "ADS", "NARROW WITH"}, right: []bool{false, true, false}, flex: 0}
		for _, v := range f.Values {
			t.row(cut(v.Name, 40)+strings.Repeat(" ", max(0, 40-widthOf(cut(v.Name, 40)))), fmt.Sprintf("%7d", v.Documents), v.Term)
		}
		if f.Others > 0 {
			t.row("(none of these)", fmt.Sprint(f.Others), "")
		}
		c.printf("\n")
		t.print(c.Stdout)
	}
	if len(a.Times) > 0 {
		c.printf("\n")
		timeline(c, a.Times)
	}
	return nil
}

// timeline prints when ads were last seen, the newest last.
func timeline(c *Context, days []search.Bucket) {
	for _, step := range []search.Step{search.Daily, search.Weekly, search.Monthly} {
		var at []time.Time
		ads := map[time.Time]int{}
		most := 0
		for _, d := range days {
			b := step.Begin(d.From)
			if ads[b] == 0 {
				at = append(at, b)
			}
			ads[b] += d.Documents
			most = max(most, ads[b])
		}
		if len(at) > mostLines && step != search.Monthly {
			continue
		}
		left := len(at) - mostLines
		if left > 0 {
			at = at[left:]
		}
		c.printf("LAST SEEN, BY %-28s ADS\n", strings.ToUpper(string(step)))
		for _, b := range at {
			name := day(b)
			if step == search.Monthly {
				name = b.Format("2006-01")
			}
			c.printf("%-40s  %7d  %s\n", name, ads[b], strings.Repeat("#", max(1, ads[b]*25/most)))
		}
		if left > 0 {
			c.printf("(%s before)\n", plural(left, "month", "months"))
		}
		return
	}
}

// clusters prints the clusters whose ads match.
func (s *searchCmd) clusters(c *Context, cl *api.Client, q string) error {
	a, err := cl.Groups(c.Ctx, api.GroupsRequest{Query: q, Offset: s.Offset, Size: &s.Size})
	if err != nil {
		return err
	}
	if s.JSON {
		return c.value(a)
	}
	for _, l := range wrapped(a.Understood, columns) {
		c.printf("%s\n", l)
	}
	switch {
	case a.Total == 0:
		c.printf("No ad matches.\n%s\n", instead(q))
		return nil
	case len(a.Groups) == 0:
		c.printf("No more; %d in all.\n", a.Total)
		return nil
	}
	c.printf("%s and ads in none; shown %d to %d.\n\n", plural(a.Total, "cluster", "clusters"), a.Offset+1, a.Offset+len(a.Groups))
	t := table{heads: []string{"ADS", "LAST SEEN", "NEWEST MATCHING AD"}, right: []bool{true}, flex: 2}
	for _, g := range a.Groups {
		d := g.Newest.Document
		t.row(fmt.Sprint(g.Documents), day(d.LastSeen), first(d.Ad.Title, d.Ad.Body))
		if vs := shown(&d.Ad); vs != "" {
			for _, l := range wrapped(vs, columns-2) {
				t.note(l)
			}
		}
		if g.Cluster != "" {
			t.note("cluster " + g.Cluster)
		} else {
			t.note("ad " + d.Ad.AdID + "  in no cluster")
		}
	}
	t.print(c.Stdout)
	return nil
}

// documents are those of hits.
func documents(hits []api.Hit) []ad.Document {
	out := make([]ad.Document, len(hits))
	for i, h := range hits {
		out[i] = h.Document
	}
	return out
}
