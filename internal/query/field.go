package query

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/text"
)

// Fields lists the names of the fields, in the order they are shown.
func Fields() []string {
	return []string{"phone", "email", "handle", "site", "city", "near", "state", "title", "text", "cluster", "label", "url", "seen", "first", "last", "posted",
		"indicator", "lead", "side", "lang", "has"}
}

// canonical returns the field that a name, or another word for it, stands for.
func canonical(name string) (string, bool) {
	name = strings.ToLower(name)
	switch name {
	case "tel", "number":
		return "phone", true
	case "mail":
		return "email", true
	case "location", "place":
		return "city", true
	case "http", "https", "file":
		return "url", true
	case "ind", "indicators":
		return "indicator", true
	case "kind":
		return "side", true
	case "language":
		return "lang", true
	case "region":
		return "state", true
	}
	for _, f := range Fields() {
		if f == name {
			return f, true
		}
	}
	return "", false
}

// platform returns the platform that a name, or a short form that ads use, stands
// for, as enrichment puts it before a handle; "" for other names.
func platform(name string) string {
	switch name = strings.ToLower(name); name {
	case "tg":
		return "telegram"
	case "ig", "insta":
		return "instagram"
	case "snap":
		return "snapchat"
	case "fb":
		return "facebook"
	case "telegram", "instagram", "snapchat", "kik", "twitter", "tiktok", "onlyfans", "wechat", "line", "discord", "wickr", "facebook",
		"threema", "skype", "signal", "session", "viber":
		return name
	}
	return ""
}

// NewField makes the field that Parse makes of name:"value", for callers that
// have the two apart. The error is an *Error about the value.
func NewField(name, value string) (Field, error) {
	value = strings.ToValidUTF8(value, "\uFFFD")
	n, known := canonical(name)
	if !known || n == "text" {
		return Field{}, &Error{Start: 0, End: 1, Reason: "unknown field; known are " + strings.Join(Fields(), ", ")}
	}
	if len(text.Tokens(value)) == 0 || utf8.RuneCountInString(value) > MaxRunes {
		return Field{}, &Error{Start: 0, End: 1, Reason: n + ": needs a value"}
	}
	f, reason := newField(n, value)
	if reason != "" {
		return Field{}, &Error{Start: 0, End: max(1, utf8.RuneCountInString(value)), Reason: reason}
	}
	return f, nil
}

// fieldLeaf reads the field that begins at the position with the given name.
func (l *lexer) fieldLeaf(typed string) (Node, error) {
	start := l.pos
	colon := start + len(typed)
	name, known := canonical(typed)
	switch {
	case !known && platform(typed) != "": // a handle pasted as it is shown
		name = "handle"
	case !known:
		reason := "unknown field; known are " + strings.Join(Fields(), ", ") + "; in quotes it is searched as text"
		n := nearest(strings.ToLower(typed), Fields())
		if n != "" {
			reason = `unknown field; did you mean "` + n + `"?`
		}
		return nil, &Error{Start: start, End: colon, Reason: reason, Instead: n}
	}
	l.pos = colon + 1
	if !known || name == "url" && !strings.EqualFold(typed, name) { // an address pasted as it is
		l.pos = start
	}
	value, literal, err := l.value(name)
	if err != nil {
		return nil, err
	}
	if name == "text" {
		if literal {
			return Phrase{value}, nil
		}
		return Word{value}, nil
	}
	n, reason := newField(name, value)
	if reason == "" && name == "indicator" && !literal {
		_, reason = indicated(value)
	}
	if reason != "" {
		e := &Error{Start: start, End: l.pos, Reason: reason}
		if near := meant(name, value); near != "" {
			e.Instead = name + ":" + near
		}
		return nil, e
	}
	return n, nil
}

// value reads the value of a field at the position, in quotes or not; a space
// may stand before it.
func (l *lexer) value(name string) (s string, inQuotes bool, err error) {
	at := l.pos
	l.space()
	missing := &Error{Start: at, End: at + 1, Reason: name + ": needs a value"}
	if l.pos == len(l.src) {
		return "", false, missing
	}
	if isQuote(l.src[l.pos]) {
		s, err := l.quoted()
		if err == nil && len(text.Tokens(s)) == 0 {
			return "", true, missing
		}
		if far := l.word(l.pos); name == "near" && strings.HasPrefix(far, "~") { // near:"Austin TX"~25mi
			l.pos += len([]rune(far))
			s += far
		}
		return s, true, err
	}
	if name == "phone" {
		if p, ok := l.number(); ok {
			return p.leaf.(Phone).Text, false, nil
		}
	}
	word := l.word(l.pos)
	if name == "url" {
		word = l.pasted()
	}
	_, op := operator(word)
	if len(text.Tokens(word)) == 0 || l.pos > at && (op || l.negates(word)) {
		return "", false, missing
	}
	l.pos += len([]rune(word))
	return word, false, nil
}

