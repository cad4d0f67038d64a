package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/generation"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// A Problem is how an error travels: problem details of RFC 9457, with what was
// being done, why it did not work and what to do next. It is an error in the
// client.
type Problem struct {
	Type     string    `json:"type"`   // problemType and a code
	Title    string    `json:"title"`  // the same for all problems of a type
	Status   int       `json:"status"` // HTTP status
	Detail   string    `json:"detail"` // what and why as one sentence
	What     string    `json:"what"`
	Why      string    `json:"why"`
	Next     string    `json:"next,omitempty"`
	Position *Position `json:"position,omitempty"` // in the query

	wait int // seconds, for Retry-After
}

// A Position is the part of a query that is at fault, in code points; End may be
// one past the end.
type Position struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

const problemType = "https://vigil.example/problem/"

// Error says what was being done and why it did not work.
func (p *Problem) Error() string { return p.Detail }

// Code is the last part of the type, for programs to branch on.
func (p *Problem) Code() string { return strings.TrimPrefix(p.Type, problemType) }

// A kind is one row of the table from errors to problems.
type kind struct {
	is     error
	code   string
	status int
	next   string
}

// kinds is that table; the first row that fits counts.
func kinds() []kind {
	return []kind{
		{errShape, "bad-id", 400, "ids of ads and watches have 32 hex digits, those of clusters a c and 15; search finds them"},
		{errType, "bad-type", 415, "send Content-Type: application/json"},
		{errTooMuch, "too-large", 413, "send less at once"},
		{errBody, "bad-request", 400, ""},
		{errStopping, "stopping", 503, "begin again when Vigil runs, behind the last event that was read"},
		{desk.ErrManyLive, "busy", 503, "end another live search, or try again in a minute"},
		{desk.ErrRenewed, "renewed", 409, "search again, and begin a live search without an id of an event"},
		{desk.ErrPlace, "bad-request", 400, "leave it out, or give the id of an event as it came"},
		{errCursor, "cursor-gone", 409, "begin without a cursor"},
		{errChanged, "changed", 412, "read it again, look at what has changed, and decide anew"},
		{access.ErrMustChange, "must-change", 403, "sign in on the web pages once and choose a password of your own"},
		{access.ErrBadCredentials, "bad-credentials", 401, "type them again; after five wrong passwords the name is locked for a while"},
		{access.ErrLocked, "locked", 429, "wait 15 minutes, or ask an administrator for a new password"},
		{access.ErrBusy, "busy", 503, "try again in a few seconds"},
		{access.ErrNoSession, "not-signed-in", 401, "sign in: vigil login"},
		{access.ErrNoPurpose, "no-purpose", 403, "sign in for a purpose: vigil login --case NUMBER"},
		{access.ErrDenied, "denied", 403, "sign in with a scope that covers it, or ask an administrator for the role"},
		{access.ErrInvalid, "bad-request", 400, ""},
		{casework.ErrInvalid, "bad-request", 400, ""},
		{casework.ErrMany, "too-many", 409, "delete some that are not needed any more"},
		{desk.ErrNoAlert, "no-alert", 422, "change the search; it can be kept and run as it is"},
		{desk.ErrLookup, "bad-list", 400, "give at most 5,000 lines of text or CSV"},
		{desk.ErrWatchList, "bad-list", 400, "leave out what cannot be watched"},
		{casework.ErrCorrected, "conflict", 409, "vigil corrections lists them and who made them"},
		{desk.ErrCorrection, "bad-request", 400, "say what it is about"},
		{casework.ErrLinkDecided, "conflict", 409, "vigil decisions lists them and who made them"},
		{desk.ErrLink, "bad-request", 400, "see vigil decide --help"},
		{desk.ErrAsk, "bad-request", 400, "see vigil cluster --help"},
		{desk.ErrUntold, "too-large", 422, "name two ads that were seen last"},
		{desk.ErrNoGiver, "not-found", 404, "vigil cluster lists the values that its ads give"},
		{desk.ErrLabel, "bad-request", 400, "see vigil label --help"},
		{desk.ErrManyLabels, "too-large", 422, "name the ads, a part at a time"},
		{desk.ErrNotANumber, "bad-value", 400, "write one telephone number in any form, with its area code"},
		{desk.ErrNotWritten, "bad-request", 400, "copy it from the ad"},
		{desk.ErrSame, "bad-request", 400, "there is nothing to correct"},
		{desk.ErrNotRead, "bad-request", 400, "open the ad to see what was read in it"},
		{generation.ErrUnderWay, "under-way", 409, "vigil replay --status follows it, vigil replay --cancel gives it up"},
		{generation.ErrState, "conflict", 409, "vigil replay --status shows how it stands"},
		{generation.ErrInvalid, "bad-request", 400, "steps are extract, enrich, link and index; only extract and enrich can begin in the middle"},
		{desk.ErrNothing, "bad-from", 400, "leave out --from, or name an earlier place"},
		{desk.ErrNotHeld, "conflict", 409, "vigil replay --status shows how it stands"},
		{desk.ErrNoReplay, "no-replay", 404, "vigil replay --status shows which generation serves"},
		{desk.ErrStep, "bad-request", 400, "the steps are " + strings.Join(desk.LetterSteps(), ", ")},
		{desk.ErrByNumber, "bad-value", 400, "search for it, and erase its ads by id: vigil erase --ad"},
		{desk.ErrMetro, "bad-metro", 400, "vigil demand lists the areas that have posts"},
		{desk.ErrWeek, "bad-request", 400, ""},
		{desk.ErrReason, "bad-request", 400, "say why they are given up"},
		{desk.ErrPage, "bad-page", 400, "bring a saved page with a true time and address"},
		{desk.ErrAuthority, "bad-authority", 400, "give full and authority both, or neither"},
		{desk.ErrPurpose, "bad-purpose", 400, "give a case number or a reason in words"},
		{desk.ErrNotAValue, "bad-value", 400, "write a telephone number in any form, an e-mail address, or a handle as platform:name"},
		{desk.ErrSeveral, "bad-value", 400, "watch the numbers one at a time"},
		{desk.ErrTooLarge, "too-large", 422, "search for a part of it instead"},
		{desk.ErrErase, "bad-request", 400, "say what to erase"},
		{desk.ErrHold, "bad-request", 400, "say what to hold"},
		{desk.ErrAge, "bad-request", 400, ""},
		{erasure.ErrIdentifier, "bad-request", 400, "name the file or the decision in words: a long number of a file reads like a telephone number"},
		{erasure.ErrInvalid, "bad-request", 400, ""},
		{desk.ErrHeld, "held", 409, "vigil hold list says who holds it and why; after the release, give the order again"},
		{ad.ErrNotFound, "not-found", 404, "it may have been erased, or the id is mistyped; search finds what is there"},
		{ad.ErrConflict, "conflict", 409, "try again"},
		{search.ErrAway, "index-away", 503, "nothing is lost; try again in a minute, and if it stays, tell the administrator to run: vigil doctor"},
		{search.ErrBuilding, "index-building", 503, "try again in a minute; vigil status shows how far it is"},
		{ad.ErrFull, "disk-full", 503, "nothing was stored; tell the administrator to make room on the server's disk, then do it again"},
		{capture.ErrAltered, "altered", 500, "no packet is made of it; tell the administrator to run: vigil doctor"},
		{capture.ErrMissing, "altered", 500, "no packet is made of it; tell the administrator to run: vigil doctor"},
		{search.ErrDamaged, "index-damaged", 503, "tell the administrator to run: vigil doctor"},
	}
}

