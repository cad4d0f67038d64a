// Package ad holds the nouns of Vigil and nothing else: what a capture, a
// listing, an ad, a cluster and an alert are, how their ids are made, and what
// makes a value of them valid. Every other room speaks in these nouns. It
// imports the standard library only, performs no input or output, and knows no
// clock.
//
// Records carry a schema version (V). Spans are half-open ranges of Unicode code
// points of the field they name, never bytes, so that other languages can read
// them. Times are UTC.
package ad

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schema is the version that this program writes into the V field of records.
const Schema = 1

// ErrNotFound says that the thing asked for by id does not exist.
var ErrNotFound = errors.New("not found")

// ErrFull says that the disk of the streams has less room left than its reserve.
// Nothing was stored; it passes when there is room again.
var ErrFull = errors.New("the disk is full up to its reserve")

// ErrAway says that the streams' server cannot be reached, or that it does not
// answer. It passes by itself, and nothing that was stored is lost.
var ErrAway = errors.New("the streams cannot be reached")

// ErrConflict says that somebody else changed the thing first: read it again,
// then decide again.
var ErrConflict = errors.New("somebody else was first")

// A Via names the door through which a capture came in.
type Via string

// The doors.
const (
	ViaCrawl  Via = "crawl"
	ViaImport Via = "import"
)

// A Capture describes one stored exchange with a web server: a request and its
// response as WARC records. The record bytes are stored once and never changed;
// this is what the rest of the program needs to know to find and check them.
type Capture struct {
	V             int       `json:"v"`
	ID            string    `json:"id"`                     // CaptureID of URL, FetchedAt and BlockSHA256
	URL           string    `json:"url"`                    // target URI
	Site          string    `json:"site"`                   // name of the site definition, else the host
	Via           Via       `json:"via"`                    // door it came through
	FetchedAt     time.Time `json:"fetched_at"`             // UTC, whole seconds: the WARC-Date
	Status        int       `json:"status"`                 // HTTP status; 200 for a page imported from a file
	ContentType   string    `json:"content_type,omitempty"` // as the server declared it
	RecordID      string    `json:"record_id"`              // WARC-Record-ID of the response or resource record, "<urn:uuid:…>"
	PayloadSHA256 string    `json:"payload_sha256"`         // lower-case hex, transfer encoding removed
	BlockSHA256   string    `json:"block_sha256"`           // lower-case hex, of the record's block
	Size          int64     `json:"size"`                   // bytes of the payload
	IP            string    `json:"ip,omitempty"`           // address that answered
	Visit         int64     `json:"visit,omitempty"`        // which planned visit of the URL this was
	Depth         int       `json:"depth,omitempty"`        // links followed from a seed
	Truncated     string    `json:"truncated,omitempty"`    // WARC-Truncated reason, empty when whole
	Cuts          []Cut     `json:"cuts,omitempty"`         // embedded images cut from the stored body
	File          string    `json:"file,omitempty"`         // base name of the imported file
	Operator      string    `json:"operator,omitempty"`     // who imported it
}

// A Cut records that an embedded data: image was left out of a stored body.
type Cut struct {
	Offset int    `json:"offset"` // byte offset in the stored body where the image's data stood
	Length int    `json:"length"` // bytes left out
	SHA256 string `json:"sha256"` // lower-case hex of the bytes left out
}

// A PageKind says what a captured page is.
type PageKind string

// The kinds of page.
const (
	KindDetail  PageKind = "detail"  // one ad
	KindList    PageKind = "list"    // several ads, each with a link
	KindRemoved PageKind = "removed" // an ad that was taken down
	KindBlocked PageKind = "blocked" // a bot wall or an empty shell, whatever its status
	KindEmpty   PageKind = "empty"   // nothing to read
	KindOther   PageKind = "other"   // a page without ads: home, help, redirect, error
)

// PageKinds lists every kind, in the order they are shown.
func PageKinds() []PageKind {
	return []PageKind{KindDetail, KindList, KindRemoved, KindBlocked, KindEmpty, KindOther}
}

// A LinkKind says what a link found on a page leads to.
type LinkKind string

// The kinds of link.
const (
	LinkDetail   LinkKind = "detail"   // an ad
	LinkList     LinkKind = "list"     // a list, or its next page
	LinkRedirect LinkKind = "redirect" // where a response sent the client
	LinkOther    LinkKind = "other"    // anything else in scope
)

// An Outlink is a link found on a captured page, absolute, not yet checked
// against scope or robots.
type Outlink struct {
	URL  string   `json:"url"`
	Kind LinkKind `json:"kind"`
}

