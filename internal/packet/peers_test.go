package packet

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// peers runs the project's checker script, which asks other people's tools.
func peers(t *testing.T, packet string) (string, bool) {
	t.Helper()
	tools := os.Getenv("VIGIL_CHECKERS")
	if tools == "" {
		t.Skip("VIGIL_CHECKERS names no folder for bagit and warcio; CI sets it, so that their tools judge every packet there")
	}
	trust := t.TempDir()
	if err := os.WriteFile(filepath.Join(trust, "signer.pub.pem"), PublicPEM(key()), 0o600); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("../../.ci/check-packet.sh")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(script, packet, tools, trust).CombinedOutput()
	if !strings.Contains(string(out), " passed, ") {
		t.Fatalf("the checker did not come to an end: %v\n%s", err, out)
	}
	return string(out), err == nil
}

func TestOtherPeoplesToolsAccept(t *testing.T) {
	b, _ := packed(t, contents(t, 6))
	for name, path := range map[string]string{"zip": saved(t, b), "folder": unpacked(t, b)} {
		if out, ok := peers(t, path); !ok || !strings.Contains(out, "passed, 0 failed") {
			t.Errorf("%s: refused:\n%s", name, out)
		}
	}
}

func TestOtherPeoplesToolsRefuseAChangedByte(t *testing.T) {
	b, _ := packed(t, contents(t, 3))
	r := rand.New(rand.NewPCG(3, 4))
	for range 12 {
		at := r.IntN(len(b))
		bad := bytes.Clone(b)
		bad[at] ^= byte(1 + r.IntN(255))
		if out, ok := peers(t, saved(t, bad)); ok {
			t.Errorf("byte %d of the zip changed and not refused:\n%s", at, out)
		}
	}
	for _, name := range []string{signature, sealed, "tagmanifest-sha512.txt", "bag-info.txt", "data/custody.jsonl", "data/captures/vigil-00001.warc.gz"} {
		dir := unpacked(t, b)
		flip(t, filepath.Join(dir, name), r)
		if out, ok := peers(t, dir); ok {
			t.Errorf("%s changed and not refused:\n%s", name, out)
		}
	}
}

// flip changes one byte of a file, anywhere.
func flip(t *testing.T, path string, r *rand.Rand) int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := r.IntN(len(b))
	b[at] ^= byte(1 + r.IntN(255))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}
