package api

import (
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/export"
	"vigil.example/internal/search"
)

// A Purpose is what somebody works for: a case by its number, or a reason.
type Purpose struct {
	Kind string `json:"kind" one:"case,reason" example:"case"`
	Text string `json:"text" example:"24-0117"` // the number of a case, or a reason
}

// A TokenRequest asks for a token.
type TokenRequest struct {
	Name     string         `json:"name" example:"anna"` // of the user
	Password string         `json:"password" example:"a long password of hers"`
	Label    string         `json:"label" example:"laptop"` // what the token is for people
	Scopes   []access.Scope `json:"scopes" example:"[\"read\",\"watch\"]"`
	Purpose  Purpose        `json:"purpose"`
	Days     int            `json:"days,omitempty" min:"0" max:"366" example:"7"` // until it expires; the server's default when 0
}

// A TokenAnswer is a new token. Nobody can read the secret again.
type TokenAnswer struct {
	Token  access.Token `json:"token"`
	Secret string       `json:"secret"`
}

// A Session is who a token speaks for, and what for.
type Session struct {
	User    string         `json:"user"` // name
	Role    access.Role    `json:"role"`
	Scopes  []access.Scope `json:"scopes"`
	Purpose access.Purpose `json:"purpose"`
}

// A SearchRequest asks for one page of the ads that match, or with a cursor for
// a leaf of all of them.
type SearchRequest struct {
	Query  string      `json:"query" example:"nine one two 555 0123"`
	Offset int         `json:"offset,omitempty" min:"0"`
	Size   *int        `json:"size,omitempty" min:"0" max:"500" example:"20"` // 20 when left out; 0 only counts
	Sort   search.Sort `json:"sort,omitempty" example:"newest"`
	// Cursor turns all that matches in order of document id, missing nothing and
	// giving nothing twice, however deep: "" begins, the answer's next goes on.
	Cursor *string `json:"cursor,omitempty"`
}

// A SearchAnswer is one page of matches.
type SearchAnswer struct {
	Understood string  `json:"understood"` // the query in plain words
	Total      int     `json:"total"`      // matches on all pages
	Offset     int     `json:"offset"`
	TookMS     float64 `json:"took_ms"`
	Hits       []Hit   `json:"hits"`
	Next       string  `json:"next,omitempty"` // cursor of the next leaf; none when this was the last
}

// A SurveyRequest asks what matches, by properties.
type SurveyRequest struct {
	Query  string         `json:"query" example:"piano city:Savannah"`
	Facets []search.Facet `json:"facets,omitempty"`                // all when left out
	Top    int            `json:"top,omitempty" min:"0" max:"200"` // values of a facet; 20 when 0, at most 200
	Every  search.Step    `json:"every,omitempty"`                 // day, week or month: ads by when they were last seen
	Cells  bool           `json:"cells,omitempty"`                 // ads by metropolitan area, with its place on the map
}

// A SurveyAnswer counts what matches.
type SurveyAnswer struct {
	Understood string          `json:"understood"`
	Total      int             `json:"total"`
	Facets     []FacetCounts   `json:"facets"`
	Times      []search.Bucket `json:"times,omitempty"`
	Cells      []Cell          `json:"cells,omitempty"`
}

// A FacetCounts is the values of a property, most ads first.
type FacetCounts struct {
	Facet  search.Facet `json:"facet"`
	Values []FacetValue `json:"values"`
	Others int          `json:"others"` // ads with none of the values
}

// A FacetValue is how many ads have a value.
type FacetValue struct {
	Value     string `json:"value"`
	Name      string `json:"name"` // in words
	Term      string `json:"term"` // of the query language, to narrow a search to it
	Documents int    `json:"documents"`
}

// A Cell is how many ads are of a metropolitan area, which lies where the gazetteer
// says.
type Cell struct {
	search.Cell
	Name string `json:"name"`
}

// A GroupsRequest asks for one page of the clusters whose ads match.
type GroupsRequest struct {
	Query  string `json:"query" example:"piano city:Savannah"`
	Offset int    `json:"offset,omitempty" min:"0"`
	Size   *int   `json:"size,omitempty" min:"0" max:"500"` // 20 when nil
}

// A GroupsAnswer is one page of clusters, most matching ads first; behind them
// matching ads in no cluster.
type GroupsAnswer struct {
	Understood string  `json:"understood"`
	Total      int     `json:"total"` // on all pages
	Offset     int     `json:"offset"`
	Groups     []Group `json:"groups"`
}

// A Group is what matches of one cluster.
type Group struct {
	Cluster   string `json:"cluster,omitempty"` // none for an ad in no cluster
	Documents int    `json:"documents"`         // that match
	Newest    Hit    `json:"newest"`
}

// An AlikeList is ads that are worded like another one, most alike first.
type AlikeList struct {
	Alike []Likeness `json:"alike"`
}

// A Likeness is an ad worded like another one.
type Likeness struct {
	Document ad.Document `json:"document"`
	Share    float64     `json:"share"` // of the runs of three words in either that are in both
}

