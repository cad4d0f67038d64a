package bazaar

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

const laplazaHost = "laplaza.example"

// laplaza lays out pages in Spanish with microdata; its ads are in Spanish and
// English and its clock runs in Tijuana.
type laplaza struct{}

func laplazaSite() *site {
	return &site{
		name: "laplaza", host: laplazaHost, title: "La Plaza", lang: "es", base: 4_400_000, layout: laplaza{}, contact: "link",
		cities: []city{{"El Paso", "el-paso"}, {"Fresno", "fresno"}, {"Laredo", "laredo"}, {"Phoenix", "phoenix"}, {"San Antonio", "san-antonio"}, {"San Diego", "san-diego"}},
		sections: [categories]section{
			{"Compañía", "compania"}, {"Masajes", "masajes"}, {"Se busca", "se-busca"}, {"Empleos", "empleos"}, {"Cuartos y casas", "cuartos"}, {"Ventas", "ventas"}, {"Autos", "autos"}, {"Mascotas", "mascotas"}, {"Comunidad", "comunidad"},
		},
	}
}

func (laplaza) place(s *site, u *url.URL) place {
	path := strings.Trim(u.Path, "/")
	if slug, ok := strings.CutPrefix(path, "anuncio/"); ok {
		n, err := strconv.ParseInt(slug[strings.LastIndexByte(slug, '-')+1:], 10, 64)
		if err != nil {
			return place{}
		}
		return place{kind: "ad", native: n}
	}
	switch path {
	case "acerca":
		return place{kind: "info", name: "about"}
	case "ayuda":
		return place{kind: "info", name: "help"}
	case "cerrados":
		return place{kind: "info", name: "closed"}
	case "":
		return s.listPlace("", "", "")
	case "lista":
		q := u.Query()
		return s.listPlace(q.Get("ciudad"), q.Get("seccion"), q.Get("pag"))
	}
	return place{}
}

func (laplaza) adPath(_ *site, native int64, title string) string {
	return "/anuncio/" + slug(title) + "-" + strconv.FormatInt(native, 10)
}

// slug is the title as La Plaza writes it in addresses: a few plain words.
func slug(title string) string {
	b := make([]byte, 0, 40)
	for _, r := range title {
		r = unaccented(unicode.ToLower(r))
		switch {
		case r >= 'a' && r <= 'z':
			b = append(b, byte(r))
		case len(b) > 0 && b[len(b)-1] != '-':
			b = append(b, '-')
		}
		if len(b) >= 32 {
			break
		}
	}
	if s := strings.Trim(string(b), "-"); s != "" {
		return s
	}
	return "anuncio"
}

func unaccented(r rune) rune {
	switch r {
	case 'á':
		return 'a'
	case 'é':
		return 'e'
	case 'í':
		return 'i'
	case 'ó':
		return 'o'
	case 'ú', 'ü':
		return 'u'
	case 'ñ':
		return 'n'
	}
	return r
}

func (laplaza) infoPath(name string) string {
	return map[string]string{"about": "/acerca", "help": "/ayuda", "closed": "/cerrados"}[name]
}

func (laplaza) listPath(s *site, city, cat, page int) string {
	if city < 0 {
		return "/"
	}
	out := "/lista?ciudad=" + s.cities[city].slug
	if page > 1 {
		out += "&pag=" + strconv.Itoa(page)
	}
	if cat >= 0 {
		out += "&seccion=" + s.sections[cat].slug
	}
	return out
}

func (l laplaza) href(s *site, city, cat, page int) string {
	return strings.ReplaceAll(l.listPath(s, city, cat, page), "&", "&amp;")
}

func (l laplaza) head(p *page, s *site, title, lang string) {
	p.put("<!doctype html>\n<html lang=\"", lang, "\"><head><meta charset=\"utf-8\"><title>")
	p.text(title)
	p.put(" · La Plaza</title></head>\n<body>\n<div id=\"cabecera\"><a href=\"/\">La Plaza</a> <em>Anuncios de aquí y de allá</em>\n<ul id=\"ciudades\">")
	for i, c := range s.cities {
		p.put("<li><a href=\"", l.href(s, i, -1, 1), "\">", c.name, "</a></li>")
	}
	p.put("</ul></div>\n")
}

func (laplaza) foot(p *page) {
	p.put("<div id=\"pie\">La Plaza no interviene en los tratos. Desconfíe de anticipos. Solo mayores de 18. <a href=\"/acerca\">Acerca</a> · <a href=\"/ayuda\">Ayuda</a> · <a href=\"/cerrados\">Cerrados</a> · <a href=\"/private/cuenta\">Mi cuenta</a></div>\n</body></html>\n")
}

