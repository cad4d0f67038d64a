package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/api"
	"vigil.example/internal/desk"
)

// What an operator sees when a process dies and when NATS goes: who does the
// work, what waits, and that nothing is the matter once all are back.
func TestWhoIsAway(t *testing.T) {
	t.Parallel()
	p := build(t, layout{servers: 1, ads: 60, procs: map[string][]string{
		"web": {"--roles=crawl,enrich,link,index,alert,archive,web"}, "extract": {"--roles=extract"},
	}})
	p.ready()
	p.settle()
	role := func(name string) (r desk.Role) {
		s, err := p.desk.client.Status(t.Context())
		if err != nil {
			return desk.Role{RunBy: -1}
		}
		for _, x := range s.Roles {
			if x.Name == name {
				r = x
			}
		}
		return r
	}
	if got := role("extract"); got.RunBy != 1 || got.Missing() {
		t.Errorf("extract is %+v, want it run by one", got)
	}

	p.procs["extract"].kill()
	p.desk.bring(3)()
	await(t, "extract is missed", func() bool {
		r := role("extract")
		return r.Missing() && r.Waiting == 3 && r.Oldest > 1
	})
	s, err := p.desk.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Processes) != 2 || s.Processes[0].Silent != 0 || s.Processes[1].Silent < 10 || strings.Join(s.Processes[1].Roles, " ") != "extract" {
		t.Errorf("processes are %+v, want one that lives and then extract, silent", s.Processes)
	}
	r, err := p.desk.client.Replay(t.Context(), api.ReplayRequest{Step: "extract"})
	if err != nil || r.Trouble != "no process runs extract; start one: vigil run --roles extract" {
		t.Errorf("a replay says %q, %v, want who is missing", r.Trouble, err)
	}
	p.procs["extract"].start()
	await(t, "extract is back", func() bool { return role("extract").RunBy == 1 })
	p.settle()

	p.nats[0].stop()
	await(t, "every process says that the streams are away", func() bool {
		for name := range p.procs {
			if code, body := p.health(name); code != http.StatusServiceUnavailable || !strings.Contains(body, "the streams cannot be reached") {
				return false
			}
		}
		return true
	})
	for what, ask := range map[string]func(context.Context) error{
		"status": func(ctx context.Context) error { _, err := p.desk.client.Status(ctx); return err },
		"search": func(ctx context.Context) error {
			_, err := p.desk.client.Search(ctx, api.SearchRequest{Query: "piano"})
			return err
		},
		"import": func(ctx context.Context) error { _, err := p.desk.client.Import(ctx, savedPage(99)); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := ask(ctx)
		cancel()
		var problem *api.Problem
		if !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable || problem.Code() != api.AwayCode {
			t.Errorf("%s without streams says %v, want a 503 that says so", what, err)
		}
	}
	p.nats[0].start()
	p.ready()
	await(t, "status answers", func() bool { return role("web").RunBy == 1 })
	for name, x := range p.procs {
		text := x.text()
		if n := strings.Count(text, "level=WARN msg=\"the streams cannot be reached"); n != 1 {
			t.Errorf("%s says %d times that the streams went, want once", name, n)
		}
		if n := strings.Count(text, "the streams are back"); n != 1 {
			t.Errorf("%s says %d times that they are back, want once", name, n)
		}
		if strings.Contains(text, "level=WARN msg=\"part of a role failed") {
			t.Errorf("%s warns of parts that only waited:\n%s", name, x.tail(30))
		}
	}
	p.whole()
}
