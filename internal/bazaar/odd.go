package bazaar

import "strconv"

// Every site's home page links to a few addresses in the shape of an ad's that
// are none: what a crawl of the real web runs into.
const (
	oddWall  = 1 // a bot wall with status 200
	oddCut   = 2 // HTML that ends before it says anything
	oddEmpty = 3 // status 200 and no byte
	oddLoopA = 4 // redirects to oddLoopB and back
	oddLoopB = 5
	oddMoved = 6 // redirects for good to the help page
)

func (t *Town) oddPaths(s *site) []string {
	var out []string
	for k := int64(oddWall); k <= oddMoved; k++ {
		if k != oddLoopB {
			out = append(out, s.adPath(s, s.base+k, ""))
		}
	}
	return out
}

// odd answers for the native ids that are no ads.
func (t *Town) odd(s *site, native int64) (answer, bool) {
	switch native - s.base {
	case oddWall:
		return answer{200, htmlType, "", []byte(wall)}, true
	case oddCut:
		return answer{200, htmlType, "", []byte("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<link rel=\"styleshee")}, true
	case oddEmpty:
		return answer{200, htmlType, "", nil}, true
	case oddLoopA:
		return answer{302, htmlType, s.adPath(s, s.base+oddLoopB, ""), nil}, true
	case oddLoopB:
		return answer{302, htmlType, s.adPath(s, s.base+oddLoopA, ""), nil}, true
	case oddMoved:
		return answer{301, htmlType, s.infoPath("help"), []byte("<a href=\"" + s.infoPath("help") + "\">moved</a> " + strconv.FormatInt(native, 10))}, true
	}
	return answer{}, false
}

const wall = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Just a moment...</title><meta name="robots" content="noindex,nofollow">
<script>window._chk={t:"0x4AAAA"};</script></head>
<body><div id="challenge-form"><h1>Checking your browser before you continue</h1>
<p>Please enable JavaScript and cookies to continue. This process is automatic.</p>
<noscript>Verify that you are human: access denied without JavaScript.</noscript></div></body></html>
`