// An ExportRequest asks for a file of all that matches.
type ExportRequest struct {
	Query  string        `json:"query" example:"piano city:Savannah"`
	Format export.Format `json:"format" example:"csv"` // csv, jsonl or xlsx
	After  string        `json:"after,omitempty"`      // document id: go on behind it, in a csv or jsonl file that was cut off

	Full      bool   `json:"full,omitempty"`      // with the words and contacts of people in ads; else redacted
	Authority string `json:"authority,omitempty"` // of a full one: an order, a file, whoever decided it
}

// A Hit is one ad that matches, and where.
type Hit struct {
	Document ad.Document `json:"document"`
	Spans    []ad.Span   `json:"spans,omitempty"`
}

// An Ad is one ad with its history.
type Ad struct {
	ID        string            `json:"id"`
	Cluster   string            `json:"cluster,omitempty"`
	Documents []ad.Document     `json:"documents"` // every content, oldest first
	Sightings []search.Sighting `json:"sightings"`
	Watched   []ad.Value        `json:"watched,omitempty"` // values that the caller watches
	Hubs      []ad.Hub          `json:"hubs,omitempty"`    // values that do not link

	Corrections []casework.Correction `json:"corrections,omitempty"` // of its reading, oldest first; withdrawn ones too
	Pending     bool                  `json:"pending,omitempty"`     // some of them show in a moment
	Labels      []casework.Label      `json:"labels,omitempty"`      // that people gave it, oldest first; those that were taken back too
}

// Current is the newest content.
func (a Ad) Current() ad.Document {
	for _, d := range a.Documents {
		if d.Current {
			return d
		}
	}
	if len(a.Documents) == 0 {
		return ad.Document{}
	}
	return a.Documents[len(a.Documents)-1]
}

// A Cluster is a set of linked ads and why they are linked.
type Cluster struct {
	search.Cluster
	Edges  []ad.Edge `json:"edges"`          // a spanning tree of reasons
	Shared []Shared  `json:"shared"`         // values that join, most ads first
	Hubs   []ad.Hub  `json:"hubs,omitempty"` // values shared too widely to link

	Lineage   []ad.Descent            `json:"lineage,omitempty"`   // what came into it and went out of it, oldest first
	Decisions []casework.LinkDecision `json:"decisions,omitempty"` // of people, about its ads and values; withdrawn ones too
}

// A Shared is a value that several ads of a cluster give.
type Shared struct {
	ad.Value
	Ads []string `json:"ads"` // ids, oldest first
}

// A ClusterList is the largest clusters, without members.
type ClusterList struct {
	Clusters []search.Cluster `json:"clusters"`
}

// A WatchRequest asks to be told when a value appears in a new or changed ad.
type WatchRequest struct {
	Value string `json:"value" example:"(912) 555-0123"` // a number in any form, an e-mail address, or platform:name
}

// A Watch is a subscription of the caller.
type Watch struct {
	ID      string    `json:"id"`
	Value   ad.Value  `json:"value"`
	Purpose string    `json:"purpose"` // id
	Created time.Time `json:"created"`
	Known   int       `json:"known"` // ads that carried the value when it was made
}

// A WatchList is the active subscriptions of the caller.
type WatchList struct {
	Watches []Watch `json:"watches"`
	Next    string  `json:"next,omitempty"` // cursor of what follows
}

// An Inbox is a page of the caller's alerts, newest first.
type Inbox struct {
	Alerts []ad.Alert `json:"alerts"`
	Unread int        `json:"unread"`
	Total  int        `json:"total"`
	Older  int        `json:"older"`            // no longer held in full
	Newest uint64     `json:"newest"`           // to wait for what is newer
	Before uint64     `json:"before,omitempty"` // of the next, older page
	// Searches are the names of the saved searches that alerts are of, by their ids.
	Searches map[string]string `json:"searches,omitempty"`
}

// A MarkRequest marks alerts: those of the ids, or without ids all up to the
// sequence Newest.
type MarkRequest struct {
	IDs    []string `json:"ids,omitempty" max:"1000" like:"^[0-9a-f]{32}$"`
	Newest uint64   `json:"newest,omitempty" example:"12"`
	Unread bool     `json:"unread,omitempty"` // mark the ids as unread again
}

// A WaitAnswer says whether an alert is newer than the sequence that was given.
type WaitAnswer struct {
	Newest uint64 `json:"newest"`
	New    bool   `json:"new"`
}

// A SavedPage is a page to import.
type SavedPage struct {
	Name    string    // base name of the file
	URL     string    // where it was saved from; read from the page when empty
	SavedAt time.Time // now when zero
	Body    []byte
}

// A Packet describes an evidence packet that was downloaded.
type Packet struct {
	File    string `json:"file"` // name that the server gives it
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Receipt string `json:"receipt"` // SHA-256 of tagmanifest-sha256.txt
}

// An AuditAnswer says whether the audit log is whole.
type AuditAnswer struct {
	Whole   bool   `json:"whole"`
	Entries uint64 `json:"entries"` // that hold, from the first on
	Head    string `json:"head_sha256"`
	Problem string `json:"problem,omitempty"` // the first entry that is wrong
}

// Health says that the process answers.
type Health struct {
	Status string `json:"status"`
}
