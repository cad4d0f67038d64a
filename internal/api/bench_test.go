package api_test

import (
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
)

// One request through HTTP, signed in and audited, on three ads and a journal in
// memory: what the door itself costs.
func BenchmarkRequest(b *testing.B) {
	town := apitest.Start(b)
	c := town.Client(b, "anna", access.Scopes()...)
	b.Run("search", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Search(b.Context(), api.SearchRequest{Query: "912-555-0123"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ad", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Ad(b.Context(), town.Ads[0].AdID); err != nil {
				b.Fatal(err)
			}
		}
	})
}
