package extract

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Bot walls and empty shells answer with status 200 as readily as with 403. They
// are told by what walls are built of, and only on a page that shows little: an
// ad that embeds a captcha in its contact form is still an ad.
//
// The expressions below are long and read lower-case text. Go's matcher walks
// such alternations slowly (measured: half the cost of a page), so a line is
// given to one only when it contains one of its stems.

// wallMarks are parts of script addresses, element ids and inline scripts that
// only walls have.
var wallMarks = []string{
	"captcha-delivery.com", "/cdn-cgi/challenge-platform", "challenges.cloudflare.com", "cf-browser-verification", "_cf_chl_opt",
	"#challenge-form", "#challenge-error", "#cf-wrapper", "px-captcha", "perimeterx", "px-cloud.net", "_incapsula_resource", "incapsula", "distil_r_captcha",
	"distilnetworks", "awswaf", "aws-waf", "gokuprops", "datadome", "kasada", "ips.js?", "/_sec/cp_challenge", "sec-cpt", "ak_bmsc", "akamai-bm",
	"arkoselabs.com", "funcaptcha", "hcaptcha.com", "recaptcha/api", "recaptcha/enterprise", "geetest", "sucuri_cloudproxy", "ddos-guard", "blockscript", "botdetect", "#captcha", "turnstile",
}

// wallWords are what walls say, in their titles or in their few lines.
var wallWords = regexp.MustCompile(`just a moment|security check|checking (?:the security of )?your (?:browser|connection)|attention required|access (?:to this page has been )?denied|access denied` +
	`|are you (?:a )?(?:human|robot)|not a robot|(?:verify|confirm)(?:ing)? (?:that )?you(?: are|['’]re) (?:a )?(?:human|not a (?:ro)?bot)|press (?:&|and) hold|robot or human|human or robot|and not a bot|human verification|pardon our interruption|request (?:unsuccessful|blocked)|(?:unusual|suspicious) (?:traffic|activity)|your ip (?:address )?(?:has been|is|was) (?:temporarily )?blocked|could not be processed|error 1020|403 forbidden|sentimos la interrupci[oó]n|automated (?:access|requests|queries)` +
	`|please enable (?:js|javascript|cookies)|enable javascript (?:and|to)|disable any ad ?blocker|you have been blocked|bot (?:detection|protection)|ddos protection|captcha|robot check|too many requests|rate limit(?:ed)?` +
	`|no soy un robot|eres un robot|verifica(?:r|ción)? que eres humano|acceso denegado|je ne suis pas un robot|vérification de sécurité|accès (?:refusé|bloqué)|ich bin kein roboter|du bist ein mensch|je bent (?:een mens|geen robot)|platform graag veilig|zugriff (?:verweigert|blockiert)|sicherheitsüberprüfung` +
	`|nie jestem robotem|dostęp zablokowany|weryfikacja|проверка браузера|доступ (?:ограничен|запрещен)|verifica di sicurezza|accesso negato|não sou um robô|acesso negado|är du en robot`)

// wall says by what a page is known as a wall, "" when it is none.
func (d *document) wall() string {
	shown := d.letters()
	if shown > 1500 {
		return ""
	}
	if m := wallWords.FindString(strings.ToLower(clip(d.title, 200))); m != "" && shown < 800 && d.adSigns() < 2 {
		return "its title says " + quote(m)
	}
	if shown > 600 || d.adSigns() > 0 {
		return ""
	}
	head := strings.ToLower(d.text())
	if m := wallWords.FindString(head); m != "" && (shown < 250 || d.wallMark() != "") {
		return "it shows little but " + quote(m)
	}
	if m := d.wallMark(); m != "" && shown < 120 && len(d.ld) == 0 {
		return "it shows nothing and loads " + quote(m)
	}
	return ""
}

func (d *document) wallMark() string {
	for _, m := range wallMarks {
		if strings.Contains(d.marks, m) {
			return m
		}
	}
	return ""
}

// shell reports whether a page is only the frame that scripts would fill.
func (d *document) shell() bool {
	return d.letters() < 200 && d.scripts > 0 && mainObject(d.ld) == nil && mainObject(d.items) == nil &&
		len(d.first("og:description")) < 60 && !d.hasHeading() && d.adSigns() == 0
}

