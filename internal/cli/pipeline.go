package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich"
	"vigil.example/pipelines"
)

// pipelineCmd is the commands about pipeline files.
type pipelineCmd struct {
	Test pipelineTestCmd `cmd:"" help:"Run the cases of a pipeline file: what its enrichers must read in a listing, and what not."`
}

// Example is shown in the help.
func (*pipelineCmd) Example() string { return "vigil pipeline test" }

type pipelineTestCmd struct {
	File string `arg:"" optional:"" help:"Pipeline file; the one in this program when left out."`
	rulesFlag
	printing
}

// Help explains the output in short.
func (*pipelineTestCmd) Help() string {
	return "Prints a line per case; below one that fails, what is missing (-), what is there and should not be (+), and what stands elsewhere than it says (!). Needs no server."
}

// Example is shown in the help.
func (*pipelineTestCmd) Example() string {
	return "vigil pipeline test\nvigil pipeline test pipelines/walk.yaml"
}

// Run runs the cases.
func (p *pipelineTestCmd) Run(c *Context) error {
	name, walk, err := p.load()
	if err != nil {
		return err
	}
	rules, err := p.library()
	if err != nil {
		return err
	}
	verdicts := walk.Test(c.Ctx, func(ctx context.Context, country string, l ad.Listing) (ad.Ad, error) {
		chain, err := enrich.NewChain("vigil pipeline test", walk.Enrich, enrich.Config{Country: func(string) string { return country }, Rules: rules})
		if err != nil {
			return ad.Ad{}, err
		}
		return chain.Enrich(ctx, l)
	})
	failed := 0
	for _, v := range verdicts {
		if len(v.Wrong) > 0 {
			failed++
		}
	}
	if p.JSON {
		err = lines(c, verdicts)
	} else {
		printVerdicts(c, verdicts)
	}
	switch {
	case err != nil:
		return err
	case len(verdicts) == 0:
		return fail(codeError, "give it cases; "+pipelines.Name+" shows how", fmt.Errorf("test %s: it has no cases", name))
	case failed > 0:
		return fmt.Errorf("test %s: %d of %s failed", name, failed, plural(len(verdicts), "case", "cases"))
	}
	return nil
}

func (p *pipelineTestCmd) load() (string, pipelines.Pipeline, error) {
	if p.File == "" {
		w, err := pipelines.Load()
		return pipelines.Name, w, err
	}
	src, err := os.ReadFile(p.File)
	if errors.Is(err, fs.ErrNotExist) {
		return p.File, pipelines.Pipeline{}, fail(codeNotFound, "", fmt.Errorf("test pipeline: there is no file %s", p.File))
	}
	if err != nil {
		return p.File, pipelines.Pipeline{}, fmt.Errorf("test pipeline: %w", err)
	}
	w, err := pipelines.Parse(p.File, src)
	return p.File, w, err
}

func printVerdicts(c *Context, verdicts []pipelines.Verdict) {
	for _, v := range verdicts {
		word := "ok    "
		if len(v.Wrong) > 0 {
			word = "FAILED"
		}
		c.printf("%s %s\n", word, clean(v.Case))
		for _, w := range v.Wrong {
			c.printf("         %s\n", clean(w))
		}
	}
}
