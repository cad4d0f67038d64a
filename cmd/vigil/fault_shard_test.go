package main

import (
	"bytes"
	"net/http"
	"regexp"
	"strconv"
	"syscall"
	"testing"
)

// metric is a number that a process tells of itself; 0 when it does not.
func (p *plant) metric(name, metric string) float64 {
	r, err := http.NewRequestWithContext(p.Context(), http.MethodGet, "http://"+p.admin[name]+"/metrics", nil)
	if err != nil {
		p.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer a.Body.Close()
	var b bytes.Buffer
	_, _ = b.ReadFrom(a.Body)
	m := regexp.MustCompile(`(?m)^` + metric + ` (\S+)$`).FindSubmatch(b.Bytes())
	if m == nil {
		return 0
	}
	n, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		p.Fatal(err)
	}
	return n
}

// Linkers that stand by do a part of the rounds. One that is stopped, and the killing of
// who links, change nothing in what is found.
func TestLinkersShareRounds(t *testing.T) {
	t.Parallel()
	link := []string{"--roles=link", "--share-links=20"}
	p := build(t, layout{servers: 1, ads: 300, procs: map[string][]string{
		"web": {"--roles=crawl,extract,enrich,index,alert,archive,web"}, "link-1": link, "link-2": link, "link-3": link,
	}})
	p.ready()
	p.settle()
	const done, keys = `vigil_link_shared_rounds_total\{end="done"\}`, `vigil_link_shard_keys\{shard="\d/2"\}`
	var holder string
	var standby []string
	for try := 0; holder == "" || len(standby) != 2; try++ {
		if try == 20 { // on a loaded machine some rounds go without one that answers late
			t.Fatalf("%q shared rounds with %q, want one with two", holder, standby)
		}
		if try > 0 {
			p.desk.bring(5)()
			p.settle()
		}
		holder, standby = "", nil
		for _, name := range []string{"link-1", "link-2", "link-3"} {
			switch {
			case p.holders()["link"] == p.procs[name] && p.metric(name, done) > 0:
				holder = name
			case p.metric(name, keys) > 0:
				standby = append(standby, name)
			}
		}
	}
	p.procs[standby[0]].signal(syscall.SIGSTOP)
	p.desk.bring(20)()
	p.settle()
	p.procs[holder].kill()
	p.procs[standby[0]].signal(syscall.SIGCONT)
	p.desk.bring(20)()
	p.procs[holder].start()
	p.settle()
	p.whole()
	if got, want := p.state(), undisturbed(p); got != want {
		t.Errorf("after a linker was stopped and another killed:\n got %+v\nwant %+v", got, want)
	}
}
