package cli

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// codes tells people the exit codes.
const codes = `Exit codes:
  0  done
  1  error
  2  wrong usage
  3  not allowed, or not signed in
  4  not found
  5  verification failed, or could not be completed`

// An exampler is a command with an example of its use: the lines that one types.
type exampler interface{ Example() string }

// Example is that of the program as a whole.
func (*root) Example() string {
	return "vigil login --case 24-0117\nvigil search 912-555-0123"
}

// help prints what kong knows of a command, then the exit codes, then an example.
func help(o kong.HelpOptions, k *kong.Context) error {
	hide(k)
	if err := kong.DefaultHelpPrinter(o, k); err != nil {
		return err
	}
	target := k.Model.Target
	if n := k.Selected(); n != nil {
		target = n.Target
	}
	_, _ = fmt.Fprintf(k.Stdout, "\n%s\n", codes)
	if e, ok := reflect.TypeAssert[exampler](target.Addr()); ok {
		_, _ = fmt.Fprintf(k.Stdout, "\nExample:\n  %s\n", strings.ReplaceAll(e.Example(), "\n", "\n  "))
	}
	return nil
}

// hide takes the flags of every command out of the help of those that have no use
// for them.
func hide(k *kong.Context) {
	n := k.Selected()
	if n == nil {
		return
	}
	top := n
	for top.Parent != nil && top.Parent.Type != kong.ApplicationNode {
		top = top.Parent
	}
	server, token := true, true
	switch top.Name {
	case "search", "export", "ad", "correct", "corrections", "label", "labels", "cluster", "demand", "site", "watch", "inbox", "erase", "hold", "audit", "status", "replay", "reindex", "dead-letters":
	case "packet", "backup":
		server = n.Name != "verify"
		token = server
	case "login":
		token = false
	default:
		server, token = false, false
	}
	for _, f := range k.Model.Flags {
		f.Hidden = f.Hidden || f.Name == "server" && !server || f.Name == "token" && !token
	}
}
