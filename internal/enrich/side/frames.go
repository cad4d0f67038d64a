package side

import (
	"cmp"
	"slices"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/words"
)

// A mark is a phrase of the lexicon in the sentence under way.
type mark struct {
	class    class
	from, to int32 // words
}

// A reading is one ad under way: what was found in it.
type reading struct {
	text     words.Text
	marks    []mark
	found    [featureCount]float64
	amount   bool // a number that can be a price in this sentence
	rated    bool // a number out of ten in this sentence
	lastMet  bool // the sentence before told of a meeting
	prices   int
	topical  bool // a sentence was about something else
	personal bool // a person or company was spoken of
}

// note counts a feature, at most twice in an ad.
func (r *reading) note(f feature) { r.found[f] = min(2, r.found[f]+1) }

// sentence notes the frames of the words from start on.
func (r *reading) sentence(start int) {
	var all class
	for i := range r.marks {
		if i > 0 && r.marks[i-1].class&not != 0 && r.marks[i].class&(social|thing) != 0 { // not looking for a relationship, not a robot
			r.marks[i].class = 0
		}
		all |= r.marks[i].class
	}
	if all&nice != 0 && (all&(met|she) != 0 || r.lastMet) {
		all |= verdict
	}
	asked := r.text.Words[start].Flags&words.Ask != 0
	about := all&topic != 0
	var seen uint64 // a pair of trigger and object counts once in a sentence
	for i, m := range r.marks {
		for k, c := range triggers {
			if m.class&c == 0 {
				continue
			}
			o := r.object(i)
			about = about || c == want && o == him
			if bit := uint64(1) << (k*int(objectCount) + int(o)); seen&bit == 0 {
				seen |= bit
				r.note(pair(k, o))
			}
		}
	}
	told := all&met != 0 && !about
	offered := all&(pro|woman|massage|company) != 0 && all&(want|ask|met|verdict|bargain|pay|buyer) == 0 && !asked && !about
	person := all&(pro|woman|she|name|company|massage) != 0
	for _, f := range [...]struct {
		feature
		is bool
	}{
		{judged, (all&verdict != 0 || r.rated) && !about},
		{judgedTopic, (all&verdict != 0 || r.rated) && about},
		{judgedPerson, (all&verdict != 0 || r.rated) && !about && person},
		{judgedMeeting, (all&verdict != 0 || r.rated) && !about && (told || r.lastMet)},
		{judgedAsked, all&verdict != 0 && asked && !about},
		{metPaid, told && (r.amount || all&hour != 0)},
		{rate, r.amount && all&hour != 0 && !about && !asked},
		{rateAsked, r.amount && all&hour != 0 && !about && asked},
		{rateTopic, r.amount && all&hour != 0 && about},
		{hourAsked, all&hour != 0 && asked && !about},
		{hourBargained, all&hour != 0 && all&bargain != 0 && !about},
		{amountAsked, r.amount && asked && !about},
		{amountBargained, r.amount && all&bargain != 0 && !about},
		{bargainedYou, all&bargain != 0 && all&you != 0 && !about},
		{bargainedTopic, all&bargain != 0 && about},
		{jargons, all&jargon != 0 && !about},
		{payer, all&buyer != 0 && !about},
		{payerPerson, all&(buyer|pay) != 0 && person && !about},
		{payerWants, all&(buyer|pay) != 0 && all&want != 0 && !about},
		{wantsHour, all&want != 0 && all&hour != 0 && person && !about},
		{personAsked, all&(pro|woman|she|name) != 0 && asked && !about},
		{topicAsked, asked && about},
		{openAsked, all&available != 0 && asked && !about},
		{speaksOfHer, all&she != 0 && !about},
		{speaksOfSelf, all&me != 0 && all&(want|ask|bargain|pay) == 0 && !about},
		{speaksToYou, all&you != 0 && !asked && all&(want|ask|bargain|pay) == 0 && !about},
		{describes, offered && all&(offer|you|me|hour) != 0},
		{mentions, offered && all&(offer|you|me|hour) == 0},
		{onBoard, all&forum != 0},
		{reported, all&report != 0},
	} {
		if f.is {
			r.note(f.feature)
		}
	}
	for _, t := range topics {
		if all&t.class == 0 {
			continue
		}
		for _, m := range r.marks {
			if m.class&t.class != 0 {
				r.note(t.feature)
			}
		}
	}
	r.topical = r.topical || about
	r.personal = r.personal || person
	r.lastMet, r.rated, r.amount = told, false, false
}

