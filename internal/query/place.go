package query

import (
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/gazetteer"
)

// This file holds the fields that ask where an ad is and what it has: state, near
// and has.

// surePlace is the confidence from which a place that was read is where an ad is.
const surePlace = .5

// had are the things that has: asks for.
var had = []string{"phone", "email", "handle", "link", "price", "image", "place", "date", "indicator", "label"}

// hadWords are other words for them.
var hadWords = map[string]string{
	"number": "phone", "phones": "phone", "tel": "phone", "telephone": "phone", "mail": "email", "e-mail": "email", "emails": "email", "handles": "handle", "links": "link", "url": "link",
	"prices": "price", "images": "image", "photo": "image", "photos": "image", "picture": "image", "pictures": "image", "city": "place", "location": "place", "state": "place",
	"posted": "date", "indicators": "indicator", "labels": "label", "labelled": "label", "labeled": "label",
}

// mile is one in kilometres; farthest is the largest distance that near: takes.
const (
	mile     = 1.609344
	farthest = 500.0
)

// nearby returns the codes of the metropolitan areas that the value of near: asks
// for: a place, "Austin TX", or one and a distance, "Austin TX~25mi".
func nearby(v string) (codes []string, reason string) {
	name, far, ranged := strings.Cut(v, "~")
	km := 0.0
	if ranged {
		unit := mile
		far = strings.ToLower(strings.TrimSpace(far))
		if s, ok := strings.CutSuffix(far, "km"); ok {
			far, unit = s, 1
		} else {
			far = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(far, "miles"), "mi"), "m")
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(far), 64)
		if err != nil || !(n > 0 && n*unit <= farthest) {
			return nil, "a distance looks like ~25mi or ~40km, up to 500 km"
		}
		km = n * unit
	}
	found := gazetteer.Find(strings.TrimSpace(name))
	if len(found) == 0 {
		if gazetteer.Region(strings.TrimSpace(name)) != "" {
			return nil, "near: takes a city; a state is asked for with state:"
		}
		return nil, `no city of that name is known; give one as "Austin TX", a metropolitan area or its code`
	}
	for _, m := range gazetteer.Within(found[0], km) {
		codes = append(codes, m.Code)
	}
	return codes, ""
}

// placeOf gives add the values by which the place of an ad is found, and what it has.
func placeOf(a *ad.Ad, add func(kind, v string)) {
	metro, region := Placed(a)
	add("near", metro)
	add("state", region)
	has := map[string]bool{
		"phone": len(a.Phones) > 0, "price": a.Price != nil, "image": len(a.Images) > 0, "place": metro != "" || region != "", "date": !a.PostedAt.IsZero(),
	}
	for _, id := range a.Identifiers {
		has[id.Kind] = true
	}
	for _, c := range a.Contacts {
		has["link"] = has["link"] || c.Kind == "link"
	}
	for i := range a.Indicators {
		has["indicator"] = has["indicator"] || a.Indicators[i].Strength != ad.Excluded
	}
	for _, h := range had {
		if has[h] {
			add("has", h)
		}
	}
}

// Placed returns the metropolitan area, by its code in the gazetteer, and the
// region of the best places of an ad that are sure enough, "" for none.
func Placed(a *ad.Ad) (metro, region string) {
	for i := range a.Places {
		p := &a.Places[i]
		if p.Confidence < surePlace {
			continue
		}
		if metro == "" {
			metro = p.Metro
		}
		if region == "" {
			region = p.Region
		}
	}
	return metro, region
}

// Labelled reports whether f is has:label. No value in the words of an ad answers it.
func (f Field) Labelled() bool { return f.Name == "has" && slices.Contains(f.Values, "label") }

// explainPlace says in words what a field of this file asks for.
func (f Field) explainPlace() string {
	switch f.Name {
	case "state":
		return "in " + gazetteer.RegionName(f.Values[0])
	case "has":
		switch v := f.Values[0]; v {
		case "phone":
			return "with a telephone number"
		case "email":
			return "with an e-mail address"
		case "image":
			return "with images"
		case "date":
			return "with the date it was posted"
		case "indicator":
			return "with an indicator"
		default:
			return "with a " + v
		}
	}
	m, _ := gazetteer.Of(f.Values[0])
	_, far, ranged := strings.Cut(f.Text, "~")
	if !ranged {
		return "in or around " + quoted(m.Name)
	}
	s := "within " + strings.TrimSpace(far) + " of the centre of " + quoted(m.Name)
	if n := len(f.Values); n > 1 {
		s += " (" + strconv.Itoa(n) + " metropolitan areas)"
	}
	return s
}
