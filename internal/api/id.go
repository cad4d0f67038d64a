package api

import "errors"

// errShape says that an id does not look like one. It does not repeat it: it may
// be a number that somebody put there.
var errShape = errors.New("this is no id")

// The shapes of ids as patterns.
const (
	digestPattern  = `^[0-9a-f]{32}$`
	clusterPattern = `^c[0-9a-f]{15}$`
)

// isDigest reports whether s has the shape of the id of an ad, a watch, a token
// or an alert: 32 lower-case hex digits.
func isDigest(s string) bool { return len(s) == 32 && isHex(s) }

// isCluster reports whether s has the shape of a cluster's id.
func isCluster(s string) bool { return len(s) == 16 && s[0] == 'c' && isHex(s[1:]) }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
