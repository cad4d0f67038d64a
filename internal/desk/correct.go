package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/correction"
)

// A CorrectRequest is a correction as a person gives it. Text or Number says which
// piece of the ad it is about.
type CorrectRequest struct {
	AdID   string
	Text   string // exactly as the ad writes it
	Number string // that was read in the ad, in any form: every text that it was read from
	Reads  string // number that the text reads, in any form; "" when it is no number
	Reason string
}

// A correction can go wrong in ways that a person can mend.
var (
	ErrCorrection = errors.New("a correction is about a text of the ad, or about a number that was read in it")
	ErrNotWritten = errors.New("the ad does not say this: give the text exactly as the ad writes it")
	ErrSame       = errors.New("the program reads that number there already")
	ErrNotRead    = errors.New("no number was read there")
)

// carriedOut is how long an answer waits for a correction to show in the index.
// It takes milliseconds, unless the index is behind.
const carriedOut = 3 * time.Second

// Correct stores what a person says about a piece of an ad's text, and returns when
// the ad is read so, or after some seconds. It gives one correction for each text.
func (d *Desk) Correct(ctx context.Context, s access.Subject, q CorrectRequest) ([]casework.Correction, error) {
	e := audit.Entry{Action: "correction.make", Object: q.AdID}
	if err := d.may(ctx, s, access.ActCorrect, e); err != nil {
		return nil, err
	}
	about, err := d.about(ctx, q)
	var out []casework.Correction
	for i := 0; i < len(about) && err == nil; i++ {
		c := about[i]
		c.AdID, c.Reason, c.By, c.Purpose = q.AdID, strings.TrimSpace(q.Reason), s.User, s.Purpose.ID
		if c, err = d.Docket.Correct(ctx, c); err != nil {
			continue
		}
		out = append(out, c)
		done := audit.Entry{Action: e.Action, Object: c.ID, Values: []string{c.AdID}}
		for _, number := range []string{c.Was, c.Reads} {
			if number != "" {
				done.Values = append(done.Values, number)
			}
		}
		if lerr := d.log(ctx, s, done); lerr != nil {
			return nil, lerr
		}
	}
	if err != nil {
		e.Outcome = outcome(err)
		if lerr := d.log(ctx, s, e); lerr != nil {
			return nil, lerr
		}
		return nil, err
	}
	d.awaitCorrected(ctx, q.AdID)
	return d.byName(out), nil
}

// about finds the texts that a request is about, with what was read from them.
func (d *Desk) about(ctx context.Context, q CorrectRequest) ([]casework.Correction, error) {
	reads := ""
	if strings.TrimSpace(q.Reads) != "" {
		v, err := readNumber(q.Reads)
		if err != nil {
			return nil, err
		}
		reads = v.Value
	}
	docs, _, err := d.Index.Versions(ctx, q.AdID)
	if err != nil {
		return nil, fmt.Errorf("correct ad %s: %w", q.AdID, err)
	}
	switch text := strings.TrimSpace(q.Text); {
	case text != "" && q.Number == "":
		was, err := readFrom(docs, text)
		if err == nil && reads != "" && was == reads {
			err = ErrSame
		}
		if err == nil && was == "" && reads == "" {
			err = fmt.Errorf("%w, so there is nothing to take away; say what it reads", ErrNotRead)
		}
		return []casework.Correction{{Text: text, Was: was, Reads: reads}}, err
	case text == "" && q.Number != "":
		v, err := readNumber(q.Number)
		if err != nil {
			return nil, err
		}
		if v.Value == reads {
			return nil, ErrSame
		}
		var out []casework.Correction
		for i := range docs {
			for _, p := range docs[i].Ad.Phones {
				same := func(c casework.Correction) bool { return c.Text == strings.TrimSpace(p.Text) }
				if p.E164 == v.Value && p.Method != ad.MethodCorrected && !slices.ContainsFunc(out, same) {
					out = append(out, casework.Correction{Text: strings.TrimSpace(p.Text), Was: v.Value, Reads: reads})
				}
			}
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("%w: the program did not read this number in the ad, or it is corrected already", ErrNotRead)
		}
		return out, nil
	}
	return nil, ErrCorrection
}

// readFrom is the number that the program reads from a text of an ad, "" for none.
func readFrom(docs []ad.Document, text string) (was string, err error) {
	written := false
	for i := range docs {
		a := &docs[i].Ad
		at := correction.Places(&a.Listing, text)
		written = written || len(at) > 0
		read := slices.Clone(a.Phones)
		for _, c := range a.Corrected {
			read = append(read, c.Instead...)
		}
		for _, p := range read {
			here := slices.ContainsFunc(at, func(s ad.Span) bool {
				return s.Field == p.Span.Field && s.Start < p.Span.End && p.Span.Start < s.End
			})
			if p.Method != ad.MethodCorrected && (p.Text == text || here && was == "") {
				was = p.E164
			}
		}
	}
	if !written {
		return "", ErrNotWritten
	}
	return was, nil
}

// readNumber reads one telephone number in any form.
func readNumber(text string) (ad.Value, error) {
	v, err := ReadValue(text)
	if err != nil || v.Kind != "phone" {
		return v, ErrNotANumber
	}
	return v, nil
}

// ErrNotANumber says that what was typed is not one telephone number that can exist.
var ErrNotANumber = errors.New("one telephone number must be readable in it, and no more")

// Withdraw takes a correction back.
func (d *Desk) Withdraw(ctx context.Context, s access.Subject, id, reason string) (casework.Correction, error) {
	c, err := withdraw(ctx, d, s, audit.Entry{Action: "correction.withdraw", Object: id}, reason, d.Docket.Withdraw)
	if err != nil {
		return c, err
	}
	d.awaitCorrected(ctx, c.AdID)
	d.named(&c.Ruling)
	return c, nil
}

// Corrections lists the corrections, oldest first, withdrawn ones too; those of one
// ad when it is given.
func (d *Desk) Corrections(ctx context.Context, s access.Subject, adID string) ([]casework.Correction, error) {
	return listed(ctx, d, s, audit.Entry{Action: "correction.list", Object: adID}, func() []casework.Correction {
		if adID == "" {
			return d.byName(d.Docket.Corrections().All())
		}
		return d.byName(d.Docket.Corrections().About(adID))
	})
}

// byName puts the names of users for their ids.
func (d *Desk) byName(cs []casework.Correction) []casework.Correction {
	for i := range cs {
		d.named(&cs[i].Ruling)
	}
	return cs
}

// awaitCorrected waits until an ad is read as was decided. It is decided already:
// when that takes longer, the answer does not wait for it.
func (d *Desk) awaitCorrected(ctx context.Context, adID string) {
	limit := time.After(carriedOut)
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for {
		docs, _, err := d.Index.Versions(ctx, adID)
		if err != nil || !d.pending(adID, docs) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-limit:
			return
		case <-t.C:
		}
	}
}

// pending reports whether some content of an ad is not yet read as was decided.
func (d *Desk) pending(adID string, docs []ad.Document) bool {
	_, newest := d.Docket.Corrections().Of(adID)
	return slices.ContainsFunc(docs, func(doc ad.Document) bool { return doc.Ad.Decided < newest })
}