func (l laplaza) list(p *page, x listing) {
	s := x.s
	title := "Lo más nuevo"
	if x.city >= 0 {
		title = s.cities[x.city].name
	}
	if x.cat >= 0 {
		title += ", " + s.sections[x.cat].label
	}
	l.head(p, s, title, "es")
	p.put("<div id=\"contenido\"><h1>")
	p.text(title)
	p.put("</h1>\n")
	if x.city >= 0 {
		p.put("<ul id=\"secciones\">")
		for i, c := range s.sections {
			p.put("<li><a href=\"", l.href(s, x.city, i, 1), "\">", c.label, "</a></li>")
		}
		p.put("</ul>\n")
	}
	for _, r := range x.rows {
		p.put("<div class=\"anuncio\"><h3><a href=\"", r.path, "\">")
		p.text(r.title)
		p.put("</a></h3><span class=\"precio\">", r.price, "</span> <span class=\"zona\">")
		p.text(r.hood)
		p.put("</span> <span class=\"fecha\">", r.posted.Format("02/01/2006"), "</span></div>\n")
	}
	if len(x.rows) == 0 {
		p.put("<p>Todavía no hay anuncios.</p>\n")
	}
	if x.page < x.pages {
		p.put("<ul class=\"paginas\"><li>", strconv.Itoa(x.page), "/", strconv.Itoa(x.pages), "</li><li><a class=\"siguiente\" href=\"", l.href(s, x.city, x.cat, x.page+1), "\">Siguiente</a></li></ul>\n")
	}
	if len(x.odd) > 0 {
		p.put("<div class=\"socios\">Socios:")
		for _, o := range x.odd {
			p.put(" <a href=\"", o, "\">oferta</a>")
		}
		p.put("</div>\n")
	}
	p.put("</div>\n")
	l.foot(p)
}

func (l laplaza) ad(p *page, a shown) {
	s := a.s
	id := strconv.FormatInt(a.native, 10)
	l.head(p, s, a.title, a.lang)
	p.put("<div id=\"contenido\" itemscope itemtype=\"https://schema.org/Product\">\n<p class=\"ruta\"><a href=\"", l.href(s, int(a.city), -1, 1), "\">", s.cities[a.city].name, "</a> › <a href=\"", l.href(s, int(a.city), int(a.cat), 1), "\" itemprop=\"category\">", s.sections[a.cat].label, "</a></p>\n")
	p.put("<h1 itemprop=\"name\">")
	p.text(a.title)
	p.put("</h1>\n<meta itemprop=\"productID\" content=\"", id, "\">\n<p class=\"datos\">Publicado: <span class=\"fecha\">", a.posted.Format("02/01/2006 15:04"), "</span>")
	if !a.updated.IsZero() {
		p.put(" · Cambiado: <span class=\"cambio\">", a.updated.Format("02/01/2006 15:04"), "</span>")
	}
	p.put(" · Zona: <span class=\"zona\">")
	p.text(a.hood + ", " + s.cities[a.city].name)
	p.put("</span></p>\n")
	if a.price > 0 {
		p.put("<p class=\"precio\" itemprop=\"offers\" itemscope itemtype=\"https://schema.org/Offer\"><meta itemprop=\"priceCurrency\" content=\"USD\"><span itemprop=\"price\" content=\"", strconv.Itoa(a.price), "\">", money(a.price), "</span></p>\n")
	}
	p.put("<div class=\"texto\" itemprop=\"description\"><p>")
	p.lines(a.body)
	p.put("</p></div>\n")
	if a.tel != "" {
		p.put("<p><a class=\"tel\" href=\"tel:", a.tel, "\">Mostrar teléfono</a></p>\n")
	}
	if a.cut {
		return
	}
	for i := range a.images {
		p.put("<img itemprop=\"image\" src=\"/img/", id, "_", strconv.Itoa(i+1), ".webp\" alt=\"\">\n")
	}
	p.put("<p class=\"mas\"><a href=\"/private/autor/", id, "\">Más de este anunciante</a> · Anuncio ", id, "</p>\n</div>\n<div class=\"parecidos\">")
	for _, r := range a.related {
		p.put("<a href=\"", r.path, "\">")
		p.text(r.title)
		p.put("</a><br>\n")
	}
	p.put("</div>\n")
	l.foot(p)
}

func (l laplaza) info(p *page, s *site, name string, x listing) {
	titles := map[string]string{"about": "Acerca de La Plaza", "help": "Ayuda", "closed": "Anuncios cerrados"}
	l.head(p, s, titles[name], "es")
	p.put("<div id=\"contenido\"><h1>", titles[name], "</h1>\n")
	switch name {
	case "about":
		p.put("<p>La Plaza nació en una mesa de café. Publicar es gratis y siempre lo será.</p>\n")
	case "help":
		p.put("<p>Para publicar haga una cuenta. Para denunciar escriba a ayuda@laplaza.example.</p>\n")
	default:
		for _, r := range x.rows {
			p.put("<p><a href=\"", r.path, "\">cerrado</a></p>\n")
		}
	}
	p.put("</div>\n")
	l.foot(p)
}

func (l laplaza) removed(p *page, s *site) {
	l.head(p, s, "Anuncio cerrado", "es")
	p.put("<div id=\"contenido\"><h1>Anuncio cerrado</h1><p>Este anuncio ya no está disponible.</p></div>\n")
	l.foot(p)
}
