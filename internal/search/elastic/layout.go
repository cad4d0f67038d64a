package elastic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/text"
)

// Version is the layout of the index. Raise it with every change of the mapping or
// of what text.Tokens, query.Texts, query.Exact or contentOf give: the index is rebuilt.
const Version = 2

// gap stands between texts that share a field, so that no phrase and no words near
// each other go from one to the next.
const gap = 1 << 16

// deepest is how many matches may be passed over to come to a page.
const deepest = 10_000_000

type object = map[string]any

// kinds are those of values that have a field of their own; all others share the
// field value, as kind:value. A label is no value that an ad gives: showing has it.
var kinds = []string{"phone", "email", "handle", "site", "url", "indicator", "lead", "side", "lang", "state", "near", "has", "label"}

// template is the layout, for every index of a name. One shard, so that a refresh
// shows all of a change at once, and a copy of it where there is a second node.
// Nothing but these fields is indexed, whatever an ad or a later program says.
func template(name string) object {
	word := object{"type": "text", "analyzer": "whitespace", "position_increment_gap": gap}
	keyword, unread := object{"type": "keyword"}, object{"type": "object", "enabled": false}
	properties := object{
		"kind": keyword, // document; bare for an ad without one; hub; mark

		"id": keyword, "ad": keyword, "cluster": keyword, // of a document, its ad and its cluster
		"first_seen": object{"type": "date_nanos"}, "last_seen": object{"type": "date_nanos"},
		"posted_at": object{"type": "date"}, "removed_at": object{"type": "date"},
		"sightings": object{"type": "integer"}, "current": object{"type": "boolean"},
		"edited":     object{"type": "boolean"}, // the ad has several contents
		"lead_score": object{"type": "double"},

		// What the ad says, folded; record is the ad itself, word for word.
		"words":  object{"properties": object{"title": word, "body": word, "location": word, "other": word}},
		"word":   object{"type": "keyword", "doc_values": false, "norms": false, "index_options": "docs"}, // each once
		"record": unread,

		"phone_reversed": object{"type": "keyword", "doc_values": false},
		"value":          keyword,

		"post_at": object{"type": "long"}, "post_text": object{"type": "long"}, "post": unread,

		"joined": object{"type": "keyword", "index": false, "doc_values": false}, // the edge that joins the ad to the cluster, as JSON
		"known":  unread,                                                         // of an ad: adState; of a hub: hubState
	}
	for _, k := range kinds {
		properties[k] = keyword
	}
	return object{
		"index_patterns": []string{name + "-*"}, "priority": 500,
		"template": object{
			"settings": object{"index": object{
				"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "-1", "max_result_window": deepest,
				"gc_deletes": "1h", // how long a write that comes late is known to be
				"merge":      object{"policy": object{"expunge_deletes_allowed": 0}},
			}},
			"mappings": object{"dynamic": "strict", "_meta": object{"vigil": Version}, "properties": properties},
		},
	}
}

// A content is what a document says: everything that follows from one reading of it.
type content struct {
	PostedAt *time.Time `json:"posted_at,omitempty"`
	Lead     float64    `json:"lead_score"`
	Words    words      `json:"words"`
	Word     []string   `json:"word,omitempty"`

	PostAt   *int64       `json:"post_at,omitempty"`
	PostText *int64       `json:"post_text,omitempty"`
	Post     *search.Post `json:"post,omitempty"`

	Reversed []string `json:"phone_reversed,omitempty"`
	Other    []string `json:"value,omitempty"`
}

type words struct {
	Title    string   `json:"title,omitempty"`
	Body     string   `json:"body,omitempty"`
	Location string   `json:"location,omitempty"`
	Other    []string `json:"other,omitempty"`
}

// contentOf is what an ad says, as the inside of a JSON object.
func contentOf(v *ad.Ad, record []byte) ([]byte, error) {
	var c content
	seen := map[string]bool{}
	tokens := func(s string) string {
		list := tokensOf(s)
		for _, t := range list {
			if !seen[t] {
				seen[t] = true
				c.Word = append(c.Word, t)
			}
		}
		return strings.Join(list, " ")
	}
	for _, t := range query.Texts(v) {
		switch s := tokens(t.Text); t.Field {
		case "title":
			c.Words.Title = s
		case "body":
			c.Words.Body = s
		case "location":
			c.Words.Location = s
		default:
			c.Words.Other = append(c.Words.Other, s)
		}
	}
	if !v.PostedAt.IsZero() {
		c.PostedAt = &v.PostedAt
	}
	if v.Lead != nil {
		c.Lead = v.Lead.Score
	}
	if p, ok := search.PostOf(v); ok {
		at, words := p.At.UnixMicro(), int64(p.Text)
		c.PostAt, c.PostText, c.Post = &at, &words, &p
	}
	values := map[string][]string{}
	for _, e := range query.Exact(v) {
		field, s := exact(e)
		if field == "value" {
			c.Other = append(c.Other, s)
			continue
		}
		values[field] = append(values[field], s)
		if field == "phone" {
			c.Reversed = append(c.Reversed, reversed(e.Value))
		}
	}
	out, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	exacts, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	if record == nil {
		if record, err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	if bytes.IndexByte(record, '\n') >= 0 { // which would end the line
		var b bytes.Buffer
		if err := json.Compact(&b, record); err != nil {
			return nil, err
		}
		record = b.Bytes()
	}
	out = append(out[:len(out)-1], `,"record":`...)
	out = append(out, record...)
	if len(exacts) > 2 {
		out = append(append(out, ','), exacts[1:len(exacts)-1]...)
	}
	return out[1:], nil
}

// longest is how many bytes of a word or value are indexed; what stands for a
// longer one is its beginning and its digest. Elasticsearch would cut words in
// pieces and refuse values.
const longest = 200

func short(s string) string {
	if len(s) <= longest {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:longest/2], "") + "\uE100" + hex.EncodeToString(sum[:16])
}

// tokensOf returns the folded words of s, as they are indexed.
func tokensOf(s string) []string {
	tokens := text.Tokens(s)
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = short(t.Text)
	}
	return out
}

// exact is the field in which a value stands and how it is written there.
func exact(v ad.Value) (field, s string) {
	if slices.Contains(kinds, v.Kind) {
		return v.Kind, short(v.Value)
	}
	return "value", short(v.Kind + ":" + v.Value)
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// docID is the id in Elasticsearch of what has a kind and a name.
func docID(kind, name string) string {
	if len(name) > 64 || strings.ContainsAny(name, "\x00\n") {
		sum := sha256.Sum256([]byte(name))
		name = hex.EncodeToString(sum[:])
	}
	return kind + ":" + name
}
