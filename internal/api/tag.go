package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash/fnv"
	"net/http"
	"reflect"
	"strings"
	"sync"
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

// errChanged says that what a change was based on is no longer so.
var errChanged = errors.New("it has changed since it was read")

// edits lets changes of one thing that name what they are based on happen one after
// the other: of two with the same If-Match the second finds it changed.
type edits [64]sync.Mutex

func (e *edits) of(id string) *sync.Mutex {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return &e[h.Sum32()%uint32(len(e))]
}

// change does what a route does, if what If-Match names is still so: an answer of
// GET on the same path, or on one above it that has the same id.
func (s *server) change(c *call) error {
	list := c.r.Header.Get("If-Match")
	if list == "" || c.rt.method == http.MethodGet {
		return c.rt.do(c)
	}
	mu := s.edits.of(c.id)
	mu.Lock()
	defer mu.Unlock()
	for _, base := range s.table {
		if !base.tagged() || base.open() || base.path != c.rt.path && !(c.id != "" && strings.HasPrefix(c.rt.path, base.path+"/") && strings.Contains(base.path, "{id}")) {
			continue
		}
		w := tagged{http.Header{}}
		read := *c
		read.w, read.rt, read.r = w, base, c.r.Clone(c.ctx())
		read.r.Method = http.MethodGet
		read.r.Header.Del("If-None-Match")
		if err := base.do(&read); err != nil {
			return err
		}
		if tag := w.h.Get("ETag"); tag != "" && !strings.Contains(list, "W/"+tag) && names(list, tag) {
			return c.rt.do(c)
		}
	}
	return errChanged
}

// tagged is an answer of which only the tag is wanted.
type tagged struct{ h http.Header }

func (t tagged) Header() http.Header       { return t.h }
func (tagged) Write(b []byte) (int, error) { return len(b), nil }
func (tagged) WriteHeader(int)             {}
