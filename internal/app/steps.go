package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/capture"
	"vigil.example/internal/casework"
	"vigil.example/internal/crawl"
	"vigil.example/internal/enrich"
	"vigil.example/internal/erasure"
	"vigil.example/internal/extract"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
)

// This file puts the rooms' plain functions behind the pump: a message is read,
// the function is called, what comes out is written as messages.

// encode marshals a record of ours, which cannot fail.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func decode[T any](m ad.Message) (T, error) {
	v, err := ad.Decode[T](m.Data)
	if err != nil {
		return v, pipeline.Permanent(fmt.Errorf("read record: %w", err))
	}
	return v, nil
}

// captureMessage is a capture as it is stored.
func captureMessage(c ad.Capture, id string, records []byte) ad.Message {
	return ad.Message{Subject: "capture." + string(c.Via) + "." + ad.Slug(c.Site), ID: id, Data: records}
}

// crawlStep fetches one planned visit. Each visit becomes one capture or one
// refusal.
func crawlStep(f *crawl.Fetcher, erased *erasure.Ledger) pipeline.Step {
	// An erased address may have been queued before; what is stored of it names it no more.
	barred := func(e crawl.Entry) []ad.Message {
		id := "v:" + e.ID()
		e.URL, e.From, e.Known = "", "", crawl.Validators{}
		return []ad.Message{{Subject: "refusal." + ad.Slug(e.Site) + ".erased", ID: id, Data: encode(e)}}
	}
	return func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
		e, err := decode[crawl.Entry](m)
		if err != nil {
			return nil, err
		}
		if erased.Bars(crawl.Fingerprint(e.URL)) {
			return barred(e), nil
		}
		got, err := f.Fetch(ctx, e)
		if erased.Bars(crawl.Fingerprint(e.URL)) { // meanwhile
			return barred(e), nil
		}
		if no, ok := errors.AsType[*crawl.Refusal](err); ok {
			b := encode(struct {
				crawl.Entry
				Reason crawl.Reason `json:"reason"`
				Detail string       `json:"detail"`
			}{e, no.Reason, no.Detail})
			return []ad.Message{{Subject: "refusal." + ad.Slug(e.Site) + "." + string(no.Reason), ID: "v:" + e.ID(), Data: b}}, nil
		}
		if err != nil {
			return nil, err
		}
		got.Site, got.Via, got.Visit, got.Depth = e.Site, ad.ViaCrawl, e.Visit, e.Depth
		c, records, err := capture.Record(got.Exchange)
		if err != nil {
			return nil, pipeline.Permanent(err)
		}
		return []ad.Message{captureMessage(c, "v:"+e.ID(), records)}, nil
	}
}

// extractStep reads a capture: one outcome, and the listings it shows.
func extractStep(x *extract.Extractor, erased *erasure.Ledger, gen int, kept *fresh) pipeline.Step {
	return func(_ context.Context, m ad.Message) ([]ad.Message, error) {
		p, err := capture.Open(m.Data)
		if err != nil {
			return nil, pipeline.Permanent(fmt.Errorf("open capture: %w", err))
		}
		c := p.Capture
		res, err := x.Extract(c, extract.Page{
			Status: p.Status, ContentType: p.Header.Get("Content-Type"), Body: p.Body, Redirect: p.Header.Get("Location"),
		})
		if err != nil {
			return nil, pipeline.Permanent(fmt.Errorf("extract: %w", err))
		}
		o := res.Outcome
		o.V, o.CaptureID, o.Via, o.Visit, o.Depth, o.Listings = ad.Schema, c.ID, c.Via, c.Visit, c.Depth, len(res.Listings)
		var out []ad.Message
		for _, l := range res.Listings {
			if l.Empty() {
				return nil, pipeline.Permanent(errors.New("extract: a listing without title and body"))
			}
			l.CaptureSeq, l.Via = m.Seq, c.Via
			if erased.Covers(l.AdID) { // by an order: it is not to come back
				o.Listings--
				continue
			}
			kept.listings.put(freshKey{gen, l.VersionID}, l)
			out = append(out, ad.Message{Subject: "listing." + ad.Slug(l.Site), ID: l.VersionID, Data: encode(l)})
		}
		// The outcome comes last: where it is stored, the listings are.
		return append(out, ad.Message{Subject: "outcome." + ad.Slug(o.Site) + "." + string(o.Kind), ID: "o:" + strconv.FormatUint(m.Seq, 10), Data: encode(o)}), nil
	}
}

