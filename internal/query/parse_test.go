package query_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func word(s string) query.Node   { return query.Word{Text: s} }
func phrase(s string) query.Node { return query.Phrase{Text: s} }
func phone(s string) query.Node {
	return query.Phone{Text: s, Numbers: []string{"+19125550123"}}
}
func and(of ...query.Node) query.Node { return query.And{Of: of} }
func or(of ...query.Node) query.Node  { return query.Or{Of: of} }
func not(n query.Node) query.Node     { return query.Not{Of: n} }
func field(name, text string, values ...string) query.Node {
	return query.Field{Name: name, Text: text, Values: values}
}

// filled fills a form with each number below n.
func filled(form string, n int) (out []string) {
	for d := range n {
		out = append(out, fmt.Sprintf(form, d))
	}
	return out
}

func ending(text, digits string) query.Node {
	return query.Phone{Text: text, Part: query.Part{Ends: digits}}
}

func beginning(text string, e164 ...string) query.Node {
	return query.Phone{Text: text, Part: query.Part{Starts: e164}}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     query.Node
	}{
		{"one word", "roses", word("roses")},
		{"words side by side must all appear", "red roses", and(word("red"), word("roses"))},
		{"AND says the same", "red AND roses", and(word("red"), word("roses"))},
		{"OR binds less than side by side", "red roses OR tulips", or(and(word("red"), word("roses")), word("tulips"))},
		{"parentheses bind more", "red (roses OR tulips)", and(word("red"), or(word("roses"), word("tulips")))},
		{"lists within equal lists are one list", "(a (b c)) d", and(word("a"), word("b"), word("c"), word("d"))},
		{"a hyphen leaves out", "red -roses", and(word("red"), not(word("roses")))},
		{"NOT leaves out", "NOT roses", not(word("roses"))},
		{"a hyphen before a list", "-(a OR b)", not(or(word("a"), word("b")))},
		{"a hyphen before a phrase", `-"a b"`, not(phrase("a b"))},
		{"a hyphen within a word", "wi-fi", word("wi-fi")},
		{"a lone hyphen is punctuation", "new - shiny", and(word("new"), word("shiny"))},
		{"punctuation is skipped", "bed & breakfast !", and(word("bed"), word("breakfast"))},
		{"lower-case or is a word", "this or that", and(word("this"), word("or"), word("that"))},
		{"a phrase", `"fresh red roses"`, phrase("fresh red roses")},
		{"curly quotes", "“red roses”", phrase("red roses")},
		{"a quote within quotes", `"say \"hi\" \\ now"`, phrase(`say "hi" \ now`)},
		{"a time of day is no field", "at 12:30", and(word("at"), word("12:30"))},
		{"a label before a space is a word", "Note: new", and(word("Note:"), word("new"))},

		{"a plain number", "9125550123", phone("9125550123")},
		{"a number in parts", "912 555 0123", phone("912 555 0123")},
		{"an area code in parentheses", "(912) 555-0123", phone("(912) 555-0123")},
		{"a number with its country", "+1 (912) 555-0123", phone("+1 (912) 555-0123")},
		{"a number in quotes is a number", `"912-555-0123"`, phone("912-555-0123")},
		{"a number among words", "roses (912) 555-0123 austin", and(word("roses"), phone("(912) 555-0123"), word("austin"))},
		{"a number in a list", "(912 555 0123 OR roses)", or(phone("912 555 0123"), word("roses"))},
		{"a number left out", "roses -912-555-0123", and(word("roses"), not(phone("912-555-0123")))},
		{"only the number is left out", "-912 555 0123 roses", and(not(phone("912 555 0123")), word("roses"))},
		{"digits that are no number", "room 4512", and(word("room"), word("4512"))},
		{"an operator parts a number", "912 OR 555 0123", or(word("912"), and(word("555"), word("0123")))},

		{"a number with an unknown digit", "roses 912-555-01?4", and(word("roses"), query.Phone{Text: "912-555-01?4", Numbers: filled("+191255501%d4", 10)})},
		{"the unknown digit as x, in quotes", `"(912) 555 01x4"`, query.Phone{Text: "(912) 555 01x4", Numbers: filled("+191255501%d4", 10)}},
		{"the unknown digit in the field", "phone:07700*00123", query.Field{Name: "phone", Text: "07700*00123", Values: filled("+447700%d00123", 10)}},
		{"stars between groups hide nothing", "912*555*0123", phone("912*555*0123")},
		{"a star for digits between", "91255*123", query.Phone{Text: "91255*123", Numbers: filled("+191255%02d123", 100)}},
		{"too little is known", "912-????-????", word("912-????-????")},

		{"the end of a number", "roses *0123", and(word("roses"), ending("*0123", "0123"))},
		{"the end, in parts", "*555-0123", ending("*555-0123", "5550123")},
		{"the end, in parts with a space", "*555 0123", ending("*555 0123", "5550123")},
		{"the end in quotes", `a "*555 0123"`, and(word("a"), ending("*555 0123", "5550123"))},
		{"the end before a whole number", "*0123 912 555 0123", and(ending("*0123", "0123"), phone("912 555 0123"))},
		{"the end behind a mask", "(xxx) xxx-0123", ending("(xxx) xxx-0123", "0123")},
		{"the end left out", "roses -*0123", and(word("roses"), not(ending("*0123", "0123")))},
		{"the end, as a field", "phone:*0123", query.Field{Name: "phone", Text: "*0123", Part: query.Part{Ends: "0123"}}},
		{"the beginning of a number", "912555*", beginning("912555*", "+1912555")},
		{"the beginning before a mask", "912-555-????", beginning("912-555-????", "+1912555")},
		{"the beginning of a British number", "07700 9*", beginning("07700 9*", "+4477009")},
		{"the beginning with its country", "phone:+447700*", query.Field{Name: "phone", Text: "+447700*", Part: query.Part{Starts: []string{"+447700"}}}},
		{"the beginning in two countries", "447700*", beginning("447700*", "+1447700", "+447700")},
		{"a whole number with a star is whole", "*9125550123", phone("*9125550123")},
		{"stars around a word are no part", "**0123**", word("**0123**")},
		{"a number sign is no part", "#0123", word("#0123")},
		{"a few digits before a star are text", "2*", word("2*")},
		{"the end as text", "text:*0123", word("*0123")},

		{"phone", "phone:9125550123", field("phone", "9125550123", "+19125550123")},
		{"phone, in parts", "phone: (912) 555 0123 roses", and(field("phone", "(912) 555 0123", "+19125550123"), word("roses"))},
		{"tel is phone", `tel:"912 555 0123"`, field("phone", "912 555 0123", "+19125550123")},
		{"e-mail", "email:Kate@Mail.example", field("email", "Kate@Mail.example", "kate@mail.example")},
		{"handle", "handle:@Kate_1", field("handle", "@Kate_1", "kate_1")},
		{"handle with its platform", "handle:telegram:@kate", field("handle", "telegram:@kate", "telegram:kate")},
		{"handle as it is shown", "Telegram:kate", field("handle", "Telegram:kate", "telegram:kate")},
		{"handle with a short form of its platform", "IG:rose_7", field("handle", "IG:rose_7", "instagram:rose_7")},
		{"handle of a messenger", "signal:rose.77", field("handle", "signal:rose.77", "signal:rose.77")},
		{"number of a messenger", "signal:9125550123", phone("signal:9125550123")},
		{"site", "site:townboard", field("site", "townboard", "townboard")},
		{"place", `location:"port wren"`, field("city", "port wren")},
		{"title", "-title:roses", not(field("title", "roses"))},
		{"cluster", "cluster:c0123", field("cluster", "c0123", "c0123")},
		{"label", `-label:Spam label:"Trafficking like" has:labels`, and(not(field("label", "Spam", "spam")), field("label", "Trafficking like", "trafficking-like"), field("has", "labels", "label"))},
		{"a label stands beside its colon", "Label: new", and(word("Label:"), word("new"))},
		{"address", "url:https://Town.example/a?b=1#c", field("url", "https://Town.example/a?b=1#c", "https://town.example/a?b=1")},
		{"address as pasted", "https://town.example/a(1)", field("url", "https://town.example/a(1)", "https://town.example/a(1)")},
		{"address of a file", "file:///a1/page.html", field("url", "file:///a1/page.html", "file:///a1/page.html")},
		{"words close by", `"red roses"~5`, query.Near{Text: "red roses", Within: 5}},
		{"digits close by are no number", `-"912 555 0123"~3 x`, and(not(query.Near{Text: "912 555 0123", Within: 3}), word("x"))},
		{"nearly", "roses~ Roses~2", and(query.Fuzzy{Text: "roses", Edits: 1}, query.Fuzzy{Text: "Roses", Edits: 2})},
		{"words too short to differ", "hi~ red~2 ~", and(word("hi~"), word("red~2"))},
		{"begun so", "ros* wi-fi* 5* *x*", and(query.Prefix{Text: "ros"}, word("wi-fi*"), word("5*"), word("*x*"))},
		{"text has no star", "text:ros*", word("ros*")},
		{"state", "state:texas", field("state", "texas", "US-TX")},
		{"state by its letters", "-state: TX", not(field("state", "TX", "US-TX"))},
		{"near a city", `near:"Austin TX"`, field("near", "Austin TX", "12420")},
		{"near with a distance", `near:"Austin, TX"~60mi roses`, and(field("near", "Austin, TX~60mi", "12420", "28660"), word("roses"))},
		{"has", "has:Photos", field("has", "Photos", "image")},
		{"a title that looks like a field", "State: new near: town has: wheels", and(word("State:"), word("new"), word("near:"), word("town"), word("has:"), word("wheels"))},
		{"first and last seen", "first:2026-01 last:..2026", and(query.Field{Name: "first", Text: "2026-01", From: day(2026, 1, 1), To: day(2026, 2, 1)}, query.Field{Name: "last", Text: "..2026", To: day(2027, 1, 1)})},
		{"address in parentheses", "(https://town.example/a OR b)", or(field("url", "https://town.example/a", "https://town.example/a"), word("b"))},
		{"text is never a number", "text:9125550123", word("9125550123")},
		{"text in quotes", `text:"912 555 0123"`, phrase("912 555 0123")},
		{"seen, months", "seen:2026-01..2026-03", query.Field{Name: "seen", Text: "2026-01..2026-03", From: day(2026, 1, 1), To: day(2026, 4, 1)}},
		{"seen, one day", "seen:2026-02-28", query.Field{Name: "seen", Text: "2026-02-28", From: day(2026, 2, 28), To: day(2026, 3, 1)}},
		{"posted since", "posted:2026..", query.Field{Name: "posted", Text: "2026..", From: day(2026, 1, 1)}},
		{"posted until", "posted:..2026", query.Field{Name: "posted", Text: "..2026", To: day(2027, 1, 1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := query.Parse(c.in)
			if err != nil {
				t.Fatalf("Parse(%q): %v", c.in, err)
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("Parse(%q) (-got +want):\n%s", c.in, diff)
			}
		})
	}
}

