package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// credentials are what login keeps.
type credentials struct {
	Server  string    `json:"server"`
	Token   string    `json:"token"`
	ID      string    `json:"id"` // of the token, to end it
	User    string    `json:"user"`
	Expires time.Time `json:"expires"`
}

// credentialsPath is where they lie.
func (c *Context) credentialsPath() (string, error) {
	if p := c.Env("VIGIL_CREDENTIALS"); p != "" {
		return p, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fail(codeError, "say where with VIGIL_CREDENTIALS=FILE", fmt.Errorf("find the folder of your settings: %w", err))
	}
	return filepath.Join(dir, "vigil", "credentials.json"), nil
}

// credentials reads what the last login kept; the zero value when there is none.
func (c *Context) credentials() (credentials, error) {
	path, err := c.credentialsPath()
	if err != nil {
		return credentials{}, err
	}
	i, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return credentials{}, nil
	}
	if err != nil {
		return credentials{}, fmt.Errorf("read credentials: %w", err)
	}
	if m := i.Mode().Perm(); m&0o077 != 0 && runtime.GOOS != "windows" {
		return credentials{}, fail(codeDenied, "sign out and in again if somebody did; else: chmod 600 "+path,
			fmt.Errorf("read credentials: others on this machine can read %s (mode %04o)", path, m))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return credentials{}, fmt.Errorf("read credentials: %w", err)
	}
	var k credentials
	if err := json.Unmarshal(b, &k); err != nil {
		return credentials{}, fail(codeError, "remove the file and sign in again: vigil login", fmt.Errorf("read credentials %s: %w", path, err))
	}
	return k, nil
}

// keep writes credentials whole or not at all, for the owner's eyes only.
func (c *Context) keep(k credentials) (path string, err error) {
	if path, err = c.credentialsPath(); err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return "", fmt.Errorf("keep credentials: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("keep credentials: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".credentials-*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("keep credentials: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", fmt.Errorf("keep credentials: %w", err)
	}
	return path, nil
}

// forget removes the credentials.
func (c *Context) forget() error {
	path, err := c.credentialsPath()
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget credentials: %w", err)
	}
	return nil
}

// trimmed makes two spellings of one server's address equal.
func trimmed(server string) string { return strings.TrimRight(server, "/") }
