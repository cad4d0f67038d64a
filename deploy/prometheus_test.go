package deploy

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var (
	declared = regexp.MustCompile(`"(vigil_[a-z_]+)"`)
	named    = regexp.MustCompile(`vigil_[a-z_]+`)
)

// metrics are the names that the program serves.
func metrics(t *testing.T) map[string]bool {
	t.Helper()
	b, err := os.ReadFile("../internal/app/metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
		out[m[1]] = true
	}
	if len(out) < 10 {
		t.Fatalf("metrics.go declares only %v", out)
	}
	return out
}

// base is a metric without what a histogram adds to its name.
func base(name string) string {
	for _, s := range []string{"_bucket", "_sum", "_count"} {
		if b, ok := strings.CutSuffix(name, s); ok && strings.HasSuffix(b, "_seconds") {
			return b
		}
	}
	return name
}

// TestAlerts: each rule asks for metrics that there are, and says what to do.
func TestAlerts(t *testing.T) {
	b, err := os.ReadFile("prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.UnmarshalWithOptions(b, &f, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	there := metrics(t)
	seen := map[string]bool{}
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || seen[r.Alert] {
				t.Errorf("alert %q has no name of its own", r.Alert)
			}
			seen[r.Alert] = true
			for _, name := range named.FindAllString(r.Expr, -1) {
				if !there[base(name)] {
					t.Errorf("%s: metric %s is not in internal/app/metrics.go", r.Alert, name)
				}
			}
			for _, pair := range []string{"()", "[]", "{}"} {
				if strings.Count(r.Expr, pair[:1]) != strings.Count(r.Expr, pair[1:]) {
					t.Errorf("%s: %q is not closed in %s", r.Alert, pair, r.Expr)
				}
			}
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["do"] == "" {
				t.Errorf("%s: how bad it is, what it is or what to do is missing", r.Alert)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("%d alerts", len(seen))
	}
	var scrape map[string]any
	if b, err = os.ReadFile("prometheus/prometheus.yaml"); err == nil {
		err = yaml.Unmarshal(b, &scrape)
	}
	if err != nil || scrape["scrape_configs"] == nil {
		t.Errorf("prometheus.yaml: %v, %v", scrape, err)
	}
}
