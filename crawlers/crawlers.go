// Package crawlers holds the site definitions: one YAML file per site, and beside
// it a folder of saved synthetic pages with the listings they must give. The
// files are embedded, so that a program knows its sites wherever it runs. It
// fetches and extracts nothing; internal/site says what a definition means.
package crawlers

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"vigil.example/internal/site"
)

//go:embed *.yaml
var definitions embed.FS

// Load reads every definition in this folder. All that is wrong with them is
// reported, with file and line.
func Load() (*site.Set, error) {
	names, err := fs.Glob(definitions, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list site definitions: %w", err)
	}
	var (
		defs []*site.Definition
		errs []error
	)
	for _, name := range names {
		src, err := definitions.ReadFile(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("read site crawlers/%s: %w", name, err))
			continue
		}
		d, err := site.Parse("crawlers/"+name, src)
		switch {
		case err != nil:
			errs = append(errs, err)
		case d.Name != strings.TrimSuffix(name, ".yaml"):
			errs = append(errs, fmt.Errorf("read site crawlers/%s: its name is %q, not that of the file", name, d.Name))
		default:
			defs = append(defs, d)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return site.NewSet(defs...), nil
}
