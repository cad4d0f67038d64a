package indicator

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The language of patterns, over tokens of one sentence:
//
//	word          the word itself, folded; a number stands for its digits
//	<class>       a word or phrase of a lexical class
//	@slot         minor, odd (a minor age in disguise), adult, number, amount, birthyear, place, name
//	(a b|<c>|d)   one of these
//	x?            x or nothing
//	..N           at most N tokens, none of them a negation
//	!x            what comes next is not x: a word, class or slot
//	^ $           the sentence begins or ends here
//
// A pattern that begins with ~ may run over the end of a sentence.
type opcode uint8

const (
	opWord    opcode = iota // a token of set arg
	opSlot                  // a slot
	opGap                   // at most arg tokens
	opSplit                 // x first, else y
	opJump                  // to x
	opNot                   // no token of set arg here
	opNotSlot               // nothing that fills the slot here
	opBegin                 // the sentence begins
	opEnd                   // the sentence ends
	opGuard                 // what follows cannot begin here unless a word of first or a slot of slots does
	opAccept                // found
)

type instruction struct {
	op    opcode
	slots uint8 // slots with which may begin what first is about
	arg   int32
	x, y  int32
	first int32 // set of words with which may begin: what stands at x of a split, what is behind a gap or a guard, the words from a word on; anything for all
}

// The slots.
const (
	slotMinor = iota
	slotOdd
	slotAdult
	slotNumber
	slotAmount
	slotBirthYear
	slotPlace
	slotName
)

var slots = map[string]int32{
	"minor": slotMinor, "odd": slotOdd, "adult": slotAdult, "number": slotNumber, "amount": slotAmount,
	"birthyear": slotBirthYear, "place": slotPlace, "name": slotName,
}

// A pattern is a program that is run at a token that may begin it, in a sentence that
// holds what it needs.
type pattern struct {
	source string
	code   []instruction
	needs  [][]int32 // sets of words, or kinds of slots: every text that it fits holds one of each; the rarest first
	across bool      // may run over the end of a sentence; then its first need stands in the last sentence
	rule   int32
	lang   uint8
}

const (
	anchorNumber = -1
	anchorName   = -2
	maxGap       = 8
	usual        = 250 // cost from which on looking for something spares nothing
	anything     = math.MinInt32
	maxSource    = 4000 // bytes of a pattern
	maxGroups    = 12   // one inside the other
)

// A compiler turns the source of one pattern into a program. set gives the
// number of the set that holds the words of a class or a word.
type compiler struct {
	src  []string
	at   int
	p    *pattern
	sets *sets
	lang string
	must [][]int32 // what must be there, in the alternative that is being read
	row  []string  // words one behind the other, read last
	at0  int       // instruction of the first of them
	deep int       // groups that are open
}

func compile(src, lang string, s *sets) (*pattern, error) {
	c := &compiler{p: &pattern{source: src}, sets: s, lang: lang}
	body, across := strings.CutPrefix(strings.TrimSpace(src), "~")
	c.p.across = across
	if len(src) > maxSource {
		return nil, fmt.Errorf("pattern %.60q...: it has %d bytes, at most %d are read", src, len(src), maxSource)
	}
	c.src = lex(body)
	if len(c.src) == 0 {
		return nil, errors.New("an empty pattern")
	}
	if err := c.alternatives(""); err != nil {
		return nil, fmt.Errorf("pattern %q: %w", src, err)
	}
	c.emit(instruction{op: opAccept})
	if len(c.must) == 0 {
		return nil, fmt.Errorf("pattern %q: nothing in it must be there", src)
	}
	slices.SortStableFunc(c.must, func(a, b []int32) int { return c.cost(a) - c.cost(b) })
	c.p.needs = c.must[:min(len(c.must), levels)]
	for n := len(c.p.needs); n > 1 && c.cost(c.p.needs[n-1]) >= usual; n-- {
		c.p.needs = c.p.needs[:n-1]
	}
	if across {
		c.p.needs = c.must[:1]
	}
	return c.p, nil
}

