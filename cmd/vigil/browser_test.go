package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"vigil.example/internal/bazaar"
)

// browse starts a real Chromium. CI installs it; elsewhere the test says what is
// missing.
func browse(t *testing.T, downloads string) *page {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is missing; .ci/install.sh installs it")
		}
		t.Skip("chromium is missing: make install")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: downloads,
	})
	if err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	ctx, cancel = context.WithTimeout(ctx, 3*patience)
	t.Cleanup(cancel)
	return &page{t, ctx}
}

// A page is the browser's tab.
type page struct {
	t   *testing.T
	ctx context.Context
}

func (p *page) must(what string, err error) {
	p.t.Helper()
	if err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 10*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	p.t.Fatalf("%s: %v\nthe page says:\n%s", what, err, text)
}

func (p *page) open(url string) {
	p.t.Helper()
	p.must("open "+url, chromedp.Do(p.ctx, chromedp.Navigate(url)))
}

func (p *page) typeIn(field, text string) {
	p.t.Helper()
	p.must("type into "+field, chromedp.Do(p.ctx, chromedp.SendKeys(chromedp.CSS(field), text)))
}

// click submits or follows what it finds by XPath and waits for the next page.
func (p *page) click(xpath string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.Search(xpath)))
	p.must("click "+xpath, err)
}

func (p *page) text(sel string) string {
	p.t.Helper()
	s, err := chromedp.Run(p.ctx, chromedp.Text(chromedp.CSS(sel)))
	p.must("read "+sel, err)
	return s
}

// The walk of an investigator in a real browser.
func TestInvestigatorInBrowser(t *testing.T) {
	data := t.TempDir()
	d := startDemo(t, data, "--ads", "600")
	select {
	case <-d.crawled:
	case <-time.After(patience):
		t.Fatalf("the first crawl does not end:\n%s", d.text())
	}
	group := busiestGroup(t, 600)
	downloads := t.TempDir()
	p := browse(t, downloads)

	p.open(d.url)
	p.typeIn("#name", "admin")
	p.typeIn("#password", d.password)
	p.click(`//button[.='Sign in']`)
	p.typeIn("#text", "2026-0412")
	p.click(`//button[.='Go on']`)

	p.find(spelled(group.Phone))
	p.noNumberInAddress(d.url)
	p.click(`(//a[starts-with(@href,'/cluster/')])[1]`)
	if why := p.text("#why"); !strings.Contains(why, "joined by "+dashed(group.Phone)) {
		t.Errorf("the cluster page does not say why its ads are linked: %s", why)
	}
	p.noNumberInAddress(d.url)
	p.click(watchButton(group.Phone))

	p.open(d.url)
	p.find(group.Phone)
	postAnother(t, d.town, group.ID)
	p.isTold()
	p.waitForAlert(d.url, group.Phone)

	p.open(d.url)
	p.find(group.Phone)
	p.corrects(d.url)

	p.open(d.url)
	p.find(group.Phone)
	p.click(`(//a[starts-with(@href,'/cluster/')])[1]`)
	p.must("download the packet", chromedp.Do(p.ctx, chromedp.Click(chromedp.Search(`//button[.='Download evidence packet']`))))
	verify(t, data, downloaded(t, downloads))
	d.stop(t)
}

// find searches from the home page and expects results.
func (p *page) find(text string) {
	p.t.Helper()
	p.typeIn("#q", text)
	p.click(`//form[@role='search']//button[.='Search']`)
	if h := p.text("h1"); strings.HasPrefix(h, "0 ") || !strings.Contains(h, "result") {
		p.t.Fatalf("searching %q gives %q, %q", text, h, p.text("main"))
	}
}

// isTold waits until the results say that a new ad matches, and sees it first.
func (p *page) isTold() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	says, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(`[data-live] a`)))
	p.must("hear of a new ad", err)
	before := p.text("h1")
	p.click(`//*[@data-live]/a`)
	if now := p.text("h1"); says != "Show the newest" || now == before {
		p.t.Errorf("%q leads from %q to %q", says, before, now)
	}
}

