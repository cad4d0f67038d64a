package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/app"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/enrich/indicator/gold"
)

type indicatorsCmd struct {
	Read indicatorsReadCmd `cmd:"" default:"withargs" help:"Read the indicators in a file of ads."`
	Card indicatorsCardCmd `cmd:"" help:"Print the library: every rule with its evidence, limits and measured error."`
}

// Help says what the words mean.
func (*indicatorsCmd) Help() string {
	return "An indicator is language that research or training material lists as worth a second look. It is a lead for a person, never a finding about anybody."
}

// rulesFlag is the files of rules that an agency adds to the library.
type rulesFlag struct {
	Rules []string `help:"File of further rules for language (YAML), once for each; its name and digest stand behind the id of a rule that fired." placeholder:"FILE" sep:"none"`
}

func (f rulesFlag) library() (*indicator.Library, error) {
	if len(f.Rules) == 0 {
		return indicator.Default()
	}
	var files []indicator.File
	for _, name := range f.Rules {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, fail(codeNotFound, "", fmt.Errorf("read rules: %w", err))
		}
		files = append(files, indicator.File{Name: filepath.Base(name), Src: src})
	}
	l, err := indicator.New(files...)
	if err != nil {
		return nil, fail(codeUsage, "mend the file, or leave --rules out", err)
	}
	return l, nil
}

// loadRules puts the library into the configuration of an instance, when files were given.
func (f rulesFlag) loadRules(cfg *app.Config) (err error) {
	if len(f.Rules) > 0 {
		cfg.Rules, err = f.library()
	}
	return err
}

type indicatorsReadCmd struct {
	perAd
	All     bool   `help:"Give what is excluded from scoring as well: build and ethnicity. It never weighs."`
	Explain bool   `help:"Print for people: the words found, their rule, its source, and what speaks against it."`
	Year    int    `help:"Year of the texts, by which birth years are judged; this year when left out." placeholder:"YYYY"`
	Score   string `help:"Read a labelled file (JSONL of id, text, lang, labels) instead and print how well that went." placeholder:"FILE"`
	rulesFlag
	printing
}

// Help explains input and output in short.
func (*indicatorsReadCmd) Help() string {
	return "Text is one ad a line, CSV has columns id and text by the names in its first line, JSONL is one {\"id\",\"text\"} a line. " +
		"Prints one line of JSON per ad, in order: {\"id\",\"lang\",\"labels\":[{\"category\",\"sub\",\"span\",\"text\",\"strength\",\"rule\",\"p\"}],\"is_demand\",\"probs\",\"lead\"}; a span counts Unicode code points from 0, its end is behind the last. " +
		"lead is left out where there is none. Language found is a lead for a person, never a finding. A line that cannot be read is reported and passed over, and the exit code is 1 in the end."
}

// Example is shown in the help.
func (*indicatorsReadCmd) Example() string {
	return "echo 'Personal post. they hold my passport' | vigil indicators\nvigil indicators --explain ads.csv\nvigil indicators --score labelled.jsonl\nvigil indicators card"
}

// Run reads indicators, or scores how well they are read.
func (p *indicatorsReadCmd) Run(c *Context) error {
	lib, err := p.library()
	if err != nil {
		return err
	}
	o := indicator.Options{Year: p.Year, All: p.All}
	if o.Year == 0 {
		o.Year = time.Now().Year()
	}
	if p.Score != "" {
		if p.File != "" {
			return fail(codeUsage, "", errors.New("--score names the file to read; give no other"))
		}
		return p.score(c, lib, o)
	}
	return p.answers(c, func(a adLine) any {
		r := lib.Read(a.text, o)
		if p.Explain {
			return explain(lib, a, r)
		}
		return indicatorLine(lib, a.id, r)
	})
}

// foundIndicators is a line of output: the indicators of one ad.
type foundIndicators struct {
	ID     json.RawMessage    `json:"id"`
	Lang   string             `json:"lang"`
	Labels []foundIndicator   `json:"labels"`
	Demand bool               `json:"is_demand"`
	Probs  map[string]float64 `json:"probs"`
	Lead   *ad.Lead           `json:"lead,omitempty"`
}

type foundIndicator struct {
	Category string      `json:"category"`
	Sub      string      `json:"sub"`
	Span     [2]int      `json:"span"`
	Text     string      `json:"text"`
	Strength ad.Strength `json:"strength"`
	Rule     string      `json:"rule"`
	P        float64     `json:"p"`
}

func indicatorLine(lib *indicator.Library, id json.RawMessage, r indicator.Reading) foundIndicators {
	line := foundIndicators{
		ID: id, Lang: r.Lang, Labels: []foundIndicator{}, Demand: r.Demand(), Probs: lib.Probs(r.Indicators), Lead: indicator.LeadOf(r.Indicators),
	}
	if line.Lang == "" {
		line.Lang = "und"
	}
	for _, i := range r.Indicators {
		line.Labels = append(line.Labels, foundIndicator{i.Category, i.Sub, [2]int{i.Span.Start, i.Span.End}, i.Text, i.Strength, i.Rule, i.P})
	}
	return line
}

