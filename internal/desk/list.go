package desk

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/contact"
	"vigil.example/internal/phone"
	"vigil.example/internal/query"
)

// This file reads lists of numbers, addresses and handles, as text or as a table.

// readList reads the values of a list.
func readList(list, name string) (*Lookup, error) {
	l := &Lookup{Values: []LookupValue{}, Unread: []UnreadLine{}}
	list = strings.TrimPrefix(strings.ToValidUTF8(list, "\uFFFD"), "\ufeff")
	switch {
	case len(list) > MaxLookupBytes:
		return l, fmt.Errorf("%w: it has more than 1 MiB", ErrLookup)
	case strings.Count(strings.TrimRight(list, "\r\n"), "\n") >= MaxLookupLines:
		return l, fmt.Errorf("%w: it has more than %d lines; look them up in parts", ErrLookup, MaxLookupLines)
	}
	at := map[ad.Value]int{}
	take := func(line int, text string, found []ad.Value) error {
		l.Lines++
		for _, v := range found {
			i, known := at[v]
			if !known {
				i = len(l.Values)
				at[v] = i
				l.Values = append(l.Values, LookupValue{Value: v, Text: shorten(text)})
			} else if lines := l.Values[i].Lines; lines[len(lines)-1] != line {
				l.Repeated++
			}
			if x := &l.Values[i]; len(x.Lines) == 0 || x.Lines[len(x.Lines)-1] != line {
				x.Lines = append(x.Lines, line)
			}
		}
		if len(found) == 0 {
			l.Unread = append(l.Unread, UnreadLine{line, shorten(text), whyNot(text)})
		}
		if len(l.Values) > maxPerAll {
			return fmt.Errorf("%w: it has more than %d values", ErrLookup, maxPerAll)
		}
		return nil
	}
	if t := tableOf(list, name); t != nil {
		return l, t.each(take)
	}
	n := 0
	for line := range strings.Lines(list) {
		n++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := take(n, line, valuesIn(line)); err != nil {
			return l, err
		}
	}
	if l.Lines == 0 {
		return l, fmt.Errorf("%w: nothing is in it", ErrLookup)
	}
	return l, nil
}

// shorten is a text as it is shown again.
func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > shownOfLine {
		s = string([]rune(s)[:shownOfLine]) + "…"
	}
	return s
}

// whyNot says why a line holds no value.
func whyNot(s string) string {
	switch {
	case utf8.RuneCountInString(s) > maxLine:
		return "it has more than " + strconv.Itoa(maxLine) + " characters: put one value on a line"
	case strings.Contains(s, "@"):
		return "it is neither a whole e-mail address, as name@host.example, nor a handle, as @name or telegram:name"
	}
	return "it is no number, because " + phone.WhyNot(s) + "; nor is it an e-mail address or a handle"
}

// valuesIn reads the values in a line or cell: one, in any form, or several with
// commas, semicolons or tabs between them, or nothing at all.
func valuesIn(s string) []ad.Value {
	if utf8.RuneCountInString(s) > maxLine {
		return nil
	}
	var out []ad.Value
	add := func(found []ad.Value) {
		for _, v := range found {
			if len(out) < maxPerLine && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '\t' || r == '|' })
	read := 0
	for _, p := range parts {
		if found := oneValue(strings.TrimSpace(p)); found != nil {
			read++
			add(found)
		}
	}
	if read > 1 {
		return out
	}
	apart := out
	out = nil // such a sign may belong to one value
	for _, p := range phone.ReadQuery(s) {
		add([]ad.Value{{Kind: "phone", Value: p.E164}})
	}
	for _, i := range contact.Read(s) {
		add([]ad.Value{{Kind: i.Kind, Value: i.Value}})
	}
	for _, v := range apart { // what stands beside it is a note, or of another kind
		if !slices.ContainsFunc(out, func(x ad.Value) bool { return x.Kind == v.Kind }) {
			out = append(out, v)
		}
	}
	if v := oneValue(s); len(out) < 2 && v != nil {
		return v
	}
	return out
}

// oneValue reads s as one value, or returns nil.
func oneValue(s string) []ad.Value {
	if v, err := ReadValue(s); err == nil {
		return []ad.Value{v}
	}
	if name, ok := strings.CutPrefix(s, "@"); ok && name != "" && !strings.ContainsAny(name, " @,;") { // on any platform
		if f, err := query.NewField("handle", name); err == nil {
			return []ad.Value{{Kind: "handle", Value: f.Values[0]}}
		}
	}
	return nil
}

// A sheet is a list that came as a table.
type sheet struct {
	text    string
	comma   rune
	headed  bool
	columns map[int]string // that hold values, with the platform of handles in them; nil for all
}

// headings are words that stand over a column of values.
var headings = []string{"phone", "telephone", "tel", "number", "mobile", "cell", "email", "e-mail", "mail", "handle", "identifier", "value", "username", "contact"}

// tableOf finds out whether a list is a table, and where its values are.
func tableOf(list, name string) *sheet {
	first, _, _ := strings.Cut(strings.TrimLeft(list, "\r\n"), "\n")
	t := &sheet{text: list}
	for _, c := range []rune{'\t', ';', ','} {
		if strings.ContainsRune(first, c) {
			t.comma = c
			break
		}
	}
	name = strings.ToLower(name)
	if t.comma == 0 {
		t.comma = ','
	}
	for i, h := range strings.Split(first, string(t.comma)) {
		h = strings.ToLower(strings.Trim(strings.TrimSpace(h), `"`))
		words := strings.FieldsFunc(h, func(r rune) bool { return r == ' ' || r == '_' || r == '.' || r == '/' })
		platform := ""
		for _, p := range []string{"telegram", "instagram", "snapchat", "kik", "twitter", "tiktok", "onlyfans", "wechat", "line", "discord", "wickr", "facebook"} {
			if h == p {
				platform = p
			}
		}
		if platform != "" || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(headings, w) }) && len(valuesIn(h)) == 0 {
			if t.columns == nil {
				t.columns = map[int]string{}
			}
			t.columns[i], t.headed = platform, true
		}
	}
	if !t.headed && !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".tsv") {
		return nil
	}
	return t
}

// each gives the rows of the table.
func (t *sheet) each(take func(line int, text string, found []ad.Value) error) error {
	r := csv.NewReader(strings.NewReader(t.text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = t.comma, -1, true, true
	for row := 0; ; row++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: it is no CSV: %w", ErrLookup, err)
		}
		line, _ := r.FieldPos(0)
		if row == 0 && t.headed || strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		var found []ad.Value
		var shown []string
		for i, c := range cells {
			platform, of := t.columns[i]
			if c = strings.TrimSpace(c); c == "" || t.columns != nil && !of {
				continue
			}
			shown = append(shown, c)
			if platform != "" && !strings.ContainsAny(c, ":/") {
				c = platform + ":" + strings.TrimPrefix(c, "@")
			}
			for _, v := range valuesIn(c) {
				if len(found) < maxPerLine && !slices.Contains(found, v) {
					found = append(found, v)
				}
			}
		}
		text := strings.Join(shown, ", ")
		if len(found) == 0 && row == 0 { // a heading of other words
			continue
		}
		if err := take(line, text, found); err != nil {
			return err
		}
	}
}
