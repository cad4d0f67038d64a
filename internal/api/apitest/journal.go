package apitest

import (
	"bytes"

	"vigil.example/internal/ad/adtest"
)

// A Journal is a journal of access, audit and casework in memory.
type Journal struct{ adtest.Journal }

// Spoil changes a byte of the first event.
func (j *Journal) Spoil() {
	j.Lock()
	defer j.Unlock()
	b := bytes.Clone(j.Events[0].Data)
	b[len(b)/2] ^= 1
	j.Events[0].Data = b
}
