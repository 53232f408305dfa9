package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract holds every answer of the API against the API's own document. It is the transport of a client.
type contract struct {
	t        *testing.T
	document map[string]any
	compiler *jsonschema.Compiler

	mu   sync.Mutex
	seen map[string]bool // "GET /operators 401 MISSING_TOKEN"
}

const contractURL = "mem:///openapi.json"

// newContract reads the document that a server serves to anybody.
func newContract(t *testing.T, base string) *contract {
	t.Helper()
	response, err := http.Get(base + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	document, err := jsonschema.UnmarshalJSON(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response.Status, err)
	}
	// Developers may be sent fields that the document does not know yet; a test is to see them.
	for _, schema := range at(document, "components", "schemas").(map[string]any) {
		schema.(map[string]any)["additionalProperties"] = false
	}
	c := &contract{t: t, document: document.(map[string]any), compiler: jsonschema.NewCompiler(), seen: map[string]bool{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := c.compiler.AddResource(contractURL, document); err != nil {
		t.Fatal(err)
	}
	return c
}

// at walks into a document; nil where there is no such thing.
func at(document any, keys ...string) any {
	for _, key := range keys {
		object, _ := document.(map[string]any)
		document = object[key]
	}
	return document
}

func (c *contract) client() *http.Client { return &http.Client{Transport: c} }

// RoundTrip implements http.RoundTripper.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	var asked []byte
	if r.Body != nil {
		asked, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(asked))
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answered, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(answered))
	if err == nil {
		c.check(r, asked, response, answered)
	}
	return response, err
}

// check reports what of an exchange is not as the document has it.
func (c *contract) check(r *http.Request, asked []byte, response *http.Response, answered []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what := fmt.Sprintf("%s %s: %d %.300s", r.Method, r.URL.EscapedPath(), response.StatusCode, answered)
	if kind := response.Header.Get("Content-Type"); kind != "application/json;charset=UTF-8" {
		c.t.Errorf("%s: is %q", what, kind)
	}
	path := c.pathOf(r.URL.EscapedPath())
	if path == "" {
		if response.StatusCode != http.StatusNotFound {
			c.t.Errorf("%s: there is no such path", what)
		}
		c.validate(what, answered, "components", "schemas", "NoSuchPath")
		return
	}
	method := strings.ToLower(r.Method)
	if at(c.document, "paths", path, method) == nil {
		if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") == "" {
			c.t.Errorf("%s: the path has no such method", what)
		}
		c.validate(what, answered, "components", "schemas", "ErrorBody")
		return
	}
	status := fmt.Sprint(response.StatusCode)
	place := []string{"paths", path, method, "responses", status, "content", "application/json"}
	if at(c.document, place...) == nil {
		c.t.Errorf("%s: the status is not documented", what)
		return
	}
	c.validate(what, answered, append(place, "schema")...)
	for name := range response.Header {
		if strings.HasPrefix(name, "X-Ratelimit") && !headerNamed(at(c.document, append(place[:5:5], "headers")...), name) {
			c.t.Errorf("%s: the header %s is not documented", what, name)
		}
	}
	code := ""
	if response.StatusCode == http.StatusOK {
		if len(asked) > 0 && at(c.document, "paths", path, method, "requestBody") != nil {
			c.validate("request "+what, asked, "paths", path, method, "requestBody", "content", "application/json", "schema")
		}
	} else {
		code = codeOf(answered)
		if at(c.document, append(place, "examples", code)...) == nil {
			c.t.Errorf("%s: the code is not documented", what)
		}
	}
	c.seen[strings.TrimSpace(strings.Join([]string{r.Method, path, status, code}, " "))] = true
}

func headerNamed(headers any, name string) bool {
	all, _ := headers.(map[string]any)
	for documented := range all {
		if http.CanonicalHeaderKey(documented) == name {
			return true
		}
	}
	return false
}

// codeOf is the code of a refusal as the document calls it.
func codeOf(body []byte) string {
	var refused struct{ ErrorCode *string }
	if json.Unmarshal(body, &refused) != nil || refused.ErrorCode == nil {
		return "null"
	}
	return *refused.ErrorCode
}

func (c *contract) validate(what string, text []byte, place ...string) {
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	location := contractURL + "#"
	for _, key := range place {
		location += "/" + escape.Replace(key)
	}
	schema, err := c.compiler.Compile(location)
	if err != nil {
		c.t.Errorf("%s: %v", location, err)
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		c.t.Errorf("%s: %v", what, err)
	}
}

