package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"pulsa/channels"
)

// Place says where a field stands in a request: "query.from", "form.from", "json.data.0.from", "xml.request.msisdn",
// "header.X-From", or "body" where it is the whole body.
type Place struct{ In, Name string }

var errPlace = errors.New("write where it stands: query.NAME, form.NAME, header.NAME, json.PATH such as json.message.text, xml.PATH such as xml.request.msisdn, or body")

// ParsePlace reads a place.
func ParsePlace(text string) (Place, error) {
	in, name, _ := strings.Cut(text, ".")
	switch {
	case text == "body":
		return Place{In: "body"}, nil
	case name == "":
		return Place{}, errPlace
	case in == "header" && !headerName.MatchString(name):
		return Place{}, errPlace
	case in != "query" && in != "form" && in != "json" && in != "xml" && in != "header":
		return Place{}, errPlace
	}
	return Place{in, name}, nil
}

// IsPlace tells a place from a word.
func IsPlace(text string) bool {
	_, err := ParsePlace(text)
	return err == nil
}

// String names a place as the settings do.
func (p Place) String() string { return strings.TrimSuffix(p.In+"."+p.Name, ".") }

// None reports whether nothing is named.
func (p Place) None() bool { return p.In == "" }

// Bodies says as what a request's body is read.
type Bodies struct{ Form, JSON, XML bool }

// BodiesOf says what some places need.
func BodiesOf(places ...Place) (b Bodies) {
	for _, p := range places {
		b.Form = b.Form || p.In == "form"
		b.JSON = b.JSON || p.In == "json"
		b.XML = b.XML || p.In == "xml"
	}
	return b
}

// Mixed reports whether a body would have to be several things.
func (b Bodies) Mixed() bool { return b.Form && b.JSON || b.Form && b.XML || b.JSON && b.XML }

// Request is one request of a gateway, taken apart.
type Request struct {
	*http.Request

	Body        []byte
	Query, Form url.Values
	JSON        any // the whole body, or one message of a list
	XML         any // by the name of the outermost element
}

// maxQuery is as much as a body may hold.
const maxQuery = 64<<10 + 4<<10

// Read takes a request apart. Its errors are those of channels.Adapter, and quote nothing of it.
func Read(r *http.Request, as Bodies) (*Request, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, channels.ErrTooLarge
	}
	got := &Request{Request: r}
	var err error
	if got.Body, err = channels.ReadBody(r); err != nil {
		return nil, err
	}
	if got.Query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, channels.BadRequest("the query can't be read")
	}
	if as.Form {
		if got.Form, err = url.ParseQuery(string(got.Body)); err != nil {
			return nil, channels.BadRequest("the body is not a form")
		}
	}
	blank := len(bytes.TrimSpace(got.Body)) == 0
	if as.JSON && !blank {
		decoder := json.NewDecoder(bytes.NewReader(got.Body))
		decoder.UseNumber() // a phone number is no number
		if err := decoder.Decode(&got.JSON); err != nil || decoder.More() {
			return nil, channels.BadRequest("the body is not JSON")
		}
	}
	if as.XML && !blank {
		if got.XML, err = readXML(got.Body); err != nil {
			return nil, channels.BadRequest("the body is not XML")
		}
	}
	return got, nil
}

// At returns a field as the gateway has sent it; ok is false where there is none.
func (r *Request) At(p Place) (value string, ok bool) {
	switch p.In {
	case "body":
		return string(r.Body), r.Method != http.MethodGet
	case "query":
		return r.Query.Get(p.Name), r.Query.Has(p.Name)
	case "form":
		return r.Form.Get(p.Name), r.Form.Has(p.Name)
	case "header":
		return r.Header.Get(p.Name), len(r.Header.Values(p.Name)) > 0
	case "json":
		return scalar(Descend(r.JSON, p.Name))
	case "xml":
		return scalar(Descend(r.XML, p.Name))
	}
	return "", false
}

// Descend follows a path such as "data.messages.0.text".
func Descend(in any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch value := in.(type) {
		case map[string]any:
			in = value[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(value) {
				return nil
			}
			in = value[i]
		default:
			return nil
		}
	}
	return in
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case map[string]any: // an element with attributes
		text, ok := v[elementText].(string)
		return text, ok
	}
	return "", false
}

// jsonAt is a field of the request as JSON: null where there is none.
func (r *Request) jsonAt(p Place) string {
	var v any
	if p.In == "json" {
		v = Descend(r.JSON, p.Name)
	} else if text, ok := r.At(p); ok {
		v = text
	}
	out, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(out)
}
