package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// This file learns what sites add to every page. One process at a time looks at the
// newest ads of a site, again whenever they have doubled, and puts the model into a
// bucket; every process that enriches goes by what stands there. The ads are the
// sample, so that nothing of it is kept, and nothing of it need be erased.

// Bounds of what is learned.
const (
	wordsEvery = 2 * time.Second // between two looks at how much there is
	wordsBusy  = wordsEvery / 10 // while ads are coming: those of a first crawl come fast
	wordsLeast = 60              // ads of a site before anything is tried
	wordsMore  = 10_000          // ads after which a site is looked at again at the latest
	wordsLater = 200             // or this many within
	wordsSoon  = time.Hour
	mostModels = 1000 // sites; of others nothing is learned
)

// models are the models that this process knows.
type models struct {
	mu sync.RWMutex
	by map[string]*site.Model // by site
}

// of returns the model of a site, nil for none. It is not changed afterwards.
func (m *models) of(name string) *site.Model {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.by[name]
}

func (m *models) put(x *site.Model) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = map[string]*site.Model{}
	}
	m.by[x.Site] = x
}

// SiteModels are the models by site; see desk.Models.
func (a *App) SiteModels() []*site.Model {
	m := &a.models
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := slices.Collect(maps.Values(m.by))
	slices.SortFunc(out, func(a, b *site.Model) int { return strings.Compare(a.Site, b.Site) })
	return out
}

// takeModel takes what the bucket holds under a key. What cannot be read marks
// nothing; it is learned again.
func (a *App) takeModel(e stream.Entry) error {
	if e.Deleted {
		return nil
	}
	m, err := site.ReadModel(e.Value)
	if err != nil {
		a.log.Warn("a model of a site's words is passed over until it is learned again", "key", e.Key, "err", err)
		return nil
	}
	a.models.put(&m)
	return nil
}

// readModels takes what is known before anything is enriched.
func (a *App) readModels(ctx context.Context) error {
	entries, _, err := a.bus.Entries(ctx, stream.Words)
	for _, e := range entries {
		err = errors.Join(err, a.takeModel(e))
	}
	return err
}

func (a *App) followModels(ctx context.Context) error {
	return a.keep(ctx, "follow-"+stream.Words, func(ctx context.Context) error { return a.bus.Watch(ctx, stream.Words, a.takeModel) })
}

// modelKey is where the bucket keeps the model of a site.
func modelKey(name string) string {
	if slug := ad.Slug(name); slug == name {
		return slug
	}
	sum := sha256.Sum256([]byte(name))
	return ad.Slug(name) + "_" + hex.EncodeToString(sum[:6])
}

// A look is how many ads of a subject there were when they were last looked at.
type look struct {
	Ads uint64    `json:"ads"`
	At  time.Time `json:"at"`
}

func (l look) due(ads uint64, now time.Time) bool {
	if 2*ads <= l.Ads { // most were erased: what was looked at is not what is there
		l = look{}
	}
	return ads >= wordsLeast && (ads >= 2*l.Ads || ads >= l.Ads+wordsMore || ads >= l.Ads+wordsLater && now.Sub(l.At) > wordsSoon)
}

// looked is what was looked at, by subject. It is kept in the bucket PROGRESS, so that
// a start does not read the newest ads of every site once more.
type looked struct {
	By    string          `json:"by"`  // version of the program
	Gen   int             `json:"gen"` // of the ads
	Looks map[string]look `json:"looks"`
}

const lookedKey = "sitewords"

// since is what a start may go on from: nothing of another program or of other ads, and
// nothing of a site whose model is gone.
func (l looked) since(by string, gen int, known []*site.Model) looked {
	out := looked{by, gen, map[string]look{}}
	if l.By != by || l.Gen != gen {
		return out
	}
	for _, m := range known {
		subject := "ad." + ad.Slug(m.Site)
		if at, ok := l.Looks[subject]; ok {
			out.Looks[subject] = at
		}
	}
	return out
}

// learnWords learns until ctx ends.
func (a *App) learnWords(ctx context.Context, _ *stream.Lease) error {
	var before looked
	if e, err := a.bus.Value(ctx, stream.Progress, lookedKey); err == nil {
		_ = json.Unmarshal(e.Value, &before) // else all is looked at again
	} else if !errors.Is(err, ad.ErrNotFound) {
		return err
	}
	if len(a.SiteModels()) > 0 && !rest(ctx, afterRead) { // what is known will do until the start is over
		return nil
	}
	at, last := before.since(a.cfg.Version, a.book.Serving().Ads, a.SiteModels()), uint64(0)
	for {
		gen := a.book.Serving().Ads
		if gen != at.Gen {
			at = looked{at.By, gen, map[string]look{}}
		}
		name, asked := stream.Named(stream.Ads, gen), time.Now()
		info, err := a.bus.Info(ctx, name)
		if err != nil && !errors.Is(err, ad.ErrNotFound) { // a generation may just have gone
			return err
		}
		pause := wordsEvery
		if info.Last != last {
			pause, last = max(wordsBusy, 30*time.Since(asked)), info.Last // many sites are slow to count
		}
		for _, subject := range slices.Sorted(maps.Keys(info.Subjects)) {
			n := info.Subjects[subject]
			if !strings.HasPrefix(subject, "ad.") || !at.Looks[subject].due(n, time.Now()) {
				continue
			}
			began := time.Now()
			if err := a.learnSubject(ctx, gen, subject, n, info); err != nil {
				return err
			}
			at.Looks[subject] = look{n, began}
			kept := at.since(at.By, at.Gen, a.SiteModels()) // as many as there are models, not sites
			kept.Looks[subject] = at.Looks[subject]         // its model may not have been heard of yet
			if err := a.bus.Put(ctx, stream.Progress, lookedKey, encode(kept)); err != nil {
				return err
			}
			if !rest(ctx, 3*time.Since(began)) { // a quarter of a core at most
				return nil
			}
		}
		if !rest(ctx, pause) {
			return nil
		}
	}
}

