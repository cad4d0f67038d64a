package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
)

type linkCmd struct {
	File     string   `arg:"" help:"File of ads as JSONL; - is the standard input."`
	Other    string   `arg:"" optional:"" help:"Id of the second ad of --explain."`
	Score    string   `help:"Compare with the labels in this file instead of printing the clusters." placeholder:"GOLD"`
	Explain  string   `help:"Say why this ad and a second one hang together, or that they do not, and what nearly joined the first one to others, instead of printing the clusters." placeholder:"ID"`
	Export   string   `help:"Print what holds ads together as a graph instead: csv, ftm (FollowTheMoney), gexf or graphml." enum:",csv,ftm,gexf,graphml" default:"" placeholder:"FORMAT"`
	Cluster  string   `help:"Of --export: only the cluster that this ad is in." placeholder:"ID"`
	Template string   `help:"Print the forms of the texts of the cluster that this ad is in, with their slots and what fills them, instead of the clusters." placeholder:"ID"`
	Without  []string `help:"Link as if nobody gave this number, address or handle; may be repeated." placeholder:"VALUE"`
	printing
}

// Help explains input and output in short.
func (*linkCmd) Help() string {
	return "An ad is one JSON object a line: id, posted_at (RFC 3339, a date, or seconds since 1970), site, city, title, body, and lists of phones, emails, handles and image_hashes (16 hex digits). All but the id may be missing; text stands for body, one string for a list. " +
		"Prints {\"id\",\"cluster\"} per ad, in order; a cluster is named by its oldest ad. Progress goes to the standard error. " +
		"A line that cannot be read, or that gives the id of one before it, is reported and passed over, and the exit code is 1 in the end."
}

// Example is shown in the help.
func (*linkCmd) Example() string {
	return "vigil link ads.jsonl > clusters.jsonl\nvigil link ads.jsonl --score labelled.jsonl\nvigil link ads.jsonl --explain d0000010 d0000011\nvigil link ads.jsonl --export graphml --cluster d0000010 > cluster.graphml"
}

// Run links a file of ads, without a server.
func (k *linkCmd) Run(c *Context) error {
	file, other, err := k.arguments()
	if err != nil {
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(30)) // a quarter less memory, for no more time
	start := time.Now()
	l := weigh.New()
	l.Without(k.Without...)
	in := linkable{keep: k.Explain+k.Template != "", said: &progress{to: c.Stderr, last: start}}
	bad := in.read(c, file, l)
	if bad != nil && l.Len() == 0 || c.Ctx.Err() != nil {
		return errors.Join(bad, c.Ctx.Err())
	}
	in.said.now("read %s in %.1f s", plural(l.Len(), "ad", "ads"), time.Since(start).Seconds())
	in.doubts(c)
	start = time.Now()
	l.Progress = func(done int) { in.said.sometimes("compared %d of %d", done, l.Len()) }
	p := l.Solve()
	in.said.now("linked them in %.1f s", time.Since(start).Seconds())
	switch {
	case k.Explain != "":
		return errors.Join(k.explain(c, p, other, in.ads), bad)
	case k.Template != "":
		return errors.Join(k.template(c, l, p, in.ads), bad)
	case k.Score != "":
		return errors.Join(k.score(c, l, p), bad)
	case k.Export != "":
		return errors.Join(k.export(c, p), bad)
	}
	out := bufio.NewWriterSize(c.Stdout, 64<<10)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	for i := range l.Len() {
		if err := e.Encode(linked{in.id(l, i), in.id(l, p.Clusters[i])}); err != nil {
			return written(err)
		}
	}
	return errors.Join(written(out.Flush()), bad)
}

type linked struct {
	ID      any `json:"id"` // as it was given: a string or a number
	Cluster any `json:"cluster"`
}

// arguments tells the file from the second ad, in whatever order they stand.
func (k *linkCmd) arguments() (file, other string, err error) {
	switch {
	case len(given([]string{k.Explain, k.Score, k.Export, k.Template})) > 1:
		return "", "", fail(codeUsage, "", errors.New("give one of --score, --explain, --template and --export"))
	case k.Cluster != "" && k.Export == "":
		return "", "", fail(codeUsage, "vigil link ads.jsonl --export graphml --cluster ID", errors.New("--cluster says what --export prints"))
	case k.Explain == "" && k.Other != "":
		return "", "", fail(codeUsage, "", errors.New("give one file of ads"))
	case k.Explain != "" && k.Other == "":
		return "", "", fail(codeUsage, "vigil link ads.jsonl --explain FIRST SECOND", errors.New("--explain takes two ids, beside the file of ads"))
	}
	if _, err := os.Stat(k.File); k.Explain != "" && k.File != "-" && err != nil {
		return k.Other, k.File, nil
	}
	return k.File, k.Other, nil
}