// An Outcome says what one capture turned out to be. Every capture has exactly
// one per generation, or is in the dead letters: the ledger rests on that.
type Outcome struct {
	V         int       `json:"v"`
	CaptureID string    `json:"capture_id"`
	Via       Via       `json:"via"`
	Site      string    `json:"site"`
	URL       string    `json:"url"`
	Kind      PageKind  `json:"kind"`
	Reason    string    `json:"reason"` // why the page was taken for that kind
	Status    int       `json:"status"`
	Listings  int       `json:"listings"`
	SeenAt    time.Time `json:"seen_at"`
	AdID      string    `json:"ad_id,omitempty"`    // for removed pages: the ad that is gone
	Visit     int64     `json:"visit,omitempty"`    // the visit the capture belonged to
	Depth     int       `json:"depth,omitempty"`    // links followed from a seed
	Outlinks  []Outlink `json:"outlinks,omitempty"` // to offer to the frontier
}

// A Price is an amount as the page gives it.
type Price struct {
	Amount   string `json:"amount"`             // decimal number, dot as separator, no grouping
	Currency string `json:"currency,omitempty"` // ISO 4217, empty when the page does not say
	Text     string `json:"text,omitempty"`     // as written
}

// A Contact is a contact field of a page: what a site shows apart from the text
// or hides in a link. Kind is phone, email, handle or link.
type Contact struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// A Listing is what extraction reads from a captured page about one ad, before
// anything is concluded from its words.
type Listing struct {
	V             int               `json:"v"`
	AdID          string            `json:"ad_id"`          // ID of site and native id, else canonical URL
	VersionID     string            `json:"version_id"`     // VersionID of ad, content and capture
	ContentSHA256 string            `json:"content_sha256"` // Content of this listing
	CaptureID     string            `json:"capture_id"`
	CaptureSeq    uint64            `json:"capture_seq,omitempty"` // stream sequence of the capture
	URL           string            `json:"url"`                   // canonical
	Site          string            `json:"site"`
	NativeID      string            `json:"native_id,omitempty"` // the site's own id of the ad
	Title         string            `json:"title"`
	Body          string            `json:"body"`
	Price         *Price            `json:"price,omitempty"`
	Location      string            `json:"location,omitempty"` // as written
	Category      string            `json:"category,omitempty"`
	PostedAt      time.Time         `json:"posted_at,omitzero"`
	UpdatedAt     time.Time         `json:"updated_at,omitzero"`
	SeenAt        time.Time         `json:"seen_at"`       // when the capture was fetched
	Via           Via               `json:"via,omitempty"` // door of the capture
	Contacts      []Contact         `json:"contacts,omitempty"`
	Images        []string          `json:"images,omitempty"`     // links only; never fetched
	Methods       map[string]string `json:"methods,omitempty"`    // field -> definition, json-ld, microdata, opengraph, state or text
	Definition    string            `json:"definition,omitempty"` // name@digest of the site definition applied
}

// Empty reports whether the listing says nothing an investigator could use: no
// title and no body. Such a listing is never stored as an ad.
func (l Listing) Empty() bool { return l.Title == "" && l.Body == "" }

// Fields calls f with the text of every field that a poster fills, under the name
// that spans give it.
func (l *Listing) Fields(f func(field, text string)) {
	f("title", l.Title)
	f("body", l.Body)
	for i, c := range l.Contacts {
		f("contact:"+strconv.Itoa(i), c.Value)
	}
}

