package packet

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LoadOrCreateKey reads the signing key from a PKCS #8 PEM file that nobody but
// its owner may read, and makes it when there is none. When two programs make it
// at once, both get the same key.
func LoadOrCreateKey(path string) (ed25519.PrivateKey, error) {
	k, err := loadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createKey(path); err == nil || errors.Is(err, fs.ErrExist) {
			k, err = loadKey(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return k, nil
}

func loadKey(path string) (ed25519.PrivateKey, error) {
	i, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if m := i.Mode().Perm(); m&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others (mode %04o); make a new key if it was, else chmod 600 it", path, m)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, _ := pem.Decode(b)
	if p == nil || p.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s holds no PEM private key", path)
	}
	k, err := x509.ParsePKCS8PrivateKey(p.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ek, ok := k.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a key of another kind than Ed25519", path)
	}
	return ek, nil
}

// createKey writes a whole file under another name and links it into place, so
// that no half key is ever there under the name and no key is ever replaced.
func createKey(path string) error {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // the link stays
	_, err = f.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// PublicPEM is the public half of a key as a PKIX PEM file, which openssl and
// ParsePublicPEM read: what receivers of packets are given by another way.
func PublicPEM(k ed25519.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil { // an Ed25519 key always has that form
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// ParsePublicPEM reads what PublicPEM wrote.
func ParsePublicPEM(b []byte) (ed25519.PublicKey, error) {
	p, _ := pem.Decode(b)
	if p == nil || p.Type != "PUBLIC KEY" {
		return nil, errors.New("no PEM public key in it")
	}
	k, err := x509.ParsePKIXPublicKey(p.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	ek, ok := k.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the public key is of another kind than Ed25519")
	}
	return ek, nil
}
