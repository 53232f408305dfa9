package reloadly

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// pagePath is where people read the API, public.
const pagePath = "/docs"

//go:embed page
var pageFiles embed.FS

// policy lets the page load its own style and nothing else.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// servePage serves the document and its page, and reports whether they were asked for.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	kind, text := "text/html; charset=utf-8", []byte(nil)
	switch r.URL.Path {
	case documentPath:
		kind, text = "application/json;charset=UTF-8", s.shown().document
		w.Header().Set("Access-Control-Allow-Origin", "*") // it is public, and tools run in browsers
	case pagePath, pagePath + "/":
		text = s.shown().page
	case pagePath + "/api.css":
		kind = "text/css; charset=utf-8"
		text, _ = pageFiles.ReadFile("page/api.css") // embedded: it is there
	default:
		return false
	}
	for name, value := range map[string]string{
		"Content-Type": kind, "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cache-Control": "no-cache",
	} {
		w.Header().Set(name, value)
	}
	_, _ = w.Write(text)
	return true
}

// shownAPI is what servePage shows.
type shownAPI struct{ document, page []byte }

func (s *Server) show() shownAPI {
	text, err := pageFiles.ReadFile("page/api.html")
	if err != nil {
		panic("page of the API: " + err.Error())
	}
	var page bytes.Buffer
	if err := template.Must(template.New("api").Parse(string(text))).Execute(&page, s.pageOfAPI()); err != nil {
		panic("page of the API: " + err.Error()) // it has no other data than ours
	}
	return shownAPI{s.document(), page.Bytes()}
}

type (
	apiPage struct {
		About                        []string
		Groups                       []pageGroup
		Types                        []pageType
		Refusals                     []pageRefusal
		AboutWebhook, WebhookExample string
	}
	pageGroup struct {
		Name      string
		Endpoints []pageEndpoint
	}
	pageEndpoint struct {
		ID, Method, Path, Summary, About, Scope string
		Parameters                              []pageField
		Body, Answer                            *pageBody
		Refusals                                []pageRefusal
	}
	pageBody struct {
		Type    template.HTML
		Example string
	}
	pageType struct {
		Name   string
		Fields []pageField
	}
	pageField struct {
		Name, About, Note string
		Type              template.HTML
	}
	pageRefusal struct {
		Status  int
		Code    string
		Message string
	}
)

func (s *Server) pageOfAPI() apiPage {
	p := apiPage{
		About: strings.Split(aboutAPI, "\n\n"), AboutWebhook: aboutWebhook, WebhookExample: indented(example(reflect.TypeFor[Event]())),
	}
	seen := map[string]bool{}
	for _, name := range s.tagNames() {
		g := pageGroup{Name: name}
		for i := range s.endpoints {
			if e := &s.endpoints[i]; e.tag == name {
				g.Endpoints = append(g.Endpoints, e.shown())
			}
		}
		p.Groups = append(p.Groups, g)
	}
	for _, e := range s.endpoints {
		if e.body != nil {
			p.Types = typesOf(reflect.TypeOf(e.body), true, seen, p.Types)
		}
		p.Types = typesOf(reflect.TypeOf(e.answer), false, seen, p.Types)
	}
	p.Types = typesOf(reflect.TypeFor[Event](), false, seen, p.Types)
	p.Types = typesOf(reflect.TypeFor[errorBody](), false, seen, p.Types)
	slices.SortFunc(p.Types, func(a, b pageType) int { return strings.Compare(a.Name, b.Name) })
	for _, r := range refusals() {
		p.Refusals = append(p.Refusals, pageRefusal{r.status, r.name(), r.message})
	}
	return p
}

func (e *endpoint) shown() pageEndpoint {
	p := pageEndpoint{ID: e.id(), Method: e.method, Path: e.path, Summary: e.summary, About: e.about, Scope: string(e.scope)}
	for _, x := range e.parameters {
		note := ""
		if e.inPath(x) {
			note = "in the path"
		} else if e.needs(x) {
			note = "required"
		}
		p.Parameters = append(p.Parameters, pageField{x.name, x.about + " Example: " + x.example, note, template.HTML(template.HTMLEscapeString(x.kind))})
	}
	if e.body != nil {
		p.Body = &pageBody{typeLink(reflect.TypeOf(e.body), true), indented(exampleOf(e.body))}
	}
	p.Answer = &pageBody{typeLink(reflect.TypeOf(e.answer), false), indented(exampleOf(e.answer))}
	all := e.refused()
	for _, status := range slices.Sorted(maps.Keys(all)) {
		for _, r := range all[status] {
			p.Refusals = append(p.Refusals, pageRefusal{r.status, r.name(), r.message})
		}
	}
	return p
}

func indented(v any) string {
	text, _ := json.MarshalIndent(v, "", "  ") // the document has shown that it can be
	return string(text)
}

// typesOf adds a type, and those that it holds.
func typesOf(t reflect.Type, request bool, seen map[string]bool, list []pageType) []pageType {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[Number]() || seen[typeName(t)] {
		return list
	}
	seen[typeName(t)] = true
	at := len(list)
	list = append(list, pageType{Name: typeName(t)})
	for f := range fields(t) {
		note := ""
		switch always := f.Tag.Get("wire") == "always"; {
		case request && always:
			note = "required"
		case !request && !always:
			note = "may be null"
		}
		list[at].Fields = append(list[at].Fields, pageField{nameOf(f), f.Tag.Get("doc"), note, typeLink(f.Type, request)})
		list = typesOf(f.Type, request, seen, list)
	}
	return list
}

// typeLink is a type in words, leading to where it is told.
func typeLink(t reflect.Type, request bool) template.HTML {
	switch {
	case t == reflect.TypeFor[Number]() && request, t == reflect.TypeFor[ID]() && request:
		return "number, or text of one"
	case t == reflect.TypeFor[Number](), t == reflect.TypeFor[ID](), t.Kind() == reflect.Int:
		return "number"
	case t == reflect.TypeFor[Flag](), t.Kind() == reflect.Bool:
		return "true or false"
	case t == reflect.TypeFor[json.RawMessage]():
		return "list"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Slice:
		return "list of " + typeLink(t.Elem(), request)
	case t.Kind() == reflect.Map:
		return typeLink(t.Elem(), request) + " by name"
	case t.Kind() == reflect.Pointer:
		return typeLink(t.Elem(), request)
	}
	name := template.HTMLEscapeString(typeName(t))
	return template.HTML(`<a href="#type-` + name + `">` + name + `</a>`)
}
