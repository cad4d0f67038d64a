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
	path string
	body []byte
}

func styleSheet() asset {
	sum := sha256.Sum256(style)
	return asset{"/style-" + hex.EncodeToString(sum[:6]) + ".css", style}
}

func (s *server) serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(s.style.body)
}

// parsePages parses each page together with the layout. The templates are part of
// the program, so one that does not parse is a mistake in it.
func parsePages(style string) map[string]*template.Template {
	base := template.New("").Funcs(functions()).Funcs(template.FuncMap{"stylePath": func() string { return style }})
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
