package phone

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// uncommon holds ways that no labelled file has: mechanisms tried by people who
// hide numbers, each made from the digits in memory.
func uncommon() []way {
	from := func(signs string) func(*rand.Rand, string) string {
		of := []rune(signs)
		return func(_ *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return string(of[c-'0']) })
		}
	}
	words := func(sep string, table ...string) func(*rand.Rand, string) string {
		return func(r *rand.Rand, d string) string {
			return each(d, sep, func(_ int, c byte) string { return pick(r, strings.Fields(table[c-'0'])...) })
		}
	}
	link := func(format string) func(*rand.Rand, string) string {
		return func(_ *rand.Rand, d string) string { return fmt.Sprintf(format, d) }
	}
	return []way{
		{"braille", func(_ *rand.Rand, d string) string { return "⠼" + shiftTo(d, braille) }},
		{"parenthesised signs", from("0⑴⑵⑶⑷⑸⑹⑺⑻⑼")}, {"signs with full stops", from("🄀⒈⒉⒊⒋⒌⒍⒎⒏⒐")}, {"double circled", from("⓪⓵⓶⓷⓸⓹⓺⓻⓼⓽")},
		{"financial han", from("零壹贰叁肆伍陆柒捌玖")}, {"segmented", from("🯰🯱🯲🯳🯴🯵🯶🯷🯸🯹")}, {"tiles", from("0🀇🀈🀉🀊🀋🀌🀍🀎🀏")}, {"playing cards", from("0🂡🂢🂣🂤🂥🂦🂧🂨🂩")},
		{"tibetan", from("༠༡༢༣༤༥༦༧༨༩")}, {"khmer", from("០១២៣៤៥៦៧៨៩")},
		{"combining marks", func(r *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return string(c) + string(rune(0x300+r.IntN(0x6f))) })
		}},
		{"tag characters", func(_ *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return string(c) + "\U000e0041" })
		}},
		{"spelt on the radio", words(" ", "zero", "wun", "two", "tree", "fower", "fife", "six", "seven", "eight", "niner")},
		{"far misspelt", func(r *rand.Rand, d string) string {
			bad := words("-", "xero ziro zrro", "onne wun", "twoo tuu", "thre threee", "fourr fower", "faiv fivee phive", "siks sixx sicks", "sevn sebben", "eigth eightt", "nein nyne nien")
			return bad(r, d[:1]) + "-" + spell(d[1:4], english, "-") + "-" + bad(r, d[4:6]) + "-" + spell(d[6:9], english, "-") + "-" + bad(r, d[9:])
		}},
		{"misspelt, run together", words("", "Xero Zeroo", "Onne", "Twoo", "Thre Threee", "Fourr", "Fyve Fiv", "Sixx", "Sevn", "Eightt", "Nien Nine")},
		{"letters in words apart", func(_ *rand.Rand, d string) string {
			return each(d, "  ", func(_ int, c byte) string { return strings.Join(strings.Split(english[c-'0'], ""), " ") })
		}},
		{"masked words", func(_ *rand.Rand, d string) string {
			return each(d, " ", func(_ int, c byte) string { w := english[c-'0']; return w[:1] + "*" + w[2:] })
		}},
		{"morse", func(_ *rand.Rand, d string) string {
			code := strings.Fields("----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.")
			return spell(d, code, " ") + " (morse)"
		}},
		{"tally", func(_ *rand.Rand, d string) string {
			return each(d, " ", func(_ int, c byte) string {
				if c == '0' {
					return "0"
				}
				return strings.Repeat("|", int(c-'0'))
			}) + " (tally)"
		}},
		{"roman, told", func(_ *rand.Rand, d string) string {
			return spell(d, strings.Fields("zero I II III IV V VI VII VIII IX"), " ") + " (roman numerals)"
		}},
		{"shouted fillers", func(r *rand.Rand, d string) string {
			return grouped(d, pick(r, " TEXT ", " PLEASE ", " NO AGENTS ", " nospam "), pick(r, " ONLY ", " THIS ", " nobots "))
		}},
		{"asides", func(_ *rand.Rand, d string) string { return grouped(d, " (no bots) ", " (real people) ") }},
		{"labels", func(_ *rand.Rand, d string) string {
			return "Area: " + d[:3] + "\nPrefix: " + d[3:6] + "\nLine: " + d[6:]
		}},
		{"a number of an area", func(_ *rand.Rand, d string) string {
			return d[3:6] + "-" + d[6:] + ", that's a " + d[:3] + " number"
		}},
		{"clave", func(_ *rand.Rand, d string) string { return "clave " + d[:3] + ", número " + d[3:6] + "-" + d[6:] }},
		{"in reverse", func(_ *rand.Rand, d string) string {
			return each(d, "", func(i int, _ byte) string { return string(d[9-i]) }) + " in reverse"
		}},
		{"entities twice", func(_ *rand.Rand, d string) string {
			return each(d, "", func(_ int, c byte) string { return fmt.Sprintf("&amp;#%d;", c) })
		}},
		{"bulletin board tags", func(_ *rand.Rand, d string) string {
			return "[b]" + d[:3] + "[/b]-[b]" + d[3:6] + "[/b]-[b]" + d[6:] + "[/b]"
		}},
		{"a telephone's sign", func(r *rand.Rand, d string) string {
			return "x. " + pick(r, "☎", "📞", "📱", "☏") + d[:4] + " " + d[4:]
		}},
		{"escaped tel link", link(`<a href="tel:%%2B1%s">call</a>`)}, {"signal link", link("https://signal.me/#p/+1%s")}, {"telegram link", link("https://t.me/+1%s")},
		{"viber link", link("viber://chat?number=%%2B1%s")}, {"app link", link("whatsapp://send?phone=+1%s")}, {"tel with extension", link("tel:+1-%s;ext=5")},
		{"plus one in words", func(_ *rand.Rand, d string) string { return "plus one " + spell(d, english, " ") }},
		{"a word among digits", func(_ *rand.Rand, d string) string {
			return d[:3] + "-" + d[3:6] + "-" + english[d[6]-'0'] + " " + d[7:]
		}},
	}
}