func TestNewField(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"phone", "(912) 555-0123"}, {"tel", "9125550123"}, {"email", "kate@mail.example"}, {"handle", `@ka"te`}, {"site", "townboard"}, {"city", "port wren"},
		{"cluster", "c0123"}, {"url", "https://town.example/a(b"}, {"seen", "2026"}, {"posted", "..2026-01-02"}, {"title", "\xffa"},
		{"indicator", "restricted/no_phone"}, {"ind", "own code"}, {"lead", "YES"}, {"side", "supply"}, {"lang", "es"},
	} {
		got, err := query.NewField(c.name, c.value)
		if err != nil {
			t.Errorf("%s %q: %v", c.name, c.value, err)
			continue
		}
		again, err := query.Parse(got.String())
		if diff := cmp.Diff(again, query.Node(got)); err != nil || diff != "" {
			t.Errorf("%s %q prints as %s, which parses to something else: %v\n%s", c.name, c.value, got, err, diff)
		}
	}
	for _, c := range []struct{ name, value string }{{"emial", "a@b.example"}, {"text", "a"}, {"phone", "12"}, {"title", " "}, {"seen", "may"},
		{"indicator", "Ethnicity"}, {"lead", "1"}, {"side", "both"}, {"lang", "klingon"}} {
		if _, err := query.NewField(c.name, c.value); err == nil {
			t.Errorf("%s %q: got no error", c.name, c.value)
		}
	}
}