// object is what the trigger at mark i has as its object: what comes first behind
// it, unless that is the name of something else (a companion dog, a ladies' bike) or
// said to do something else (a lady who cleans, somebody with a banner stand).
func (r *reading) object(i int) object {
	at := r.marks[i].to
	if r.marks[i].class&(pro|company|massage|jargon) != 0 { // "your time", "an hour with": its own object
		return behind(r.marks[i:])
	}
	for k := i + 1; k < len(r.marks); k++ {
		x := r.marks[k]
		if x.from-at > 6 {
			break
		}
		if x.class&(pro|woman|body|company|massage|she|name|topic) != 0 {
			if k > 0 && r.marks[k-1].to == x.from && r.marks[k-1].class&topic != 0 { // insurance provider
				return other
			}
			return behind(r.marks[k:])
		}
		if x.class&man != 0 {
			return him
		}
		at = x.to
	}
	if i > 0 && r.marks[i].from-r.marks[i-1].to <= 1 { // massage wanted
		if x := r.marks[i-1]; x.class&(pro|woman|company|massage|topic) != 0 {
			return behind(r.marks[i-1 : i])
		}
	}
	return nothing
}

// behind is what the first of the marks is once those behind it are heard.
func behind(marks []mark) object {
	x := marks[0]
	if x.class&topic != 0 {
		return other
	}
	within := int32(6)
	if x.class&pro != 0 {
		within = 2
	}
	for _, y := range marks[1:] {
		if y.from-x.to > within {
			break
		}
		if y.class&topic != 0 {
			return other
		}
	}
	switch {
	case x.class&pro != 0:
		return paid
	case x.class&company != 0:
		return time
	case x.class&massage != 0:
		return touch
	case x.class&woman != 0:
		return lady
	case x.class&(she|name) != 0:
		return her
	}
	return anybody
}

// number notes a number that can be a price, or one out of ten.
func (r *reading) number(i int) {
	t := &r.text
	w, f := t.At(i), t.Words[i].Flags
	if f&words.Money != 0 {
		r.amount = true
		r.prices++
		return
	}
	if string(w) == "10" && i > 0 && f&words.Slash != 0 && t.Words[i-1].Flags&words.Digits != 0 && len(t.At(i-1)) == 1 {
		r.rated = true
		return
	}
	n := len(w)
	if n < 2 || n > 4 || w[n-1] != '0' && w[n-1] != '5' || w[0] == '0' || n == 2 && w[0] < '4' {
		return
	}
	if i > 0 && t.Words[i].Gap < words.Comma && notBefore[string(t.At(i-1))] || i+1 < len(t.Words) && t.Words[i+1].Gap < words.Comma && notBehind[string(t.At(i+1))] {
		return
	}
	r.amount = true
}