// corrects says of the first ad that was found that its number is none, sees that
// the ad is read so, and takes it back.
func (p *page) corrects(url string) {
	p.t.Helper()
	p.click(`(//a[starts-with(@href,'/ad/')])[1]`)
	read := p.text("#found")
	p.click(`(//button[starts-with(normalize-space(.),'Not a number')])[1]`)
	if now, says := p.text("#found"), p.text("#fixed"); now == read || !strings.Contains(says, "is no number; it was read as") {
		p.t.Errorf("after “Not a number” the page shows %q and says %q", now, says)
	}
	p.noNumberInAddress(url)
	p.click(`//div[@class='note']//button[starts-with(normalize-space(.),'Undo')]`)
	if now, says := p.text("#found"), p.text("#fixed"); now != read || !strings.Contains(says, "None stands.") {
		p.t.Errorf("taken back, the page shows %q instead of %q and says %q", now, read, says)
	}
}

// noNumberInAddress holds that nothing by which a poster is known gets into the
// browser's history.
func (p *page) noNumberInAddress(base string) {
	p.t.Helper()
	address, err := chromedp.Run(p.ctx, chromedp.Location())
	p.must("read the address", err)
	title, err := chromedp.Run(p.ctx, chromedp.Title())
	p.must("read the title", err)
	address = regexp.MustCompile(`/(ad|cluster)/[0-9a-f]+$`).ReplaceAllString(strings.TrimPrefix(address, base), "") // ids
	if digits := regexp.MustCompile(`\d{7,}|555`); digits.MatchString(address + " " + title) {
		p.t.Errorf("a number stands in the address %s or the title %q", address, title)
	}
}

// busiestGroup is the group that the demo suggests to look at first.
func busiestGroup(t *testing.T, ads int) bazaar.GroupTruth {
	t.Helper()
	c := bazaar.DefaultConfig()
	c.Ads = ads
	town, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return town.Busiest()
}

// spelled writes a NANP number as somebody might have noted it.
func spelled(e164 string) string {
	words := []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
	n := strings.TrimPrefix(e164, "+1")
	var last []string
	for _, r := range n[6:] {
		last = append(last, words[r-'0'])
	}
	return "(" + n[:3] + ") " + n[3:6] + " " + strings.Join(last, " ")
}

// watchButton finds the button beside a value in the table of shared contacts.
func watchButton(e164 string) string {
	return fmt.Sprintf(`//tr[contains(., '%s')]//button[contains(., 'Watch')]`, e164)
}

// postAnother lets a group of the town post another ad, as a visitor of the town
// hall does.
func postAnother(t *testing.T, town, group string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	res, err := c.PostForm(town+"/post", url.Values{"group": {group}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if b, _ := io.ReadAll(res.Body); res.StatusCode >= 400 {
		t.Fatalf("posting another ad: %s: %s", res.Status, b)
	}
}

// dashed is an American number as pages show it.
func dashed(e164 string) string {
	n := strings.TrimPrefix(e164, "+1")
	return n[:3] + "-" + n[3:6] + "-" + n[6:]
}

func (p *page) waitForAlert(url, e164 string) {
	p.t.Helper()
	shown := dashed(e164)
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		p.open(url + "/inbox")
		if text := p.text("main"); strings.Contains(text, shown) && strings.Contains(text, "appeared in an ad") {
			return
		}
		select {
		case <-p.ctx.Done():
			p.t.Fatal(p.ctx.Err())
		case <-time.After(time.Second):
		}
	}
	p.t.Fatal("the inbox does not show the new ad within 90 s")
}

func downloaded(t *testing.T, dir string) string {
	t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, ".zip") {
				return f
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("no packet was downloaded within a minute")
	return ""
}

// verify has the program itself check the packet with the key that the instance
// hands out, and refuse it with one byte changed.
func verify(t *testing.T, data, packet string) {
	t.Helper()
	key := filepath.Join(data, "signer.pub.pem")
	if out, err := exec.Command("vigil", "packet", "verify", packet, "--key", key).CombinedOutput(); err != nil {
		t.Errorf("the packet is not verified: %v\n%s", err, out)
	}
	b, err := os.ReadFile(packet)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	changed := filepath.Join(t.TempDir(), "changed.zip")
	if err := os.WriteFile(changed, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("vigil", "packet", "verify", changed, "--key", key).CombinedOutput(); err == nil {
		t.Errorf("a packet with one changed byte is verified:\n%s", out)
	}
}
