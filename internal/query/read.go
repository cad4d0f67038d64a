package query

import (
	"cmp"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/gazetteer"
)

// This file holds the fields that ask for what enrichment has read in the words of
// an ad: the language found, whether it makes a lead, who speaks and in what.

// choosy are the fields that take few values.
var choosy = []string{"indicator", "lead", "side", "lang", "state", "has", "near", "first", "last", "label"}

// kinds are the categories of language that may be asked for, each with what it is
// divided into, as the built-in library of indicators names them. What never weighs
// is not among them: nobody is to be found by build or ethnicity.
var kinds = [][]string{
	{"age_indicator", "stated_minor_age", "obfuscated_age", "youth_descriptor", "school_reference", "new_inexperienced", "coded_emoji"},
	{"movement", "new_in_town", "leaving_soon", "circuit", "coded_emoji"},
	{"third_party", "posted_by_other", "manager", "driver_escort", "coded_emoji"},
	{"restricted", "no_phone", "no_leaving", "documents_held"},
	{"coercion", "threat", "debt", "quota"},
	{"multiple_persons", "several"},
	{"venue", "hotel", "highway_incall"},
	{"contact_obscured", "spelled_digits"},
	{"trust_language", "reassurance"},
	{"demand", "buyer_seek", "buyer_review", "price_negotiation"},
}

// Kinds lists what indicator: may be given besides what an agency's own rules
// define: categories, and behind each what it is divided into, as category/sub.
func Kinds() []string {
	var out []string
	for _, k := range kinds {
		out = append(out, k[0])
		for _, sub := range k[1:] {
			out = append(out, k[0]+"/"+sub)
		}
	}
	return out
}

// barred are kinds that are extracted on request only and never searched for.
var barred = []string{"ethnicity", "ethnicity/marketing", "marketing", "build", "build_descriptor", "age_indicator/build_descriptor", "age/build_descriptor"}

// kindName writes a kind as indexes hold it, however it is typed.
func kindName(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '-' || r == '_' }), "_")
	return strings.Trim(strings.ReplaceAll(s, "_/_", "/"), "/")
}

// kindsOf returns the known kinds that a value stands for: a category, perhaps by
// its first word alone, a category/sub, or a sub of whatever categories have it.
func kindsOf(value string) (out []string) {
	category, sub, divided := strings.Cut(kindName(value), "/")
	for _, k := range kinds {
		named := k[0] == category || strings.HasPrefix(k[0], category+"_")
		switch {
		case named && !divided:
			return []string{k[0]}
		case named && slices.Contains(k[1:], sub), !divided && slices.Contains(k[1:], category):
			out = append(out, k[0]+"/"+cmp.Or(sub, category))
		}
	}
	return out
}

// indicated returns the values of indicator: and, for a value outside quotes, why
// it cannot be one. In quotes it may be a kind that an agency's own rules define.
func indicated(value string) (values []string, reason string) {
	if values = kindsOf(value); values != nil {
		return values, ""
	}
	name := kindName(value)
	const own = "; in quotes it is taken as it stands, for the rules of an agency"
	if near := meant("indicator", value); near != "" {
		return []string{name}, `no such language is looked for; did you mean "` + near + `"?`
	}
	category, sub, _ := strings.Cut(name, "/")
	for _, k := range kinds {
		if sub != "" && kindsOf(category) != nil && k[0] == kindsOf(category)[0] {
			return []string{name}, k[0] + " is divided into " + strings.Join(k[1:], ", ") + own
		}
	}
	var categories []string
	for _, k := range kinds {
		categories = append(categories, k[0])
	}
	return []string{name}, "no such language is looked for; what is found is " + strings.Join(categories, ", ") + own
}

// own reports whether f asks for a kind that only an agency's rules can define,
// which is written in quotes.
func (f Field) own() bool { return f.Name == "indicator" && kindsOf(f.Text) == nil }

// sides are the words that side: may be given, and what they stand for.
var sides = map[string]string{
	ad.SideSupply: ad.SideSupply, "ad": ad.SideSupply, "ads": ad.SideSupply, "offer": ad.SideSupply,
	ad.SideDemand: ad.SideDemand, "buyer": ad.SideDemand, "review": ad.SideDemand, "wanted": ad.SideDemand,
	ad.SideOther: ad.SideOther, "neither": ad.SideOther,
}

// leads are the words that lead: may be given.
var leads = map[string]string{"yes": "yes", "true": "yes", "no": "no", "false": "no"}

// languages are those that enrichment tells apart, by their tags.
var languages = [][2]string{
	{"en", "English"}, {"es", "Spanish"}, {"pt", "Portuguese"}, {"fr", "French"}, {"it", "Italian"}, {"de", "German"}, {"nl", "Dutch"}, {"ca", "Catalan"},
	{"ro", "Romanian"}, {"pl", "Polish"}, {"tl", "Tagalog"}, {"sv", "Swedish"}, {"ru", "Cyrillic script"}, {"zh", "Chinese"}, {"ja", "Japanese"},
	{"ko", "Korean"}, {"th", "Thai"}, {"ar", "Arabic script"}, {"hi", "Devanagari script"}, {"el", "Greek"}, {"he", "Hebrew"}, {"und", "no language that can be told"},
}