// A Span is a half-open range of Unicode code points of one field of a listing.
type Span struct {
	Field string `json:"field,omitempty"` // title, body, or contact:N for the N-th contact
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// A Phone is a telephone number read out of an ad.
type Phone struct {
	E164       string   `json:"e164"`              // "+19125550123"
	Span       Span     `json:"span"`              // where it stands
	Text       string   `json:"text"`              // the text of the span, as written
	Method     string   `json:"method"`            // how it was written: plain, separated, words, unicode, link, …
	Confidence float64  `json:"confidence"`        // 0 to 1
	Reasons    []string `json:"reasons,omitempty"` // for and against, in words
	Pieces     []Piece  `json:"pieces,omitempty"`  // what stands for which digits of the national number, in the number's order

	Alternatives []Alternative `json:"alternatives,omitempty"` // other readings of the same words that were weighed and lost, best first
	Withheld     float64       `json:"withheld,omitempty"`     // the confidence it was read with, when it is the site's own; see SiteConfidence
}

// An Alternative is a number that the same words may stand for, less likely.
type Alternative struct {
	E164       string  `json:"e164"`
	Confidence float64 `json:"confidence"` // together with the number's own at most 1
}

// A Piece is a part of a telephone number's span and the digits that it stands
// for. Digits side by side that are written as such are one piece; a word or
// sign is one each, which may stand for several digits. The pieces of a number
// spell its national number, save those of a number that is given by its last
// digits behind another (method "shared"): they spell these only. They stand in
// the order of the text, except where it gives the area code behind the rest or
// the digits backwards.
type Piece struct {
	Digits string `json:"digits"` // of the national number
	Span   Span   `json:"span"`   // in the field of the number; Field is left empty
	Text   string `json:"text"`   // the text of the span, as written
}

// An Identifier is any other value by which a poster can be recognised: an
// e-mail address or a handle.
type Identifier struct {
	Kind       string  `json:"kind"`  // email or handle
	Value      string  `json:"value"` // normalised: lower case; a handle as platform:name
	Span       Span    `json:"span"`
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"`
	Withheld   float64 `json:"withheld,omitempty"` // the confidence it was read with, when it is the site's own
}

// An Ad is a listing and what the enrichers read in its words.
type Ad struct {
	Listing
	Phones      []Phone      `json:"phones,omitempty"`
	Identifiers []Identifier `json:"identifiers,omitempty"`
	Signature   []uint64     `json:"signature,omitempty"` // text signature: four independent min-hashes of word 3-grams
	Language    *Language    `json:"language,omitempty"`
	Places      []Place      `json:"places,omitempty"` // best first
	Indicators  []Indicator  `json:"indicators,omitempty"`
	Lead        *Lead        `json:"lead,omitempty"` // nil when the language found is none
	Side        *Side        `json:"side,omitempty"`
	SiteWords   *SiteWords   `json:"site_words,omitempty"` // nil when the site's own words are not known
	EnrichedBy  string       `json:"enriched_by"`          // program version and pipeline digest

	// Decided is the newest decision of a person about the readings of this ad that
	// was known when it was read, by its sequence; 0 for none. Of two readings of one
	// content the one that knew more decisions counts.
	Decided   uint64       `json:"decided,omitempty"`
	Corrected []Correction `json:"corrected,omitempty"` // what those decisions changed
}

// MethodCorrected is the method of a number that a person has read.
const MethodCorrected = "corrected"

// A Correction is what a person's decision changed in the reading of an ad.
type Correction struct {
	Decision string  `json:"decision"`          // id of the decision
	Text     string  `json:"text"`              // the piece that it is about, as written
	Reads    string  `json:"reads,omitempty"`   // number that it reads, in E.164; "" for no number at all
	Instead  []Phone `json:"instead,omitempty"` // what the program reads there
}

// A Value is one identifying value with its kind: phone, email or handle.
type Value struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// Values returns the distinct identifying values of the ad that linking and
// alerting may rest on: numbers of at least the given confidence, and other
// identifiers likewise, in order of first appearance.
func (a *Ad) Values(confidence float64) []Value { return a.values(confidence, false) }

// ValuesRead is Values with those of the site itself, as they were read: which are the
// site's is not known before its model is, and who weighs all ads together sees it.
func (a *Ad) ValuesRead(confidence float64) []Value { return a.values(confidence, true) }

func (a *Ad) values(confidence float64, withheld bool) []Value {
	out := make([]Value, 0, len(a.Phones)+len(a.Identifiers))
	add := func(v Value, c, read float64) {
		if c < confidence && (!withheld || read < confidence) {
			return
		}
		if slices.Contains(out, v) {
			return
		}
		out = append(out, v)
	}
	for _, p := range a.Phones {
		add(Value{"phone", p.E164}, p.Confidence, p.Withheld)
	}
	for _, i := range a.Identifiers {
		add(Value{i.Kind, i.Value}, i.Confidence, i.Withheld)
	}
	return out
}

// Written returns how the ad writes a value where it first gives it, "" when it
// does not.
func (a *Ad) Written(v Value) string {
	for _, p := range a.Phones {
		if v.Kind == "phone" && p.E164 == v.Value {
			return p.Text
		}
	}
	for _, i := range a.Identifiers {
		if i.Kind == v.Kind && i.Value == v.Value {
			return i.Text
		}
	}
	return ""
}

// A Document is the one projection of an ad version that both search engines
// store and that query.Match judges. Documents of one ad with equal content are
// one document, seen several times.
type Document struct {
	ID        string    `json:"id"` // DocumentID of ad and content
	Ad        Ad        `json:"ad"` // as first read
	Cluster   string    `json:"cluster,omitempty"`
	FirstSeen time.Time `json:"first_seen"` // of this content
	LastSeen  time.Time `json:"last_seen"`  // of this content
	Sightings int       `json:"sightings"`  // captures that showed this content
	Current   bool      `json:"current"`    // the newest content of the ad
	RemovedAt time.Time `json:"removed_at,omitzero"`
	Labels    []string  `json:"labels,omitempty"` // that people gave the ad, in order of name
}

// Labels are those that people have given an ad: their judgement, and nothing that was
// read in its words.
type Labels struct {
	AdID  string   `json:"ad"`
	Names []string `json:"names,omitempty"` // as LabelName writes them, in order, without repeats
}

// MaxLabel is how many characters a label has at most.
const MaxLabel = 40

// LabelName writes a label as it is kept: small letters, digits, and single hyphens
// between them. A space or an underscore becomes a hyphen; ok is false when other
// signs are in it, or too many.
func LabelName(s string) (name string, ok bool) {
	name = strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '_' || r == '-' }), "-")
	strange := strings.ContainsFunc(name, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') })
	return name, name != "" && len(name) <= MaxLabel && !strange
}

