package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// MaxSource is the size in bytes of the largest definition that Parse reads.
const MaxSource = 1 << 20

// Parse reads one definition from YAML and validates it. The name is the file's,
// for error messages. Every fault found is reported, each with its line:
//
//	read site crawlers/townboard.yaml: line 14: unknown key "selektor"; did you mean "select"?
func Parse(name string, src []byte) (*Definition, error) {
	if len(src) > MaxSource {
		return nil, fmt.Errorf("read site %s: %d bytes, more than the %d a definition may have", name, len(src), MaxSource)
	}
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		return nil, fmt.Errorf("read site %s: %w", name, placed(err))
	}
	var docs []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.CommentType && d.Body.Type() != ast.CommentGroupType {
			docs = append(docs, d.Body)
		}
	}
	switch {
	case len(docs) == 0:
		return nil, fmt.Errorf("read site %s: the file is empty", name)
	case len(docs) > 1:
		return nil, fmt.Errorf("read site %s: line %d: a second document begins; one file describes one site", name, line(docs[1]))
	}
	m := &sourceMap{lines: map[string]int{}}
	m.walk(docs[0], reflect.TypeFor[Definition](), "")
	if len(m.faults) > 0 {
		return nil, faults(name, m.faults)
	}
	var d Definition
	if err := yaml.NewDecoder(bytes.NewReader(src), yaml.Strict()).Decode(&d); err != nil {
		return nil, fmt.Errorf("read site %s: %w", name, placed(err))
	}
	sum := sha256.Sum256(src)
	d.Digest = hex.EncodeToString(sum[:6])
	if found := d.check(); len(found) > 0 {
		for i, f := range found {
			found[i].line = m.line(f.path)
		}
		return nil, faults(name, found)
	}
	return &d, nil
}

// A fault is one thing wrong with a definition.
type fault struct {
	path string // as in "detail.price.select" or "scope.deny[0]"
	line int    // 0 when the definition did not come from a file
	text string
}

func (f fault) String() string {
	s := f.text
	if f.path != "" {
		s = f.path + ": " + s
	}
	if f.line > 0 {
		s = fmt.Sprintf("line %d: %s", f.line, s)
	}
	return s
}

func faults(name string, found []fault) error {
	slices.SortStableFunc(found, func(a, b fault) int { return a.line - b.line })
	errs := make([]error, len(found))
	for i, f := range found {
		errs[i] = fmt.Errorf("read site %s: %s", name, f)
	}
	return errors.Join(errs...)
}

// placed rewrites an error of the YAML library, which prints several lines of
// source, as one line with the line's number.
func placed(err error) error {
	var y yaml.Error
	if !errors.As(err, &y) {
		return err
	}
	msg := strings.ReplaceAll(y.GetMessage(), "\n", " ")
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		msg = "needs " + wanted(wrong.DstType)
	}
	if t := y.GetToken(); t != nil && t.Position != nil {
		return fmt.Errorf("line %d: %s", t.Position.Line, msg)
	}
	return errors.New(msg)
}

// wanted says in words what a value of the type looks like in YAML.
func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration with its unit, such as 250ms, 15m or 24h"
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.String:
		return "a text"
	}
	return "a section with keys"
}

// A sourceMap knows on which line of the file each key and list item stands.
type sourceMap struct {
	lines  map[string]int
	faults []fault
}

// line gives the line of a path, or of the nearest part of it that is written.
func (m *sourceMap) line(path string) int {
	for path != "" {
		if l, ok := m.lines[path]; ok {
			return l
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return 0
		}
		path = path[:cut]
	}
	return 0
}

func line(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

// walk compares the keys of a YAML tree with those of a Go type and notes where
// everything stands. What is not a mapping or list is left to the decoder.
func (m *sourceMap) walk(n ast.Node, t reflect.Type, path string) {
	switch n := n.(type) {
	case *ast.AnchorNode:
		m.walk(n.Value, t, path)
	case *ast.AliasNode, *ast.TagNode:
		m.faults = append(m.faults, fault{path, line(n), "aliases and tags are not used in definitions"})
	case *ast.MappingNode:
		for _, v := range n.Values {
			m.pair(v, t, path)
		}
	case *ast.MappingValueNode:
		m.pair(n, t, path)
	case *ast.SequenceNode:
		if t.Kind() != reflect.Slice {
			return
		}
		for i, v := range n.Values {
			p := fmt.Sprintf("%s[%d]", path, i)
			m.lines[p] = line(v)
			m.walk(v, t.Elem(), p)
		}
	}
}

func (m *sourceMap) pair(v *ast.MappingValueNode, t reflect.Type, path string) {
	if t.Kind() != reflect.Struct {
		return
	}
	key, at := v.Key.GetToken().Value, line(v.Key)
	known := keys(t)
	to, ok := known[key]
	if !ok {
		text := fmt.Sprintf("unknown key %q", key)
		if near := nearest(key, known); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		} else if home := homes(reflect.TypeFor[Definition](), key, ""); home != "" {
			text += fmt.Sprintf("; it belongs under %q", home)
		}
		m.faults = append(m.faults, fault{"", at, text})
		return
	}
	if path != "" {
		key = path + "." + key
	}
	m.lines[key] = at
	m.walk(v.Value, to, key)
}

// keys lists the YAML keys of a struct and the types of their values.
func keys(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if tag := f.Tag.Get("yaml"); f.IsExported() && tag != "-" && tag != ",inline" {
			out[tag] = f.Type
		}
	}
	return out
}

// homes finds the section of the grammar where a key is known.
func homes(t reflect.Type, key, path string) string {
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("yaml")
		if f.Type.Kind() != reflect.Struct || tag == "" || tag == ",inline" {
			continue
		}
		if _, ok := keys(f.Type)[key]; ok {
			return strings.TrimPrefix(path+"."+tag, ".")
		}
	}
	return ""
}