// lex cuts a pattern into its parts.
func lex(s string) []string {
	for _, sign := range []string{"(", ")", "|", "?"} {
		s = strings.ReplaceAll(s, sign, " "+sign+" ")
	}
	return strings.Fields(s)
}

func (c *compiler) emit(i instruction) int {
	c.p.code = append(c.p.code, i)
	return len(c.p.code) - 1
}

func (c *compiler) peek() string {
	if c.at < len(c.src) {
		return c.src[c.at]
	}
	return ""
}

// alternatives compiles up to the closing sign, which is left.
func (c *compiler) alternatives(closing string) error {
	if set, ok, err := c.simple(closing); ok || err != nil {
		if ok {
			c.word(set)
		}
		return err
	}
	many := c.several(closing)
	if many {
		c.emit(instruction{op: opGuard})
	}
	outer, either, all := c.must, []int32(nil), true
	var jumps []int
	for {
		split := -1
		if many {
			split = c.emit(instruction{op: opSplit})
			c.p.code[split].x = int32(len(c.p.code))
		}
		c.must = nil
		if err := c.sequence(); err != nil {
			return err
		}
		rarest := c.rarest()
		either, all = append(either, rarest...), all && rarest != nil
		if c.peek() != "|" {
			if split >= 0 {
				c.p.code[split] = instruction{op: opJump, x: int32(split + 1)}
			}
			break
		}
		c.at++
		jumps = append(jumps, c.emit(instruction{op: opJump}))
		c.p.code[split].y = int32(len(c.p.code))
	}
	for _, j := range jumps {
		c.p.code[j].x = int32(len(c.p.code))
	}
	if c.peek() != closing {
		return fmt.Errorf("a %q too many, or too few", ")")
	}
	switch {
	case !many:
		c.must = append(outer, c.must...)
	case all:
		c.must = append(outer, either)
	default:
		c.must = outer
	}
	return nil
}

// rarest chooses of what must be there what the fewest sentences hold.
func (c *compiler) rarest() (best []int32) {
	for _, anchors := range c.must {
		if best == nil || c.cost(anchors) < c.cost(best) {
			best = anchors
		}
	}
	return best
}

// cost says how many sentences hold one of what is given, roughly.
func (c *compiler) cost(anchors []int32) (n int) {
	for _, a := range anchors {
		switch a {
		case anchorName:
			n += 400
		case anchorNumber:
			n += 40
		default:
			n += c.sets.cost(a)
		}
	}
	return n
}

// several reports whether there is a "|" before the closing sign at this depth.
func (c *compiler) several(closing string) bool {
	depth := 0
	for _, s := range c.src[c.at:] {
		switch {
		case s == "(":
			depth++
		case s == ")" && depth == 0 && closing == ")":
			return false
		case s == ")":
			depth--
		case s == "|" && depth == 0:
			return true
		}
	}
	return false
}

// simple compiles a group of single words and classes into one set.
func (c *compiler) simple(closing string) (set int32, ok bool, err error) {
	if closing == "" {
		return 0, false, nil
	}
	i := c.at
	var names []string
	for ; i+1 < len(c.src); i += 2 {
		s := c.src[i]
		if s == ")" || strings.HasPrefix(s, "..") || strings.ContainsAny(s[:1], "@!^$(|?") {
			return 0, false, nil
		}
		names = append(names, s)
		if c.src[i+1] == ")" {
			set, err := c.sets.of(c.lang, names)
			c.at = i + 1
			return set, err == nil, err
		}
		if c.src[i+1] != "|" {
			return 0, false, nil
		}
	}
	return 0, false, nil
}

func (c *compiler) word(set int32) {
	c.emit(instruction{op: opWord, arg: set, first: anything})
	c.anchor(set)
}

// rowEnds makes a phrase of the words read one behind the other: looking for it
// says more than looking for each.
func (c *compiler) rowEnds() {
	if len(c.row) > 1 && !c.p.across {
		set := c.sets.literally(c.row)
		c.p.code[c.at0].first = set
		c.anchor(set)
	}
	c.row = c.row[:0]
}