// pathOf is the path of the document that fits best.
func (c *contract) pathOf(given string) (found string) {
	best := -1
	parts := strings.Split(given, "/")
	for path := range at(c.document, "paths").(map[string]any) {
		pattern, literal := strings.Split(path, "/"), 0
		if len(pattern) != len(parts) || slices.ContainsFunc(indices(parts), func(i int) bool {
			if pattern[i] == parts[i] {
				literal++
				return false
			}
			return !strings.HasPrefix(pattern[i], "{") || parts[i] == ""
		}) {
			continue
		}
		if literal > best || literal == best && path < found {
			best, found = literal, path
		}
	}
	return found
}

func indices(parts []string) []int {
	all := make([]int, len(parts))
	for i := range parts {
		all[i] = i
	}
	return all
}

// documented are all answers that the document tells of, as seen has them.
func (c *contract) documented() []string {
	var all []string
	for path, operations := range at(c.document, "paths").(map[string]any) {
		for method, operation := range operations.(map[string]any) {
			for status, response := range at(operation, "responses").(map[string]any) {
				name := strings.ToUpper(method) + " " + path + " " + status
				examples, _ := at(response, "content", "application/json", "examples").(map[string]any)
				for code := range examples {
					all = append(all, name+" "+code)
				}
				if examples == nil {
					all = append(all, name)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// TestDocumentIsOpenAPI31 holds the document against OpenAPI's own schema, which comes with the packages of
// web/phone/browsertest: PULSA_TEST_OPENAPI_SCHEMA names the file.
func TestDocumentIsOpenAPI31(t *testing.T) {
	path := os.Getenv("PULSA_TEST_OPENAPI_SCHEMA")
	if path == "" {
		t.Skip("PULSA_TEST_OPENAPI_SCHEMA is not set")
	}
	f := newFaced(t, false, nil)
	meta, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer meta.Close()
	rules, err := jsonschema.UnmarshalJSON(meta)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///rules", rules); err != nil {
		t.Fatal(err)
	}
	if err := c.MustCompile("mem:///rules").Validate(newContract(t, f.server.URL).document); err != nil {
		t.Error(err)
	}
}

func TestExamplesAreOfWhatTheyStandAt(t *testing.T) {
	f := newFaced(t, false, nil)
	contract := newContract(t, f.server.URL)
	for path, operations := range at(contract.document, "paths").(map[string]any) {
		for method, operation := range operations.(map[string]any) {
			places := [][]string{{"paths", path, method, "requestBody", "content", "application/json"}}
			for status := range at(operation, "responses").(map[string]any) {
				places = append(places, []string{"paths", path, method, "responses", status, "content", "application/json"})
			}
			for _, place := range places {
				if example := at(contract.document, append(place, "example")...); example != nil {
					text, _ := json.Marshal(example)
					contract.validate("example of "+strings.Join(place, " "), text, append(place, "schema")...)
				}
			}
		}
	}
	for name, example := range at(contract.document, "components", "examples").(map[string]any) {
		text, _ := json.Marshal(at(example, "value"))
		contract.validate("example "+name, text, "components", "schemas", "ErrorBody")
	}
}

func TestPageShowsTheWholeAPIAndLoadsNothing(t *testing.T) {
	f := newFaced(t, false, nil)
	c := newContract(t, f.server.URL)
	response, err := http.Get(f.server.URL + "/docs")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if p := response.Header.Get("Content-Security-Policy"); response.StatusCode != http.StatusOK || !strings.Contains(p, "default-src 'none'") {
		t.Errorf("%s, policy %q", response.Status, p)
	}
	page := string(text)
	for path, operations := range at(c.document, "paths").(map[string]any) {
		for _, operation := range operations.(map[string]any) {
			if !strings.Contains(page, "<code>"+path+"</code>") || !strings.Contains(page, `id="`+at(operation, "operationId").(string)+`"`) {
				t.Errorf("the page does not show %s", path)
			}
		}
	}
	for name := range at(c.document, "components", "schemas").(map[string]any) {
		if !strings.Contains(page, `id="type-`+name+`"`) && name != "NoSuchPath" {
			t.Errorf("the page does not show the type %s", name)
		}
	}
	for path, status := range map[string]int{"/docs/": http.StatusOK, "/docs/api.css": http.StatusOK, "/docs/other": http.StatusNotFound} {
		response, err := http.Get(f.server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	for _, outside := range []string{`src="http`, `href="http`, "<script", "url("} {
		if strings.Contains(page, outside) {
			t.Errorf("the page has %s", outside)
		}
	}
}
