package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"vigil.example/internal/ad"
)

// Prose makes ads of usual size without pages: a title of 8 words, a body of 125,
// one or two numbers that are reserved for fiction, a place, a side. Its words are
// spread as words are: few often, many rarely. The same seed gives the same ads.
type prose struct {
	*rand.Rand
	n int
}

func newProse(seed uint64) *prose { return &prose{Rand: rand.New(rand.NewPCG(seed, seed))} }

const vocabulary = 20_000 // words in use

// word is the word of a rank, 0 the most frequent.
func word(rank int) string {
	const first, second = "bcdfghjklmnprstvwz", "aeiou"
	var b strings.Builder
	for i := 0; i < 2 || rank > 0; i++ {
		b.WriteByte(first[rank%len(first)])
		rank /= len(first)
		b.WriteByte(second[rank%len(second)])
		rank /= len(second)
	}
	return b.String()
}

func (p *prose) words(n int) string {
	out := make([]string, n)
	for i := range out {
		f := p.Float64()
		out[i] = word(int(f * f * f * vocabulary))
	}
	return strings.Join(out, " ")
}

// number is one of 5,000 that are reserved for fiction, in E.164.
func (p *prose) number() string {
	areas := []int{201, 202, 205, 206, 210, 212, 213, 214, 215, 216, 301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 401, 402, 404, 405, 406,
		407, 408, 409, 410, 412, 501, 502, 503, 504, 505, 507, 508, 509, 510, 512, 601, 602, 603, 605, 606, 607, 608, 609, 610, 612}
	return fmt.Sprintf("+1%d55501%02d", areas[p.IntN(len(areas))], p.IntN(100))
}

// places are metropolitan areas by their codes in the gazetteer.
var places = []struct{ metro, city, region string }{
	{"12420", "Austin", "US-TX"}, {"35620", "New York", "US-NY"}, {"19100", "Fort Worth", "US-TX"}, {"38900", "Portland", "US-OR"}, {"38860", "Portland", "US-ME"},
}

// proseBegan is when the first of them was posted; one follows each minute.
var proseBegan = time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC)

func (p *prose) ad() *ad.Ad {
	at := places[p.IntN(len(places))]
	number := p.number()
	seen := proseBegan.Add(time.Duration(p.n) * time.Minute)
	title, body := p.words(8), p.words(120)
	body = "Call " + number[2:5] + "-" + number[5:8] + "-" + number[8:] + ". " + body
	a := ad.Ad{
		Listing: ad.Listing{
			Site: fmt.Sprintf("site-%d", p.IntN(12)), NativeID: fmt.Sprint(p.n), URL: fmt.Sprintf("https://town.example/ad/%d", p.n), Title: title, Body: body,
			Location: at.city, PostedAt: seen, SeenAt: seen.Add(time.Hour), CaptureID: fmt.Sprintf("%032x", p.n), Via: ad.ViaCrawl,
			Methods: map[string]string{"title": "definition", "body": "definition"},
		},
		Phones:     []ad.Phone{{E164: number, Text: number[2:5] + "-" + number[5:8] + "-" + number[8:], Span: ad.Span{Field: "body", Start: 5, End: 17}, Method: "separated", Confidence: .95, Reasons: []string{"ten digits in groups"}}},
		Signature:  []uint64{p.Uint64(), p.Uint64(), p.Uint64(), p.Uint64()},
		Language:   &ad.Language{Tag: []string{"en", "es"}[p.IntN(2)], P: .9},
		Side:       &ad.Side{Side: []string{ad.SideSupply, ad.SideDemand, ad.SideOther}[p.IntN(3)], P: .9},
		Places:     []ad.Place{{City: at.city, Region: at.region, Country: "US", Metro: at.metro, From: "location", Confidence: .9}},
		EnrichedBy: "bench",
	}
	a.Seal()
	p.n++
	return &a
}
