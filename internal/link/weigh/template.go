package weigh

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of the forms that are looked for in the texts of one poster.
const (
	MaxFormTexts = 400 // that are looked at, evenly out of all
	mostForms    = 5
	fewestOfForm = 2 // ads

	nearlyAll  = 0.7 // of the ads, who have a part as it is, for it to be no slot
	ofForm     = 0.5 // of the words of a form that an ad must have
	ofText     = 0.3 // of the words of an ad that must be of the form
	mediumWord = 6   // letters; longer words say no more
)

// A Template is the forms that the texts of several ads are made from.
type Template struct {
	Forms []Form `json:"forms"` // most ads first
	Texts int    `json:"texts"` // that were given and have words
	Read  int    `json:"read"`  // of them, that were looked at
	Rest  int    `json:"rest"`  // of those, made from no form that is listed
}

// A Form is a text with slots. Whatever stands in its parts, one behind the other, is
// the text of an ad, but for case and for the marks around words.
type Form struct {
	Ads   int    `json:"ads"` // that are made from it
	Parts []Part `json:"parts"`

	filled [][]int32 // of each ad: which fill of each part
	of     []int     // the ads, by their place in what was given
}

// The kinds of parts.
const (
	Same   = "same"   // all ads have it as it is
	Nearly = "nearly" // most have it as it is, the others edited
	Slot   = "slot"   // what stands there varies
)

// A Part is a run of words of a form.
type Part struct {
	Kind  string `json:"kind"`            // same, nearly or slot
	Text  string `json:"text"`            // what most ads have there, nothing among it
	Fills []Fill `json:"fills,omitempty"` // what ads have there, most ads first; of what is the same none
}

// A Fill is what stands in a part.
type Fill struct {
	Text string `json:"text"`
	Ads  int    `json:"ads"`
}

// Forms finds the forms that texts are made from. Words are compared without case
// and without the marks around them. Of more than MaxFormTexts texts an even sample is
// looked at. It takes time in proportion to the texts and to the square of a text's
// words, of which the first 400 are read.
func Forms(texts []string) Template {
	w := wording{ids: map[string]int32{}}
	var all []wordy
	for i, s := range texts {
		if t := w.read(s); len(t.raw) > 0 {
			t.place = i
			all = append(all, t)
		}
	}
	out := Template{Forms: []Form{}, Texts: len(all)}
	if n := len(all); n > MaxFormTexts {
		some := make([]wordy, MaxFormTexts)
		for i := range some {
			some[i] = all[i*n/MaxFormTexts]
		}
		all = some
	}
	out.Read = len(all)
	for range mostForms {
		if len(all) < fewestOfForm {
			break
		}
		f, rest := w.form(all)
		if f.Ads < fewestOfForm {
			break
		}
		out.Forms, all = append(out.Forms, f), rest
	}
	out.Rest = len(all)
	slices.SortStableFunc(out.Forms, func(a, b Form) int { return cmp.Compare(b.Ads, a.Ads) })
	return out
}

// Of are the ads that are made from the form, by their place in what was given.
func (f *Form) Of() []int { return f.of }

// Filled is what stands in the parts in the k-th ad of the form.
func (f *Form) Filled(k int) []string {
	out := make([]string, len(f.Parts))
	for i, p := range f.Parts {
		out[i] = p.Text
		if n := f.filled[k][i]; n >= 0 {
			out[i] = p.Fills[n].Text
		}
	}
	return out
}

// wording numbers words.
type wording struct {
	ids  map[string]int32
	says []int16 // how much it says that two texts have a word
}

// A wordy is a text in words.
type wordy struct {
	place int
	raw   []string
	ids   []int32
}

// plainWord is a word as it is compared.
func plainWord(s string) string {
	in := strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if in == "" {
		return s
	}
	return strings.ToLower(in)
}

func (w *wording) read(s string) (t wordy) {
	for word := range strings.FieldsSeq(s) {
		if len(t.raw) == maxWords {
			break
		}
		plain := plainWord(word)
		id := intern(w.ids, plain)
		if int(id) == len(w.says) {
			w.says = append(w.says, int16(min(utf8.RuneCountInString(plain), mediumWord)))
		}
		t.raw, t.ids = append(t.raw, word), append(t.ids, id)
	}
	return t
}

// form finds the form that most of the texts seem to be made from, and the texts that
// are not.
func (w *wording) form(texts []wordy) (f Form, rest []wordy) {
	r := middle(texts)
	var rows [][][]string // of each ad: what it has in each column
	for _, t := range texts {
		at := w.align(r.ids, t.ids)
		both := 0
		for _, i := range at {
			if i >= 0 {
				both++
			}
		}
		if float64(both) < ofForm*float64(len(r.ids)) || float64(both) < ofText*float64(len(t.ids)) {
			rest = append(rest, t)
			continue
		}
		rows, f.of = append(rows, columns(at, t)), append(f.of, t.place)
	}
	f.Ads = len(rows)
	f.filled = make([][]int32, len(rows))
	for _, p := range runsOf(r, rows) {
		f.add(p, r, rows)
	}
	return f, rest
}

// middle is the text that shares most pairs of words with the others.
func middle(texts []wordy) wordy {
	often := map[[2]int32]int{}
	each := func(t wordy, see func([2]int32)) {
		seen := map[[2]int32]bool{}
		for i, id := range t.ids {
			p := [2]int32{-1, id}
			if i > 0 {
				p[0] = t.ids[i-1]
			}
			if !seen[p] {
				seen[p] = true
				see(p)
			}
		}
	}
	for _, t := range texts {
		each(t, func(p [2]int32) { often[p]++ })
	}
	best, most := 0, -1.0
	for i, t := range texts {
		sum, n := 0, 0
		each(t, func(p [2]int32) { sum += often[p] - 1; n++ })
		if is := float64(sum) / float64(n+8); is > most {
			best, most = i, is
		}
	}
	return texts[best]
}

