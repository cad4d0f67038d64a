package indicator

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	yamltoken "github.com/goccy/go-yaml/token"

	"vigil.example/internal/ad"
)

// What a file of rules of an agency may hold: such a file is not trusted, and must
// cost neither memory nor time beyond these bounds.
const (
	maxFile    = 256 << 10 // bytes
	maxNested  = 32        // lists and maps one inside the other
	maxColumn  = 100       // of a key that stands by its indentation
	maxRules   = 500
	maxRule    = 20_000  // instructions of the patterns of one rule
	maxAll     = 100_000 // instructions of the patterns of one file
	maxWords   = 20_000  // words that one file adds
	maxMembers = 8 << 20 // words in all sets of a library
)

// screen refuses what should not even be parsed.
func screen(f File) error {
	switch {
	case !regexp.MustCompile(`^[\w][\w. -]{0,99}$`).MatchString(f.Name):
		return fmt.Errorf("read rules %q: name the file in letters, digits, dots and dashes", f.Name)
	case len(f.Src) > maxFile:
		return fmt.Errorf("read rules %s: it has %d bytes, at most %d are read", f.Name, len(f.Src), maxFile)
	case len(strings.TrimSpace(string(f.Src))) == 0:
		return fmt.Errorf("read rules %s: the file is empty", f.Name)
	case !utf8.Valid(f.Src):
		return fmt.Errorf("read rules %s: it is not UTF-8", f.Name)
	}
	for n, line := range strings.Split(string(f.Src), "\n") {
		if err := printable(strings.TrimSuffix(line, "\r")); err != nil {
			return fmt.Errorf("read rules %s: line %d: %w", f.Name, n+1, err)
		}
		// The parser's time grows with the square of such nesting.
		if strings.Count(line, "[")+strings.Count(line, "{") > 100*maxNested || strings.Count(line, "- -") > maxNested {
			return fmt.Errorf("read rules %s: line %d: it is nested too deep", f.Name, n+1)
		}
	}
	depth, entries, line := 0, 0, 0
	for _, t := range lexer.Tokenize(string(f.Src)) {
		if t.Position.Line != line {
			entries, line = 0, t.Position.Line
		}
		switch t.Type {
		case yamltoken.SequenceStartType, yamltoken.MappingStartType:
			depth++
		case yamltoken.SequenceEndType, yamltoken.MappingEndType:
			depth--
		case yamltoken.SequenceEntryType:
			entries++
		case yamltoken.AnchorType, yamltoken.AliasType, yamltoken.MergeKeyType, yamltoken.TagType, yamltoken.MappingKeyType, yamltoken.DirectiveType:
			return fmt.Errorf("read rules %s: line %d: %q: a file of rules has no anchors, aliases, tags and directives", f.Name, line, t.Value)
		}
		if depth > maxNested || entries > maxNested || depth == 0 && t.Type == yamltoken.MappingValueType && t.Position.Column > maxColumn {
			return fmt.Errorf("read rules %s: line %d: it is nested too deep", f.Name, line)
		}
	}
	return nil
}

// printable refuses characters that would change how a terminal or page shows the
// rest.
func printable(s string) error {
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || 0x202A <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069 {
			return fmt.Errorf("the character %U would change how the rest is shown", r)
		}
	}
	return nil
}

var (
	idForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	strengths = []ad.Strength{"", ad.Strong, ad.Moderate, ad.Weak, ad.Excluded}
)

// admit refuses what a file of an agency may not say.
func (l *Library) admit(d document) error {
	switch {
	case len(d.Rules) == 0:
		return errors.New("it has no rules")
	case len(d.Rules) > maxRules:
		return fmt.Errorf("it has %d rules, at most %d are read", len(d.Rules), maxRules)
	case len(d.Taxonomy) > 0 || len(d.Numbers) > 0 || len(d.Expand) > 0:
		return errors.New("taxonomy, numbers and expand are the library's own: every rule names one of its kinds")
	}
	origins := l.origins()
	for _, group := range d.Classes {
		for name, w := range group {
			if _, ok := l.classes[d.Lang+"."+name]; ok {
				return fmt.Errorf("line %d: class %s is the library's own: give yours another name", w.line, name)
			}
			for entry := range strings.FieldsSeq(w.text) {
				if err := origins.none(strings.Trim(entry, "~+")); err != nil {
					return fmt.Errorf("line %d: class %s: %w", w.line, name, err)
				}
			}
		}
	}
	for _, c := range d.Contexts {
		for _, p := range c.Patterns {
			if err := origins.none(lex(p.Source)...); err != nil {
				return fmt.Errorf("context %q: line %d: %w", c.Name, p.Line, err)
			}
		}
	}
	for _, r := range d.Rules {
		if !idForm.MatchString(r.ID) {
			return fmt.Errorf("rule %q: an id is small letters, digits, dots and dashes, 64 at most", r.ID)
		}
		for _, text := range slices.Concat([]string{r.Definition, r.Source, r.Counter, r.Harm, r.Lookalikes}, r.Cases.Fire, r.Cases.Quiet) {
			if err := printable(text); err != nil { // written as an escape
				return fmt.Errorf("rule %s: %w", r.ID, err)
			}
		}
		if strings.HasPrefix(r.Kind, ethnicity+"/") {
			continue
		}
		for _, p := range r.Patterns {
			if err := origins.none(lex(p.Source)...); err != nil {
				return fmt.Errorf("rule %s: line %d: %w", r.ID, p.Line, err)
			}
		}
	}
	return nil
}

// A heritage is the words of ethnicity and nationality.
type heritage map[string]bool

