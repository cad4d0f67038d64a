package export

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

// fill puts a text that says where it stands into every string of a value, with one
// element in every list.
func fill(v reflect.Value, at string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x-" + strings.ToLower(at))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), at)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), at)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		one := reflect.New(v.Type().Elem()).Elem()
		fill(one, at)
		v.SetMapIndex(reflect.ValueOf("x-"+strings.ToLower(at)), one)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				name := at + "." + f.Name
				if f.Anonymous {
					name = at
				}
				fill(v.Field(i), name)
			}
		}
	}
}

// Of all that can stand in a document, a redacted one has what is listed here. What is
// new is left out.
func TestRedacted(t *testing.T) {
	var d ad.Document
	fill(reflect.ValueOf(&d).Elem(), "d")
	r := NewRedactor([]byte("a key that is for tests only"))
	red := r.Redact(&d)
	b, err := json.Marshal(red)
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`x-[a-z0-9.]+`).FindAllString(string(b), -1)
	slices.Sort(got)
	want := []string{
		"x-d.ad.adid", "x-d.ad.captureid", "x-d.ad.definition", "x-d.ad.enrichedby", "x-d.ad.identifiers.kind", "x-d.ad.identifiers.kind",
		"x-d.ad.indicators.category", "x-d.ad.indicators.rule", "x-d.ad.indicators.strength", "x-d.ad.indicators.sub",
		"x-d.ad.language.other", "x-d.ad.language.tag", "x-d.ad.lead.weights.category", "x-d.ad.lead.weights.rule", "x-d.ad.lead.weights.sub", "x-d.ad.lead.why",
		"x-d.ad.phones.method", "x-d.ad.places.city", "x-d.ad.places.country", "x-d.ad.places.from", "x-d.ad.places.metro", "x-d.ad.places.region",
		"x-d.ad.side.side", "x-d.ad.site", "x-d.ad.via", "x-d.cluster", "x-d.id", "x-d.labels",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("a redacted document holds (-got +want):\n%s", diff)
	}
	d.Ad.Images, d.Ad.Signature = nil, nil
	for _, f := range []Format{CSV, JSONL} {
		if b := file(t, f, false, red); bytes.Contains(b, []byte("x-d.ad.title")) || bytes.Contains(b, []byte("x-d.ad.url")) {
			t.Errorf("%s: %s", f, b)
		}
	}
}

// A value has one stand-in under a key, whatever ad gives it, and another under
// another key.
func TestStandIns(t *testing.T) {
	one, other := NewRedactor([]byte("a key that is for tests only")), NewRedactor([]byte("another key for tests only"))
	a, b := doc(1, "river_rose"), doc(2, "river_rose")
	x, y, z := one.Redact(&a), one.Redact(&b), other.Redact(&a)
	if diff := cmp.Diff(x.Ad.Values(confidence), y.Ad.Values(confidence)); diff != "" {
		t.Errorf("the same values in two ads:\n%s", diff)
	}
	for i, v := range x.Ad.Values(confidence) {
		if v == z.Ad.Values(confidence)[i] || strings.Contains(v.Value, "555") || strings.Contains(v.Value, "rose") {
			t.Errorf("%+v under another key is %+v", v, z.Ad.Values(confidence)[i])
		}
	}
	if v := x.Ad.Identifiers[0].Value; !regexp.MustCompile(`^telegram:[0-9a-f]{16}$`).MatchString(v) {
		t.Errorf("a handle is %q", v)
	}
	long := doc(3, "x")
	long.Ad.Price.Amount = "9125550123"
	if got := one.Redact(&long); got.Ad.Price != nil {
		t.Errorf("a number given as a price stays: %+v", got.Ad.Price)
	}
	for _, host := range []string{"9125550123.example", "www.rose-912-555-0123.example"} {
		long.Ad.Site = host
		x, y := one.Redact(&long), one.Redact(&long)
		if x.Ad.Site != y.Ad.Site || !regexp.MustCompile(`^site:[0-9a-f]{16}$`).MatchString(x.Ad.Site) {
			t.Errorf("of the host %s there is left %q", host, x.Ad.Site)
		}
	}
}
