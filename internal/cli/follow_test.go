package cli_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/cli"
)

// A screen is what a command has printed while it runs.
type screen struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return len(b), nil
}

// shows waits until a text stands on the screen.
func (s *screen) shows(t *testing.T, want string) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		s.mu.Lock()
		have := s.text.String()
		s.mu.Unlock()
		if strings.Contains(have, want) {
			return
		}
		select {
		case <-s.changed:
		case <-late:
			t.Fatalf("%q is not shown:\n%s", want, have)
		}
	}
}

func TestFollowShowsWhatComes(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "anna", access.ScopeRead)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, ended := &screen{changed: make(chan struct{}, 1)}, make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, []string{"search", "--follow", "piano"}, strings.NewReader(""), out, out, func(k string) string { return sh.env[k] }, "v0-test")
	}()
	out.shows(t, "3 ads so far; others are shown as they come.")
	out.shows(t, "Piano lessons 2")
	town.Arrive(t, "90", "A drum for sale")
	town.Arrive(t, "91", "A piano for sale")
	out.shows(t, "A piano for sale\n  912-555-0123")
	out.shows(t, "  ad "+town.Ads[0].AdID)
	stop() // Ctrl-C
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit code %d:\n%s", code, out.text.String())
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("it does not end")
	}
	if strings.Contains(out.text.String(), "drum") {
		t.Errorf("what does not match is shown:\n%s", out.text.String())
	}
}
