package extract

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/html"

	"vigil.example/internal/ad"
)

// letters counts what a page shows; contents what it shows outside its frame;
// text is all of it.
func (d *document) letters() int {
	n := 0
	for _, l := range d.lines {
		n += l.letters
	}
	return n
}

func (d *document) contents() int {
	n := 0
	for _, l := range d.lines {
		if l.zone != zoneFrame {
			n += l.letters - l.linked
		}
	}
	return n
}

func (d *document) text() string {
	var b strings.Builder
	for _, l := range d.lines {
		b.WriteString(l.text)
		b.WriteByte('\n')
	}
	return b.String()
}

// kind says what a page without a page rule is, and why.
func (d *document) kind() (ad.PageKind, string) {
	s := d.status
	switch {
	case s == 404 || s == 410:
		return ad.KindRemoved, fmt.Sprintf("status %d", s)
	case s >= 300 && s < 400:
		return ad.KindOther, fmt.Sprintf("status %d without an address to go to", s)
	case d.size == 0:
		return ad.KindEmpty, "no bytes"
	}
	if why := d.wall(); why != "" {
		return ad.KindBlocked, "a bot wall: " + why
	}
	switch {
	case s == 401 || s == 403 || s == 407 || s == 429 || s == 451:
		return ad.KindBlocked, fmt.Sprintf("status %d", s)
	case s >= 400:
		return ad.KindOther, fmt.Sprintf("status %d", s)
	}
	if why := d.gone(); why != "" {
		return ad.KindRemoved, "it says " + quote(why)
	}
	if d.shell() {
		return ad.KindBlocked, fmt.Sprintf("an empty shell: %d letters to see and %d scripts", d.letters(), d.scripts)
	}
	if d.letters() == 0 && d.title == "" && d.first("og:title") == "" && mainObject(d.ld) == nil {
		return ad.KindEmpty, "nothing to see"
	}
	return d.detailOrList()
}

// An opinion is what one feature says about a page.
type opinion struct {
	weight float64 // above 0 for a detail page, below for a list
	why    string
}

// detailOrList weighs what speaks for one ad against what speaks for many.
func (d *document) detailOrList() (ad.PageKind, string) {
	var for1, forMany []opinion
	var sum float64
	say := func(weight float64, why string) {
		sum += weight
		if weight > 0 {
			for1 = append(for1, opinion{weight, why})
		} else if weight < 0 {
			forMany = append(forMany, opinion{-weight, why})
		}
	}
	d.sayTypes(say)
	d.sayNames(say)
	d.sayLinks(say)
	d.sayWords(say)
	switch {
	case sum >= 1.5:
		return ad.KindDetail, reasons(for1)
	case sum <= -1.5:
		return ad.KindList, reasons(forMany)
	case sum > 0 && len(for1) > 1 && len(forMany) == 0:
		return ad.KindDetail, reasons(for1)
	}
	return ad.KindOther, "nothing tells an ad or a list: " + reasons(append(for1, forMany...))
}

func reasons(all []opinion) string {
	var out []string
	for _, o := range all {
		out = append(out, o.why)
	}
	if len(out) == 0 {
		return "no sign of either"
	}
	return strings.Join(out, ", ")
}

// sayTypes: what structured data says the page is.
func (d *document) sayTypes(say func(float64, string)) {
	if t := strings.ToLower(d.first("og:type")); t != "" {
		switch {
		case t == "article" || strings.HasPrefix(t, "product") || strings.HasSuffix(t, ":home") || strings.Contains(t, "listing") || strings.HasSuffix(t, ":ad"):
			say(2, "og:type is "+clip(t, 40))
		case strings.Contains(t, "search") || strings.Contains(t, "list") || strings.HasSuffix(t, "group"):
			say(-2, "og:type is "+clip(t, 40))
		}
	}
	if d.first("product:price:amount", "og:price:amount") != "" {
		say(2, "meta elements give one price")
	}
	all := append(append([]object(nil), d.ld...), d.items...)
	names := map[string]bool{}
	for _, o := range all {
		if o.is(listTypes) {
			say(-1.5, "structured data says list")
			break
		}
	}
	for _, o := range all {
		if o.is(goods) && o.str("name", "title", "headline") != "" {
			names[o.str("name", "title", "headline")] = true
		}
	}
	switch o := mainObject(all); {
	case len(names) >= 4:
		say(-2, fmt.Sprintf("structured data describes %d things", len(names)))
	case o != nil && o.is(goods) && len(names) <= 2:
		say(2.5, "structured data describes one "+clip(strings.Join(o.types(), " "), 40))
	}
}

