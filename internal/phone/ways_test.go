package phone

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A way writes ten national digits the way some advertiser does.
type way struct {
	name  string
	write func(r *rand.Rand, d string) string
}

var (
	english = strings.Fields("zero one two three four five six seven eight nine")
	spanish = strings.Fields("cero uno dos tres cuatro cinco seis siete ocho nueve")
)

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func spell(d string, words []string, sep string) string {
	out := make([]string, len(d))
	for i := range d {
		out[i] = words[d[i]-'0']
	}
	return strings.Join(out, sep)
}

// each joins what f makes of every digit.
func each(d, sep string, f func(i int, c byte) string) string {
	out := make([]string, len(d))
	for i := range d {
		out[i] = f(i, d[i])
	}
	return strings.Join(out, sep)
}

func shift(d string, zero rune) string {
	return each(d, "", func(_ int, c byte) string { return string(zero + rune(c-'0')) })
}

func grouped(d, a, b string) string { return d[:3] + a + d[3:6] + b + d[6:] }

// tens writes a pair of digits as one English number.
func tens(d string) string {
	teens := strings.Fields("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	names := strings.Fields("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
	switch {
	case d[0] == '0':
		return "oh " + english[d[1]-'0']
	case d[0] == '1':
		return teens[d[1]-'0']
	case d[1] == '0':
		return names[d[0]-'0']
	}
	return names[d[0]-'0'] + "-" + english[d[1]-'0']
}

func decenas(d string) string {
	names := strings.Fields("cero diez veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa")
	teens := strings.Fields("diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve")
	switch {
	case d[0] == '0':
		return "cero " + spanish[d[1]-'0']
	case d[0] == '1':
		return teens[d[1]-'0']
	case d[1] == '0':
		return names[d[0]-'0']
	case d[0] == '2':
		return "veinti" + spanish[d[1]-'0']
	}
	return names[d[0]-'0'] + " y " + spanish[d[1]-'0']
}

func runs(d string, f func(c byte, n int) string) string {
	var out []string
	for i := 0; i < len(d); {
		j := i + 1
		for j < len(d) && j < i+3 && d[j] == d[i] {
			j++
		}
		out = append(out, f(d[i], j-i))
		i = j
	}
	return strings.Join(out, " ")
}

func twinOf(r *rand.Rand, c byte) string {
	var of []rune
	for _, t := range twins {
		if byte(t) == c && rune(t>>8) < 0x3000 {
			of = append(of, rune(t>>8))
		}
	}
	if len(of) == 0 {
		return string(c)
	}
	return string(of[r.IntN(len(of))])
}

func misspell(r *rand.Rand, w string) string {
	switch r.IntN(5) {
	case 0: // a letter doubled
		i := 1 + r.IntN(len(w)-1)
		return w[:i] + w[i-1:]
	case 1: // two letters swapped
		i := 1 + r.IntN(len(w)-2)
		return w[:i] + string(w[i+1]) + string(w[i]) + w[i+2:]
	case 2: // letters as digits
		return strings.NewReplacer("o", "0", "e", "3", "i", "1").Replace(w)
	case 3: // as it sounds
		return map[string]string{"zero": "ziro", "one": "wun", "two": "tu", "three": "thrie", "four": "foar", "five": "fiyv", "six": "siks", "seven": "sevin", "eight": "eigt", "nine": "nyne"}[w]
	}
	return w
}

// likely holds the ways in which the digits themselves do not change how hard
// the number is to read; strange holds the others.
func likely() []way {
	sep := func(a, b string) func(*rand.Rand, string) string {
		return func(_ *rand.Rand, d string) string { return grouped(d, a, b) }
	}
	one := func(s string) func(*rand.Rand, string) string {
		return func(_ *rand.Rand, d string) string {
			return each(d, s, func(_ int, c byte) string { return string(c) })
		}
	}
	digits := func(zero rune) func(*rand.Rand, string) string {
		return func(_ *rand.Rand, d string) string { return shiftAll(grouped(d, "-", " "), zero) }
	}
	return []way{
		{"run", sep("", "")}, {"hyphens", sep("-", "-")}, {"dots", sep(".", ".")}, {"spaces", sep(" ", " ")},
		{"slash and hyphen", sep("/", "-")}, {"colons", sep(":", ":")}, {"pipes", sep(" | ", " | ")}, {"tildes", sep("~", "~")},
		{"arrows", sep(" >> ", " >> ")}, {"plus signs", sep(" + ", " + ")}, {"equals", sep("==", "==")}, {"bullets", sep(" • ", " • ")},
		{"commas", sep(", ", ", ")}, {"new lines", sep("\n", "\n")}, {"backslashes", sep("\\", "\\")}, {"hearts", sep("💋", "💋")},
		{"brackets", func(_ *rand.Rand, d string) string { return "(" + d[:3] + ") " + d[3:6] + "-" + d[6:] }},
		{"one in front", func(_ *rand.Rand, d string) string { return "1-" + grouped(d, "-", "-") }},
		{"plus one", func(_ *rand.Rand, d string) string { return "+1 " + grouped(d, " ", " ") }},
		{"singles, spaces", one(" ")}, {"singles, hyphens", one("-")}, {"singles, dots", one(".")}, {"singles, commas", one(", ")},
		{"singles, stars", one("*")}, {"singles, no-break spaces", one("\u00a0")}, {"singles, lines", one("\n")}, {"singles, x", one("x")},
		{"singles, emoji", one("🌶️")}, {"singles, slashes", one(" / ")}, {"singles, zero width", one("\u200b")},
		{"singles, bold tags", func(_ *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return "<b>" + string(c) + "</b>" })
		}},
		{"keycaps", func(_ *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return string(c) + "\ufe0f\u20e3" })
		}},
		{"fullwidth", digits('０')}, {"bold", digits('𝟎')}, {"double-struck", digits('𝟘')}, {"monospace", digits('𝟶')}, {"arabic-indic", digits('٠')},
		{"persian", digits('۰')}, {"devanagari", digits('०')}, {"bengali", digits('০')}, {"thai", digits('๐')},
		{"subscripts", func(_ *rand.Rand, d string) string { return shift(d, '₀') }},
		{"circled", func(_ *rand.Rand, d string) string {
			return each(d, " ", func(_ int, c byte) string { return string([]rune("⓪①②③④⑤⑥⑦⑧⑨")[c-'0']) })
		}},
		{"negative circled", func(_ *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return string([]rune("⓿❶❷❸❹❺❻❼❽❾")[c-'0']) })
		}},
		{"han", func(_ *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return string([]rune("〇一二三四五六七八九")[c-'0']) })
		}},
		{"struck through", func(_ *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return string(c) + "\u0336" })
		}},
		{"decimal entities", func(_ *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return fmt.Sprintf("&#%d;", c) })
		}},
		{"wa.me", func(_ *rand.Rand, d string) string { return "https://wa.me/1" + d }},
		{"tel link", func(_ *rand.Rand, d string) string { return `<a href='tel:1` + d + `'>here</a>` }},
		{"sms with body", func(_ *rand.Rand, d string) string { return "sms:+1" + d + "?body=hi" }},
		{"escaped link", func(_ *rand.Rand, d string) string {
			return "https://api.whatsapp.com/send?phone=%2B1" + d + "&text=hola"
		}},
		{"english words", func(_ *rand.Rand, d string) string { return spell(d, english, " ") }},
		{"english words, capitals", func(_ *rand.Rand, d string) string { return strings.ToUpper(spell(d, english, ", ")) }},
		{"english words, glued", func(_ *rand.Rand, d string) string { return spell(d, english, "") }},
		{"spanish words", func(_ *rand.Rand, d string) string { return spell(d, spanish, " ") }},
		{"spanish words, glued", func(_ *rand.Rand, d string) string { return spell(d, spanish, "") }},
		{"fillers", func(_ *rand.Rand, d string) string { return grouped(d, " then ", " and finally ") }},
		{"fillers, spanish", func(_ *rand.Rand, d string) string { return "empieza con " + grouped(d, " luego ", " y al final ") }},
		{"code apart", func(_ *rand.Rand, d string) string { return d[3:6] + "-" + d[6:] + ", area code " + d[:3] }},
		{"code apart, spanish", func(_ *rand.Rand, d string) string { return "lada " + d[:3] + " y luego " + d[3:6] + " " + d[6:] }},
		{"code in words, apart", func(_ *rand.Rand, d string) string {
			return "my area code is " + spell(d[:3], english, " ") + " and the rest is " + spell(d[3:], english, " ")
		}},
		{"with extension", func(_ *rand.Rand, d string) string { return grouped(d, "-", "-") + " ext. 45" }},
	}
}

