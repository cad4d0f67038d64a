package weigh

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
	phones "vigil.example/internal/phone"
	"vigil.example/internal/site"
)

// A Quote is what an ad says for an edge, and where: offsets are in code points of
// the title or the body.
type Quote struct {
	ad.Span
	Text string `json:"text"`
}

// Quotes finds in two ads what an edge between them rests on: the number or the
// address as it is written, or the words in common without the site's own. A value
// that came with an ad and does not stand in its text has no quote.
func (p *Partition) Quotes(e Edge, a, b Ad) (ofA, ofB []Quote) {
	switch e.Kind {
	case "text":
		return p.o.l.inCommon(a, b)
	case "picture":
		return nil, nil
	}
	return valueIn(a, e.Kind, e.Value), valueIn(b, e.Kind, e.Value)
}

func valueIn(a Ad, kind, value string) (out []Quote) {
	for _, f := range fields(a) {
		if kind == "phone" {
			for _, n := range phones.Read(f.text, phones.Options{}) {
				if n.E164 == value {
					out = append(out, Quote{ad.Span{Field: f.name, Start: n.Span.Start, End: n.Span.End}, n.Text})
				}
			}
			continue
		}
		low := strings.ToLower(f.text)
		for at := 0; len(low) == len(f.text); { // else letters change their length, and offsets with them
			i := strings.Index(low[at:], strings.ToLower(value))
			if i < 0 {
				break
			}
			out = append(out, f.quote(at+i, at+i+len(value)))
			at += i + len(value)
		}
	}
	return out
}

// InCommon quotes the words that two ads have in common: runs of three and more, or,
// where edits left none, words that stand close to each other in both. All words of
// the ads are read, the site's, too, unless they are blank.
func InCommon(a, b Ad) (ofA, ofB []Quote) { return (&Linker{}).inCommon(a, b) }

type field struct{ name, text string }

func fields(a Ad) []field { return []field{{"title", a.Title}, {"body", a.Body}} }

// quote quotes bytes of a field.
func (f field) quote(from, to int) Quote {
	start := utf8.RuneCountInString(f.text[:from])
	return Quote{ad.Span{Field: f.name, Start: start, End: start + utf8.RuneCountInString(f.text[from:to])}, f.text[from:to]}
}

// A token is a word and where it stands, in bytes.
type token struct {
	word     uint32
	field    int
	from, to int
}

// tokens splits the text of an ad into words, without those of the site.
func (l *Linker) tokens(a Ad) (out []token) {
	for k, f := range fields(a) {
		from := -1
		for i, r := range f.text + " " {
			is := unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || r == '\'' || r == '’'
			if is && from < 0 {
				from = i
			}
			if !is && from >= 0 {
				for _, w := range words(nil, f.text[from:i], nil) {
					if n := len(out) - 1; n >= 0 && w == numberWord && out[n].word == w && out[n].field == k {
						out[n].to = i // as words has it: numbers behind each other are one
						continue
					}
					out = append(out, token{w, k, from, i})
				}
				from = -1
			}
		}
	}
	own, ok := l.sites[a.Site]
	if !ok || int(own) >= len(l.own) {
		return out
	}
	ws := make([]uint32, len(out))
	for i, t := range out {
		ws[i] = t.word
	}
	return site.Without(l.own[own], ws, out)
}

// inCommon quotes the runs of words that two ads share: of three words and more, or,
// where edits left none, of words that stand close to each other in both.
func (l *Linker) inCommon(a, b Ad) (ofA, ofB []Quote) {
	x, y := l.tokens(a), l.tokens(b)
	for _, feature := range []func([]token, func(uint32, ...int)){threes, pairs} {
		has := map[uint32]bool{}
		feature(x, func(g uint32, _ ...int) { has[g] = true })
		inB := make([]bool, len(y))
		shared := map[uint32]bool{}
		feature(y, func(g uint32, at ...int) {
			if has[g] {
				shared[g] = true
				for _, i := range at {
					inB[i] = true
				}
			}
		})
		inA := make([]bool, len(x))
		feature(x, func(g uint32, at ...int) {
			for _, i := range at {
				inA[i] = inA[i] || shared[g]
			}
		})
		if len(shared) > 0 {
			return runs(a, x, inA), runs(b, y, inB)
		}
	}
	return nil, nil
}

func threes(ts []token, see func(uint32, ...int)) {
	for i := 0; i+shingle <= len(ts); i++ {
		see(gram([]uint32{ts[i].word, ts[i+1].word, ts[i+2].word}), i, i+1, i+2)
	}
}

func pairs(ts []token, see func(uint32, ...int)) {
	ws := make([]uint32, len(ts))
	for i, t := range ts {
		ws[i] = t.word
	}
	eachPair(ws, func(i, j int, p uint32) { see(p, i, j) })
}

const mostQuotes = 6 // the longest

// runs quotes the runs of words that are marked.
func runs(a Ad, ts []token, in []bool) (out []Quote) {
	for i := 0; i < len(ts); i++ {
		if !in[i] {
			continue
		}
		j := i
		for j+1 < len(ts) && in[j+1] && ts[j+1].field == ts[i].field {
			j++
		}
		out = append(out, fields(a)[ts[i].field].quote(ts[i].from, ts[j].to))
		i = j
	}
	slices.SortStableFunc(out, func(x, y Quote) int { return cmp.Compare(y.End-y.Start, x.End-x.Start) })
	out = out[:min(len(out), mostQuotes)]
	slices.SortStableFunc(out, func(x, y Quote) int {
		return cmp.Or(-cmp.Compare(x.Field, y.Field), cmp.Compare(x.Start, y.Start))
	})
	return out
}
