package api_test

import (
	"errors"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
)

func code(err error) string {
	var p *api.Problem
	if !errors.As(err, &p) {
		return "none"
	}
	return p.Code()
}

func TestCorrect(t *testing.T) {
	town := apitest.Start(t)
	ctx, id := t.Context(), town.Ads[0].AdID
	q := api.CorrectionRequest{Number: "(912) 555-0123", Reason: "a price list"}
	for who, scopes := range map[string][]access.Scope{"anna": {access.ScopeRead}, "rita": all, "otto": all} {
		if _, err := town.Client(t, who, scopes...).Correct(ctx, id, q); code(err) != "denied" {
			t.Errorf("%s with %v: %v", who, scopes, err)
		}
	}
	if _, err := town.Client(t, "otto", all...).Corrections(ctx, ""); code(err) != "denied" {
		t.Errorf("an auditor lists what stands in ads: %v", err)
	}
	c := town.Client(t, "anna", access.ScopeRead, access.ScopeCorrect)
	made, err := c.Correct(ctx, id, q)
	if err != nil || len(made) != 1 || made[0].By != "anna" || made[0].Was != apitest.Number || made[0].Reads != "" {
		t.Fatalf("made %+v, %v", made, err)
	}
	v, err := c.Ad(ctx, id)
	if err != nil || v.Pending || len(v.Corrections) != 1 || len(v.Current().Ad.Phones) != 0 || len(v.Current().Ad.Corrected) != 1 {
		t.Errorf("the ad: %+v, %v", v, err)
	}
	for name, c := range map[string]struct {
		q    api.CorrectionRequest
		code string
	}{
		"nothing to be about":    {api.CorrectionRequest{Reads: "912-555-0188"}, "bad-request"},
		"two things":             {api.CorrectionRequest{Text: "Call", Number: "912-555-0123"}, "bad-request"},
		"no number that exists":  {api.CorrectionRequest{Text: "Call", Reads: "912-555"}, "bad-value"},
		"an address":             {api.CorrectionRequest{Text: "Call", Reads: "kate@mail.example"}, "bad-value"},
		"several numbers":        {api.CorrectionRequest{Text: "Call", Reads: "912-555-0188 or 912-555-0189"}, "bad-value"},
		"not in the ad":          {api.CorrectionRequest{Text: "Ring", Reads: "912-555-0188"}, "bad-request"},
		"a number in the reason": {api.CorrectionRequest{Text: "Call", Reads: "912-555-0188", Reason: "see 912-555-0189"}, "bad-request"},
		"corrected already":      {api.CorrectionRequest{Text: apitest.Number, Reads: "912-555-0188"}, "conflict"},
	} {
		if _, err := town.Client(t, "adam", all...).Correct(ctx, id, c.q); code(err) != c.code {
			t.Errorf("%s: %s, %v; want %s", name, code(err), err, c.code)
		}
	}
	if _, err := c.Correct(ctx, made[0].ID, q); code(err) != "not-found" {
		t.Errorf("an ad that is not there: %v", err)
	}
	if x, err := c.Withdraw(ctx, made[0].ID, api.WithdrawRequest{}); err != nil || x.Withdrawn == nil || x.Withdrawn.By != "anna" {
		t.Errorf("withdrawn: %+v, %v", x, err)
	}
	list, err := c.Corrections(ctx, id)
	if err != nil || len(list) != 1 || list[0].Withdrawn == nil {
		t.Errorf("the list: %+v, %v", list, err)
	}
	if v, err := c.Ad(ctx, id); err != nil || len(v.Current().Ad.Phones) != 1 || v.Pending {
		t.Errorf("the ad, taken back: %+v, %v", v, err)
	}
}
