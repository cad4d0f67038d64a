package crawl

import (
	"net/url"
	"regexp"
	"strings"
)

const (
	maxSegments = 32   // path segments
	maxRepeat   = 3    // times the same segment may stand in a path
	maxParams   = 16   // query parameters
	maxSame     = 4    // times the same parameter may stand in a query
	maxQuery    = 1024 // bytes of a query
)

// trap says why an address looks like one of endlessly many that lead nowhere
// new, or "". The limits are those below which no classifieds site among our
// test pages stays.
func trap(u *url.URL) string {
	segments := map[string]int{}
	n := 0
	for s := range strings.SplitSeq(u.EscapedPath(), "/") {
		if s == "" {
			continue
		}
		n++
		if segments[s]++; segments[s] > maxRepeat {
			return "one part of the path stands in it more than 3 times"
		}
	}
	if n > maxSegments {
		return "the path has more than 32 parts"
	}
	q := u.RawQuery
	switch {
	case q == "":
		return ""
	case len(q) > maxQuery:
		return "the query is longer than 1,024 bytes"
	case strings.Contains(q, "%2525"):
		return "the query holds an address that holds an address"
	case strings.Count(q, "&") >= maxParams:
		return "the query has more than 16 parameters"
	}
	same := map[string]int{}
	for p := range strings.SplitSeq(q, "&") {
		k, _, _ := strings.Cut(p, "=")
		if same[k]++; same[k] > maxSame {
			return "one parameter stands in the query more than 4 times"
		}
	}
	return ""
}

// withoutSession drops a session id from the path, where Java and PHP servers
// put it. Those in the query are the definition's Strip.
func (f *Frontier) withoutSession(u *url.URL) *url.URL {
	path := u.EscapedPath()
	if !strings.Contains(path, ";") {
		return u
	}
	clean := f.session.ReplaceAllString(path, "")
	v := *u
	var err error
	if v.Path, err = url.PathUnescape(clean); err != nil {
		return u
	}
	v.RawPath = clean
	return &v
}

func sessionForm() *regexp.Regexp {
	return regexp.MustCompile(`(?i);(?:jsessionid|phpsessid|sessionid|sid)=[^/;]*`)
}
