package cli

import (
	"math"
	"testing"
	"testing/fstest"
)

func TestMemoryLimitFollowsWhatIsLive(t *testing.T) {
	const mib = 1 << 20
	l := memoryLimit{floor: 360 * mib, bound: 2000 * mib}
	for _, s := range []struct {
		what               string
		live, beside, want int64
	}{
		{"little is live: the floor", 10 * mib, 20 * mib, 360 * mib},
		{"the floor would be close above what is live", 300 * mib, 30 * mib, 480 * mib},
		{"a small move is none", 305 * mib, 30 * mib, 480 * mib},
		{"more is live", 600 * mib, 40 * mib, 896 * mib},
		{"much more: a quarter", 1200 * mib, 40 * mib, 1540 * mib},
		{"less is", 400 * mib, 40 * mib, 640 * mib},
		{"never above what the machine has", 1900 * mib, 40 * mib, 2000 * mib},
		{"back to the floor", 10 * mib, 20 * mib, 360 * mib},
	} {
		if got := l.next(s.live, s.beside); got != s.want {
			t.Errorf("%s: got a limit of %d MiB, want %d", s.what, got/mib, s.want/mib)
		}
	}
	small := memoryLimit{floor: 704 * mib, bound: 460 * mib}
	if got := small.next(0, 0); got != 460*mib {
		t.Errorf("in a group of 512 MiB: got a limit of %d MiB, want 460", got/mib)
	}
}

func TestMemoryGoesBackAtRest(t *testing.T) {
	const mib = 1 << 20
	var r repose
	taken := int64(0)
	looks := func(n int, each int64) (given int) {
		for range n {
			if taken += each; r.next(taken) {
				given++
			}
		}
		return given
	}
	for _, s := range []struct {
		what string
		n    int
		each int64
		want int
	}{
		{"at work", 100, 20 * mib, 0},
		{"a short rest", stillLooks - 1, 1000, 0},
		{"at work again", 3, 20 * mib, 0},
		{"a long rest: once", 1000, 1000, 1},
		{"little work", 3, 2 * mib, 0},
		{"a rest from little work", 1000, 1000, 0},
		{"slow work, in the end as much as any", 600, mib / 8, 1},
	} {
		if got := looks(s.n, s.each); got != s.want {
			t.Errorf("%s: memory was given back %d times, want %d", s.what, got, s.want)
		}
	}
}

func TestMachineMemory(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	meminfo := file("MemTotal:       1000000 kB\nMemFree:          100000 kB\n")
	for _, c := range []struct {
		name string
		root fstest.MapFS
		want int64
	}{
		{"nothing can be read", fstest.MapFS{}, math.MaxInt64},
		{"the machine", fstest.MapFS{"proc/meminfo": meminfo}, 1024_000_000 / 10 * 9},
		{"a container, which sees its own group as the root", fstest.MapFS{
			"proc/meminfo": meminfo, "proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("536870000\n"),
		}, 536_870_000 / 10 * 9},
		{"a unit below a slice that has less", fstest.MapFS{
			"proc/meminfo": meminfo, "proc/self/cgroup": file("0::/system.slice/vigil.service\n"),
			"sys/fs/cgroup/system.slice/vigil.service/memory.max": file("max\n"), "sys/fs/cgroup/system.slice/memory.max": file("300000000\n"),
		}, 270_000_000},
		{"the older kind of groups", fstest.MapFS{
			"proc/meminfo": meminfo, "proc/self/cgroup": file("5:devices:/x\n4:memory:/a/b\n0::/\n"),
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": file("400000000\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n"),
		}, 360_000_000},
	} {
		if got := machineMemory(c.root); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}
