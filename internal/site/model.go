package site

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"vigil.example/internal/ad"
)

// Model says which words of its pages are a site's own. It is learned from a sample
// of the site's ads and is a function of that; its version changes when what it
// marks changes by more than a little.
type Model struct {
	V        int       `json:"v"`
	Site     string    `json:"site"`
	Version  int       `json:"version"` // 1, 2, …; 0 when nothing could be said yet
	Digest   string    `json:"digest"`  // of grams and values
	Since    time.Time `json:"since"`   // when this version was learned
	Listings int       `json:"listings"`
	Owners   Owners    `json:"owners"`
	Phrases  []Phrase  `json:"phrases,omitempty"` // what it marks in the sample, commonest first
	Before   []Past    `json:"before,omitempty"`  // earlier versions, newest first
	Grams    []uint32  `json:"grams,omitempty"`   // sorted
	Values   []uint64  `json:"values,omitempty"`  // digests of contacts that the site gives on its pages, sorted
	words    Words
}

// A Phrase is words of the site, and how many listings of the sample say them. A
// number that may be called is written as #.
type Phrase struct {
	Text     string `json:"text"`
	Listings int    `json:"listings"`
}

// A Past is an earlier version of a model.
type Past struct {
	Version int       `json:"version"`
	Digest  string    `json:"digest"`
	Since   time.Time `json:"since"`
}

// A Sheet is what learning needs of an ad.
type Sheet struct {
	Title, Body string
	Values      []ad.Value // numbers and other contacts that it gives
	Model       ad.SiteModel
}

// Bounds of a model and of what it is learned from.
const (
	MaxSheets  = 1000    // that are looked at
	sheetWords = 1500    // of one sheet: its beginning and its end
	allWords   = 600_000 // of all
	maxGrams   = 8000    // a site that says more on every page has pages that hardly differ
	maxPhrases = 40
	maxPhrase  = 300 // code points
	maxBefore  = 20

	// drift is the share of the marked words that has to change for a new version.
	drift = .05
)

// Learn learns from a sample of a site's ads. Before is the model in use, or the
// zero value. It returns the model to use from now on, and whether that is another
// version. What is the site's is said by a fifth of its owners, and by LeastOwners of
// them, in the one view and in the other: a few people who post together say the same,
// too, and on a small site they are many of its owners. While there are not as many
// owners at all, nothing can be said, and the model stays as it is.
func Learn(name string, sample []Sheet, before Model, now time.Time) (Model, bool) {
	texts, pages := read(sample)
	words, owners, byText := learn(pages, LeastOwners)
	if owners.Contacts < LeastOwners || owners.Texts < LeastOwners || len(words) > maxGrams {
		return before, false
	}
	m := Model{
		V: ad.Schema, Site: name, Since: now.UTC(), Listings: len(pages), Owners: owners,
		Grams: slices.Sorted(maps.Keys(words)), words: words,
	}
	m.Values = ownValues(sample[:len(pages)], pages, byText, owners)
	m.Digest = digest(m.Grams, m.Values)
	if slices.Equal(m.Values, before.Values) && before.Version > 0 && changed(texts, before.words, words) <= drift {
		return before, false
	}
	// The bucket may be younger than the ads: of what they name, nothing is named again.
	m.Version = before.Version + 1
	for _, s := range sample {
		if s.Model.Version > 0 && s.Model.Digest == m.Digest && before.Version == 0 {
			m.Version = s.Model.Version
			break
		}
		m.Version = max(m.Version, s.Model.Version+1)
	}
	if m.Phrases = phrases(sample[:len(texts)], words); len(m.Phrases)+len(m.Values) == 0 && before.Version == 0 {
		return before, false // a label here and there, which is read with what it labels
	}
	if before.Version > 0 {
		m.Before = append([]Past{{before.Version, before.Digest, before.Since}}, before.Before...)
		m.Before = m.Before[:min(len(m.Before), maxBefore)]
	}
	return m, true
}

// read splits the sample into words, and finds who seems to own each page: of the
// values that it gives the rarest, because others may be the site's.
func read(sample []Sheet) (texts [][]token, pages []Page) {
	carriers := map[ad.Value]int{}
	for _, s := range sample {
		for _, v := range s.Values {
			carriers[v]++
		}
	}
	owners := map[ad.Value]uint64{}
	left := allWords
	for _, s := range sample {
		ts := tokens(nil, s.Title)
		ts = append(ts, token{word: 2}) // no gram goes over it alike on every page
		ts = tokens(ts, s.Body)
		if n := len(ts); n > sheetWords {
			ts = slices.Delete(ts, sheetWords/2, n-sheetWords/2)
		}
		if left -= len(ts); left < 0 {
			break
		}
		p := Page{Words: make([]uint32, len(ts)), Numbers: make([]uint32, len(ts))}
		for i, t := range ts {
			p.Words[i], p.Numbers[i] = t.word, t.number
		}
		if len(s.Values) > 0 {
			v := slices.MinFunc(s.Values, func(a, b ad.Value) int {
				return cmp.Or(carriers[a]-carriers[b], strings.Compare(a.Kind, b.Kind), strings.Compare(a.Value, b.Value))
			})
			if owners[v] == 0 {
				owners[v] = uint64(len(owners) + 1)
			}
			p.Owner = owners[v]
		}
		texts, pages = append(texts, ts), append(pages, p)
	}
	return texts, pages
}

