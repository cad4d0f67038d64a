//go:build unix

package api_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// Questions about a cluster of 10,000 ads, beside 6,000 of others, by the processor
// time that an answer takes: go test ./internal/api -run '^$' -bench Ask -benchtime 2x.
func BenchmarkAsk(b *testing.B) {
	town := apitest.Start(b)
	made := invent.Ads(invent.Config{Seed: 5, Ads: 6000})
	var large []weigh.Ad
	words := strings.Fields("quiet rooms by the harbour with tea and soft music for every guest who calls before noon or after the last tram leaves the old station near the green bridge where nobody hurries")
	for i := range 10_000 {
		text := slices.Clone(words)
		for k := range 3 {
			text[(i*7+k*11)%len(text)] = fmt.Sprintf("put%din", (i+k)%40)
		}
		n := fmt.Sprintf("+1912555%04d", 100+i%3)
		large = append(large, weigh.Ad{
			ID: fmt.Sprintf("large%05d", i), At: made[i%6000].At, Site: made[i%6000].Site, City: "Wren", Title: "Harbour rooms",
			Body: strings.Join(text, " ") + " call " + n, Phones: []string{n},
		})
	}
	town.Link(b, made)
	id, ads := town.Together(b, large)
	a, z, c := ads[1].AdID, ads[len(ads)-2].AdID, town.Client(b, "anna", access.Scopes()...)
	for name, ask := range map[string]func() error{
		"why":      func() error { _, err := c.Why(b.Context(), id, a, z); return err },
		"without":  func() error { _, err := c.Without(b.Context(), id, "+19125550100"); return err },
		"near":     func() error { _, err := c.Near(b.Context(), id, a); return err },
		"template": func() error { _, err := c.Template(b.Context(), id); return err },
	} {
		b.Run(name, func(b *testing.B) {
			before := cpu()
			for b.Loop() {
				if err := ask(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpu()-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}
