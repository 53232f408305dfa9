package reloadly

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// documentPath is where the document is, public.
const documentPath = "/openapi.json"

// Event is the body of a webhook.
type Event struct {
	Type Text        `json:"type" wire:"always" doc:"airtime_transaction.status, always." example:"airtime_transaction.status"`
	Data Transaction `json:"data" wire:"always" doc:"The top-up, as a report shows it."`
}

// EventStatus is the type of the one Event: a top-up has come to its end.
const EventStatus = "airtime_transaction.status"

const aboutAPI = `Top up prepaid phones. The wire is Reloadly's airtime API: a client of that works here by changing its base URL and the address of its tokens.

Numbers and money are exact JSON numbers: read them as decimals. Times are UTC, written 2026-01-31 23:59:59. In requests numbers may be strings.

What is refused has an errorCode for programs and a message for people, whose words may change. Nothing was bought then.

A request that was refused before there was a top-up leaves no trace, and its customIdentifier is free. A top-up that was made and came to nothing is listed as REFUNDED or, where your account was never debited, FAILED; it keeps its customIdentifier: the same request gets the same answer, a new try needs another. After a 500, or no answer at all, send the very same request again, or ask for the top-up by its customIdentifier, before anything else: it is made once.`

// document is the OpenAPI document, made from the table and the wire's types: it can't say what the program
// does not do.
func (s *Server) document() []byte {
	types, paths := schemas{}, map[string]map[string]any{}
	for _, e := range s.endpoints {
		if paths[e.path] == nil {
			paths[e.path] = map[string]any{}
		}
		paths[e.path][strings.ToLower(e.method)] = e.operation(types)
	}
	types.of(reflect.TypeFor[noSuchPath](), answers)
	scopes := []string{}
	for _, scope := range Scopes() {
		scopes = append(scopes, string(scope))
	}
	text, err := json.Marshal(map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]any{"title": "Pulsa top-up API", "version": "1", "description": aboutAPI},
		"servers": []any{map[string]any{"url": "/"}},
		"tags":    s.tags(), "paths": paths,
		"webhooks": map[string]any{EventStatus: map[string]any{"post": webhookOperation(types)}},
		"components": map[string]any{
			"schemas": types, "examples": refusalExamples(), "headers": headers(),
			"securitySchemes": map[string]any{"token": map[string]any{
				"type": "http", "scheme": "bearer",
				"description": "A token of POST /oauth/token. What it allows is in its scope: " + strings.Join(scopes, ", ") + ".",
			}},
		},
	})
	if err != nil {
		panic("openapi document: " + err.Error()) // a type that is no JSON
	}
	return text
}

func (s *Server) tags() []any {
	var list []any
	for _, name := range s.tagNames() {
		list = append(list, map[string]any{"name": name})
	}
	return list
}

func (s *Server) tagNames() []string {
	var names []string
	for _, e := range s.endpoints {
		if !slices.Contains(names, e.tag) {
			names = append(names, e.tag)
		}
	}
	return names
}