func (d *document) hasHeading() bool {
	for _, l := range d.lines {
		if l.heading > 0 {
			return true
		}
	}
	return false
}

// goneWords are what sites say about an ad that was taken down.
var goneWords = regexp.MustCompile(`(?:this |the |your )?(?:ad|ads|advert|advertisement|posting|post|listing|item|offer|classified|property|vehicle|page)(?: you (?:are|were) looking for| you requested)? (?:has been|was|is|has|have been) (?:been )?(?:flagged|removed|deleted|expired|withdrawn|deactivated|taken down|unpublished|closed|no longer|not available|unavailable|already (?:sold|rented))` +
	`|(?:ad|advert|posting|listing|item|offer|property|page)\s+(?:is |has )?(?:no longer|expired|not found|removed|deleted)|404 (?:not found|error)|(?:error|status) 404|flagged for removal|deleted by its author|no longer (?:available|active|listed|exists?|on the market)|does(?:n't| not) exist any ?more` +
	`|(?:cette |l')?annonce (?:a été |n'est plus |n'existe plus|est )?(?:supprimée|désactivée|disponible|expirée|désactivé)|annonce n'(?:est plus|existe plus)|n'est plus (?:disponible|en ligne)` +
	`|anuncio (?:ya no|ha sido (?:eliminado|borrado|retirado|dado de baja)|no (?:está )?disponible|caducado|expirado|eliminado|borrado)|ya no (?:está|se encuentra) (?:disponible|publicado|activo)|este (?:inmueble|anuncio) ya no` +
	`|ogłoszenie (?:jest |zostało )?(?:nieaktualne|nieaktywne|wygasło|usunięte|zakończone|zarchiwizowane|niedostępne)|oferta (?:jest )?(?:nieaktualna|nieaktywna|archiwalna|wygasła)|anzeige (?:ist |wurde )?(?:nicht mehr|gelöscht|deaktiviert|abgelaufen)|nicht mehr verfügbar` +
	`|annuncio (?:non (?:è )?più|è stato (?:rimosso|eliminato)|scaduto|rimosso)|non è più disponibile|anúncio (?:já não|não está|foi removido|expirado|expirou)|annons(?:en)? (?:är |har )?(?:borttagen|inte längre|tagits bort|utgången)|annoncen er (?:slettet|udløbet)|advertentie (?:is )?(?:verwijderd|niet meer|verlopen)` +
	`|объявление (?:снято|удалено|не ?активно|закрыто|больше)|inzer[aá]t (?:byl|již|nebyl)? ?(?:smazán|vymazán|není|neexistuje)|hirdetés (?:már )?(?:nem|lejárt|törölt)`)

// gone says by what words a page tells that its ad was taken down. A long page
// is an ad that talks about another, or a help page; one line on it must do
// nothing but say so.
func (d *document) gone() string {
	m := match(goneWords, goneStems, strings.ToLower(d.title))
	if m != "" && d.adSigns() < 2 {
		return m
	}
	shown := d.contents()
	for _, l := range d.lines {
		if l.zone == zoneFrame || l.letters > 220 || shown >= 500 && (l.heading == 0 || shown >= 1500) {
			continue
		}
		if m := match(goneWords, goneStems, strings.ToLower(l.text)); m != "" && (d.adSigns() == 0 || l.heading > 0 && d.adSigns() < 2) {
			return m
		}
	}
	return ""
}

// adSigns counts what a page shows that only a page with an ad shows: a price, a
// description, an ad's number, a date of posting, a contact. "My old number is
// no longer active" is said in ads too, and contact forms embed captchas.
func (d *document) adSigns() int {
	if d.signs != nil {
		return *d.signs
	}
	n := 0
	count := func(ok bool) {
		if ok {
			n++
		}
	}
	_, sure := d.shownPrice()
	count(sure)
	count(d.shownID() != "")
	count(len(d.contactLinks()) > 0)
	count(slices.ContainsFunc(d.named(), func(b *html.Node) bool { return prose(b) >= 40 }))
	count(d.saysPosted())
	d.signs = &n
	return n
}

