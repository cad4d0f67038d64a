package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/desk"
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
	for q, want := range map[string]int{"?cursor=00000000000000000000000000000000": 409, "?cursor=9125550123": 400, "?limit=x": 400, "?limit=99999999999999999999": 400} {
		if a, _ := raw(t, "GET", town.URL+api.Root+"/watches"+q, token, "application/json", ""); a.StatusCode != want {
			t.Errorf("%s: %d, not %d", q, a.StatusCode, want)
		}
	}
}

// The description of the parameter names the steps that there are.
func TestLettersOfSteps(t *testing.T) {
	f, _ := reflect.TypeFor[api.LetterParams]().FieldByName("Step")
	if want := "^(" + strings.Join(desk.LetterSteps(), "|") + ")(-[a-z0-9_-]{1,60})?$"; f.Tag.Get("like") != want {
		t.Errorf("the steps are described as %s, not %s", f.Tag.Get("like"), want)
	}
}