// shiftAll writes the digits of s in the script whose zero is given.
func shiftAll(s string, zero rune) string {
	return each(s, "", func(_ int, c byte) string {
		if !digit(c) {
			return string(c)
		}
		return string(zero + rune(c-'0'))
	})
}

func strange() []way {
	return []way{
		{"mixed languages", func(r *rand.Rand, d string) string {
			return each(d, " ", func(_ int, c byte) string { return pick(r, english, spanish)[c-'0'] })
		}},
		{"words and digits", func(r *rand.Rand, d string) string {
			return each(d, " ", func(_ int, c byte) string { return pick(r, english[c-'0'], string(c), spanish[c-'0']) })
		}},
		{"words and digits, glued", func(r *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return pick(r, english[c-'0'], string(c)) })
		}},
		{"title case, glued", func(r *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { w := english[c-'0']; return strings.ToUpper(w[:1]) + w[1:] })
		}},
		{"misspelt", func(r *rand.Rand, d string) string {
			return each(d, " ", func(_ int, c byte) string { return misspell(r, english[c-'0']) })
		}},
		{"misspelt and digits", func(r *rand.Rand, d string) string {
			return each(d, "-", func(_ int, c byte) string { return pick(r, misspell(r, english[c-'0']), string(c)) })
		}},
		{"misspelt spanish", func(r *rand.Rand, d string) string {
			bad := strings.Fields("sero huno doz trez quatro sinco ceis ciete osho nuebe")
			return each(d, " ", func(_ int, c byte) string { return pick(r, bad[c-'0'], spanish[c-'0']) })
		}},
		{"twins", func(r *rand.Rand, d string) string {
			return twinGroups(r, d)
		}},
		{"leet", func(r *rand.Rand, d string) string {
			const to = "OlZEASGTBg"
			g := grouped(d, "-", "-")
			out := []byte(g)
			for i := range out {
				if digit(out[i]) && r.IntN(3) == 0 {
					out[i] = to[out[i]-'0']
				}
			}
			return string(out)
		}},
		{"letters o and l", func(r *rand.Rand, d string) string {
			return strings.NewReplacer("0", pick(r, "o", "O"), "1", pick(r, "l", "I")).Replace(grouped(d, " ", " "))
		}},
		{"double and triple", func(r *rand.Rand, d string) string {
			return runs(d, func(c byte, n int) string { return []string{"", "double ", "triple "}[n-1] + english[c-'0'] })
		}},
		{"doble y triple", func(r *rand.Rand, d string) string {
			return runs(d, func(c byte, n int) string { return []string{"", "doble ", "triple "}[n-1] + spanish[c-'0'] })
		}},
		{"counted", func(r *rand.Rand, d string) string {
			return runs(d, func(c byte, n int) string {
				if n == 1 {
					return english[c-'0']
				}
				s := "s"
				if c == '6' {
					s = "es"
				}
				return english[n] + " " + english[c-'0'] + s
			})
		}},
		{"tens", func(r *rand.Rand, d string) string {
			return tens(d[:2]) + " " + english[d[2]-'0'] + ", " + english[d[3]-'0'] + " " + tens(d[4:6]) + ", " + tens(d[6:8]) + " " + tens(d[8:])
		}},
		{"decenas", func(r *rand.Rand, d string) string {
			return spanish[d[0]-'0'] + " " + decenas(d[1:3]) + ", " + spanish[d[3]-'0'] + " " + decenas(d[4:6]) + ", " + decenas(d[6:8]) + " " + decenas(d[8:])
		}},
		{"pairs", func(r *rand.Rand, d string) string {
			return d[:2] + " " + d[2:4] + " " + d[4:6] + " " + d[6:8] + " " + d[8:]
		}},
		{"three three two two", func(r *rand.Rand, d string) string { return grouped(d[:8]+"."+d[8:], ".", ".") }},
		{"random spaces", func(r *rand.Rand, d string) string {
			return each(d, "", func(i int, c byte) string { return pick(r, "", " ", "  ") + string(c) })
		}},
		{"random noise", func(r *rand.Rand, d string) string {
			return each(d, "", func(i int, c byte) string { return string(c) + pick(r, "", "*", "..", "_", "^", "!!", "~", "%") })
		}},
		{"reversed", func(r *rand.Rand, d string) string {
			return "(read it backwards) " + each(d, "", func(i int, _ byte) string { return string(d[9-i]) })
		}},
		{"al revés", func(r *rand.Rand, d string) string {
			return each(d, " ", func(i int, _ byte) string { return string(d[9-i]) }) + " al revés"
		}},
		{"digit styles mixed", func(r *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string {
				return pick(r, string(c), string('０'+rune(c-'0')), string('𝟎'+rune(c-'0')), string(c)+"\ufe0f\u20e3", string([]rune("⓪①②③④⑤⑥⑦⑧⑨")[c-'0']))
			})
		}},
		{"quoted", func(r *rand.Rand, d string) string { return `"` + d[:3] + `" "` + d[3:6] + `" "` + d[6:] + `"` }},
		{"in tags and lines", func(r *rand.Rand, d string) string {
			return "<p>" + d[:3] + "</p><p>" + d[3:6] + "</p><p>" + d[6:] + "</p>"
		}},
		{"rhymes", func(r *rand.Rand, d string) string {
			return strings.NewReplacer("2", "to", "4", "for", "8", "ate").Replace(each(d, " ", func(_ int, c byte) string { return string(c) }))
		}},
		{"homemade fillers", func(r *rand.Rand, d string) string {
			return grouped(d, pick(r, " bananas ", " smile ", " guapo "), pick(r, " mango ", " kiss ", " corazon "))
		}},
		{"hundreds", func(r *rand.Rand, d string) string {
			return hundred(d[:3]) + ", " + hundred(d[3:6]) + ", " + spell(d[6:], english, " ")
		}},
		{"keypad", func(r *rand.Rand, d string) string {
			const keys = "01ADGJMPTW"
			w := []byte(d[3:6])
			for i := range w {
				if w[i] < '2' {
					return grouped(d, "-", "-")
				}
				w[i] = keys[w[i]-'0']
			}
			return d[:3] + "-" + string(w) + "-" + d[6:]
		}},
	}
}

func hundred(d string) string {
	s := english[d[0]-'0'] + " hundred"
	switch {
	case d[1:] == "00":
		return s
	case d[1] == '0':
		return s + " and " + english[d[2]-'0']
	}
	return s + " and " + tens(d[1:])
}

func twinGroups(r *rand.Rand, d string) string {
	s := ""
	for i := range d {
		if i == 3 || i == 6 {
			s += "-"
		}
		if r.IntN(2) == 0 {
			s += twinOf(r, d[i])
		} else {
			s += string(d[i])
		}
	}
	return s
}

// national makes ten digits that the North American plan allows, of no range
// that is set aside for anything. They never leave the memory of a test.
func national(r *rand.Rand) string {
	for {
		d := fmt.Sprintf("%03d%03d%04d", 200+r.IntN(800), 200+r.IntN(800), r.IntN(10000))
		var v uint64
		fmt.Sscan(d, &v)
		if u, ok := northAmerican(v); ok && u == 0 {
			return d
		}
	}
}

// fictional makes ten digits of a range set aside for fiction.
func fictional(r *rand.Rand) string {
	return fmt.Sprintf("%s5550%d", pick(r, "912", "404", "718", "305", "213", "617", "206", "773", "469", "985"), 100+r.IntN(100))
}
