package api

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/erasure"
	"vigil.example/internal/export"
	"vigil.example/internal/generation"
	"vigil.example/internal/search"
)

// A schema is the part of JSON Schema 2020-12 that Go types need.
type schema struct {
	Ref         string             `json:"$ref,omitempty"`
	Type        any                `json:"type,omitempty"` // a name, or names
	Format      string             `json:"format,omitempty"`
	Description string             `json:"description,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	MaxLength   int                `json:"maxLength,omitempty"`
	Minimum     *float64           `json:"minimum,omitempty"`
	Maximum     *float64           `json:"maximum,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	MaxItems    int                `json:"maxItems,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	More        any                `json:"additionalProperties,omitempty"` // false, or the schema of a map's values
	Encoding    string             `json:"contentEncoding,omitempty"`
	Example     any                `json:"example,omitempty"`

	order []string // of the properties
}

// A drafter makes schemas of Go types, those with a name once. What is asked is
// checked against its schema, so there nothing is null and no field is unknown;
// what is answered may have nulls where Go has no value, and more fields one day.
type drafter struct {
	asked bool
	named map[string]*schema
	types map[string]reflect.Type // by name, to see when two want the same
}

func newDrafter(asked bool) *drafter {
	return &drafter{asked, map[string]*schema{}, map[string]reflect.Type{}}
}

// enums are the values of types that have few.
func enums(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[access.Scope]():
		return words(access.Scopes())
	case reflect.TypeFor[access.Role]():
		return words(access.Roles())
	case reflect.TypeFor[search.Sort]():
		return words(search.Sorts())
	case reflect.TypeFor[search.Facet]():
		return words(search.Facets())
	case reflect.TypeFor[search.Step]():
		return words([]search.Step{search.Daily, search.Weekly, search.Monthly})
	case reflect.TypeFor[export.Format]():
		return words(export.Formats())
	case reflect.TypeFor[generation.Step]():
		return words(generation.Steps())
	case reflect.TypeFor[erasure.Kind]():
		return words([]erasure.Kind{erasure.ByAd, erasure.ByNumber, erasure.OlderThan})
	}
	return nil
}

func words[T ~string](of []T) []string {
	out := make([]string, len(of))
	for i, w := range of {
		out[i] = string(w)
	}
	return out
}

// noNUL is the pattern of texts that are asked: what is stored and searched holds
// no NUL.
const noNUL = `^[^\u0000]*$`

var (
	timeType = reflect.TypeFor[time.Time]()
	marshals = reflect.TypeFor[json.Marshaler]()
	texts    = reflect.TypeFor[encoding.TextMarshaler]()
)

// of is the schema of a type.
func (d *drafter) of(t reflect.Type) *schema {
	switch {
	case t == timeType:
		return &schema{Type: "string", Format: "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return &schema{}
	case t == reflect.TypeFor[Document](): // describing itself would say nothing
		return &schema{Type: "object"}
	case t.Implements(marshals) || reflect.PointerTo(t).Implements(marshals), t.Implements(texts) || reflect.PointerTo(t).Implements(texts):
		panic(fmt.Sprintf("type %v writes its JSON by itself: say in schema.go what that looks like", t))
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.of(t.Elem())
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.String:
		s := &schema{Type: "string", Enum: enums(t)}
		if d.asked && s.Enum == nil {
			s.Pattern = noNUL
		}
		return s
	case reflect.Float32, reflect.Float64:
		return &schema{Type: "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s := &schema{Type: "integer"}
		if d.asked {
			s.Minimum, s.Maximum = new(float64(math.MinInt32)), new(float64(math.MaxInt32))
		}
		return s
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s := &schema{Type: "integer", Minimum: new(0.0)}
		if d.asked { // as far as every reader of JSON counts
			s.Maximum = new(float64(1<<53 - 1))
		}
		return s
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return &schema{Type: "string", Encoding: "base64"}
		}
		return &schema{Type: "array", Items: d.of(t.Elem())}
	case reflect.Map:
		return &schema{Type: "object", More: d.of(t.Elem())}
	case reflect.Struct:
		return d.ref(t)
	case reflect.Interface:
		return &schema{}
	}
	panic(fmt.Sprintf("type %v is nothing that JSON could hold", t))
}

// ref makes the schema of a struct once and refers to it by name. The API's own
// types go by their names, those of other rooms by room and name.
func (d *drafter) ref(t reflect.Type) *schema {
	if t.Name() == "" {
		return d.object(t)
	}
	name := d.name(t)
	if was, ok := d.types[name]; ok && was != t {
		panic(fmt.Sprintf("%v and %v would both be %s in the description of the API: rename one", was, t, name))
	} else if !ok {
		d.types[name] = t
		d.named[name] = &schema{} // a type may hold itself
		*d.named[name] = *d.object(t)
	}
	return &schema{Ref: "#/components/schemas/" + name}
}

func (d *drafter) name(t reflect.Type) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]/*", r) {
			return '_'
		}
		return r
	}, t.Name())
	if room := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]; room != "api" {
		name = room + "." + name
	}
	if d.asked { // the same type may be stricter when it is asked
		name += ".asked"
	}
	return name
}

func (d *drafter) object(t reflect.Type) *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}}
	d.fields(s, t)
	if d.asked {
		s.More = false
	}
	return s
}

// fields adds the fields of a struct, those of embedded ones as if they were its own.
func (d *drafter) fields(s *schema, t reflect.Type) {
	for f := range t.Fields() {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Anonymous && name == "" {
			e := f.Type
			for e.Kind() == reflect.Pointer {
				e = e.Elem()
			}
			if e.Kind() == reflect.Struct {
				d.fields(s, e)
				continue
			}
		}
		if name == "" {
			name = f.Name
		}
		p := d.field(f)
		optional := strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero") || f.Tag.Get("need") == "no"
		if !optional {
			s.Required = append(s.Required, name)
		}
		if k := f.Type.Kind(); !d.asked && !optional && (k == reflect.Slice || k == reflect.Map || k == reflect.Pointer) {
			p = nullable(p)
		}
		if _, ok := s.Properties[name]; !ok {
			s.order = append(s.order, name)
		}
		s.Properties[name] = p
	}
}

func nullable(p *schema) *schema {
	if name, ok := p.Type.(string); ok {
		p.Type = []string{name, "null"}
	} else {
		return &schema{} // a reference: object or null
	}
	return p
}

// field is the schema of one field, narrowed by what its tags say: min, max (of a
// number, or of the items of a list), long (of a text), like (a pattern), one (of
// these words), example.
func (d *drafter) field(f reflect.StructField) *schema {
	p := d.of(f.Type)
	narrow := p
	if p.Items != nil {
		narrow = p.Items
	}
	tag := func(name string) (string, bool) { return f.Tag.Lookup(name) }
	count := func(v string) int {
		n, err := strconv.Atoi(v)
		if err != nil {
			panic(fmt.Sprintf("field %s: %q is no count", f.Name, v))
		}
		return n
	}
	if v, ok := tag("min"); ok {
		p.Minimum = new(float64(count(v)))
	}
	if v, ok := tag("max"); ok && p.Items != nil {
		p.MaxItems = count(v)
	} else if ok {
		p.Maximum = new(float64(count(v)))
	}
	if v, ok := tag("long"); ok {
		narrow.MaxLength = count(v)
	}
	if v, ok := tag("like"); ok {
		narrow.Pattern = v
	}
	if v, ok := tag("one"); ok {
		narrow.Enum, narrow.Pattern = strings.Split(v, ","), ""
	}
	return p
}
