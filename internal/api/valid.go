package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxDepth bounds how deep a body may nest.
const maxDepth = 16

// readStrictly reads one JSON object with what Go's decoder lets pass refused: a name
// twice in an object, bytes that are no UTF-8, and something behind the value. Two
// readers of such a body may see different requests.
func readStrictly(b []byte) (any, error) {
	if !utf8.Valid(b) {
		return nil, wrong("it is no UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	if _, ok := v.(map[string]any); !ok {
		return nil, errJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong("something stands behind the JSON object")
	}
	return v, nil
}

// errJSON says that a body is no JSON.
var errJSON = errors.New("no JSON")

func value(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, wrong("it nests more than %d deep", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, errJSON
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		if _, err := d.Token(); err != nil {
			return nil, errJSON
		}
		return list, nil
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, errJSON
			}
			name, _ := k.(string)
			if _, ok := object[name]; ok {
				return nil, wrong("a field is there twice")
			}
			if object[name], err = value(d, depth+1); err != nil {
				return nil, err
			}
		}
		if _, err := d.Token(); err != nil {
			return nil, errJSON
		}
		return object, nil
	}
	return t, nil
}

// A checker holds what is asked against its schema. What the description of the API
// says is so what is taken, and nothing else.
type checker struct{ *drafter }

// check says what is wrong with a value at a place in the body. It names fields of
// the schema, never what was sent.
func (k checker) check(v any, s *schema, at string) error {
	if s.Ref != "" {
		return k.check(v, k.named[s.Ref[strings.LastIndex(s.Ref, "/")+1:]], at)
	}
	kind := func() error {
		if at == "" {
			return errJSON
		}
		return wrong("field %q does not take this kind of value", at)
	}
	switch v := v.(type) {
	case map[string]any:
		if s.Type != "object" {
			return kind()
		}
		return k.object(v, s, at)
	case []any:
		if s.Type != "array" {
			return kind()
		}
		if s.MaxItems > 0 && len(v) > s.MaxItems {
			return wrong("at most %d are taken at once in %s", s.MaxItems, at)
		}
		for _, x := range v {
			if err := k.check(x, s.Items, at); err != nil {
				return err
			}
		}
	case string:
		if s.Type != "string" {
			return kind()
		}
		return text(v, s, at)
	case json.Number:
		if s.Type != "integer" && s.Type != "number" {
			return kind()
		}
		return count(v, s, at)
	case bool:
		if s.Type != "boolean" {
			return kind()
		}
	default: // null
		if s.Type != nil {
			return kind()
		}
	}
	return nil
}

func (k checker) object(v map[string]any, s *schema, at string) error {
	inside := func(name string) string {
		if at == "" {
			return name
		}
		return at + "." + name
	}
	for name, x := range v {
		p, ok := s.Properties[name]
		if !ok {
			if more, ok := s.More.(*schema); ok {
				if err := k.check(x, more, at); err != nil {
					return err
				}
				continue
			}
			if len(name) < 40 {
				return wrong("unknown field %q; the fields are %s", name, strings.Join(s.order, ", "))
			}
			return wrong("unknown field; the fields are %s", strings.Join(s.order, ", "))
		}
		if err := k.check(x, p, inside(name)); err != nil {
			return err
		}
	}
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			return wrong("field %q is missing; the fields are %s", inside(name), strings.Join(s.order, ", "))
		}
	}
	return nil
}

func text(v string, s *schema, at string) error {
	switch {
	case s.Enum != nil && !slices.Contains(s.Enum, v):
		return wrong("%s is none of %s", at, strings.Join(s.Enum, ", "))
	case s.MaxLength > 0 && utf8.RuneCountInString(v) > s.MaxLength:
		return wrong("%s has more than %d characters", at, s.MaxLength)
	case s.Pattern == digestPattern && !isDigest(v), s.Pattern == clusterPattern && !isCluster(v):
		return errShape
	case s.Pattern == noNUL && strings.ContainsRune(v, 0):
		return wrong("%s holds a character that no text has (NUL)", at)
	case s.Pattern != "" && !pattern(s.Pattern).MatchString(v):
		return wrong("%s is not written as %s", at, s.Pattern)
	}
	return nil
}

// pattern compiles a pattern of a schema, once each: there are few.
func pattern(p string) *regexp.Regexp {
	if re, ok := patterns.Load(p); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(strings.ReplaceAll(p, `\u0000`, `\x00`))
	patterns.Store(p, re)
	return re
}

var patterns sync.Map

func count(v json.Number, s *schema, at string) error {
	f, err := strconv.ParseFloat(v.String(), 64)
	if err != nil || s.Type == "integer" && (f != math.Trunc(f) || strings.ContainsAny(v.String(), ".eE")) {
		return wrong("field %q does not take this kind of value", at)
	}
	low, high := s.Minimum, s.Maximum
	if low != nil && f < *low || high != nil && f > *high {
		return wrong("%s may be %s", at, span(low, high))
	}
	return nil
}

func span(low, high *float64) string {
	switch {
	case high == nil:
		return fmt.Sprintf("%.0f or more", *low)
	case low == nil:
		return fmt.Sprintf("%.0f or less", *high)
	}
	return fmt.Sprintf("%.0f to %.0f", *low, *high)
}
