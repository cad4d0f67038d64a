package api

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

func TestRates(t *testing.T) {
	l, at := newLimiter("token", 60), time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
	for i := range 60 {
		if left, _, ok := l.take("one", at); !ok || left != 59-i {
			t.Fatalf("request %d: %d left, %v", i, left, ok)
		}
	}
	if _, wait, ok := l.take("one", at); ok || wait <= 0 || wait > time.Second {
		t.Errorf("one more at once: %v, %v", wait, ok)
	}
	if _, _, ok := l.take("another", at); !ok {
		t.Error("another waits for the first")
	}
	if _, _, ok := l.take("one", at.Add(time.Second)); !ok {
		t.Error("nothing has come back after a second")
	}
	if _, _, ok := l.take("one", at.Add(time.Second)); ok {
		t.Error("more has come back than a second gives")
	}
	if left, _, ok := l.take("one", at.Add(time.Hour)); !ok || left != 59 {
		t.Errorf("after an hour %d are left", left)
	}
	if _, _, ok := l.take("one", at); !ok { // a clock that goes back takes nothing away
		t.Error("a clock that went back")
	}
	for i := range maxBuckets + 100 {
		l.take(strconv.Itoa(i), at.Add(2*time.Hour))
	}
	if len(l.of) > maxBuckets {
		t.Errorf("%d callers are remembered", len(l.of))
	}
}

func TestWhoIsOneAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:4711": "192.0.2.7", "[::ffff:192.0.2.7]:4711": "192.0.2.7", "[2001:db8::1:2]:80": "2001:db8::/64", "[2001:db8::ffff]:80": "2001:db8::/64", "x": "unknown",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "203.0.113.9") // anybody can write that
		if got := address(r); got != want {
			t.Errorf("%s is %s, want %s", remote, got, want)
		}
	}
}
