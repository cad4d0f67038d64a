package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"vigil.example/internal/access"
)

// A Document describes the API in the words of OpenAPI 3.1. It is made from the
// table of routes and the types in it.
type Document map[string]any

// Describe is the description of this program's API.
func Describe(version string) (Document, error) {
	d := drafts{asked: newDrafter(true), answered: newDrafter(false)}
	paths := map[string]map[string]any{}
	for _, rt := range (&server{}).routes() {
		op, err := d.operation(rt)
		if err != nil {
			return nil, err
		}
		if paths[rt.path] == nil {
			paths[rt.path] = map[string]any{}
		}
		paths[rt.path][strings.ToLower(rt.method)] = op
	}
	problem := d.answered.of(reflect.TypeFor[Problem]())
	answers := map[string]any{}
	for status, codes := range codes() {
		answers["Problem"+strconv.Itoa(status)] = map[string]any{
			"description": http.StatusText(status) + ". The type ends in one of: " + strings.Join(codes, ", "),
			"headers":     problemHeaders(status),
			"content":     map[string]any{"application/problem+json": map[string]any{"schema": problem}},
		}
	}
	schemas := maps.Clone(d.answered.named)
	maps.Copy(schemas, d.asked.named)
	return Document{
		"openapi": "3.1.1",
		"info": map[string]any{
			"title": "Vigil", "version": version,
			"description": "Search of ads, with who asks, for what purpose, in an audit log before every answer. " +
				"Numbers, addresses and handles stand in bodies only, never in a URL. Times are RFC 3339 in UTC.",
			"license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers":  []any{map[string]any{"url": Root}},
		"security": []any{map[string]any{"token": []string{}}},
		"paths":    paths,
		"components": map[string]any{
			"schemas": schemas, "responses": answers,
			"securitySchemes": map[string]any{"token": map[string]any{
				"type": "http", "scheme": "bearer", "bearerFormat": "vigil_…",
				"description": "A token of POST /tokens. It carries the purpose; what it may do is bounded by its scopes and by the role of its user.",
			}},
		},
	}, nil
}

// drafts are the schemas of what is asked and of what is answered.
type drafts struct{ asked, answered *drafter }

func (d drafts) operation(rt route) (op map[string]any, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("describe %s %s: %v", rt.method, rt.path, v)
		}
	}()
	op = map[string]any{"operationId": operationID(rt.what), "summary": strings.ToUpper(rt.what[:1]) + rt.what[1:]}
	var parameters []any
	if rt.id != nil {
		parameters = append(parameters, parameter("path", "id", true, &schema{Type: "string", Pattern: shapeOf(rt.id)}))
	}
	switch in := rt.in.(type) {
	case nil:
	case page:
		for _, name := range slices.Sorted(maps.Keys(in.headers)) {
			parameters = append(parameters, parameter("header", name, false, in.headers[name]))
		}
		op["requestBody"] = body("application/octet-stream", &schema{Type: "string"}, nil)
	default:
		s := d.asked.of(reflect.TypeOf(in))
		if rt.method == http.MethodGet {
			o := d.asked.object(reflect.TypeOf(in))
			for _, name := range o.order {
				parameters = append(parameters, parameter("query", name, false, o.Properties[name]))
			}
			break
		}
		op["requestBody"] = body("application/json", s, example(reflect.TypeOf(in)))
	}
	if len(parameters) > 0 {
		op["parameters"] = parameters
	}
	d.access(op, rt)
	op["responses"] = d.responses(rt)
	return op, nil
}

// access says who may.
func (d drafts) access(op map[string]any, rt route) {
	switch rt.may {
	case anyone:
		op["security"] = []any{}
		op["description"] = "No token is needed."
	case own:
		op["description"] = "A token may do this to itself."
	default:
		n, ok := access.NeedsOf(rt.may)
		if !ok {
			panic(fmt.Sprintf("%q is no action of the policy: say in its row what a caller must be allowed", rt.may))
		}
		op["security"] = []any{map[string]any{"token": words(n.Scopes)}}
		op["description"] = "Roles: " + strings.Join(words(n.Roles), ", ") + "."
		op["x-action"], op["x-purpose"] = string(rt.may), n.Purpose
	}
}

