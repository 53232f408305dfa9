package operators

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every type that is an Operation is named in operationKinds, once, and is read back as it was stored.
func TestEveryOperationIsReadFromStorage(t *testing.T) {
	var named []string
	kinds := map[string]bool{}
	for _, zero := range operationKinds() {
		rt := reflect.TypeOf(zero)
		named = append(named, rt.Name())
		if kinds[zero.Kind()] || zero.Kind() == "" {
			t.Errorf("kind %q of %s is another's too, or empty", zero.Kind(), rt.Name())
		}
		kinds[zero.Kind()] = true
		op := reflect.New(rt)
		fillFields(t, op.Elem())
		want := op.Elem().Interface().(Operation)
		if want.Kind() != zero.Kind() {
			t.Errorf("%s: Kind depends on the fields", rt.Name())
		}
		stored, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readOperation(want.Kind(), stored)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %+v, %v; want %+v", rt.Name(), got, err, want)
		}
	}
	for _, name := range operationTypes(t) {
		if !slices.Contains(named, name) {
			t.Errorf("%s is not in operationKinds", name)
		}
	}
	if _, err := readOperation("nothing", []byte("{}")); err == nil {
		t.Error("an operation of no kind is read")
	}
}

// operationTypes lists the types of this package that have a method Carry.
func operationTypes(t *testing.T) (names []string) {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "Carry" && f.Recv != nil {
				if id, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
					names = append(names, id.Name)
				} else {
					t.Errorf("%s: an operation is a value, not a pointer", file.Name)
				}
			}
		}
	}
	return names
}

// fillFields gives every field a value.
func fillFields(t *testing.T, v reflect.Value) {
	t.Helper()
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				t.Errorf("%s.%s is not exported: it would be lost in storage", v.Type(), v.Type().Field(i).Name)
				continue
			}
			fillFields(t, v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillFields(t, v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillFields(t, key)
		fillFields(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	default:
		t.Errorf("no value for a %s", v.Type())
	}
}
