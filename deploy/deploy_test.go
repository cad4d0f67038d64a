// Package deploy holds files that run Vigil; its tests hold them to what the
// programs they are for understand.
package deploy

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/nats-io/nats-server/v2/server"

	"vigil.example/internal/app"
	"vigil.example/internal/cli"
)

// TestNATSFiles: the server itself reads them, with flushing on.
func TestNATSFiles(t *testing.T) {
	t.Setenv("NATS_NAME", "nats-1")
	t.Setenv("NATS_ROUTE_2", "nats-route://nats-2:6222")
	t.Setenv("NATS_ROUTE_3", "nats-route://nats-3:6222")
	t.Setenv("NATS_ROUTE_PASSWORD", "route-password")
	t.Setenv("NATS_TOKEN", "token-of-the-streams")
	for _, name := range []string{"nats/nats.conf", "nats/nats-single.conf"} {
		o, err := server.ProcessConfigFile(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !o.SyncAlways {
			t.Errorf("%s: acknowledged records would be lost with the power: sync_interval is not always", name)
		}
		if o.Authorization != "token-of-the-streams" {
			t.Errorf("%s: the streams are open to everybody", name)
		}
		if o.MaxPayload < 16<<20 {
			t.Errorf("%s: max_payload %d", name, o.MaxPayload)
		}
		if name == "nats/nats.conf" && (len(o.Routes) != 2 || o.Cluster.Password == "") {
			t.Errorf("%s: routes %v, password %q", name, o.Routes, o.Cluster.Password)
		}
	}
}

type compose struct {
	Services map[string]struct {
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		Volumes     []string          `yaml:"volumes"`
		Secrets     []string          `yaml:"secrets"`
		Networks    []string          `yaml:"networks"`
	} `yaml:"services"`
	Networks map[string]any `yaml:"networks"`
	Volumes  map[string]any `yaml:"volumes"`
	Secrets  map[string]any `yaml:"secrets"`
}

// TestCompose: the program understands every command, every role runs once, and
// what services name is declared.
func TestCompose(t *testing.T) {
	b, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c compose
	// A key beside a merge (<<) overrides it, which the reader takes for one given twice.
	if err := yaml.UnmarshalWithOptions(b, &c, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(err)
	}
	var roles []string
	for name, s := range c.Services {
		for _, n := range s.Networks {
			if _, ok := c.Networks[n]; !ok {
				t.Errorf("%s: network %s is not declared", name, n)
			}
		}
		for _, n := range s.Secrets {
			if _, ok := c.Secrets[n]; !ok {
				t.Errorf("%s: secret %s is not declared", name, n)
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, ok := c.Volumes[from]; !ok && !strings.HasPrefix(from, "./") {
				t.Errorf("%s: volume %s is not declared", name, from)
			}
		}
		if strings.HasPrefix(name, "nats-") || name == "elasticsearch" {
			continue
		}
		for _, a := range s.Command {
			if list, ok := strings.CutPrefix(a, "--roles="); ok {
				roles = append(roles, strings.Split(list, ",")...)
			}
		}
		// A folder that is no folder ends the command after its flags were read.
		wrong := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(wrong, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		args := slices.Clone(s.Command)
		for i, a := range args {
			switch flag, _, _ := strings.Cut(a, "="); flag {
			case "--sites", "--nats-token-file":
				args[i] = flag + "=" + wrong
			}
		}
		var out, errs bytes.Buffer
		code := cli.Main(context.Background(), args, strings.NewReader(""), &out, &errs, func(string) string { return "" }, "test")
		if code == 0 || strings.Contains(errs.String(), "unknown flag") || strings.Contains(errs.String(), "unexpected") {
			t.Errorf("%s: vigil %s: exit code %d: %s", name, strings.Join(args, " "), code, errs.String())
		}
	}
	slices.Sort(roles)
	want := app.RoleNames()
	slices.Sort(want)
	if !slices.Equal(roles, want) {
		t.Errorf("roles in compose.yaml: %v, want each of %v once", roles, want)
	}
}

// TestSystemd: the units are sound, where systemd is there to say so.
func TestSystemd(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("systemd-analyze is missing; .ci/install.sh installs systemd")
		}
		t.Skip("systemd-analyze is not installed")
	}
	dir := t.TempDir()
	// The programs are not installed here: something that is stands in for them.
	for _, name := range []string{"vigil.service", "vigil@.service", "nats.service", "vigil.target"} {
		b, err := os.ReadFile(filepath.Join("systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		b = bytes.ReplaceAll(b, []byte("/usr/local/bin/"), []byte("/bin/true #"))
		b = bytes.ReplaceAll(b, []byte("ExecStart=/bin/true #"), []byte("ExecStart=/bin/true "))
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", filepath.Join(dir, "vigil.service"), filepath.Join(dir, "vigil@.service"), filepath.Join(dir, "nats.service"), filepath.Join(dir, "vigil.target")).CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
