package indicator

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"vigil.example/internal/ad"
)

//go:embed rules/*.yaml
var builtin embed.FS

// A File is a file of rules: part of a library.
type File struct {
	Name string
	Src  []byte
}

// A document is what a file of rules holds.
type document struct {
	Lang     string             `yaml:"lang"`
	Taxonomy []Kind             `yaml:"taxonomy"`
	Classes  []map[string]words `yaml:"classes"`
	Numbers  map[string]int32   `yaml:"numbers"`
	Expand   map[string]string  `yaml:"expand"`
	Contexts []Context          `yaml:"contexts"`
	Rules    []Rule             `yaml:"rules"`
}

// words is the entries of a class, parted by spaces.
type words struct {
	text string
	line int
}

func (w *words) UnmarshalYAML(n ast.Node) error {
	w.line = n.GetToken().Position.Line
	return yaml.NodeToValue(n, &w.text)
}

// A Pattern is the source of a pattern and the line it stands on.
type Pattern struct {
	Source string
	Line   int
}

// UnmarshalYAML keeps the line for what is said of the pattern later.
func (p *Pattern) UnmarshalYAML(n ast.Node) error {
	p.Line = n.GetToken().Position.Line
	return yaml.NodeToValue(n, &p.Source)
}

// A Kind is one category and sub of the taxonomy, and what is known about it.
type Kind struct {
	Category   string      `yaml:"category"`
	Sub        string      `yaml:"sub"`
	Strength   ad.Strength `yaml:"strength"`
	Definition string      `yaml:"definition"`
	Source     string      `yaml:"source"`     // with date and population
	Counter    string      `yaml:"counter"`    // evidence against it
	Harm       string      `yaml:"harm"`       // who is hurt when it is wrong
	Lookalikes string      `yaml:"lookalikes"` // innocent text that looks the same
	Needs      []string    `yaml:"needs"`      // contexts one of which must be there
	Not        []string    `yaml:"not"`        // contexts none of which may be there
}

// A Context is a setting of a text, found by patterns as a rule is.
type Context struct {
	Name     string    `yaml:"name"`
	Sentence bool      `yaml:"sentence"` // holds for its own sentence only
	Void     bool      `yaml:"void"`     // nothing is read in its own words
	Default  bool      `yaml:"default"`  // holds too where none of the settings in Unless does
	Unless   []string  `yaml:"unless"`   // contexts that it gives way to
	Patterns []Pattern `yaml:"patterns"`
}

// A Rule is one way in which something is said in one language. What it leaves
// out it has from its kind.
type Rule struct {
	ID         string      `yaml:"id"`
	Kind       string      `yaml:"kind"` // category/sub
	Strength   ad.Strength `yaml:"strength"`
	Definition string      `yaml:"definition"`
	Source     string      `yaml:"source"`
	Counter    string      `yaml:"counter"`
	Harm       string      `yaml:"harm"`
	Lookalikes string      `yaml:"lookalikes"`
	Negated    bool        `yaml:"negated"` // the negation is part of what it looks for
	Needs      []string    `yaml:"needs"`
	Not        []string    `yaml:"not"`
	Despite    []string    `yaml:"despite"` // contexts that rule out its kind and not it: its words tell enough
	Patterns   []Pattern   `yaml:"patterns"`
	Cases      Cases       `yaml:"cases"`

	Lang string `yaml:"-"`
	File string `yaml:"-"` // "name@digest" for files loaded at run time
}

// Cases are texts that a rule must fire on, the span between [[ and ]], and texts
// that nothing of its kind may be found in.
type Cases struct {
	Fire  []string `yaml:"fire"`
	Quiet []string `yaml:"quiet"`
}

// rule is a rule as the reader needs it.
type rule struct {
	id, category, sub string
	strength          ad.Strength
	needs, not        uint64
	negated           bool
	context           int // bit of the context that it finds, -1 for an indicator
	void              bool
	lang              uint8
}

// The languages that have rules.
const (
	langEN = 1 << iota
	langES
)

var languages = map[string]uint8{"en": langEN, "es": langES}

