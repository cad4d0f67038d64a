package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vigil.example/internal/api"
	"vigil.example/internal/stream"
)

// needsRoot ends a test that mounts file systems: everywhere but in CI it may be
// left out.
func needsRoot(t *testing.T) {
	t.Helper()
	switch {
	case os.Getuid() == 0:
	case os.Getenv("CI") == "true":
		t.Fatal("this test mounts file systems and needs root; run CI as root")
	default:
		t.Skip("this test mounts file systems and needs root")
	}
}

// A disk is a file system of its own in a file.
type disk struct {
	t     *testing.T
	image string
	at    string // where it is mounted
}

// newDisk makes an ext4 file system that writes its journal only when it is told
// to, so that what was not flushed is not in the image.
func newDisk(t *testing.T, mib string) *disk {
	t.Helper()
	needsRoot(t)
	d := &disk{t: t, image: filepath.Join(t.TempDir(), "image"), at: filepath.Join(t.TempDir(), "disk")}
	d.run("truncate", "-s", mib+"M", d.image)
	d.run("mkfs.ext4", "-q", "-F", "-m", "0", d.image)
	if err := os.Mkdir(d.at, 0o700); err != nil {
		t.Fatal(err)
	}
	d.mount(d.image)
	t.Cleanup(func() { _ = syscall.Unmount(d.at, 0) })
	return d
}

func (d *disk) run(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

func (d *disk) mount(image string) { d.run("mount", "-o", "loop,commit=300", image, d.at) }

// cut is a power loss: what the image has at this moment is all that is left. The
// process on the disk must have been stopped.
func (d *disk) cut(kill func()) {
	d.t.Helper()
	after := d.image + ".after"
	d.run("cp", "--sparse=always", d.image, after)
	kill()
	for until := time.Now().Add(patience); ; <-time.After(50 * time.Millisecond) {
		err := syscall.Unmount(d.at, 0)
		if err == nil {
			break
		}
		if time.Now().After(until) {
			d.t.Fatalf("unmount %s: %v", d.at, err)
		}
	}
	if err := os.Rename(after, d.image); err != nil {
		d.t.Fatal(err)
	}
	d.mount(d.image)
}

// free is the room left.
func (d *disk) free() int64 {
	d.t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.at, &s); err != nil {
		d.t.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}

// fill leaves only so much room, and returns what makes room again.
func (d *disk) fill(leave int64) func() {
	d.t.Helper()
	name := filepath.Join(d.at, "filler")
	f, err := os.Create(name)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	size := int64(0)
	for {
		n := d.free() - leave
		if n < 1<<20 && leave > 0 || n <= 0 {
			break
		}
		err := syscall.Fallocate(int(f.Fd()), 0, size, n)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			d.t.Fatal(err)
		}
		size += n
	}
	return func() {
		if err := os.Remove(name); err != nil {
			d.t.Fatal(err)
		}
	}
}

// streamsAfter stops a plant that keeps its streams inside and looks at them.
func (p *plant) streamsAfter() {
	p.Helper()
	p.procs["all"].stop()
	bus, err := stream.Open(p.Context(), stream.Config{Dir: filepath.Join(p.data, "streams")})
	if err != nil {
		p.Fatal(err)
	}
	defer bus.Close()
	p.bus = bus
	p.unique()
	p.bus = nil
}

// A disk that fills up: first to the reserve, then to the last byte. Nothing is
// taken meanwhile, the process says why, and goes on when there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	d := newDisk(t, "500")
	p := build(t, layout{ads: 60, data: filepath.Join(d.at, "data"), args: []string{"--reserve=64"}})
	p.settle()
	all := p.procs["all"]
	for _, c := range []struct {
		name  string
		leave int64
	}{{"the reserve is touched", 40 << 20}, {"not a byte is left", 0}} {
		p.desk.bring(5)()
		room := d.fill(c.leave)
		p.readyWith("all", http.StatusServiceUnavailable, "make room") // it has seen that there is none
		before := p.desk.acknowledged()
		wait := p.desk.bring(10)
		_, err := p.desk.client.Import(t.Context(), api.SavedPage{Name: "other.html", Body: []byte("<title>Oak</title>"), SavedAt: time.Now()})
		if problem, ok := errors.AsType[*api.Problem](err); !ok || problem.Code() != "disk-full" {
			t.Errorf("%s: a page is answered with %v, want the problem disk-full", c.name, err)
		}
		await(t, c.name+": the log says so", func() bool { return strings.Contains(all.text(), "the disk is full") })
		<-time.After(5 * time.Second) // longer than a lease lasts that cannot be renewed
		if n := p.desk.acknowledged() - before; n > 0 {
			t.Errorf("%s: %d pages were taken on a full disk", c.name, n)
		}
		room()
		wait()
		p.readyWith("all", http.StatusOK, "")
		p.settle()
		p.whole()
		if !all.runs() {
			t.Fatalf("%s: the process ended", c.name)
		}
	}
	state := p.state()
	p.streamsAfter()
	if want := undisturbed(p); state != want {
		t.Errorf("after a full disk:\n got %+v\nwant %+v", state, want)
	}
}

