package api

import (
	"vigil.example/internal/access"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/export"
)

// A route is one thing that can be asked for. The table below is all that the
// server, the OpenAPI document and the tests know of it: a route that is added
// there says its types, and nothing needs to be told again.
type route struct {
	method string
	path   string
	what   string            // what the request does, for problems
	id     func(string) bool // shape of {id}; nil when the path has none
	do     func(*call) error
	may    access.Action // what the desk asks that the caller may do; anyone, or own
	in     any           // a value of what is asked: the query's parameters for GET, the body else; nil for neither
	out    any           // a value of the answer; nil for none (204)
}

// Who may use a route that is no action of the policy.
const (
	anyone access.Action = "anyone" // no token is needed
	own    access.Action = "own"    // a token does this to itself
)

// open reports whether a route needs no token.
func (rt route) open() bool { return rt.may == anyone }

// What a route takes or gives that is no JSON object of status 200.
type (
	made   struct{ of any }                     // 201, and the value that was made
	either struct{ of any }                     // 201 when it was made, 200 when it was there
	file   []string                             // bytes of one of these media types
	events struct{ of any }                     // text/event-stream, whose data are these values
	page   struct{ headers map[string]*schema } // bytes of any media type, described by headers
)

// routes is the whole API.
func (s *server) routes() []route {
	return []route{
		{"GET", "/openapi.json", "read the description of the API", nil, s.openAPI, anyone, nil, Document{}},
		{"POST", "/tokens", "make token", nil, s.makeToken, anyone, TokenRequest{}, made{TokenAnswer{}}},
		{"DELETE", "/tokens/{id}", "revoke token", isDigest, s.revoke, own, nil, nil},
		{"GET", "/session", "say who asks, and for what", nil, s.session, own, nil, Session{}},
		{"POST", "/search", "search", nil, s.search, access.ActRead, SearchRequest{}, SearchAnswer{}},
		{"POST", "/search/live", "search live", nil, s.live, access.ActRead, LiveRequest{}, events{LiveEvent{}}},
		{"POST", "/search/survey", "survey", nil, s.survey, access.ActRead, SurveyRequest{}, SurveyAnswer{}},
		{"POST", "/search/groups", "search clusters", nil, s.groups, access.ActRead, GroupsRequest{}, GroupsAnswer{}},
		{"POST", "/exports", "export", nil, s.export, access.ActExport, ExportRequest{}, file{export.CSV.MediaType(), export.JSONL.MediaType(), export.XLSX.MediaType()}},
		{"GET", "/ads/{id}/alike", "find ads worded like ad", isDigest, s.alike, access.ActRead, AlikeParams{}, AlikeList{}},
		{"GET", "/ads/{id}", "open ad", isDigest, s.ad, access.ActRead, nil, Ad{}},
		{"POST", "/ads/{id}/corrections", "correct ad", isDigest, s.correct, access.ActCorrect, CorrectionRequest{}, made{CorrectionList{}}},
		{"GET", "/ads/{id}/corrections", "list corrections of ad", isDigest, s.corrections, access.ActRead, LeafParams{}, CorrectionList{}},
		{"GET", "/corrections", "list corrections", nil, s.corrections, access.ActRead, LeafParams{}, CorrectionList{}},
		{"POST", "/corrections/{id}/withdraw", "withdraw correction", isDigest, s.withdraw, access.ActCorrect, WithdrawRequest{}, casework.Correction{}},
		{"POST", "/labels", "label ads", nil, s.label, access.ActCorrect, LabelRequest{}, made{LabelList{}}},
		{"POST", "/labels/withdraw", "take labels back", nil, s.unlabel, access.ActCorrect, LabelRequest{}, LabelList{}},
		{"GET", "/labels", "list labels", nil, s.labels, access.ActRead, nil, LabelCounts{}},
		{"GET", "/clusters", "list clusters", nil, s.clusters, access.ActRead, ClusterParams{}, ClusterList{}},
		{"GET", "/clusters/{id}", "open cluster", isCluster, s.cluster, access.ActRead, nil, Cluster{}},
		{"POST", "/clusters/{id}/why", "explain cluster", isCluster, s.why, access.ActRead, WhyRequest{}, desk.Why{}},
		{"POST", "/clusters/{id}/without", "think of cluster without value", isCluster, s.without, access.ActRead, WithoutRequest{}, desk.WhatIf{}},
		{"POST", "/clusters/{id}/near", "find what is near cluster", isCluster, s.near, access.ActRead, NearRequest{}, desk.Nearness{}},
		{"GET", "/clusters/{id}/template", "read template of cluster", isCluster, s.template, access.ActRead, nil, desk.Wording{}},
		{"POST", "/clusters/{id}/packet", "make packet of cluster", isCluster, s.packet, access.ActPacket, nil, file{"application/zip"}},
		{"POST", "/link-decisions", "decide link", nil, s.decideLink, access.ActCorrect, LinkRequest{}, made{casework.LinkDecision{}}},
		{"GET", "/link-decisions", "list link decisions", nil, s.linkDecisions, access.ActRead, nil, LinkDecisionList{}},
		{"POST", "/link-decisions/{id}/withdraw", "withdraw link decision", isDigest, s.withdrawLink, access.ActCorrect, WithdrawRequest{}, casework.LinkDecision{}},
		{"GET", "/watches", "list watches", nil, s.watches, access.ActWatch, LeafParams{}, WatchList{}},
		{"POST", "/watches", "watch", nil, s.watch, access.ActWatch, WatchRequest{}, made{Watch{}}},
		{"DELETE", "/watches/{id}", "end watch", isDigest, s.unwatch, access.ActWatch, nil, nil},
		{"GET", "/watchlists", "list watch lists", nil, s.watchLists, access.ActWatch, nil, WatchLists{}},
		{"POST", "/watchlists", "make watch list", nil, s.watchAll, access.ActWatch, WatchListRequest{}, made{NamedWatches{}}},
		{"GET", "/watchlists/{id}", "open watch list", isDigest, s.watchList, access.ActWatch, nil, NamedWatches{}},
		{"GET", "/watchlists/{id}/csv", "export watch list", isDigest, s.watchListCSV, access.ActWatch, nil, file{"text/csv"}},
		{"DELETE", "/watchlists/{id}", "end watch list", isDigest, s.endWatchList, access.ActWatch, nil, WatchesEnded{}},
		{"POST", "/watchlists/{id}/restore", "restore watch list", isDigest, s.restoreWatchList, access.ActWatch, nil, NamedWatches{}},
		{"GET", "/saved", "list saved searches", nil, s.savedSearches, access.ActWatch, nil, SavedList{}},
		{"POST", "/saved", "save search", nil, s.save, access.ActWatch, SaveRequest{}, made{SavedSearch{}}},
		{"GET", "/saved/{id}", "open saved search", isDigest, s.savedSearch, access.ActWatch, nil, SavedSearch{}},
		{"POST", "/saved/{id}", "change saved search", isDigest, s.save, access.ActWatch, SaveRequest{}, SavedSearch{}},
		{"DELETE", "/saved/{id}", "delete saved search", isDigest, s.deleteSaved, access.ActWatch, nil, nil},
		{"POST", "/saved/{id}/restore", "restore saved search", isDigest, s.restoreSaved, access.ActWatch, nil, SavedSearch{}},
		{"POST", "/saved/{id}/run", "run saved search", isDigest, s.runSaved, access.ActWatch, RunRequest{}, RunAnswer{}},
		{"POST", "/saved/{id}/alert", "alert on saved search", isDigest, s.alertOn, access.ActWatch, nil, SavedSearch{}},
		{"DELETE", "/saved/{id}/alert", "end alert on saved search", isDigest, s.alertOff, access.ActWatch, nil, nil},
		{"POST", "/lookup", "look up", nil, s.lookup, access.ActRead, LookupRequest{}, desk.Lookup{}},
		{"POST", "/lookup/csv", "look up into a table", nil, s.lookupCSV, access.ActRead, LookupRequest{}, file{"text/csv"}},
		{"GET", "/inbox", "open inbox", nil, s.inbox, access.ActWatch, InboxParams{}, Inbox{}},
		{"POST", "/inbox/read", "mark alerts", nil, s.markRead, access.ActWatch, MarkRequest{}, nil},
		{"GET", "/inbox/wait", "wait for alerts", nil, s.wait, access.ActWatch, WaitParams{}, WaitAnswer{}},
		{"POST", "/imports", "import page", nil, s.imports, access.ActImport, page{importHeaders()}, either{Imported{}}},
		{"POST", "/sites/words", "read words of sites", nil, s.siteWords, access.ActRead, SiteWordsRequest{}, SiteWordsList{}},
		{"POST", "/demand", "read demand figures", nil, s.demand, access.ActRead, desk.DemandQuestion{}, desk.Demand{}},
		{"GET", "/status", "read status", nil, s.status, access.ActStatus, nil, desk.Status{}},
		{"POST", "/audit/verify", "verify audit log", nil, s.verifyAudit, access.ActAudit, nil, AuditAnswer{}},
		{"GET", "/replay", "read replay", nil, s.replays, access.ActStatus, nil, desk.Replays{}},
		{"POST", "/replay", "replay", nil, s.startReplay, access.ActReplay, ReplayRequest{}, made{desk.Replay{}}},
		{"POST", "/replay/accept", "accept the replay", nil, s.acceptReplay, access.ActReplay, nil, desk.Replay{}},
		{"DELETE", "/replay", "cancel the replay", nil, s.cancelReplay, access.ActReplay, nil, desk.Replay{}},
		{"GET", "/dead-letters", "list dead letters", nil, s.letters, access.ActDeadLetters, LetterParams{}, desk.LetterList{}},
		{"POST", "/dead-letters/show", "open dead letter", nil, s.letter, access.ActDeadLetters, LetterRequest{}, desk.Letter{}},
		{"POST", "/dead-letters/retry", "retry dead letters", nil, s.retryLetters, access.ActDeadLetters, LettersRequest{}, desk.LetterWork{}},
		{"POST", "/dead-letters/drop", "drop dead letters", nil, s.dropLetters, access.ActDeadLetters, LettersRequest{}, desk.LetterWork{}},
		{"POST", "/backup", "back up", nil, s.backup, access.ActBackup, nil, file{"application/x-tar"}},
		{"POST", "/erasures", "erase", nil, s.erase, access.ActErase, EraseRequest{}, made{erasure.Entry{}}},
		{"POST", "/erasures/preview", "preview erasure", nil, s.previewErase, access.ActErase, EraseRequest{}, ErasePreview{}},
		{"GET", "/erasures", "list erasures", nil, s.erasures, access.ActAudit, LeafParams{}, ErasureList{}},
		{"GET", "/erasures/{id}", "open erasure", isDigest, s.erasure, access.ActAudit, nil, erasure.Entry{}},
		{"POST", "/holds", "hold", nil, s.hold, access.ActHold, HoldRequest{}, made{casework.Hold{}}},
		{"GET", "/holds", "list holds", nil, s.holds, access.ActAudit, LeafParams{}, HoldList{}},
		{"POST", "/holds/{id}/release", "release hold", isDigest, s.release, access.ActHold, ReleaseRequest{}, casework.Hold{}},
	}
}
