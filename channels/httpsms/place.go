package httpsms

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

// place says where a field stands in a request: "query.from", "form.from", "json.data.0.from", "header.X-From", or "body" where it is the
// whole body.
type place struct{ in, name string }

var errPlace = errors.New("write where it stands: query.NAME, form.NAME, header.NAME, json.PATH, such as json.message.text, or body")

func parsePlace(text string) (place, error) {
	in, name, _ := strings.Cut(text, ".")
	switch {
	case text == "body":
		return place{in: "body"}, nil
	case name == "":
		return place{}, errPlace
	case in == "header" && !headerName.MatchString(name):
		return place{}, errPlace
	case in != "query" && in != "form" && in != "json" && in != "header":
		return place{}, errPlace
	}
	return place{in, name}, nil
}

// isPlace tells a place from a word.
func isPlace(text string) bool {
	_, err := parsePlace(text)
	return err == nil
}

// request is one request of a gateway, taken apart as far as the line asks.
type request struct {
	*http.Request

	body        []byte
	query, form url.Values
	json        any // the whole body, or one message of a list
}

// maxQuery is as much as a body may hold.
const maxQuery = 64<<10 + 4<<10

func readRequest(r *http.Request, l *line) (*request, error) {
	if len(r.URL.RawQuery) > maxQuery || l.textAt.in == "header" && len(r.Header.Get(l.textAt.name)) > maxQuery {
		return nil, channels.ErrTooLarge
	}
	got := &request{Request: r}
	var err error
	if got.body, err = channels.ReadBody(r); err != nil {
		return nil, err
	}
	if got.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, channels.BadRequest("the query can't be read")
	}
	if l.readsForm {
		if got.form, err = url.ParseQuery(string(got.body)); err != nil {
			return nil, channels.BadRequest("the body is not a form")
		}
	}
	if l.readsJSON && len(bytes.TrimSpace(got.body)) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(got.body))
		decoder.UseNumber() // a phone number is no number
		if err := decoder.Decode(&got.json); err != nil || decoder.More() {
			return nil, channels.BadRequest("the body is not JSON")
		}
	}
	return got, nil
}

// at returns a field as the gateway has sent it; ok is false where there is none.
func (r *request) at(p place) (value string, ok bool) {
	switch p.in {
	case "body":
		return string(r.body), r.Method != http.MethodGet
	case "query":
		return r.query.Get(p.name), r.query.Has(p.name)
	case "form":
		return r.form.Get(p.name), r.form.Has(p.name)
	case "header":
		return r.Header.Get(p.name), len(r.Header.Values(p.name)) > 0
	case "json":
		return scalar(descend(r.json, p.name))
	}
	return "", false
}

// descend follows a path such as "data.messages.0.text".
func descend(in any, path string) any {
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
	}
	return "", false
}
