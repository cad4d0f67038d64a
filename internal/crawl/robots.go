package crawl

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// Rules are what one robots.txt says to one crawler, by RFC 9309. The library
// that Colly uses (temoto/robotstxt) reads eight of our ten cases of that RFC
// otherwise; four times it allows what is forbidden, for example because its
// patterns match anywhere in a path, or because it compares escapes by letter.
// TestRules names the cases.
type Rules struct {
	lines []rule
	delay time.Duration
}

type rule struct {
	pattern string // normal; '*' matches anything, a final '$' the end
	allow   bool
}

const (
	maxRobots     = 500 << 10 // bytes; RFC 9309 section 2.5 asks for at least that
	maxRobotDelay = 24 * time.Hour
)

// ParseRules reads the group of a robots.txt that is for the product token, else
// the one for "*". Lines that cannot be understood are skipped one by one.
func ParseRules(body []byte, token string) Rules {
	var own, others Rules
	var named, inOwn, inOthers bool // a group for the token exists; the current group is for it, for everyone
	agents := false                 // the line before named an agent
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	for line := range strings.FieldsFuncSeq(string(body), func(r rune) bool { return r == '\n' || r == '\r' }) {
		line, _, _ = strings.Cut(line, "#")
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		if key == "user-agent" {
			if !agents {
				inOwn, inOthers = false, false
			}
			agents = true
			inOthers = inOthers || value == "*"
			if strings.EqualFold(product(value), token) {
				inOwn, named = true, true
			}
			continue
		}
		// Other records, such as Sitemap, do not end a group's list of agents.
		if key != "allow" && key != "disallow" && key != "crawl-delay" {
			continue
		}
		agents = false
		if inOwn {
			own.add(key, value)
		}
		if inOthers {
			others.add(key, value)
		}
	}
	if named {
		return own
	}
	return others
}

// product is the part of a user agent that robots.txt goes by.
func product(agent string) string {
	end := strings.IndexFunc(agent, func(r rune) bool {
		return r != '-' && r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if end < 0 {
		return agent
	}
	return agent[:end]
}

func (r *Rules) add(key, value string) {
	if key == "crawl-delay" {
		if s, err := strconv.ParseFloat(value, 64); err == nil && s >= 0 {
			r.delay = time.Duration(min(s, maxRobotDelay.Seconds()) * float64(time.Second))
		}
		return
	}
	if value == "" { // an empty Disallow forbids nothing
		return
	}
	if value[0] != '/' && value[0] != '*' {
		value = "/" + value
	}
	value, end := strings.CutSuffix(value, "$")
	value = strings.ReplaceAll(normal(value), "$", "%24")
	if end {
		value += "$"
	}
	r.lines = append(r.lines, rule{value, key == "allow"})
}

// Allowed reports whether the rules allow a path with its query. The longest
// matching rule decides; of equal ones, the one that allows (section 2.2.2).
func (r Rules) Allowed(path string) bool {
	if path == "/robots.txt" || len(r.lines) == 0 {
		return true
	}
	path = normal(path)
	if strings.ContainsAny(path, "*$") { // in a path they are themselves
		path = strings.ReplaceAll(strings.ReplaceAll(path, "*", "%2A"), "$", "%24")
	}
	longest, allow := -1, true
	for _, l := range r.lines {
		n := len(l.pattern)
		if n < longest || n == longest && !l.allow || !matches(l.pattern, path) {
			continue
		}
		longest, allow = n, l.allow
	}
	return allow
}

// Delay is the pause the host asks for between two requests.
func (r Rules) Delay() time.Duration { return r.delay }

// matches reports whether the pattern matches the beginning of the path.
func matches(pattern, path string) bool {
	pattern, whole := strings.CutSuffix(pattern, "$")
	first, rest, wild := strings.Cut(pattern, "*")
	path, ok := strings.CutPrefix(path, first)
	if !ok {
		return false
	}
	for wild {
		first, rest, wild = strings.Cut(rest, "*")
		if !wild && whole { // the last piece stands at the end
			return strings.HasSuffix(path, first)
		}
		i := strings.Index(path, first)
		if i < 0 {
			return false
		}
		path = path[i+len(first):]
	}
	return !whole || path == ""
}

// normal gives a path one spelling: escapes of unreserved characters are undone,
// other escapes have upper-case digits, what must be escaped is.
func normal(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c, escaped := s[i], false
		if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				c, escaped = byte(n), true
				i += 2
			}
		}
		if unreserved(c) || !escaped && c > ' ' && c < 0x7f {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}
