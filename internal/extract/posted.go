package extract

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	postedWords  = `date posted|posted(?: on| at)?|date|publish(?:ed)?(?: on)?|listed(?: on)?|added(?: on)?|date (?:added|listed)|created|ad placed(?: on)?|online since|publiée?(?: le)?|mise? en (?:ligne|vente)(?: le)?|déposée?(?: le)?|publicado(?: el)?|fecha(?: de publicación)?|data (?:dodania|publikacji|ogłoszenia)|dodan[aoey]{1,2}|opublikowano|eingestellt(?: am)?|erstellt am|anzeige(?:ndatum)?|online seit|inserito(?: il)?|pubblicato(?: il)?|publicerad|inlagd|datum|oprettet|geplaatst(?: op)?|дата|размещено|опубликовано|vloženo|feladva`
	updatedWords = `updated(?: on)?|last (?:updated?|modified)|modified|modifiée?(?: le)?|mise à jour(?: le)?|actualizado(?: el)?|zaktualizowano|aktualizacja|data aktualizacji|aktualisiert(?: am)?|aggiornato(?: il)?|uppdaterad|обновлено`
)

var (
	postedLabel  = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:` + postedWords + `)(?:[^\p{L}]|$)`)
	updatedLabel = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:` + updatedWords + `)(?:[^\p{L}]|$)`)
	postedStems  = strings.Fields(`date post publi list add creat placed online mis dépos fecha data dodan opubl eingestellt erstellt anzeige inserit pubbl inlagd datum oprett geplaatst дата размещено опубл vlož feladva`)
	updatedStems = strings.Fields(`updat modif mise actuali aktuali aggiornat uppdat обновлено`)
	ago          = regexp.MustCompile(`(?i)\b(\d{1,3}|an?|one)\s*(minute|min|hour|hr|h|day|week|month)s?\b\s*ago`)
	today        = regexp.MustCompile(`(?i)^\W*(?:(?:` + postedWords + `)\W*)?(today|yesterday)\b`)
)

// structuredTimes reads when a thing was posted and changed.
func structuredTimes(o object) (posted, updated time.Time) {
	for _, key := range []string{"datePosted", "datePublished", "dateCreated", "uploadDate", "validFrom", "availabilityStarts"} {
		if t, ok := moment(o.str(key), time.UTC, false); ok {
			posted = t
			break
		}
	}
	for _, key := range []string{"dateModified"} {
		if t, ok := moment(o.str(key), time.UTC, false); ok {
			updated = t
		}
	}
	return posted, updated
}

// metaTimes reads times from meta elements.
func (d *document) metaTimes() (posted, updated time.Time) {
	if t, ok := moment(d.first("article:published_time", "og:article:published_time", "date", "datepublished", "dateposted", "dcterms.created", "dc.date", "pubdate"), time.UTC, false); ok {
		posted = t
	}
	if t, ok := moment(d.first("article:modified_time", "og:updated_time", "datemodified"), time.UTC, false); ok {
		updated = t
	}
	return posted, updated
}

// shownTimes reads times from what is shown: labelled ones first, then a time
// element. seen anchors what is said relative to today.
func (d *document) shownTimes(seen time.Time) (posted, updated time.Time) {
	monthFirst := d.lang == "en-us" || d.lang == "en"
	for i, l := range d.lines {
		if l.letters > 300 || l.zone == zoneFrame && l.letters > 80 {
			continue
		}
		text := l.text
		if !d.dated(i) {
			continue
		}
		lower := strings.ToLower(text)
		label := find(postedLabel, postedStems, text, lower)
		change := find(updatedLabel, updatedStems, text, lower)
		if label == nil && change == nil {
			continue
		}
		at := label
		if change != nil {
			at = change
		}
		rest := text[at[0]:]
		if strings.TrimFunc(text[at[1]:], func(r rune) bool { return !('0' <= r && r <= '9') && r < 128 && !('a' <= r|32 && r|32 <= 'z') }) == "" && i+1 < len(d.lines) {
			rest += " " + d.lines[i+1].text
		}
		t, ok := d.stamped(l.node)
		if !ok {
			t, ok = when(clip(rest, 120), seen, monthFirst)
		}
		switch {
		case !ok:
		case change != nil && updated.IsZero():
			updated = t
		case change == nil && posted.IsZero():
			posted = t
		}
	}
	if posted.IsZero() {
		posted, _ = d.stamped(d.body)
	}
	return posted, updated
}

// saysPosted reports whether a line outside list items is labelled as the time
// of posting.
func (d *document) saysPosted() bool {
	for i, l := range d.lines {
		if l.zone == zoneMain && l.letters < 300 && d.dated(i) && !d.inRun(l.node) && labelled(clip(l.text, 80)) {
			return true
		}
	}
	return false
}

func labelled(text string) bool {
	return find(postedLabel, postedStems, text, strings.ToLower(text)) != nil
}

// dated reports whether a line, or the next, may hold a date.
func (d *document) dated(i int) bool {
	for _, l := range d.lines[i:min(len(d.lines), i+2)] {
		if strings.ContainsAny(l.text, "0123456789") || strings.Contains(strings.ToLower(clip(l.text, 100)), "day") {
			return true
		}
	}
	return false
}

// stamped reads the first time element inside a node.
func (d *document) stamped(n *html.Node) (time.Time, bool) {
	if n == nil {
		return time.Time{}, false
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Time {
			if t, ok := moment(attr(c, "datetime"), time.UTC, false); ok {
				return t, true
			}
			if t, ok := moment(squeeze(textOf(c)), time.UTC, false); ok {
				return t, true
			}
		}
		if t, ok := d.stamped(c); ok {
			return t, true
		}
	}
	return time.Time{}, false
}

// when reads a date, also one relative to the day the page was seen.
func when(s string, seen time.Time, monthFirst bool) (time.Time, bool) {
	if t, ok := moment(s, time.UTC, monthFirst); ok {
		return t, true
	}
	if seen.IsZero() {
		return time.Time{}, false
	}
	if m := ago.FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			n = 1
		}
		unit := map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour, 'h': time.Hour, 'm': time.Minute}[m[2][0]|32]
		if strings.HasPrefix(strings.ToLower(m[2]), "mo") {
			unit = 30 * 24 * time.Hour
		}
		return seen.Add(-time.Duration(n) * unit).UTC(), true
	}
	if m := today.FindStringSubmatch(s); m != nil {
		if strings.EqualFold(m[1], "yesterday") {
			seen = seen.Add(-24 * time.Hour)
		}
		return seen.UTC().Truncate(24 * time.Hour), true
	}
	return time.Time{}, false
}
