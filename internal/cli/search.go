package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/link"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

type searchCmd struct {
	Query []string `arg:"" help:"What to search for. A lone - reads it from standard input, so that it stays out of the shell's history."`
	printing
	Size     int    `help:"Ads to show; ${default} when left out." default:"10" placeholder:"N"`
	Offset   int    `help:"Ads to skip." placeholder:"N"`
	Facets   bool   `help:"Show what matches by site, area, language and so on, and by when it was last seen, instead of the ads." xor:"view"`
	Clusters bool   `help:"Show the clusters whose ads match, most matching ads first, instead of the ads." xor:"view"`
	Follow   bool   `help:"Show the newest, then go on and show others as they come, until Ctrl-C." xor:"view"`
	Sort     string `help:"Order: ${enum}; lead is the strongest lead first, with the language found in each." enum:"relevance,newest,lead" default:"relevance"`
}

// Help explains the language in short.
func (*searchCmd) Help() string {
	return `Words must all appear; "a phrase", -not, OR, ( ) and fields narrow the search. A telephone number in any form finds its ads, however it is hidden in them.

    phone:9125550123             the number only, not the digits as text
    phone:*0123  phone:912555*   numbers that end or begin so
    email: handle: site: url:    that value; a handle also as platform:name
    title: city: text:           words there
    cluster:c0123…               the ads of one cluster
    seen:2026-01..2026-03        when Vigil saw them; also posted:
    lead:yes                     ads whose words are worth a prompt look
    indicator:restricted         language found, of a kind or kind/part;
      ind:age  ind:no_phone      vigil indicators card has them all
    side:supply  side:demand     who speaks; also side:other
    lang:es  lang:Spanish        what they are written in, at least a part`
}

// Example is shown in the help.
func (*searchCmd) Example() string {
	return "vigil search nine one two 555 0123\nvigil search --sort newest -- '\"new in town\" -dog seen:2026-01..'\nvigil search --sort lead lead:yes lang:es\nvigil search --facets piano\nvigil search --follow 912-555-0123"
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
	switch {
	case s.Follow:
		return s.follow(c, cl, q)
	case s.Facets:
		return s.facets(c, cl, q)
	case s.Clusters:
		return s.clusters(c, cl, q)
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
	if n := partial(q); n > 0 {
		c.printf("%d digits are a part of a number: only ads that write them plainly are found.\nFor all numbers that end in them put a star before them: *0123.\n", n)
	}
	if query.Either(q) != "" {
		c.printf("The sign | means nothing here: all words must be in the ad. Write OR for either.\n")
	}
	switch {
	case a.Total == 0:
		c.printf("No ad matches.\n%s\n", instead(q))
		return nil
	case len(a.Hits) == 0 && s.Offset >= a.Total:
		c.printf("No more; %d in all.\n", a.Total)
		return nil
	case len(a.Hits) == 0:
		c.printf("%s.\n", plural(a.Total, "ad", "ads"))
		return nil
	}
	c.printf("%s; shown %d to %d.\n\n", plural(a.Total, "ad", "ads"), a.Offset+1, a.Offset+len(a.Hits))
	docs := documents(a.Hits)
	if search.Sort(s.Sort) == search.ByLead {
		printDocs(c, docs, evidence)
		c.printf("\nLanguage found is a lead for a person to look at, never a finding about anybody.\n")
		return nil
	}
	printDocs(c, docs, nil)
	return nil
}

// evidence is what makes an ad a lead, a line for each piece of language found.
func evidence(a *ad.Ad) []string {
	if a.Lead == nil {
		return nil
	}
	out := []string{fmt.Sprintf("lead %.2f: %s", a.Lead.Score, a.Lead.Why)}
	for _, e := range a.Evidence() {
		against := ""
		if e.Contrary {
			against = ", speaks against"
		}
		out = append(out, fmt.Sprintf("%.2f “%s” %s (%s)%s", e.Weight, cut(clean(e.Text), 40), indicator.Words(e.Category, e.Sub), e.Rule, against))
	}
	return out
}

// instead is the next step after a search that found nothing.
func instead(q string) string {
	n, err := query.Parse(q)
	if err != nil {
		return "vigil search --help shows what can be asked."
	}
	_, and := n.(query.And)
	number := numberIn(n)
	switch {
	case number != "" && and:
		return "The number alone: vigil search " + number
	case number != "":
		return "To be told when it appears: vigil watch add " + number
	case partial(q) > 0:
		return "Search for the whole number: it is found however an ad writes it."
	case and:
		return "All of it must be in one ad: ask for less, or put OR between words."
	}
	return "Try another word for it, or several with OR: vigil search 'piano OR organ'"
}

// numberIn is the first telephone number that a query asks for, as people write
// it; else "".
func numberIn(n query.Node) string {
	var numbers []string
	switch n := n.(type) {
	case query.And:
		for _, x := range n.Of {
			if s := numberIn(x); s != "" {
				return s
			}
		}
	case query.Phone:
		numbers = n.Numbers
	case query.Field:
		if n.Name == "phone" {
			numbers = n.Values
		}
	}
	if len(numbers) == 0 {
		return ""
	}
	return link.Display(ad.Value{Kind: "phone", Value: numbers[0]})
}

// partial is how many digits a query has that is nothing else and too short for a
// telephone number; else 0.
func partial(q string) int {
	digits := 0
	for _, r := range q {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" ()-./+", r):
			return 0
		}
	}
	if n, err := query.Parse(q); digits < 4 || digits > 9 || err != nil || numberIn(n) != "" {
		return 0
	}
	return digits
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