// A Move puts an ad into a cluster. By is the edge that joins the ad to the tree of
// its cluster: A is the ad, and those of all members are a spanning tree. One
// member, from which the tree starts, has none; nor has an ad that is alone.
type Move struct {
	AdID    string `json:"ad_id"`
	Cluster string `json:"cluster"`
	By      *Edge  `json:"by,omitempty"`
}

// A Hub is a value that too many unlike posters share, so that it does not link.
type Hub struct {
	Value
	Carriers int     `json:"carriers"` // ads that give it
	Owners   float64 `json:"owners"`   // effective number of unlike posters among them
	Held     bool    `json:"held"`     // false when a former hub links again
}

// A LinkChange is what linking one batch of ads changed.
type LinkChange struct {
	V       int       `json:"v"`
	Moves   []Move    `json:"moves,omitempty"`
	Hubs    []Hub     `json:"hubs,omitempty"`
	Lineage []Descent `json:"lineage,omitempty"`
}

// A Descent says that ads of one cluster are another's from now on: two clusters
// were joined, when nothing is left of the one that they came from, or one has
// fallen apart.
type Descent struct {
	From string    `json:"from"`
	Into string    `json:"into"`
	Ads  int       `json:"ads"`
	Gone bool      `json:"gone"` // nothing is left of From
	At   time.Time `json:"at"`
}

// An Edge is one reason why two ads are in one cluster. The value of what is not
// one, of texts and pictures, has a kind alone.
type Edge struct {
	A      string  `json:"a"` // ad id
	B      string  `json:"b"` // ad id
	Value  Value   `json:"value"`
	Weight float64 `json:"weight"`           // bits of evidence
	Reason string  `json:"reason"`           // a sentence
	Bridge bool    `json:"bridge,omitempty"` // it alone holds two halves of the cluster together
}

// A Subscription asks to be told when a value appears in a new or changed ad.
type Subscription struct {
	ID      string    `json:"id"`
	User    string    `json:"user"`
	Value   Value     `json:"value"`
	Purpose string    `json:"purpose"`
	Created time.Time `json:"created"`
	Ended   time.Time `json:"ended,omitzero"`
	Known   []string  `json:"known,omitempty"` // ads that carried the value when it was made
}

// An Alert tells one subscriber of one fact: this value stands in this ad, or this
// ad is what a saved search asks for.
type Alert struct {
	V            int       `json:"v"`
	ID           string    `json:"id"` // AlertID of subscription, ad and value; SearchAlertID for a saved search
	Subscription string    `json:"subscription,omitempty"`
	User         string    `json:"user"`
	AdID         string    `json:"ad_id"`
	VersionID    string    `json:"version_id"`
	Value        Value     `json:"value,omitzero"`    // none for a saved search
	Written      string    `json:"written,omitempty"` // the value as the ad writes it
	Title        string    `json:"title"`
	Site         string    `json:"site"`
	SeenAt       time.Time `json:"seen_at"`
	RaisedAt     time.Time `json:"raised_at"`
	Read         bool      `json:"read,omitempty"`

	Search string  `json:"search,omitempty"` // id of the saved search, instead of a value
	Found  []Found `json:"found,omitempty"`  // the words of the ad that it asks for, the first few
	Folded bool    `json:"folded,omitempty"` // one of many: shown as a count by the hour
	Count  int     `json:"count,omitempty"`  // where an inbox shows one line for many: how many; never stored
}

// Found is a place in an ad and what stands there.
type Found struct {
	Span Span   `json:"span"`
	Text string `json:"text"` // as written; cut where it is long
}
