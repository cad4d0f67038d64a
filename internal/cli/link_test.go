package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func linkIn(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Main(t.Context(), append([]string{"link", "-"}, args...), strings.NewReader(in), &stdout, &stderr, func(string) string { return "" }, "test")
	return code, stdout.String(), stderr.String()
}

// Ads are read in the shapes that people's programs write them in.
func TestLinkReadsWhatPeopleWrite(t *testing.T) {
	in := `{"id":1,"posted_at":1609617630,"phones":"+1 (912) 555-0119","title":null,"extra":{"a":[1]}}
{"id":"2","posted_at":"2021-01-02 20:00:30","phones":["9125550119",null,""],"emails":null,"image_hashes":[null,"0xABC","zzz"]}

{"id":3.5,"posted_at":"yesterday","phones":[19125550119],"site":7,"city":null,"text":"calm room"}
{"id":"é\"","posted_at":"2021-02-03"}
`
	code, out, errs := linkIn(t, in)
	if want := `{"id":1,"cluster":1}
{"id":"2","cluster":1}
{"id":3.5,"cluster":1}
{"id":"é\"","cluster":"é\""}
`; code != 0 || out != want {
		t.Errorf("got code %d and %s, want %s", code, out, want)
	}
	for _, want := range []string{"read 4 ads in ", "3 ads have no title, body or text", "1 ad has no posted_at that is a time (first on line 4)", "linked them in "} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is not said in %q", want, errs)
		}
	}
}

func TestLinkNamesLinesThatItPassesOver(t *testing.T) {
	in := `{"id":"a"}` + "\n[1]\n\n{\"id\":\n" + `{"id":"a","title":"again"}` + "\n" + `{"body":"no id"}` + "\n" + `{"id":{"a":1}}` + "\n" +
		`{"id":"x","body":"` + strings.Repeat("x", maxLine) + "\"}\n" + `{"id":"b","phones":{}}` + "\n" + `{"id":"c"}`
	code, out, errs := linkIn(t, in)
	if want := "{\"id\":\"a\",\"cluster\":\"a\"}\n{\"id\":\"c\",\"cluster\":\"c\"}\n"; code != codeError || out != want {
		t.Errorf("got code %d and %s, want %d and %s", code, out, codeError, want)
	}
	for line, why := range map[int]string{2: "a JSON array, not an object", 4: "no JSON from byte", 5: "gives the id of line 1 again", 6: "no id", 7: "id is of JSON type object", 8: "longer than 16 MiB", 9: "phones is of JSON type object"} {
		if want := fmt.Sprintf("vigil: read standard input: line %d: %s", line, why); !strings.Contains(errs, want) {
			t.Errorf("%q is not said in %q", want, errs)
		}
	}
	if !strings.Contains(errs, "7 of 9 ads could not be read") {
		t.Errorf("no sum in %q", errs)
	}
}

func TestLinkOfNothing(t *testing.T) {
	for _, in := range []string{"", "\n\n", "\ufeff"} {
		if code, out, errs := linkIn(t, in); code != 0 || out != "" || !strings.Contains(errs, "read 0 ads") {
			t.Errorf("%q: code %d, %q, %q", in, code, out, errs)
		}
	}
	if code, _, errs := linkIn(t, "no json\n"); code != codeError || !strings.Contains(errs, "line 1") {
		t.Errorf("code %d, %q", code, errs)
	}
	if code, _, errs := linkIn(t, `{"id":"a"}`, "--explain", "a", "b"); code != codeNotFound || !strings.Contains(errs, "ad b: not found in the file") {
		t.Errorf("code %d, %q", code, errs)
	}
}

func TestLinkScores(t *testing.T) {
	var b strings.Builder
	for i := range 6 {
		_, _ = fmt.Fprintf(&b, `{"id":%d,"phones":["+1912555010%d"],"true_group":%d,"true_kind":"org"}`+"\n", i, i/3, i/3)
	}
	gold := filepath.Join(t.TempDir(), "gold.jsonl")
	if err := os.WriteFile(gold, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := linkIn(t, b.String(), "--score", gold); code != 0 || !strings.Contains(out, "6 ads in 2 clusters") || !strings.Contains(out, "F1 1.0000") {
		t.Errorf("code %d, %q, %q", code, out, errs)
	}
}

func TestMoments(t *testing.T) {
	want := time.Date(2021, 1, 2, 20, 0, 30, 0, time.UTC)
	for _, s := range []string{"2021-01-02T20:00:30Z", "2021-01-02T22:00:30+02:00", "2021-01-02T20:00:30.000Z", " 2021-01-02 20:00:30", "2021-01-02T20:00:30", "1609617630", "1609617630.0", "1609617630000", "Sat, 02 Jan 2021 20:00:30 GMT"} {
		if got, ok := moment(s); !ok || !got.Equal(want) {
			t.Errorf("%q: %v", s, got)
		}
	}
	for _, s := range []string{"", "soon", "NaN", "1e300", "2021-13-01"} {
		if got, ok := moment(s); ok || !got.IsZero() {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}

func TestDialled(t *testing.T) {
	for in, want := range map[string]string{
		"+19125550143": "+19125550143", "912-555-0143": "+19125550143", "1 (912) 555.0143": "+19125550143", "0044 20 7946 0123": "+442079460123",
		"+44 20 7946 0123": "+442079460123", "+19125550143;ext=7": "+19125550143;ext=7", "ask me": "ask me", "55501": "55501",
	} {
		if got := dialled(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
