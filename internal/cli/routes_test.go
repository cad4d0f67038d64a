package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"vigil.example/internal/api"
)

// excused are routes that no command asks, and why.
var excused = map[string]string{
	"GET /openapi.json": "vigil api prints the same without asking a server",
}

// Every route of the API has a method of the client that some command calls. The
// methods are called against a server that writes down what comes; which of them
// commands call is read in the sources.
func TestEveryRouteHasACommand(t *testing.T) {
	called := calls(t)
	reached := map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, api.Root)
		for _, id := range []string{anAd, aCluster} {
			path = strings.Replace(path, id, "{id}", 1)
		}
		reached[r.Method+" "+path] = true
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"what":"ask","why":"no"}`)
	}))
	defer srv.Close()
	client := reflect.ValueOf(api.NewClient(srv.URL, "secret", nil))
	for m := range client.Type().Methods() {
		if !called[m.Name] {
			continue
		}
		for _, id := range []string{anAd, aCluster, ""} { // an id of the wrong shape is not sent
			ask(client.MethodByName(m.Name), t, id)
		}
	}
	doc, err := api.Describe("test")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for path, methods := range doc["paths"].(map[string]map[string]any) {
		for method := range methods {
			n++
			name := strings.ToUpper(method) + " " + path
			switch why, ok := excused[name]; {
			case ok && reached[name]:
				t.Errorf("%s is excused (%s), and a command asks it", name, why)
			case !ok && !reached[name]:
				t.Errorf("no command asks %s: write one, or say in excused why none should", name)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d routes are described", n)
	}
}

const (
	anAd     = "0123456789abcdef0123456789abcdef"
	aCluster = "c0123456789abcde"
)

// ask calls a method of the client with arguments that mean nothing, and the id where
// it takes a text.
func ask(m reflect.Value, t *testing.T, id string) {
	var args []reflect.Value
	for in := range m.Type().Ins() {
		switch {
		case in == reflect.TypeFor[io.Writer]():
			args = append(args, reflect.ValueOf(io.Discard))
		case in.Kind() == reflect.Interface && reflect.TypeOf(t.Context()).Implements(in):
			args = append(args, reflect.ValueOf(t.Context()))
		case in.Kind() == reflect.String:
			args = append(args, reflect.ValueOf(id).Convert(in))
		default:
			args = append(args, reflect.Zero(in))
		}
	}
	if m.Type().IsVariadic() {
		m.CallSlice(args)
		return
	}
	m.Call(args)
}

// calls are the names of all methods that commands call.
func calls(t *testing.T) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				out[s.Sel.Name] = true
			}
			return true
		})
	}
	return out
}
