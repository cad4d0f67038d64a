package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// maxAnswer bounds a JSON answer that the client reads.
const maxAnswer = 256 << 20

// ErrUnreachable says that no server answered. The text says how to go on.
var ErrUnreachable = errors.New("no answer")

// ErrInsecure says that a server's address would carry secrets and ads in clear.
var ErrInsecure = errors.New("the connection is not encrypted")

// ErrNotID says that an id was given that cannot be one, so it was not sent.
var ErrNotID = errors.New("this is no id")

// ErrForeign says that what answered is not Vigil's API.
var ErrForeign = errors.New("what answers there is not Vigil")

// A Client speaks to the API of one server. It is safe for concurrent use. Its
// errors are a *Problem when the server says no.
type Client struct {
	base  string
	token string
	hc    *http.Client
	err   error // what is wrong with the address
}

// NewClient returns a client of the server at baseURL, such as
// http://127.0.0.1:8420. token may be empty for what needs none; hc may be nil.
// It speaks unencrypted to this machine only.
func NewClient(baseURL, token string, hc *http.Client) *Client {
	if hc == nil {
		hc = &http.Client{}
	}
	own := *hc
	// The API redirects nowhere; following would carry bodies to strangers.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: strings.TrimRight(baseURL, "/"), token: token, hc: &own, err: checkServer(baseURL)}
}

func checkServer(base string) error {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("the server's address is not of the form https://host or http://127.0.0.1:8420")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("the server's address begins with neither https nor http")
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("server %s: %w; use https for another machine", u.Host, ErrInsecure)
}

// Server is the address the client speaks to.
func (c *Client) Server() string { return c.base }

// send makes one request and returns a good answer, whose body the caller closes.
func (c *Client) send(ctx context.Context, method, path string, h http.Header, body io.Reader) (*http.Response, error) {
	if c.err != nil {
		return nil, c.err
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	maps.Copy(r.Header, h)
	r.Header.Set("Accept", "application/json, application/problem+json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	a, err := c.hc.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the address stands in the text already
		}
		return nil, fmt.Errorf("server %s: %w: %w", c.base, ErrUnreachable, err)
	}
	if a.StatusCode/100 == 2 {
		return a, nil
	}
	defer func() { _ = a.Body.Close() }()
	return nil, c.refusal(a)
}

// refusal reads the problem that an answer is.
func (c *Client) refusal(a *http.Response) error {
	t, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	p := &Problem{}
	if err != nil || t != "application/problem+json" || json.NewDecoder(io.LimitReader(a.Body, 1<<20)).Decode(p) != nil || p.What == "" {
		return fmt.Errorf("server %s: %w: status %d", c.base, ErrForeign, a.StatusCode)
	}
	p.Status = a.StatusCode
	return p
}

// call sends in as JSON, when there is any, and decodes the answer into out.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	a, err := c.ask(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer func() { _ = a.Body.Close() }()
	return c.decode(a, out)
}

// ask sends in as JSON, when there is any, and returns a good answer, whose body the
// caller closes.
func (c *Client) ask(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	h := http.Header{}
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
		h.Set("Content-Type", "application/json")
	}
	return c.send(ctx, method, path, h, body)
}

func (c *Client) decode(a *http.Response, out any) error {
	if out == nil {
		return nil
	}
	if t, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return fmt.Errorf("server %s: %w", c.base, ErrForeign)
	}
	if err := json.NewDecoder(io.LimitReader(a.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("read the answer of server %s: %w", c.base, err)
	}
	return nil
}

// at makes a path that ends in an id, or refuses what cannot be one: it might be
// a number, and numbers do not go into URLs.
func at(path, id string, shape func(string) bool) (string, error) {
	if !shape(id) {
		return "", fmt.Errorf("%w: ids of ads and watches have 32 hex digits, those of clusters a c and 15", ErrNotID)
	}
	return Root + path + id, nil
}

// Session says who the client's token speaks for, and what for.
func (c *Client) Session(ctx context.Context) (Session, error) {
	var out Session
	err := c.call(ctx, http.MethodGet, Root+"/session", nil, &out)
	return out, err
}

// MakeToken makes a token by name and password.
func (c *Client) MakeToken(ctx context.Context, q TokenRequest) (out TokenAnswer, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/tokens", q, &out)
	return out, err
}

// Revoke ends a token: the client's own.
func (c *Client) Revoke(ctx context.Context, id string) error {
	p, err := at("/tokens/", id, isDigest)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodDelete, p, nil, nil)
}

