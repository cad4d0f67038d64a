package extract

import (
	"encoding/json"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// An object is one thing that structured data describes: JSON-LD, or microdata
// in the same form.
type object map[string]any

// linkedData reads a JSON-LD script and opens arrays, graphs and main entities.
// What is broken in the usual ways (comments, raw line breaks, trailing commas)
// is mended; what is not JSON gives nothing.
func linkedData(raw string) []object {
	raw = strings.TrimSpace(raw)
	if len(raw) > 1<<20 {
		return nil
	}
	for _, wrap := range [][2]string{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"//<![CDATA[", "//]]>"}, {"/*<![CDATA[*/", "/*]]>*/"}} {
		raw = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(raw, wrap[0]), wrap[1]))
	}
	var v any
	if err := json.NewDecoder(strings.NewReader(raw)).Decode(&v); err != nil {
		v = nil
		if err := json.NewDecoder(strings.NewReader(mend(raw))).Decode(&v); err != nil {
			return nil
		}
	}
	return open(v, nil, 0)
}

// mend repairs JSON as templates break it: control characters inside strings,
// and commas before a closing bracket.
func mend(raw string) string {
	var b strings.Builder
	quoted, escaped := false, false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c < ' ':
			if quoted && c == '\n' {
				b.WriteString(`\n`)
			} else {
				b.WriteByte(' ')
			}
			continue
		case c == ',' && !quoted:
			if rest := strings.TrimLeft(raw[i+1:], " \t\r\n"); rest == "" || rest[0] == '}' || rest[0] == ']' {
				continue
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// open lists the objects of a JSON-LD value.
func open(v any, out []object, deep int) []object {
	if deep > 4 || len(out) > 200 {
		return out
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = open(e, out, deep+1)
		}
	case map[string]any:
		out = append(out, v)
		for _, k := range []string{"@graph", "mainEntity", "mainEntityOfPage", "itemOffered", "about", "item", "offers"} {
			switch v[k].(type) {
			case map[string]any, []any:
				out = open(v[k], out, deep+1)
			}
		}
	}
	return out
}

// types gives an object's types without their vocabulary, in lower case.
func (o object) types() []string {
	var out []string
	for _, key := range []string{"@type", "type"} {
		for _, v := range list(o[key]) {
			if s, ok := v.(string); ok {
				s = s[strings.LastIndexAny(s, "/#:")+1:]
				out = append(out, strings.ToLower(s))
			}
		}
	}
	return out
}

func (o object) is(kinds map[string]bool) bool {
	for _, t := range o.types() {
		if kinds[t] {
			return true
		}
	}
	return false
}

func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// str gives the first plain value under one of the keys.
func (o object) str(keys ...string) string {
	for _, k := range keys {
		for _, v := range list(o[k]) {
			if s := scalar(v); s != "" {
				return s
			}
		}
	}
	return ""
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(html.UnescapeString(v))
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case map[string]any:
		return object(v).str("@value", "name")
	}
	return ""
}

// objects gives the objects under one of the keys.
func (o object) objects(keys ...string) []object {
	var out []object
	for _, k := range keys {
		for _, v := range list(o[k]) {
			switch v := v.(type) {
			case map[string]any:
				out = append(out, v)
			case object:
				out = append(out, v)
			}
		}
	}
	return out
}

// microdata reads an itemscope element.
func microdata(n *html.Node) object {
	o := object{"@type": attr(n, "itemtype")}
	count := 0
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil && count < 500; c = c.NextSibling {
			if c.Type != html.ElementNode {
				continue
			}
			props := strings.Fields(attr(c, "itemprop"))
			if hasAttr(c, "itemscope") {
				var item any = map[string]any(microdata(c))
				for _, p := range props {
					o.add(p, item)
				}
				count++
				continue
			}
			for _, p := range props {
				o.add(p, propValue(c))
				count++
			}
			walk(c)
		}
	}
	walk(n)
	return o
}

func (o object) add(key string, v any) {
	l, _ := o[key].([]any)
	o[key] = append(l, v)
}

func propValue(n *html.Node) string {
	if hasAttr(n, "content") {
		return attr(n, "content")
	}
	switch n.DataAtom {
	case atom.A, atom.Link:
		return attr(n, "href")
	case atom.Img, atom.Source, atom.Iframe:
		return attr(n, "src")
	case atom.Time:
		if hasAttr(n, "datetime") {
			return attr(n, "datetime")
		}
	case atom.Data, atom.Meter:
		return attr(n, "value")
	}
	return plain(n, nil)
}

// insideItem reports whether an item belongs to another as its property.
func insideItem(n *html.Node) bool {
	if !hasAttr(n, "itemprop") {
		return false
	}
	for p := n.Parent; p != nil; p = p.Parent {
		if hasAttr(p, "itemscope") {
			return true
		}
	}
	return false
}

func words(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}

var (
	// goods are types of what an ad is about, or of ads.
	goods = words(`product productmodel individualproduct vehicle car motorcycle bus offer aggregateoffer demand residence house
		singlefamilyresidence apartment apartmentcomplex accommodation room suite hotelroom realestatelisting jobposting service
		event rentaction sellaction creativework place landform boat classifiedad book movie musicalbum course dancegroup`)
	// about are types whose name and description may be the page's.
	pageTypes = words(`webpage itempage article newsarticle blogposting aboutpage profilepage person localbusiness`)
	listTypes = words(`itemlist searchresultspage collectionpage offercatalog`)
)

// worth rates how likely an object is what the page is about.
func (o object) worth() int {
	v := 0
	switch {
	case o.is(goods):
		v = 4
	case o.is(pageTypes):
		v = 1
	default:
		return 0
	}
	if o.str("name", "headline", "title") != "" {
		v += 2
	}
	if o.str("description", "articleBody", "reviewBody") != "" {
		v += 2
	}
	if len(o.objects("offers")) > 0 || o.str("price") != "" {
		v += 2
	}
	if o["address"] != nil || o["location"] != nil {
		v++
	}
	return v
}

// mainObject gives the object of the most worth, the first of equals, and nil
// when a page describes nothing, or many things alike.
func mainObject(all []object) object {
	var best object
	top := 0
	for _, o := range all {
		if v := o.worth(); v > top {
			best, top = o, v
		}
	}
	return best
}
