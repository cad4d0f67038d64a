package api

import (
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/search"
)

// A Purpose is what somebody works for: a case by its number, or a reason.
type Purpose struct {
	Kind string `json:"kind"` // case or reason
	Text string `json:"text"`
}

// A TokenRequest asks for a token.
type TokenRequest struct {
	Name     string         `json:"name"` // of the user
	Password string         `json:"password"`
	Label    string         `json:"label"`  // what the token is for people
	Scopes   []access.Scope `json:"scopes"` // read, watch, packet, correct, admin
	Purpose  Purpose        `json:"purpose"`
	Days     int            `json:"days,omitempty"` // until it expires; the server's default when 0
}

// A TokenAnswer is a new token. Nobody can read the secret again.
type TokenAnswer struct {
	Token  access.Token `json:"token"`
	Secret string       `json:"secret"`
}

// A SearchRequest asks for one page of the ads that match.
type SearchRequest struct {
	Query  string      `json:"query"`
	Offset int         `json:"offset,omitempty"`
	Size   *int        `json:"size,omitempty"` // 20 when nil; 0 only counts
	Sort   search.Sort `json:"sort,omitempty"` // relevance, newest or lead
}

// A SearchAnswer is one page of matches.
type SearchAnswer struct {
	Understood string  `json:"understood"` // the query in plain words
	Total      int     `json:"total"`      // matches on all pages
	Offset     int     `json:"offset"`
	TookMS     float64 `json:"took_ms"`
	Hits       []Hit   `json:"hits"`
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
	Value string `json:"value"` // a number in any form, an e-mail address, or platform:name
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
}

// An Inbox is a page of the caller's alerts, newest first.
type Inbox struct {
	Alerts []ad.Alert `json:"alerts"`
	Unread int        `json:"unread"`
	Total  int        `json:"total"`
	Older  int        `json:"older"`            // no longer held in full
	Newest uint64     `json:"newest"`           // to wait for what is newer
	Before uint64     `json:"before,omitempty"` // of the next, older page
}

// A MarkRequest marks alerts: those of the ids, or without ids all up to the
// sequence Newest.
type MarkRequest struct {
	IDs    []string `json:"ids,omitempty"`
	Newest uint64   `json:"newest,omitempty"`
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
