package api

import (
	"encoding/json"
	"reflect"

	"vigil.example/internal/access"
)

// A Row is a route as tests outside see it.
type Row struct {
	Method, Path string
	Open, Own    bool
	Long         bool // it answers as long as somebody listens
	Tagged       bool
	Needs        access.Needs
	Example      string // of the body
}

// Rows is the table of routes.
func Rows() []Row {
	var out []Row
	for _, rt := range (&server{}).routes() {
		r := Row{Method: rt.method, Path: Root + rt.path, Open: rt.open(), Own: rt.may == own, Tagged: rt.tagged()}
		r.Needs, _ = access.NeedsOf(rt.may)
		_, r.Long = rt.out.(events)
		if _, ok := rt.in.(page); ok {
			r.Example = "<h1>Room</h1>"
		} else if rt.in != nil && rt.method != "GET" {
			b, _ := json.Marshal(example(reflect.TypeOf(rt.in)))
			if r.Example = string(b); r.Example == "null" {
				r.Example = "{}"
			}
		}
		out = append(out, r)
	}
	return out
}
