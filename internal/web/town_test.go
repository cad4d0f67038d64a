package web

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var tags = regexp.MustCompile(`(?s)<[^>]*>|\s+`)

// strip leaves the words of a page.
func strip(html string) string {
	return strings.Join(strings.Fields(tags.ReplaceAllString(html, " ")), " ")
}

const (
	linked = "c0123456789abcde" // the cluster of the made-up group
	number = "+19125550123"
)

// furnish brings a group of linked ads, some that stand alone, and a number that
// is held back.
func (h *house) furnish() {
	h.t.Helper()
	at := h.now.Add(-14 * 24 * time.Hour)
	disguises := []string{
		"Call 912-555-0123 any day.", "Text nine one two 555 0123, no voicemail.", "Ring ９１２ ５５５ ０１２３ before noon.", "(912) 555.0123",
		"nine12 five five five 01 twenty three", "Write to rosa@mail.example or 912 555 0123.", "912-555-0123 or telegram:rosa_wren", "Only by 9 1 2 5 5 5 0 1 2 3 please.",
	}
	places := []string{"Port Wren", "North Wren", "Port Wren", "Austin, TX"}
	var moves []ad.Move
	for i, d := range disguises {
		a := h.see(ad.Listing{
			Site: []string{"townboard", "swapyard"}[i%2], NativeID: fmt.Sprintf("g%d", i), URL: fmt.Sprintf("https://town.example/ad/g%d", i),
			Title: fmt.Sprintf("New in town, friendly company, day %d", i+1), Location: places[i%4], Category: "personals",
			Body:  "Just arrived and only here for a few days.\nKind and quiet, a warm welcome in the garden flat near the station. " + d + "\nAsk for the spring offer.",
			Price: &ad.Price{Amount: "120", Currency: "USD", Text: "$120"},
		}, at.Add(time.Duration(i)*26*time.Hour))
		m := ad.Move{AdID: a.AdID, Cluster: linked}
		if len(moves) > 0 {
			m.By = &ad.Edge{A: a.AdID, B: moves[0].AdID, Value: ad.Value{Kind: "phone", Value: "+19125550123"}, Weight: 4, Reason: "both give 912-555-0123, which 1 of 30 posters uses"}
		}
		moves = append(moves, m)
	}
	h.seq++
	h.apply(search.Change{Seq: h.seq, Link: &ad.LinkChange{Moves: moves, Hubs: []ad.Hub{{Value: ad.Value{Kind: "email", Value: "desk@booking.example"}, Carriers: 14, Owners: 11.4, Held: true}}}})
	h.see(ad.Listing{
		Site: "townboard", NativeID: "g0", URL: "https://town.example/ad/g0", Title: "Back in town, friendly company", Location: "Port Wren", Category: "personals",
		Body:     "Just arrived and here for one more week.\nKind and quiet, a warm welcome in the garden flat near the harbour. Call 912-555-0123 any day.\nBooked through desk@booking.example",
		Price:    &ad.Price{Amount: "150", Currency: "USD", Text: "$150"},
		Contacts: []ad.Contact{{Kind: "phone", Value: "(912) 555-0123"}},
	}, h.now.Add(-30*time.Hour))
	h.seq++
	h.apply(search.Change{Seq: h.seq, Removal: &search.Removal{AdID: h.ads["g3"], At: h.now.Add(-48 * time.Hour)}})
	for i := range 30 {
		h.see(ad.Listing{
			Site: "swapyard", NativeID: fmt.Sprintf("s%d", i), URL: fmt.Sprintf("https://yard.example/%d", i),
			Title: fmt.Sprintf("Garden bench number %d, little used", i), Location: "North Wren", Category: "garden",
			Body: fmt.Sprintf("A bench of oak for the garden, two metres. Call 202-555-01%02d in the evening.", i),
		}, at.Add(time.Duration(i)*7*time.Hour))
	}
}
