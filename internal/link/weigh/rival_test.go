package weigh

import "testing"

// One contact takes the whole contradiction away only where half of the smaller's ads give
// it: a relay that they give as well says nothing of that.
func TestRelayDoesNotTakeContradictionAway(t *testing.T) {
	o := &owners{size: []int32{20, 100}}
	with := func(own int) float64 {
		return o.net(&tie{weight: 1.1, shared: .5, values: 2, ads: 11, given: 10, contacts: 1, own: own, rivals: true}, 0, 1)
	}
	if stray, half := with(1), with(10); half-stray < 1.9 {
		t.Errorf("a contact of one ad beside a relay of ten weighs %.2f, a contact of ten %.2f: the doubt is gone in both", stray, half)
	}
}
