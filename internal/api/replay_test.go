package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/generation"
)

// refused checks that an error is a problem of a status and a code.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	p, ok := errors.AsType[*api.Problem](err)
	if !ok || p.Status != status || p.Code() != code {
		t.Errorf("got %v; want %d %s", err, status, code)
	}
}

func TestReplayIsForAdministrators(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "adam", access.ScopeAdmin)
	anna := town.Client(t, "anna", all...)
	if _, err := c.CancelReplay(t.Context()); err == nil {
		t.Error("cancelled nothing")
	} else {
		refused(t, err, http.StatusNotFound, "no-replay")
	}
	_, err := anna.Replay(t.Context(), api.ReplayRequest{Step: generation.StepIndex})
	refused(t, err, http.StatusForbidden, "denied")
	_, err = c.Replay(t.Context(), api.ReplayRequest{Step: generation.StepEnrich, From: generation.From{Seq: 101}})
	refused(t, err, http.StatusBadRequest, "bad-from")
	r, err := c.Replay(t.Context(), api.ReplayRequest{Step: generation.StepEnrich, From: generation.From{Seq: 7}})
	if err != nil || r.N != 2 || r.Step != generation.StepEnrich || r.From.Seq != 7 || r.By == "" {
		t.Errorf("planned %+v, %v", r, err)
	}
	_, err = c.Replay(t.Context(), api.ReplayRequest{Step: generation.StepIndex})
	refused(t, err, http.StatusConflict, "under-way")
	rs, err := anna.Replays(t.Context()) // counts are for all
	if err != nil || rs.Serving.N != 1 || rs.Replay == nil || !rs.Replay.UnderWay() || rs.Replay.Total != 120 {
		t.Errorf("read %+v, %v", rs, err)
	}
	_, err = anna.CancelReplay(t.Context())
	refused(t, err, http.StatusForbidden, "denied")
	if r, err := c.CancelReplay(t.Context()); err != nil || r.UnderWay() {
		t.Errorf("cancelled %+v, %v", r, err)
	}
	for _, want := range []string{
		`"action":"replay.start","object":"enrich-2","outcome":"ok"`, `"action":"replay.cancel","object":"enrich-2","outcome":"ok"`,
		`"action":"replay.start","object":"index","outcome":"denied"`, `"action":"replay.cancel","outcome":"denied"`,
	} {
		if !strings.Contains(town.Journal.Text(), want) {
			t.Errorf("the audit log does not say %s:\n%s", want, town.Journal.Text())
		}
	}
}

func TestDeadLetters(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "adam", access.ScopeAdmin, access.ScopeRead)
	for _, who := range []*api.Client{town.Client(t, "anna", all...), town.Client(t, "adam", access.ScopeAdmin)} {
		_, err := who.DeadLetter(t.Context(), 1)
		refused(t, err, http.StatusForbidden, "denied")
		_, err = who.DeadLetters(t.Context(), "", 0, 0)
		refused(t, err, http.StatusForbidden, "denied")
	}
	l, err := c.DeadLetters(t.Context(), "enrich", 0, 1)
	if err != nil || l.Total != 2 || len(l.Counts) != 1 || len(l.Letters) != 1 || l.Letters[0].ID != 3 || l.Before != 3 || l.Letters[0].Record != nil {
		t.Errorf("listed %+v, %v", l, err)
	}
	if l, err = c.DeadLetters(t.Context(), "enrich", l.Before, 1); err != nil || len(l.Letters) != 1 || l.Letters[0].ID != 2 || l.Before != 0 {
		t.Errorf("the next page: %+v, %v", l, err)
	}
	one, err := c.DeadLetter(t.Context(), 2)
	if err != nil || !strings.Contains(string(one.Record), "Piano lessons") {
		t.Errorf("shown %+v, %v", one, err)
	}
	_, err = c.DeadLetter(t.Context(), 77)
	refused(t, err, http.StatusNotFound, "not-found")
	for _, q := range []api.LettersRequest{{}, {All: true, IDs: []uint64{1}}, {IDs: []uint64{1}, Step: "enrich"}, {IDs: []uint64{1}, Reason: "no"}, {IDs: make([]uint64, 1001)}} {
		_, err := c.RetryDeadLetters(t.Context(), q)
		refused(t, err, http.StatusBadRequest, "bad-request")
	}
	w, err := c.RetryDeadLetters(t.Context(), api.LettersRequest{All: true, Step: "enrich"})
	if err != nil || w.Done != 1 || w.Total != 2 || len(w.Failed) != 1 || w.Failed[0].ID != 2 {
		t.Errorf("retried %+v, %v", w, err)
	}
	_, err = c.DropDeadLetters(t.Context(), api.LettersRequest{IDs: []uint64{2}, Reason: " \t"})
	refused(t, err, http.StatusBadRequest, "bad-request")
	if w, err = c.DropDeadLetters(t.Context(), api.LettersRequest{IDs: []uint64{2}, Reason: "a broken page"}); err != nil || w.Done != 1 {
		t.Errorf("dropped %+v, %v", w, err)
	}
	for _, want := range []string{
		`"action":"dead-letters.show","object":"letter-2","outcome":"ok"`, `"action":"dead-letters.show","object":"letter-1","outcome":"denied"`,
		`"action":"dead-letters.retry","object":"enrich","count":1,"outcome":"ok"`, `"action":"dead-letters.drop","object":"letter-2","count":1,"outcome":"ok"`,
		`"action":"dead-letters.list","count":2,"outcome":"ok"`,
	} {
		if !strings.Contains(town.Journal.Text(), want) {
			t.Errorf("the audit log does not say %s:\n%s", want, town.Journal.Text())
		}
	}
	// Without the audit log there is no record and nothing is done.
	town.Journal.Outage(true)
	if x, err := c.DeadLetter(t.Context(), 1); err == nil || x.Record != nil {
		t.Errorf("shown without the audit log: %+v", x)
	}
}
