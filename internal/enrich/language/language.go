// Package language is the enricher that tells what an ad is written in: English,
// Spanish, another language of the Latin script, or one that its script gives
// away. It weighs three-letter sequences and small words, so that a line of five
// words, without accents or with digits for letters, is enough; what cannot be
// told is "und". A second language that a fair part of the text is in is named
// too. It fills Ad.Language. The table of sequences was made from the profiles of
// the langdetect library (Apache-2.0); see docs/demand.md.
package language

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"io"
	"math"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/words"
)

//go:embed trigrams.gz
var trigrams []byte

//go:embed words.txt
var wordList string

// tags are the languages of the table, in its order.
var tags = [...]string{"en", "es", "pt", "fr", "it", "de", "nl", "ca", "ro", "pl", "tl", "sv"}

const langs = len(tags)

// Undetermined is the tag of what cannot be told.
const Undetermined = "und"

// prior is what a language other than English and Spanish must make up for, in
// nats: the boards that are read are American.
const prior = 3

// smallWord is what a small word costs languages that do not have it, in nats.
const smallWord = 3

// Of a text: nats that a second language must win by, its least words, and its
// least share of the words that speak for a language.
const (
	secondWins  = 6
	secondWords = 3
	secondShare = .15
)

// Languages tells languages.
type Languages struct {
	table []byte            // cost of a sequence in 1/32 nats, by sequence and language
	known map[string]uint16 // small words: a bit for each language
	pool  *sync.Pool
}

// New returns the enricher.
func New() Languages {
	z, err := gzip.NewReader(bytes.NewReader(trigrams))
	if err != nil {
		panic(err) // it is built in, and a test reads it
	}
	table, err := io.ReadAll(z)
	if err != nil || len(table) != 27*27*27*langs {
		panic("the table of sequences is not whole")
	}
	l := Languages{table, map[string]uint16{}, &sync.Pool{New: func() any { return new(reading) }}}
	for line := range strings.Lines(wordList) {
		tag, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for i, t := range tags {
			if t == tag {
				for w := range strings.FieldsSeq(strings.ReplaceAll(list, "'", "")) {
					l.known[w] |= 1 << i
				}
			}
		}
	}
	return l
}

// Name is the enricher's name in the table.
func (Languages) Name() string { return "language" }

// Enrich fills a.Language.
func (l Languages) Enrich(_ context.Context, a *ad.Ad) error {
	v := l.Read(a.Poster())
	a.Language = &v
	return nil
}

type cost [langs]float32

// A reading is one text under way.
type reading struct {
	text  words.Text
	costs []cost // of the words that say something
	sum   cost
}

// Read tells the language of texts that belong together.
func (l Languages) Read(texts ...string) ad.Language {
	r := l.pool.Get().(*reading)
	defer l.pool.Put(r)
	r.costs, r.sum = r.costs[:0], cost{}
	var scripts map[string]int
	latin := 0
	for _, s := range texts {
		r.text.Read(s)
		for i := range r.text.Words {
			latin += l.word(r, i)
		}
		l.marks(r, s)
		scripts = foreign(scripts, s)
	}
	if tag, n := most(scripts); n > latin {
		return ad.Language{Tag: tag, P: .6}
	}
	return r.judge()
}

// word weighs one word and returns how many letters it has.
func (l Languages) word(r *reading, i int) int {
	w := &r.text.Words[i]
	b := r.text.At(i)
	if w.Flags&words.Digits != 0 || len(b) > 30 || len(b) < 2 {
		return 0
	}
	var c cost
	letters := len(b)
	weight := float32(.35) / 32
	if w.Flags&words.Capital != 0 && w.Gap < words.Stop && !r.text.Shout {
		weight /= 3 // a name says little
	}
	if bits := l.known[string(b)]; bits != 0 { // says it all
		for j := range c {
			if bits&(1<<j) == 0 {
				c[j] = smallWord
			}
		}
	} else {
		letters = l.sequences(&c, b, weight)
	}
	for j := range c {
		r.sum[j] += c[j]
	}
	r.costs = append(r.costs, c)
	return letters
}