// A Library is a compiled set of rules. It is safe for concurrent use.
type Library struct {
	*sets
	Rules    []Rule
	Kinds    []Kind
	Digest   string // of every file in it, 12 hex digits
	patterns []pattern
	rules    []rule
	x        index
	contexts []Context
	unless   []uint64
	local    uint64 // contexts that hold for a sentence only
	fallback uint64 // contexts that hold where no other does
	number   []int32
	expand   map[string][]int32
	dict     dictionary
	starts   []bool // words that begin a phrase
	steps    steps  // from word to word of a phrase
	spelled  []bool // words that are phrases of patterns and nothing else

	neg, city, function, notName, given, units, half, of, twice, plus, minus, year, times int32
	negPost, subject, but, zero, repeat, functionEN, functionES                           int32

	model   *model
	readers sync.Pool
}

// builtinLibrary compiles the built-in rules once: they are a constant.
var builtinLibrary = sync.OnceValues(func() (*Library, error) { return New() })

// Default is the library that the program carries.
func Default() (*Library, error) { return builtinLibrary() }

// New compiles the built-in library and further files of rules on top of it.
func New(more ...File) (*Library, error) {
	var files []File
	err := fs.WalkDir(builtin, "rules", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := builtin.ReadFile(path)
		files = append(files, File{strings.TrimPrefix(path, "rules/"), src})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the built-in rules: %w", err)
	}
	l := &Library{sets: newSets(), expand: map[string][]int32{}}
	sum := sha256.New()
	var docs []document
	own := len(files)
	files = append(files, more...)
	for i, f := range files {
		sum.Write(f.Src)
		if i >= own {
			if err := screen(f); err != nil {
				return nil, err
			}
		}
		var d document
		if err := yaml.UnmarshalWithOptions(f.Src, &d, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read rules %s: %w", f.Name, placed(err))
		}
		if i >= own {
			digest := sha256.Sum256(f.Src)
			for k := range d.Rules {
				d.Rules[k].File = f.Name + "@" + hex.EncodeToString(digest[:6])
			}
		}
		docs = append(docs, d)
	}
	l.Digest = hex.EncodeToString(sum.Sum(nil)[:6])
	if err := l.build(files, docs, own); err != nil {
		return nil, err
	}
	l.readers.New = func() any { return &reader{lib: l} }
	if l.model, err = loadModel(); err != nil {
		return nil, err
	}
	for _, r := range l.Rules {
		if r.File != "" {
			if err := l.Check(r); err != nil {
				return nil, fmt.Errorf("read rules %s: rule %s: %w", r.File[:strings.LastIndexByte(r.File, '@')], r.ID, err)
			}
		}
	}
	return l, nil
}

// placed says an error of the YAML reader in one line, with the line of the file.
func placed(err error) error {
	y, ok := errors.AsType[yaml.Error](err)
	if !ok || y.GetToken() == nil {
		return err
	}
	return fmt.Errorf("line %d: %s", y.GetToken().Position.Line, y.GetMessage())
}

