package indicator

import "strings"

// inflect calls add with every form of a lexicon entry. "~keep:kept" is a verb
// with its irregular forms, "+girl" a noun with its plural, anything else stands
// for itself; "_" joins the words of a phrase. Spanish verbs are given by their
// infinitive and further stems ("~tener:teng:tien:tuv"), Spanish "+chico" is every
// gender and number. More forms than a grammar knows do no harm: nobody writes
// them.
func inflect(lang, entry string, add func(string)) {
	switch {
	case strings.HasPrefix(entry, "~"):
		parts := strings.Split(entry[1:], ":")
		if lang == "es" {
			spanishVerb(parts[0], parts[1:], add)
			return
		}
		englishVerb(parts[0], parts[1:], add)
	case strings.HasPrefix(entry, "+"):
		if lang == "es" {
			spanishNoun(entry[1:], add)
			return
		}
		add(entry[1:])
		add(plural(entry[1:]))
	default:
		add(entry)
	}
}

func vowel(c byte) bool { return strings.IndexByte("aeiou", c) >= 0 }

func plural(s string) string {
	switch n := len(s); {
	case strings.HasSuffix(s, "y") && n > 1 && !vowel(s[n-2]):
		return s[:n-1] + "ies"
	case strings.HasSuffix(s, "s"), strings.HasSuffix(s, "x"), strings.HasSuffix(s, "ch"), strings.HasSuffix(s, "sh"), strings.HasSuffix(s, "z"):
		return s + "es"
	case strings.HasSuffix(s, "man"):
		return s[:n-2] + "en"
	}
	return s + "s"
}

// englishVerb gives the forms of a verb; of a phrase ("lock_up") the first word
// changes.
func englishVerb(s string, irregular []string, add func(string)) {
	s, tail, phrase := strings.Cut(s, "_")
	if phrase {
		tail = "_" + tail
	}
	ing := func(stem string) { // and workin, as it is spoken
		add(stem + "ing" + tail)
		if len(stem) > 3 {
			add(stem + "in" + tail)
		}
	}
	add(s + tail)
	add(plural(s) + tail)
	stem := s
	n := len(s)
	switch {
	case strings.HasSuffix(s, "ie"):
		ing(s[:n-2] + "y")
		stem = s[:n-1]
	case strings.HasSuffix(s, "ee"):
		ing(s)
		stem = s[:n-1]
	case strings.HasSuffix(s, "e"):
		stem = s[:n-1]
		ing(stem)
	default:
		ing(s)
		if n > 2 && !vowel(s[n-1]) && vowel(s[n-2]) && !vowel(s[n-3]) && strings.IndexByte("wxy", s[n-1]) < 0 {
			double := s + s[n-1:]
			ing(double)
			if irregular == nil {
				add(double + "ed" + tail)
			}
		}
	}
	if irregular == nil {
		if strings.HasSuffix(s, "y") && n > 1 && !vowel(s[n-2]) {
			stem = s[:n-1] + "i"
		}
		add(stem + "ed" + tail)
	}
	for _, form := range irregular {
		add(form + tail)
	}
}

func spanishNoun(s string, add func(string)) {
	add(s)
	n := len(s)
	switch {
	case strings.HasSuffix(s, "o"):
		add(s + "s")
		add(s[:n-1] + "a")
		add(s[:n-1] + "as")
	case vowel(s[n-1]):
		add(s + "s")
	case strings.HasSuffix(s, "z"):
		add(s[:n-1] + "ces")
	case strings.HasSuffix(s, "or"):
		add(s + "es")
		add(s + "a")
		add(s + "as")
	default:
		add(s + "es")
	}
}

// Endings of Spanish verbs, without accents.
const (
	endingsAr = "o as a amos an e aste o asteis aron aba abas abamos aban ando ado ada ados adas ar are aras ara aremos aran aria arias ariamos arian es en emos " +
		"arme arte arse arla arlo arlas arlos arle arles arnos arsela arselo armelo arselas andome andote andose andola andolo andonos ame ate ale alo ala anos ame andolas andolos"
	endingsEr = "o es e emos en i iste io imos ieron ia ias iamos ian iendo ido ida idos idas er ere eras era eremos eran eria erias eriamos erian a as amos an " +
		"erme erte erse erla erlo erlas erlos erle erles ernos erselo ersela iendome iendose iendola iendolo eme ete ele elo ela enos"
	endingsIr = "o es e imos en i iste io ieron ia ias iamos ian iendo ido ida idos idas ir ire iras ira iremos iran iria irias iriamos irian a as amos an " +
		"irme irte irse irla irlo irlas irlos irle irles irnos irselo iendome iendose iendola iendolo eme ete ele elo ela"
)

// spanishVerb gives the forms of a verb over its stem and the further stems; of a
// phrase the first word changes.
func spanishVerb(s string, stems []string, add func(string)) {
	s, tail, phrase := strings.Cut(s, "_")
	if phrase {
		tail = "_" + tail
	}
	s = strings.TrimSuffix(s, "se")
	n := len(s)
	if n < 3 {
		add(s + tail)
		return
	}
	endings := endingsAr
	switch s[n-2:] {
	case "er":
		endings = endingsEr
	case "ir":
		endings = endingsIr
	}
	for _, stem := range append([]string{s[:n-2]}, stems...) {
		for e := range strings.FieldsSeq(endings) {
			add(stem + e + tail)
		}
		switch { // c and z, g and gu, before e and i
		case strings.HasSuffix(stem, "g") && endings == endingsAr:
			add(stem + "ue" + tail)
			add(stem + "uen" + tail)
		case strings.HasSuffix(stem, "c") && endings == endingsAr:
			add(stem[:len(stem)-1] + "que" + tail)
			add(stem[:len(stem)-1] + "quen" + tail)
		case strings.HasSuffix(stem, "z") && endings == endingsAr:
			add(stem[:len(stem)-1] + "ce" + tail)
			add(stem[:len(stem)-1] + "cen" + tail)
		}
		if endings != endingsAr {
			add(stem + "yo" + tail)
			add(stem + "yeron" + tail)
			add(stem + "yendo" + tail)
		}
	}
}
