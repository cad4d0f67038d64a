package query

import (
	"strings"

	"vigil.example/internal/phone"
	"vigil.example/internal/text"
)

// label holds the words that people copy along with a number: what it is, and what
// one is to do with it.
var label = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`call text txt sms ring dial reach contact message msg phone telephone tel cell cellphone mobile mob
		ph num number no nr whatsapp wa viber signal telegram facetime callto
		me us at on is my the please pls now only direct fax
		llama llame llamame llamar llamanos marca escribe escribeme mensaje telefono celular cel movil numero contacto al mi es el por`) {
		m[w] = true
	}
	return m
}()

// labelled reads s as one number with such words around it and nothing else. It
// returns the number alone, as typed.
func labelled(s string) (Node, bool) {
	for i, w := range strings.Fields(s) {
		if name, _, ok := strings.Cut(w, ":"); i == 0 && ok {
			if _, known := canonical(name); known {
				return nil, false
			}
		}
		if len(w) > 1 && w[0] == '-' {
			return nil, false
		}
	}
	src := []rune(s)
	found := numbersIn(src)
	if len(found) != 1 {
		return nil, false
	}
	at := found[0]
	for _, t := range text.Tokens(s) {
		if (t.Start < at.start || t.End > at.end) && !label[t.Text] {
			return nil, false
		}
	}
	return Phone{Text: string(src[at.start:at.end]), Numbers: at.numbers}, true
}

// linked returns the number in a link that dials or writes to it: tel:, wa.me,
// t.me/+…, or a word of label before a colon. A link to a page that only holds a
// number is an address.
func linked(word string) []string {
	colon := strings.IndexByte(word, ':')
	rest := word
	if colon >= 0 {
		rest = strings.TrimPrefix(word[colon+1:], "//")
	}
	scheme := ""
	if colon > 0 {
		scheme = strings.ToLower(word[:colon])
	}
	_, field := canonical(scheme)
	own := scheme != "" && !field
	if scheme == "" || scheme == "http" || scheme == "https" {
		host, _, _ := strings.Cut(strings.ToLower(rest), "/")
		switch strings.TrimPrefix(host, "www.") {
		case "wa.me", "api.whatsapp.com", "web.whatsapp.com", "whatsapp.com", "t.me", "telegram.me", "signal.me":
			own = true
		default:
			return nil
		}
	}
	if !own || strings.ContainsAny(word, " \t\n") {
		return nil
	}
	phones := phone.ReadQuery(word)
	found := groups(phones)
	if len(found) != 1 || phones[0].Method != "link" && !label[scheme] && !strings.Contains(word, "/") {
		return nil
	}
	return found[0].numbers
}
