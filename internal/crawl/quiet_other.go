//go:build !unix

package crawl

import "net"

// quiet reports whether a connection may be used again. Where the system gives
// no way to look without reading, none is.
func quiet(net.Conn) bool { return false }
