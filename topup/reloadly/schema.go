package reloadly

import (
	"encoding/json"
	"reflect"
	"strings"
)

// schemas turns the wire's types into JSON schemas (2020-12, as OpenAPI 3.1 has it), each struct under its name.
// What a request may hold is wider than what an answer does: numbers come as strings too.
type schemas map[string]any

// side is a side of the wire.
type side int

const (
	answers side = iota
	requests
)

// of is the schema of a type, on one side of the wire.
func (s schemas) of(t reflect.Type, on side) map[string]any {
	switch t {
	case reflect.TypeFor[Number]():
		if on == requests {
			return map[string]any{"type": []string{"number", "string"}, "pattern": `^-?[0-9]+(\.[0-9]+)?$`}
		}
		return map[string]any{"type": "number"}
	case reflect.TypeFor[Text]():
		return map[string]any{"type": "string"}
	case reflect.TypeFor[State]():
		return map[string]any{"type": "string", "enum": []State{Successful, Processing, Refunded, Failed}}
	case reflect.TypeFor[ID]():
		if on == requests {
			return map[string]any{"type": []string{"integer", "string"}, "pattern": "^[0-9]+$"}
		}
		return map[string]any{"type": "integer", "format": "int64"}
	case reflect.TypeFor[Flag]():
		return map[string]any{"type": []string{"boolean", "string"}, "enum": []any{true, false, "true", "false", nil}}
	case reflect.TypeFor[json.RawMessage]():
		return map[string]any{"type": "array", "items": map[string]any{}, "maxItems": 0}
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.of(t.Elem(), on)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem(), on)}
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{s.of(t.Elem(), on), map[string]any{"type": "null"}}}
	}
	return s.object(t, on)
}

// orNull adds null to the schema of a type that is written so where there is nothing to say.
func orNull(schema map[string]any, t reflect.Type, on side) {
	switch t {
	case reflect.TypeFor[ID]():
		if on == answers {
			return
		}
	case reflect.TypeFor[Number](), reflect.TypeFor[Text](), reflect.TypeFor[Flag]():
	default:
		return
	}
	switch kinds := schema["type"].(type) {
	case string:
		schema["type"] = []string{kinds, "null"}
	case []string:
		schema["type"] = append(kinds, "null")
	}
}

// object keeps the schema of a struct, and refers to it.
func (s schemas) object(t reflect.Type, on side) map[string]any {
	name := typeName(t)
	if _, done := s[name]; !done {
		s[name] = nil // it may hold itself
		properties, required := map[string]any{}, []string{}
		for field := range fields(t) {
			always := field.Tag.Get("wire") == "always"
			property := s.of(field.Type, on)
			if !always {
				orNull(property, field.Type, on)
			}
			if about := field.Tag.Get("doc"); about != "" {
				property["description"] = about
			}
			wireName := nameOf(field)
			properties[wireName] = property
			if always || on == answers {
				required = append(required, wireName)
			}
		}
		s[name] = map[string]any{"type": "object", "properties": properties, "required": required, "example": example(t)}
	}
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

// typeName is what a type is called in the document: "TransactionPage".
func typeName(t reflect.Type) string {
	name, of, generic := strings.Cut(t.Name(), "[")
	if generic {
		name = of[strings.LastIndex(of, ".")+1:len(of)-1] + name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// fields are those that are on the wire.
func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if t.Field(i).Tag.Get("json") != "-" && !yield(t.Field(i)) {
				return
			}
		}
	}
}

func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// example is a value of the type as its fields' examples make it, with every field in its order.
func example(t reflect.Type) any { return exampleValue(t, "").Interface() }

// none is the example of what is null.
const none = "-"

func exampleValue(t reflect.Type, text string) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case text == none:
	case t == reflect.TypeFor[Number]() || t == reflect.TypeFor[ID]() || t == reflect.TypeFor[Flag]() || t.Kind() == reflect.Int || t.Kind() == reflect.Bool:
		if text != "" {
			if err := json.Unmarshal([]byte(text), v.Addr().Interface()); err != nil {
				panic("example of " + t.Name() + ": " + err.Error())
			}
		}
	case t == reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte("[]"))
	case t.Kind() == reflect.String:
		v.SetString(text)
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(exampleValue(t.Elem(), text))
	case t.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(t, 0, 1))
		if text != "" {
			v.Set(reflect.Append(v, exampleValue(t.Elem(), text)))
		}
	case t.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(t))
	case t.Kind() == reflect.Struct:
		for field := range fields(t) {
			v.FieldByIndex(field.Index).Set(exampleValue(field.Type, field.Tag.Get("example")))
		}
	}
	return v
}

// exampleOf is the example of what an endpoint asks for or answers: of a list, a list of one.
func exampleOf(v any) any {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Slice {
		return exampleValue(t, "one").Interface()
	}
	return example(t)
}
