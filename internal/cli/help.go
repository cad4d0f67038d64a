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
