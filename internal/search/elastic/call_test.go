package elastic_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
)

// A grudging server answers as Elasticsearch does, and lets documents wait or
// refuses them for good.
type grudging struct {
	mu    sync.Mutex
	busy  map[string]int // by native id of the ad: how often it has no room
	wrong string         // an ad that it cannot take
	asked map[string]int // how often each was sent
	auth  string         // of the last request
	mark  int            // of the position
	down  bool
}

func (g *grudging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.auth = r.Header.Get("Authorization")
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	switch path := r.URL.Path; {
	case g.down:
		w.WriteHeader(http.StatusServiceUnavailable)
	case strings.HasSuffix(path, "/_settings/index.creation_date"):
		fmt.Fprint(w, `{"x-1": {"settings": {"index": {"creation_date": "1"}}}}`)
	case strings.HasSuffix(path, "/_mapping"):
		fmt.Fprintf(w, `{"x-1": {"mappings": {"_meta": {"vigil": %d}}}}`, elastic.Version)
	case strings.HasSuffix(path, "/_mget"):
		var asked struct{ IDs []string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		docs := make([]map[string]any, len(asked.IDs))
		for i, id := range asked.IDs {
			docs[i] = map[string]any{"_id": id, "found": false}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"docs": docs})
	case strings.HasSuffix(path, "/_bulk"):
		g.bulk(w, r)
	case strings.Contains(path, "/_doc/mark:position"):
		_, _ = fmt.Sscan(r.URL.Query().Get("version"), &g.mark)
		fmt.Fprint(w, `{}`)
	default:
		fmt.Fprint(w, `{}`)
	}
}

func (g *grudging) bulk(w http.ResponseWriter, r *http.Request) {
	var items []any
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() { // what is to be done, and then the document
		lines.Scan()
		var d struct {
			Record struct {
				ID string `json:"native_id"`
			}
		}
		_ = json.Unmarshal(lines.Bytes(), &d)
		g.asked[d.Record.ID]++
		answer := map[string]any{"status": 201, "_seq_no": 1}
		if g.busy[d.Record.ID] > 0 {
			g.busy[d.Record.ID]--
			answer = map[string]any{"status": 429, "error": map[string]any{"type": "es_rejected_execution_exception", "reason": "number4"}}
		} else if d.Record.ID == g.wrong {
			answer = map[string]any{"status": 400, "error": map[string]any{"type": "document_parsing_exception", "reason": "number4"}}
		}
		items = append(items, map[string]any{"create": answer})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
}

// An answer of 200 may hold documents that were not taken: those for which there
// is no room are sent again, alone, and one that never will be taken is an error for
// good that names the ad and no word of it; the position stays.
func TestEachDocumentIsLookedAt(t *testing.T) {
	g := &grudging{busy: map[string]int{"2": 2, "5": 1}, asked: map[string]int{}}
	srv := httptest.NewServer(g)
	defer srv.Close()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("bXktaWQ6bXkta2V5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := elastic.Open(t.Context(), elastic.Options{Server: elastic.Server{URLs: []string{srv.URL}, APIKeyFile: key}, Name: "x", Refresh: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	var changes []search.Change
	for i := range 6 {
		changes = append(changes, sighted(i+1))
	}
	if err := x.Apply(t.Context(), "ads", 6, changes); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(g.asked); got != "map[1:1 2:3 3:1 4:1 5:2 6:1]" || g.mark != 6 {
		t.Errorf("sent %s, position %d", got, g.mark)
	}
	if g.auth != "APIKey bXktaWQ6bXkta2V5" {
		t.Errorf("authorization %q", g.auth)
	}
	g.wrong = "4"
	err = x.Apply(t.Context(), "ads", 9, changes)
	if !pipeline.IsPermanent(err) || !strings.Contains(fmt.Sprint(err), changes[3].Version.AdID) || strings.Contains(fmt.Sprint(err), "number4") || g.mark != 6 {
		t.Errorf("got %v, position %d", err, g.mark)
	}
	g.wrong, g.down = "", true
	if err := x.Apply(t.Context(), "ads", 9, changes); pipeline.IsPermanent(err) || g.mark != 6 {
		t.Errorf("away: got %v, position %d", err, g.mark)
	}
}

func TestValidate(t *testing.T) {
	for name, s := range map[string]elastic.Server{
		"no URL":                   {},
		"another scheme":           {URLs: []string{"ftp://search.example"}},
		"a password in the URL":    {URLs: []string{"https://a:b@search.example"}},
		"a user without password":  {URLs: []string{"https://search.example"}, User: "vigil"},
		"both user and key":        {URLs: []string{"https://search.example"}, User: "vigil", PasswordFile: "p", APIKeyFile: "k"},
		"a password without TLS":   {URLs: []string{"http://search.example:9200"}, User: "vigil", PasswordFile: "p"},
		"one good URL and one bad": {URLs: []string{"https://search.example", "search.example"}},
	} {
		if err := s.Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, s := range []elastic.Server{{URLs: []string{"http://127.0.0.1:9200"}, User: "vigil", PasswordFile: "p"}, {URLs: []string{"https://one.example:9200", "https://two.example"}, APIKeyFile: "k"}} {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
}
