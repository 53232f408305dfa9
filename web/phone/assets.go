package phone

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"path"
	"time"
)

//go:embed static pages
var files embed.FS

// asset is one file that pages load, under a name that changes with its contents.
type asset struct {
	data    []byte
	kind    string
	version string
}

var kinds = map[string]string{
	".js":      "text/javascript; charset=utf-8",
	".css":     "text/css; charset=utf-8",
	".svg":     "image/svg+xml",
	".LICENSE": "text/plain; charset=utf-8",
}

func loadAssets() map[string]asset {
	assets := map[string]asset{}
	entries, _ := files.ReadDir("static") // embedded: it is there
	for _, e := range entries {
		data, _ := files.ReadFile("static/" + e.Name())
		sum := sha256.Sum256(data)
		assets[e.Name()] = asset{data: data, kind: kinds[path.Ext(e.Name())], version: hex.EncodeToString(sum[:6])}
	}
	return assets
}

func parsePages(assets map[string]asset) *template.Template {
	functions := template.FuncMap{
		"asset": func(name string) string { return "/phone/" + name + "?v=" + assets[name].version },
	}
	return template.Must(template.New("").Funcs(functions).ParseFS(files, "pages/*.html"))
}

// serveAsset serves a file. One that is asked for by its version never changes.
func (c *Console) serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := c.assets[r.PathValue("asset")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	protect(w.Header())
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("ETag", `"`+a.version+`"`)
	w.Header().Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == a.version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.data))
}
