package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"vigil.example/internal/audit"
)

// The head of the audit log is noted beside the streams, because a chain alone
// cannot show that its end was cut off.

// noteHead writes down the head when it has moved.
func (a *App) noteHead() error {
	h := a.audit.Head()
	if h.Seq <= a.noted.Seq { // never take back what was noted: it is evidence
		return nil
	}
	if err := writeDurably(a.folder.at("audit.head"), encode(h)); err != nil {
		return err
	}
	a.noted = h
	return nil
}

// notedHead reads the head that was written down last; none is fine.
func (a *App) notedHead() ([]audit.Head, error) {
	b, err := os.ReadFile(a.folder.at("audit.head"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var h audit.Head
	if err == nil {
		err = json.Unmarshal(b, &h)
	}
	if err != nil {
		return nil, fmt.Errorf("read the noted head of the audit log: %w", err)
	}
	return []audit.Head{h}, nil
}