func (l *Library) origins() heritage {
	out := heritage{}
	for lang := range languages {
		for _, w := range l.classes[lang+".ethnic"] {
			out[l.names[w]] = true
		}
	}
	for w := range strings.FieldsSeq(nationalities) {
		inflect("en", "+"+w, func(form string) { out[form] = true })
		inflect("es", "+"+w, func(form string) { out[form] = true })
	}
	return out
}

// none refuses parts of a pattern that say ethnicity or nationality: what weighs
// may not rest on them, not even among other words.
func (h heritage) none(parts ...string) error {
	before := ""
	for _, p := range parts {
		w := strings.Trim(strings.TrimPrefix(p, "~"), "!")
		class := w == "<ethnic>"
		for part := range strings.SplitSeq(w, "_") {
			part, _, _ = strings.Cut(part, ":")
			class = class || h[part] || h[before+"_"+part]
			before = part
		}
		if class || h[w] {
			return fmt.Errorf("%q may be a word of ethnicity or nationality, and nothing that weighs rests on one: leave it out", w)
		}
	}
	return nil
}

// nationalities are words of origin beside the classes of ethnicity, which people
// of the library keep for marketing.
const nationalities = `american british english irish scottish welsh french german dutch belgian swiss austrian portuguese greek turkish kurdish
swedish norwegian danish finnish icelandic estonian latvian lithuanian belarusian moldovan romanian bulgarian serbian croatian bosnian albanian
macedonian slovenian slovak czech hungarian georgian armenian azeri kazakh uzbek kyrgyz tajik turkmen afghan pakistani bangladeshi nepali nepalese
lankan burmese cambodian laotian malaysian indonesian filipino filipina singaporean taiwanese mongolian tibetan hmong uyghur iranian iraqi syrian
lebanese palestinian israeli jewish jordanian saudi yemeni egyptian libyan tunisian algerian moroccan sudanese ethiopian eritrean somali kenyan
ugandan tanzanian rwandan congolese cameroonian nigerian ghanaian senegalese malian ivorian liberian gambian angolan mozambican zimbabwean zambian
malagasy australian maori samoan tongan fijian hawaiian polynesian canadian guatemalan honduran salvadoran salvadorean nicaraguan panamanian
ecuadorian peruvian bolivian chilean argentine argentinian uruguayan paraguayan guyanese surinamese trinidadian barbadian bahamian belizean creole
roma romani gypsy gitano gitana navajo cherokee mestizo mulatto latino chicano chicana chicanx latinx muslim hindu sikh
negro moreno mulato gringo americano ingles frances aleman italiano portugues griego turco ruso polaco ucraniano rumano bulgaro hungaro chino japones
coreano vietnamita tailandes filipino indio arabe marroqui africano nigeriano colombiano venezolano mexicano cubano dominicano puertorriqueno boricua
guatemalteco hondureno salvadoreno nicaraguense costarricense panameno ecuatoriano peruano boliviano chileno argentino uruguayo paraguayo brasileno
haitiano jamaiquino espanol europeo asiatico latinoamericano indigena gitano judio musulman`

// room refuses a rule, or the rules so far, that would cost too much.
func (l *Library) room(r Rule, before, own, words int) error {
	line := 0
	if len(r.Patterns) > 0 {
		line = r.Patterns[0].Line
	}
	size := func(from int) (n int) {
		for i := range l.patterns[from:] {
			n += len(l.patterns[from+i].code)
		}
		return n
	}
	switch n := len(l.names) - words; {
	case size(before) > maxRule:
		return fmt.Errorf("line %d: its patterns have %d parts, at most %d are read", line, size(before), maxRule)
	case size(own) > maxAll:
		return fmt.Errorf("line %d: with it the file has %d parts of patterns, at most %d are read", line, size(own), maxAll)
	case n > maxWords:
		return fmt.Errorf("line %d: with it the file has %d words and their forms, at most %d are read", line, n, maxWords)
	}
	return nil
}

// Check runs the cases of a rule and says which of them fails.
func (l *Library) Check(r Rule) error {
	category, sub, _ := strings.Cut(r.Kind, "/")
	for _, c := range r.Cases.Fire {
		before, rest, ok := strings.Cut(c, "[[")
		inside, after, ok2 := strings.Cut(rest, "]]")
		if !ok || !ok2 || inside == "" {
			return fmt.Errorf("case %q marks no words: put [[ and ]] around what must be found", c)
		}
		from := utf8.RuneCountInString(before)
		to := from + utf8.RuneCountInString(inside)
		got := l.Read(before+inside+after, Options{All: true})
		if !slices.ContainsFunc(got.Indicators, func(i ad.Indicator) bool {
			both := min(to, i.Span.End) - max(from, i.Span.Start)
			either := max(to, i.Span.End) - min(from, i.Span.Start)
			return i.Category == category && (i.Sub == sub || sub == "stated_minor_age") && 2*both >= either
		}) {
			return fmt.Errorf("case %q: %s is not found in %d to %d, but %s in the settings %v", c, r.Kind, from, to, said(got.Indicators), got.Contexts())
		}
	}
	for _, c := range r.Cases.Quiet {
		for _, i := range l.Read(c, Options{All: true}).Indicators {
			if i.Category == category {
				return fmt.Errorf("case %q: nothing of %s may be found, but %q is by %s", c, category, i.Text, i.Rule)
			}
		}
	}
	return nil
}

func said(found []ad.Indicator) string {
	if len(found) == 0 {
		return "nothing"
	}
	var out []string
	for _, i := range found {
		out = append(out, fmt.Sprintf("%q by %s", i.Text, i.Rule))
	}
	return strings.Join(out, ", ")
}