var goneStems = []string{
	"404", "flagged", "removed", "deleted", "expired", "withdrawn", "deactivated", "taken down", "unpublished", "closed", "no longer", "not available", "unavailable",
	"already", "not found", "exist", "supprim", "désactiv", "disponib", "expir", "en ligne", "anuncio", "inmueble", "publicado", "nieaktu", "nieakty", "wygas", "usuni",
	"zako", "archiw", "niedost", "nicht mehr", "gelöscht", "deaktiv", "abgelaufen", "scadut", "rimoss", "eliminat", "annons", "slettet", "udløbet", "verwijderd", "niet meer", "verlopen",
	"объявление", "inzer", "hirdetés",
}

// match gives the first match of a long expression in lower-case text that
// contains one of its stems.
func match(re *regexp.Regexp, stems []string, lower string) string {
	for _, s := range stems {
		if strings.Contains(lower, s) {
			return re.FindString(lower)
		}
	}
	return ""
}

// find gives the first match of a long expression that does not mind the case of
// letters, in a text given as it is and in lower case. Every match contains one of the
// stems: to look for those is a tenth of the work.
func find(re *regexp.Regexp, stems []string, text, lower string) []int {
	for _, s := range stems {
		if strings.Contains(lower, s) {
			return re.FindStringIndex(text)
		}
	}
	if strings.IndexFunc(text, func(r rune) bool { return r == 'ſ' || 'ᲀ' <= r && r <= 'ᲈ' }) >= 0 { // small letters of their own that expressions take for s and Cyrillic ones
		return re.FindStringIndex(text)
	}
	return nil
}

// noneWords are what lists say when nothing matches.
var noneWords = regexp.MustCompile(`\b(?:no|0|zero) (?:\w+ )?(?:(?:results?|ads?|listings?|postings?)\b|(?:items?|matches|properties|offers?|entries) (?:were |was )?found)|nothing found|did(?:n't| not) match any|found no |aucune? (?:annonce|résultat|offre)|0 (?:annonce|résultat)` +
	`|(?:sin|no hay|ningún|0) (?:resultados?|anuncios?)|no (?:se )?(?:han|hemos) encontrad?o?|brak (?:wyników|ogłoszeń|ofert)|nie (?:znaleziono|znaleźliśmy)|0 (?:ogłoszeń|ofert|wyników)|keine (?:ergebnisse|anzeigen|treffer|angebote)|nessun (?:risultato|annuncio)|(?:nenhum|sem) (?:resultado|anúncio)` +
	`|inga (?:träffar|annonser|resultat|objekt)|geen (?:resultaten|advertenties)|ничего не найдено|объявлений не найдено|žádné (?:výsledky|inzeráty)|nincs találat`)

// someWords are how lists count what they show.
var someWords = regexp.MustCompile(`\d[\d .,\x{a0}]* *(?:results?|ads|listings|annonces|résultats|resultados|anuncios|ogłosze(?:ń|nia)|ofert\p{L}*|wyników|ergebnisse|anzeigen|treffer|träffar|annonser|objekt|bostäder|risultati|annunci|inmuebles|viviendas|properties(?: found)?|matches|объявлени\p{L}+|found)\b` +
	`|(?:results|showing|displaying|wyniki|résultats|resultados) \d+ ?(?:-|–|to|à|a|do) ?\d+`)

var (
	noneStems = []string{
		"result", " ads", " ad", "listing", "item", "posting", "match", "propert", "offer", "entries", "nothing found", "found no", "aucun", "annonce", "résultat", "resultado",
		"anuncio", "encontr", "wyników", "ogłosze", "ofert", "znale", "ergebnis", "anzeigen", "treffer", "angebote", "risultat", "annunci", "anúncio", "träff", "annonser", "objekt",
		"resultaten", "advertenties", "найден", "výsledky", "inzer", "találat",
	}
	someStems = append(slices.Clone(noneStems), "bostäder", "inmuebles", "viviendas", "объявлени", "found", "showing", "displaying", "wyniki")
)

func quote(s string) string { return "“" + squeeze(clip(s, 60)) + "”" }
