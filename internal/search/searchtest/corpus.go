package searchtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// epoch is when the first made-up ad was seen.
var epoch = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// vocabulary is few words, so that made-up ads and queries meet often; some of
// them fold, decompose, or are not Latin.
var vocabulary = strings.Fields(`garden roses tulips fresh Fresh FRESH market today tonight call text piano lessons red blue green
	Café café naïve straße STRASSE ﬁne über 花 玫瑰 今天 роза РОЗА wi-fi e-bike 24/7 50% room 12 twelve 912 555 0123 0144 it's or and not`)

var cities = []string{"Port Wren", "Austin, TX", "São Tomé", "North Wren"}

// A maker makes ads, histories and queries from a seed.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 7))} }

func (m maker) pick(of []string) string { return of[m.IntN(len(of))] }

func (m maker) words(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = m.pick(vocabulary)
	}
	return strings.Join(out, m.pick([]string{" ", " ", ", ", "\n", " – "}))
}

// e164 is one of the numbers reserved for fiction.
func (m maker) e164() string {
	return "+1" + m.pick([]string{"912", "202", "512"}) + fmt.Sprintf("55501%02d", m.IntN(30))
}

// listing is one content of the n-th ad.
func (m maker) listing(n int) ad.Ad {
	l := ad.Listing{
		Site: m.pick([]string{"townboard", "Bazaar", "tablon"}), NativeID: fmt.Sprint(n), URL: fmt.Sprintf("https://town.example/ad/%d", n),
		Title: m.words(1 + m.IntN(4)), Body: m.words(m.IntN(30)), Location: m.pick(cities), Category: m.pick([]string{"", "garden", "lessons"}),
	}
	if m.IntN(3) > 0 {
		l.PostedAt = epoch.AddDate(0, 0, m.IntN(90))
	}
	a := ad.Ad{EnrichedBy: "searchtest"}
	for range m.IntN(3) {
		v := m.e164()
		start := len([]rune(l.Body))
		if m.IntN(2) == 0 {
			l.Body += " " + v[2:5] + "-" + v[5:8] + "-" + v[8:]
		} else {
			l.Body += " (number hidden)"
		}
		a.Phones = append(a.Phones, ad.Phone{E164: v, Span: ad.Span{Field: "body", Start: start, End: len([]rune(l.Body))}, Confidence: m.Float64()})
	}
	if name := m.pick([]string{"kate", "lee", "Sam"}); m.IntN(3) == 0 {
		v := strings.ToLower(name) + "@mail.example"
		l.Contacts = append(l.Contacts, ad.Contact{Kind: "email", Value: name + "@mail.example"}, ad.Contact{Kind: "link", Value: m.words(2)})
		a.Identifiers = append(a.Identifiers,
			ad.Identifier{Kind: "email", Value: v, Span: ad.Span{Field: "contact:0", Start: 0, End: len(v)}},
			ad.Identifier{Kind: "handle", Value: "telegram:" + strings.ToLower(name), Span: ad.Span{Field: "title", Start: 0, End: 1}})
	}
	a.Listing = l
	m.read(&a)
	m.place(&a)
	return a
}

// read fills in what enrichment might say of the words of an ad.
func (m maker) read(a *ad.Ad) {
	if m.IntN(5) > 0 {
		a.Language = &ad.Language{Tag: m.pick([]string{"en", "en", "es", "und"}), Other: m.pick([]string{"", "", "es"})}
		a.Side = &ad.Side{Side: m.pick([]string{ad.SideSupply, ad.SideSupply, ad.SideDemand, ad.SideOther})}
	}
	for range m.IntN(3) {
		i := ad.Indicator{Category: m.pick([]string{"restricted", "movement", "Own Kind"}), Sub: m.pick([]string{"no_phone", "new_in_town", "code"}),
			Span: ad.Span{Field: "title", Start: 0, End: 1 + m.IntN(3)}, Strength: ad.Strong}
		if m.IntN(4) == 0 {
			i.Category, i.Strength = "ethnicity", ad.Excluded
		}
		a.Indicators = append(a.Indicators, i)
	}
	if len(a.Indicators) > 0 && m.IntN(2) == 0 {
		a.Lead = &ad.Lead{Score: float64(1+m.IntN(4)) / 5, Why: "made up"}
	}
}

// place fills in what enrichment might say of where an ad is, and what else it has.
func (m maker) place(a *ad.Ad) {
	for range m.IntN(3) {
		p := metros[m.IntN(len(metros))]
		p.Confidence = []float64{.3, .5, .9}[m.IntN(3)]
		a.Places = append(a.Places, p)
	}
	if m.IntN(3) == 0 {
		a.Price = &ad.Price{}
	}
	if m.IntN(3) == 0 {
		a.Images = []string{"https://img.example/1.jpg"}
	}
}

// metros are places some of which lie close together, and one without an area.
var metros = []ad.Place{
	{City: "Austin", Region: "US-TX", Country: "US", Metro: "12420"}, {City: "San Antonio", Region: "US-TX", Country: "US", Metro: "41700"},
	{City: "Dallas", Region: "US-TX", Country: "US", Metro: "19100"}, {City: "London", Region: "GB-ENG", Country: "GB", Metro: "GB-london"}, {Region: "US-GA", Country: "US"},
}

// see makes a sighting of a content at a time.
func see(a ad.Ad, at time.Time) *ad.Ad {
	a.SeenAt = at
	a.CaptureID = ad.CaptureID(a.URL, at, a.Title)
	a.Seal()
	return &a
}

