package extract

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// A role is what an element's names (id, class, test id, itemprop) say it holds.
type role uint8

const (
	roleBody role = 1 << iota
	roleTitle
	rolePlace
	rolePrice
	rolePager
	roleOldPrice
	roleLabel
	roleContent
)

var roles = []struct {
	role  role
	stems []string // one of which every match contains
	name  *regexp.Regexp
}{
	{roleBody, strings.Fields(`body text copy desc opis beschreibung popis omschrijving beskriv kuvaus leiras`), regexp.MustCompile(`(?:^|[\s_-])(?:(?:posting|user|ad|advert|post|entry|listing|item|offer|product|property|classified|annonce)[_-]?(?:body|text|texte|copy|description)|descri[a-z]*|desc|opis|opisanie|beschreibung|anzeigentext|descrizione|popis|omschrijving|beskrivning|beskrivelse|kuvaus|leiras)(?:[\s_-]|$)`)},
	{roleTitle, strings.Fields(`titl titre headline heading`), regexp.MustCompile(`(?:^|[\s_-])(?:posting|ad|item|listing|offer|product|property|page|main|detail)?[_-]?(?:title|titulo|titre|headline|heading)(?:[\s_-]|$)`)},
	{rolePlace, strings.Fields(`locat loca address adr lokali ubica direccion district region place standort ort where`), regexp.MustCompile(`(?:^|[\s_-])(?:[a-z]+[_-])?(?:location|address|adr|locality|lokalizacja|localisation|localizacion|ubicacion|adres|adresse|direccion|district|region|place|standort|ort|where)[a-z]*(?:[\s_-]|$)`)},
	{rolePrice, strings.Fields(`price prix preci cena preis prezzo preco pris prijs amount`), regexp.MustCompile(`(?:^|[\s_-])(?:main|current|asking|sale|offer|item|ad|total|list|listing|property)?[_-]?(?:price|prix|precio|cena|preis|prezzo|preco|pris|prijs|amount)[a-z]*(?:[\s_-]|$)`)},
	{rolePager, strings.Fields(`pag`), regexp.MustCompile(`paginat|pagenav|pagelinks|(?:^|[\s_-])pager(?:[\s_-]|$)`)},
	{roleContent, []string{"content"}, regexp.MustCompile(`(?:^|[\s_-])(?:posting|ad|advert|post|entry|listing|item|offer|classified|annonce)[_-]?content(?:[\s_-]|$)`)},
	{roleLabel, strings.Fields(`title head label link toggle button btn more expand`), regexp.MustCompile(`title|head|label|link|toggle|button|btn|more|expand`)},
	{roleOldPrice, strings.Fields(`price`), regexp.MustCompile(`old-?price|price-?(?:old|was)`)},
}

// camel finds where a name changes case, so that adDescription reads as two words.
var camel = regexp.MustCompile(`([a-z])([A-Z])`)

// holds reports whether an element's names give it one of the roles. Pages use
// few names for many elements, so that each is judged once.
func (d *document) holds(n *html.Node, want role) bool {
	if n == nil || len(n.Attr) == 0 {
		return false
	}
	var b strings.Builder
	for _, a := range n.Attr {
		switch a.Key {
		case "id", "class", "data-testid", "data-test", "data-qa", "data-cy", "itemprop":
			b.WriteString(clip(a.Val, 200))
			b.WriteByte(' ')
		}
	}
	if b.Len() == 0 {
		return false
	}
	names := b.String()
	has, ok := d.roles[names]
	if !ok {
		lower := strings.ToLower(camel.ReplaceAllString(names, "$1-$2"))
		for _, r := range roles {
			if match(r.name, r.stems, lower) != "" {
				has |= r.role
			}
		}
		d.roles[names] = has
	}
	return has&want != 0
}