func (l *Library) build(files []File, docs []document, builtins int) error {
	numbers := map[string]int32{}
	for i, d := range docs {
		if d.Lang != "" && languages[d.Lang] == 0 {
			return fmt.Errorf("read rules %s: there is no language %q, but en and es", files[i].Name, d.Lang)
		}
		if i >= builtins {
			if err := l.admit(d); err != nil {
				return fmt.Errorf("read rules %s: %w", files[i].Name, err)
			}
		}
		l.Kinds = append(l.Kinds, d.Taxonomy...)
		words := len(l.names)
		for _, group := range d.Classes {
			for name, w := range group {
				if err := l.add(d.Lang, name, w.text); err != nil {
					return fmt.Errorf("read rules %s: line %d: %w", files[i].Name, w.line, err)
				}
				if i >= builtins && len(l.names)-words > maxWords {
					return fmt.Errorf("read rules %s: line %d: class %s: with it the file has %d words and their forms, at most %d are read", files[i].Name, w.line, name, len(l.names)-words, maxWords)
				}
			}
		}
		maps.Copy(numbers, d.Numbers)
		for w, to := range d.Expand {
			for part := range strings.FieldsSeq(to) {
				l.expand[w] = append(l.expand[w], l.word(part))
			}
		}
		for _, c := range d.Contexts {
			if l.contextBit(c.Name) == 0 {
				l.contexts = append(l.contexts, c)
			}
		}
	}
	if len(l.contexts) > 64 {
		return errors.New("read rules: more than 64 contexts")
	}
	for w := range numbers {
		l.word(w)
	}
	for i, d := range docs {
		if err := l.compile(files[i].Name, d); err != nil {
			return err
		}
	}
	own, err := l.common()
	if err != nil {
		return err
	}
	l.number = make([]int32, len(l.names))
	for i := range l.number {
		l.number[i] = -1
	}
	for w, n := range numbers {
		l.number[l.words[w]] = n
	}
	l.starts, l.spelled = make([]bool, len(l.names)), make([]bool, len(l.names))
	for step := range l.phrases {
		if step[0] == 0 {
			l.starts[step[1]] = true
		}
	}
	for w := range l.literal {
		l.spelled[w] = true
	}
	l.steps = newSteps(l.sets)
	for i := range l.patterns {
		p := &l.patterns[i]
		if p.firsts(l.sets); l.sets.size > maxMembers {
			return fmt.Errorf("read rules: pattern %.60q of %s: with it there are more than %d words in all sets", p.source, l.rules[p.rule].id, maxMembers)
		}
	}
	// Patterns that need the same stand side by side: the index keeps them by 64.
	slices.SortStableFunc(l.patterns, func(a, b pattern) int {
		return cmp.Or(cmp.Compare(a.lang, b.lang), slices.CompareFunc(a.needs, b.needs, slices.Compare))
	})
	l.index()
	l.seal(own)
	l.dict = newDictionary(l.sets, l.expand, numbers)
	return nil
}

// seal puts in place of every set the number by which it is known from now on.
func (l *Library) seal(own []*int32) {
	sealed := l.sets.seal()
	for _, set := range own {
		*set = sealed[*set]
	}
	for i := range l.patterns {
		for k := range l.patterns[i].code {
			switch in := &l.patterns[i].code[k]; in.op {
			case opWord, opNot:
				in.arg = sealed[in.arg]
			case opSplit, opGap, opGuard:
				if in.first != anything {
					in.first = sealed[in.first]
				}
			}
		}
	}
}

// common finds the classes that the reader itself needs, and says where their sets
// are kept.
func (l *Library) common() (own []*int32, err error) {
	for name, set := range map[string]*int32{
		"neg": &l.neg, "city": &l.city, "function": &l.function, "notname": &l.notName, "given": &l.given, "units": &l.units, "half": &l.half, "of": &l.of, "twice": &l.twice,
		"plus": &l.plus, "minus": &l.minus, "year": &l.year, "times": &l.times, "negpost": &l.negPost, "subject": &l.subject, "but": &l.but, "zero": &l.zero, "repeat": &l.repeat,
	} {
		all := append(slices.Clone(l.classes["en."+name]), l.classes["es."+name]...)
		if name == "given" {
			all = append(all, l.classes["es.nombre"]...)
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("read rules: no class %s in any language", name)
		}
		l.classes["."+name] = all
		*set, _ = l.sets.of("", []string{"<" + name + ">"})
		own = append(own, set)
	}
	if l.functionEN, err = l.sets.of("en", []string{"<function>"}); err != nil {
		return nil, err
	}
	if l.functionES, err = l.sets.of("es", []string{"<function>"}); err != nil {
		return nil, err
	}
	return append(own, &l.functionEN, &l.functionES), nil
}

// contextBit is the bit of a context, 0 when there is none of that name.
func (l *Library) contextBit(name string) uint64 {
	i := slices.IndexFunc(l.contexts, func(c Context) bool { return c.Name == name })
	if i < 0 {
		return 0
	}
	return 1 << i
}

func (l *Library) contextBits(names []string) (bits uint64, err error) {
	for _, n := range names {
		b := l.contextBit(n)
		if b == 0 {
			return 0, fmt.Errorf("there is no context %q", n)
		}
		bits |= b
	}
	return bits, nil
}

