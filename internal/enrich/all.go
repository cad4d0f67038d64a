package enrich

import (
	"vigil.example/internal/enrich/contact"
	"vigil.example/internal/enrich/correction"
	"vigil.example/internal/enrich/number"
	"vigil.example/internal/enrich/signature"
)

// table names every enricher. A new one is one line here and one in a pipeline.
func table() map[string]func(Config) Enricher {
	return map[string]func(Config) Enricher{
		"number":     func(c Config) Enricher { return number.New(c.Country) },
		"correction": func(c Config) Enricher { return correction.New(c.Corrections) },
		"contact":    func(Config) Enricher { return contact.New() },
		"signature":  func(Config) Enricher { return signature.New() },
	}
}
