package enrich

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/site"
)

// BenchmarkChain is the whole of enrichment, of an ad of 900 bytes under its site's
// footer, with and without a model of the site.
func BenchmarkChain(b *testing.B) {
	const footer = "Please say where you saw this. Never wire money ahead; report bad listings to safety@board.example. You must be 18 or older to read this page."
	nouns := strings.Fields("garden river window morning candle harbour orange copper meadow violin lantern pepper ribbon marble thunder maple")
	r := rand.New(rand.NewPCG(1, 1))
	var ads []ad.Listing
	var sample []site.Sheet
	for i := range 200 {
		var says []string
		for range 100 {
			says = append(says, nouns[r.IntN(len(nouns))])
		}
		l := ad.Listing{Site: "board", Title: "Relaxing massage by " + says[0], Body: fmt.Sprintf("%s. Call 912-555-%04d any day, 120 an hour.\n%s", strings.Join(says, " "), 100+i, footer)}
		ads = append(ads, l)
		sample = append(sample, site.Sheet{Title: l.Title, Body: l.Body, Values: []ad.Value{{Kind: "phone", Value: fmt.Sprint(i)}}})
	}
	m, fresh := site.Learn("board", sample, site.Model{}, time.Time{})
	if !fresh {
		b.Fatal("nothing was learned")
	}
	for name, model := range map[string]*site.Model{"unknown": nil, "known": &m} {
		c, err := NewChain("x", []string{"sitewords", "number", "correction", "contact", "signature", "indicator", "language", "place", "side"}, Config{Words: func(string) *site.Model { return model }})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := c.Enrich(b.Context(), ads[i%len(ads)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
