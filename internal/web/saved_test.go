package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
)

// A search is saved from its results, told of, run, changed back, deleted and
// brought back, and no address ever holds what it asks for.
func TestSavedPages(t *testing.T) {
	h := newHouse(t)
	h.settle()
	post := func(n, title string, at time.Time) {
		h.see(ad.Listing{URL: "http://town.example/ad/" + n, Site: "townboard", NativeID: n, Title: title, Body: "Call 912-555-0123."}, at)
	}
	post("1", "New in town", h.now.Add(-time.Hour))
	to, _, body := h.ask(`"new in town" 912-555-0123`)
	from := strings.TrimPrefix(strings.Split(to, "?")[0], "/s/")
	if !strings.Contains(body, `href="/saved?from=`+from) {
		t.Fatalf("the results cannot be saved:\n%s", strip(body))
	}
	_, body = h.get("/saved?from=" + from)
	if !strings.Contains(body, `value="&#34;new in town&#34; 912-555-0123"`) {
		t.Errorf("the form does not have the search:\n%s", strip(body))
	}
	res, body := h.post("/saved", "name", "Ask 912-555-0123", "q", "rose")
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Neither can hold a telephone number") || !strings.Contains(body, `value="rose"`) {
		t.Errorf("a number in the name: %d\n%s", res.StatusCode, strip(body))
	}
	res, _ = h.post("/saved", "name", "Newcomers", "q", `"new in town" 912-555-0123`, "alert", "yes")
	one := res.Header.Get("Location")
	if !regexp.MustCompile(`^/saved/[0-9a-f]{32}$`).MatchString(one) {
		t.Fatalf("saved at %q", one)
	}
	if _, body = h.get(one); !strings.Contains(strip(body), "1 ad matched already") || !strings.Contains(body, "You are told") {
		t.Errorf("the alert says nothing:\n%s", strip(body))
	}
	post("2", "New in town again", h.now)
	if _, body = h.get("/inbox"); !strings.Contains(strip(body), "An ad matches Newcomers") || !strings.Contains(body, "found there:") || !strings.Contains(strip(body), "in the title") {
		t.Errorf("the inbox:\n%s", strip(body))
	}
	if res, _ = h.post(one + "/run"); !regexp.MustCompile(`^/s/[a-z]{22}\?sort=newest$`).MatchString(res.Header.Get("Location")) {
		t.Errorf("run leads to %q", res.Header.Get("Location"))
	}
	h.to(one, one, "name", "Renamed", "q", "rose")
	if _, body = h.get(one); !strings.Contains(body, "Use this again") || !strings.Contains(body, "Newcomers") {
		t.Errorf("no history:\n%s", strip(body))
	}
	h.to("/saved", one+"/delete")
	if _, body = h.get("/saved"); !strings.Contains(body, "Undo: bring it back") || !strings.Contains(body, "None is kept yet") {
		t.Errorf("deleted:\n%s", strip(body))
	}
	h.to(one, one+"/restore")
	if _, body = h.get("/saved"); !strings.Contains(body, "Renamed") {
		t.Errorf("brought back:\n%s", strip(body))
	}
}

// A list is looked up from a file, its outcome downloaded, and watched in one step
// that one press takes back.
func TestLookupPages(t *testing.T) {
	h := newHouse(t)
	h.settle()
	h.see(ad.Listing{URL: "http://town.example/ad/1", Site: "townboard", NativeID: "1", Title: "Oak table", Body: "Call 912-555-0123."}, h.now.Add(-time.Hour))
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	f, err := w.CreateFormFile("file", "list.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write([]byte("(912) 555-0123\n12345\n912-555-0144\n912 555 0123\n"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+"/lookup", &form)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := h.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body := h.body(res)
	at := res.Header.Get("Location")
	if !regexp.MustCompile(`^/lookup/[0-9a-f]{32}$`).MatchString(at) {
		t.Fatalf("%d to %q\n%s", res.StatusCode, at, strip(body))
	}
	if _, body = h.get(at); !strings.Contains(body, "<h1>1 value found</h1>") || !strings.Contains(strip(body), "1, 4") || !strings.Contains(body, "townboard") {
		t.Errorf("found:\n%s", strip(body))
	}
	if _, body = h.get(at + "?show=unread"); !strings.Contains(strip(body), "it has 5 digits") {
		t.Errorf("not read:\n%s", strip(body))
	}
	if res, body = h.get(at + "/csv"); !strings.HasPrefix(res.Header.Get("Content-Type"), "text/csv") || !strings.Contains(body, "'+19125550123") {
		t.Errorf("CSV: %s\n%s", res.Header.Get("Content-Type"), body)
	}
	if res, body = h.post(at+"/watch", "name", "", "which", "all"); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a name: %d\n%s", res.StatusCode, strip(body))
	}
	res, _ = h.post(at+"/watch", "name", "Lake", "which", "all")
	list := res.Header.Get("Location")
	if _, body = h.get(list); !strings.Contains(strip(body), "You are watching 2 values as a list") {
		t.Fatalf("watched at %q:\n%s", list, strip(body))
	}
	if _, body = h.get("/watches"); !strings.Contains(body, "1 list of watches") || !strings.Contains(body, "2 more watches in lists") && !strings.Contains(body, "You watch nothing beside your lists") {
		t.Errorf("watches:\n%s", strip(body))
	}
	h.to("/watches", list+"/end")
	if _, body = h.get("/watches"); !strings.Contains(body, "Undo: watch them again") {
		t.Errorf("ended:\n%s", strip(body))
	}
	if res, _ := h.get("/lookup/" + strings.Repeat("0", 32)); res.StatusCode != http.StatusNotFound {
		t.Errorf("a lookup that is not there: %d", res.StatusCode)
	}
}