// pasted returns the address at the position; it may hold parentheses in pairs.
func (l *lexer) pasted() string {
	end, open := l.pos, 0
	for ; end < len(l.src) && !unicode.IsSpace(l.src[end]) && !isQuote(l.src[end]); end++ {
		if l.src[end] == '(' {
			open++
		} else if l.src[end] == ')' {
			if open--; open < 0 {
				break
			}
		}
	}
	return string(l.src[l.pos:end])
}

// newField makes the field of a value; reason says why it cannot be made.
func newField(name, value string) (f Field, reason string) {
	f = Field{Name: name, Text: value}
	v := strings.TrimSpace(value)
	switch name {
	case "phone":
		var cut bool
		if f.Part, cut = part(v); !f.Part.None() {
			return f, ""
		}
		f.Values = number(value)
		switch {
		case f.Values == nil && cut:
			reason = tooFew
		case f.Values == nil:
			reason = "no telephone number can be read here; give it whole, in any form, or its end, as in *0123"
		}
	case "email":
		v = strings.ToLower(v)
		if at := strings.LastIndexByte(v, '@'); at < 1 || at == len(v)-1 {
			reason = "this is not an e-mail address; it should look like name@host.example"
		}
		f.Values = []string{v}
	case "handle":
		f.Values = []string{handle(v)}
	case "site":
		f.Values = []string{strings.ToLower(v)}
	case "cluster":
		f.Values = []string{v}
	case "label":
		l, ok := ad.LabelName(v)
		if !ok {
			reason = "a label has letters a to z, digits and hyphens, as trafficking-like, and 40 of them at most"
		}
		f.Values = []string{l}
	case "url":
		f.Values = []string{address(v)}
	case "seen", "first", "last", "posted":
		f.From, f.To, reason = interval(v)
	case "indicator":
		if slices.Contains(barred, kindName(v)) {
			return f, "build and ethnicity are not searched for: they never weigh, and nobody is to be found by them"
		}
		f.Values, _ = indicated(v)
	case "near":
		f.Values, reason = nearby(v)
	case "lead", "side", "lang", "state", "has":
		f.Values, reason = chosen(name, v)
	}
	return f, reason
}

// handle normalises a handle as enrichment does: lower case, platform:name, the
// platform by its full name, or the name alone, no @.
func handle(s string) string {
	s = strings.ToLower(s)
	before, name, ok := strings.Cut(s, ":")
	if !ok {
		return strings.TrimPrefix(s, "@")
	}
	return cmp.Or(platform(before), before) + ":" + strings.TrimPrefix(name, "@")
}

// address normalises a URL so far as any site takes two spellings for one.
func address(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return s
	}
	u.Scheme, u.Host, u.Fragment, u.RawFragment = strings.ToLower(u.Scheme), strings.ToLower(u.Host), "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// interval reads a year, a month or a day, or two of them with dots between, of
// which one may be left out. It gives the instants from which and before which.
func interval(s string) (from, to time.Time, reason string) {
	const form = "a date looks like 2026, 2026-01 or 2026-01-31, a range like 2026-01..2026-03"
	first, last, ranged := strings.Cut(s, "..")
	if !ranged {
		last = first
	}
	if first == "" && last == "" {
		return from, to, form
	}
	var ok bool
	if first != "" {
		if from, _, ok = period(first); !ok {
			return from, to, form
		}
	}
	if last != "" {
		if _, to, ok = period(last); !ok {
			return from, to, form
		}
	}
	if first != "" && last != "" && !from.Before(to) {
		return from, to, "this range ends before it begins"
	}
	return from, to, ""
}

// period returns the first instant of a year, month or day and the first after it.
func period(s string) (from, to time.Time, ok bool) {
	for _, p := range []struct {
		layout              string
		years, months, days int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if t, err := time.Parse(p.layout, s); err == nil {
			return t, t.AddDate(p.years, p.months, p.days), true
		}
	}
	return from, to, false
}
