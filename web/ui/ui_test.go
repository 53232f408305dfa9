package ui_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"pulsa/web/ui"
)

// own is what a package of pages brings.
func own() fstest.MapFS {
	return fstest.MapFS{
		"static/icon.svg": {Data: []byte("<svg/>")}, "static/desk.css": {Data: []byte("p {}")}, "static/desk.js": {Data: []byte(`"use strict";`)},
		"pages/desk.html": {Data: []byte(`{{define "desk"}}<main id="main">{{template "orders" .}}</main>{{end}}{{define "orders"}}<p>{{.}}</p>{{end}}` +
			`{{define "lost"}}<p>begun</p><img src="{{file "lost.svg"}}">{{end}}`)},
	}
}

func newPages(files fs.FS) *ui.Pages { return ui.New("/desk/", files, slog.New(slog.DiscardHandler)) }

func desk(data any) ui.Page {
	return ui.Page{
		Language: "nl", Title: "Orders <today>", Class: "dense", Skip: "Go to the orders", SkipTo: "main", NoScript: "No keys without JavaScript.",
		Styles: []string{"desk.css"}, Scripts: []string{"htmx.min.js", "desk.js"}, Template: "desk", Data: data,
	}
}

func get(p *ui.Pages, page ui.Page) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.Show(w, httptest.NewRequest("GET", "/", nil), http.StatusAccepted, page)
	return w
}

func contains(t *testing.T, body string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(body, w) {
			t.Errorf("%q is missing in:\n%s", w, body)
		}
	}
}

func lacks(t *testing.T, body string, unwanted ...string) {
	t.Helper()
	for _, u := range unwanted {
		if strings.Contains(body, u) {
			t.Errorf("%q is in:\n%s", u, body)
		}
	}
}

func TestAPageStandsInTheLayout(t *testing.T) {
	w := get(newPages(own()), desk("<b>ten</b>"))
	if w.Code != http.StatusAccepted {
		t.Error(w.Code)
	}
	body := w.Body.String()
	contains(t, body, `<html lang="nl">`, "<title>Orders &lt;today&gt;</title>", `name="viewport"`, `<body class="dense">`,
		`<a class="skip" href="#main">Go to the orders</a>`, `<main id="main"><p>&lt;b&gt;ten&lt;/b&gt;</p></main>`,
		`<noscript><p class="problem">No keys without JavaScript.</p></noscript>`)
	order := regexp.MustCompile(`(?s)icon\.svg\?v=.*ui\.css\?v=.*desk\.css\?v=.*htmx\.min\.js\?v=.*desk\.js\?v=`)
	if !order.MatchString(body) {
		t.Error("files are missing, or in another order:\n", body)
	}
}

func TestAPageWithoutScriptsLoadsNone(t *testing.T) {
	page := desk("ten")
	page.Scripts, page.NoScript, page.Class = nil, "", ""
	body := get(newPages(own()), page).Body.String()
	contains(t, body, "<body>")
	lacks(t, body, "script", "htmx")
}

func TestPagesMayLoadAndRunNothingButTheirOwn(t *testing.T) {
	p := newPages(own())
	part := httptest.NewRecorder()
	p.ShowPart(part, httptest.NewRequest("GET", "/", nil), http.StatusOK, "orders", "ten")
	if part.Body.String() != "<p>ten</p>" {
		t.Error(part.Body)
	}
	for name, w := range map[string]*httptest.ResponseRecorder{"page": get(p, desk("ten")), "part": part} {
		policy := w.Header().Get("Content-Security-Policy")
		contains(t, policy, "default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'")
		lacks(t, policy, "unsafe", "data:", "*")
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		lacks(t, w.Body.String(), "<script>", "<style", " style=", "javascript:")
	}
}

func TestAPageThatCantBeRenderedShowsNothingOfIt(t *testing.T) {
	page := desk("ten")
	page.Template = "lost"
	style := desk("ten")
	style.Styles = []string{"lost.css"}
	for _, page := range []ui.Page{page, style} {
		w := get(newPages(own()), page)
		if w.Code != http.StatusInternalServerError {
			t.Error(w.Code)
		}
		lacks(t, w.Body.String(), "<")
	}
}

// address returns where a page loads a file from.
func address(t *testing.T, body, name string) string {
	t.Helper()
	found := regexp.MustCompile(`"(/desk/` + regexp.QuoteMeta(name) + `\?v=[0-9a-f]+)"`).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("the page does not load %s:\n%s", name, body)
	}
	return found[1]
}

func TestAFileChangesItsAddressWithItsContents(t *testing.T) {
	before := get(newPages(own()), desk("ten")).Body.String()
	changed := own()
	changed["static/desk.css"] = &fstest.MapFile{Data: []byte("p { margin: 0 }")}
	after := get(newPages(changed), desk("ten")).Body.String()
	if address(t, before, "desk.css") == address(t, after, "desk.css") {
		t.Error("browsers would keep the old styles")
	}
	if address(t, before, "ui.css") != address(t, after, "ui.css") {
		t.Error("what has not changed is loaded again")
	}
}