func TestString(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"words", "red  roses", "red roses"},
		{"lists", "red AND (roses OR tulips)", "red (roses OR tulips)"},
		{"numbers are printed in quotes", "roses (912) 555-0123", `roses "(912) 555-0123"`},
		{"words that would become a number", "912 AND 555 AND 0123", "text:912 text:555 text:0123"},
		{"words that would become a number, beside others", "912 AND 555 AND 0123 -x", "text:912 text:555 text:0123 -text:x"},
		{"a phrase that is no number", `text:"912 555 0123"`, `text:"912 555 0123"`},
		{"a word that would become an operator", "text:OR", "text:OR"},
		{"a word that would become a negation", "text:-a", "text:-a"},
		{"the end of a number", "*0123 phone:*0124", `"*0123" phone:*0124`},
		{"a word that would be an end too short", "text:*12", "text:*12"},
		{"values with spaces", `city:"port wren"`, `city:"port wren"`},
		{"other names of fields", "location:austin tel:9125550123", "city:austin phone:9125550123"},
		{"what was read", "ind:age -language:Spanish kind:ad", "indicator:age -lang:Spanish side:ad"},
		{"a kind in quotes that needs none", `indicator:"restricted"`, "indicator:restricted"},
		{"a kind of an agency's own", `indicator:"local/code"`, `indicator:"local/code"`},
		{"a value after a space", "lead: yes ind: age", "lead:yes indicator:age"},
		{"titles that look like fields", "Kind: gentle Lead: singer Side: table", "Kind: gentle Lead: singer Side: table"},
		{"the name of a field at the end", "follow the lead:", "follow the lead:"},
		{"words that would become a field", "text:lead: yes", "text:lead: text:yes"},
		{"a kind in two words", `indicator:"no phone"`, `indicator:"no phone"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := query.Parse(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := n.String(); got != c.want {
				t.Errorf("%q prints as %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", "\n^\nthere is nothing to search for"},
		{"punctuation only", " & ", " & \n^^^\nthere is nothing to search for"},
		{"an unknown field", "roses emial:x@y.example", "roses emial:x@y.example\n      ^^^^^\nunknown field; did you mean \"email\"?"},
		{"a field far from all", "zzzzzz:1", "zzzzzz:1\n^^^^^^\nunknown field; known are phone, email, handle, site, city, near, state, title, text, cluster, label, url, seen, first, last, posted, indicator, lead, side, lang, has; in quotes it is searched as text"},
		{"no value", "title: OR b", "title: OR b\n      ^\ntitle: needs a value"},
		{"no value at the end", "a title:", "a title:\n        ^\ntitle: needs a value"},
		{"no number", "phone:12", "phone:12\n^^^^^^^^\nno telephone number can be read here; give it whole, in any form, or its end, as in *0123"},
		{"too few digits of its end", "phone:*123", "phone:*123\n^^^^^^^^^^\ntoo little of the number is known; give at least four digits, as in *0123 or 912555*"},
		{"too few digits of the end among words", "roses *12", "roses *12\n      ^^^\ntoo little of the number is known; give at least four digits, as in *0123 or 912555*"},
		{"too few digits beyond the country", "phone:+1912*", "phone:+1912*\n^^^^^^^^^^^^\ntoo little of the number is known; give at least four digits, as in *0123 or 912555*"},
		{"a kind of language with a slip", "a indicator:restriced", "a indicator:restriced\n  ^^^^^^^^^^^^^^^^^^^\nno such language is looked for; did you mean \"restricted\"?"},
		{"a part of a kind with a slip", "ind:restricted/no_fone", "ind:restricted/no_fone\n^^^^^^^^^^^^^^^^^^^^^^\nno such language is looked for; did you mean \"restricted/no_phone\"?"},
		{"a part that a kind has not", "ind:coercion/passport", "ind:coercion/passport\n^^^^^^^^^^^^^^^^^^^^^\ncoercion is divided into threat, debt, quota; in quotes it is taken as it stands, for the rules of an agency"},
		{"a kind far from all", "ind:passport", "ind:passport\n^^^^^^^^^^^^\nno such language is looked for; what is found is age_indicator, movement, third_party, restricted, coercion, multiple_persons, venue, contact_obscured, trust_language, demand; in quotes it is taken as it stands, for the rules of an agency"},
		{"what never weighs", `indicator:"ethnicity"`, "indicator:\"ethnicity\"\n^^^^^^^^^^^^^^^^^^^^^\nbuild and ethnicity are not searched for: they never weigh, and nobody is to be found by them"},
		{"neither yes nor no", "lead:maybe", "lead:maybe\n^^^^^^^^^^\nlead is yes or no"},
		{"a side with a slip", "side:demnad", "side:demnad\n^^^^^^^^^^^\ndid you mean \"demand\"? side is supply, demand or other"},
		{"a language with a slip", "lang:spanisch", "lang:spanisch\n^^^^^^^^^^^^^\ndid you mean \"spanish\"? a language is given by its tag or name, as en, es or Spanish"},
		{"a slip in a field of reading", "indicater:age", "indicater:age\n^^^^^^^^^\nunknown field; did you mean \"indicator\"?"},
		{"no address", "email:kate", "email:kate\n^^^^^^^^^^\nthis is not an e-mail address; it should look like name@host.example"},
		{"no date", "seen:may", "seen:may\n^^^^^^^^\na date looks like 2026, 2026-01 or 2026-01-31, a range like 2026-01..2026-03"},
		{"a range backwards", "seen:2026..2025", "seen:2026..2025\n^^^^^^^^^^^^^^^\nthis range ends before it begins"},
		{"OR without a right side", "roses OR", "roses OR\n        ^\na word, a number or a phrase is missing here"},
		{"OR without a left side", "OR roses", "OR roses\n^^\na word, a number or a phrase is missing here"},
		{"nothing in parentheses", "a ()", "a ()\n   ^\na word, a number or a phrase is missing here"},
		{"a parenthesis not closed", "a (b", "a (b\n  ^\nthis parenthesis is not closed"},
		{"a parenthesis too many", "a) b", "a) b\n ^\nthis parenthesis closes nothing"},
		{"a quote not closed", `a "b`, "a \"b\n  ^\nthis quote is not closed"},
		{"no distance", `a "b c"~`, "a \"b c\"~\n       ^\nsay how many words may stand between, as in \"red roses\"~5"},
		{"a distance too large", `"b c"~101`, "\"b c\"~101\n     ^^^^\nat most 100 words may stand between"},
		{"a city far from all", "near:zzyzx x", "near:zzyzx x\n^^^^^^^^^^\nno city of that name is known; give one as \"Austin TX\", a metropolitan area or its code"},
		{"a state for a city", "near:texas", "near:texas\n^^^^^^^^^^\nnear: takes a city; a state is asked for with state:"},
		{"no distance on the map", "near:austin~far", "near:austin~far\n^^^^^^^^^^^^^^^\na distance looks like ~25mi or ~40km, up to 500 km"},
		{"a state with a slip", "state:texsa", "state:texsa\n^^^^^^^^^^^\ndid you mean \"texas\"? a state is given by its name, its letters or its code, as Texas, TX or US-TX"},
		{"nothing that ads have", "has:pool", "has:pool\n^^^^^^^^\nan ad may have phone, email, handle, link, price, image, place, date, indicator, label"},
		{"no label", "label:a.b", "label:a.b\n^^^^^^^^^\na label has letters a to z, digits and hyphens, as trafficking-like, and 40 of them at most"},
		{"nothing in quotes", `"!"`, "\"!\"\n^^^\nthere is no letter or digit between these quotes"},
		{"a tab before the fault", "a\t(b", "a (b\n  ^\nthis parenthesis is not closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := query.Parse(c.in)
			var e *query.Error
			if !errors.As(err, &e) {
				t.Fatalf("Parse(%q) = %v, %v; want a *query.Error", c.in, n, err)
			}
			if got := e.Caret(c.in) + "\n" + e.Reason; got != c.want {
				t.Errorf("Parse(%q):\n%s\nwant:\n%s", c.in, got, c.want)
			}
		})
	}
}