// shiftTo writes digits as the signs of a table.
func shiftTo(d, table string) string {
	of := []rune(table)
	return each(d, "", func(_ int, c byte) string { return string(of[c-'0']) })
}

// moreDecoys holds what looks like a number and is none, by mechanism.
func moreDecoys() []decoy {
	return []decoy{
		filled("accounts and hardware", "Transfer to ES{XX} {XXXX} {XXXX} {XX} {XXXXXXXXXX}", "IBAN GB{XX} WEST {XXXX} {XXXX} {XXXX} {XX}", "MAC 4A:{XX}:{XX}:{XX}:{XX}:{XX}", "mac E{X}-{XX}-7B-{XX}-{XX}-{XX}", "server {NX}.{NXX}.{NXX}.{NX}",
			"ipv6 2001:0db8:85a3:{XXXX}:{XXXX}:8a2e:0370:7334", "commit {XXX}e{XXX}b{XX}", "OXXO {XXXX} {XXXX} {XXXX} {XXXX}", "0.{XXXXXXXXXX}", "token {NXXNXXXXXX}", "build {NXXNXXXXXX}"),
		filled("parcels and papers", "guía DHL {NXXNXXXXXX}", "paquete {NXXNXXXXXX} de la tienda", "USPS 9400 1{XXX} {XXXX} {XXXX} {XXXX} {XX}", "police report {NXX}-{NXX}-{XXXX}", "recibo {NXX}.{NXX}.{XXXX}", "contrato {NXX} {NXX} {XXXX}", "asset tag {NXX}-{NXX}-{XXXX}",
			"medidor {NXX} {NXX} {XXXX}", "boleto {NXXNXXXXXX}", "Medicare 1T{XX}-E{XX}-{XXXX}", "listing # {NXX}.{NXX}.{XXXX}", "claim # {NXX}-{NXX}-{XXXX}", "CURP ABCD{XXXXXX}HDFLRN0{X}", "Inmate {NXXNXXXXXX}", "Carnet {NXXNXXXXXX}"),
		filled("files and names", "img_{NXXNXXXXXX}.jpg", "watch?v={NXXNXXXXXX}", "@maria_{NXXNXXXXXX}", "photo {NXXNXXXXXX}.png", "fb.example/profile.php?id={NXXNXXXXXX}"),
		filled("counting and songs", "uno dos tres cuatro cinco seis siete ocho nueve diez", "two three four five six seven eight nine ten, here we come", "one to one, two for one, three for five, six to eight people", "2 4 8 16 32 64 128 256",
			"2 3 5 8 13 21 34", "Winning numbers {D} {D} {DX} {DX} {DX} {DX} bonus", "6/7/8/9/10/11/12 May", "1+2=3, 4+5=9, 6*7=42, 8/2=4", "999 999 9999"),
		filled("lists and amounts", "room {NXX}, {NXX}, {NXX} and {XXXX}", "info {D}00 {D}50 {D}200 2500", "${NXX}-{NXX}-{XXXX}", "Precios: {NXX}, {NXX}, {DXXX} y {DXXX}", "appointment 2025 06 1{X} 10 30", "call at five thirty, or six fifteen, or seven twenty, or eight"),
	}
}
