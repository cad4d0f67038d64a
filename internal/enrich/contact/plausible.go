package contact

import "unicode/utf8"

// plausible reports in one quick look, without allocating, whether a text could
// hold an address or a handle at all.
func plausible(s string) bool {
	var w [16]byte // the word that is being read, small letters, digits read as letters
	n, digits, single := 0, 0, 0
	var last byte
	for i := 0; i <= len(s); i++ {
		c := byte(' ')
		if i < len(s) {
			c = s[i]
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			if n < len(w) {
				w[n] = c
				if c <= '9' {
					digits++
					w[n] = unleet[c-'0']
				}
			}
			n++
			continue
		}
		if n > 0 && n <= len(w) {
			if n == 1 && digits == 0 {
				single++
				if single >= 3 || single == 2 && w[0] == 'g' && (last == 'i' || last == 't') {
					return true
				}
			} else {
				single = 0
			}
			last = w[0]
			if w[0] >= 'a' && lengths[w[0]-'a']&(1<<n) != 0 && digits < n && hint(w[:n], s, i) {
				return true
			}
		}
		switch {
		case c == '@', c == '$' && n > 0 && digits < n && i+1 < len(s) && s[i+1] > '9', c == '!' && n > 0 && i+1 < len(s) && s[i+1] > '9',
			c == '&' && i+2 < len(s) && s[i+1] != ' ' && s[i+2] != ' ', c == '%' && i+1 < len(s) && s[i+1] == '4',
			c == '(' && i+2 < len(s) && s[i+2] == ')':
			return true
		case c >= 0x80:
			r, size := utf8.DecodeRuneInString(s[i:])
			if odd(r) {
				return true
			}
			i += size - 1
			if 0xC0 <= r && r <= 0xFF {
				if n < len(w) {
					w[n] = western[r-0xC0]
				}
				n++
				continue
			}
		}
		n, digits = 0, 0
	}
	return false
}

// western holds the letters without the accents of U+00C0 to U+00FF.
const western = "aaaaaaaceeeeiiiidnooooo*ouuuuypsaaaaaaaceeeeiiiidnooooo*ouuuuypy"

// unleet is the letter that a digit stands for.
const unleet = "oizeasgtbg"

// odd reports whether a code point may stand for a letter or an @ that it is not,
// or hide in a word.
func odd(r rune) bool {
	switch {
	case r < 0x250:
		return r == 0xAD || r == 0x131 || r == 0x142
	case r < 0x530, 0x1D00 <= r && r < 0x1DC0, 0x200B <= r && r <= 0x200F, 0x2060 <= r && r <= 0x2064, r == 0xFEFF:
		return true
	case 0x2460 <= r && r < 0x2500, 0xA720 <= r && r < 0xA800, 0xFF00 <= r && r < 0xFF5F, 0xFE50 <= r && r < 0xFE70, 0x1D400 <= r && r < 0x1D800, 0x1F110 <= r && r < 0x1F190:
		return true
	}
	return r == ghost || twin(r) == atSign
}

// hints are words beside which addresses and handles stand, and what must follow
// some of them that stand everywhere.
var hints = func() map[string]byte {
	m := map[string]byte{"arroba": 0, "dot": 0, "punto": 0, "fans": 0, "tok": 0, "gram": 0, "com": '/', "me": '/', "am": '/', "at": ')'}
	for w, p := range aliases {
		if m[w] = 0; p.shy {
			m[w] = ':'
		}
	}
	for w := range providers {
		m[w] = 0
	}
	for w := range naming {
		if len(w) > 3 && w != "name" && w != "nombre" {
			m[w] = 0
		}
	}
	return m
}()

// lengths tells, by first letter, how long the hints are.
var lengths = func() (m [26]uint32) {
	for w := range hints {
		m[w[0]-'a'] |= 1 << len(w)
	}
	return m
}()

// hint reports whether a word is one of hints; it ends at i in s.
func hint(w []byte, s string, i int) bool {
	after, ok := hints[string(w)]
	if !ok || after == 0 || i == len(s) {
		return ok && after == 0
	}
	switch after {
	case ')':
		return s[i] > ' ' && s[i] != ',' && s[i] != '.' && s[i] < 0x80
	case ':':
		return s[i] == ':' || i+1 < len(s) && (s[i+1]|0x20 == 'i' || s[i+1] == ':' || s[i+1] == '-')
	}
	return s[i] == after
}
