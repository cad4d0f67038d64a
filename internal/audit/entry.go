package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Version is the schema of the entries that this program writes.
const Version = 1

// An Entry says that somebody did something. Callers fill Actor, Role, Purpose,
// Via, Action, Object, Query, Values, Count and Outcome; Append fills the rest.
//
// Nothing a person typed gets in: Query and Values are kept as keyed digests, and
// Actor, Purpose and Object only if they have the shape of an id or a plain name.
// Anything else is kept as a keyed digest too, marked "h:".
type Entry struct {
	V       int       `json:"v"`
	Seq     uint64    `json:"seq"` // 1, 2, 3, … without a gap
	Time    time.Time `json:"time"`
	Actor   string    `json:"actor"`             // user id, or the name of a part of the program
	Role    string    `json:"role,omitempty"`    // as it was then
	Via     string    `json:"via,omitempty"`     // session or token
	Purpose string    `json:"purpose,omitempty"` // purpose id; the words stand in casework
	Action  string    `json:"action"`            // search, ad.view, packet.export, …: letters, dots, hyphens
	Object  string    `json:"object,omitempty"`  // id of what was touched, alone or as kind:id
	Query   string    `json:"query,omitempty"`   // raw text in, keyed digest out (Log.Digest)
	Values  []string  `json:"values,omitempty"`  // values asked for in, keyed digests out, at most MaxValues
	Count   int       `json:"count,omitempty"`   // how many answers
	Outcome string    `json:"outcome"`           // ok, denied, not-found, error, …: letters, dots, hyphens
	Prev    string    `json:"prev_sha256"`       // SHA-256 of the line before, 64 zeros for the first
	MAC     string    `json:"mac"`               // HMAC-SHA256 of this line with an empty mac
}

// MaxValues bounds the values of one entry; a longer list takes several entries.
const MaxValues = 1000

// origin stands where the first entry names the one before.
const origin = "0000000000000000000000000000000000000000000000000000000000000000"

var (
	word = regexp.MustCompile(`^[a-z]+([.-][a-z]+)*$`)
	// id is a digest in hex (16, 32 or 64 digits, none of which fits a telephone
	// number of at most 15), a cluster, or a UUID.
	id = regexp.MustCompile(`^([0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{64}|c[0-9a-f]{15}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$`)
	// name is a user's or site's name or a program's part.
	name = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,23}$`)
	// kind may stand before an id: "packet:…", "packet-…".
	kind = regexp.MustCompile(`^[a-z]{1,16}[:-]`)
)

// maxDigits is how many digits a plain name may have: the shortest telephone
// numbers that are any use have seven.
const maxDigits = 4

// harmless reports whether s has a shape that can hold neither a number nor words
// of a query.
func harmless(s string) bool {
	if s == "" || id.MatchString(s) {
		return true
	}
	if p := kind.FindString(s); p != "" && id.MatchString(s[len(p):]) {
		return true
	}
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return name.MatchString(s) && digits <= maxDigits && !spelled(s)
}

// spelled reports whether s could be a number in words: three digits' names.
func spelled(s string) bool {
	n := 0
	for _, w := range []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"} {
		n += strings.Count(s, w)
	}
	return n >= 3
}

// digest is the keyed digest of s; what says of which kind s is, so that a query
// and an id of equal text do not give equal digests.
func digest(key []byte, what, s string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(what + "\x00" + s))
	return hex.EncodeToString(h.Sum(nil))
}

// cover replaces what could hold a number or a query by keyed digests, and
// refuses what only a mistake in the program can bring in.
func (e Entry) cover(key []byte) (Entry, error) {
	if e.Actor == "" {
		return e, errors.New("no actor")
	}
	for _, w := range []struct{ what, s string }{{"action", e.Action}, {"outcome", e.Outcome}, {"role", e.Role}, {"via", e.Via}} {
		optional := w.what == "role" || w.what == "via"
		if len(w.s) > 32 || !(word.MatchString(w.s) && !spelled(w.s) || optional && w.s == "") {
			return e, fmt.Errorf("%s is not a word of letters, dots and hyphens", w.what)
		}
	}
	if len(e.Values) > MaxValues {
		return e, fmt.Errorf("%d values, more than %d", len(e.Values), MaxValues)
	}
	for _, f := range []*string{&e.Actor, &e.Purpose, &e.Object} {
		if !harmless(*f) {
			*f = "h:" + digest(key, "text", *f)[:32]
		}
	}
	if e.Query != "" {
		e.Query = digest(key, "query", e.Query)
	}
	values := make([]string, len(e.Values))
	for i, v := range e.Values {
		values[i] = digest(key, "value", v)[:32]
	}
	e.Values = values
	return e, nil
}

// line is the entry as it is stored: one line of JSON without the line's end.
func (e Entry) line() ([]byte, error) {
	if len(e.Values) == 0 {
		e.Values = nil
	}
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode entry %d: %w", e.Seq, err)
	}
	return b, nil
}

// mac is the entry's MAC.
func (e Entry) mac(key []byte) (string, error) {
	e.MAC = ""
	b, err := e.line()
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte("entry\x00"))
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// sum is the SHA-256 of a line, by which the next line names it. Anybody can
// check the chain with sha256sum.
func sum(line []byte) string {
	s := sha256.Sum256(line)
	return hex.EncodeToString(s[:])
}

// read decodes a stored line and checks that it is what this program would have
// written: no unknown field, no second spelling, its own MAC.
func read(line, key []byte) (Entry, error) {
	var e Entry
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, fmt.Errorf("not an entry: %w", err)
	}
	if e.V != Version {
		return e, fmt.Errorf("has version %d, this program knows %d", e.V, Version)
	}
	again, err := e.line()
	if err != nil {
		return e, err
	}
	if !bytes.Equal(again, line) {
		return e, errors.New("is not spelled as it was written")
	}
	mac, err := e.mac(key)
	if err != nil {
		return e, err
	}
	if !hmac.Equal([]byte(mac), []byte(e.MAC)) {
		return e, errors.New("its mac is wrong: it was changed, or written with another key")
	}
	return e, nil
}
