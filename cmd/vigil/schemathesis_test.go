package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
)

// Somebody else's tool asks a running instance whatever the API's description
// allows, and much that it does not, and holds each answer against it: no failure
// inside, no status, header or field that is not described, nothing taken that the
// description refuses. VIGIL_FAULT_ROUNDS, of make soak, asks much more.
func TestSchemathesis(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if found, _ := filepath.Glob(filepath.Join(root, ".cache", "schemathesis", ".ok-*")); len(found) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("schemathesis is missing; .ci/install.sh installs it")
		}
		t.Skip("schemathesis is missing: make install")
	}
	d := startDemo(t, t.TempDir(), "--ads", "150", "--api-rates=-1,-1")
	select {
	case <-d.crawled:
	case <-time.After(patience):
		t.Fatalf("the first crawl does not end:\n%s", d.text())
	}
	c := d.client(t)
	list, err := c.Clusters(t.Context(), 1)
	if err != nil || len(list) != 1 {
		t.Fatalf("the largest cluster: %v, %v", list, err)
	}
	k, err := c.Cluster(t.Context(), list[0].ID)
	if err != nil || len(k.Members) == 0 {
		t.Fatalf("its ads: %v", err)
	}
	ask := func(scopes []access.Scope, args ...string) {
		t.Helper()
		a, err := api.NewClient(d.url, "", nil).MakeToken(t.Context(), api.TokenRequest{
			Name: "admin", Password: d.password, Label: "schemathesis", Scopes: scopes, Purpose: api.Purpose{Kind: access.PurposeCase, Text: "24-0117"},
		})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), filepath.Join(root, ".ci", "schemathesis.sh"), append([]string{d.url}, args...)...)
		cmd.Env = append(os.Environ(), "VIGIL_TOKEN="+a.Secret, "VIGIL_CLUSTER="+k.ID, "VIGIL_AD="+k.Members[0].Ad.AdID)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("with scopes %v: %v\n%s", scopes, err, out)
		}
	}
	whole := os.Getenv("VIGIL_FAULT_ROUNDS") != ""
	single := []access.Scope{access.ScopeRead, access.ScopeAdmin}
	if whole {
		single = access.Scopes()
	}
	for _, one := range single { // what the other scopes would allow is refused as described
		ask([]access.Scope{one}, "--generation-deterministic", "--phases", "examples")
	}
	if whole {
		ask(access.Scopes(), "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "300")
		return
	}
	ask(access.Scopes(), "--generation-deterministic", "--phases", "examples,coverage,fuzzing", "--max-examples", "3")
}