// rest waits, and reports whether it is to go on.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// learnSubject learns of the sites whose ads stand under a subject; mostly one.
func (a *App) learnSubject(ctx context.Context, gen int, subject string, ads uint64, info stream.Info) error {
	bySite, err := a.newestOf(ctx, gen, subject, ads, info)
	if err != nil {
		return fmt.Errorf("read the newest ads of %s: %w", subject, err)
	}
	for _, of := range slices.Sorted(maps.Keys(bySite)) {
		if sample := bySite[of]; len(sample) >= wordsLeast {
			if err := a.learnSite(ctx, of, sample); err != nil {
				return fmt.Errorf("learn the words of site %s: %w", of, err)
			}
		}
	}
	return nil
}

func (a *App) learnSite(ctx context.Context, of string, sample []site.Sheet) error {
	var before site.Model
	key, revision := modelKey(of), uint64(0)
	e, err := a.bus.Value(ctx, stream.Words, key)
	switch {
	case err == nil:
		revision = e.Revision
		if m, err := site.ReadModel(e.Value); err == nil { // else it is made anew
			before = m
		} else if _, ok := errors.AsType[*ad.NewerError](err); ok {
			return nil // a newer program's; it learns, too
		}
	case !errors.Is(err, ad.ErrNotFound):
		return err
	case len(a.SiteModels()) >= mostModels:
		return nil
	}
	m, fresh := site.Learn(of, sample, before, a.now())
	if !fresh {
		return nil
	}
	if _, err := a.bus.Swap(ctx, stream.Words, key, encode(m), revision); err != nil {
		return err // somebody else holds the lease by now, or the streams are away
	}
	a.log.Info("learned what a site adds to its pages", "site", of, "model", m.Version, "phrases", len(m.Phrases), "listings", m.Listings)
	return nil
}

// newestOf reads the newest ads under a subject, one reading of each, by site.
func (a *App) newestOf(ctx context.Context, gen int, subject string, ads uint64, info stream.Info) (map[string][]site.Sheet, error) {
	apart := max(1, (info.Last-min(info.First, info.Last))/max(ads, 1))
	for back := 2 * site.MaxSheets * apart; ; back *= 8 {
		from := uint64(1)
		if info.Last > back {
			from = info.Last - back
		}
		out, n, err := a.sheets(ctx, gen, subject, from)
		if err != nil || n >= site.MaxSheets || uint64(n) >= ads/2 || from <= max(info.First, 1) {
			return out, err
		}
	}
}

func (a *App) sheets(ctx context.Context, gen int, subject string, from uint64) (map[string][]site.Sheet, int, error) {
	type kept struct {
		site  string
		sheet site.Sheet
	}
	byAd, order := map[string]kept{}, []string{}
	_, err := a.bus.Replay(ctx, stream.Named(stream.Ads, gen), from, []string{subject}, func(m ad.Message) error {
		x, err := a.fresh.look(gen, m)
		if err != nil || a.erased.Covers(x.AdID) {
			return nil // it is a dead letter where it matters
		}
		s := site.Sheet{Title: clipped(x.Title), Body: clipped(x.Body), Values: x.Values(desk.Confidence)}
		if x.SiteWords != nil {
			s.Model = x.SiteWords.SiteModel
		}
		byAd[x.AdID] = kept{x.Site, s}
		if order = append(order, x.AdID); len(order) > 3*site.MaxSheets {
			order = slices.Clone(order[site.MaxSheets:])
			alive := make(map[string]bool, len(order))
			for _, id := range order {
				alive[id] = true
			}
			maps.DeleteFunc(byAd, func(id string, _ kept) bool { return !alive[id] })
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	out, n := map[string][]site.Sheet{}, 0
	for _, id := range slices.Backward(order) {
		if k, ok := byAd[id]; ok && n < site.MaxSheets {
			out[k.site] = append(out[k.site], k.sheet)
			n++
		}
		delete(byAd, id)
	}
	return out, n, nil
}

// clipped keeps the beginning and the end of a long text.
func clipped(s string) string {
	const most = 8 << 10
	if len(s) <= 2*most {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:most]+"\n"+s[len(s)-most:], "")
}