// enrichStep makes a listing an ad.
func enrichStep(chain *enrich.Chain, erased *erasure.Ledger, from, gen int, kept *fresh) pipeline.Step {
	return func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
		l, err := kept.listing(from, m)
		if err != nil {
			return nil, err
		}
		if erased.Covers(l.AdID) { // read before it was erased
			return nil, pipeline.Skip
		}
		a, err := chain.Enrich(ctx, l)
		if err != nil {
			return nil, fmt.Errorf("enrich: %w", err)
		}
		kept.ads.put(freshKey{gen, a.VersionID}, &a)
		return []ad.Message{{Subject: "ad." + ad.Slug(a.Site), ID: a.VersionID, Data: encode(a)}}, nil
	}
}

// frontierStep offers the links of a crawled page. What is queued is durable
// before it returns; pages that people brought in are not followed.
func frontierStep(f *crawl.Frontier) pipeline.Step {
	return func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
		o, err := decode[ad.Outcome](m)
		if err != nil {
			return nil, err
		}
		if o.Via != ad.ViaCrawl || len(o.Outlinks) == 0 {
			return nil, nil
		}
		_, err = f.Offer(ctx, crawl.Parent{Site: o.Site, Kind: o.Kind, Visit: o.Visit, Depth: o.Depth, Capture: o.CaptureID}, o.Outlinks)
		return nil, err
	}
}

// stopped reports whether trying again is no use: another process has taken the
// work over.
func stopped(err error) bool { return pipeline.IsFinal(err) }

// decodeValue reads a small record of a bucket.
func decodeValue[T any](b []byte) (v T, err error) { err = json.Unmarshal(b, &v); return v, err }

// alertStep matches an ad against the subscriptions.
func alertStep(r *alert.Raiser, erased *erasure.Ledger, corrections *casework.Corrections, gen int, kept *fresh) pipeline.Step {
	return func(_ context.Context, m ad.Message) ([]ad.Message, error) {
		a, err := kept.ad(gen, m)
		if err != nil {
			return nil, err
		}
		if erased.Covers(a.AdID) {
			return nil, pipeline.Skip
		}
		if _, newest := corrections.Of(a.AdID); a.Decided < newest { // it is read again, or was
			return nil, pipeline.Skip
		}
		return alertMessages(r.Raise(*a)), nil
	}
}

func alertMessages(alerts []ad.Alert) []ad.Message {
	out := make([]ad.Message, len(alerts))
	for i, al := range alerts {
		out[i] = ad.Message{Subject: "alert." + ad.Slug(al.User), ID: al.ID, Data: encode(al)}
	}
	return out
}

// The changes of the index.

func versionChange(gen int, erased *erasure.Ledger, kept *fresh) func(ad.Message) (search.Change, error) {
	return func(m ad.Message) (search.Change, error) {
		x, err := kept.ad(gen, m)
		if err == nil && erased.Covers(x.AdID) { // read before it was erased
			err = pipeline.Skip
		}
		return search.Change{Seq: m.Seq, Version: x, Record: m.Data}, err
	}
}

func removalChange(m ad.Message) (search.Change, error) {
	o, err := decode[ad.Outcome](m)
	return search.Change{Seq: m.Seq, Removal: &search.Removal{AdID: o.AdID, At: o.SeenAt}}, err
}

// labelChange is all labels of the ad that an event is about: what came before it is in
// the state, and what comes later may be.
func labelChange(labels *casework.Labels, erased *erasure.Ledger) func(ad.Message) (search.Change, error) {
	return func(m ad.Message) (search.Change, error) {
		if err := labels.Apply(m.Seq, m.Subject, m.Data); err != nil {
			return search.Change{}, pipeline.Permanent(err)
		}
		of, newest, err := casework.LabelsAt(labels, m.Subject)
		if err != nil || erased.Covers(of.AdID) { // it was erased, and the label with it
			return search.Change{}, pipeline.Skip
		}
		return search.Change{Seq: newest, Labels: &of}, nil
	}
}

func linkChange(m ad.Message) (search.Change, error) {
	c, err := decode[ad.LinkChange](m)
	return search.Change{Seq: m.Seq, Link: &c}, err
}
