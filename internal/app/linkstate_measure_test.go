package app

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh/invent"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

var linkedAds = flag.Int("linked-ads", 0, "ads with which TestMeasureLinkerStart measures")

// TestMeasureLinkerStart measures what a start of the linker takes with its state on disk
// and without: go test ./internal/app -run MeasureLinkerStart -linked-ads 100000 -v.
func TestMeasureLinkerStart(t *testing.T) {
	if *linkedAds == 0 {
		t.Skip("-linked-ads N measures")
	}
	a, err := New(t.Context(), Config{Version: "test", Data: t.TempDir(), Kind: Real, Roles: []string{"link"}, Sites: site.NewSet(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var msgs []ad.Message
	for _, g := range invent.Ads(invent.Config{Seed: 61, Ads: *linkedAds}) {
		x := invent.Read(g.Ad)
		x.V, x.AdID = ad.Schema, ad.ID("town", g.ID, "")
		msgs = append(msgs, ad.Message{Subject: "ad.town", ID: strconv.Itoa(len(msgs)), Data: encode(x)})
	}
	for some := range slices.Chunk(msgs, 1000) {
		must(a.bus.Publish(t.Context(), some))
	}
	info, err := a.bus.Info(t.Context(), stream.Ads)
	must(err)
	start := func(what string) {
		t.Helper()
		if err := a.forgetPart(t.Context(), "link"); err != nil {
			t.Fatal(err)
		}
		began, cpu := time.Now(), spent()
		ready := time.Duration(0)
		readyCPU := time.Duration(0)
		must(a.while(t.Context(), func(ctx context.Context) error {
			for until := time.Now().Add(20 * time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
				var at linked
				if err := a.recall(ctx, "link", &at); err != nil {
					return err
				}
				if ready == 0 && at.UpTo == info.Last {
					ready, readyCPU = time.Since(began), spent()-cpu
				}
				if at.UpTo == info.Last && at.Solved == info.Last {
					return nil
				}
			}
			return fmt.Errorf("it does not come to rest")
		}))
		fmt.Printf("%s: follows after %.1f s and %.1f s of CPU, at rest after %.1f s and %.1f s of CPU\n", what, ready.Seconds(), readyCPU.Seconds(), time.Since(began).Seconds(), (spent() - cpu).Seconds())
	}
	start("first start")
	i, err := os.Stat(a.folder.linkState(1))
	must(err)
	links, err := a.bus.Info(t.Context(), stream.Links)
	must(err)
	fmt.Printf("%d ads: state %d bytes an ad, ADS %d, LINKS %d\n", *linkedAds, i.Size()/int64(*linkedAds), info.Bytes/uint64(*linkedAds), links.Bytes/uint64(*linkedAds))
	start("with its state")
	must(os.Remove(a.folder.linkState(1)))
	start("without its state")
	i, err = os.Stat(a.folder.linkState(1))
	must(err)
	fmt.Printf("written anew %d bytes an ad\n", i.Size()/int64(*linkedAds))
}

// spent is the processor time that this process has used.
func spent() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
