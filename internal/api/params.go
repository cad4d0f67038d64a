package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// What stands in the query of a GET: counts and places in a list, never what
// somebody typed. A parameter that is not here is refused unread.

// ClusterParams are those of the list of clusters.
type ClusterParams struct {
	N uint64 `json:"n,omitempty" example:"20"` // clusters to list; at most 200 are
}

// AlikeParams are those of ads worded like another one.
type AlikeParams struct {
	N uint64 `json:"n,omitempty" example:"20"` // ads to list; at most 50 are
}

// InboxParams are those of the inbox.
type InboxParams struct {
	Before uint64 `json:"before,omitempty"` // the sequence from which older alerts are listed
	Limit  uint64 `json:"limit,omitempty" example:"50"`
}

// WaitParams are those of waiting for an alert.
type WaitParams struct {
	After   uint64 `json:"after,omitempty"`               // the sequence that is known
	Seconds uint64 `json:"seconds,omitempty" example:"1"` // at most 25 are waited
}

// LetterParams are those of the list of dead letters.
type LetterParams struct {
	Step   string `json:"step,omitempty" like:"^(crawl|frontier|extract|enrich|link|index|alert|copy)(-[a-z0-9_-]{1,60})?$" example:"enrich"` // of desk.LetterSteps
	Before uint64 `json:"before,omitempty"`                                                                                                   // the letter from which older ones are listed
	Limit  uint64 `json:"limit,omitempty" example:"50"`
}

// parameters refuses what the route does not take in the query, unread: it may be
// a number or a token, which have no place in a URL.
func (c *call) parameters() error {
	if c.r.URL.RawQuery == "" {
		return nil
	}
	q, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return wrong("the query of the address cannot be read")
	}
	var known []string
	if c.rt.method == http.MethodGet && c.rt.in != nil {
		known = fields(reflect.New(reflect.TypeOf(c.rt.in)).Interface())
	}
	for name, values := range q {
		switch {
		case len(known) == 0:
			return wrong("this path takes no parameters; what is asked stands in the body, never in the address")
		case !slices.Contains(known, name):
			return wrong("unknown parameter; the parameters are %s", strings.Join(known, ", "))
		case len(values) != 1:
			return wrong("parameter %s is there %d times", name, len(values))
		}
		p := c.bodies.named[c.bodies.name(reflect.TypeOf(c.rt.in))].Properties[name]
		if p.Type == "integer" {
			if _, err := c.number(name, 0); err != nil {
				return err
			}
			err = count(json.Number(values[0]), p, name)
		} else {
			err = text(values[0], p, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
