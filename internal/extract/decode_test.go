package extract

import (
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	long := strings.Repeat("<!-- filler -->", 100)
	for _, c := range []struct{ name, body, header, text, encoding string }{
		{"UTF-8 as declared", "<p>caf\u00e9", "text/html; charset=utf-8", "<p>caf\u00e9", "utf-8"},
		{"UTF-8 declared as Latin-1 by the server", "<p>caf\u00e9", "text/html; charset=iso-8859-1", "<p>caf\u00e9", "utf-8"},
		{"UTF-8 declared as Latin-1 by itself", `<meta charset="iso-8859-1"><p>caf` + "\u00e9", "", `<meta charset="iso-8859-1"><p>caf` + "\u00e9", "utf-8"},
		{"Latin-1 declared as UTF-8", "<p>caf\xe9", "text/html; charset=utf-8", "<p>caf\u00e9", "windows-1252"},
		{"declared beyond the first kilobyte", long + `<meta charset=windows-1250>` + "<p>\xb9", "", long + `<meta charset=windows-1250>` + "<p>\u0105", "windows-1250"},
		{"the header wins over the page", `<meta charset=windows-1250>` + "\xe0", "text/html; charset=windows-1251", `<meta charset=windows-1250>` + "\u0430", "windows-1251"},
		{"only a language", "<html lang=\"pl\"><p>\xb9", "", "<html lang=\"pl\"><p>\u0105", "windows-1250"},
		{"Cyrillic without a word about it", strings.Repeat("\xef\xf0\xe8\xe2\xe5\xf2 ", 10), "", strings.Repeat("\u043f\u0440\u0438\u0432\u0435\u0442 ", 10), "windows-1251"},
		{"a byte order mark", "\xef\xbb\xbf<p>x", "text/html; charset=iso-8859-1", "<p>x", "utf-8"},
		{"UTF-16 with a mark", "\xff\xfe<\x00p\x00>\x00\xe9\x00", "", "<p>\u00e9", "utf-16le"},
		{"UTF-16 without a mark", "<\x00p\x00>\x00a\x00b\x00c\x00d\x00e\x00", "", "<p>abcde", "utf-16"},
		{"cut within a character", "<p>caf\u00e9 na\xc3", "", "<p>caf\u00e9 na\ufffd", "utf-8"},
		{"a few broken bytes in much UTF-8", "<p>" + strings.Repeat("\u00e9", 20) + "\xff", "", "<p>" + strings.Repeat("\u00e9", 20) + "\ufffd", "utf-8"},
		{"an encoding that would blank the page", "<p>a\xe9", "text/html; charset=hz-gb-2312", "<p>a\u00e9", "windows-1252"},
		{"zero bytes", "<p>a\x00b", "", "<p>ab", "ascii"},
		{"nothing", "", "", "", "ascii"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, encoding := decode([]byte(c.body), c.header)
			if text != c.text || encoding != c.encoding {
				t.Errorf("got %q as %s, want %q as %s", text, encoding, c.text, c.encoding)
			}
		})
	}
}