func TestMended(t *testing.T) {
	for in, want := range map[string]string{
		"ñandú emial:x@y.example red": "ñandú email:x@y.example red", "a -ind:restriced b": "a -indicator:restricted b", "side:demnad": "side:demand",
		"lang:spanisch x": "lang:spanish x", `a "b`: "", "zzzzzz:1": "", "lead:maybe": "", "lang:cyrilic": "", "title:": "",
	} {
		_, err := query.Parse(in)
		var e *query.Error
		if !errors.As(err, &e) {
			t.Fatalf("Parse(%q): %v, want a *query.Error", in, err)
		}
		got := e.Mended(in)
		if got != want {
			t.Errorf("%q is mended as %q, want %q", in, got, want)
		}
		if _, err := query.Parse(got); want != "" && err != nil {
			t.Errorf("%q mended as %q: %v", in, got, err)
		}
	}
}

func TestParseLimits(t *testing.T) {
	for name, in := range map[string]string{
		"length":      strings.Repeat("a", query.MaxRunes+1),
		"source":      strings.Repeat(" ", 5*query.MaxRunes) + "a",
		"leaves":      strings.Repeat("a ", query.MaxLeaves+1),
		"parentheses": strings.Repeat("(", 50) + "a" + strings.Repeat(")", 50),
		"hyphens":     strings.Repeat("-", 50) + "a",
	} {
		t.Run(name, func(t *testing.T) {
			var e *query.Error
			if _, err := query.Parse(in); !errors.As(err, &e) {
				t.Errorf("got %v, want a *query.Error", err)
			}
		})
	}
}

