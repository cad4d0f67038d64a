package web

import (
	"fmt"
	"strings"

	"vigil.example/internal/ad"
)

// languageName names what an ad is written in.
func languageName(l *ad.Language) string {
	names := map[string]string{
		"en": "English", "es": "Spanish", "pt": "Portuguese", "fr": "French", "it": "Italian", "de": "German", "nl": "Dutch", "ca": "Catalan", "ro": "Romanian",
		"pl": "Polish", "tl": "Tagalog", "sv": "Swedish", "ru": "Cyrillic script", "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "th": "Thai", "ar": "Arabic script",
		"hi": "Devanagari script", "el": "Greek", "he": "Hebrew", "und": "cannot be told",
	}
	name := func(tag string) string {
		if n := names[tag]; n != "" {
			return n
		}
		return tag
	}
	if l.Other != "" {
		return name(l.Tag) + ", a part in " + name(l.Other)
	}
	return name(l.Tag)
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