// id names an endpoint: "get-topups-transactionId-status".
func (e *endpoint) id() string {
	return strings.ToLower(e.method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(e.path)
}

func (e *endpoint) operation(types schemas) map[string]any {
	o := map[string]any{
		"operationId": e.id(), "tags": []string{e.tag}, "summary": e.summary, "responses": e.responses(types),
		"security": []any{},
	}
	if e.about != "" {
		o["description"] = e.about
	}
	if e.scope != "" {
		o["security"] = []any{map[string]any{"token": []Scope{e.scope}}}
	}
	if e.body != nil {
		o["requestBody"] = map[string]any{"required": true, "content": content(types.of(reflect.TypeOf(e.body), requests), exampleOf(e.body))}
	}
	var parameters []any
	for _, p := range e.parameters {
		in := "query"
		if e.inPath(p) {
			in = "path"
		}
		parameters = append(parameters, map[string]any{
			"name": p.name, "in": in, "required": e.needs(p), "description": p.about, "schema": map[string]any{"type": p.kind}, "example": p.value(),
		})
	}
	if parameters != nil {
		o["parameters"] = parameters
	}
	return o
}

func (e *endpoint) inPath(p parameter) bool { return strings.Contains(e.path, "{"+p.name+"}") }

// needs reports whether there is no answer without the parameter: of those in a query only a look-up's own.
func (e *endpoint) needs(p parameter) bool {
	return e.inPath(p) || e.path == lookupPath && (p.name == "phone" || p.name == "countryCode")
}

func (p parameter) value() any {
	var v any
	if p.kind == "string" || json.Unmarshal([]byte(p.example), &v) != nil {
		return p.example
	}
	return v
}

func content(schema map[string]any, example any) map[string]any {
	return map[string]any{"application/json": map[string]any{"schema": schema, "example": example}}
}

// responses are the answer and every refusal, by status.
func (e *endpoint) responses(types schemas) map[string]any {
	all := map[string]any{"200": map[string]any{
		"description": e.summary, "headers": e.headersOf(200), "content": content(types.of(reflect.TypeOf(e.answer), answers), exampleOf(e.answer)),
	}}
	for status, list := range e.refused() {
		examples, codes := map[string]any{}, []string{}
		for _, r := range list {
			codes = append(codes, r.name())
			examples[r.name()] = map[string]any{"$ref": "#/components/examples/" + r.name()}
		}
		all[strconv.Itoa(status)] = map[string]any{
			"description": strings.Join(codes, ", "), "headers": e.headersOf(status),
			"content": map[string]any{"application/json": map[string]any{"schema": types.of(reflect.TypeFor[errorBody](), answers), "examples": examples}},
		}
	}
	return all
}

// refused are the refusals of an endpoint, by status.
func (e *endpoint) refused() map[int][]refusal {
	all := map[int][]refusal{}
	table, codes := refusals(), e.refuses()
	for _, r := range table {
		if slices.Contains(codes, r.code) {
			all[r.status] = append(all[r.status], r)
		}
	}
	if e.body != nil {
		all[http.StatusRequestEntityTooLarge] = []refusal{{"INVALID_INPUT_PROVIDED", http.StatusRequestEntityTooLarge, tooLarge}}
	}
	return all
}

// refusalExamples are the bodies of all refusals.
func refusalExamples() map[string]any {
	all := map[string]any{}
	for _, r := range refusals() {
		all[r.name()] = map[string]any{"value": Refuse(r.status, r.code, r.message).body("/topups", "2026-01-26 03:19:16")}
	}
	return all
}

// headers are those of all answers; which answer has which is told by headersOf.
func headers() map[string]any {
	header := func(kind, about string) map[string]any {
		return map[string]any{"description": about, "schema": map[string]any{"type": kind}}
	}
	return map[string]any{
		"X-RateLimit-Limit":     header("integer", "How many requests a key may make in its time; missing where there is no limit, as the next two."),
		"X-RateLimit-Remaining": header("integer", "How many are left."),
		"X-RateLimit-Reset":     header("integer", "When the limit begins anew, in seconds since 1970."),
		"Retry-After":           header("integer", "After how many seconds to ask again."),
		"Allow":                 header("string", "The methods that the path has."),
		"WWW-Authenticate":      header("string", "Bearer, and the scope that is missing."),
	}
}

func (e *endpoint) headersOf(status int) map[string]any {
	var names []string
	switch status {
	case http.StatusMethodNotAllowed:
		names = []string{"Allow"}
	case http.StatusTooManyRequests:
		names = []string{"Retry-After"}
	case http.StatusUnauthorized, http.StatusForbidden:
		names = []string{"WWW-Authenticate"}
	}
	if e.scope != "" && status != http.StatusUnauthorized && status != http.StatusMethodNotAllowed {
		names = append(names, "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
	}
	all := map[string]any{}
	for _, name := range names {
		all[name] = map[string]any{"$ref": "#/components/headers/" + name}
	}
	return all
}

func webhookOperation(types schemas) map[string]any {
	header := func(name, about string) map[string]any {
		return map[string]any{"name": name, "in": "header", "required": true, "description": about, "schema": map[string]any{"type": "string"}}
	}
	return map[string]any{
		"operationId": "webhook", "tags": []string{"Webhooks"}, "summary": "A top-up has come to its end",
		"description": aboutWebhook, "security": []any{},
		"parameters": []any{
			header(timestampHeader, "When it was sent, in milliseconds since 1970."),
			header(signatureHeader, fmt.Sprintf("Hexadecimal HMAC-SHA256, under the webhook's secret, of the body, a colon and %s.", timestampHeader)),
		},
		"requestBody": map[string]any{"required": true, "content": content(types.of(reflect.TypeFor[Event](), answers), example(reflect.TypeFor[Event]()))},
		"responses":   map[string]any{"2XX": map[string]any{"description": "Taken. Anything else, or none within 10 seconds, has it sent again, for 3 days."}},
	}
}

const aboutWebhook = "Sent to the address that belongs to an API key when a top-up of the key is SUCCESSFUL, REFUNDED or FAILED. It may come more than once, and not in order. Check the signature, and trust nothing else: read the top-up again."