func TestErrorHoldsNothingTyped(t *testing.T) {
	_, err := query.Parse("sekrit:9125550123")
	if err == nil || strings.Contains(err.Error(), "sekrit") || strings.Contains(err.Error(), "5550123") {
		t.Errorf("got %v, want an error without what was typed", err)
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"red roses", "Ads with “red” and with “roses”"},
		{"9125550123 -(a OR title:b)", "Ads with the number +19125550123 or the text “9125550123” and (not with “a” and not with “b” in the title)"},
		{"seen:2026-01..2026-03 posted:2026-01-02", "Ads seen from 1 January 2026 to 31 March 2026 and posted on 2 January 2026"},
		{"seen:..2026 OR posted:2026..", "Ads seen until 31 December 2026 or posted since 1 January 2026"},
		{"912-555-01?4", "Ads with the number that “912-555-01?4” may be, one of 10 or the text “912-555-01?4”"},
		{"*0123 -phone:912555*", "Ads with a number that ends in 0123 or the text “*0123” and not with a number that begins with +1912555"},
		{"indicator:restricted/no_phone ind:coded_emoji -lead:yes", "Ads with language found of the kind “restricted: no phone” and with language found of the kind “age indicator: coded emoji” or “movement: coded emoji” or “third party: coded emoji” and not with a lead in the language found"},
		{`"red roses"~5 ros* -roses~2`, "Ads with the words of “red roses” in any order, at most 5 words between the first and the last and with a word that begins with “ros” and not with “roses” or a word that differs in one or two letters beyond the first"},
		{`state:tx near:austin~60mi OR near:london has:phone first:2026`, "Ads (in Texas and within 60mi of the centre of “Austin-Round Rock-San Marcos, TX” (2 metropolitan areas)) or (in or around “London” and with a telephone number and first seen from 1 January 2026 to 31 December 2026)"},
		{"label:spam -has:label", "Ads that a person has labelled “spam” and not with a label"},
		{"lead:no side:demand", "Ads without a lead in the language found and written by a buyer"},
		{"side:ad OR side:other", "Ads offering somebody’s paid time or neither offering nor seeking somebody’s paid time"},
		{"-lang:es lang:und", "Ads not with text in Spanish and with text in no language that can be told"},
		{"kate@mail.example", "Ads with “kate@mail.example”, written so or in disguise"},
		{"site:townboard city:wren cluster:c1 handle:@k email:k@m.example phone:9125550123",
			"Ads from the site “townboard” and with “wren” in the place given and in the cluster “c1” and with the handle “k” and with the e-mail address “k@m.example” and with the number +19125550123"},
	} {
		n, err := query.Parse(c.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := query.Explain(n); got != c.want {
			t.Errorf("Explain(%q) =\n%s, want\n%s", c.in, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`red (roses OR tulips) -"a b" 912-555-0123`, `phone: (912) 555 0123 roses`, `912 & 555 & 0123`, "text:OR -text:-a",
		`"a \" \\ b" seen:2026..`, `--a -(-b)`, `https://a.example/(x) handle:t:@k`, "((912) 555-0123) x", "nine one two 555 01 23",
		"“a” „b”", "\xff:a", "title:\"(a\" ) (", `phone:"912 5550123" 9125550124`, "ﬁ️⃣:x ١٢٣", "roses 912-555-01?4 x", `"07700 900x2?"`,
		"indicator:age lead:yes side:ad -lang:Spanish", `ind:"no phone" ind:"own/code" ind:" a-b / c_"`,
		"kind: gentle lead: yes lang:", "text:side: text:ad", `lead: "yes"`,
		`"red roses"~5 -"a b c"~0 "912 555 0123"~3 "a"~`, "ros* rose~ roses~2 -tul* 12* nine* AND one* AND two* AND 555* AND 0123*", "call~ me* 9125550123 (nine~ OR one*)",
		`near:"Austin, TX~25mi" near:austin~40km has:photo state:texas first:2026 last:..2026-02`, "near:austin~1 has: price state: TX", "5* x~ hi~2 *new* wow~~ text:ro* ro**",
		`label:spam -label:"Not ours" has:label label: x`, "label:_a_ label:a--b LABEL:9125550123", `"label:x" text:label:x label:é`,
		"*0123 roses", "-phone:*555-0123 912555*", "912*0123 *12", `"(xxx) xxx-0123" +4477009*`, "text:*12 *",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := query.Parse(s)
		if err != nil {
			var e *query.Error
			if !errors.As(err, &e) || e.Start < 0 || e.End <= e.Start || e.Start > len([]rune(s)) {
				t.Fatalf("Parse(%q): error %#v", s, err)
			}
			e.Caret(s)
			return
		}
		printed := n.String()
		again, err := query.Parse(printed)
		if err != nil {
			t.Fatalf("%q prints as %q, which does not parse: %v", s, printed, err)
		}
		if !reflect.DeepEqual(again, n) {
			t.Fatalf("%q prints as %q, which parses to something else:\n%s", s, printed, cmp.Diff(again, n))
		}
		if again.String() != printed || query.Explain(n) == "" {
			t.Fatalf("%q prints as %q, then as %q", s, printed, again.String())
		}
	})
}

func TestAsText(t *testing.T) {
	for in, want := range map[string]string{`27" monitor SKU:x (new`: `text:"27\" monitor SKU:x (new"`, " a\n b ": `text:"a b"`, "!!": ""} {
		got := query.AsText(in)
		if got != want {
			t.Errorf("AsText(%q) = %q, want %q", in, got, want)
		}
		if n, err := query.Parse(got); want != "" && (err != nil || n.(query.Phrase).Text == "") {
			t.Errorf("%q: %v", got, err)
		}
	}
}

// | means nothing, and who types it is told what he may have meant.
func TestEither(t *testing.T) {
	for typed, want := range map[string]string{
		"oak | piano":                     "oak OR piano",
		"oak|piano || organ":              "oak OR piano OR organ",
		"(oak | piano) wren":              "(oak OR piano) wren",
		"912-555-0123 | 912-555-0124":     "912-555-0123 OR 912-555-0124",
		`"oak | piano"`:                   "",
		`"oak | ash" | piano`:             `"oak | ash" OR piano`,
		"oak piano":                       "",
		"oak |":                           "",
		"| oak":                           "",
		"912|555|0123":                    "",
		"oak | ":                          "",
		"oak | (piano":                    "",
		"|":                               "",
		"title:rose|lily":                 "",
		"wren -rose|lily":                 "",
		"New in town | 912-555-0123 | ok": "New in town OR 912-555-0123 OR ok",
	} {
		if got := query.Either(typed); got != want {
			t.Errorf("%q may mean %q, want %q", typed, got, want)
		}
		if want == "" {
			continue
		}
		plain, err := query.Parse(typed)
		if err != nil {
			t.Fatal(err)
		}
		either, err := query.Parse(want)
		if err != nil {
			t.Fatal(err)
		}
		title := &ad.Document{Ad: ad.Ad{Listing: ad.Listing{Title: typed}}}
		if !query.Match(plain, title) || !query.Match(either, title) {
			t.Errorf("%q does not find the ad of that title", typed)
		}
	}
}
