package access

import "testing"

// BenchmarkSignIn is one check of a password at the default cost.
func BenchmarkSignIn(b *testing.B) {
	r := openWith(b, &memory{}, Config{Key: key})
	first, err := r.Bootstrap(b.Context(), "admin")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := r.SignIn(b.Context(), "admin", first); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSession(b *testing.B) {
	r, _, id, _ := settled(b, Analyst)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Session(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}
