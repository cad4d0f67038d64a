package access

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// Sessions keeps sessions for every process that serves the same people, and
// across restarts: a few small entries each. Keys are letters, digits and dots.
// What Put has stored, Get returns in every process from then on, until Delete.
// Nothing in an entry or key opens a session or shows what a person typed.
//
// Get returns ad.ErrNotFound for a key that is not there. An entry that was not
// written for Config.Absolute belongs to a session that is over and may be dropped.
type Sessions interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
}

// An entry of the sessions in memory.
type entry struct {
	value []byte
	put   time.Time
}

// inMemory are the sessions of one process, which end with it.
type inMemory struct {
	keep time.Duration
	now  func() time.Time

	mu      sync.Mutex
	entries map[string]entry
	swept   time.Time
}

func newInMemory(keep time.Duration, now func() time.Time) *inMemory {
	return &inMemory{keep: keep, now: now, entries: make(map[string]entry), swept: now()}
}

func (m *inMemory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if !ok {
		return nil, ad.ErrNotFound
	}
	return e.value, nil
}

func (m *inMemory) Put(_ context.Context, key string, value []byte) error {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.swept) >= time.Hour {
		for k, e := range m.entries {
			if now.Sub(e.put) >= m.keep {
				delete(m.entries, k)
			}
		}
		m.swept = now
	}
	m.entries[key] = entry{bytes.Clone(value), now}
	return nil
}

func (m *inMemory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
	return nil
}

// box is the cipher that only who holds a session's id can open.
func box(id string) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte("vigil session purpose\x00" + id))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("seal a purpose: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encodes a purpose so that the store does not show its words.
func seal(id string, p Purpose) ([]byte, error) {
	c, err := box(id)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("seal a purpose: %w", err)
	}
	return c.Seal(nil, nil, b, nil), nil
}

func unseal(id string, sealed []byte) (Purpose, error) {
	c, err := box(id)
	if err != nil {
		return Purpose{}, err
	}
	b, err := c.Open(nil, nil, sealed, nil)
	if err != nil {
		return Purpose{}, errors.New("it was sealed for another session, or changed")
	}
	var p Purpose
	if err := json.Unmarshal(b, &p); err != nil {
		return Purpose{}, fmt.Errorf("open a purpose: %w", err)
	}
	return p, nil
}
