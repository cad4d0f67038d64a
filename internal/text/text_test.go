package text

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"case":                                 {"MASAJE Relajante", "masaje relajante"},
		"accents":                              {"Número ÑANDÚ Ÿ", "numero nandu y"},
		"accents written apart":                {"nu\u0301mero", "numero"},
		"sharp s and ae":                       {"Straße ÆON", "strasse æon"},
		"ligature":                             {"oﬃce ﬁne", "office fine"},
		"fullwidth and mathematical":           {"ＡＢ１２ 𝐇𝐞𝐥𝐥𝐨 𝟗𝟏𝟐", "ab12 hello 912"},
		"zero width, soft hyphen, joiner":      {"se\u200bl\u00adl\u2060er\ufeff", "seller"},
		"variation selector and keycap":        {"9\ufe0f\u20e31", "91"},
		"strike-through overlay":               {"b\u0336o\u0336x\u0336", "box"},
		"hangul is put together again":         {"\u1112\u1161\u11ab \ud55c", "한 한"},
		"kana keep their voice mark":           {"が か\u3099 ｶﾞ", "が が ガ"},
		"format character between base, mark":  {"か\u200d\u3099", "が"},
		"greek final sigma":                    {"ΟΔΟΣ οδος", "οδοσ οδοσ"},
		"dotted capital i":                     {"İstanbul", "istanbul"},
		"invalid bytes become replacements":    {"a\xffb", "a\ufffdb"},
		"devanagari keeps vowel signs":         {"दिल्ली", "दिल्ली"},
		"arabic without points":                {"مُحَمَّد", "محمد"},
		"circled and superscript are digits":   {"① ²", "1 2"},
		"emoji with joiner, parts stay":        {"👩\u200d🦰", "👩🦰"},
		"no-break space is a space":            {"a\u00a0b", "a b"},
		"tag characters are dropped":           {"a\U000e0041b", "ab"},
		"combining grapheme joiner is dropped": {"a\u034fb", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Fold(tc.in).String(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			lawful(t, tc.in)
		})
	}
}

func TestFoldKeepsTheWayBack(t *testing.T) {
	got := Fold("E\u0301\u200bﬁ９")
	want := Folded{Runes: []rune("efi9"), From: []int{0, 3, 3, 4}, To: []int{2, 4, 4, 5}}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
}

