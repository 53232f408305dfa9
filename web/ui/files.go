package ui

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// file is one file that pages load. Pages ask for it by its version, a hash of its contents, so browsers may keep it for good.
type file struct {
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

// addFiles adds what stands in the folder static.
func (p *Pages) addFiles(from fs.FS) error {
	names, err := fs.Glob(from, "static/*")
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		base := path.Base(name)
		if _, taken := p.files[base]; taken {
			return fmt.Errorf("two files are named %s", base)
		}
		if kinds[path.Ext(base)] == "" {
			return fmt.Errorf("%s: no Content-Type is known for it", name)
		}
		sum := sha256.Sum256(data)
		p.files[base] = file{data: data, kind: kinds[path.Ext(base)], version: hex.EncodeToString(sum[:6])}
	}
	return nil
}

// address returns the path and version of a file; templates call it as {{file "ui.css"}}.
func (p *Pages) address(name string) (string, error) {
	f, ok := p.files[name]
	if !ok {
		return "", fmt.Errorf("no file %q in static", name)
	}
	return p.prefix + name + "?v=" + f.version, nil
}

// ServeFile serves the file that the pattern's {file} names. One that is asked for by its version never changes.
func (p *Pages) ServeFile(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	Protect(w.Header())
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("ETag", `"`+f.version+`"`)
	w.Header().Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == f.version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.data))
}
