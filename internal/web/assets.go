package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed style.css
var style []byte

// An asset is a file with an address that changes with its content.
type asset struct {
	path, kind string
	body       []byte
}

func newAsset(name, ext, kind string, body []byte) asset {
	sum := sha256.Sum256(body)
	return asset{"/" + name + "-" + hex.EncodeToString(sum[:6]) + ext, kind, body}
}

func (a asset) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Type", a.kind+"; charset=utf-8")
	_, _ = w.Write(a.body)
}

// parsePages parses each page together with the layout. The templates are part of
// the program, so one that does not parse is a mistake in it.
func parsePages(style, live asset) map[string]*template.Template {
	base := template.New("").Funcs(functions()).Funcs(template.FuncMap{"stylePath": func() string { return style.path }, "livePath": func() string { return live.path }})
	base = template.Must(base.ParseFS(templates, "templates/layout.html", "templates/parts.html", "templates/labels.html"))
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		panic(err)
	}
	out := make(map[string]*template.Template)
	for _, name := range names {
		short := strings.TrimSuffix(path.Base(name), ".html")
		if short == "layout" || short == "parts" || short == "labels" {
			continue
		}
		out[short] = template.Must(template.Must(base.Clone()).ParseFS(templates, name))
	}
	return out
}
