// Command vigil is the whole of Vigil in one program: the servers and the command
// line. It hands its arguments to package cli and exits with its code.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"vigil.example/internal/cli"
)

// version is set by the linker in releases: -X main.version=v1.2.3.
var version string

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal ends the work in good order; from then on signals have
	// their usual effect, so a second one kills.
	defer context.AfterFunc(ctx, stop)()
	return cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv, built())
}

// built is the version of this program.
func built() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}
