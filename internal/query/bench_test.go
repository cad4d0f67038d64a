package query_test

import (
	"strings"
	"testing"

	"vigil.example/internal/query"
)

func BenchmarkParse(b *testing.B) {
	for name, s := range map[string]string{
		"word": "roses", "number": "(912) 555-0123", "mixed": `garden (roses OR tulips) -"red roses" phone:9125550123 seen:2026-01..2026-03`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := query.Parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	d := sample()
	d.Ad.Body = strings.Repeat(d.Ad.Body+" ", 12)
	for name, s := range map[string]string{"absent word": "orchids", "number": "phone:9125550144", "mixed": `garden (roses OR tulips) -"red orchids"`} {
		n, err := query.Parse(s)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				query.Match(n, d)
			}
		})
	}
}

func BenchmarkSpans(b *testing.B) {
	d := sample()
	d.Ad.Body = strings.Repeat(d.Ad.Body+" ", 12)
	n, err := query.Parse("garden roses")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		query.Spans(n, d)
	}
}
