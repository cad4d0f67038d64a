package web

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/link"
)

// display writes a value as people read it.
func display(v ad.Value) string { return link.Display(v) }

// stamp writes a moment.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return t.UTC().Format("2 Jan 2006, 15:04 UTC")
}

// day writes a date.
func day(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return t.UTC().Format("2 Jan 2006")
}

// days writes the days from one moment to another.
func days(from, to time.Time) string {
	a, b := from.UTC(), to.UTC()
	switch {
	case day(a) == day(b):
		return day(a)
	case a.Year() == b.Year() && a.Month() == b.Month():
		return a.Format("2") + "–" + day(b)
	case a.Year() == b.Year():
		return a.Format("2 Jan") + " – " + day(b)
	}
	return day(a) + " – " + day(b)
}

// ago says how long before now a moment was.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute") + " ago"
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour") + " ago"
	}
	return count(int(d/(24*time.Hour)), "day") + " ago"
}

// count writes a number with its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "ch"):
		noun += "es"
	default:
		noun += "s"
	}
	return grouped(n) + " " + noun
}

// grouped writes a whole number with commas.
func grouped[N int | int64 | uint64](n N) string {
	s := strconv.FormatUint(uint64(max(n, 0)), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// bytesOf writes a size.
func bytesOf(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%.0f kB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// sure puts a confidence into words.
func sure(c float64) string {
	switch {
	case c >= 0.9:
		return "clear"
	case c >= 0.75:
		return "likely"
	case c >= 0.5:
		return "possible"
	}
	return "weak"
}

// method says how a number was written.
func method(m string) string {
	words := map[string]string{
		"plain": "written plainly", "separated": "written in groups", "words": "written in words", "mixed": "written in words and digits",
		"unicode": "written in unusual digits", "link": "in a link", "reversed": "written backwards", "area": "with the area code elsewhere",
		"keypad": "spelled on a keypad", "misspelt": "written in misspelled words", "letters": "with letters for digits",
		"lookalike": "with look-alike characters", "corrected": "read so by an analyst", "noise": "with characters strewn in", "fillers": "with words strewn in",
	}
	if w, ok := words[m]; ok {
		return w
	}
	return m
}

// kind names a kind of value.
func kind(k string) string {
	switch k {
	case "phone":
		return "number"
	case "email":
		return "e-mail address"
	}
	return k
}

// evidence names what joins ads where it is no value.
func evidence(kind string) string {
	switch kind {
	case "text":
		return "What they write"
	case "picture":
		return "Their pictures"
	case "decision":
		return "What a person decided"
	}
	return kind
}

// listed joins words as in a sentence, at most n of them by name.
func listed(words []string, n int) string {
	if len(words) > n {
		words = append(words[:n:n], strconv.Itoa(len(words)-n)+" more")
	}
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// functions are what templates may call.
func functions() template.FuncMap {
	return template.FuncMap{
		"display": display, "stamp": stamp, "day": day, "days": days, "ago": ago, "count": count,
		"count64": func(n uint64, noun string) string { return count(int(n), noun) },
		"n": func(n any) (string, error) {
			switch n := n.(type) {
			case int:
				return grouped(n), nil
			case int64:
				return grouped(n), nil
			case uint64:
				return grouped(n), nil
			}
			return "", fmt.Errorf("not a count: %T", n)
		},
		"bytesOf": bytesOf, "sure": sure, "method": method, "kind": kind, "listed": listed, "evidence": evidence, "linkDecision": linkDecision, "asking": asking, "short": func(id string) string { return cut(id, 0, 8) }, "amount": amount,
		"rfc":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"join":   strings.Join,
		"figure": figure, "covered": covered, "language": languageName, "placeName": placeName, "side": sideName, "indicated": indicator.Words,
		"ruleAnchor": ruleAnchor, "kindAnchor": kindAnchor, "spaced": spaced, "caseOf": caseOf,
		"add":      func(a, b int) int { return a + b },
		"neg":      func(a int) int { return -a },
		"sentence": sentence,
		"chooser":  func(id, name string, rows []Row, chosen string) chooser { return chooser{id, name, rows, chosen} },
		"plain": func(s string) []Piece {
			return pieces(s, nil, 0, length(s))
		},
		"decision":  decision,
		"linesOf":   linesOf,
		"fieldName": fieldName,
		"copyOf": func(f savedForm) savedForm {
			f.ID, f.Shared = "", false
			return f
		},
		"inWords":   inWords,
		"undo":      func(adID, id string) undoButton { return undoButton{adID, id} },
		"phone":     func(e164 string) ad.Value { return ad.Value{Kind: "phone", Value: e164} },
		"watch":     func(v ad.Value, back string) watchButton { return watchButton{v, back, false} },
		"watchThis": func(v *ad.Value, back string) watchButton { return watchButton{*v, back, true} },
	}
}

// An undoButton is the form that takes a correction back.
type undoButton struct{ Ad, ID string }

// A watchButton is the form that subscribes to a value.
type watchButton struct {
	Value ad.Value
	Back  string
	Wide  bool // says what it watches, where nothing beside it does
}
