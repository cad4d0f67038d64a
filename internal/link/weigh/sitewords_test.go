package weigh

import (
	"fmt"
	"strings"
	"testing"

	"vigil.example/internal/site"
)

// A campaign that fills two fifths of a site is one owner; what stands under the
// ads of everybody is the site's.
func TestSiteWordsAreThoseOfManyOwners(t *testing.T) {
	const footer = "this page belongs to the board and nobody checks it so take care"
	const campaign = "we welcome every guest with tea and soft music in our quiet garden house"
	var pages []site.Page
	for i := range 100 {
		p := site.Page{Owner: uint64(i + 1)}
		s := strings.Repeat(fmt.Sprintf("own%c%c words%c of%c mine%c ", 'a'+i%26, 'a'+i/26, 'a'+i%26, 'a'+i/4, 'a'+i%25), 3)
		if i < 40 {
			p.Owner, s = uint64(i/10+1), campaign
		}
		p.Words = words(nil, s+" "+footer, nil)
		pages = append(pages, p)
	}
	own := site.LearnWords(pages)
	count := func(s string) int { return len(own.Strip(words(nil, s, nil))) }
	if n := count(footer); n != 0 {
		t.Errorf("%d words of the site's own text are left", n)
	}
	if got, want := count(campaign), len(strings.Fields(campaign)); got != want {
		t.Errorf("%d words of a campaign's %d are left", got, want)
	}
}
