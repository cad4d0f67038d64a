package capture

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"vigil.example/internal/ad"
)

var update = flag.Bool("update", false, "rewrite the expected half of testdata/*.txtar")

// Each case holds a request and a response, with bare line ends that become those
// of HTTP, and the records they must give, uncompressed, with bare line ends again.
func TestGoldenRecords(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, f := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range a.Files {
				part[f.Name] = strings.ReplaceAll(string(f.Data), "\n", "\r\n")
			}
			x := Exchange{URL: "https://ads.example.test/ad/1", Response: []byte(part["response"]), FetchedAt: noon, Site: "townboard"}
			if part["request"] != "" {
				x.Request, x.IP, x.Visit, x.Depth = []byte(part["request"]), "192.0.2.1", 2, 1
			} else {
				x.URL, x.Via, x.File, x.Operator = "file:///saved/ad%201.html", ad.ViaImport, "ad 1.html", "Ana Ruiz"
			}
			_, b, err := Record(x)
			if err != nil {
				t.Fatal(err)
			}
			r, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(string(plain), "\r\n", "\n")
			last := len(a.Files) - 1
			if a.Files[last].Name != "records" {
				t.Fatalf("%s: the last part is %q, not records", f, a.Files[last].Name)
			}
			if *update {
				a.Files[last].Data = []byte(got)
				if err := os.WriteFile(f, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[last].Data), got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}
