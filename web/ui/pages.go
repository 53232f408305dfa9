package ui

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
)

//go:embed static pages
var shared embed.FS

// Pages are the templates of one package of pages, and the files that they load. Safe for concurrent use.
type Pages struct {
	prefix    string
	templates *template.Template
	files     map[string]file
	log       *slog.Logger
}

// New returns the pages of a package, whose files browsers find below prefix ("/phone/"). own holds the folder pages with
// templates, and the folder static with what they load: icon.svg, which every page has, styles and scripts. In templates,
// {{file "phone.css"}} is a file's address.
//
// It panics where a template does not parse or a file is named like one of ui's own: own is embedded, so that the first
// test shows it.
func New(prefix string, own fs.FS, log *slog.Logger) *Pages {
	return NewIn(prefix, own, func(key string) string { return key }, log)
}

// NewIn is New for pages whose words stand in a file of one language: in templates, {{t "orders.none"}} are the words that say returns.
func NewIn(prefix string, own fs.FS, say func(key string) string, log *slog.Logger) *Pages {
	p := &Pages{prefix: prefix, files: map[string]file{}, log: log}
	p.templates = template.New("").Funcs(template.FuncMap{"file": p.address, "t": say})
	for _, from := range []fs.FS{shared, own} {
		if err := p.addFiles(from); err != nil {
			panic("web/ui: " + err.Error())
		}
		template.Must(p.templates.ParseFS(from, "pages/*.html"))
	}
	return p
}

// Page is one page, as the layout shows it.
type Page struct {
	Language     string // of its words: "en"
	Title        string // of the browser's tab
	Class        string // of its body; may be empty
	Skip, SkipTo string // the skip link for keyboard users, and the id that it leads to; empty where nothing stands before the content
	// Styles and Scripts are the files that it loads beside ui.css, in their order: "phone.css"; "htmx.min.js", "phone.js".
	Styles, Scripts []string
	NoScript        string // shown where scripts are off; empty on a page that does not need them
	Template        string // of its content, all between the skip link and the end of the body
	Data            any    // for Template
}

// Show answers with a page. If the page can't be rendered, it answers 500 and sends no part of it.
func (p *Pages) Show(w http.ResponseWriter, r *http.Request, status int, page Page) {
	var content bytes.Buffer
	if err := p.WritePart(&content, page.Template, page.Data); err != nil {
		p.fail(w, r, page.Template, err)
		return
	}
	p.ShowPart(w, r, status, "layout", struct {
		Page
		Content template.HTML
	}{page, template.HTML(content.String())}) // a template has escaped it
}

// ShowPart answers with a template without the layout: a part that htmx puts into the page.
func (p *Pages) ShowPart(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var body bytes.Buffer
	if err := p.WritePart(&body, name, data); err != nil {
		p.fail(w, r, name, err)
		return
	}
	Protect(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the browser may have disconnected
}

// WritePart writes a template, for answers that are not a page: server-sent events.
func (p *Pages) WritePart(to io.Writer, name string, data any) error {
	return p.templates.ExecuteTemplate(to, name, data)
}

func (p *Pages) fail(w http.ResponseWriter, r *http.Request, name string, err error) {
	p.log.ErrorContext(r.Context(), "page not rendered", "template", name, "error", err)
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}
