package desk

import (
	"context"
	"errors"
	"fmt"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/phone"
)

// SignIn opens a session; its id is the secret that the session cookie carries.
func (d *Desk) SignIn(ctx context.Context, name, password string) (string, access.Subject, error) {
	id, s, err := d.Register.SignIn(ctx, name, password)
	if err != nil {
		e := audit.Entry{Actor: "unknown", Action: "sign-in", Outcome: "refused"}
		if u, uerr := d.Register.UserNamed(name); uerr == nil {
			e.Actor = u.ID
		}
		if lerr := d.Log.Append(ctx, e); lerr != nil {
			return "", access.Subject{}, errors.Join(err, lerr)
		}
		return "", access.Subject{}, err
	}
	if err := d.log(ctx, s, audit.Entry{Action: "sign-in"}); err != nil {
		return "", access.Subject{}, errors.Join(err, d.Register.SignOut(ctx, id))
	}
	return id, s, nil
}

// SignOut ends a session.
func (d *Desk) SignOut(ctx context.Context, s access.Subject, id string) error {
	err := d.Register.SignOut(ctx, id)
	return errors.Join(err, d.log(ctx, s, audit.Entry{Action: "sign-out", Outcome: outcome(err)}))
}

// ErrPurpose says that a purpose holds a telephone number. The words of a purpose
// stand on every page and in every packet: they are no place for identifiers.
var ErrPurpose = errors.New("a purpose is a case number or a reason; leave telephone numbers and addresses out of it")

func checkPurpose(text string) error {
	if phone.Identifies(text) {
		return ErrPurpose
	}
	return nil
}

// SetPurpose says what the session is for: kind is access.PurposeCase or
// access.PurposeReason.
func (d *Desk) SetPurpose(ctx context.Context, id, kind, text string) (access.Subject, error) {
	if err := checkPurpose(text); err != nil {
		return access.Subject{}, err
	}
	s, err := d.Register.SetPurpose(ctx, id, kind, text)
	if err != nil {
		return access.Subject{}, err
	}
	if err := d.keepPurpose(ctx, s.User, s.Purpose); err != nil {
		return access.Subject{}, err
	}
	return s, d.log(ctx, s, audit.Entry{Action: "purpose.set"})
}

func (d *Desk) keepPurpose(ctx context.Context, user string, p access.Purpose) error {
	if err := d.Docket.KeepPurpose(ctx, user, casework.Purpose(p)); err != nil {
		return fmt.Errorf("keep the purpose: %w", err)
	}
	return nil
}

// ChangePassword replaces the password of the session's user.
func (d *Desk) ChangePassword(ctx context.Context, s access.Subject, id, old, password string) error {
	if err := d.may(ctx, s, access.ActPassword, audit.Entry{Action: "password.change"}); err != nil {
		return err
	}
	err := d.Register.ChangePassword(ctx, id, old, password)
	if lerr := d.log(ctx, s, audit.Entry{Action: "password.change", Outcome: outcome(err)}); lerr != nil {
		return lerr
	}
	return err
}

// MakeToken makes an API token for somebody who gives name and password, for a
// purpose, and returns its secret.
func (d *Desk) MakeToken(ctx context.Context, name, password string, o access.TokenOrder) (access.Token, string, error) {
	if err := checkPurpose(o.PurposeText); err != nil {
		return access.Token{}, "", err
	}
	id, s, err := d.SignIn(ctx, name, password)
	if err != nil {
		return access.Token{}, "", err
	}
	// A session that cannot be ended now ends by itself: nobody has its id.
	defer func() { _ = d.Register.SignOut(context.WithoutCancel(ctx), id) }()
	if err := d.may(ctx, s, access.ActTokens, audit.Entry{Action: "token.create"}); err != nil {
		return access.Token{}, "", err
	}
	t, secret, err := d.Register.MakeToken(ctx, s.User, s.User, o)
	if lerr := d.log(ctx, s, audit.Entry{Action: "token.create", Object: t.ID, Outcome: outcome(err)}); lerr != nil {
		return access.Token{}, "", lerr
	}
	if err != nil {
		return access.Token{}, "", err
	}
	return t, secret, d.keepPurpose(ctx, s.User, t.Purpose)
}

// Revoke ends a token of the subject. A token can end itself and no other.
func (d *Desk) Revoke(ctx context.Context, s access.Subject, id string) error {
	if s.Via != access.ViaToken || s.Session != id {
		if err := d.may(ctx, s, access.ActTokens, audit.Entry{Action: "token.revoke", Object: id}); err != nil {
			return err
		}
	}
	err := d.Register.Revoke(ctx, s.User, s.User, id)
	if lerr := d.log(ctx, s, audit.Entry{Action: "token.revoke", Object: id, Outcome: outcome(err)}); lerr != nil {
		return lerr
	}
	return err
}

// ErrKnown says that a page was imported before; its capture is returned with it.
var ErrKnown = errors.New("was imported before")

// Import takes a saved page.
func (d *Desk) Import(ctx context.Context, s access.Subject, p SavedPage) (ad.Capture, error) {
	e := audit.Entry{Action: "import"}
	if err := d.may(ctx, s, access.ActImport, e); err != nil {
		return ad.Capture{}, err
	}
	p.Operator = s.User
	c, err := d.Importer.Import(ctx, p)
	if e.Object, e.Outcome = c.ID, outcome(err); errors.Is(err, ErrKnown) {
		e.Outcome = "ok"
	}
	if lerr := d.log(ctx, s, e); lerr != nil {
		return ad.Capture{}, lerr
	}
	return c, err
}

// VerifyAudit walks the audit log and returns how many entries it has and its
// head, or what is wrong with it.
func (d *Desk) VerifyAudit(ctx context.Context, s access.Subject) (uint64, string, error) {
	e := audit.Entry{Action: "audit.verify"}
	if err := d.may(ctx, s, access.ActAudit, e); err != nil {
		return 0, "", err
	}
	n, head, err := d.Log.Verify(ctx)
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return 0, "", lerr
	}
	return n, head.SHA256, err
}
