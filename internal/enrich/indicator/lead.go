package indicator

import (
	"fmt"
	"math"
	"slices"

	"vigil.example/internal/ad"
)

// What an indicator adds to a lead by its strength. A score is one minus the
// product of what the weights leave, so that it orders leads by how much speaks
// for each and never reaches 1.
var weights = map[ad.Strength]float64{ad.Strong: .6, ad.Moderate: .3}

// LeadOf says whether the indicators of one ad make a lead, nil when they do not:
// a strong one by itself, or two moderate ones of different categories of which
// reassurance is not one. What buyers write is counted apart and makes no lead.
// Movement never weighs: a test against known outcomes found it less common in
// ads of trafficking, so that it is shown as contrary evidence. Build and
// ethnicity never weigh either.
func LeadOf(found []ad.Indicator) *ad.Lead {
	var strong *ad.Indicator
	var moderate []string
	left := 1.0
	best := map[string]float64{}
	ws := make([]ad.Weight, 0, len(found))
	for n := range found {
		i := &found[n]
		if i.Strength == ad.Excluded || i.Category == Demand || i.Category == ethnicity {
			continue
		}
		w := ad.Weight{Category: i.Category, Sub: i.Sub, Rule: i.Rule, Contrary: i.Category == Movement}
		if !w.Contrary {
			w.Weight = weights[i.Strength]
			if prior := best[i.Category+"/"+i.Sub]; prior > 0 { // said twice is not more
				w.Weight = 0
			} else {
				best[i.Category+"/"+i.Sub] = w.Weight
			}
			left *= 1 - w.Weight
		}
		ws = append(ws, w)
		switch {
		case i.Strength == ad.Strong && strong == nil && !w.Contrary:
			strong = i
		case i.Strength == ad.Moderate && i.Category != trust && !w.Contrary && !slices.Contains(moderate, i.Category):
			moderate = append(moderate, i.Category)
		}
	}
	lead := ad.Lead{Score: math.Round(1e4*(1-left)) / 1e4, Weights: ws}
	switch {
	case strong != nil:
		lead.Why = fmt.Sprintf("strong language found: %s (%s)", Words(strong.Category, strong.Sub), strong.Rule)
	case len(moderate) >= 2:
		lead.Why = fmt.Sprintf("language of two kinds found that counts together: %s and %s", moderate[0], moderate[1])
	default:
		return nil
	}
	return &lead
}

// Words says a category and sub to people.
func Words(category, sub string) string {
	b := []byte(category + ": " + sub)
	for i, c := range b {
		if c == '_' {
			b[i] = ' '
		}
	}
	return string(b)
}
