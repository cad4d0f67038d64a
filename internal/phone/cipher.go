package phone

import "unicode/utf8"

// A cipher gives letters to all digits: "a=1, b=2 ... j=0. Call iab-eee-jabc". What it
// hides has no digits that a key could stand among (keys.go); that it is written in the
// letters of the cipher alone, and has as many as a number, tells it from words.

// ciphered looks for a cipher in a text and for what is written in it. It returns the
// keys and the bytes between which they hold.
func ciphered(s string) (keys []key, from, to int32) {
	var of [26]int8 // the digits of letters, plus one
	n, last, rows, end := 0, -1, false, 0
	var first, before key
	for at := 0; at < len(s); at++ {
		if !letter(s[at]) || at > 0 && alnum(s[at-1]) || at+1 < len(s) && alnum(s[at+1]) {
			continue
		}
		d, size := assigned(s[at+1:])
		if size == 0 {
			continue
		}
		k := key{sign: rune(s[at] | 0x20), digit: '0' + d, from: int32(at), to: int32(at + 1 + size)}
		if n > 0 && at-last > 24 {
			if n > 1 {
				break // a letter of the number
			}
			n = 0
		}
		if n == 0 {
			first, of, rows = k, [26]int8{}, false
		} else if skipped := k.sign - before.sign; skipped > 1 && elided(s[last:at]) && (rune(k.digit)-rune(before.digit)-skipped)%10 == 0 {
			for l := rune(1); l < skipped; l++ { // "a=1 ... j=0"
				of[before.sign-'a'+l] = int8((rune(before.digit-'0')+l)%10) + 1
			}
			rows = true
		}
		of[k.sign-'a'] = int8(d) + 1
		before, last, n = k, int(k.to), n+1
		end = last
	}
	if n > 1 && !rows && before.sign-first.sign == rune(n-1) && elided(s[end:min(len(s), end+16)]) {
		for l := before.sign + 1; l <= 'z' && l-first.sign < 10; l++ { // "a=1, b=2 and so on"
			of[l-'a'] = int8((rune(before.digit-'0')+l-before.sign)%10) + 1
		}
		rows = true
	}
	if n < 3 && !rows {
		return nil, 0, 0
	}
	from, to = enciphered(s, first.from, int32(end), &of)
	if to == 0 {
		return nil, 0, 0
	}
	for l, d := range of {
		if d > 0 {
			keys = append(keys, key{sign: rune('a' + l), digit: byte(d-1) + '0', from: first.from, to: int32(end)})
		}
	}
	return keys, from, to
}

// assigned reads what gives a digit to the letter before it, and returns its size:
// "=1", " is 1", ": 1".
func assigned(s string) (d byte, size int) {
	bound := false
	for size < len(s) && size < 8 {
		switch c := s[size]; {
		case c == ' ' || c == '"' || c == '\'':
		case c == '=' || c == ':' || c == '-' || c == '>':
			bound = true
		case digit(c):
			if bound && (size+1 == len(s) || !alnum(s[size+1])) {
				return c - '0', size + 1
			}
			return 0, 0
		case size > 0 && s[size-1] == ' ' && size+2 < len(s) && (s[size:size+3] == "is " || s[size:size+3] == "es "):
			bound = true
			size += 2
		default:
			return 0, 0
		}
		size++
	}
	return 0, 0
}

// elided reports whether something between letters says that those between them go on
// in order.
func elided(s string) bool {
	for i := 0; i < len(s); {
		if !letter(s[i]) {
			if s[i] == '.' && i+1 < len(s) && s[i+1] == '.' {
				return true
			}
			if r, _ := utf8.DecodeRuneInString(s[i:]); r == 0x2026 {
				return true
			}
			i++
			continue
		}
		end := i
		for end < len(s) && letter(s[end]) {
			end++
		}
		switch lower(s[i:end]) {
		case "to", "through", "till", "until", "hasta", "a", "al", "etc", "so", "asi", "etcetera", "sucesivamente":
			return true
		}
		i = end
	}
	return false
}

// enciphered finds words of ten or eleven letters of a cipher and digits in all, next to
// each other and apart from where the cipher stands.
func enciphered(s string, head, tail int32, of *[26]int8) (from, to int32) {
	count, hidden, start, end := 0, 0, -1, 0
	done := func() bool { return (count == 10 || count == 11) && hidden >= 5 }
	for at := 0; at <= len(s); {
		if at < len(s) && !alnum(s[at]) && !(at == int(head)) {
			if !(separates(s[at]) || s[at] == '_') || start >= 0 && at-end > 2 {
				if done() {
					return int32(start), int32(end)
				}
				count, hidden, start = 0, 0, -1
			}
			at++
			continue
		}
		word, n, h := at, 0, 0
		for at < len(s) && alnum(s[at]) {
			if letter(s[at]) && of[s[at]|0x20-'a'] > 0 {
				h++
			} else if letter(s[at]) {
				n = -100
			}
			n, at = n+1, at+1
		}
		if n <= 0 || int32(word) >= head && int32(word) < tail {
			if done() {
				return int32(start), int32(end)
			}
			count, hidden, start = 0, 0, -1
			if at == word {
				at++
			}
			continue
		}
		if start < 0 {
			start = word
		}
		count, hidden, end = count+n, hidden+h, at
	}
	return 0, 0
}