func TestFilesKeepForeverUnderTheirVersionOnly(t *testing.T) {
	p := newPages(own())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /desk/{file}", p.ServeFile)
	body := get(p, desk("ten")).Body.String()
	load := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	for name, kind := range map[string]string{
		"ui.css": "text/css", "desk.css": "text/css", "htmx.min.js": "text/javascript", "desk.js": "text/javascript", "icon.svg": "image/svg+xml",
	} {
		w := load(address(t, body, name))
		if w.Code != http.StatusOK || w.Body.Len() == 0 || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) {
			t.Error(name, w.Code, w.Header())
		}
		contains(t, w.Header().Get("Cache-Control"), "immutable")
		contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
		for _, path := range []string{"/desk/" + name, "/desk/" + name + "?v=0"} {
			lacks(t, load(path).Header().Get("Cache-Control"), "immutable")
		}
	}
	if w := load("/desk/none.css"); w.Code != http.StatusNotFound {
		t.Error(w.Code)
	}
}

func TestAFileNamedLikeOneOfOursIsRefused(t *testing.T) {
	files := own()
	files["static/ui.css"] = &fstest.MapFile{}
	defer func() {
		if recover() == nil {
			t.Error("one of the two would never be seen")
		}
	}()
	newPages(files)
}

// post sends a form to a handler behind Form, and reports whether the handler was called and what its ParseForm returned.
func post(body string, headers ...string) (w *httptest.ResponseRecorder, called bool, err error) {
	h := ui.Form(20, func(_ http.ResponseWriter, r *http.Request) { called, err = true, r.ParseForm() })
	r := httptest.NewRequest("POST", "http://desk.example/orders", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w, called, err
}

func TestAFormIsTakenFromOurOwnPagesAlone(t *testing.T) {
	for name, headers := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site"}, "another host of the same site": {"Sec-Fetch-Site", "same-site"},
		"another site, an old browser": {"Origin", "https://evil.example"}, "a frame without an origin": {"Origin", "null"},
	} {
		if w, called, _ := post("a=1", headers...); called || w.Code != http.StatusForbidden {
			t.Errorf("%s: called %v, %d", name, called, w.Code)
		}
	}
	for name, headers := range map[string][]string{
		"our page": {"Sec-Fetch-Site", "same-origin"}, "our page, an old browser": {"Origin", "http://desk.example"}, "no browser": nil,
	} {
		if w, called, err := post("a=1", headers...); !called || w.Code != http.StatusOK || err != nil {
			t.Errorf("%s: called %v, %d, %v", name, called, w.Code, err)
		}
	}
}

func TestAFormHasALimit(t *testing.T) {
	var limit *http.MaxBytesError
	if _, called, err := post("a=" + strings.Repeat("1", 19)); !called || !errors.As(err, &limit) {
		t.Error(called, err)
	}
	if _, _, err := post("a=" + strings.Repeat("1", 18)); err != nil {
		t.Error(err)
	}
}

// rendered is a field as a page shows it.
func rendered(t *testing.T, f ui.Field) string {
	t.Helper()
	var text strings.Builder
	if err := newPages(own()).WritePart(&text, "field", f); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestAFieldIsTiedToItsLabelErrorAndHint(t *testing.T) {
	text := rendered(t, ui.Field{
		Name: "amount", Label: "Amount <EUR>", Hint: "From 5 to 50.", Error: "Write an amount, like 10.", Value: `"x"`,
		InputMode: "decimal", MaxLength: 9, Required: true,
	})
	contains(t, text, `<label for="field-amount">Amount &lt;EUR&gt;</label>`, `id="field-amount" name="amount" type="text"`, `value="&#34;x&#34;"`,
		`inputmode="decimal"`, `maxlength="9"`, " required", `autocomplete="off"`,
		`aria-describedby="field-amount-error field-amount-hint"`, `aria-invalid="true"`,
		`<p class="error" id="field-amount-error">Write an amount, like 10.</p>`, `<p class="hint" id="field-amount-hint">From 5 to 50.</p>`)
	if !regexp.MustCompile(`(?s)<label.*class="error".*<input.*class="hint"`).MatchString(text) {
		t.Error("the error stands between label and input, the hint under it:\n", text)
	}
}

func TestAFieldNamesNoExplanationThatIsNotThere(t *testing.T) {
	text := rendered(t, ui.Field{Name: "code", Label: "Code", Type: "tel", Autocomplete: "one-time-code"})
	contains(t, text, `type="tel"`, `autocomplete="one-time-code"`)
	lacks(t, text, "aria-describedby", "aria-invalid", "<p", "maxlength", "inputmode", "required")
	text = rendered(t, ui.Field{Name: "code", Label: "Code", Hint: "Six digits."})
	contains(t, text, `aria-describedby="field-code-hint"`)
	lacks(t, text, "aria-invalid", "field-code-error")
}

func TestAPasswordIsNeverShownAgain(t *testing.T) {
	lacks(t, rendered(t, ui.Field{Name: "pin", Label: "PIN", Type: "password", Value: "4821", Error: "That is not your PIN."}), "4821")
	contains(t, rendered(t, ui.Field{Name: "number", Label: "Number", Value: "4821"}), "4821")
}
