package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"reflect"
	"strings"
)

// tagged reports whether a route's answers have an ETag. It is a digest of the
// answer, so two that are equal have the same, whoever asks.
func (rt route) tagged() bool {
	if rt.method != http.MethodGet || rt.path == "/inbox/wait" {
		return false
	}
	switch rt.out.(type) {
	case nil, made, either, file, events:
		return false
	}
	return true
}

// answer is the type that a route answers with.
func (rt route) answer() reflect.Type {
	switch o := rt.out.(type) {
	case made:
		return reflect.TypeOf(o.of)
	case either:
		return reflect.TypeOf(o.of)
	}
	return reflect.TypeOf(rt.out)
}

// tag answers with what was asked, or with 304 when the caller holds it already.
// Either tells the same, so both come after the audit line was written.
func (c *call) tag(b []byte) error {
	sum := sha256.Sum256(b)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	c.w.Header().Set("ETag", tag)
	if names(c.r.Header.Get("If-None-Match"), tag) {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return sendJSON(c.w, http.StatusOK, b)
}

// names reports whether a list of tags, as If-Match and If-None-Match have it,
// names one.
func names(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == tag {
			return true
		}
	}
	return false
}