// changed is the share of words that only one of two sets marks.
func changed(texts [][]token, a, b Words) float64 {
	one, any := 0, 0
	for _, ts := range texts {
		x, y := a.marked(ts), b.marked(ts)
		for i := range ts {
			inA, inB := x != nil && x[i], y != nil && y[i]
			if inA || inB {
				any++
			}
			if inA != inB {
				one++
			}
		}
	}
	return float64(one) / float64(max(any, 1))
}

func phrases(sample []Sheet, words Words) []Phrase {
	count := map[string]int{}
	for _, s := range sample {
		said := map[string]bool{}
		for _, text := range []string{s.Title, s.Body} {
			runes := []rune(text)
			for _, span := range words.Mark("", text) {
				said[masked(string(runes[span.Start:min(span.End, span.Start+maxPhrase)]))] = true
			}
		}
		for p := range said {
			count[p]++
		}
	}
	var out []Phrase
	for p, n := range count {
		out = append(out, Phrase{p, n})
	}
	slices.SortFunc(out, func(a, b Phrase) int { return cmp.Or(b.Listings-a.Listings, strings.Compare(a.Text, b.Text)) })
	return out[:min(len(out), maxPhrases)]
}

// masked hides numbers of seven digits and more, and is on one line.
func masked(s string) string {
	var b strings.Builder
	runes := []rune(strings.Join(strings.Fields(s), " "))
	for i := 0; i < len(runes); i++ {
		digits, last := 0, i
		for j := i; j < len(runes) && !unicode.IsLetter(runes[j]) && j-last < 4; j++ {
			if unicode.IsDigit(runes[j]) {
				digits, last = digits+1, j
			}
		}
		if digits >= 7 && unicode.IsDigit(runes[i]) {
			b.WriteByte('#')
			i = last
			continue
		}
		b.WriteRune(runes[i])
	}
	return b.String()
}

// ownValues are the contacts that owners give who have others of their own.
func ownValues(sample []Sheet, pages []Page, byText []uint64, owners Owners) []uint64 {
	type seen struct{ contacts, texts map[uint64]bool }
	by := map[ad.Value]seen{}
	for i, s := range sample {
		for _, v := range s.Values {
			x, ok := by[v]
			if !ok {
				x = seen{map[uint64]bool{}, map[uint64]bool{}}
				by[v] = x
			}
			x.contacts[pages[i].Owner], x.texts[byText[i]] = true, true
		}
	}
	enough := func(n, of int) bool { return n >= LeastOwners && float64(n) >= share*float64(of) }
	var out []uint64
	for v, x := range by {
		if enough(len(x.contacts), owners.Contacts) && enough(len(x.texts), owners.Texts) {
			out = append(out, valueDigest(v))
		}
	}
	slices.Sort(out)
	return out
}

func valueDigest(v ad.Value) uint64 {
	sum := sha256.Sum256([]byte(v.Kind + "\x00" + v.Value))
	return binary.BigEndian.Uint64(sum[:])
}

// Owns reports whether a contact is the site's and not a poster's.
func (m *Model) Owns(v ad.Value) bool {
	if m == nil || len(m.Values) == 0 {
		return false
	}
	_, ok := slices.BinarySearch(m.Values, valueDigest(v))
	return ok
}

func digest(grams []uint32, values []uint64) string {
	h := sha256.New()
	_ = binary.Write(h, binary.BigEndian, grams)
	_ = binary.Write(h, binary.BigEndian, values)
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// ReadModel reads a model as it is stored.
func ReadModel(raw []byte) (Model, error) {
	m, err := ad.Decode[Model](raw)
	if err != nil {
		return Model{}, fmt.Errorf("read model of a site's words: %w", err)
	}
	m.words = make(Words, len(m.Grams))
	for _, g := range m.Grams {
		m.words[g] = struct{}{}
	}
	return m, nil
}

// Words are the words of the model.
func (m *Model) Words() Words { return m.words }

// Mark says where an ad says its site's words. A model without a version says
// nothing.
func (m *Model) Mark(a *ad.Ad) *ad.SiteWords {
	if m == nil || m.Version == 0 {
		return nil
	}
	return &ad.SiteWords{
		SiteModel: ad.SiteModel{Version: m.Version, Digest: m.Digest},
		Spans:     append(m.words.Mark("title", a.Title), m.words.Mark("body", a.Body)...),
	}
}
