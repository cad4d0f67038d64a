package desk

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

func TestValuesInALine(t *testing.T) {
	one, two := ad.Value{Kind: "phone", Value: "+19125550143"}, ad.Value{Kind: "phone", Value: "+19125550144"}
	mail, rose, lily := ad.Value{Kind: "email", Value: "moon@mail.example"}, ad.Value{Kind: "handle", Value: "telegram:river_rose"}, ad.Value{Kind: "handle", Value: "moonlily"}
	for _, c := range []struct {
		name, line string
		want       []ad.Value
	}{
		{"one in words", "(912) 555 zero one four three", []ad.Value{one}},
		{"one with commas in it", "912, 555, 0143", []ad.Value{one}},
		{"one and what was noted with it", "912-555-0143, calls back at night", []ad.Value{one}},
		{"one twice", "912-555-0143; (912) 555 0143", []ad.Value{one}},
		{"two numbers", "912-555-0143, 912-555-0144", []ad.Value{one, two}},
		{"two handles, one on any platform", "telegram:river_rose, @moonlily", []ad.Value{rose, lily}},
		{"one of each kind", "912-555-0143 | moon@mail.example\t@moonlily", []ad.Value{one, mail, lily}},
		{"two without a sign between", "912-555-0143 moon@mail.example", []ad.Value{one, mail}},
		{"a handle and what was noted with it", "@moonlily, knows Rose", []ad.Value{lily}},
		{"a handle and a number with commas in it", "@moonlily, 912, 555, 0143", []ad.Value{one, lily}},
		{"none", "call me maybe", nil},
	} {
		if diff := cmp.Diff(valuesIn(c.line), c.want); diff != "" {
			t.Errorf("%s: %q (-got +want):\n%s", c.name, c.line, diff)
		}
	}
}