var (
	manyNames = words(`search searchpage searchresults searchresult result results resultlist list listing listings listingpage toc index category categories browse serp catalog
		catalogue archive offres annonces anuncios ogloszenia oferty lista wyniki suche anzeigen inserate annunci overview liste listado buscar recherche szukaj sok`)
	oneNames = words(`posting post detail details vip ad advert item product offer classified single annonce anuncio ogloszenie oferta inmueble anzeige annuncio view adview adpage
		viewad showad property listingdetail listingdetails adetail expose inzerat annons bostad`)
)

// votes counts the words of a name that mean one ad, and many.
func votes(name string) (one, many int) {
	var parts []string
	start := 0
	for i, r := range name {
		if i > start && unicode.IsUpper(r) && !unicode.IsUpper(rune(name[i-1])) {
			parts = append(parts, name[start:i])
			start = i
		}
	}
	parts = append(parts, name[start:])
	for _, p := range parts {
		for w := range strings.FieldsFuncSeq(strings.ToLower(p), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if oneNames[w] {
				one++
			}
			if manyNames[w] {
				many++
			}
		}
	}
	return one, many
}

// sayNames: what the page's author calls the page, in its body element, its
// scripts and its address.
func (d *document) sayNames(say func(float64, string)) {
	vote := func(name string, weight float64, what string) {
		one, many := votes(name)
		switch {
		case many > 0 && many >= one:
			say(-weight, what+" names a list")
		case one > 0:
			say(weight, what+" names an ad")
		}
	}
	var names []string
	for _, a := range d.body.Attr {
		if a.Key == "id" || a.Key == "class" || strings.HasPrefix(a.Key, "data-") && len(a.Val) < 60 {
			names = append(names, a.Val)
		}
	}
	vote(strings.Join(names, " "), 2, "the body element")
	for _, name := range d.states("page") {
		if one, many := votes(name); one+many > 0 && len(name) < 40 {
			vote(name, 1, "a script")
			break
		}
	}
	if u := d.ownURL(); u != nil {
		d.sayAddress(u, vote, say)
	}
}

// listParams are query parameters of lists.
var listParams = words(`q query search page p pg pagenumber o offset start sort order orderby keyword keywords s sortby filter category cat`)

func (d *document) sayAddress(u *url.URL, vote func(string, float64, string), say func(float64, string)) {
	for name := range u.Query() {
		if listParams[strings.ToLower(name)] {
			say(-1.5, "its address asks for a list")
			return
		}
	}
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	if last := segments[len(segments)-1]; endsInID(last) {
		say(1.5, "its address ends in an id")
		return
	}
	vote(u.Path, 1, "its address")
}

// endsInID reports whether a path segment holds a long number, or a token of
// letters of both cases and digits.
func endsInID(s string) bool {
	run, upper, lower, digits := 0, 0, 0, 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
			if run++; run >= 5 {
				return true
			}
			continue
		case r >= 'a' && r <= 'z':
			lower++
		case r >= 'A' && r <= 'Z':
			upper++
		default:
			upper = -100
		}
		run = 0
	}
	return len(s) >= 10 && upper >= 2 && lower >= 2 && digits >= 1
}

// ownURL is the page's address, as captured or as it says itself.
func (d *document) ownURL() *url.URL {
	if d.url != nil && d.url.Host != "" {
		return d.url
	}
	for _, s := range append(append([]string(nil), d.rel["canonical"]...), d.first("og:url")) {
		if u, err := url.Parse(s); err == nil && u.Host != "" {
			return u
		}
	}
	return nil
}

