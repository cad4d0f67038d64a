package extract

import (
	"net/url"
	"strings"
	"testing"

	"vigil.example/internal/ad"
)

// Short pages are where kinds are easily confused; each of these was, or stands
// for a kind of page that is met often.
func TestKind(t *testing.T) {
	const prose = "Solid and heavy, kept dry, sold because we move. Two people can carry it; a third should hold the doors."
	for _, c := range []struct {
		name, url, page string
		want            ad.PageKind
	}{
		{"a wall that only its title tells", "", "<title>Attention Required!</title><p>One more step", ad.KindBlocked},
		{"press and hold", "", "<title>Denied</title><h1>Before we continue...</h1><p>Press & Hold to confirm you are a human", ad.KindBlocked},
		{"a wall without a word", "", `<title>x.example</title><script src="https://ct.captcha-delivery.com/c.js"></script>`, ad.KindBlocked},
		{"an ad about captchas", "https://x.example/ad/123456", "<title>I solve captchas</title><h1>I solve captchas</h1><p class=description>" + prose + "</p><p>$5", ad.KindDetail},
		{"a long page that loads a bot check", "https://x.example/ad/123456", `<script src="https://hcaptcha.com/1/api.js"></script><title>Piano</title><h1>Piano</h1><p>` + strings.Repeat(prose+"<p>", 4), ad.KindDetail},
		{"a shell with a card", "", `<title>Loft</title><meta property="og:title" content="Loft"><div id=root></div><script src=/a.js></script>`, ad.KindBlocked},
		{"a page without scripts or words", "", "<title></title><img src=x.png>", ad.KindEmpty},
		{"an ad taken down, in French", "", "<title>Annonce</title><h1>Cette annonce a été supprimée</h1>", ad.KindRemoved},
		{"an ad taken down, in Spanish", "", "<p>Lo sentimos, este anuncio ya no está disponible.</p><a href=/>Inicio</a>", ad.KindRemoved},
		{"an ad taken down, in German", "", "<h2>Diese Anzeige ist nicht mehr verfügbar</h2>", ad.KindRemoved},
		{"an error page saved with status 200", "", "<title>404 Not Found</title><h1>Not Found</h1>", ad.KindRemoved},
		{"an ad that says its number is gone", "https://x.example/ad/123456", "<title>Sewing help</title><h1>Sewing help</h1><p class=description>My old number is no longer active, write to me instead.</p><p>Posted on 2025-03-01", ad.KindDetail},
		{"an ad that wants no offers", "https://x.example/ad/123456", "<title>Bench</title><h1>Bench</h1><p class=price>$40</p><p>No offers please</p>", ad.KindDetail},
		{"a search that found nothing", "https://x.example/search?q=zither", "<title>zither</title><p>Your search did not match any ads", ad.KindList},
		{"categories", "https://x.example/", "<title>x</title><h1>Welcome</h1><ul><li><a href=/a>Cars</a><li><a href=/b>Boats</a><li><a href=/c>Bikes</a></ul>", ad.KindOther},
		{"terms of use", "https://x.example/terms", "<title>Terms</title><h1>Terms</h1><p>" + strings.Repeat("The user shall. ", 10), ad.KindOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := url.Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			got, why := read(c.page, u, 200).kind()
			if got != c.want {
				t.Errorf("got %s (%s), want %s", got, why, c.want)
			}
		})
	}
}