func (d drafts) responses(rt route) map[string]any {
	out := map[string]any{}
	for _, status := range rt.problems() {
		out[strconv.Itoa(status)] = map[string]any{"$ref": "#/components/responses/Problem" + strconv.Itoa(status)}
	}
	good := func(status int, kind string, s *schema) {
		answer := map[string]any{"description": http.StatusText(status), "headers": rt.headers()}
		if kind != "" {
			answer["content"] = map[string]any{kind: map[string]any{"schema": s}}
		}
		out[strconv.Itoa(status)] = answer
	}
	switch o := rt.out.(type) {
	case nil:
		good(http.StatusNoContent, "", nil)
	case made:
		good(http.StatusCreated, "application/json", d.answered.of(reflect.TypeOf(o.of)))
	case either:
		good(http.StatusCreated, "application/json", d.answered.of(reflect.TypeOf(o.of)))
		good(http.StatusOK, "application/json", d.answered.of(reflect.TypeOf(o.of)))
	case file:
		content := map[string]any{}
		for _, kind := range o {
			content[kind] = map[string]any{"schema": &schema{Type: "string", Format: "binary"}}
		}
		out["200"] = map[string]any{"description": http.StatusText(http.StatusOK), "headers": rt.headers(), "content": content}
	case events:
		s := d.answered.of(reflect.TypeOf(o.of))
		good(http.StatusOK, "text/event-stream", &schema{Type: "string", Description: "Events; the data of each is a JSON object of " + s.Ref})
	default:
		good(http.StatusOK, "application/json", d.answered.of(reflect.TypeOf(o)))
	}
	if rt.tagged() {
		out["304"] = map[string]any{"description": "What If-None-Match names is still so.", "headers": rt.headers()}
	}
	return out
}

// problems are the statuses that a route may refuse with.
func (rt route) problems() []int {
	out := []int{400, 429, 500, 503}
	if rt.path != "/openapi.json" {
		out = append(out, 401, 403)
	}
	if rt.id != nil || rt.method != http.MethodGet {
		out = append(out, 404)
	}
	if rt.method != http.MethodGet {
		out = append(out, 409, 412, 422)
	}
	if _, ok := rt.in.(LeafParams); ok {
		out = append(out, 409)
	}
	if rt.in != nil && rt.method != http.MethodGet {
		out = append(out, 413, 415)
	}
	return out
}

func (rt route) headers() map[string]any {
	out := map[string]any{
		"RateLimit":        header("What may still be asked, and for how many seconds that counts"),
		"RateLimit-Policy": header("How much may be asked"),
	}
	if rt.tagged() {
		out["ETag"] = header("Names this answer; it changes when the answer does")
	}
	return out
}

func problemHeaders(status int) map[string]any {
	switch status {
	case http.StatusUnauthorized:
		return map[string]any{"WWW-Authenticate": header("How to sign in")}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return map[string]any{"Retry-After": header("Seconds to wait")}
	}
	return map[string]any{}
}

func header(why string) map[string]any {
	return map[string]any{"description": why, "schema": schema{Type: "string"}}
}

func parameter(in, name string, required bool, s *schema) map[string]any {
	return map[string]any{"in": in, "name": name, "required": required, "schema": s}
}

func body(kind string, s *schema, example any) map[string]any {
	content := map[string]any{"schema": s}
	if example != nil {
		content["example"] = example
	}
	return map[string]any{"required": true, "content": map[string]any{kind: content}}
}

// operationID is what a route does as one word.
func operationID(what string) string {
	var b strings.Builder
	up := false
	for _, r := range what {
		switch {
		case r == ' ':
			up = true
		case up:
			b.WriteRune(unicode.ToUpper(r))
			up = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// shapeOf is an id's shape as a pattern.
func shapeOf(shape func(string) bool) string {
	if shape("c000000000000000") {
		return clusterPattern
	}
	return digestPattern
}

// codes are the codes of problems, by status.
func codes() map[int][]string {
	out := map[int][]string{}
	add := func(status int, code string) {
		if !slices.Contains(out[status], code) {
			out[status] = append(out[status], code)
		}
	}
	for _, k := range kinds() {
		add(k.status, k.code)
	}
	add(400, "bad-query")
	add(404, "no-route")
	add(405, "method")
	add(429, "too-many")
	add(500, "internal")
	add(503, AwayCode)
	add(503, "stopping")
	return out
}

// example is a request as the example tags of its fields write it: strings as they
// are, everything else as JSON.
func example(t reflect.Type) any {
	out := map[string]any{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		text, ok := f.Tag.Lookup("example")
		if f.Type.Kind() == reflect.Struct && f.Type != timeType && !ok {
			if e := example(f.Type); e != nil {
				out[name] = e
			}
			continue
		}
		if !ok {
			continue
		}
		if f.Type.Kind() == reflect.String {
			out[name] = text
		} else if out[name] = json.RawMessage(text); !json.Valid([]byte(text)) {
			panic(fmt.Sprintf("the example of field %s is no JSON", name))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// openAPI answers with the description, which is for everybody: it tells of no
// instance.
func (s *server) openAPI(c *call) error {
	doc, err := s.description()
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, doc)
}

// importHeaders describe what comes with a page.
func importHeaders() map[string]*schema {
	return map[string]*schema{
		headerFile:  {Type: "string", Description: "Name of the file, percent-encoded"},
		headerURL:   {Type: "string", Format: "uri", Description: "Where it was saved from"},
		headerSaved: {Type: "string", Format: "date-time", Description: "When it was saved"},
	}
}