// Words around numbers that are no price.
var (
	notBefore = set("exit", "route", "i", "hwy", "off", "im", "am", "aged", "age", "turned", "number", "apt", "salida", "tengo", "ending", "like", "of", "by")
	notBehind = set("pm", "am", "min", "mins", "minutes", "miles", "mi", "years", "yrs", "yo", "inches", "inch", "lbs", "anos", "km", "plus", "percent", "year")
	// A capitalised word behind these names a place or a firm, not a person.
	placing  = set("in", "near", "at", "around", "of", "from", "by", "to", "off", "on", "past", "the", "en", "cerca", "por", "la", "el", "del", "downtown", "north", "south", "east", "west", "san", "new", "via", "between", "and", "until", "till", "last", "next", "every", "this", "hasta")
	articles = set("the", "a", "old", "la", "el", "una", "un")
	besides  = set("by", "near", "behind", "past", "off", "beside", "across", "outside", "around", "opposite", "cerca", "junto", "frente", "detras", "from")
	days     = set("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december", "tues", "thurs", "mon", "wed", "fri", "sat", "sun", "whatsapp", "telegram", "god", "christmas", "easter")
	// Who somebody is said to be by nation is no name either.
	nations = set("asian", "latin", "latina", "latino", "hispanic", "black", "white", "caucasian", "african", "american", "mexican", "colombian", "venezuelan", "brazilian", "cuban", "dominican", "puerto", "rican", "english", "spanish", "british", "french", "german", "italian", "polish", "russian", "ukrainian", "romanian", "czech", "hungarian", "greek", "turkish", "arab", "arabic", "persian", "indian", "pakistani", "thai", "chinese", "japanese", "korean", "vietnamese", "filipina", "filipino", "european", "eastern", "western", "native", "jamaican", "haitian", "caribbean", "canadian", "australian", "islander", "jewish", "muslim", "christian", "catholic")
)

func set(ws ...string) map[string]bool {
	m := map[string]bool{}
	for _, w := range ws {
		m[w] = true
	}
	return m
}

// named reports whether word i is somebody's name, by its capital and its place.
func (r *reading) named(i, start int) bool {
	t := &r.text
	w := &t.Words[i]
	if t.Shout || i == start || w.Flags&(words.Capital|words.Upper|words.Digits) != words.Capital || w.E-w.B < 3 || days[string(t.At(i))] || nations[string(t.At(i))] {
		return false
	}
	if w.Gap < words.Comma && placing[string(t.At(i-1))] {
		return false
	}
	capital := func(k int) bool {
		return k > start && k < len(t.Words) && t.Words[k].Gap < words.Comma && t.Words[k].Flags&words.Capital != 0 && k != start
	}
	return !capital(i+1) && (w.Gap >= words.Comma || t.Words[i-1].Flags&words.Capital == 0 || i-1 == start)
}

// beside reports whether word i, a thing, only says where: by the grocery.
func (r *reading) beside(i, start int) bool {
	t := &r.text
	if k := i - 1; k > start && t.Words[i].Gap < words.Comma && articles[string(t.At(k))] {
		return besides[string(t.At(k-1))]
	}
	return false
}

// signs notes what the page and the other enrichers give, and what holds for the
// whole post.
func (r *reading) signs(a *ad.Ad) {
	for _, i := range a.Indicators {
		switch i.Category {
		case "demand":
			r.found[indicated] = max(r.found[indicated], i.P)
		case "venue", "trust_language":
		default:
			r.note(otherLanguage)
		}
	}
	if reached(a) {
		r.note(reachable)
	}
	if r.prices >= 2 {
		r.note(priced)
	}
	r.note(always)
	switch {
	case !r.topical && r.personal:
		r.note(onlyPersonal)
	case !r.topical:
		r.note(noTopic)
	}
}

// reached reports whether an ad gives a contact that is not its site's.
func reached(a *ad.Ad) bool {
	return len(a.Contacts) > 0 ||
		slices.ContainsFunc(a.Phones, func(p ad.Phone) bool { return !a.SiteWords.In(p.Span) }) ||
		slices.ContainsFunc(a.Identifiers, func(i ad.Identifier) bool { return !a.SiteWords.In(i.Span) })
}

// reasons are what spoke for a side, weightiest first.
func reasons(found [reasonCount]float64) []string {
	var ks []reason
	for k, v := range found {
		if v > .05 && reason(k) != unsaid {
			ks = append(ks, reason(k))
		}
	}
	slices.SortStableFunc(ks, func(a, b reason) int { return cmp.Compare(found[b], found[a]) })
	out := make([]string, len(ks))
	for i, k := range ks {
		out[i] = k.String()
	}
	return out
}
