package main

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"vigil.example/internal/api"
	"vigil.example/internal/bazaar"
)

// A crawl that is killed again and again must come to the same as one that is
// not, and tell nobody of anything twice. VIGIL_CRASH_ADS and VIGIL_CRASH_SEED
// choose another size and other moments.
func TestKilledCrawlComesToTheSame(t *testing.T) {
	ads, seed := number(t, "VIGIL_CRASH_ADS", 1500), uint64(number(t, "VIGIL_CRASH_SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("VIGIL_CRASH_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	want := score(t, t.TempDir(), ads)
	if !want.Balanced || want.Ads != ads {
		t.Fatalf("the undisturbed crawl found %d ads, balanced %t", want.Ads, want.Balanced)
	}

	data := t.TempDir()
	watched, carriers := busiest(t, ads)
	known := 0
	for round := range 10 {
		d := launchDemo(t, data, "--frozen", "--ads", strconv.Itoa(ads))
		if round == 0 {
			<-d.ready
			w, err := d.client(t).Watch(t.Context(), watched)
			if err != nil {
				t.Fatal(err)
			}
			known = w.Known
		}
		// Any moment will do, of the start too; most of the crawl is over in some seconds.
		select {
		case <-time.After(time.Duration(50+r.IntN(ads)) * time.Millisecond):
		case <-d.ended:
		}
		d.kill()
		<-d.ended
	}

	got := score(t, data, ads)
	if !got.Balanced {
		t.Error("the ledger does not balance after 10 kills")
	}
	if got.State != want.State {
		t.Errorf("killed 10 times:\n got %+v\nwant %+v", got.State, want.State)
	}
	d := startDemo(t, data, "--frozen", "--ads", strconv.Itoa(ads))
	inbox := allOf(t, d.client(t), carriers-known)
	told := map[string]int{}
	for _, a := range inbox {
		told[a]++
		if told[a] == 2 {
			t.Errorf("told twice of ad %s", a)
		}
	}
	if len(told)+known != carriers {
		t.Errorf("told of %d ads, %d were known before; %d carry the number", len(told), known, carriers)
	}
	d.stop(t)
}

// busiest returns a number that many ads of the town carry, and how many.
func busiest(t *testing.T, ads int) (string, int) {
	t.Helper()
	c := bazaar.DefaultConfig()
	c.Ads = ads
	town, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	best := ""
	for _, a := range town.Truth(town.Now()).Ads {
		for _, p := range a.Phones {
			if count[p]++; count[p] > count[best] {
				best = p
			}
		}
	}
	return best, count[best]
}

// all returns the ads of every alert in the inbox.
func all(t *testing.T, c *api.Client) (ads []string) {
	t.Helper()
	before := uint64(0)
	for {
		p, err := c.Inbox(t.Context(), before, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range p.Alerts {
			ads = append(ads, a.AdID)
		}
		if before = p.Before; before == 0 {
			return ads
		}
	}
}

// allOf is the same once there are so many of them: what is told last is told when
// everything else is at rest.
func allOf(t *testing.T, c *api.Client, n int) (ads []string) {
	t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(look) {
		if ads = all(t, c); len(ads) >= n || time.Now().After(until) {
			return ads
		}
	}
}

func number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s=%s: %v", name, s, err)
	}
	return n
}
