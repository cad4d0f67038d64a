package bazaar

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
)

// hall serves the town hall: the clock, the sites, the groups, and a button that
// posts another ad of a group. It works without script.
func (t *Town) hall() http.Handler {
	page := template.Must(template.New("hall").Parse(hallPage))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		if err := page.Execute(&b, t.hallView(r.URL.Query().Get("posted"))); err != nil {
			http.Error(w, "the town hall cannot be drawn", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", htmlType)
		h.Set("Content-Length", strconv.Itoa(b.Len()))
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		_, _ = w.Write(b.Bytes())
	})
	mux.HandleFunc("POST /post", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4096)
		a, err := t.Post(r.PostFormValue("group"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		http.Redirect(w, r, "/?posted="+url.QueryEscape(a.Site+" "+a.NativeID), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("User-agent: *\nDisallow: /\n"))
	})
	return mux
}

type hallView struct {
	Now    string
	Sites  []hallSite
	Groups []GroupTruth
	Hubs   []HubTruth
	Posted *AdTruth
	Visits Visits
	Ads    int
}

type hallSite struct {
	Title, Host string
	Ads, Gone   int
}

func (t *Town) hallView(posted string) hallView {
	v := hallView{Now: t.Now().Format("Monday 2 January 2006, 15:04:05 MST"), Groups: t.Groups(), Visits: t.Visits()}
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, s := range t.sites {
		h := hallSite{Title: s.title, Host: s.host}
		for _, i := range t.ranks[s.index] {
			switch e := &t.ads[i]; {
			case e.seenAt(t.now):
				h.Ads++
			case e.posted <= t.now:
				h.Gone++
			}
		}
		v.Ads += h.Ads
		v.Sites = append(v.Sites, h)
	}
	for i := range t.ads {
		e := &t.ads[i]
		if e.copy > 0 && t.sites[e.site].name+" "+t.sites[e.site].nativeID(e) == posted {
			a := t.truthOf(e, t.now)
			v.Posted = &a
		}
	}
	for _, h := range t.hubs {
		v.Hubs = append(v.Hubs, HubTruth{Name: h.name, Phone: t.book.e164(h.phone)})
	}
	return v
}

const hallPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bazaar town hall</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --go: light-dark(#0b5d4e, #7fd6c2); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin: 0; } h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
.note { border-left: 4px solid var(--go); background: var(--soft); padding: .6rem 1rem; margin: 1rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
button { font: inherit; padding: .25rem .8rem; border: 1px solid var(--go); border-radius: .4rem; background: none; color: var(--go); cursor: pointer; }
button:hover, button:focus-visible { background: var(--go); color: Canvas; }
form { margin: 0; }
</style>
</head>
<body>
<h1>Bazaar town hall</h1>
<p>A made-up town of classifieds. Nobody in it is real; every number is set aside for fiction.<br>The town's clock says <strong>{{.Now}}</strong>.</p>
{{with .Posted}}<p class="note" role="status">Posted on {{.Site}} by {{.Poster}}: “{{.Title}}” with {{range .Phones}}{{.}} {{end}}({{.URL}})</p>{{end}}
<h2>Sites</h2>
<div class="scroll"><table>
<tr><th scope="col">Site</th><th scope="col">Host</th><th scope="col" class="n">Ads up</th><th scope="col" class="n">Taken down</th></tr>
{{range .Sites}}<tr><th scope="row">{{.Title}}</th><td>{{.Host}}</td><td class="n">{{.Ads}}</td><td class="n">{{.Gone}}</td></tr>
{{end}}</table></div>
<p>{{.Ads}} ads are up. Visitors asked for {{.Visits.Pages}} pages, {{.Visits.Forbidden}} pages that robots.txt forbids and {{.Visits.Images}} images.</p>
<h2>Booking services</h2>
<p>Many posters who have nothing to do with each other print these: {{range $i, $h := .Hubs}}{{if $i}}; {{end}}{{.Name}} {{.Phone}}{{end}}.</p>
<h2>Groups</h2>
<div class="scroll"><table>
<tr><th scope="col">Group</th><th scope="col" class="n">Ads up</th><th scope="col">Number in use</th><th scope="col"></th></tr>
{{range .Groups}}<tr><th scope="row">{{.ID}}</th><td class="n">{{.Ads}}</td><td>{{.Phone}}</td><td><form method="post" action="/post"><input type="hidden" name="group" value="{{.ID}}"><button aria-label="post another ad by {{.ID}}">post another ad</button></form></td></tr>
{{end}}</table></div>
</body>
</html>
`
