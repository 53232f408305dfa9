package wire_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/channels/wire"
)

func TestXMLIsReadByPaths(t *testing.T) {
	body := "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><u:request xmlns:u=\"urn:x\" type=\"pull\"><u:name>caf\xe9</u:name>" +
		"<value n=\"1\">one</value><value n=\"2\">two</value><empty/></u:request>"
	r, err := wire.Read(httptest.NewRequest("POST", "/", strings.NewReader(body)), wire.Bodies{XML: true})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"request.name": "café", "request.@type": "pull", "request.value.0": "one", "request.value.1": "two", "request.value.1.@n": "2", "request.empty": "",
	} {
		if got, ok := r.At(wire.Place{In: "xml", Name: path}); got != want || !ok {
			t.Errorf("%s: %q, %v", path, got, ok)
		}
	}
	for _, path := range []string{"name", "request.value", "request.value.2", "request.none", "request.name.0"} {
		if got, ok := r.At(wire.Place{In: "xml", Name: path}); ok {
			t.Errorf("%s: %q", path, got)
		}
	}
	for _, bad := range []string{"x", "<a>", "<a></b>", "</a>", "<a>&b;</a>", "<?xml version=\"1.0\" encoding=\"x-none\"?><a/>", strings.Repeat("<a>", 80) + strings.Repeat("</a>", 80)} {
		if _, err := wire.Read(httptest.NewRequest("POST", "/", strings.NewReader(bad)), wire.Bodies{XML: true}); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestAnAnswerRepeatsFieldsAsTheyCame(t *testing.T) {
	r, err := wire.Read(httptest.NewRequest("POST", "/", strings.NewReader(`{"a": 17, "b": "17", "c": [1, "<"], "d": "q\"}"}`)), wire.Bodies{JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := wire.ParseAnswer(`{"a": {json.a}, "as": "{json.a}", "b": {json.b}, "c": {json.c}, "d": "{json.d}", "e": {json.e}, "text": "{text}"}`, []string{"text"})
	if err != nil {
		t.Fatal(err)
	}
	got := answer.Answer(map[string]string{"text": "say \"hi\"\n"}, answer.Echoes(r), "application/json")
	if want := `{"a": 17, "as": "17", "b": "17", "c": [1,"\u003c"], "d": "q\"}", "e": null, "text": "say \"hi\"\n"}`; got != want {
		t.Errorf("%s", got)
	}
	if _, err := wire.ParseAnswer("{json.a} {texts}", []string{"text"}); err == nil || !strings.Contains(err.Error(), "{texts}") {
		t.Error(err)
	}
	if _, err := wire.ParseTemplate("{json.a}", []string{"text"}); err == nil {
		t.Error("a template that answers nothing repeats a field")
	}
}
