package api

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"vigil.example/internal/access"
)

// Every route says who may use it, what it takes and what it answers, so that the
// description of the API is whole. A route that was added without is named here.
func TestEveryRouteIsDescribed(t *testing.T) {
	whats := map[string]string{}
	for _, rt := range (&server{}).routes() {
		name := rt.method + " " + rt.path
		if _, ok := access.NeedsOf(rt.may); !ok && rt.may != anyone && rt.may != own {
			t.Errorf("%s: its row in routes.go says that a caller must be allowed %q, which is no action of access's policy", name, rt.may)
		}
		if was, ok := whats[operationID(rt.what)]; ok {
			t.Errorf("%s and %s both %s: say what each does in words of its own", was, name, rt.what)
		}
		whats[operationID(rt.what)] = name
		if rt.method == "GET" && rt.out == nil {
			t.Errorf("%s: its row in routes.go does not say what it answers with", name)
		}
		if strings.Contains(rt.path, "{id}") != (rt.id != nil) {
			t.Errorf("%s: its row in routes.go does not say what shape its id has, or has none", name)
		}
		if rt.method == "GET" && rt.in != nil {
			for f := range reflect.TypeOf(rt.in).Fields() {
				if k := f.Type.Kind(); k == reflect.String && f.Tag.Get("one") == "" && f.Tag.Get("like") == "" {
					t.Errorf("%s: parameter %s takes any text, which would stand in a URL: take it in the body, or say with one or like what it may be", name, f.Name)
				}
			}
		}
		d := drafts{asked: newDrafter(true), answered: newDrafter(false)}
		if _, err := d.operation(rt); err != nil {
			t.Error(err)
		}
	}
}

func TestDescription(t *testing.T) {
	doc, err := Describe("v0-test")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var all any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	find := func(ref string) bool {
		at := all
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			m, ok := at.(map[string]any)
			if !ok {
				return false
			}
			if at, ok = m[part]; !ok {
				return false
			}
		}
		return true
	}
	refs := 0
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				if refs++; !find(ref) {
					t.Errorf("nothing is at %s", ref)
				}
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(all)
	if refs < 100 {
		t.Errorf("only %d references", refs)
	}
	if bad := regexp.MustCompile(`\b[2-9]\d{2}[-. ]?555[-. ]?0[2-9]\d{2}\b`).Find(b); bad != nil {
		t.Errorf("the description holds a number that is not fictional: %s", bad)
	}
}

// The examples of the description are requests that the API takes.
func TestExamplesAreTaken(t *testing.T) {
	bodies := checker{newDrafter(true)}
	for _, rt := range (&server{}).routes() {
		if _, ok := rt.in.(page); ok || rt.in == nil || rt.method == "GET" {
			continue
		}
		e := example(reflect.TypeOf(rt.in))
		if e == nil {
			e = map[string]any{}
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		v, err := readStrictly(b)
		if err == nil {
			err = bodies.check(v, bodies.of(reflect.TypeOf(rt.in)), "")
		}
		if err != nil {
			t.Errorf("%s %s: the example %s is not taken: %v; give its fields an example tag", rt.method, rt.path, b, err)
		}
	}
}

func TestBodiesAreHeldAgainstTheirSchema(t *testing.T) {
	bodies := checker{newDrafter(true)}
	for name, c := range map[string]struct {
		body string
		of   any
		ok   bool
	}{
		"as it should be":              {`{"query":"piano","size":3}`, SearchRequest{}, true},
		"a field twice":                {`{"query":"piano","query":"drum"}`, SearchRequest{}, false},
		"a field in capitals":          {`{"QUERY":"piano"}`, SearchRequest{}, false},
		"null for a text":              {`{"query":null}`, SearchRequest{}, false},
		"a field missing":              {`{"size":3}`, SearchRequest{}, false},
		"a number as text":             {`{"query":"piano","size":"3"}`, SearchRequest{}, false},
		"a fraction of a page":         {`{"query":"piano","size":2.5}`, SearchRequest{}, false},
		"a page beyond all":            {`{"query":"piano","size":501}`, SearchRequest{}, false},
		"a count that no machine has":  {`{"query":"piano","offset":1e400}`, SearchRequest{}, false},
		"an order that is none":        {`{"query":"piano","sort":"up"}`, SearchRequest{}, false},
		"a text with NUL":              {`{"query":"pi\u0000ano"}`, SearchRequest{}, false},
		"no UTF-8":                     {"{\"query\":\"\xff\"}", SearchRequest{}, false},
		"a list":                       {`[{"query":"piano"}]`, SearchRequest{}, false},
		"nothing":                      {``, SearchRequest{}, false},
		"two objects":                  {`{"query":"piano"} {}`, SearchRequest{}, false},
		"something inside is unknown":  {`{"step":"index","from":{"seq":1,"x":1}}`, ReplayRequest{}, false},
		"an id that is none in a list": {`{"ids":["912-555-0123"]}`, MarkRequest{}, false},
		"deeper than any":              {strings.Repeat(`{"from":`, 40) + "1" + strings.Repeat("}", 40), ReplayRequest{}, false},
	} {
		v, err := readStrictly([]byte(c.body))
		if err == nil {
			err = bodies.check(v, bodies.of(reflect.TypeOf(c.of)), "")
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "555") {
			t.Errorf("%s: the error repeats what was sent: %v", name, err)
		}
	}
}
