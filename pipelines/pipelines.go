// Package pipelines holds, as YAML, which steps run in which order with which
// settings. The file is embedded, so that a program knows its walk wherever it
// runs.
package pipelines

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"

	"github.com/goccy/go-yaml"

	"vigil.example/internal/pipeline"
)

//go:embed walk.yaml
var walk []byte

// A Pipeline says how listings become ads.
type Pipeline struct {
	Enrich []string                   `yaml:"enrich"` // names of enrichers, in order
	Stages map[string]pipeline.Config `yaml:"stages"`
	Digest string                     `yaml:"-"` // first 12 hex digits of the SHA-256 of the file
}

// Load reads the pipeline of the walk.
func Load() (Pipeline, error) { return parse("pipelines/walk.yaml", walk) }

func parse(name string, src []byte) (Pipeline, error) {
	var p Pipeline
	if err := yaml.UnmarshalWithOptions(src, &p, yaml.Strict()); err != nil {
		return p, fmt.Errorf("read %s: %w", name, err)
	}
	sum := sha256.Sum256(src)
	p.Digest = hex.EncodeToString(sum[:6])
	return p, nil
}
