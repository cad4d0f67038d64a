package cli

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vigil.example/internal/api"
	"vigil.example/internal/packet"
)

type packetCmd struct {
	Export packetExportCmd `cmd:"" help:"Make the sealed packet of a cluster and save it."`
	Verify packetVerifyCmd `cmd:"" help:"Check a packet on this machine; asks no server."`
}

// Example is shown in the help.
func (*packetCmd) Example() string {
	return "vigil packet export c3f9c2a7be01d44c -o packet.zip\nvigil packet verify packet.zip --key signer.pub.pem"
}

type packetExportCmd struct {
	Cluster string `arg:"" help:"Id of the cluster."`
	Output  string `help:"File to save it in; a file that is there is never replaced. Default: packet-ID.zip in this folder." short:"o" placeholder:"FILE"`
	printing
}

// Help says what a packet leaves out.
func (*packetExportCmd) Help() string {
	return "Every content of every ad of the cluster with its capture, sealed. Labels are not in it: what people call ads is their working note, and no evidence."
}

// Example is shown in the help.
func (*packetExportCmd) Example() string {
	return "vigil packet export c3f9c2a7be01d44c -o packet.zip"
}

// Run saves a packet under its name only once it has come whole.
func (e *packetExportCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	if e.Output != "" {
		if _, err := os.Lstat(e.Output); err == nil {
			return taken(e.Output)
		}
	}
	f, err := os.CreateTemp(filepath.Dir(first(e.Output, "x")), ".packet-*")
	if errors.Is(err, fs.ErrNotExist) {
		return fail(codeUsage, "make the folder first, or name another file with -o", fmt.Errorf("save packet: there is no folder %s", filepath.Dir(e.Output)))
	}
	if err != nil {
		return fmt.Errorf("save packet: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // the name it is linked under stays
	p, err := cl.Packet(c.Ctx, e.Cluster, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return misnamed(err, "vigil cluster lists the largest clusters with their ids")
	}
	p.File = first(e.Output, p.File)
	if err := os.Link(f.Name(), p.File); errors.Is(err, fs.ErrExist) {
		return taken(p.File)
	} else if err != nil {
		// Some file systems know no links.
		if err := os.Rename(f.Name(), p.File); err != nil {
			return fmt.Errorf("save packet: %w", err)
		}
	}
	if e.JSON {
		return c.value(p)
	}
	printPacket(c, p)
	return nil
}

func taken(file string) error {
	return fail(codeUsage, "name another file with -o", fmt.Errorf("save packet: %s is there already", file))
}

func printPacket(c *Context, p api.Packet) {
	c.printf("Saved %s, %d bytes.\nSHA-256 %s\nReceipt %s\n", p.File, p.Size, p.SHA256, p.Receipt)
	c.printf("Hand the receipt over by another way than the packet.\nTo check it: vigil packet verify %s --key signer.pub.pem\n", p.File)
}

type packetVerifyCmd struct {
	File string `arg:"" help:"The packet: a ZIP file, or the folder it was unpacked into."`
	Key  string `help:"The signer's public key, which must have come by another way than the packet." placeholder:"FILE"`
	printing
}

// Example is shown in the help.
func (*packetVerifyCmd) Example() string {
	return "vigil packet verify packet-20260104-3f9c2a7b.zip --key signer.pub.pem"
}

// A verdict is the report of a verification as JSON.
type verdict struct {
	Passed  bool            `json:"passed"`
	Name    string          `json:"name,omitempty"`
	Receipt string          `json:"receipt,omitempty"`
	Signer  string          `json:"signer,omitempty"`
	Checks  []verdictOfPart `json:"checks"`
}

type verdictOfPart struct {
	Name    string `json:"name"`
	Passed  bool   `json:"passed"`
	Skipped bool   `json:"skipped,omitempty"`
	Detail  string `json:"detail"`
}

// Run checks a packet.
func (v *packetVerifyCmd) Run(c *Context) error {
	if _, err := os.Stat(v.File); errors.Is(err, fs.ErrNotExist) {
		return fail(codeNotFound, "", fmt.Errorf("verify packet: read %s: it is not there", v.File))
	} else if err != nil {
		return fmt.Errorf("verify packet: %w", err)
	}
	key, err := v.key()
	if err != nil {
		return err
	}
	r, failed := packet.Verify(v.File, key)
	if v.JSON {
		out := verdict{Passed: failed == nil, Name: r.Name, Receipt: r.Receipt, Signer: r.Signer, Checks: []verdictOfPart{}}
		for _, k := range r.Checks {
			out.Checks = append(out.Checks, verdictOfPart(k))
		}
		err = c.value(out)
	} else {
		for _, k := range r.Checks {
			for i, l := range wrapped(k.String(), columns-4) {
				if i > 0 {
					l = "    " + l
				}
				c.printf("%s\n", l)
			}
		}
		if r.Receipt != "" {
			c.printf("Receipt %s\n", r.Receipt)
		}
	}
	switch {
	case err != nil:
		return err
	case errors.Is(failed, packet.ErrUnchecked):
		return fail(codeVerify, "ask the signer for the public key and give it with --key", failed)
	case failed != nil:
		return fail(codeVerify, "do not rely on it; ask for it to be exported again", failed)
	}
	if !v.JSON {
		c.printf("The packet is whole and sealed with this key.\n")
	}
	return nil
}

func (v *packetVerifyCmd) key() (ed25519.PublicKey, error) {
	if v.Key == "" {
		return nil, nil
	}
	b, err := os.ReadFile(v.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(codeNotFound, "", fmt.Errorf("read public key %s: it is not there", v.Key))
	}
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	key, err := packet.ParsePublicPEM(b)
	if err != nil {
		return nil, fail(codeUsage, "it begins with -----BEGIN PUBLIC KEY-----", fmt.Errorf("read public key %s: %w", v.Key, err))
	}
	return key, nil
}
