// Package pipelines holds, as YAML, which steps run in which order with which
// settings, and cases of what comes out. The file is embedded, so that a program
// knows its walk wherever it runs.
package pipelines

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"

	"vigil.example/internal/pipeline"
)

//go:embed walk.yaml
var walk []byte

// Name is what the embedded file is called.
const Name = "pipelines/walk.yaml"

// A Pipeline says how listings become ads.
type Pipeline struct {
	Enrich []string                   `yaml:"enrich"` // names of enrichers, in order
	Stages map[string]pipeline.Config `yaml:"stages"`
	Cases  []Case                     `yaml:"cases"` // what must come out; for Test
	Digest string                     `yaml:"-"`     // first 12 hex digits of the SHA-256 of the file
}

// Load reads the pipeline of the walk.
func Load() (Pipeline, error) { return Parse(Name, walk) }

// Parse reads a pipeline file, strictly; name stands in errors.
func Parse(name string, src []byte) (Pipeline, error) {
	var p Pipeline
	if err := yaml.UnmarshalWithOptions(src, &p, yaml.Strict()); err != nil {
		return p, fmt.Errorf("read %s: %w", name, placed(err))
	}
	if err := p.Validate(); err != nil {
		return p, fmt.Errorf("read %s: %w", name, err)
	}
	sum := sha256.Sum256(src)
	p.Digest = hex.EncodeToString(sum[:6])
	return p, nil
}

// Validate reports what is wrong with the pipeline.
func (p Pipeline) Validate() error {
	var errs []error
	if len(p.Enrich) == 0 {
		errs = append(errs, errors.New("enrich names no enricher"))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Stages)) {
		if err := p.Stages[name].Validate(); err != nil {
			errs = append(errs, fmt.Errorf("stage %s: %w", name, err))
		}
	}
	names := map[string]bool{}
	for i, c := range p.Cases {
		if err := c.validate(); err != nil {
			errs = append(errs, fmt.Errorf("case %d %q: %w", i+1, c.Name, err))
		}
		if names[c.Name] {
			errs = append(errs, fmt.Errorf("case %d %q: another one has this name", i+1, c.Name))
		}
		names[c.Name] = true
	}
	return errors.Join(errs...)
}

// placed says an error of the YAML reader in one line, with the line of the file.
func placed(err error) error {
	y, ok := errors.AsType[yaml.Error](err)
	if !ok || y.GetToken() == nil {
		return err
	}
	return fmt.Errorf("line %d: %s", y.GetToken().Position.Line, y.GetMessage())
}
