package deploy

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vigil.example/internal/cli"
)

var (
	spans  = regexp.MustCompile("`([^`\n]+)`")
	blocks = regexp.MustCompile(`(?m)^    (.+)$`)
	word   = regexp.MustCompile(`^[a-z][a-z-]*$`)
	flags  = regexp.MustCompile(`--[a-z][a-z-]*`)
)

// help is what the program says of a command; "" when there is no such command.
func help(args ...string) string {
	var out, errs bytes.Buffer
	if cli.Main(context.Background(), append(args, "--help"), strings.NewReader(""), &out, &errs, func(string) string { return "" }, "test") != 0 {
		return ""
	}
	return out.String()
}

// TestCommandsInDocs: every command and flag that a page names is one that the
// program has.
func TestCommandsInDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	running := help("run")
	for _, page := range append(pages, "../README.md") {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(spans.FindAllStringSubmatch(string(b), -1), blocks.FindAllStringSubmatch(string(b), -1)...) {
			said, _, _ := strings.Cut(m[1], "#")
			_, command, isCommand := strings.Cut(" "+said, " vigil ")
			switch {
			case strings.HasPrefix(said, "--") && filepath.Base(page) == "operations.md":
				for _, f := range flags.FindAllString(said, -1) {
					if !strings.Contains(running, f+"=") && !strings.Contains(running, f+" ") {
						t.Errorf("%s: vigil run has no flag %s", page, f)
					}
				}
			case isCommand && (strings.HasPrefix(said, "vigil ") || strings.Contains(said, "bin/vigil ")):
				checkCommand(t, page, command)
			}
		}
	}
}

// checkCommand reads a command's words and flags against its help.
func checkCommand(t *testing.T, page, command string) {
	t.Helper()
	args := strings.Fields(command)
	if len(args) == 0 || !word.MatchString(args[0]) {
		return // "vigil … --json" stands for any command
	}
	known := help(args[0])
	if known == "" {
		t.Errorf("%s: there is no command vigil %s", page, args[0])
		return
	}
	if len(args) > 1 && word.MatchString(args[1]) {
		known += help(args[0], args[1])
	}
	for _, usual := range []string{"order", "make"} { // words that may be left out
		known += help(args[0], usual)
	}
	for _, f := range flags.FindAllString(command, -1) {
		if !strings.Contains(known, f+"=") && !strings.Contains(known, f+" ") && !strings.Contains(known, f+"\n") {
			t.Errorf("%s: vigil %s has no flag %s", page, args[0], f)
		}
	}
}

// TestMetricsInDocs: the guide tells of every metric, and of none that there is not.
func TestMetricsInDocs(t *testing.T) {
	b, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	there, told := metrics(t), map[string]bool{}
	for _, name := range named.FindAllString(string(b), -1) {
		told[name] = true
		if !there[name] {
			t.Errorf("metric %s is not in internal/app/metrics.go", name)
		}
	}
	for name := range there {
		if !told[name] {
			t.Errorf("docs/operations.md does not tell of %s", name)
		}
	}
}
