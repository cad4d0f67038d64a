package indicator

import (
	"strings"
	"testing"
	"time"
)

func TestRulesOfAnAgency(t *testing.T) {
	mine := `lang: en
rules:
  - id: agency.greenhouse
    kind: restricted/no_leaving
    definition: Words of one case.
    source: "Case 12, statements of three people, 2024."
    patterns: ['greenhouse (girl|boy) number']
    cases: {fire: ["[[greenhouse girl number]] four"]}
`
	l, err := New(File{"case.yaml", []byte(mine)})
	if err != nil {
		t.Fatal(err)
	}
	got := l.Read("the greenhouse girl number four", Options{}).Indicators
	if len(got) != 1 || !strings.HasPrefix(got[0].Rule, "agency.greenhouse of case.yaml@") {
		t.Errorf("got %+v, want one by agency.greenhouse with file and digest", got)
	}
}

// ruleWith is a file with one rule, whose pattern, case and further keys are given.
func ruleWith(pattern, fire, more string) string {
	return "lang: en\nrules:\n  - id: x\n    kind: coercion/debt\n    source: Case 12, 2024\n" + more + "    patterns:\n      - '" + pattern + "'\n    cases: {fire: ['" + fire + "']}\n"
}

// wrongFiles are refused, with what is said about each.
var wrongFiles = []struct{ name, src, want string }{
	{"unknown key", "lang: en\nruels: []\n", `read rules bad.yaml: line 2: unknown field "ruels"`},
	{"unknown class", "lang: en\nrules:\n  - id: x\n    kind: coercion/debt\n    patterns:\n      - 'my <dept>'\n    cases: {fire: ['[[x]]']}\n",
		`read rules bad.yaml: rule x: line 6: pattern "my <dept>": there is no class <dept> in language en`},
	{"unknown kind", "lang: en\nrules:\n  - id: x\n    kind: coercion/dept\n    patterns: ['a']\n    cases: {fire: ['[[a]]']}\n",
		`read rules bad.yaml: rule x: there is no kind "coercion/dept" in the taxonomy`},
	{"no case", "lang: en\nrules:\n  - id: x\n    kind: coercion/debt\n    patterns: ['a']\n", `read rules bad.yaml: rule x: it has no case that it must fire on`},
	{"unknown language", "lang: xx\n", `read rules bad.yaml: there is no language "xx", but en and es`},
	{"a pattern that nothing anchors", "lang: en\nrules:\n  - id: x\n    kind: coercion/debt\n    patterns: ['a? b?']\n    cases: {fire: ['[[a]]']}\n",
		`read rules bad.yaml: rule x: line 5: pattern "a? b?": nothing in it must be there`},
	{"empty", " \n", "read rules bad.yaml: the file is empty"},
	{"no rules", "lang: en\n", "read rules bad.yaml: it has no rules"},
	{"too long", strings.Repeat("# a file\n", 40_000), "read rules bad.yaml: it has 360000 bytes, at most 262144 are read"},
	{"square brackets", strings.Repeat("[", 100_000), "read rules bad.yaml: line 1: it is nested too deep"},
	{"square brackets in lines", strings.Repeat("[\n", 50_000), "read rules bad.yaml: line 33: it is nested too deep"},
	{"lists in lists", strings.Repeat("- ", 50_000), "read rules bad.yaml: line 1: it is nested too deep"},
	{"keys in keys", strings.Repeat("? ", 50_000), "read rules bad.yaml: line 1: "},
	{"maps in maps", deep(200), "read rules bad.yaml: line 100: it is nested too deep"},
	{"laughs", "a: &a [x, x]\nb: &b [*a, *a]\n", `read rules bad.yaml: line 1: "&": a file of rules has no anchors`},
	{"an escape", "lang: en\n# \x1b[2J\n", "read rules bad.yaml: line 2: the character U+001B would change how the rest is shown"},
	{"an escape written as one", ruleWith("owe my soul", "I [[owe my soul]]", "    definition: \"a \\e[2J b\"\n"), "read rules bad.yaml: rule x: the character U+001B would change"},
	{"text turned round", "lang: en\n# \u202e\n", "read rules bad.yaml: line 2: the character U+202E would change"},
	{"an id of signs", strings.Replace(ruleWith("owe my soul", "I [[owe my soul]]", ""), "id: x", "id: \"x y\"", 1), `read rules bad.yaml: rule "x y": an id is small letters`},
	{"an id twice", twice(ruleWith("owe my soul", "I [[owe my soul]]", "")), "read rules bad.yaml: rule x: another rule has this id"},
	{"an id of the library", strings.Replace(ruleWith("owe my soul", "I [[owe my soul]]", ""), "id: x", "id: en.trust", 1), "read rules bad.yaml: rule en.trust: another rule has this id"},
	{"brackets in a pattern", ruleWith(strings.Repeat("(", 1000), "x [[y]]", ""), "read rules bad.yaml: rule x: line 7: pattern "},
	{"a pattern of brackets", ruleWith(strings.Repeat("(", 100_000), "x [[y]]", ""), "read rules bad.yaml: rule x: line 7: pattern "},
	{"empty alternatives", ruleWith(strings.Repeat("(|a) ", 28)+"b", "x [[b]]", ""), "read rules bad.yaml: rule x: line 7: pattern "},
	{"a huge gap", ruleWith("a ..999999999 b", "[[a b]]", ""), "read rules bad.yaml: rule x: line 7: pattern \"a ..999999999 b\": \"..999999999\" is no gap"},
	{"a rule of many parts", many(400), "read rules bad.yaml: rule x: line 7: its patterns have "},
	{"classes of classes", classes(3000), "read rules bad.yaml: line "},
	{"unknown strength", ruleWith("owe my soul", "I [[owe my soul]]", "    strength: stong\n"), `read rules bad.yaml: rule x: there is no strength "stong", but strong, moderate, weak and excluded`},
	{"no source", strings.Replace(ruleWith("owe my soul", "I [[owe my soul]]", ""), "    source: Case 12, 2024\n", "", 1), "read rules bad.yaml: rule x: it gives no source"},
	{"a case that does not fire", ruleWith("owe my soul", "I [[sold my soul]]", ""), `read rules bad.yaml: rule x: case "I [[sold my soul]]": coercion/debt is not found in 2 to 14, but nothing`},
	{"a case that is not quiet", strings.Replace(ruleWith("owe my soul", "I [[owe my soul]]", ""), "']}", "'], quiet: ['We owe my soul again']}", 1), `read rules bad.yaml: rule x: case "We owe my soul again": nothing of coercion may be found, but "owe my soul" is by x of bad.yaml@`},
	{"a case without words", ruleWith("owe my soul", "I owe my soul", ""), `read rules bad.yaml: rule x: case "I owe my soul" marks no words`},
	{"ethnicity that weighs", strings.Replace(ruleWith("latina", "[[latina]]", "    strength: strong\n"), "coercion/debt", "ethnicity/marketing", 1), "read rules bad.yaml: rule x: ethnicity/marketing never weighs"},
	{"a nationality", ruleWith("bolivian girl", "[[bolivian girl]]", ""), `read rules bad.yaml: rule x: line 7: "bolivian" may be a word of ethnicity`},
	{"an ethnicity among others", ruleWith("(young|latina) owes", "[[young owes]]", ""), `read rules bad.yaml: rule x: line 7: "latina" may be a word of ethnicity`},
	{"an ethnicity in two words", ruleWith("puerto rican owes", "[[puerto rican owes]]", ""), `read rules bad.yaml: rule x: line 7: "rican" may be a word of ethnicity`},
	{"the class of ethnicity", ruleWith("!<ethnic> owes", "[[owes]]", ""), `read rules bad.yaml: rule x: line 7: "<ethnic>" may be a word of ethnicity`},
	{"an ethnicity in a class", "lang: en\nclasses:\n  - casewords: new +thai\nrules: [{id: x}]\n", `read rules bad.yaml: line 3: class casewords: "thai" may be a word of ethnicity`},
	{"a setting of ethnicity", "lang: en\ncontexts:\n  - {name: mine, patterns: ['korean']}\nrules: [{id: x}]\n", `read rules bad.yaml: context "mine": line 3: "korean" may be a word of ethnicity`},
	{"a class of the library", "lang: en\nclasses:\n  - papers: latina\nrules: [{id: x}]\n", "read rules bad.yaml: line 3: class papers is the library's own"},
	{"kinds of its own", "lang: en\ntaxonomy:\n  - {category: ethnicity, sub: strong, strength: strong}\nrules: [{id: x}]\n", "read rules bad.yaml: taxonomy, numbers and expand are the library's own"},
}

