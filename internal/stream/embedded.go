package stream

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// maxPayload bounds one message of the embedded server: a capture of a 10 MiB
// page with its request. Bigger ones travel in parts.
const maxPayload = 16 << 20

// embeddedName tells siblings that the server is an embedded one.
const embeddedName = "vigil"

// embedded starts a server in this process. It listens on no socket unless
// siblings are to be served.
func embedded(c Config) (*server.Server, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make stream folder: %w", err)
	}
	if err := sweep(c.Dir); err != nil {
		return nil, err
	}
	if err := finishWiping(c.Dir); err != nil {
		return nil, err
	}
	opts := &server.Options{
		ServerName: embeddedName, DontListen: c.Listen == "", JetStream: true, StoreDir: c.Dir, SyncAlways: !c.Restoring,
		MaxPayload: maxPayload, MaxPending: 256 << 20, NoLog: true, NoSigs: true,
		PingInterval: staleAfter / 3, MaxPingsOut: 2, // a stopped sibling's connection ends in time
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 50, Authorization: c.Token,
	}
	if c.Listen != "" {
		host, port, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", c.Listen, err)
		}
		opts.Host = host
		if opts.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("listen on %s: port %q is no number", c.Listen, port)
		}
		if opts.Port == 0 {
			opts.Port = server.RANDOM_PORT
		}
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("start embedded streams in %s: %w", c.Dir, err)
	}
	srv.Start()
	if !srv.ReadyForConnections(60 * time.Second) {
		srv.Shutdown()
		if c.Listen != "" {
			return nil, fmt.Errorf("start embedded streams in %s: not ready after 60 s; is %s taken by another program?", c.Dir, c.Listen)
		}
		return nil, fmt.Errorf("start embedded streams in %s: not ready after 60 s; the folder may be damaged or its disk full", c.Dir)
	}
	if !srv.JetStreamEnabled() {
		srv.Shutdown()
		return nil, fmt.Errorf("start embedded streams in %s: storage could not be opened; check the folder's rights and free space", c.Dir)
	}
	return srv, nil
}

// sweep removes what a server that was killed left of blocks it was rewriting:
// it would stay for ever, and with it what was erased from the block since.
func sweep(dir string) error {
	left, err := like(dir, server.JetStreamStoreDir, "*", "streams", "*", "msgs", "*.blk.tmp")
	if err != nil {
		return fmt.Errorf("look for leftovers in %s: %w", dir, err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove a leftover of the streams: %w", err)
		}
	}
	return nil
}

// like lists the files of a folder whose path in it fits a pattern, whatever signs are
// in the name of the folder itself.
func like(dir string, pattern ...string) ([]string, error) {
	names, err := fs.Glob(os.DirFS(dir), strings.Join(pattern, "/"))
	for i, n := range names {
		names[i] = filepath.Join(dir, filepath.FromSlash(n))
	}
	return names, err
}

// An inner server is the embedded one. It can be started again under those who
// are connected to it.
type inner struct {
	conf Config
	mu   sync.Mutex // not held while it runs
	srv  *server.Server
}

func startInner(c Config) (*inner, error) {
	srv, err := embedded(c)
	if err != nil {
		return nil, err
	}
	return &inner{conf: c, srv: srv}, nil
}

// InProcessConn connects to it, once it is there again.
func (i *inner) InProcessConn() (net.Conn, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.srv.InProcessConn()
}

// restart stops it and starts it again, at the address that it had.
func (i *inner) restart() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if at := i.srv.Addr(); i.conf.Listen != "" && at != nil {
		i.conf.Listen = at.String()
	}
	i.srv.Shutdown()
	i.srv.WaitForShutdown()
	srv, err := embedded(i.conf)
	if err == nil {
		i.srv = srv
	}
	return err
}

func (i *inner) stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.srv.Shutdown()
	i.srv.WaitForShutdown()
}

// Address is where siblings reach the embedded server; "" when it serves none.
func (b *Bus) Address() string {
	if b.srv == nil || b.conf.Listen == "" {
		return ""
	}
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	return b.srv.srv.ClientURL()
}