// sayLinks: repeated items against running text.
func (d *document) sayLinks(say func(float64, string)) {
	r := best(d.mined())
	prose := 0
	inRun := map[*html.Node]bool{}
	share := 0.0
	if r != nil {
		own := map[*html.Node]bool{}
		for _, a := range r.links {
			own[a.node] = true
		}
		for _, a := range r.links {
			inRun[itemOf(a.node, own)] = true
		}
	}
	total, items := 0, 0
	for i := range d.lines {
		l := &d.lines[i]
		if l.zone != zoneMain || l.legal() {
			continue
		}
		total += l.letters
		within := false
		for p := l.node; p != nil && len(inRun) > 0; p = p.Parent {
			if inRun[p] {
				within = true
				break
			}
		}
		if within {
			items += l.letters
		} else if l.letters-l.linked >= 90 && l.linked*3 < l.letters {
			prose += l.letters
		}
	}
	if total > 0 {
		share = float64(items) / float64(total)
	}
	if r != nil && len(r.links) >= 3 && (r.score >= 10 || share >= .5 && r.score > 1) {
		weight := min(r.score/40, 1.5) + 2*share
		if share < .25 {
			weight = min(weight, .7)
		}
		if d.related(r) {
			weight = .2
		}
		say(-weight, fmt.Sprintf("%d like links with %d%% of its text", len(r.links), int(100*share)))
	}
	if prose >= 200 {
		say(min(float64(prose)/500, 1.5), fmt.Sprintf("%d letters of running text", prose))
	}
	if len(d.rel["next"])+len(d.rel["prev"]) > 0 || r != nil && len(r.links) >= 3 && len(d.nexts()) > 0 {
		say(-1, "it links to a next page")
	}
}

// relatedWords head the ads that a page shows beside its own.
var relatedWords = regexp.MustCompile(`(?i)similar|related|you (?:may|might)|also (?:like|view)|interested|more from|more (?:ads|listings|offers) (?:by|from)|recommended|nearby|others? (?:ads|also)|similaires|aussi|recommand|similares|relacionad|podobne|polecan|inne (?:og|of)|ähnliche|weitere (?:angebote|anzeigen)|simili|liknande|vergelijkbare|похожие`)

// related reports whether the heading above a run says that its items are not
// what the page is about.
func (d *document) related(r *run) bool {
	for i := min(r.links[0].line, len(d.lines)-1); i >= 0; i-- {
		if l := d.lines[i]; l.heading > 0 && l.heading < 5 && !d.inRun(l.node) {
			return relatedWords.MatchString(l.text)
		}
	}
	return false
}

var idLabel = regexp.MustCompile(`(?i)\b(?:posting|post|ad|listing|item|advert|annonce|reference|ref|anuncio|inserat|anzeigen?|ogłoszeni[ae]|oferty|property|mls|object)[ -]?(?:id|nr|no|number|nummer|numer|ref|code|#|n°|reference)?\.? ?[:#]\s*[\w-]*\d{4,}`)

// sayWords: what lists and ads say about themselves.
func (d *document) sayWords(say func(float64, string)) {
	for _, l := range d.lines {
		if l.zone == zoneFrame || l.letters > 120 {
			continue
		}
		if m := match(noneWords, noneStems, strings.ToLower(l.text)); m != "" && l.letters < 100 {
			say(-1.5, "it says "+quote(m))
			break
		}
	}
	for _, l := range d.lines {
		if l.zone == zoneFrame || l.letters > 80 {
			continue
		}
		if m := match(someWords, someStems, strings.ToLower(l.text)); m != "" && strings.ContainsAny(l.text, "0123456789") {
			say(-1, "it counts "+quote(m))
			break
		}
	}
	for _, l := range d.lines {
		if l.node != nil && l.letters < 120 && (d.holds(l.node, rolePager) || d.holds(l.node.Parent, rolePager)) {
			say(-1, "it has a pager")
			break
		}
	}
	if d.shownID() != "" {
		say(1, "it shows an ad's number")
	}
	h := d.heading()
	if h.heading > 0 && len(sums(h.text)) > 0 {
		say(1, "its heading gives a price")
	}
	if p, sure := d.shownPrice(); p != nil && sure && len(sums(h.text)) == 0 {
		say(1, "it shows one price by its heading")
	}
	for _, n := range d.named() {
		if prose(n) >= 60 {
			say(1, "it has a description")
			break
		}
	}
	if len(d.contactLinks()) > 0 {
		say(.7, "it links to a contact")
	}
	if d.saysPosted() {
		say(.7, "it says when it was posted")
	}
}
