package audit

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRecordsOfVersion1: a chain that the first program wrote stays whole, to the
// last byte. The file is never written again; a later version gets one of its own.
func TestRecordsOfVersion1(t *testing.T) {
	file, err := os.ReadFile("testdata/records.v1")
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, &memory{Events: []stored{{Subject: Subject, Data: bytes.TrimSpace(file)}}})
	if n, head, err := l.Verify(t.Context()); err != nil || n != 2 || head != l.Head() {
		t.Errorf("verify: %d, %v, %v", n, head, err)
	}
	got := entries(t, l)
	want := []Entry{
		{
			V: 1, Seq: 1, Time: config().Now(), Actor: user, Role: "analyst", Via: "session", Purpose: user, Action: "search",
			Query: l.Digest("(912) 555-0123"), Values: []string{l.DigestValue("+19125550123")}, Count: 4, Outcome: "ok",
			Prev: origin, MAC: got[0].MAC,
		},
		{
			V: 1, Seq: 2, Time: config().Now(), Actor: "admin", Action: "erase",
			Object: "h:" + digest(key, "text", "five words of a person")[:32], Outcome: "denied", Prev: got[1].Prev, MAC: got[1].MAC,
		},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("entries (-got +want):\n%s", diff)
	}
}
