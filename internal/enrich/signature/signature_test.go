package signature

import (
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/ad"
)

func sign(t *testing.T, s string) []uint64 {
	t.Helper()
	a := ad.Ad{Listing: ad.Listing{Body: s}}
	if err := New().Enrich(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	return a.Signature
}

func TestSignature(t *testing.T) {
	text := "Relaxing evening in a calm place near the river, call 912 555 0143 any time before noon"
	if got := sign(t, strings.Replace(text, "0143", "0199", 1)); !slices.Equal(got, sign(t, text)) {
		t.Error("another number in the same words gives another signature")
	}
	if got := sign(t, strings.ToUpper(text)); !slices.Equal(got, sign(t, text)) {
		t.Error("case changes the signature")
	}
	other := sign(t, "Sofa and two chairs, hardly used, pick up only on Saturday morning from the garage")
	for i, h := range sign(t, text) {
		if h == other[i] {
			t.Error("unlike texts agree on a hash")
		}
	}
	if got := sign(t, "912 555 0143"); got != nil {
		t.Errorf("a text without words has signature %v", got)
	}
}

func BenchmarkEnrich(b *testing.B) {
	a := ad.Ad{Listing: ad.Listing{Body: strings.Repeat("Relaxing evening in a calm place near the river. ", 15)}}
	b.SetBytes(int64(len(a.Body)))
	b.ReportAllocs()
	for b.Loop() {
		_ = New().Enrich(b.Context(), &a)
	}
}