func deep(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func twice(src string) string {
	_, rule, _ := strings.Cut(src, "rules:\n")
	return src + rule
}

func many(n int) string {
	pattern := "owe " + strings.Repeat("(a|b c|d e) ", 60)
	return ruleWith(pattern+strings.Repeat("'\n      - '"+pattern, n/10), "[[owe]]", "")
}

func classes(n int) string {
	return "lang: en\nclasses:\n  - a: " + strings.Repeat("~w ", 10) + longClass(9000) + "\n" + strings.Repeat("  - b: <a>\n", n) + "rules: [{id: x}]\n"
}

func longClass(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("w" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + " ")
	}
	return b.String()
}

// A file that is wrong is refused, quickly, with the place and what is wrong there.
func TestWrongFileOfAnAgency(t *testing.T) {
	for _, c := range wrongFiles {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := New(File{"bad.yaml", []byte(c.src)})
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %.400v\nwant %s", err, c.want)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
	if _, err := New(File{"\x1b.yaml", []byte(ruleWith("owe my soul", "I [[owe my soul]]", ""))}); err == nil {
		t.Error("a name with an escape in it was taken")
	}
}

// FuzzRules loads any file: it is refused with its name, or reads texts.
func FuzzRules(f *testing.F) {
	for _, c := range wrongFiles {
		if len(c.src) < 2000 {
			f.Add(c.src)
		}
	}
	f.Add(ruleWith("<they> ..2 <hold> my (soul|heart|<papers>)? !@number", "[[they hold my soul]]", "    needs: []\n    negated: true\n"))
	f.Add(ruleWith("~@name @adult ..8 (owe|^ $)", "[[owe]]", "    strength: weak\n"))
	f.Fuzz(func(t *testing.T, src string) {
		l, err := New(File{"fuzz.yaml", []byte(src)})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "read rules") {
				t.Errorf("%q: %v", src, err)
			}
			return
		}
		for _, r := range l.Rules {
			if r.File != "" && (r.Source == "" || r.ID == "") {
				t.Errorf("%q: rule %q without source", src, r.ID)
			}
		}
		with, without := "Latina, 31, they hold my passport", "Polish, 31, they hold my passport"
		a, b := LeadOf(l.Read(with, Options{}).Indicators), LeadOf(l.Read(without, Options{}).Indicators)
		if (a == nil) != (b == nil) || a != nil && a.Score != b.Score {
			t.Errorf("%q: an ethnicity changes the lead: %+v, %+v", src, a, b)
		}
	})
}
