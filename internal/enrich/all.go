package enrich

import (
	"vigil.example/internal/enrich/contact"
	"vigil.example/internal/enrich/correction"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/enrich/language"
	"vigil.example/internal/enrich/number"
	"vigil.example/internal/enrich/place"
	"vigil.example/internal/enrich/side"
	"vigil.example/internal/enrich/signature"
	"vigil.example/internal/enrich/sitewords"
)

// table names every enricher. A new one is one line here and one in a pipeline.
func table() map[string]func(Config) Enricher {
	return map[string]func(Config) Enricher{
		"sitewords":  func(c Config) Enricher { return sitewords.New(c.Words) },
		"number":     func(c Config) Enricher { return sitewords.Withhold(number.New(c.Country), c.Words) },
		"correction": func(c Config) Enricher { return correction.New(c.Corrections) },
		"contact":    func(c Config) Enricher { return sitewords.Withhold(contact.New(), c.Words) },
		"signature":  func(Config) Enricher { return signature.New() },
		"indicator":  func(c Config) Enricher { return indicator.NewEnricher(c.Rules) },
		"language":   func(Config) Enricher { return language.New() },
		"place":      func(c Config) Enricher { return place.New(c.Country) },
		"side":       func(Config) Enricher { return side.New() },
	}
}
