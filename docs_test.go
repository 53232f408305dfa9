package pulsa_test

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pulsa/topup"
)

// guides are the documents for contributors: what they name must exist, so that they stay true.
var guides = []string{"README.md", "CONTRIBUTING.md", "docs/architecture.md"}

var (
	quoted     = regexp.MustCompile("`([^`]+)`")
	linked     = regexp.MustCompile(`\]\(([^)#]+)`)
	filePath   = regexp.MustCompile(`^[a-zA-Z0-9_.*-]+(/[a-zA-Z0-9_.*-]+)*/?$`)
	goFile     = regexp.MustCompile(`^[a-z0-9_./]+\.go$`)
	function   = regexp.MustCompile(`^([A-Za-z]+\.)?[A-Za-z0-9_]+\(\)$`)
	namedTests = regexp.MustCompile(`\b(Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]+`)
)

func TestWhatTheGuidesNameExists(t *testing.T) {
	declared := map[string][]string{} // "Service.Place" by file
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				declared[s.path()] = append(declared[s.path()], functionName(f))
			}
		}
	}
	for _, guide := range guides {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Error(err)
			continue
		}
		fenced := false
		for _, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
			}
			if fenced {
				continue
			}
			for _, problem := range untrue(line, path.Dir(guide), declared) {
				t.Errorf("%s: %s", guide, problem)
			}
		}
	}
}

func TestTheTestsThatScriptsNameExist(t *testing.T) {
	known := map[string]bool{}
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test {
				known[f.Name.Name] = true
			}
		}
	}
	for _, file := range append(slices.Clone(guides), ".ci/run", ".ci/long") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, name := range namedTests.FindAllString(string(text), -1) {
			if !known[name] {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
	}
}

func TestTheDrawnStatesAreTheOrdersStates(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, diagram, _ := strings.Cut(string(text), "stateDiagram-v2")
	diagram, _, _ = strings.Cut(diagram, "```")
	drawn := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^ *([a-z_]+) --> ([a-z_]+)`).FindAllStringSubmatch(diagram, -1) {
		drawn[m[1]+" --> "+m[2]] = true
	}
	for from, all := range topup.Transitions() {
		for _, to := range all {
			move := string(from) + " --> " + string(to)
			if !drawn[move] {
				t.Errorf("%s is not drawn", move)
			}
			delete(drawn, move)
		}
	}
	for move := range drawn {
		t.Errorf("%s is drawn, and not legal", move)
	}
}

// untrue lists what a line names that does not exist: files in quotes and links, and functions, written `name()` or
// `Type.name()`, of the file that stands before them in the line.
func untrue(line, folder string, declared map[string][]string) (problems []string) {
	for _, m := range linked.FindAllStringSubmatch(line, -1) {
		if !strings.Contains(m[1], "://") && !exists(path.Join(folder, m[1])) {
			problems = append(problems, "no file "+m[1])
		}
	}
	file := ""
	for _, m := range quoted.FindAllStringSubmatch(line, -1) {
		name := m[1]
		switch {
		case function.MatchString(name):
			if !slices.Contains(declared[file], strings.TrimSuffix(name, "()")) {
				problems = append(problems, "no function "+name+" in the file before it, "+file)
			}
		case goFile.MatchString(name) || filePath.MatchString(name) && strings.Contains(name, "/") && !strings.HasPrefix(name, "./"):
			file = name
			if !exists(name) {
				problems = append(problems, "no file "+name)
			}
		}
	}
	return problems
}

// exists tells whether a file or folder is there; the name may be a pattern.
func exists(name string) bool {
	found, err := filepath.Glob(name)
	return err == nil && len(found) > 0
}

// functionName is "Place", or "Service.Place" for a method.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	if p, ok := receiver.(*ast.StarExpr); ok {
		receiver = p.X
	}
	if g, ok := receiver.(*ast.IndexExpr); ok {
		receiver = g.X
	}
	if name, ok := receiver.(*ast.Ident); ok {
		return name.Name + "." + f.Name.Name
	}
	return f.Name.Name
}