// AwayCode is the code of the problem that the streams cannot be reached.
const AwayCode = "streams-away"

// problem tells what an error is to the client; nil when it is a failure inside,
// of which the client is told nothing.
func problem(what string, err error) *Problem {
	if qe, ok := errors.AsType[*query.Error](err); ok {
		p := fresh("bad-query", http.StatusBadRequest, what, reason(what, err), `put words in quotes to search for them as they are, such as "50% off"`)
		p.Position = &Position{qe.Start, qe.End}
		return p
	}
	if errors.Is(err, ad.ErrAway) { // how they were missed is for the log of whoever runs them
		return fresh(AwayCode, http.StatusServiceUnavailable, what, ad.ErrAway.Error(),
			"nothing is lost, and work goes on by itself when they are back; the administrator looks whether the NATS server of --nats runs, and has its quorum")
	}
	if r, ok := errors.AsType[errRate](err); ok {
		p := fresh("too-many", http.StatusTooManyRequests, what, r.Error(), fmt.Sprintf("go on in %d s; RateLimit in every answer says what is left", r.seconds()))
		p.wait = r.seconds()
		return p
	}
	for _, k := range kinds() {
		if errors.Is(err, k.is) {
			return fresh(k.code, k.status, what, reason(what, err), k.next)
		}
	}
	return nil
}

// internal is what a client hears of a failure inside.
func internal(what, ref string) *Problem {
	next := "try again; if it stays, tell the administrator"
	if ref != "" {
		next += " this reference, which stands in the log: " + ref
	}
	return fresh("internal", http.StatusInternalServerError, what, "something failed inside Vigil; nothing was changed that was not confirmed", next)
}

func fresh(code string, status int, what, why, next string) *Problem {
	return &Problem{
		Type: problemType + code, Title: strings.ReplaceAll(code, "-", " "), Status: status,
		Detail: what + ": " + why, What: what, Why: why, Next: next,
	}
}

// reason is the text of an error without what the problem says anyway.
func reason(what string, err error) string {
	s := err.Error()
	for _, p := range []string{what, "read query"} {
		s = strings.TrimPrefix(s, p+": ")
	}
	return s
}

// send answers with a problem.
func (s *server) send(w http.ResponseWriter, p *Problem) {
	switch p.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="vigil"`)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(cmp.Or(p.wait, 900)))
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // whoever asked has gone
}
