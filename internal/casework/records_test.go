package casework

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

// TestRecordsOfVersion1: what the first program wrote stays readable. The file is
// never written again; a later version gets one of its own.
func TestRecordsOfVersion1(t *testing.T) {
	file, err := os.ReadFile("testdata/records.v1")
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{}
	for line := range bytes.Lines(file) {
		subject, data, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		m.Events = append(m.Events, stored{Subject: string(subject), Data: data})
	}
	for _, kind := range []string{kindKnown, kindCreated, kindEnded, kindRead, kindUnread, kindPurpose, kindHeld, kindReleased} {
		if !strings.Contains(string(file), `"kind":"`+kind+`"`) {
			t.Errorf("the file holds no event of kind %s", kind)
		}
	}
	d := open(t, m)
	at := func(s int) time.Time { return time.Date(2026, 3, 1, 9, 0, s, 0, time.UTC) }
	subs := map[string][]ad.Subscription{
		"u1": {{ID: "b56a2ac421c92359e580312dfc87f35a", User: "u1", Value: number(1), Purpose: "p1", Created: at(1), Ended: at(5)}},
		"u2": {{ID: "c00fed9d0b4ac280aac657ffaeab9b12", User: "u2", Value: number(1), Purpose: "p1", Created: at(3)}},
	}
	for u, want := range subs {
		if diff := cmp.Diff(d.Subscriptions(u), want); diff != "" {
			t.Errorf("subscriptions (-got +want):\n%s", diff)
		}
	}
	if diff := cmp.Diff(d.pending, map[string][]string{"later": {"k1"}}); diff != "" {
		t.Errorf("under way (-got +want):\n%s", diff)
	}
	if d.IsRead("u1", alertID(1)) || !d.IsRead("u1", alertID(2)) {
		t.Error("marks are not what was said")
	}
	if p, err := d.Purpose("0123abcd"); err != nil || p != (Purpose{"0123abcd", "case", "Case 26-14"}) {
		t.Errorf("purpose %v, %v", p, err)
	}
	one := Hold{ID: "b1032d9d33aa11198b68a09d447bd24e", Kind: HoldAd, Value: "x", Reason: "trial to come", Authority: "court order 12", By: "u1", At: at(9)}
	two := one
	one.Released = &Release{Reason: "judgment is final", Authority: "file 7", By: "u2", At: at(13)}
	two.ID, two.Kind, two.Value, two.At = "79996d12c0306c0e97750ef5387b3562", "phone", number(2).Value, at(11)
	if diff := cmp.Diff(d.Holds(), []Hold{one, two}); diff != "" {
		t.Errorf("holds (-got +want):\n%s", diff)
	}
}
