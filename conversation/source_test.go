package conversation

import (
	"bytes"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// source is this package with its types, for tests of what its code says.
type source struct {
	fset  *token.FileSet
	files []*ast.File
	info  types.Info
	pkg   *types.Package
}

// theSource reads the package once. Of what it imports it takes the types that the go command has compiled for this test anyway.
var theSource = sync.OnceValues(func() (*source, error) {
	var stderr bytes.Buffer
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".")
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, &fs.PathError{Op: "go list", Path: stderr.String(), Err: err}
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	s := &source{fset: token.NewFileSet(), info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}}
	entries, err := os.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			f, err := parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			s.files = append(s.files, f)
		}
	}
	c := types.Config{Importer: importer.ForCompiler(s.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	s.pkg, err = c.Check("pulsa/conversation", s.fset, s.files, &s.info)
	return s, err
})

func mustSource(t *testing.T) *source {
	t.Helper()
	s, err := theSource()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stringConstants lists the constants of one of this package's types that its code holds, each with a place where it stands.
func stringConstants(t *testing.T, typeName string) map[string]string {
	t.Helper()
	s := mustSource(t)
	wanted := s.pkg.Scope().Lookup(typeName).Type()
	found := map[string]string{}
	for expr, tv := range s.info.Types {
		if tv.Value != nil && types.Identical(tv.Type, wanted) && tv.Value.Kind() == constant.String {
			key, at := constant.StringVal(tv.Value), s.fset.Position(expr.Pos()).String()
			if first, ok := found[key]; !ok || at < first {
				found[key] = at // the same in each run
			}
		}
	}
	return found
}

// computed lists where the code converts what is no constant to one of this package's types.
func computed(t *testing.T, typeName string) []string {
	t.Helper()
	s := mustSource(t)
	wanted := s.pkg.Scope().Lookup(typeName).Type()
	var places []string
	for expr, tv := range s.info.Types {
		call, ok := expr.(*ast.CallExpr)
		if ok && tv.Value == nil && s.info.Types[call.Fun].IsType() && types.Identical(tv.Type, wanted) {
			places = append(places, s.fset.Position(expr.Pos()).String())
		}
	}
	return places
}

// imported returns a package that this one imports.
func (s *source) imported(path string) *types.Package {
	i := slices.IndexFunc(s.pkg.Imports(), func(p *types.Package) bool { return p.Path() == path })
	return s.pkg.Imports()[i]
}
