package sqlite_test

import (
	"testing"

	"vigil.example/internal/search/searchtest"
)

func BenchmarkIndex(b *testing.B) { searchtest.Bench(b, open) }