// printDocs prints ads as a table with what identifies them below each, and what
// more has to say of them, if it is not nil.
func printDocs(c *Context, docs []ad.Document, more func(*ad.Ad) []string) {
	t := table{heads: []string{"SEEN", "SITE", "TITLE"}, flex: 2}
	for _, d := range docs {
		title := d.Ad.Title
		if title == "" {
			title = d.Ad.Body
		}
		if !d.RemovedAt.IsZero() {
			title = "(taken down) " + title
		}
		t.row(day(d.LastSeen), cut(d.Ad.Site, 20), title)
		if vs := shown(&d.Ad); vs != "" {
			for _, l := range wrapped(vs, columns-2) {
				t.note(l)
			}
		}
		if more != nil {
			for _, s := range more(&d.Ad) {
				for _, l := range wrapped(s, columns-2) {
					t.note(l)
				}
			}
		}
		if len(d.Labels) > 0 {
			t.note("labelled " + clean(strings.Join(d.Labels, ", ")))
		}
		if d.Cluster != "" {
			t.note("ad " + d.Ad.AdID + "  cluster " + d.Cluster)
		} else {
			t.note("ad " + d.Ad.AdID)
		}
	}
	t.print(c.Stdout)
}

// shown writes the values of an ad as people read them, with the ad's own words
// for them where those differ.
func shown(a *ad.Ad) string {
	var out []string
	for _, v := range a.Values(0) {
		s := link.Display(v)
		if w := wordsFor(a, v); w != "" {
			s += " (written “" + cut(clean(w), 40) + "”)"
		}
		out = append(out, s)
	}
	return clean(strings.Join(out, ", "))
}

// wordsFor is how an ad writes a value, when that is not plain; else "".
func wordsFor(a *ad.Ad, v ad.Value) string {
	for _, p := range a.Phones {
		if v.Kind == "phone" && v.Value == p.E164 && !plain(v, p.Text) {
			return p.Text
		}
	}
	for _, i := range a.Identifiers {
		if v.Kind == i.Kind && v.Value == i.Value && !plain(v, i.Text) {
			return i.Text
		}
	}
	return ""
}

// plain reports whether a text writes a value as anybody would.
func plain(v ad.Value, text string) bool {
	if v.Kind != "phone" {
		_, name, found := strings.Cut(v.Value, ":")
		if !found {
			name = v.Value
		}
		return text == "" || strings.Contains(strings.ToLower(text), name)
	}
	digits, groups, in := "", 0, false
	for _, r := range text {
		if r < '0' || r > '9' {
			if !strings.ContainsRune("()./+", r) && !unicode.In(r, unicode.Zs, unicode.Pd) {
				return false
			}
			in = false
			continue
		}
		if !in {
			groups++
		}
		in = true
		digits += string(r)
	}
	return groups <= 5 && strings.HasSuffix(v.Value, strings.TrimLeft(digits, "0"))
}
