package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"slices"
	"time"

	"vigil.example/internal/stream"
)

// serveAdmin serves what an operator's machine wants to know of this process:
// metrics, health and profiles. It asks nobody's name and shows counts and names
// of parts, never an ad; profiles, which show more, it shows to this machine only.
func (a *App) serveAdmin(ctx context.Context) error {
	l, err := net.Listen("tcp", a.cfg.Admin)
	if err != nil {
		return fmt.Errorf("serve health: %w; another program may use the port, give another address with --admin", err)
	}
	srv := &http.Server{Handler: a.adminHandler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn)}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve health on %s: %w", a.cfg.Admin, err)
	}
	return nil
}

func (a *App) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", a.metrics())
	if !loopback(a.cfg.Admin) {
		return mux
	}
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// healthz says that the process runs: restarting it is no cure for anything as
// long as it answers.
func (a *App) healthz(w http.ResponseWriter, _ *http.Request) {
	a.answer(w, http.StatusOK, a.health.all())
}

// readyz says whether every part of this process's roles does its work, or waits
// as a standby for whoever does.
func (a *App) readyz(w http.ResponseWriter, _ *http.Request) {
	parts := a.health.all()
	if !a.bus.Connected() && !slices.ContainsFunc(parts, func(p PartHealth) bool { return p.Part == partStreams }) {
		parts = append(parts, PartHealth{Part: partStreams, State: stateFailing, Since: time.Now().UTC(), Error: stream.ErrAway.Error()})
	}
	code := http.StatusOK
	if slices.ContainsFunc(parts, func(p PartHealth) bool { return p.State == stateFailing }) {
		code = http.StatusServiceUnavailable
	}
	a.answer(w, code, parts)
}

func (a *App) answer(w http.ResponseWriter, code int, parts []PartHealth) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(struct {
		Version string       `json:"version"`
		Owner   string       `json:"process"`
		Parts   []PartHealth `json:"parts"`
	}{a.cfg.Version, a.owner, parts})
}
