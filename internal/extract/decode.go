package extract

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// headBytes is how far into a page its own declarations are looked for: the
// standard's 1024 bytes miss pages that put their scripts first.
const headBytes = 16 << 10

var (
	metaCharset = regexp.MustCompile(`(?i)<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([a-z0-9_:-]{2,40})`)
	htmlLang    = regexp.MustCompile(`(?i)<html[^>]{0,400}?\slang\s*=\s*["']?([a-z]{2})`)
)

// decode gives a page's text as valid UTF-8 without NULs, and the name of the
// encoding it was taken for. What a page declares is believed only as far as its
// bytes allow: servers and editors disagree about old pages more often than not.
func decode(body []byte, contentType string) (text, name string) {
	text, name = decodeBytes(body, contentType)
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	return strings.ToValidUTF8(text, "\uFFFD"), name
}

func decodeBytes(body []byte, contentType string) (text, name string) {
	switch {
	case bytes.HasPrefix(body, []byte("\xEF\xBB\xBF")):
		return string(body[3:]), "utf-8"
	case bytes.HasPrefix(body, []byte("\xFF\xFE")):
		return wide(body, unicode.LittleEndian), "utf-16le"
	case bytes.HasPrefix(body, []byte("\xFE\xFF")):
		return wide(body, unicode.BigEndian), "utf-16be"
	}
	if e, ok := wideWithoutMark(body); ok {
		return wide(body, e), "utf-16"
	}
	declared := declaredCharset(body, contentType)
	multi, broken := countUTF8(body)
	switch {
	case declared == "iso-2022-jp" && bytes.IndexByte(body, 0x1b) >= 0:
	case multi == 0 && broken == 0:
		return string(body), "ascii"
	case broken == 0 || multi >= 8*broken:
		return string(body), "utf-8"
	}
	if declared == "" || declared == "utf-8" || strings.HasPrefix(declared, "utf-16") {
		declared = likelyCharset(body)
	}
	e, name := charset.Lookup(declared)
	if e == nil || name == "replacement" {
		e, name = charmap.Windows1252, "windows-1252"
	}
	out, err := e.NewDecoder().Bytes(body)
	if err != nil {
		return string(body), "utf-8"
	}
	return string(out), name
}

func wide(body []byte, e unicode.Endianness) string {
	out, err := unicode.UTF16(e, unicode.UseBOM).NewDecoder().Bytes(body)
	if err != nil {
		return string(body)
	}
	return string(out)
}

// wideWithoutMark recognises UTF-16 without a byte order mark by its zero bytes.
func wideWithoutMark(body []byte) (unicode.Endianness, bool) {
	head := body[:min(len(body), 1024)&^1]
	if len(head) < 8 {
		return unicode.BigEndian, false
	}
	var even, odd int
	for i, b := range head {
		if b == 0 && i%2 == 0 {
			even++
		} else if b == 0 {
			odd++
		}
	}
	half := len(head) / 2
	switch {
	case odd > half*7/10 && even <= half/10:
		return unicode.LittleEndian, true
	case even > half*7/10 && odd <= half/10:
		return unicode.BigEndian, true
	}
	return unicode.BigEndian, false
}

// declaredCharset gives the encoding a page declares, its header first, by the
// name the standard gives it; "" when it declares none that is known.
func declaredCharset(body []byte, contentType string) string {
	if _, params, err := mime.ParseMediaType(contentType); err == nil && params["charset"] != "" {
		if e, name := charset.Lookup(params["charset"]); e != nil {
			return name
		}
	}
	if m := metaCharset.FindSubmatch(body[:min(len(body), headBytes)]); m != nil {
		if e, name := charset.Lookup(string(m[1])); e != nil {
			return name
		}
	}
	return ""
}

// countUTF8 counts sequences of several bytes that are UTF-8 and bytes that are
// not, leaving aside a character cut off at the end of a page that has others.
func countUTF8(body []byte) (multi, broken int) {
	for i := 0; i < len(body); {
		if body[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(body[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			multi++
		case utf8.FullRune(body[i:]) || multi == 0:
			broken++
		}
		i += n
	}
	return multi, broken
}

// likelyCharset guesses a single-byte encoding from the page's language, else
// from how its bytes lie: in Cyrillic text nearly every letter is above 0xBF.
func likelyCharset(body []byte) string {
	if m := htmlLang.FindSubmatch(body[:min(len(body), headBytes)]); m != nil {
		switch strings.ToLower(string(m[1])) {
		case "pl", "cs", "sk", "hu", "ro", "hr", "sl":
			return "windows-1250"
		case "ru", "uk", "be", "bg", "sr", "mk":
			return "windows-1251"
		case "el":
			return "windows-1253"
		case "tr":
			return "windows-1254"
		}
	}
	var high, pairs int
	for i, b := range body {
		if b >= 0xC0 {
			high++
			if i > 0 && body[i-1] >= 0xC0 {
				pairs++
			}
		}
	}
	if high > 40 && pairs > high/2 {
		return "windows-1251"
	}
	return "windows-1252"
}
