package web

import (
	"fmt"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

// languageName names what an ad is written in.
func languageName(l *ad.Language) string {
	if l.Other != "" {
		return query.Language(l.Tag) + ", a part in " + query.Language(l.Other)
	}
	return query.Language(l.Tag)
}

// placeName writes a place and where it was read.
func placeName(p ad.Place) string {
	region := p.Region
	if i := strings.IndexByte(region, '-'); i >= 0 && p.Country == "US" {
		region = region[i+1:]
	}
	var parts []string
	for _, s := range []string{p.City, region} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if p.Country != "US" || len(parts) == 0 {
		parts = append(parts, p.Country)
	}
	from := map[string]string{"location": "the page’s field", "text": "its words", "area-code": "an area code", "site": "the site"}[p.From]
	return fmt.Sprintf("%s, from %s, %s", strings.Join(parts, ", "), from, sure(p.Confidence))
}

// sideName says who speaks in a post.
func sideName(s *ad.Side) string {
	switch s.Side {
	case ad.SideSupply:
		return "offers somebody’s time"
	case ad.SideDemand:
		return "a buyer’s post: seeks, reviews or bargains"
	}
	return "neither offers nor seeks somebody’s paid time"
}