// Power is lost at random moments of a crawl: what was acknowledged is there, what
// is derived is right.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	rounds, seed := max(1, number(t, "VIGIL_FAULT_ROUNDS", 1)/6), uint64(number(t, "VIGIL_FAULT_SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("VIGIL_FAULT_SEED=%d, %d rounds", seed, rounds)
	r := rand.New(rand.NewPCG(seed, 4))
	d := newDisk(t, "1000")
	p := build(t, layout{ads: 300, delay: "20ms", data: filepath.Join(d.at, "data"), args: []string{"--reserve=64"}})
	all := p.procs["all"]
	for range rounds {
		wait := p.desk.bring(150)
		<-time.After(time.Duration(200+r.IntN(2500)) * time.Millisecond)
		p.desk.inbox()
		taken := p.desk.acknowledged()
		all.signal(syscall.SIGSTOP)
		d.cut(all.kill)
		p.Logf("power was lost when %d pages were taken and %d alerts listed", taken, len(p.desk.alerts))
		all.start()
		wait()
		p.settle()
		p.whole()
	}
	state := p.state()
	p.streamsAfter()
	if want := undisturbed(p); state != want {
		t.Errorf("after power losses:\n got %+v\nwant %+v", state, want)
	}
}

// A sealed file is altered, then taken away: the captures are read from the stream
// as long as they are there, and doctor names the file and what to do.
func TestSealedFileHarmed(t *testing.T) {
	t.Parallel()
	p := build(t, layout{ads: 60})
	p.desk.bring(20)()
	p.settle()
	p.shift("1h")
	var files []string
	await(t, "captures are sealed", func() bool {
		files, _ = filepath.Glob(filepath.Join(p.data, "blobs", "captures", "*.warc.gz"))
		if len(files) == 0 {
			return false
		}
		_, err := os.Stat(strings.TrimSuffix(files[0], ".warc.gz") + ".cdxj") // until then it is being sealed
		return err == nil
	})
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	altered := append([]byte(nil), whole...)
	altered[len(altered)/2] ^= 1
	harms := []struct {
		name string
		do   func() error
	}{
		{"altered", func() error { return os.WriteFile(files[0], altered, 0o600) }},
		{"missing", func() error { return os.Remove(files[0]) }},
	}
	for _, h := range harms {
		if err := h.do(); err != nil {
			t.Fatal(err)
		}
		cs, err := p.desk.client.Clusters(t.Context(), 1)
		if err != nil || len(cs) == 0 {
			t.Fatalf("clusters: %v, %v", cs, err)
		}
		if _, err := p.desk.client.Packet(t.Context(), cs[0].ID, io.Discard); err != nil {
			t.Errorf("%s: a packet of captures that are in the stream: %v", h.name, err)
		}
		p.procs["all"].stop()
		out, err := exec.Command(vigilBinary(t), "doctor", "--data", p.data).CombinedOutput()
		if err == nil {
			t.Errorf("%s: doctor finds nothing wrong:\n%s", h.name, out)
		}
		if !strings.Contains(string(out), filepath.Base(files[0])) && !strings.Contains(string(out), strings.TrimSuffix(filepath.Base(files[0]), ".warc.gz")) {
			t.Errorf("%s: doctor does not name %s:\n%s", h.name, filepath.Base(files[0]), out)
		}
		t.Logf("%s:\n%s", h.name, out)
		if err := os.WriteFile(files[0], whole, 0o600); err != nil {
			t.Fatal(err)
		}
		p.procs["all"].start()
		p.settle()
	}
	p.procs["all"].stop()
	if out, err := exec.Command(vigilBinary(t), "doctor", "--data", p.data).CombinedOutput(); err != nil {
		t.Errorf("with the file back doctor still complains: %v\n%s", err, out)
	}
}

// Once captures have left the stream, a sealed file that was altered is refused as
// evidence: no packet is made of it, and what is said names the file.
func TestAlteredFileIsNoEvidence(t *testing.T) {
	t.Parallel()
	p := build(t, layout{ads: 60, args: []string{"--keep=1m"}})
	r := rand.New(rand.NewPCG(5, 5))
	heavy := func(n int) { // pages of one number, and noise that does not shrink
		noise := make([]byte, 1<<20)
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		s := savedPage(n)
		s.Body = fmt.Appendf(nil, "<!doctype html><html><head><title>Oak %d</title></head><body><h1>Oak %d</h1><p>Solid oak, number %d. Call 912-555-0199.</p><!-- %x --></body></html>", n, n, n, noise)
		if _, err := p.desk.client.Import(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 12 {
		heavy(n)
	}
	p.settle()
	a, err := p.desk.client.Search(t.Context(), api.SearchRequest{Query: "912-555-0199"})
	if err != nil || a.Total != 12 || a.Hits[0].Document.Cluster == "" {
		t.Fatalf("12 ads of one number: %d found, %v", a.Total, err)
	}
	cluster := a.Hits[0].Document.Cluster
	captures := func() float64 { return p.metric("all", `vigil_stream_messages\{stream="CAPTURES"\}`) }
	before := captures()
	p.shift("1h")
	file := ""
	await(t, "captures are sealed", func() bool {
		files, _ := filepath.Glob(filepath.Join(p.data, "blobs", "captures", "*.warc.gz"))
		if len(files) > 0 {
			file = files[0]
		}
		return len(files) > 0
	})
	p.desk.bring(1)() // the file with the end of the stream stays in it
	await(t, "captures have left the stream", func() bool { n := captures(); return n > 0 && n < before })
	if _, err := p.desk.client.Packet(t.Context(), cluster, io.Discard); err != nil {
		t.Fatalf("a packet of sealed captures: %v", err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := len(whole) / 4; at < len(whole); at += len(whole) / 4 {
		whole[at] ^= 1
	}
	if err := os.WriteFile(file, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = p.desk.client.Packet(t.Context(), cluster, io.Discard)
	if problem, ok := errors.AsType[*api.Problem](err); !ok || problem.Code() != "altered" || !strings.Contains(problem.Why, filepath.Base(file)) {
		t.Errorf("a packet of captures that were altered: %v, want the problem altered with the name of %s", err, file)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := p.desk.client.Packet(t.Context(), cluster, io.Discard); err == nil {
		t.Error("a packet was made of captures that are missing")
	}
}
