package text

import (
	"html"
	"strings"
	"unicode"
)

// Plain returns the text of an HTML fragment as a reader would see it: block
// tags become a line break, table cells a space, inline tags nothing; entities
// are decoded, white space collapses; script, style, template and comments are
// left out. A "<" that opens no tag stays as it is. Plain takes time linear in
// the fragment.
func Plain(fragment string) string {
	w := flattener{}
	w.b.Grow(len(fragment))
	s := tagScanner{s: fragment}
	for s.at < len(fragment) {
		i := strings.IndexByte(fragment[s.at:], '<')
		if i < 0 {
			w.text(fragment[s.at:])
			break
		}
		w.text(fragment[s.at : s.at+i])
		s.at += i
		name, ok := s.tag()
		if !ok {
			w.text("<")
			s.at++
			continue
		}
		w.tag(name)
		if hidden(name) {
			s.skipTo(name)
		}
	}
	return w.b.String()
}

// A flattener writes text with white space collapsed. gap is what stands
// between the last word and the next: 0, a space or a line break.
type flattener struct {
	b   strings.Builder
	gap byte
}

func (w *flattener) text(s string) {
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	for _, r := range s {
		if unicode.IsSpace(r) {
			w.gap = max(w.gap, 1)
			continue
		}
		if w.gap > 0 && w.b.Len() > 0 {
			w.b.WriteByte(" \n"[w.gap-1])
		}
		w.gap = 0
		w.b.WriteRune(r)
	}
}

func (w *flattener) tag(name string) {
	switch strings.TrimPrefix(name, "/") {
	case "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "dialog", "div", "dl", "dt",
		"fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html",
		"legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre", "script", "section", "select", "style",
		"summary", "table", "tbody", "template", "tfoot", "thead", "title", "tr", "ul":
		w.gap = 2
	case "td", "th", "img", "input", "button", "iframe", "object", "textarea", "video", "audio", "caption":
		w.gap = max(w.gap, 1)
	}
}

func hidden(name string) bool { return name == "script" || name == "style" || name == "template" }

// A tagScanner reads tags of a fragment. loose is set once a quoted attribute
// ran to the end of the text: quotes mean nothing from there on, so that no
// part is scanned more than twice.
type tagScanner struct {
	s     string
	at    int
	loose bool
}

// tag reads the tag that begins at "<" and moves behind it. The name is in
// lower case, "/name" for a closing tag and "!" for a comment or declaration.
func (t *tagScanner) tag() (name string, ok bool) {
	s := t.s[t.at:]
	if len(s) < 2 {
		return "", false
	}
	if strings.HasPrefix(s, "<!--") {
		if i := strings.Index(s[4:], "-->"); i >= 0 {
			t.at += i + 7
		} else {
			t.at = len(t.s)
		}
		return "!", true
	}
	i := 1
	if s[i] == '/' {
		i++
	}
	start := i
	for i < len(s) && (letter(s[i]) || i > start && '0' <= s[i] && s[i] <= '9') {
		i++
	}
	if i == start && s[1] != '!' && s[1] != '?' {
		return "", false
	}
	end := t.close(i)
	if end < 0 {
		return "", false
	}
	name = strings.ToLower(s[1:i])
	if i == start {
		name = "!"
	}
	t.at = end
	return name, true
}

// close finds the end of a tag whose attributes begin at offset i from "<",
// reading over quoted values. It returns the position behind ">" or -1.
func (t *tagScanner) close(i int) int {
	quote := byte(0)
	for j := t.at + i; j < len(t.s) && !t.loose; j++ {
		switch c := t.s[j]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && t.s[j-1] == '=':
			quote = c
		case c == '>':
			return j + 1
		}
	}
	t.loose = true
	if j := strings.IndexByte(t.s[t.at+i:], '>'); j >= 0 {
		return t.at + i + j + 1
	}
	return -1
}

// skipTo moves to the closing tag of a hidden element, or to the end.
func (t *tagScanner) skipTo(name string) {
	for {
		i := strings.Index(t.s[t.at:], "</")
		if i < 0 {
			t.at = len(t.s)
			return
		}
		t.at += i
		if rest := t.s[t.at+2:]; len(rest) >= len(name) && strings.EqualFold(rest[:len(name)], name) {
			return
		}
		t.at += 2
	}
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