// score compares the clusters with a labelled file. Ads that were not linked
// count as alone.
func (k *linkCmd) score(c *Context, l *weigh.Linker, p *weigh.Partition) error {
	f, err := c.openAds(k.Score, formatJSONL, func() error { return nil })
	if err != nil {
		return err
	}
	at := make(map[string]int, l.Len())
	for i := range l.Len() {
		at[l.ID(i)] = p.Clusters[i]
	}
	var gold []weigh.Labelled
	var clusters []int
	err = f.ended(f.lines(func(n int, line []byte) error {
		var g struct {
			ID    one      `json:"id"`
			Group one      `json:"true_group"`
			Kind  string   `json:"true_kind"`
			Neg   []string `json:"true_neg"`
		}
		if err := object(line, &g); err != nil {
			return f.skip(n, err)
		}
		if g.Group == "" {
			return f.skip(n, errors.New("no true_group: the file is not labelled"))
		}
		cluster, ok := at[string(g.ID)]
		if !ok {
			cluster = -1 - len(gold)
		}
		gold, clusters = append(gold, weigh.Labelled{Group: string(g.Group), Kind: g.Kind, Neg: g.Neg}), append(clusters, cluster)
		return nil
	}))
	if len(gold) == 0 && err != nil {
		return err
	}
	s := weigh.Judge(gold, clusters)
	if k.JSON {
		return errors.Join(c.value(s), err)
	}
	w := c.Stdout
	_, _ = fmt.Fprintf(w, "%d ads in %d clusters\n", s.Ads, s.Clusters)
	_, _ = fmt.Fprintf(w, "B-cubed            P %.4f  R %.4f  F1 %.4f\n", s.BCubedPrecision, s.BCubedRecall, s.BCubedF1)
	_, _ = fmt.Fprintf(w, "pairs              P %.4f  R %.4f  F1 %.4f\n", s.PairPrecision, s.PairRecall, s.PairF1)
	_, _ = fmt.Fprintf(w, "adjusted Rand      %.4f\n", s.Rand)
	_, _ = fmt.Fprintf(w, "groups recovered   %.4f\n", s.Groups)
	_, _ = fmt.Fprintf(w, "with strangers     %.4f of independents\n", s.Strangers)
	_, _ = fmt.Fprintf(w, "largest cluster    %d ads, purity %.4f\n", s.Largest, s.LargestPurity)
	for _, t := range s.Traps {
		_, _ = fmt.Fprintf(w, "trap %-13s %.4f joined of %d\n", t.Kind, t.Rate, t.Pairs)
	}
	return err
}

func (k *linkCmd) export(c *Context, p *weigh.Partition) error {
	g, err := p.Graph(k.Cluster)
	if errors.Is(err, ad.ErrNotFound) {
		return fail(codeNotFound, "", err)
	}
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(c.Stdout, 64<<10)
	if err := weigh.Formats[k.Export](out, g); err != nil {
		return written(err)
	}
	return written(out.Flush())
}

// An explained is the output of --explain --json.
type explained struct {
	Path   []reasoned   `json:"path"`
	Held   []weigh.Held `json:"held"`
	Misses []weigh.Miss `json:"misses"` // of the first ad
}

type reasoned struct {
	weigh.Edge
	InA []weigh.Quote `json:"in_a,omitempty"`
	InB []weigh.Quote `json:"in_b,omitempty"`
}

func (k *linkCmd) explain(c *Context, p *weigh.Partition, other string, ads map[string]weigh.Ad) error {
	path, held, err := p.Explain(k.Explain, other)
	if errors.Is(err, ad.ErrNotFound) {
		return fail(codeNotFound, "", err)
	}
	if err != nil {
		return err
	}
	misses, err := p.Misses(k.Explain)
	if err != nil {
		return err
	}
	why := explained{[]reasoned{}, append([]weigh.Held{}, held...), append([]weigh.Miss{}, misses...)}
	for _, e := range path {
		q := reasoned{Edge: e}
		q.InA, q.InB = p.Quotes(e, ads[e.A], ads[e.B])
		why.Path = append(why.Path, q)
	}
	if k.JSON {
		return c.value(why)
	}
	w := c.Stdout
	if len(path) == 0 {
		_, _ = fmt.Fprintf(w, "nothing joins %s and %s\n", clean(k.Explain), clean(other))
	}
	for _, e := range why.Path {
		_, _ = fmt.Fprintf(w, "%s and %s: %s (%s, %.0f bits)\n", clean(e.A), clean(e.B), clean(e.Reason), e.Kind, e.Weight)
		printQuotes(w, e.A, e.InA)
		printQuotes(w, e.B, e.InB)
		if e.Alone {
			_, _ = fmt.Fprintln(w, "  nothing else holds the two sides together: a person should look at it")
		}
	}
	for _, h := range held {
		_, _ = fmt.Fprintf(w, "held back: %s %s, which %d posters use\n", h.Kind, clean(h.Value), h.Owners)
	}
	for _, m := range misses {
		_, _ = fmt.Fprintf(w, "near miss of %s: %s (%s of one poster): %s (weight %.2f, %.2f joins)\n", clean(k.Explain), clean(m.Ad), plural(m.Ads, "ad", "ads"), clean(m.Reason), m.Weight, m.Needed)
	}
	return nil
}

// template prints the forms of the texts of a cluster.
func (k *linkCmd) template(c *Context, l *weigh.Linker, p *weigh.Partition, ads map[string]weigh.Ad) error {
	cluster := -1
	for i := range l.Len() {
		if l.ID(i) == k.Template {
			cluster = p.Clusters[i]
		}
	}
	if cluster < 0 {
		return fail(codeNotFound, "", fmt.Errorf("template of ad %s: %w in the file", k.Template, ad.ErrNotFound))
	}
	var texts []string
	for i := range l.Len() {
		if p.Clusters[i] == cluster {
			a := ads[l.ID(i)]
			texts = append(texts, a.Title+"\n"+a.Body)
		}
	}
	t := weigh.Forms(texts)
	if k.JSON {
		return c.value(t)
	}
	printTemplate(c.Stdout, t, mostFills)
	return nil
}

const mostFills = 20 // of a slot

func printQuotes(w io.Writer, id string, quotes []weigh.Quote) {
	for _, q := range quotes {
		_, _ = fmt.Fprintf(w, "  in %s, %s %d to %d: %s\n", clean(id), q.Field, q.Start, q.End, clean(q.Text))
	}
}