// sequences weighs the three-letter sequences of a word and returns how many
// letters it has, 0 when some are of another script.
func (l Languages) sequences(c *cost, b []byte, weight float32) int {
	letters := len(b)
	var sums [langs]int32
	x, y := 0, 0
	for k := 0; k <= len(b); k++ {
		z := 0
		if k < len(b) {
			if z = int(b[k]) - 'a' + 1; z < 1 || z > 26 {
				z, letters = 0, 0
			}
		}
		if y != 0 || k == 1 {
			row := (*[langs]byte)(l.table[(x*729+y*27+z)*langs:])
			for j, v := range row {
				sums[j] += int32(v)
			}
		}
		x, y = y, z
	}
	for j, v := range sums {
		c[j] = float32(v) * weight
	}
	return letters
}

// marks weighs letters with marks and signs that few languages have.
func (l Languages) marks(r *reading, s string) {
	for i := 0; i < len(s); i++ {
		if s[i] < utf8.RuneSelf {
			continue
		}
		k, n := utf8.DecodeRuneInString(s[i:])
		i += n - 1
		var of string
		switch unicode.ToLower(k) {
		case 'ñ', '¿', '¡':
			of = "es"
		case 'á', 'í', 'ó', 'ú':
			of = "es pt ca it"
		case 'ã', 'õ':
			of = "pt ro"
		case 'ç', 'ê', 'â', 'à':
			of = "pt fr ca it ro"
		case 'è', 'ò':
			of = "it fr ca"
		case 'œ', 'ë', 'î', 'û':
			of = "fr nl ro"
		case 'ä', 'ö', 'ü':
			of = "de sv nl"
		case 'ß':
			of = "de"
		case 'å':
			of = "sv"
		case 'ł', 'ż', 'ź', 'ś', 'ć', 'ń', 'ą', 'ę':
			of = "pl"
		case 'ș', 'ț', 'ă', 'ş', 'ţ':
			of = "ro"
		default:
			continue
		}
		for j, t := range tags {
			if !strings.Contains(of, t) {
				r.sum[j] += 2.5
			}
		}
	}
}

// judge says what the words come to.
func (r *reading) judge() ad.Language {
	best := 0
	for j := range r.sum {
		if j > 1 {
			r.sum[j] += prior
		}
		if r.sum[j] < r.sum[best] {
			best = j
		}
	}
	total := 0.0
	for _, v := range r.sum {
		total += math.Exp(float64(r.sum[best]-v) * .8)
	}
	p := 1 / total
	if len(r.costs) == 0 || p < .5 {
		return ad.Language{Tag: Undetermined, P: math.Round(100*(1-p)) / 100}
	}
	v := ad.Language{Tag: tags[best], P: math.Round(100*min(p, .99)) / 100}
	if j := r.second(best); j >= 0 {
		v.Other = tags[j]
	}
	return v
}

// second is the language of the longest stretch that is clearly in another one
// than best, -1 for none.
func (r *reading) second(best int) int {
	other, top := -1, float32(secondWins)
	for j := range langs {
		if j == best {
			continue
		}
		wins := float32(secondWins)
		if j > 1 {
			wins += prior * 2
		}
		var run, peak float32
		n, width := 0, 0
		for _, c := range r.costs {
			run += c[best] - c[j]
			n++
			if run <= 0 {
				run, n = 0, 0
			}
			if run > peak {
				peak, width = run, n
			}
		}
		if peak > wins && peak > top && width >= secondWords && float64(width) >= secondShare*float64(len(r.costs)) {
			other, top = j, peak
		}
	}
	return other
}

// scripts name the language that a script is most often used for.
var scripts = []struct {
	tag string
	of  *unicode.RangeTable
}{
	{"ru", unicode.Cyrillic}, {"zh", unicode.Han}, {"ja", unicode.Hiragana}, {"ja", unicode.Katakana}, {"ko", unicode.Hangul},
	{"th", unicode.Thai}, {"ar", unicode.Arabic}, {"hi", unicode.Devanagari}, {"el", unicode.Greek}, {"he", unicode.Hebrew},
}

// foreign counts letters of other scripts by language.
func foreign(n map[string]int, s string) map[string]int {
	for _, k := range s {
		if k < 0x370 || !unicode.IsLetter(k) {
			continue
		}
		for _, sc := range scripts {
			if unicode.Is(sc.of, k) {
				if n == nil {
					n = map[string]int{}
				}
				n[sc.tag]++
				break
			}
		}
	}
	return n
}

func most(n map[string]int) (tag string, top int) {
	for t, k := range n {
		if k > top || k == top && t < tag {
			tag, top = t, k
		}
	}
	return tag, top
}
