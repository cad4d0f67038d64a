package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
	"vigil.example/internal/phone/gold"
)

// reading is the commands that read a file here and now, without a server and
// without a data folder.
type reading struct {
	Phones     phonesCmd     `cmd:"" help:"Read the telephone numbers in a file of ads, however they are written."`
	Link       linkCmd       `cmd:"" help:"Find who is behind the ads of a file, and say why."`
	Indicators indicatorsCmd `cmd:"" help:"Read language in ads that is worth a second look, exactly where it stands."`
	Pipeline   pipelineCmd   `cmd:"" help:"Test what enrichment reads in listings."`
}

type phonesCmd struct {
	perAd
	Country string `help:"Where a number without a country code belongs, in two letters such as US, GB or MX; each text decides when left out." placeholder:"CC"`
	Score   string `help:"Read a labelled file (JSONL of id, text, phones, family) instead and print how well that went." placeholder:"FILE"`
	printing
}

// Help explains input and output in short.
func (*phonesCmd) Help() string {
	return "Text is one ad a line, CSV has columns id and text by the names in its first line, JSONL is one {\"id\",\"text\"} a line; where there is no id, the number of the line is. " +
		"Prints one line of JSON per ad, in order: {\"id\",\"phones\":[{\"e164\",\"span\",\"text\",\"confidence\",\"method\",\"reasons\"}]}, and \"alternatives\" of {\"e164\",\"confidence\"} where the same words may stand for another number; a span counts Unicode code points from 0, its end is behind the last. " +
		"A line that cannot be read is reported and passed over, and the exit code is 1 in the end. --json goes with --score: what else is printed is JSON already."
}

// Example is shown in the help.
func (*phonesCmd) Example() string {
	return "echo 'call nine one two 555 0123' | vigil phones\nvigil phones --country GB ads.csv\nvigil phones --score labelled.jsonl"
}

// Run reads numbers, or scores how well they are read.
func (p *phonesCmd) Run(c *Context) error {
	if p.Country != "" && !phone.IsCountry(p.Country) {
		return fail(codeUsage, "give two capital letters as in ISO 3166-1: US, GB, MX", fmt.Errorf("no numbers belong to a country %q", p.Country))
	}
	if p.Score != "" {
		if p.File != "" {
			return fail(codeUsage, "", errors.New("--score names the file to read; give no other"))
		}
		return p.score(c)
	}
	return p.answers(c, func(a adLine) any {
		line := foundNumbers{ID: a.id, Phones: []foundNumber{}}
		for _, n := range phone.Read(a.text, phone.Options{Country: p.Country}) {
			line.Phones = append(line.Phones, found(n))
		}
		return line
	})
}

// foundNumbers is a line of output: the numbers of one ad.
type foundNumbers struct {
	ID     json.RawMessage `json:"id"`
	Phones []foundNumber   `json:"phones"`
}

type foundNumber struct {
	E164       string   `json:"e164"`
	Span       [2]int   `json:"span"`
	Text       string   `json:"text"`
	Confidence float64  `json:"confidence"`
	Method     string   `json:"method"`
	Reasons    []string `json:"reasons"`

	Alternatives []ad.Alternative `json:"alternatives,omitempty"`
}

func found(n ad.Phone) foundNumber {
	return foundNumber{n.E164, [2]int{n.Span.Start, n.Span.End}, n.Text, n.Confidence, n.Method, n.Reasons, n.Alternatives}
}

// score reads a labelled file and prints how well it was read.
func (p *phonesCmd) score(c *Context) error {
	f, err := c.openAds(p.Score, formatJSONL, func() error { return nil })
	if err != nil {
		return err
	}
	var s gold.Score
	err = f.ended(f.lines(func(n int, line []byte) error {
		var a gold.Ad
		if err := object(line, &a); err != nil {
			return f.skip(n, err)
		}
		if a.Phones == nil {
			return f.skip(n, errors.New("no list of phones: the file is not labelled"))
		}
		if a.Text == "" {
			return f.skip(n, errors.New("no text"))
		}
		s.Add(a, phone.Read(a.Text, phone.Options{Country: p.Country}))
		return nil
	}))
	if s.All.Ads == 0 {
		return cmp.Or(err, fmt.Errorf("score %s: no labelled ad is in it", p.Score))
	}
	if p.JSON {
		return errors.Join(c.value(scored(&s)), err)
	}
	printScore(c, &s)
	return err
}

// A scoredFamily is the score of one family of ads, or of all.
type scoredFamily struct {
	Family string `json:"family,omitempty"`
	gold.Tally
	Precision    float64 `json:"precision"`
	Recall       float64 `json:"recall"`
	F1           float64 `json:"f1"`
	FalsePerFree float64 `json:"false_per_free_ad"`
}

type scoredLevel struct {
	At        float64 `json:"at"`
	Right     int     `json:"right"`
	Wrong     int     `json:"wrong"`
	Precision float64 `json:"precision"`
	Share     float64 `json:"share_of_true"`
}

// A scoreSheet is a score as JSON.
type scoreSheet struct {
	All        scoredFamily   `json:"all"`
	Families   []scoredFamily `json:"families"`
	Confidence []scoredLevel  `json:"confidence"`
}

func scored(s *gold.Score) scoreSheet {
	family := func(name string, t gold.Tally) scoredFamily {
		return scoredFamily{name, t, rounded(t.Precision()), rounded(t.Recall()), rounded(t.F1()), rounded(t.FalsePerFree())}
	}
	out := scoreSheet{All: family("", s.All)}
	for _, f := range s.Families() {
		out.Families = append(out.Families, family(f.Name, f.Tally))
	}
	for _, l := range s.Levels() {
		out.Confidence = append(out.Confidence, scoredLevel{l.At, l.Right, l.Wrong, rounded(l.Precision()), rounded(l.Share())})
	}
	return out
}

func rounded(f float64) float64 { return math.Round(1e4*f) / 1e4 }

func printScore(c *Context, s *gold.Score) {
	t := table{heads: []string{"FAMILY", "ADS", "PRECISION", "RECALL", "F1", "FALSE/FREE AD"}, right: []bool{false, true, true, true, true, true}}
	row := func(name string, y gold.Tally) {
		free := ""
		if y.Free > 0 {
			free = fmt.Sprintf("%.3f", y.FalsePerFree())
		}
		t.row(name, fmt.Sprint(y.Ads), fmt.Sprintf("%.3f", y.Precision()), fmt.Sprintf("%.3f", y.Recall()), fmt.Sprintf("%.3f", y.F1()), free)
	}
	for _, f := range s.Families() {
		row(f.Name, f.Tally)
	}
	row("all", s.All)
	t.print(c.Stdout)
	c.printf("\n")
	t = table{heads: []string{"CONFIDENCE", "NUMBERS", "RIGHT", "OF ALL TRUE NUMBERS"}, right: []bool{false, true, true, true}}
	for _, l := range s.Levels() {
		t.row(fmt.Sprintf(">= %.2f", l.At), fmt.Sprint(l.Right+l.Wrong), fmt.Sprintf("%.2f %%", 100*l.Precision()), fmt.Sprintf("%.2f %%", 100*l.Share()))
	}
	t.print(c.Stdout)
}
