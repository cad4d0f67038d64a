package invent

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// traps adds what unrelated posters share: relays, agencies' numbers, stock
// pictures, the site's own words, numbers given to somebody else, copied texts.
func (w *world) traps() {
	n := len(w.ads)
	hubs := max(2, n/1000)
	for i := range hubs {
		p := w.phone()
		for range n * 33 / 1000 / hubs {
			d := pick(w, w.ads)
			d.Phones = append(d.Phones, p)
			d.Neg = append(d.Neg, "hub_phone:"+p)
		}
		h := fmt.Sprintf("@agency%d", i)
		for range n / 80 / hubs {
			d := pick(w, w.ads)
			d.Handles = append(d.Handles, h)
			d.Neg = append(d.Neg, "hub_handle:"+h)
		}
	}
	stock := make([]uint64, max(10, n/200))
	for i := range stock {
		stock[i] = w.Uint64()
	}
	for range n * 8 / 100 {
		d, k := pick(w, w.ads), w.IntN(len(stock))
		d.Images = append(d.Images, w.picture(stock[k]))
		d.Neg = append(d.Neg, fmt.Sprintf("stock_image:%d", k))
	}
	for _, d := range w.ads {
		if d.Site == w.relaySite && w.chance(0.5) {
			d.Emails = append(d.Emails, w.relayEmail)
			d.Neg = append(d.Neg, "hub_email:"+w.relaySite)
		}
		if f := w.footerShare[d.Site]; w.chance(f) {
			d.footed = true
			d.Neg = append(d.Neg, "boilerplate:"+d.Site)
		}
	}
	w.recycle(n / 100)
	w.copies(max(6, n/300))
}

// recycle gives numbers of some to others, years later.
func (w *world) recycle(n int) {
	given := map[string]bool{} // a number changes hands once
	for range n {
		a, b := pick(w, w.groups), pick(w, w.groups)
		if a == b || a.size > 30 || b.size > 30 || len(a.phones) == 0 || len(b.phones) == 0 {
			continue
		}
		if b.from.Before(a.from) {
			a, b = b, a
		}
		if b.from.Sub(a.from).Hours()/24-a.days < 300 {
			continue
		}
		old, fresh := pick(w, b.phones), pick(w, a.phones)
		if given[old] || given[fresh] {
			continue
		}
		given[old], given[fresh] = true, true
		for _, g := range []*group{a, b} {
			for _, d := range g.ads {
				if i := slices.Index(d.Phones, old); g == b && i >= 0 {
					d.Phones[i] = fresh
				}
				if slices.Contains(d.Phones, fresh) {
					d.Neg = append(d.Neg, "recycled_phone:"+fresh)
				}
			}
		}
		b.phones[slices.Index(b.phones, old)] = fresh
	}
}

// copies lets independent posters take part of the text of a large group.
func (w *world) copies(n int) {
	for range n {
		g, from := pick(w, w.groups), w.groups[w.IntN(min(12, len(w.groups)))]
		if g.org || g.generic {
			continue
		}
		victim := pick(w, from.ads)
		k := 3 + w.IntN(5)
		i := w.IntN(max(1, len(victim.text)-k))
		taken := victim.text[i:min(i+k, len(victim.text))]
		own := len(taken)*2/3 + w.IntN(3) // as far as one sees, more than half of such an ad is copied
		var more []string
		for range own {
			more = append(more, w.sentence())
		}
		for _, d := range g.ads {
			at := w.IntN(len(d.text))
			d.text = slices.Concat(d.text[:at], taken, d.text[min(len(d.text), at+max(1, len(d.text)-2-w.IntN(4))):])
			d.text = append(d.text, more[:max(0, own-(len(d.text)-len(taken)))]...)
			d.Neg = append(d.Neg, "copied_text:"+from.id)
		}
	}
}

// hostile adds ads of posters who give rivals' numbers, and of some who give many.
func (w *world) hostile(n int) {
	for range n {
		w.group(1, false)
		g := w.groups[len(w.groups)-1]
		w.post(g)
		d := g.ads[0]
		k := 1
		if w.chance(0.3) {
			k = 4 + w.IntN(5)
		}
		for range k {
			v := w.groups[w.IntN(min(len(w.groups), 200))]
			if w.chance(0.5) {
				v = pick(w, w.groups)
			}
			if len(v.phones) == 0 {
				continue
			}
			d.Phones = append(d.Phones, pick(w, v.phones))
			d.At = v.from.Add(time.Duration(w.Float64() * v.days * 24 * float64(time.Hour))).Truncate(time.Second)
		}
		d.Neg = append(d.Neg, "hostile:all")
	}
}

// body writes an ad: slots filled, words edited, decorated, and the site's own
// words behind it.
func (w *world) body(d *draft) string {
	g := d.g
	text := slices.Clone(d.text)
	for i := 1; i < len(text); i++ {
		if w.chance(g.shuffle / 3) {
			text[i-1], text[i] = text[i], text[i-1]
		}
	}
	d.Title = strings.Join(w.slots(d, strings.Fields(d.Title)), " ")
	if w.chance(0.1) {
		d.Title = strings.ToUpper(d.Title)
	}
	for i, s := range text {
		text[i] = strings.Join(w.edited(g, w.slots(d, strings.Fields(s))), " ")
	}
	body := strings.Join(text, g.sep)
	if d.footed {
		body += "\n" + strings.ReplaceAll(w.footer[d.Site], "<serial>", fmt.Sprint(w.IntN(1e8)))
	}
	return body
}

func (w *world) edited(g *group, in []string) []string {
	var out []string
	for _, s := range in {
		switch e := w.Float64(); {
		case e > g.edit:
			out = append(out, s)
		case e < g.edit*0.3: // left out
		case e < g.edit*0.5:
			out = append(out, s, pick(w, w.noun))
		case e < g.edit*0.6 && len(s) > 3:
			out = append(out, s[:1]+s[2:3]+s[1:2]+s[3:])
		default:
			out = append(out, pick(w, [][]string{w.noun, w.adj}[w.IntN(2)]))
		}
		if w.chance(g.emoji) {
			out = append(out, pick(w, emoji))
		}
	}
	return out
}

func (w *world) slots(d *draft, in []string) []string {
	var out []string
	for _, s := range in {
		switch s {
		case "<name>":
			s = pick(w, names)
		case "<city>":
			s = d.City
		case "<hood>":
			s = pick(w, hoods)
		case "<price>":
			s = fmt.Sprintf("%s%d%s", []string{"$", "", ""}[w.IntN(3)], 40+10*w.IntN(30), []string{"", "", " roses"}[w.IntN(3)])
		case "<time>":
			s = fmt.Sprintf("%d%s", 7+w.IntN(6), []string{"am", "pm", " am", " pm"}[w.IntN(4)])
		case "<phone>":
			s = "the number in my profile"
			if len(d.Phones) > 0 {
				p := d.Phones[0][2:]
				s = []string{p, p[:3] + "-" + p[3:6] + "-" + p[6:], "(" + p[:3] + ") " + p[3:6] + "-" + p[6:]}[w.IntN(3)]
			}
		}
		out = append(out, strings.Fields(s)...)
	}
	return out
}
