package extract

import (
	"regexp"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"vigil.example/internal/ad"
)

// structuredPrice reads a price from JSON-LD or microdata.
func structuredPrice(o object) *ad.Price {
	if o == nil {
		return nil
	}
	for _, p := range append([]object{o}, o.objects("offers", "offer")...) {
		if found := priceOf(p); found != nil {
			return found
		}
		for _, s := range p.objects("priceSpecification", "itemOffered") {
			if found := priceOf(s); found != nil {
				return found
			}
		}
	}
	return nil
}

func priceOf(o object) *ad.Price {
	text := o.str("price", "lowPrice", "minPrice")
	if text == "" {
		return nil
	}
	code := currencyCode(o.str("priceCurrency", "currency"))
	return priceFrom(text, code)
}

// priceFrom reads a field that holds a price and nothing else.
func priceFrom(text, code string) *ad.Price {
	text = squeeze(text)
	if all := sums(text); len(all) > 0 {
		p := all[0].price
		if p.Currency == "" {
			p.Currency = code
		}
		return &p
	}
	if a := amount(firstNumber(text), 0); a != "" && a != "0" {
		return &ad.Price{Amount: a, Currency: code, Text: clip(text, 60)}
	}
	return nil
}

// metaPrice reads a price from meta elements.
func (d *document) metaPrice() *ad.Price {
	text := d.first("product:price:amount", "og:price:amount", "product:sale_price:amount", "price")
	if text == "" {
		return nil
	}
	return priceFrom(text, currencyCode(d.first("product:price:currency", "og:price:currency", "pricecurrency")))
}

var (
	perUnit    = regexp.MustCompile(`(?i)^[\s\x{a0}]*(?:/|per|za|/\s*)[\s\x{a0}]*(?:m2|m²|m\b|sq|ft|acre|ha\b|km|mile)|^[\s\x{a0}]*/?(?:m²|m2)`)
	monthly    = regexp.MustCompile(`(?i)mortgage|monthly|repayment|deposit|finance|installment|rata|hypothe|hipoteca|czynsz|kaucja|fees?\b|was\b|save|estimate|tax|shipping|from\b`)
	priceLabel = regexp.MustCompile(`(?i)(?:^|\b)(?:(?:asking|list(?:ing)?|sale|total|current) )?(?:price|prix|precio|cena|preis|prezzo|preço|pris|prijs|rent|цена)\b`)
)

// shownPrice finds the ad's price among the amounts a page shows: one in the
// heading, one so named or labelled, else the first after the heading. sure
// says that more than its place speaks for it.
func (d *document) shownPrice() (p *ad.Price, sure bool) {
	if all := sums(squeeze(d.heading().text)); len(all) > 0 {
		return &all[len(all)-1].price, true
	}
	var best *ad.Price
	top := 0.0
	at := d.headingLine()
	for i := range d.lines {
		l := &d.lines[i]
		if l.zone == zoneFrame || len(l.money()) == 0 || d.struck(l.node) || d.inRun(l.node) {
			continue
		}
		for _, s := range l.money() {
			score := 1.0
			if named := l.node != nil && (d.holds(l.node, rolePrice) || d.holds(l.node.Parent, rolePrice)); named {
				score += 2
			}
			before := l.text[:s.start]
			if priceLabel.MatchString(clip(before, 40)) || i > 0 && d.lines[i-1].letters < 30 && priceLabel.MatchString(d.lines[i-1].text) {
				score++
			}
			if l.letters < 40 {
				score++
			}
			if l.heading > 0 {
				score++
			}
			if at >= 0 && i >= at-3 && i < at+12 {
				score += 1
			}
			if perUnit.MatchString(l.text[s.end:]) {
				score -= 2
			}
			if monthly.MatchString(l.text) {
				score -= 1.5
			}
			far := i - at
			if at < 0 || far < 0 {
				far = i
			}
			score -= float64(far) / float64(len(d.lines)+1)
			if score > top {
				p := s.price
				best, top = &p, score
			}
		}
	}
	if best == nil {
		if all := sums(d.bareTitle()); len(all) > 0 {
			return &all[0].price, false
		}
	}
	return best, top >= 2.5
}

func (d *document) headingLine() int {
	h := d.heading()
	for i, l := range d.lines {
		if l.node == h.node && l.text == h.text && h.text != "" {
			return i
		}
	}
	return -1
}

// struck reports whether a price is crossed out.
func (d *document) struck(n *html.Node) bool {
	for p, i := n, 0; p != nil && i < 3; p, i = p.Parent, i+1 {
		if p.DataAtom == atom.Del || p.DataAtom == atom.S || p.DataAtom == atom.Strike || d.holds(p, roleOldPrice) {
			return true
		}
	}
	return false
}