func (c *compiler) anchor(a int32) { c.must = append(c.must, []int32{a}) }

func (c *compiler) sequence() error {
	c.row = c.row[:0]
	if c.at == len(c.src) || c.peek() == "|" || c.peek() == ")" {
		return errors.New("a group with nothing in it, or nothing on one side of a |")
	}
	for c.at < len(c.src) && c.peek() != "|" && c.peek() != ")" {
		word := c.peek()
		literal := !strings.ContainsAny(word[:1], "<@!^$(.?") && !strings.Contains(word, "_") && !c.optional()
		if !literal {
			c.rowEnds()
		} else if len(c.row) == 0 {
			c.at0 = len(c.p.code)
		}
		if err := c.item(); err != nil {
			return err
		}
		if literal {
			c.row = append(c.row, word)
		}
	}
	c.rowEnds()
	return nil
}

// item compiles one part, and the "?" behind it.
func (c *compiler) item() error {
	optional := c.optional()
	split := -1
	if optional {
		split = c.emit(instruction{op: opSplit})
		c.p.code[split].x = int32(split + 1)
	}
	must := c.must
	if err := c.part(); err != nil {
		return err
	}
	if optional {
		c.must = must
		if c.peek() != "?" {
			return errors.New("a ? in a place where nothing can be left out")
		}
		c.at++
		c.p.code[split].y = int32(len(c.p.code))
	}
	return nil
}

// optional reports whether a "?" stands behind the next part.
func (c *compiler) optional() bool {
	i, depth := c.at, 0
	for ; i < len(c.src); i++ {
		switch c.src[i] {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth <= 0 {
			break
		}
	}
	return i+1 < len(c.src) && c.src[i+1] == "?"
}

func (c *compiler) part() error {
	s := c.peek()
	c.at++
	switch {
	case s == "(":
		if c.deep++; c.deep > maxGroups {
			return fmt.Errorf("more than %d groups one inside the other", maxGroups)
		}
		if err := c.alternatives(")"); err != nil {
			return err
		}
		c.deep--
		c.at++
	case s == "?":
		return errors.New("a ? with nothing before it")
	case s == "^":
		c.emit(instruction{op: opBegin})
	case s == "$":
		c.emit(instruction{op: opEnd})
	case strings.HasPrefix(s, ".."):
		n, err := strconv.Atoi(s[2:])
		if err != nil || n < 1 || n > maxGap {
			return fmt.Errorf("%q is no gap: write ..1 to ..%d", s, maxGap)
		}
		c.emit(instruction{op: opGap, arg: int32(n)})
	case strings.HasPrefix(s, "!"):
		if slot, ok := slots[strings.TrimPrefix(s[1:], "@")]; ok && s[1] == '@' {
			c.emit(instruction{op: opNotSlot, arg: slot})
			return nil
		}
		set, err := c.sets.of(c.lang, []string{s[1:]})
		if err != nil {
			return err
		}
		c.emit(instruction{op: opNot, arg: set})
	case strings.HasPrefix(s, "@"):
		slot, ok := slots[s[1:]]
		if !ok {
			return fmt.Errorf("there is no slot %q", s)
		}
		c.emit(instruction{op: opSlot, arg: slot})
		if slot == slotPlace || slot == slotName {
			c.anchor(anchorName)
		} else {
			c.anchor(anchorNumber)
		}
	default:
		set, err := c.sets.of(c.lang, []string{s})
		if err != nil {
			return err
		}
		c.word(set)
	}
	return nil
}

// firsts notes with which words and slots the parts of a pattern may begin, so that
// most are passed over without being run.
func (p *pattern) firsts(s *sets) {
	for pc := 0; pc < len(p.code) && s.size <= maxMembers; pc++ {
		in := &p.code[pc]
		at := int32(pc + 1)
		switch in.op {
		case opSplit:
			at = in.x
		case opGap, opGuard:
		default:
			continue
		}
		f := p.begins(at, first{})
		if in.first, in.slots = anything, f.slots; !f.any {
			in.first = s.union(f.sets)
		}
	}
}