// history makes what happened to n ads: edits back and forth, removals, moves
// between clusters. Its changes are in order of Seq.
func (m maker) history(n int) []search.Change {
	var out []search.Change
	add := func(c search.Change) {
		c.Seq = uint64(len(out) + 1)
		out = append(out, c)
	}
	for i := range n {
		contents := []ad.Ad{m.listing(i), m.listing(i)}
		contents[1].Site = contents[0].Site
		at := epoch.Add(time.Duration(m.IntN(90*24)) * time.Hour)
		var v *ad.Ad
		for range 1 + m.IntN(4) {
			v = see(contents[m.IntN(2)], at)
			add(search.Change{Version: v})
			at = at.Add(time.Duration(m.IntN(3)*24) * time.Hour)
			if m.IntN(6) == 0 {
				add(search.Change{Removal: &search.Removal{AdID: v.AdID, At: at}})
			}
		}
		for range m.IntN(3) {
			add(search.Change{Link: &ad.LinkChange{Moves: []ad.Move{{AdID: v.AdID, Cluster: fmt.Sprintf("c%d", m.IntN(1+n/4))}}}})
		}
		for range m.IntN(4) {
			add(search.Change{Labels: &ad.Labels{AdID: v.AdID, Names: m.labels()}})
		}
	}
	return out
}

// labels are some of few labels, or none.
func (m maker) labels() (out []string) {
	for _, name := range []string{"consenting", "operation-7", "spam", "trafficking-like"} {
		if m.IntN(3) == 0 {
			out = append(out, name)
		}
	}
	return out
}

// query makes a query as typed; depth bounds its lists.
func (m maker) query(depth int) string {
	switch k := m.IntN(20); {
	case depth > 0 && k < 4:
		return m.query(depth-1) + " " + m.query(depth-1)
	case depth > 0 && k < 7:
		return "(" + m.query(depth-1) + " OR " + m.query(depth-1) + ")"
	case depth > 0 && k < 9:
		return "-(" + m.query(depth-1) + ")"
	case k < 12:
		return `"` + m.words(2) + `"`
	case k < 14:
		return m.number()
	case k < 16:
		return m.field()
	case k < 18:
		return m.loose()
	}
	return "text:" + m.pick(vocabulary)
}

// loose asks for words less than exactly.
func (m maker) loose() string {
	switch m.IntN(4) {
	case 0:
		return fmt.Sprintf(`"%s"~%d`, m.words(1+m.IntN(3)), m.IntN(8))
	case 1:
		return m.pick([]string{"gar", "to", "tu", "str", "ro", "9125", "РО", "zz", "ca"}) + "*"
	case 2:
		return m.pick([]string{"gardne", "rsoes", "rosse", "tulip", "frsh", "strase", "markt", "Piana", "twelv"}) + "~"
	}
	return m.pick([]string{"gradens", "lesons", "tonigth", "marrket", "tullps"}) + "~2"
}

// number is a number as somebody may type it.
func (m maker) number() string {
	v := m.e164()
	return m.pick([]string{"*" + v[8:], "*" + v[5:8] + "-" + v[8:], v[2:5] + "*" + v[8:], v[2:8] + "*", "phone:*" + v[8:], "phone:" + v[2:10] + "*", "phone:+1" + v[2:6] + "*", v, v[2:], fmt.Sprintf("(%s) %s-%s", v[2:5], v[5:8], v[8:]), fmt.Sprintf(`"%s.%s.%s"`, v[2:5], v[5:8], v[8:])})
}

func (m maker) field() string {
	date := func() string { return epoch.AddDate(0, 0, m.IntN(100)).Format("2006-01-02") }
	a, b := date(), date()
	if a > b {
		a, b = b, a
	}
	return m.pick([]string{
		"phone:" + m.e164(), "email:" + m.pick([]string{"KATE", "lee", "none"}) + "@mail.example", "handle:@" + m.pick([]string{"kate", "sam", "none"}),
		"handle:telegram:lee", "handle:signal:lee", "kate@mail.example", "@sam", "site:" + m.pick([]string{"Townboard", "bazaar", "none"}),
		`city:"` + m.pick(cities) + `"`, "city:wren", "title:" + m.pick([]string{"garden", "café", "花", "wi-fi"}),
		fmt.Sprintf("cluster:c%d", m.IntN(5)), fmt.Sprintf("https://TOWN.example/ad/%d", m.IntN(20)),
		"indicator:restricted", "ind:restricted/no_phone", "ind:no_phone", `indicator:"own-kind"`, `indicator:"own kind/code"`, "indicator:movement/new_in_town", "indicator:venue",
		"lead:yes", "-lead:yes", "lead:no", "side:supply", "kind:buyer", "side:other", "lang:es", "lang:English", "-lang:und", "lang:fr",
		"seen:" + a + ".." + b, "seen:" + a + "..", "seen:.." + a, "seen:2026-02", "posted:" + a + ".." + b, "posted:.." + b, "-posted:2026-01", "-seen:" + a + "..",
		"first:" + a + ".." + b, "first:.." + a, "last:" + a + "..", "-last:2026-02", "state:texas", "state:GB-ENG", "-state:TX", "state:ohio",
		"near:austin", `near:"San Antonio, TX"`, "near:austin~90mi", "near:Dallas~400km", "near:london", "-near:austin~200mi",
		"has:phone", "has:email", "has:handle", "has:price", "has:image", "-has:place", "has:place", "has:date", "has:indicator", "has:link",
		"label:spam", "-label:spam", "label:Trafficking_like", `label:"operation 7"`, "label:none", "has:label", "-has:label",
	})
}