// compile turns the contexts and rules of one file into patterns.
func (l *Library) compile(file string, d document) error {
	lang := languages[d.Lang]
	for _, c := range d.Contexts {
		bit := l.contextBit(c.Name)
		unless, err := l.contextBits(c.Unless)
		if err != nil {
			return fmt.Errorf("read rules %s: context %s: %w", file, c.Name, err)
		}
		k := slices.IndexFunc(l.contexts, func(o Context) bool { return o.Name == c.Name })
		for len(l.unless) <= k {
			l.unless = append(l.unless, 0)
		}
		l.unless[k] |= unless
		if c.Default {
			l.fallback |= bit
		}
		if c.Sentence {
			l.local |= bit
		}
		if err := l.patternsOf(d.Lang, c.Patterns); err != nil {
			return fmt.Errorf("read rules %s: context %s: %w", file, c.Name, err)
		}
		l.rules = append(l.rules, rule{id: c.Name, context: k, lang: lang, negated: true, void: l.contexts[k].Void})
	}
	own, words := len(l.patterns), len(l.names)
	for _, r := range d.Rules {
		before := len(l.patterns)
		err := l.rule(d.Lang, r)
		if err == nil && r.File != "" {
			err = l.room(r, before, own, words)
		}
		if err != nil {
			return fmt.Errorf("read rules %s: rule %s: %w", file, r.ID, err)
		}
	}
	return nil
}

func (l *Library) patternsOf(lang string, patterns []Pattern) error {
	for _, src := range patterns {
		p, err := compile(src.Source, lang, l.sets)
		if err != nil {
			return fmt.Errorf("line %d: %w", src.Line, err)
		}
		p.rule, p.lang = int32(len(l.rules)), languages[lang]
		l.patterns = append(l.patterns, *p)
	}
	return nil
}

func (l *Library) rule(lang string, r Rule) error {
	i := slices.IndexFunc(l.Kinds, func(k Kind) bool { return k.Category+"/"+k.Sub == r.Kind })
	switch {
	case r.ID == "":
		return errors.New("it has no id")
	case lang == "":
		return errors.New("the file gives no lang")
	case slices.ContainsFunc(l.Rules, func(o Rule) bool { return o.ID == r.ID }):
		return errors.New("another rule has this id")
	case i < 0:
		return fmt.Errorf("there is no kind %q in the taxonomy", r.Kind)
	case len(r.Cases.Fire) == 0:
		return errors.New("it has no case that it must fire on")
	}
	k := l.Kinds[i]
	sourced := strings.TrimSpace(r.Source) != "" || r.File == ""
	for _, f := range []struct {
		own  *string
		kind string
	}{{&r.Definition, k.Definition}, {&r.Source, k.Source}, {&r.Counter, k.Counter}, {&r.Harm, k.Harm}, {&r.Lookalikes, k.Lookalikes}} {
		if *f.own == "" {
			*f.own = f.kind
		}
	}
	switch {
	case !slices.Contains(strengths, r.Strength):
		return fmt.Errorf("there is no strength %q, but strong, moderate, weak and excluded", r.Strength)
	case r.Strength == "":
		r.Strength = k.Strength
	case k.Strength == ad.Excluded && r.Strength != ad.Excluded:
		return fmt.Errorf("%s never weighs: leave strength out", r.Kind)
	}
	if r.Needs == nil {
		r.Needs = k.Needs
	}
	needs, err := l.contextBits(r.Needs)
	if err != nil {
		return err
	}
	not, err := l.contextBits(slices.Concat(k.Not, r.Not))
	if err != nil {
		return err
	}
	despite, err := l.contextBits(r.Despite)
	if err != nil {
		return err
	}
	not &^= despite
	r.Lang = lang
	if err := l.patternsOf(lang, r.Patterns); err != nil {
		return err
	}
	if !sourced {
		return errors.New("it gives no source: say where its words come from, with date and population")
	}
	id := r.ID
	if r.File != "" {
		id += " of " + r.File
	}
	l.Rules = append(l.Rules, r)
	l.rules = append(l.rules, rule{
		id: id, category: k.Category, sub: k.Sub, strength: r.Strength, needs: needs, not: not, negated: r.Negated, context: -1, lang: languages[lang],
	})
	return nil
}
