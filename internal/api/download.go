package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
)

// ErrCut says that a packet did not come as the server sent it.
var ErrCut = errors.New("the packet did not come whole")

// packetFile is what the server calls a packet; nothing else becomes a file name.
var packetFile = regexp.MustCompile(`^packet-[a-z0-9-]{1,64}\.zip$`)

// Packet has the packet of a cluster made and writes it to w. The error is ErrCut
// when what came does not have the size and SHA-256 that the server announced; w
// holds rubbish then. The seal is for packet.Verify to check.
func (c *Client) Packet(ctx context.Context, cluster string, w io.Writer) (Packet, error) {
	p, err := at("/clusters/", cluster, isCluster)
	if err != nil {
		return Packet{}, err
	}
	a, err := c.send(ctx, http.MethodPost, p+"/packet", nil, nil)
	if err != nil {
		return Packet{}, err
	}
	defer func() { _ = a.Body.Close() }()
	out := Packet{Size: a.ContentLength, SHA256: a.Header.Get(headerSHA256), Receipt: a.Header.Get(headerReceipt)}
	if a.Header.Get("Content-Type") != "application/zip" || out.Size < 0 || len(out.SHA256) != 64 {
		return Packet{}, fmt.Errorf("server %s: %w", c.base, ErrForeign)
	}
	if _, params, err := mime.ParseMediaType(a.Header.Get("Content-Disposition")); err == nil && packetFile.MatchString(params["filename"]) {
		out.File = params["filename"]
	} else {
		out.File = "packet-" + cluster + ".zip"
	}
	whole := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, whole), a.Body)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return out, fmt.Errorf("download packet: %w: %d of %d bytes", ErrCut, n, out.Size)
	case err != nil:
		return out, fmt.Errorf("download packet: %w", err)
	case n != out.Size || hex.EncodeToString(whole.Sum(nil)) != out.SHA256:
		return out, fmt.Errorf("download packet: %w: its hash is another", ErrCut)
	}
	return out, nil
}
