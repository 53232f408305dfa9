package gateway

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"time"

	"pulsa/prepaid"
)

const (
	setupPath   = "/sim/pay/"
	confirmPath = "/sim/confirm/"
	// formLimit is far more than a click needs.
	formLimit = 4 << 10
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS template.CSS

// page is what the template shows.
type page struct {
	Words                         words
	Style                         template.CSS
	Brand, Number, Method, Amount string // empty where the page is of nothing
	Text                          string
	Buttons                       []button
}

type button struct{ Action, Label string }

const (
	doComplete = "complete"
	doAbandon  = "abandon"
)

// Routes serves the pages on /sim/pay/ and /sim/confirm/.
func (g *Gateway) Routes(mux *http.ServeMux) {
	w := &pages{
		gateway:  g,
		template: template.Must(template.New("page").Parse(pageHTML)),
	}
	style := sha256.Sum256([]byte(pageCSS))
	w.policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) +
		"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	ownForms := http.NewCrossOriginProtection()
	mux.HandleFunc("GET "+setupPath+"{id}", w.showSetup)
	mux.Handle("POST "+setupPath+"{id}", ownForms.Handler(http.HandlerFunc(w.clickSetup)))
	mux.HandleFunc("GET "+confirmPath+"{id}", w.showCharge)
	mux.Handle("POST "+confirmPath+"{id}", ownForms.Handler(http.HandlerFunc(w.clickCharge)))
}

type pages struct {
	gateway  *Gateway
	template *template.Template
	policy   string
}

func (p *pages) showSetup(w http.ResponseWriter, r *http.Request) {
	s, ok := p.setup(r)
	if !ok {
		p.notFound(w, r)
		return
	}
	v := view(cmp.Or(s.Title, s.Brand), s.Language, s.MSISDN)
	v.Method = v.Words.Methods[s.Method]
	switch s.Status {
	case open:
		v.Text = v.Words.SetUp
		v.Buttons = []button{{doComplete, v.Words.Complete}, {doAbandon, v.Words.Abandon}}
	case completed:
		v.Text = v.Words.Completed
	case superseded:
		v.Text = v.Words.Superseded
	default:
		v.Text = v.Words.Abandoned
	}
	p.show(w, r, http.StatusOK, v)
}

// clickSetup ends an open setup. On one that has ended a click changes nothing, and shows how it ended.
func (p *pages) clickSetup(w http.ResponseWriter, r *http.Request) {
	s, ok := p.setup(r)
	if !ok {
		p.notFound(w, r)
		return
	}
	to, ok := clicked(w, r, completed, abandoned)
	if !ok {
		p.problem(w, r, http.StatusBadRequest, s.Language, func(t words) string { return t.NotUnderstood })
		return
	}
	s, err := p.gateway.bookSetup(func(have setup) bool { return have.Page == r.PathValue("id") }, to)
	if err == nil {
		p.log(r, p.gateway.tellSetup(context.WithoutCancel(r.Context()), s)) // a browser that leaves has clicked all the same
	}
	p.clickDone(w, r, err)
}

func (p *pages) showCharge(w http.ResponseWriter, r *http.Request) {
	c, ok := p.charge(r)
	if !ok {
		p.notFound(w, r)
		return
	}
	v := view(cmp.Or(c.Title, c.Brand), c.Language, c.MSISDN)
	v.Method, v.Amount = v.Words.Methods[c.Method], c.Amount.String()
	switch c.Status {
	case action:
		v.Text = v.Words.Confirm
		v.Buttons = []button{{doComplete, v.Words.Agree}, {doAbandon, v.Words.Disagree}}
	case captured, refunded, returned:
		v.Text = v.Words.Confirmed
	case declined:
		v.Text = v.Words.Declined
	default:
		v.Text = v.Words.NoLonger
	}
	p.show(w, r, http.StatusOK, v)
}

// clickCharge confirms or refuses a charge that waits for it. On any other a click changes nothing.
func (p *pages) clickCharge(w http.ResponseWriter, r *http.Request) {
	c, ok := p.charge(r)
	if !ok {
		p.notFound(w, r)
		return
	}
	to, ok := clicked(w, r, captured, declined)
	if !ok {
		p.problem(w, r, http.StatusBadRequest, c.Language, func(t words) string { return t.NotUnderstood })
		return
	}
	c, err := p.gateway.bookMove(
		func(have charge) bool { return have.Page == r.PathValue("id") && have.Status == action },
		func(c *charge, now time.Time) {
			c.Status = to
			if to == captured {
				c.TakenAt = now
			} else {
				c.Code = "authentication_refused"
			}
		})
	if err == nil {
		p.log(r, p.gateway.tellCharge(context.WithoutCancel(r.Context()), c))
	}
	p.clickDone(w, r, err)
}

// clicked reads which of the two buttons was clicked.
func clicked(w http.ResponseWriter, r *http.Request, complete, abandon status) (status, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	_ = r.ParseForm() // reads no other type; what can't be read is no click
	switch r.PostForm.Get("action") {
	case doComplete:
		return complete, true
	case doAbandon:
		return abandon, true
	}
	return "", false
}

// clickDone sends the browser to see how things stand, also where the click came too late.
func (p *pages) clickDone(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil && !errors.Is(err, ErrNoSetup) && !errors.Is(err, ErrNoCharge) {
		p.log(r, err)
		p.problem(w, r, http.StatusInternalServerError, "", func(t words) string { return t.Broke })
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}

// log notes an error that the person at the page can do nothing about: news not taken is told again.
func (p *pages) log(r *http.Request, err error) {
	if err != nil {
		p.gateway.c.Log.ErrorContext(r.Context(), "simulated payment page", "error", err)
	}
}

func (p *pages) setup(r *http.Request) (setup, bool) {
	p.gateway.mu.Lock()
	defer p.gateway.mu.Unlock()
	return p.gateway.setups.latest(func(s setup) bool { return s.Page == r.PathValue("id") })
}

func (p *pages) charge(r *http.Request) (charge, bool) {
	p.gateway.mu.Lock()
	defer p.gateway.mu.Unlock()
	p.gateway.ripen()
	return p.gateway.charges.latest(func(c charge) bool { return c.Page != "" && c.Page == r.PathValue("id") })
}

// view begins a page: whose customer it is, in which language.
func view(brand, language string, m prepaid.MSISDN) page {
	return page{Words: wordsFor(language), Brand: brand, Number: m.Masked()}
}

func (p *pages) notFound(w http.ResponseWriter, r *http.Request) {
	p.problem(w, r, http.StatusNotFound, "", func(t words) string { return t.NotFound })
}

func (p *pages) problem(w http.ResponseWriter, r *http.Request, code int, language string, text func(words) string) {
	t := wordsFor(language)
	p.show(w, r, code, page{Words: t, Text: text(t)})
}

func (p *pages) show(w http.ResponseWriter, r *http.Request, code int, v page) {
	v.Style = pageCSS
	var body bytes.Buffer
	if err := p.template.Execute(&body, v); err != nil {
		p.log(r, err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // a stricter one would make the form's Origin null
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write(body.Bytes())
}
