// Package weigh finds who is behind ads by weighing all evidence at once: what
// posters write after the site's own words are gone, the numbers, addresses and
// handles they give, their pictures, and when and where. Ads come in, in any
// order; a partition comes out with reasons for every join. What a value says
// depends on how many owners use it, never on how many ads; two weak kinds of
// evidence join what neither joins alone, and what contradicts one owner keeps
// ads of one text apart.
//
// The result is a function of the set of ads. It performs no input or output and
// reads no clock. docs/linking.md says how it works and how well.
package weigh

import "time"

// An Ad is what linking reads of an ad.
type Ad struct {
	ID      string    `json:"id"`
	At      time.Time `json:"posted_at"`
	Site    string    `json:"site"`
	City    string    `json:"city"`
	Title   string    `json:"title"`
	Body    string    `json:"body"`
	Phones  []string  `json:"phones"`
	Emails  []string  `json:"emails"`
	Handles []string  `json:"handles"`
	Images  []string  `json:"image_hashes"` // 64-bit perceptual hashes, 16 hex digits
}
