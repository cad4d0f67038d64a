package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/link"
	"vigil.example/internal/search"
)

type searchCmd struct {
	Query []string `arg:"" help:"What to search for. A lone - reads it from standard input, so that it stays out of the shell's history."`
	printing
	Size   int    `help:"Ads to show; ${default} when left out." default:"10" placeholder:"N"`
	Offset int    `help:"Ads to skip." placeholder:"N"`
	Sort   string `help:"Order: ${enum}." enum:"relevance,newest" default:"relevance"`
}

// Help explains the language in short.
func (*searchCmd) Help() string {
	return "Words must all appear; \"a phrase\", -not, OR, ( ) and fields such as phone:, site: and seen:2026-01..2026-03 narrow the search. A telephone number in any form finds its ads, however it is hidden in them."
}

// Example is shown in the help.
func (*searchCmd) Example() string {
	return "vigil search nine one two 555 0123\nvigil search --sort newest -- '\"new in town\" -dog seen:2026-01..'"
}

// Run searches and prints.
func (s *searchCmd) Run(c *Context) error {
	q, err := c.typed(s.Query)
	if err != nil {
		return err
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	a, err := cl.Search(c.Ctx, api.SearchRequest{Query: q, Offset: s.Offset, Size: &s.Size, Sort: search.Sort(s.Sort)})
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
		c.printf("No ad matches.\n")
		return nil
	}
	c.printf("%s; shown %d to %d.\n\n", plural(a.Total, "ad", "ads"), min(a.Offset+1, a.Offset+len(a.Hits)), a.Offset+len(a.Hits))
	docs := make([]ad.Document, len(a.Hits))
	for i, h := range a.Hits {
		docs[i] = h.Document
	}
	printDocs(c, docs)
	return nil
}

// typed joins the words of an argument; a lone hyphen stands for a line of input.
func (c *Context) typed(words []string) (string, error) {
	s := strings.Join(words, " ")
	if s != "-" {
		return s, nil
	}
	line, err := bufio.NewReader(io.LimitReader(c.Stdin, 64<<10)).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return "", fail(codeUsage, "", fmt.Errorf("read standard input: it is empty"))
	}
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	return line, nil
}

// printDocs prints ads as a table with what identifies them below each.
func printDocs(c *Context, docs []ad.Document) {
	t := table{heads: []string{"SEEN", "SITE", "TITLE"}, flex: 2}
	for _, d := range docs {
		title := d.Ad.Title
		if title == "" {
			title = d.Ad.Body
		}
		if !d.RemovedAt.IsZero() {
			title = "(removed) " + title
		}
		t.row(day(d.LastSeen), cut(d.Ad.Site, 20), title)
		if vs := shown(d.Ad.Values(0)); vs != "" {
			t.note(cut(vs, columns-2))
		}
		if d.Cluster != "" {
			t.note("ad " + d.Ad.AdID + "  cluster " + d.Cluster)
		} else {
			t.note("ad " + d.Ad.AdID)
		}
	}
	t.print(c.Stdout)
}

// shown writes values as people read them.
func shown(values []ad.Value) string {
	var out []string
	for _, v := range values {
		out = append(out, link.Display(v))
	}
	return clean(strings.Join(out, ", "))
}
