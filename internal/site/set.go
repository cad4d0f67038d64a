package site

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// A Set holds all definitions a program knows. It is never changed.
type Set struct{ defs []*Definition }

// NewSet makes a set, ordered by name. Of definitions with the same name the
// last one counts.
func NewSet(defs ...*Definition) *Set {
	s := &Set{}
	for _, d := range defs {
		s.defs = slices.DeleteFunc(s.defs, func(o *Definition) bool { return o.Name == d.Name })
		s.defs = append(s.defs, d)
	}
	slices.SortFunc(s.defs, func(a, b *Definition) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// All gives the definitions in the order of their names.
func (s *Set) All() []*Definition {
	if s == nil {
		return nil
	}
	return slices.Clone(s.defs)
}

// ByName gives the definition of that name, or nil.
func (s *Set) ByName(name string) *Definition {
	for _, d := range s.All() {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// ByHost gives the definition that owns a host ("host" or "host:port"), or nil.
// One that names the port is preferred to one that does not.
func (s *Set) ByHost(host string) *Definition {
	host = strings.ToLower(host)
	u := &url.URL{Scheme: "http", Host: host}
	var owner *Definition
	for _, d := range s.All() {
		if slices.Contains(d.Scope.Hosts, host) {
			return d
		}
		if owner == nil && d.Owns(u) {
			owner = d
		}
	}
	return owner
}