func TestTokens(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want []Token
	}{
		"nothing":             {" -- ", nil},
		"words and digits":    {"Call 555-0142!", []Token{{"call", 0, 4}, {"555", 5, 8}, {"0142", 9, 13}}},
		"letters with digits": {"4U2", []Token{{"4u2", 0, 3}}},
		"zero width inside":   {"ro\u200bom", []Token{{"room", 0, 5}}},
		"accent at the end":   {"cafe\u0301 ya", []Token{{"cafe", 0, 5}, {"ya", 6, 8}}},
		"emoji split":         {"a🔥b", []Token{{"a", 0, 1}, {"b", 2, 3}}},
		"ligature":            {"ﬁ", []Token{{"fi", 0, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(Tokens(tc.in), tc.want); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"inline tags vanish":            {"5<b>5</b>5<span class='x'>-</span>01", "555-01"},
		"block tags break lines":        {"<p>one</p><p>two<br>three</p>", "one\ntwo\nthree"},
		"cells are kept apart":          {"<tr><td>a</td><td>b</td></tr>", "a b"},
		"white space collapses":         {" a \n\t b ", "a b"},
		"entities":                      {"caf&eacute; &amp; &#55;&#x37;&nbsp;x", "café & 77 x"},
		"script and style":              {"a<script>if (a</b>1) {}</script>b<STYLE>x</STYLE >c", "a\nb\nc"},
		"unclosed script":               {"a<script>b", "a"},
		"comment":                       {"a<!-- <p> x -->b", "ab"},
		"unclosed comment":              {"a<!-- b", "a"},
		"lone less-than":                {"1 < 2 and <3", "1 < 2 and <3"},
		"bracket in an attribute":       {`<a title="a > b">x</a>`, "x"},
		"quote that never ends":         {`<a title="x>y</a>z`, "yz"},
		"tag that never ends":           {`a <b`, "a <b"},
		"declaration":                   {"<!doctype html><?x y?>z", "z"},
		"apostrophe outside a value":    {"<p data it's>x</p>", "x"},
		"entity does not open a tag":    {"&lt;b&gt;x", "<b>x"},
		"closing a tag never opened":    {"</div>x</p>", "x"},
		"two breaks are one line break": {"a<br/><br />b", "a\nb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Plain(tc.in); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLargeInputTakesLinearTime(t *testing.T) {
	for _, unit := range []string{`<a x="`, "<a '\">", "<", "</", "<!--", "<script>", "a\u0301", "\u0301", "か\u3099", "&"} {
		in := strings.Repeat(unit, 1<<18/len(unit))
		start := time.Now()
		Plain(in)
		Fold(in)
		if d := time.Since(start); d > time.Minute { // a square would take many
			t.Errorf("%q repeated: %v", unit, d)
		}
	}
}

// lawful checks what holds for every text: the way back lies inside the
// original and never runs backwards, and folding again changes nothing.
func lawful(t *testing.T, s string) {
	t.Helper()
	f, n := Fold(s), utf8.RuneCountInString(s)
	if len(f.Runes) != len(f.From) || len(f.Runes) != len(f.To) {
		t.Fatalf("lengths differ: %d runes, %d from, %d to", len(f.Runes), len(f.From), len(f.To))
	}
	for i := range f.Runes {
		if f.From[i] < 0 || f.From[i] >= f.To[i] || f.To[i] > n {
			t.Fatalf("rune %d of %q: [%d, %d) is not inside [0, %d)", i, s, f.From[i], f.To[i], n)
		}
		if i > 0 && f.From[i] < f.From[i-1] {
			t.Fatalf("rune %d of %q: from %d after %d", i, s, f.From[i], f.From[i-1])
		}
	}
	if again := Fold(f.String()).String(); again != f.String() {
		t.Fatalf("fold of %q is %+q, folded again %+q", s, f.String(), again)
	}
	last := 0
	for _, k := range Tokens(s) {
		if k.Start < 0 || k.Start >= k.End || k.End > n || k.Text == "" || k.Start < last && last-k.Start > 1 {
			t.Fatalf("token %+v of %q is outside [0, %d) or out of order", k, s, n)
		}
		last = k.End
	}
}

func TestEveryCodePointFoldsToAFixedPoint(t *testing.T) {
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if r >= 0x20000 && r < 0xE0000 || !utf8.ValidRune(r) { // Han beyond the BMP and unassigned planes fold to themselves
			continue
		}
		s := Fold(string(r)).String()
		if again := Fold(s).String(); again != s {
			t.Errorf("U+%04X folds to %+q, and that to %+q", r, s, again)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Café ﬁ 9\ufe0f\u20e3", "か\u200d\u3099", "a\xff\u0345\u0301", "\u1112\u1161\u11ab"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lawful(t, s)
		Plain(s)
	})
}

// FuzzTokens holds the tokens of pieces against those of the whole, folded at once.
func FuzzTokens(f *testing.F) {
	for _, s := range []string{"", "Call 555-0142!", "Café ﬁ\t9\ufe0f\u20e3 x", "か\u200d\u3099 a\u0301\nB", "a\xff \u0345\u0301\u00a0\u093f", "ro\u200b om\r\n\u0301e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, want := Tokens(s), folded(nil, s, 0)
		var spaced []string
		for _, w := range want {
			spaced = append(spaced, w.Text)
		}
		if one := strings.Join(spaced, " "); Spaced(s) != one {
			t.Errorf("%+q with spaces between its tokens: %q, want %q", s, Spaced(s), one)
		}
		if len(got) != len(want) {
			t.Fatalf("%+q has %d tokens, as a whole %d", s, len(got), len(want))
		}
		for i, w := range want {
			// A mark that stands behind white space is spanned with it in the whole.
			if g := got[i]; g.Text != w.Text || g.End != w.End || g.Start < w.Start {
				t.Errorf("%+q: token %d is %+v, in the whole %+v", s, i, g, w)
			}
		}
	})
}

func BenchmarkTokens(b *testing.B) {
	for _, bc := range []struct{ name, in string }{
		{"ascii", strings.Repeat("Room for rent near downtown. ", 5)},
		{"spanish", strings.Repeat("Mudanzas económicas con camión. ", 5)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(len(bc.in)))
			b.ReportAllocs()
			for b.Loop() {
				Tokens(bc.in)
			}
		})
	}
}

func BenchmarkFold(b *testing.B) {
	for _, bc := range []struct{ name, in string }{
		{"ascii", strings.Repeat("Room for rent near downtown. ", 5)},
		{"spanish", strings.Repeat("Mudanzas económicas con camión. ", 5)},
		{"mathematical", strings.Repeat("𝐇𝐞𝐥𝐥𝐨 ", 25)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(len(bc.in)))
			b.ReportAllocs()
			for b.Loop() {
				Fold(bc.in)
			}
		})
	}
}
