package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
)

// A list is turned leaf by leaf; what is added meanwhile moves nothing.
func TestListsAreTurned(t *testing.T) {
	town := apitest.Start(t)
	token := town.Secret(t, "anna", access.ScopeWatch)
	c := api.NewClient(town.URL, token, nil)
	for i := range 7 {
		if _, err := c.Watch(t.Context(), fmt.Sprintf("912-555-01%02d", 30+i)); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.Watches(t.Context())
	if err != nil || len(all) != 7 {
		t.Fatalf("%d watches, %v", len(all), err)
	}
	var got []string
	for cursor, n := "", 0; n < 10; n++ {
		r, err := http.NewRequestWithContext(t.Context(), "GET", town.URL+api.Root+"/watches?limit=3"+cursor, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var l api.WatchList
		err = json.NewDecoder(a.Body).Decode(&l)
		_ = a.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range l.Watches {
			got = append(got, w.ID)
		}
		if n == 0 {
			town.Pass(time.Minute)
			if _, err := c.Watch(t.Context(), "912-555-0150"); err != nil {
				t.Fatal(err)
			}
		}
		if l.Next == "" {
			break
		}
		cursor = "&cursor=" + l.Next
	}
	if len(got) != 8 {
		t.Errorf("turning gave %d watches: %v", len(got), got)
	}
	for i, w := range all {
		if i >= len(got) || got[i] != w.ID {
			t.Errorf("watch %d is not in its place: %v", i, got)
			break
		}
	}
	for _, q := range []string{"?cursor=00000000000000000000000000000000", "?cursor=9125550123", "?limit=x", "?limit=99999999999999999999"} {
		if a, _ := raw(t, "GET", town.URL+api.Root+"/watches"+q, token, "application/json", ""); a.StatusCode != 400 {
			t.Errorf("%s: %d", q, a.StatusCode)
		}
	}
}
