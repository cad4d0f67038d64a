package casework

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzApply: an event that is refused changes nothing, and one that is applied
// again changes nothing more.
func FuzzApply(f *testing.F) {
	f.Add(subjectSubscription+"a", []byte(`{"v":1,"kind":"created","subscription":{"id":"a","user":"u","value":{"kind":"phone","value":"+19125550101"}}}`))
	f.Add(subjectSubscription+"b", []byte(`{"v":1,"kind":"known","known":["x"]}`))
	f.Add(subjectSubscription+"held", []byte(`{"v":1,"kind":"ended"}`))
	f.Add(subjectInbox+"u", []byte(`{"v":1,"kind":"read","alerts":["00000000000000000000000000000001"]}`))
	f.Add(subjectPurpose+"p", []byte(`{"v":1,"kind":"purpose","purpose":{"id":"p","kind":"case","text":"t"}}`))
	f.Add(subjectHold+"h", []byte(`{"v":1,"kind":"held","hold":{"id":"h","kind":"ad","value":"x"}}`))
	f.Add(subjectHold+"h", []byte(`{"v":1,"kind":"released","release":{"reason":"r"}}`))
	f.Add(subjectLabel+"l", []byte(`{"v":1,"kind":"labelled","label":{"id":"l","ad":"x","label":"spam"}}`))
	f.Add(subjectLabel+"l", []byte(`{"v":1,"kind":"withdrawn","withdrawal":{"by":"u"}}`))
	f.Add("other", []byte(`{`))
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		d := open(t, &memory{})
		const held = `{"v":1,"kind":"created","subscription":{"id":"held","user":"u"}}`
		if err := d.Apply(1, subjectSubscription+"held", []byte(held)); err != nil {
			t.Fatal(err)
		}
		before := state(d)
		if err := d.Apply(2, subject, data); err != nil {
			if diff := cmp.Diff(state(d), before); diff != "" {
				t.Fatalf("refused with %v, but (-after +before):\n%s", err, diff)
			}
			return
		}
		once := state(d)
		if err := d.Apply(2, subject, data); err != nil {
			t.Fatalf("again: %v", err)
		}
		if diff := cmp.Diff(state(d), once); diff != "" {
			t.Fatalf("applied twice (-twice +once):\n%s", diff)
		}
	})
}
