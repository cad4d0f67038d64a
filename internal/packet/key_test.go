package packet

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeyIsMadeOnceAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signer.pem")
	var wg sync.WaitGroup
	prints := make([]string, 8)
	for i := range prints {
		wg.Go(func() {
			k, err := LoadOrCreateKey(path)
			if err != nil {
				t.Error(err)
				return
			}
			p, err := ParsePublicPEM(PublicPEM(k))
			if err != nil {
				t.Error(err)
				return
			}
			prints[i] = Fingerprint(p)
		})
	}
	wg.Wait()
	for _, p := range prints {
		if p != prints[0] || len(p) != 64 {
			t.Fatalf("programs that start at once have different keys: %q", prints)
		}
	}
	i, err := os.Stat(path)
	if err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", i.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("files left beside the key: %v, %v", left, err)
	}
}

func TestKeyRefuses(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(other)
	must(t, err)
	tests := map[string]struct {
		content string
		mode    os.FileMode
		want    string
	}{
		"a key that others may read": {"x", 0o644, "may be read by others (mode 0644)"},
		"a file that is no key":      {"x", 0o600, "holds no PEM private key"},
		"a key of another kind":      {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), 0o600, "another kind than Ed25519"},
		"a broken key":               {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0o600, "signer.pem"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "signer.pem")
			must(t, os.WriteFile(path, []byte(tt.content), 0o600))
			must(t, os.Chmod(path, tt.mode))
			if _, err := LoadOrCreateKey(path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := LoadOrCreateKey(filepath.Join(t.TempDir(), "no", "such", "folder")); err == nil {
		t.Error("a key was made in a folder that is not there")
	}
	for _, bad := range []string{"", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if _, err := ParsePublicPEM([]byte(bad)); err == nil {
			t.Errorf("%q was read as a key", bad)
		}
	}
}