// Search returns one page of the ads that match.
func (c *Client) Search(ctx context.Context, q SearchRequest) (out SearchAnswer, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/search", q, &out)
	return out, err
}

// Ad returns one ad with its history.
func (c *Client) Ad(ctx context.Context, id string) (out Ad, err error) {
	p, err := at("/ads/", id, isDigest)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodGet, p, nil, &out)
	return out, err
}

// Clusters lists the n largest clusters; 0 leaves the number to the server.
func (c *Client) Clusters(ctx context.Context, n int) ([]search.Cluster, error) {
	p := Root + "/clusters"
	if n > 0 {
		p += "?n=" + strconv.Itoa(n)
	}
	var out ClusterList
	err := c.call(ctx, http.MethodGet, p, nil, &out)
	return out.Clusters, err
}

// Cluster returns one cluster with the reasons that hold it together.
func (c *Client) Cluster(ctx context.Context, id string) (out Cluster, err error) {
	p, err := at("/clusters/", id, isCluster)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodGet, p, nil, &out)
	return out, err
}

// Watch subscribes to a value as typed.
func (c *Client) Watch(ctx context.Context, value string) (out Watch, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/watches", WatchRequest{value}, &out)
	return out, err
}

// Watches lists the active subscriptions.
func (c *Client) Watches(ctx context.Context) ([]Watch, error) {
	return leaves(ctx, c, Root+"/watches", func(l WatchList) ([]Watch, string) { return l.Watches, l.Next })
}

// Unwatch ends a subscription.
func (c *Client) Unwatch(ctx context.Context, id string) error {
	p, err := at("/watches/", id, isDigest)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodDelete, p, nil, nil)
}

// Inbox returns up to limit alerts that came before the sequence before; 0 begins
// at the newest, and leaves the limit to the server.
func (c *Client) Inbox(ctx context.Context, before uint64, limit int) (out Inbox, err error) {
	q := url.Values{}
	if before > 0 {
		q.Set("before", strconv.FormatUint(before, 10))
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	p := Root + "/inbox"
	if len(q) > 0 {
		p += "?" + q.Encode()
	}
	err = c.call(ctx, http.MethodGet, p, nil, &out)
	return out, err
}

// MarkRead marks alerts as read or unread.
func (c *Client) MarkRead(ctx context.Context, q MarkRequest) error {
	return c.call(ctx, http.MethodPost, Root+"/inbox/read", q, nil)
}

// WaitAlert returns when there is an alert newer than the sequence after, or
// after at most the given time, which the server may shorten to MaxWait.
func (c *Client) WaitAlert(ctx context.Context, after uint64, long time.Duration) (out WaitAnswer, err error) {
	p := fmt.Sprintf("%s/inbox/wait?after=%d&seconds=%d", Root, after, int(long/time.Second))
	err = c.call(ctx, http.MethodGet, p, nil, &out)
	return out, err
}

// Import sends one saved page into the walk.
func (c *Client) Import(ctx context.Context, p SavedPage) (out Imported, err error) {
	if len(p.Body) > MaxPage {
		return out, fmt.Errorf("import page: it has %d bytes; at most %d are taken", len(p.Body), MaxPage)
	}
	h := http.Header{}
	h.Set("Content-Type", "application/octet-stream")
	h.Set(headerFile, url.PathEscape(p.Name))
	if p.URL != "" {
		h.Set(headerURL, p.URL)
	}
	if !p.SavedAt.IsZero() {
		h.Set(headerSaved, p.SavedAt.UTC().Format(time.RFC3339))
	}
	a, err := c.send(ctx, http.MethodPost, Root+"/imports", h, bytes.NewReader(p.Body))
	if err != nil {
		return out, err
	}
	defer func() { _ = a.Body.Close() }()
	err = c.decode(a, &out)
	return out, err
}

// Status tells how the walk is going.
func (c *Client) Status(ctx context.Context) (out desk.Status, err error) {
	err = c.call(ctx, http.MethodGet, Root+"/status", nil, &out)
	return out, err
}

// VerifyAudit has the audit log checked from end to end.
func (c *Client) VerifyAudit(ctx context.Context) (out AuditAnswer, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/audit/verify", nil, &out)
	return out, err
}

// Healthy returns nil when the server answers.
func (c *Client) Healthy(ctx context.Context) error {
	var out Health
	return c.call(ctx, http.MethodGet, "/healthz", nil, &out)
}
