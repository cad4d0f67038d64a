package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/api"
)

// A child is this program running as a process of its own, which can be killed.
type child struct {
	cmd     *exec.Cmd
	url     string
	started time.Time
	said    *os.File
}

// free is an address of this machine that nobody listens on now.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// start runs a command of this program; what it prints goes to a file.
func start(out string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	f, err := os.OpenFile(out, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	c := &child{cmd: exec.Command(self, args...), started: time.Now(), said: f}
	c.cmd.Stdout, c.cmd.Stderr = f, f
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a process: %w", err), f.Close())
	}
	return c, nil
}

// serve runs a server on a data folder.
func serve(data, sites string) (*child, error) {
	addr, err := free()
	if err != nil {
		return nil, err
	}
	c, err := start(data+".log", "run", "--data", data, "--sites", sites, "--listen", addr, "--no-crawl")
	if err != nil {
		return nil, err
	}
	c.url = "http://" + addr
	return c, nil
}

// kill ends the process as kill -9 does.
func (c *child) kill() error {
	err := c.cmd.Process.Kill()
	_ = c.cmd.Wait() // it was killed, and says so
	return errors.Join(err, c.said.Close())
}

// answering waits until a search gives an ad and returns how long that took since
// the process was started.
func (c *child) answering(ctx context.Context, token, query string) (time.Duration, error) {
	client := api.NewClient(c.url, token, &http.Client{Timeout: 10 * time.Second})
	var last error
	for time.Since(c.started) < 2*time.Minute {
		a, err := client.Search(ctx, api.SearchRequest{Query: query})
		if err == nil && a.Total > 0 {
			return time.Since(c.started), nil
		}
		last = err
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return 0, fmt.Errorf("no search was answered within two minutes; see %s: %w", c.said.Name(), last)
}

// settled waits until the process has nothing to do, and returns the memory that
// it has in use then, and what it had at most.
func (c *child) settled(ctx context.Context) (resident, most uint64, err error) {
	before, err := c.ticks()
	for quiet := 0; err == nil && quiet < 5; {
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(time.Second):
		}
		var now uint64
		if now, err = c.ticks(); now-before <= 10 { // a tenth of a processor
			quiet++
		} else {
			quiet = 0
		}
		before = now
	}
	if err != nil {
		return 0, 0, err
	}
	return memory(c.cmd.Process.Pid)
}

// ticks is the processor time of the process, in hundredths of a second.
func (c *child) ticks() (uint64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(c.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("read the time of process %d: %w", c.cmd.Process.Pid, err)
	}
	_, rest, _ := strings.Cut(string(b), ") ") // the name may hold spaces
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, fmt.Errorf("read the time of process %d: /proc does not say", c.cmd.Process.Pid)
	}
	user, err := strconv.ParseUint(f[11], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the time of process %d: %w", c.cmd.Process.Pid, err)
	}
	system, err := strconv.ParseUint(f[12], 10, 64)
	return user + system, err
}

// memory is what a process has in memory now, and had at most, in bytes.
func memory(pid int) (now, most uint64, err error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, 0, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	for line := range strings.Lines(string(b)) {
		var to *uint64
		switch {
		case strings.HasPrefix(line, "VmRSS:"):
			to = &now
		case strings.HasPrefix(line, "VmHWM:"):
			to = &most
		default:
			continue
		}
		if *to, err = strconv.ParseUint(strings.Fields(line)[1], 10, 64); err != nil {
			return 0, 0, fmt.Errorf("read the memory of process %d: %w", pid, err)
		}
		*to <<= 10
	}
	return now, most, nil
}