// explain says a reading to people.
func explain(lib *indicator.Library, a adLine, r indicator.Reading) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("ad %s: %s", clean(string(a.id)), clean(a.text))
	if len(r.Indicators) == 0 {
		say("  no such language found\n")
		return b.String()
	}
	for _, i := range r.Indicators {
		say("  %q %d to %d\n    %s, %s, rule %s, p %.2f", clean(i.Text), i.Span.Start, i.Span.End, indicator.Words(i.Category, i.Sub), i.Strength, i.Rule, i.P)
		if k := lib.Kind(i.Category, i.Sub); k != nil {
			say("    source: %s\n    against: %s", k.Source, k.Counter)
		}
	}
	lead := indicator.LeadOf(r.Indicators)
	if lead == nil {
		say("  no lead\n")
		return b.String()
	}
	say("  lead, score %.2f: %s", lead.Score, lead.Why)
	for _, w := range lead.Weights {
		against := ""
		if w.Contrary {
			against = ", shown as contrary evidence"
		}
		say("    %.2f %s (%s)%s", w.Weight, indicator.Words(w.Category, w.Sub), w.Rule, against)
	}
	say("  Language found, to be looked at by a person; no finding.\n")
	return b.String()
}

// score reads a labelled file and prints how well it was read.
func (p *indicatorsReadCmd) score(c *Context, lib *indicator.Library, o indicator.Options) error {
	f, err := c.openAds(p.Score, formatJSONL, func() error { return nil })
	if err != nil {
		return err
	}
	s := gold.NewScore(p.All)
	err = f.ended(f.lines(func(n int, line []byte) error {
		var d gold.Document
		if err := object(line, &d); err != nil {
			return f.skip(n, err)
		}
		if d.Labels == nil {
			return f.skip(n, errors.New("no list of labels: the file is not labelled"))
		}
		if d.Text == "" {
			return f.skip(n, errors.New("no text"))
		}
		r := lib.Read(d.Text, o)
		s.Add(d, r.Indicators, lib.Probs(r.Indicators))
		return nil
	}))
	if s.Documents == 0 {
		return cmp.Or(err, fmt.Errorf("score %s: no labelled document is in it", p.Score))
	}
	if p.JSON {
		return errors.Join(c.value(s.Sheet()), err)
	}
	printIndicatorScore(c, s)
	return err
}

func printIndicatorScore(c *Context, s *gold.Score) {
	t := table{heads: []string{"CATEGORY", "DOCS", "PRECISION", "RECALL", "F1"}, right: []bool{false, true, true, true, true}}
	row := func(name string, y gold.Tally) {
		t.row(name, fmt.Sprint(y.Right+y.Missed), fmt.Sprintf("%.3f", y.Precision()), fmt.Sprintf("%.3f", y.Recall()), fmt.Sprintf("%.3f", y.F1()))
	}
	for _, k := range indicator.Categories() {
		if y := s.Category[k]; y != nil && *y != (gold.Tally{}) {
			row(k, *y)
		}
	}
	row("is_demand", s.Demand)
	row("spans, any overlap", s.Spans)
	t.print(c.Stdout)
	c.printf("\nmacro-F1 %.4f", gold.Macro(s.Category))
	for _, lang := range slices.Sorted(maps.Keys(s.Lang)) {
		c.printf(", %s %.4f", lang, gold.Macro(s.Lang[lang]))
	}
	c.printf("\ncalibration error %.4f, Brier %.4f\n", s.ECE(), s.Brier())
	for _, level := range []float64{.5, .9} {
		y := s.At(level)
		c.printf("p >= %.1f: %d labels of documents, precision %.3f\n", level, y.Right+y.Wrong, y.Precision())
	}
	flagged, ordinary := 0, 0
	var where []string
	for _, k := range slices.Sorted(maps.Keys(s.Ordinary)) {
		flagged, ordinary = flagged+s.Flagged[k], ordinary+s.Ordinary[k]
		if s.Flagged[k] > 0 {
			where = append(where, fmt.Sprintf("%s %d of %d", k, s.Flagged[k], s.Ordinary[k]))
		}
	}
	c.printf("ordinary documents with any label: %d of %d", flagged, ordinary)
	if len(where) > 0 {
		c.printf(" (%s)", strings.Join(where, ", "))
	}
	c.printf("\nleads: %d of %s\n", s.Leads, plural(s.Documents, "document", "documents"))
}

type indicatorsCardCmd struct {
	rulesFlag
	printing
}

// Example is shown in the help.
func (*indicatorsCardCmd) Example() string { return "vigil indicators card | less" }

// Run prints the card.
func (p *indicatorsCardCmd) Run(c *Context) error {
	lib, err := p.library()
	if err != nil {
		return err
	}
	if p.JSON {
		return c.value(lib.Card())
	}
	c.printf("%s", lib.Card().Text())
	return nil
}
