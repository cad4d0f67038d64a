package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/search/sqlite"
)

// TestMain runs the tests, or, for a child process, what its environment asks.
func TestMain(m *testing.M) {
	if path := os.Getenv("VIGIL_TEST_INDEX"); path != "" {
		if err := serve(path, os.Stdin, os.Stdout); err != nil {
			fmt.Println("error", err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serve obeys one command a line: "open EPOCH", "read", "apply N", "erase ID",
// "position", "count", and answers each with one line.
func serve(path string, in io.Reader, out io.Writer) error {
	var x *sqlite.Index
	ctx := context.Background()
	do := func(verb, arg string) (any, error) {
		n, _ := strconv.Atoi(arg)
		switch verb {
		case "open", "read":
			var err error
			x, err = sqlite.Open(ctx, path, sqlite.Options{ReadOnly: verb == "read", Epoch: uint64(n)})
			if err != nil {
				return nil, err
			}
			return x.ID(), nil
		case "apply":
			return n, x.Apply(ctx, "ads", uint64(n), versions(n))
		case "erase":
			return x.Erase(ctx, []string{arg}, nil)
		case "position":
			return x.Position(ctx, "ads")
		case "count":
			node, err := query.Parse("roses")
			if err != nil {
				return nil, err
			}
			res, err := x.Search(ctx, node, search.Page{Size: 5})
			return res.Total, err
		}
		return nil, errors.New("unknown command")
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		verb, arg, _ := strings.Cut(lines.Text(), " ")
		got, err := do(verb, arg)
		switch {
		case errors.Is(err, search.ErrFenced):
			got = "fenced"
		case errors.Is(err, search.ErrDamaged):
			got = "damaged"
		case errors.Is(err, ad.ErrNotFound):
			got = "not found"
		case err != nil:
			got = "error " + err.Error()
		}
		if _, err := fmt.Fprintln(out, got); err != nil {
			return err
		}
	}
	return nil
}

// A child is another process with the index at a path.
type child struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(t *testing.T, path string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), "VIGIL_TEST_INDEX="+path)
	c.cmd.Stderr = os.Stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.in.Close()
		_, _ = io.Copy(io.Discard, c.out)
		_ = c.cmd.Wait()
	})
	return c
}

// send gives a command, answer waits for what it gave.
func (c *child) send(command string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) answer() string {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func (c *child) want(command, want string) {
	c.t.Helper()
	c.send(command)
	if got := c.answer(); got != want {
		c.t.Fatalf("%s: got %s, want %s", command, got, want)
	}
}

func TestProcessesShareTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.db")
	reader, old, young := start(t, path), start(t, path), start(t, path)
	reader.want("read", "not found")
	old.send("open 3")
	id := old.answer()
	reader.want("read", id)
	reader.want("position", "0")
	old.want("apply 100", "100")
	reader.want("position", "100")
	reader.want("count", "100")
	reader.want("apply 5", "error write index "+path+": it was opened to answer only")

	young.want("open 2", "fenced")
	young.want("open 3", id) // one more writer of the same owner
	young.want("erase "+versions(1)[0].Version.AdID, "2")
	reader.want("count", "98")
	old.want("apply 120", "120")
	reader.want("count", "120")

	young.want("open 7", id)
	old.want("apply 130", "fenced")
	old.want("erase x", "fenced")
	old.want("position", "120")
	young.want("apply 140", "140")
	reader.want("position", "140")
	reader.want("count", "140")
}

// TestWritersWait lets two processes write at once, while a third reads.
func TestWritersWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.db")
	a, b, reader := start(t, path), start(t, path), start(t, path)
	a.send("open 1")
	id := a.answer()
	b.want("open 1", id)
	reader.want("read", id)
	a.want("apply 200", "200")
	for i := range 10 {
		a.send("apply 200") // all known but for the one erased before
		b.send("erase " + versions(2*i + 1)[2*i].Version.AdID)
		reader.send("count")
		if got := a.answer(); got != "200" {
			t.Fatal(got)
		}
		if got := b.answer(); got != "2" {
			t.Fatal(got)
		}
		if got, err := strconv.Atoi(reader.answer()); err != nil || got < 196 || got%2 != 0 {
			t.Fatalf("the reader counts %d, %v, want whole transactions", got, err)
		}
	}
}

func TestIntact(t *testing.T) {
	n, err := query.Parse("roses")
	if err != nil {
		t.Fatal(err)
	}
	cut := func(size int64) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Truncate(path, size); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		harm func(*testing.T, string)
	}{
		{"deleted", func(t *testing.T, path string) {
			if err := sqlite.Remove(path); err != nil {
				t.Fatal(err)
			}
		}},
		{"replaced", func(t *testing.T, path string) {
			if err := os.Rename(filled(t), path); err != nil {
				t.Fatal(err)
			}
		}},
		{"cut to nothing", cut(0)},
		{"cut to a page", cut(8192)},
		{"cut in the middle", cut(100_000)},
		{"overwritten", func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt([]byte(strings.Repeat("roses ", 700)), 0); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		for _, readOnly := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, ", read only ", readOnly), func(t *testing.T) {
				path := filled(t)
				x, err := sqlite.Open(t.Context(), path, sqlite.Options{ReadOnly: readOnly})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = x.Close() })
				if err := x.Intact(); err != nil {
					t.Fatalf("before: %v", err)
				}
				c.harm(t, path)
				if err := x.Intact(); !errors.Is(err, search.ErrDamaged) {
					t.Errorf("got %v, want search.ErrDamaged", err)
				}
				if c.name == "overwritten" {
					return // what is in memory is right
				}
				_, err = x.Search(t.Context(), n, search.Page{Size: 500})
				for _, err := range []error{err, second(x.Position(t.Context(), "ads")), second(x.Stats(t.Context())), second(x.TopClusters(t.Context(), 5)),
					second(x.ByValue(t.Context(), ad.Value{Kind: "site", Value: "town"}, 5)), second(x.Hub(t.Context(), ad.Value{}))} {
					if !errors.Is(err, search.ErrDamaged) {
						t.Errorf("asked: got %v, want search.ErrDamaged", err)
					}
				}
				for _, err := range x.Dump(t.Context()) {
					if !errors.Is(err, search.ErrDamaged) {
						t.Errorf("dumped: got %v, want search.ErrDamaged", err)
					}
				}
				if err := x.Apply(t.Context(), "ads", 1000, versions(10)); !readOnly && !errors.Is(err, search.ErrDamaged) {
					t.Errorf("changed: got %v, want search.ErrDamaged", err)
				}
			})
		}
	}
}

func second[T any](_ T, err error) error { return err }