// align says for each word of r which one of t it is, -1 for none, so that together
// they say most.
func (w *wording) align(r, t []int32) []int {
	out := make([]int, len(r))
	for i := range out {
		out[i] = -1
	}
	from := 0
	for from < min(len(r), len(t)) && r[from] == t[from] {
		out[from] = from
		from++
	}
	to, ot := len(r), len(t)
	for to > from && ot > from && r[to-1] == t[ot-1] {
		to, ot = to-1, ot-1
		out[to] = ot
	}
	n, m := to-from, ot-from
	if n == 0 || m == 0 {
		return out
	}
	sum := make([]int16, (n+1)*(m+1)) // of what stands behind both
	for i := n - 1; i >= 0; i-- {
		row, next := sum[i*(m+1):(i+1)*(m+1)], sum[(i+1)*(m+1):]
		for j := m - 1; j >= 0; j-- {
			row[j] = max(row[j+1], next[j])
			if id := r[from+i]; id == t[from+j] {
				row[j] = max(row[j], next[j+1]+w.says[id])
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		at := sum[i*(m+1)+j]
		switch id := r[from+i]; {
		case id == t[from+j] && at == sum[(i+1)*(m+1)+j+1]+w.says[id]:
			out[from+i] = from + j
			i, j = i+1, j+1
		case at == sum[(i+1)*(m+1)+j]:
			i++
		default:
			j++
		}
	}
	return out
}

// columns puts the words of a text into columns: 2i+1 has what stands for the i-th
// word of the form, 2i what stands before it and for none.
func columns(at []int, t wordy) [][]string {
	out := make([][]string, 2*len(at)+1)
	next := 0 // word of t
	for i := 0; i <= len(at); {
		j := i // the next one that both have
		for j < len(at) && at[j] < 0 {
			j++
		}
		end := len(t.raw)
		if j < len(at) {
			end = at[j]
		}
		between := t.raw[next:end]
		switch {
		case j == i:
			out[2*i] = between
		case len(between) == j-i:
			for k := range between {
				out[2*(i+k)+1] = between[k : k+1]
			}
		default:
			out[2*i+1] = between
		}
		if j < len(at) {
			out[2*j+1] = t.raw[end : end+1]
		}
		next, i = end+1, j+1
	}
	return out
}

// A run is columns that are shown as one part.
type run struct {
	kind     string
	from, to int
}

// runsOf cuts the columns into runs: where all texts have the same words, where most
// have, and slots.
func runsOf(r wordy, rows [][][]string) (out []run) {
	for c := range 2*len(r.raw) + 1 {
		has := ""
		if c%2 == 1 {
			has = plainWord(r.raw[c/2])
		}
		same := 0
		for _, row := range rows {
			if len(row[c]) == 0 && has == "" || len(row[c]) == 1 && plainWord(row[c][0]) == has {
				same++
			}
		}
		kind := Slot
		switch {
		case same == len(rows) && has == "":
			continue // nobody puts anything there
		case same == len(rows):
			kind = Same
		case float64(same) >= nearlyAll*float64(len(rows)) && has != "":
			kind = Nearly
		}
		if n := len(out) - 1; n >= 0 && out[n].kind == kind {
			out[n].to = c + 1
			continue
		}
		out = append(out, run{kind, c, c + 1})
	}
	return dissolve(r, out)
}

// dissolve makes one slot of two with one short word between them, which is there by
// chance.
func dissolve(r wordy, runs []run) (out []run) {
	for i, p := range runs {
		n := len(out) - 1
		if n >= 0 && out[n].kind == Slot {
			word := p.to-p.from == 1 && p.from%2 == 1 && utf8.RuneCountInString(plainWord(r.raw[p.from/2])) <= 3
			if p.kind == Slot || p.kind != Slot && word && i+1 < len(runs) && runs[i+1].kind == Slot {
				out[n].to = p.to
				continue
			}
		}
		out = append(out, p)
	}
	return out
}

// add adds a part to a form.
func (f *Form) add(p run, r wordy, rows [][][]string) {
	part := Part{Kind: p.kind}
	if p.kind == Same {
		var words []string
		for c := p.from; c < p.to; c++ {
			if c%2 == 1 {
				words = append(words, r.raw[c/2])
			}
		}
		part.Text = strings.Join(words, " ")
		f.Parts = append(f.Parts, part)
		for k := range f.filled {
			f.filled[k] = append(f.filled[k], -1)
		}
		return
	}
	at := map[string]int32{}
	which := make([]int32, len(rows))
	for k, row := range rows {
		var raw, plain []string
		for _, ws := range row[p.from:p.to] {
			for _, word := range ws {
				raw, plain = append(raw, word), append(plain, plainWord(word))
			}
		}
		n := intern(at, strings.Join(plain, " "))
		if int(n) == len(part.Fills) {
			part.Fills = append(part.Fills, Fill{Text: strings.Join(raw, " ")})
		}
		part.Fills[n].Ads++
		which[k] = n
	}
	order := make([]int32, len(part.Fills))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(part.Fills[b].Ads, part.Fills[a].Ads) })
	sorted, to := make([]Fill, len(order)), make([]int32, len(order))
	for i, n := range order {
		sorted[i], to[n] = part.Fills[n], int32(i)
	}
	part.Fills, part.Text = sorted, sorted[0].Text
	f.Parts = append(f.Parts, part)
	for k := range f.filled {
		f.filled[k] = append(f.filled[k], to[which[k]])
	}
}
