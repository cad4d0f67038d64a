package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/export"
	"vigil.example/internal/search"
)

func TestExports(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", access.ScopeRead, access.ScopePacket)
	for _, f := range export.Formats() {
		var b bytes.Buffer
		got, err := c.Export(t.Context(), api.ExportRequest{Query: "piano", Format: f}, &b)
		sum := sha256.Sum256(b.Bytes())
		if err != nil || got.Rows != 3 || got.Size != int64(b.Len()) || got.SHA256 != hex.EncodeToString(sum[:]) {
			t.Fatalf("%s: %+v, %v", f, got, err)
		}
		if f == export.XLSX {
			continue
		}
		var full bytes.Buffer
		if _, err := c.Export(t.Context(), api.ExportRequest{Query: "piano", Format: f, Full: true, Authority: "order 12"}, &full); err != nil || !bytes.Contains(full.Bytes(), []byte("order 12")) || !bytes.Contains(full.Bytes(), []byte("iano")) || bytes.Contains(b.Bytes(), []byte("iano")) {
			t.Errorf("%s, full: %v\n%s\nredacted:\n%s", f, err, &full, &b)
		}
		if n, err := export.Check(f, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }); n != 3 || err != nil {
			t.Errorf("%s: %d rows, %v", f, n, err)
		}
		first := bytes.SplitAfter(b.Bytes(), []byte("\n"))[:2]
		if f == export.JSONL {
			first = first[:1]
		}
		p, err := export.Read(f, bytes.NewReader(bytes.Join(first, nil)))
		if err != nil || p.Rows != 1 {
			t.Fatalf("%s: %+v, %v", f, p, err)
		}
		var rest bytes.Buffer
		if got, err := c.Export(t.Context(), api.ExportRequest{Query: "piano", Format: f, After: p.Last}, &rest); err != nil || got.Rows != 2 || bytes.Contains(rest.Bytes(), []byte(`"document_id"`)) {
			t.Errorf("%s, the rest: %+v, %v\n%s", f, got, err, &rest)
		}
	}
	for what, q := range map[string]api.ExportRequest{
		"a format that there is not": {Query: "piano", Format: "pdf"}, "an id that is none": {Query: "piano", Format: "csv", After: "912-555-0123"}, "the rest of an archive": {Query: "piano", Format: "xlsx", After: town.Ads[0].AdID},
		"a query that cannot be read": {Query: "(piano", Format: "csv"},
		"a full file under nothing":   {Query: "piano", Format: "csv", Full: true}, "a redacted file under an order": {Query: "piano", Format: "csv", Authority: "order 12"},
	} {
		var b bytes.Buffer
		_, err := c.Export(t.Context(), q, &b)
		var p *api.Problem
		if !errors.As(err, &p) || p.Status != http.StatusBadRequest || b.Len() > 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
	for name, scopes := range map[string][]access.Scope{"rita": access.Scopes(), "anna": {access.ScopeRead}} {
		_, err := town.Client(t, name, scopes...).Export(t.Context(), api.ExportRequest{Query: "piano", Format: "csv"}, io.Discard)
		var p *api.Problem
		if !errors.As(err, &p) || p.Status != http.StatusForbidden {
			t.Errorf("%s with %v: %v", name, scopes, err)
		}
	}
}

// What does not come whole is said to be cut, wherever it was.
func TestExportsAreSeenToBeCut(t *testing.T) {
	for what, answer := range map[string]func(w http.ResponseWriter){
		"broken off":       func(w http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"without trailers": func(http.ResponseWriter) {},
		"with another digest": func(w http.ResponseWriter) {
			w.Header().Set(http.TrailerPrefix+"Vigil-Export-Rows", "1")
			w.Header().Set(http.TrailerPrefix+"Vigil-Export-Sha256", strings.Repeat("0", 64))
		},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", export.JSONL.MediaType())
			_, _ = io.WriteString(w, `{"id":"1"}`+"\n")
			_ = http.NewResponseController(w).Flush()
			answer(w)
		}))
		var b bytes.Buffer
		_, err := api.NewClient(srv.URL, "vigil_x", nil).Export(t.Context(), api.ExportRequest{Query: "piano", Format: export.JSONL}, &b)
		if !errors.Is(err, api.ErrCut) || b.Len() == 0 {
			t.Errorf("%s: %v, %d bytes", what, err, b.Len())
		}
		srv.Close()
	}
}

func TestSurveyAndGroups(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", access.ScopeRead)
	a, err := c.Survey(t.Context(), api.SurveyRequest{Query: "piano", Every: search.Daily, Cells: true})
	if err != nil || a.Total != 3 || len(a.Facets) != len(search.Facets()) || len(a.Times) != 1 || a.Times[0].Documents != 3 {
		t.Fatalf("survey: %+v, %v", a, err)
	}
	for _, f := range a.Facets {
		for _, v := range f.Values {
			n, err := c.Search(t.Context(), api.SearchRequest{Query: "piano " + v.Term})
			if err != nil || n.Total != v.Documents || v.Name == "" {
				t.Errorf("%s %s: %d ads, %d by %s, %v", f.Facet, v.Name, v.Documents, n.Total, v.Term, err)
			}
		}
	}
	g, err := c.Groups(t.Context(), api.GroupsRequest{Query: "piano"})
	if err != nil || g.Total != 2 || len(g.Groups) != 2 || g.Groups[0].Cluster != town.Cluster || g.Groups[0].Documents != 2 || g.Groups[1].Cluster != "" || g.Groups[0].Newest.Document.Ad.Images != nil {
		t.Errorf("groups: %+v, %v", g, err)
	}
	like, err := c.Alike(t.Context(), town.Ads[0].AdID, 5)
	if err != nil || len(like) == 0 || like[0].Document.Ad.AdID == town.Ads[0].AdID || like[0].Share < search.LeastShare {
		t.Errorf("alike: %+v, %v", like, err)
	}
	for _, q := range []api.SurveyRequest{{Query: "piano", Facets: []search.Facet{"shoe"}}, {Query: "piano", Every: "hour"}, {Query: "piano", Top: 1000}} {
		_, err := c.Survey(t.Context(), q)
		var p *api.Problem
		if !errors.As(err, &p) || p.Status != http.StatusBadRequest {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// A cursor turns everything, once.
func TestCursor(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", access.ScopeRead)
	one, at := 1, ""
	var got []string
	for range 5 {
		a, err := c.Search(t.Context(), api.SearchRequest{Query: "piano", Size: &one, Cursor: &at})
		if err != nil || a.Total != 3 || len(a.Hits) != 1 || len(a.Hits[0].Spans) == 0 {
			t.Fatalf("%+v, %v", a, err)
		}
		got = append(got, a.Hits[0].Document.ID)
		if at = a.Next; at == "" {
			break
		}
	}
	if len(got) != 3 || !slices.IsSorted(got) || len(slices.Compact(got)) != 3 {
		t.Errorf("turned %v", got)
	}
	bad := "912-555-0123"
	for _, q := range []api.SearchRequest{{Query: "piano", Cursor: &bad}, {Query: "piano", Cursor: &at, Offset: 1}, {Query: "piano", Cursor: &at, Sort: "newest"}} {
		_, err := c.Search(t.Context(), q)
		var p *api.Problem
		if !errors.As(err, &p) || p.Status != http.StatusBadRequest {
			t.Errorf("%+v: %v", q, err)
		}
	}
}
