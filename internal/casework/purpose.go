package casework

import (
	"context"
	"fmt"
	"strings"

	"vigil.example/internal/ad"
)

// A Purpose is what somebody searches for: a case, or a reason in their words.
// Other rooms and the audit log keep its id only; the words stand here, where
// they can be erased.
type Purpose struct {
	ID   string `json:"id"`   // keyed digest of kind and text, made by access
	Kind string `json:"kind"` // case or reason
	Text string `json:"text"`
}

// KeepPurpose stores the words of a purpose, once.
func (d *Docket) KeepPurpose(ctx context.Context, user string, p Purpose) error {
	if !token(p.ID) || !token(p.Kind) || strings.TrimSpace(p.Text) == "" || len(p.Text) > 2000 {
		return fmt.Errorf("keep purpose: %w", ErrInvalid)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	err := d.decide(ctx, func() (string, event, error) {
		if _, err := d.Purpose(p.ID); err == nil {
			return "", event{}, nil
		}
		return subjectPurpose + p.ID, event{Kind: kindPurpose, By: user, Purpose: &p}, nil
	})
	if err != nil {
		return fmt.Errorf("keep purpose %s: %w", p.ID, err)
	}
	return nil
}

// Purpose returns the words behind a purpose id, or ad.ErrNotFound.
func (d *Docket) Purpose(id string) (Purpose, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	p, ok := d.purposes[id]
	if !ok {
		return Purpose{}, fmt.Errorf("purpose: %w", ad.ErrNotFound)
	}
	return p, nil
}

func (d *Docket) applyPurpose(id string, e event) error {
	if e.Kind != kindPurpose || e.Purpose == nil || e.Purpose.ID != id {
		return fmt.Errorf("purpose %s: unknown event %q", id, e.Kind)
	}
	d.purposes[id] = *e.Purpose
	return nil
}
