package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// elementText is where an element that has attributes keeps its text. No path can name it.
const elementText = ""

// maxDepth is how deep elements may stand in each other.
const maxDepth = 64

var errXML = errors.New("not XML")

// readXML reads XML as JSON is read: an element is a map of what stands in it, or its text where that is all; elements of one name
// are a list; an attribute is "@name". Prefixes of names are dropped, and no entity but XML's own is known.
func readXML(body []byte) (any, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		c, ok := CharsetNamed(name)
		if !ok {
			return nil, errXML
		}
		all, err := io.ReadAll(in)
		return strings.NewReader(c.Decode(string(all))), err
	}
	type element struct {
		name string
		in   map[string]any
		text strings.Builder
	}
	open := []*element{{in: map[string]any{}}}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		inner := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if len(open) > maxDepth {
				return nil, errXML
			}
			e := &element{name: token.Name.Local, in: map[string]any{}}
			for _, a := range token.Attr {
				e.in["@"+a.Name.Local] = a.Value
			}
			open = append(open, e)
		case xml.CharData:
			inner.text.Write(token)
		case xml.EndElement:
			open = open[:len(open)-1]
			add(open[len(open)-1].in, inner.name, valueOf(inner.in, inner.text.String()))
		}
	}
	if len(open) != 1 || len(open[0].in) == 0 {
		return nil, errXML
	}
	return open[0].in, nil
}

func valueOf(in map[string]any, text string) any {
	if len(in) == 0 {
		return text
	}
	in[elementText] = text
	return in
}

func add(to map[string]any, name string, value any) {
	switch before := to[name].(type) {
	case nil:
		to[name] = value
	case []any:
		to[name] = append(before, value)
	default:
		to[name] = []any{before, value}
	}
}