// Language names a language by its tag; a tag that is not known is its own name.
func Language(tag string) string {
	for _, l := range languages {
		if l[0] == tag {
			return l[1]
		}
	}
	return tag
}

// chosen returns what one of a few words stands for, and why it is none of them.
func chosen(name, value string) (values []string, reason string) {
	v := strings.ToLower(value)
	switch name {
	case "lead":
		if leads[v] == "" {
			return nil, "lead is yes or no"
		}
		return []string{leads[v]}, ""
	case "side":
		if sides[v] == "" {
			return nil, slip(name, v) + "side is supply, demand or other"
		}
		return []string{sides[v]}, ""
	case "state":
		if code := gazetteer.Region(value); code != "" {
			return []string{code}, ""
		}
		return nil, slip(name, v) + "a state is given by its name, its letters or its code, as Texas, TX or US-TX"
	case "has":
		v = cmp.Or(hadWords[v], v)
		if !slices.Contains(had, v) {
			return nil, slip(name, v) + "an ad may have " + strings.Join(had, ", ")
		}
		return []string{v}, ""
	}
	for _, l := range languages {
		if v == l[0] || v == strings.ToLower(l[1]) {
			return []string{l[0]}, ""
		}
	}
	for word, tag := range map[string]string{"español": "es", "espanol": "es", "castellano": "es", "inglés": "en", "ingles": "en", "unknown": "und"} {
		if v == word {
			return []string{tag}, ""
		}
	}
	return nil, slip(name, v) + "a language is given by its tag or name, as en, es or Spanish"
}

// meant is the value of a field that a wrong one is most likely a slip of, "" when
// none is near.
func meant(name, value string) string {
	known := []string{}
	switch name {
	case "indicator":
		known = Kinds()
		for _, k := range kinds {
			known = append(known, k[1:]...)
		}
		value = kindName(value)
	case "side":
		known = append(known, ad.SideSupply, ad.SideDemand, ad.SideOther)
	case "state":
		known = gazetteer.Regions()
	case "has":
		known = had
	case "lang":
		for _, l := range languages {
			if !strings.Contains(l[1], " ") {
				known = append(known, strings.ToLower(l[1]))
			}
		}
	}
	return nearest(strings.ToLower(value), known)
}

// slip asks whether the nearest value was meant, "" when none is near.
func slip(name, value string) string {
	if near := meant(name, value); near != "" {
		return `did you mean "` + near + `"? `
	}
	return ""
}

// readOf gives add the values by which what was read in an ad is found.
func readOf(a *ad.Ad, add func(kind, v string)) {
	for i := range a.Indicators {
		if x := &a.Indicators[i]; x.Strength != ad.Excluded {
			add("indicator", kindName(x.Category))
			add("indicator", kindName(x.Category+"/"+x.Sub))
		}
	}
	if a.Lead != nil {
		add("lead", "yes")
	} else {
		add("lead", "no")
	}
	if a.Side != nil {
		add("side", a.Side.Side)
	}
	if a.Language != nil {
		add("lang", strings.ToLower(a.Language.Tag))
		add("lang", strings.ToLower(a.Language.Other))
	}
}

// asks reports whether a field asks for an indicator; lead:yes asks for all that
// may weigh.
func (f Field) asks(i *ad.Indicator) bool {
	switch {
	case i.Strength == ad.Excluded:
		return false
	case f.Name == "lead":
		return slices.Contains(f.Values, "yes")
	}
	return f.Name == "indicator" && (slices.Contains(f.Values, kindName(i.Category)) || slices.Contains(f.Values, kindName(i.Category+"/"+i.Sub)))
}

// explainRead says in words what a field of this file asks for.
func (f Field) explainRead() string {
	v := ""
	if len(f.Values) > 0 {
		v = f.Values[0]
	}
	switch {
	case f.Name == "indicator":
		var names []string
		for _, k := range f.Values {
			names = append(names, strings.ReplaceAll(strings.ReplaceAll(k, "/", ": "), "_", " "))
		}
		return "with language found of the kind " + quoted(strings.Join(names, "” or “"))
	case f.Name == "lead" && v == "yes":
		return "with a lead in the language found"
	case f.Name == "lead":
		return "without a lead in the language found"
	case f.Name == "lang":
		return "with text in " + Language(v)
	case v == ad.SideSupply:
		return "offering somebody’s paid time"
	case v == ad.SideDemand:
		return "written by a buyer"
	}
	return "neither offering nor seeking somebody’s paid time"
}
