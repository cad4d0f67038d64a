package ad

import "slices"

// This file holds what enrichers say of the words of an ad. All of it is language
// found: a lead for a person to look at, never a finding about anybody.

// A Strength is what an indicator counts for.
type Strength string

// The strengths. What is excluded is extracted only on request and never counts.
const (
	Strong   Strength = "strong"
	Moderate Strength = "moderate"
	Weak     Strength = "weak"
	Excluded Strength = "excluded"
)

// An Indicator is language that research or training material lists as worth a
// second look.
type Indicator struct {
	Category string   `json:"category"` // age_indicator, movement, third_party, …
	Sub      string   `json:"sub"`      // stated_minor_age, new_in_town, …
	Span     Span     `json:"span"`
	Text     string   `json:"text"` // the text of the span, as written
	Strength Strength `json:"strength"`
	Rule     string   `json:"rule"` // id of the rule in the library that found it
	P        float64  `json:"p"`    // calibrated probability that an annotator marks it, 0 to 1
}

// A Weight is what one indicator adds to a lead, or what speaks against it.
type Weight struct {
	Category string  `json:"category"`
	Sub      string  `json:"sub"`
	Rule     string  `json:"rule"`
	Weight   float64 `json:"weight"` // 0 for what is shown only
	Contrary bool    `json:"contrary,omitempty"`
}

// A Lead says that the language found in an ad is worth a person's prompt look,
// and of what that is made. Its score orders leads and says nothing else.
type Lead struct {
	Score   float64  `json:"score"`   // 0 to 1
	Why     string   `json:"why"`     // the rule that makes it one, in words
	Weights []Weight `json:"weights"` // in order of the text
}

// Evidence is an indicator and what it adds to the lead of its ad.
type Evidence struct {
	Indicator
	Weight   float64 // 0 for what is shown only, or was counted already
	Contrary bool    // speaks against
}

// Evidence returns of what the ad's lead is made, in order of the text; nothing for
// an ad that is no lead.
func (a *Ad) Evidence() []Evidence {
	if a.Lead == nil {
		return nil
	}
	var out []Evidence
	rest := a.Indicators
	for _, w := range a.Lead.Weights {
		i := slices.IndexFunc(rest, func(i Indicator) bool { return i.Category == w.Category && i.Sub == w.Sub && i.Rule == w.Rule })
		if i < 0 {
			continue
		}
		out = append(out, Evidence{rest[i], w.Weight, w.Contrary})
		rest = rest[i+1:]
	}
	return out
}

// The sides of a post.
const (
	SideSupply = "supply"
	SideDemand = "demand"
	SideOther  = "other"
)

// A Side says who speaks in a post: who offers, who seeks, reviews or bargains,
// or neither.
type Side struct {
	Side    string   `json:"side"`
	P       float64  `json:"p"` // calibrated probability of the side given
	Reasons []string `json:"reasons,omitempty"`
}

// A Place is where an ad says that it is, or seems to be.
type Place struct {
	City       string  `json:"city,omitempty"`
	Region     string  `json:"region,omitempty"`  // ISO 3166-2 subdivision, "US-GA"
	Country    string  `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Metro      string  `json:"metro,omitempty"`   // code of the metropolitan area in the gazetteer
	From       string  `json:"from"`              // location, text, area-code or site
	Span       *Span   `json:"span,omitempty"`    // where it is written
	Confidence float64 `json:"confidence"`
}

// A Language is what a text is written in.
type Language struct {
	Tag   string  `json:"tag"`             // BCP 47: en, es; und when it cannot be told
	Other string  `json:"other,omitempty"` // a second language that a fair part is in
	P     float64 `json:"p"`
}
