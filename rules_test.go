// Package pulsa_test holds the rules that keep the house in order: who may import whom, and what no file may do.
package pulsa_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// importRule is one row of the table of who may import whom.
type importRule struct {
	folder  string // a pattern of path.Match
	allowed []string
	reason  string
}

// mayImport lists, for each folder, the folders of ours that it may import beside prepaid. Tests may import
// more: they stand on real stores.
var mayImport = []importRule{
	{".", nil, "the root holds no program, only these rules"},
	{"cmd/pulsa", []string{"app", "app/*", "operators", "accounts", "topup", "cards", "developers", "conversation", "conversation/talk", "conversation/talk/harness", "cmd/pulsa/term", "yamlfile"}, "it parses flags, calls one operation and prints: no store, no adapter, no simulator"},
	{"cmd/pulsa/term", nil, "tables and questions know no rule of the business"},
	{"app", []string{"*", "*/*", "*/*/*"}, "it puts the whole program together"},
	{"app/apptest", []string{"app/config", "app/core", "channels", "channels/fake", "conversation/talk", "conversation/talk/harness", "operators", "store/scratch", "store/storetest", "topup"}, "what tests of the program share; app's own tests import it, so it knows no app"},
	{"app/config", []string{"channels/httpsms", "channels/ussd", "channels/wire", "conversation", "developers", "operators", "payments", "yamlfile"}, "it says what a brand is, and is checked against what the conversations and the gateways' settings understand"},
	{"yamlfile", nil, "files that people write are read alike: it knows what none of them means"},
	{"app/version", nil, "a build knows nothing but itself"},
	{"prepaid", nil, "everybody shares it: it must not pull anybody in"},
	{"prepaid/race", nil, "tests of all packages ask it"},
	{"accounts", nil, "a domain knows no other"},
	{"topup", nil, "a domain knows no other; money moves through its ports"},
	{"channels", nil, "the contract with providers knows no conversation"},
	{"payments", []string{"topup"}, "it implements topup.Funding"},
	{"cards", []string{"topup"}, "it implements topup.Funding"},
	{"channels/httpsms", []string{"channels", "channels/wire"}, "gateways are read and answered as configured, as in channels/ussd"},
	{"channels/ussd", []string{"channels", "channels/wire"}, "gateways are read and answered as configured, as in channels/httpsms"},
	{"channels/ussd/ussdtest", nil, "it plays gateways from outside, for tests of the adapter and of the program"},
	{"channels/ussd/ussdbuildertest", nil, "it compares the adapter with another program, in a test alone"},
	{"channels/*", []string{"channels"}, "an adapter knows the one contract that it implements, and no other adapter"},
	{"developers", []string{"topup", "topup/reloadly"}, "it is what the API's wire stands on, and implements topup.Funding"},
	{"payments/*", []string{"payments", "topup"}, "a gateway knows the contract that it implements, whose results are topup's, and no other gateway"},
	{"payments/stripe/stripetest", []string{"payments/paymentstest"}, "it plays Stripe by Stripe's documents: it knows nothing of the adapter that it tries"},
	{"app/core", []string{"*", "app/config", "store/sessions"}, "it wires what does not depend on a provider: no adapter, no gateway, no network"},
	{"web/guard", []string{"channels"}, "it goes around every handler"},
	{"sim", []string{"operators", "payments", "topup", "topup/reloadly", "sim/*", "web/guard"}, "both simulators and their faces; it knows no program"},
	{"sim/gateway", []string{"payments", "topup", "sim/book"}, "the simulated gateway knows the one contract that it implements"},
	{"sim/network", []string{"topup", "sim/book"}, "the simulated network knows the one contract that it implements"},
	{"topup/reloadly", []string{"accounts", "payments", "topup", "cards", "channels"}, "a face of the program, through interfaces of its own"},
	{"sim/book", nil, "both simulators write into it and must not meet there"},
	{"conversation", []string{"channels", "accounts", "payments", "topup", "cards", "yamlfile"}, "it speaks for the domains, and knows no adapter and no store"},
	{"conversation/talk", nil, "a script reaches a program only through talk's own interfaces"},
	{"conversation/talk/harness", []string{"*", "app/core", "app/config", "channels/fake", "conversation/talk", "sim/*", "store/scratch"}, "stories run on the core and on simulators: a changed prompt compiles no provider's library"},
	{"operators", []string{"accounts", "payments", "topup", "cards", "developers", "channels"}, "the domains, through interfaces of its own; no store, no adapter"},
	{"store", []string{"accounts", "topup", "developers", "payments", "cards", "channels", "conversation", "operators", "store/*"}, "it implements their ports"},
	{"store/migrations", nil, "it holds SQL only"},
	{"store/sessions", []string{"conversation", "channels"}, "it implements conversation's sessions, and nothing of SQL's"},
	{"store/sessions/*", []string{"conversation", "channels", "store/sessions"}, "the suite of the sessions' contract"},
	{"store/scratch", []string{"channels", "store"}, "it reads a store whole, for scripts and tests"},
	{"store/storetest", []string{"accounts", "prepaid/race", "topup", "topup/reloadly", "developers", "payments", "cards", "channels", "conversation", "operators", "store", "store/*"}, "the suite of both databases"},
	{"channels/httpsms/kanneltest", nil, "it tries the program from outside, with a gateway and a network that others have written"},
	{"channels/telegram/emulatortest", nil, "it tries the program from outside, on an emulator"},
	{"topup/reloadly/apitest", nil, "it tries the program from outside, with programs of others"},
	{"web/desk/browsertest", nil, "it tries the program from outside, in a browser"},
	{"web/phone/browsertest", nil, "it tries the program from outside, in a browser"},
	{"web/ui", []string{"web/guard"}, "pages of all kinds stand on it: it knows none of them, and no rule of the business"},
	{"web/desk", []string{"operators", "topup", "accounts", "payments", "cards", "developers", "channels", "web/guard", "web/ui", "yamlfile"}, "a face of the program, through interfaces of its own: no store, no conversation"},
	{"web/links", []string{"payments", "web/guard", "web/ui"}, "it forwards to gateways' pages, through interfaces of its own"},
	{"web/phone", []string{"accounts", "payments", "topup", "cards", "channels", "conversation/talk", "web/guard", "web/ui"}, "a face of the program, through interfaces of its own"},
}

// onlyIn lists modules that only some files may import, by a prefix of their path.
var onlyIn = []struct {
	module string
	where  []string // folders or files
	reason string
}{
	{"github.com/looplab/fsm", []string{"conversation/machine.go"}, "its traps are handled in one place"},
	{"github.com/twilio/twilio-go", []string{"channels/twilio"}, "it takes long to build, and its traps are handled in one place"},
	{"github.com/go-telegram-bot-api", []string{"channels/telegram"}, "its errors hold the token"},
	{"github.com/stripe/stripe-go", []string{"payments/stripe"}, "a gateway is one adapter"},
	{"github.com/redis/go-redis", []string{"store/sessions", "app"}, "Redis holds the conversation and nothing else"},
	{"github.com/santhosh-tekuri/jsonschema", []string{"app/*_test.go"}, "only tests use it"},
	{"github.com/alicebob/miniredis", []string{"store/sessions", "app/*_test.go"}, "only tests use it"},
	{"github.com/jmoiron/sqlx", []string{"store"}, "SQL lives in the store"},
	{"database/sql", []string{"store"}, "SQL lives in the store"},
	{"github.com/jackc/pgx", []string{"store"}, "SQL lives in the store"},
	{"modernc.org/sqlite", []string{"store"}, "SQL lives in the store"},
	{"github.com/pressly/goose", []string{"store"}, "SQL lives in the store"},
	{"github.com/alecthomas/kong", []string{"cmd/pulsa"}, "only the program has a command line"},
	{"github.com/pquerna/otp", []string{"operators"}, "one-time passwords are checked in one place"},
	{"github.com/alexedwards/scs", []string{"web/desk"}, "sessions of the desk are its own"},
	{"github.com/coreos/go-oidc", []string{"web/desk"}, "people sign in on the desk"},
	{"golang.org/x/oauth2", []string{"web/desk"}, "people sign in on the desk"},
	{"rsc.io/qr", []string{"web/desk"}, "one QR code is shown"},
	{"github.com/oauth2-proxy/mockoidc", []string{"app/*_test.go"}, "only tests use it"},
	{"github.com/prometheus/", []string{"app"}, "domains report through functions, not through a library"},
}

// prepaidImports is what the shared vocabulary stands on beside the standard library.
var prepaidImports = []string{"github.com/nyaruka/phonenumbers", "golang.org/x/text/unicode/norm"}

type goPackage struct {
	Dir, ImportPath, Name, Doc                         string
	GoFiles, TestGoFiles, XTestGoFiles, IgnoredGoFiles []string
}

// source is one Go file, read.
type source struct {
	folder, name string // "conversation", "machine.go"
	test         bool   // a test, or a package that only tests import
	fset         *token.FileSet
	file         *ast.File
}

func (s source) path() string { return path.Join(s.folder, s.name) }

func (s source) at(n ast.Node) string {
	return s.path() + ":" + strconv.Itoa(s.fset.Position(n.Pos()).Line)
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	// -e: a package that does not build is the compiler's to report.
	text, err := exec.Command("go", "list", "-e", "-json=Dir,ImportPath,Name,Doc,GoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []goPackage
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func (p goPackage) folder() string {
	return path.Clean(strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, "pulsa"), "/"))
}

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	for _, p := range packages(t) {
		for _, name := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles, p.IgnoredGoFiles) {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			test := strings.HasSuffix(name, "_test.go") || strings.HasSuffix(p.Name, "test")
			list = append(list, source{p.folder(), name, test, fset, file})
		}
	}
	if len(list) < 20 {
		t.Fatalf("only %d files found", len(list))
	}
	return list
}

func (s source) imports() map[string]*ast.ImportSpec {
	all := map[string]*ast.ImportSpec{}
	for _, spec := range s.file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		all[name] = spec
	}
	return all
}

func matches(folder string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, _ := path.Match(pattern, folder)
		return ok
	})
}

func TestPackagesImportOnlyWhatTheyMay(t *testing.T) {
	for _, s := range sources(t) {
		i := slices.IndexFunc(mayImport, func(r importRule) bool { return matches(s.folder, []string{r.folder}) })
		if i < 0 {
			t.Errorf("%s: the folder has no row in mayImport: say whom it may import, and why", s.path())
			continue
		}
		if strings.HasSuffix(s.name, "_test.go") {
			continue
		}
		rule := mayImport[i]
		for name, spec := range s.imports() {
			folder, ours := strings.CutPrefix(name, "pulsa/")
			if ours && folder != "prepaid" && !matches(folder, rule.allowed) {
				t.Errorf("%s: %s must not import %s: %s", s.at(spec), s.folder, folder, rule.reason)
			}
			if s.folder == "prepaid" && !ours && strings.Contains(name, ".") && !slices.Contains(prepaidImports, name) {
				t.Errorf("%s: prepaid stands on the standard library, phonenumbers and Unicode's normal forms, not on %s", s.at(spec), name)
			}
		}
	}
}

// mostLines bounds packages that must not become a second library, in lines of Go without tests. A folder counts with those below it.
var mostLines = []struct {
	folder string
	lines  int
	reason string
}{
	{"cmd/pulsa", 2760, "what an operator or a page could do too belongs in operators or app"},
	{"cmd/pulsa/term", 600, "it prints tables and asks questions"},
}

func TestCommandsStayThin(t *testing.T) {
	for _, most := range mostLines {
		lines := 0
		for _, s := range sources(t) {
			if !s.test && (s.folder == most.folder || strings.HasPrefix(s.folder, most.folder+"/")) {
				lines += s.fset.File(s.file.Pos()).LineCount()
			}
		}
		if lines == 0 || lines > most.lines {
			t.Errorf("%s has %d lines of Go, at most %d: %s", most.folder, lines, most.lines, most.reason)
		}
	}
}

func TestModulesStayInTheirRoom(t *testing.T) {
	for _, s := range sources(t) {
		for name, spec := range s.imports() {
			for _, rule := range onlyIn {
				if strings.HasPrefix(name, rule.module) && !s.isIn(rule.where) {
					t.Errorf("%s: %s only in %s: %s", s.at(spec), rule.module, strings.Join(rule.where, ", "), rule.reason)
				}
			}
		}
	}
}

// isIn reports whether the file is one of the places, or stands somewhere below one.
func (s source) isIn(places []string) bool {
	return slices.ContainsFunc(places, func(place string) bool {
		ok, _ := path.Match(place, s.path())
		return ok || strings.HasPrefix(s.path(), place+"/")
	})
}

func TestNothingHappensBeforeMain(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: no init(): wire.go calls what must be called", s.at(f))
			}
		}
		for name, spec := range s.imports() {
			if spec.Name != nil && spec.Name.Name == "_" && name != "embed" && name != "time/tzdata" && !s.isIn([]string{"store"}) {
				t.Errorf("%s: no blank import but time zones, and database drivers in store", s.at(spec))
			}
		}
	}
}

func TestTimeComesFromAClock(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.isIn([]string{"prepaid/clock.go", "conversation/talk/harness"}) {
			continue
		}
		spec := s.imports()["time"]
		if spec == nil {
			continue
		}
		name := "time"
		if spec.Name != nil {
			name = spec.Name.Name
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			use, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := use.X.(*ast.Ident); ok && x.Name == name && slices.Contains([]string{"Now", "Since", "Until"}, use.Sel.Name) {
				t.Errorf("%s: no time.%s: ask a prepaid.Clock or take now as an argument, so that a script can let a month pass", s.at(use), use.Sel.Name)
			}
			return true
		})
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// kindNames are the adapters, and the kinds of channels that they serve.
var kindNames = []string{"sms", "whatsapp", "telegram", "ussd", "web", "fake", "twilio", "httpsms"}

// knowsKinds lists who may ask for a kind of channel by its name.
var knowsKinds = []struct{ where, reason string }{
	{"channels/*", "an adapter knows its own kinds"},
	{"channels/kind.go", "it is the table of what each kind can do"},
	{"conversation/talk", "kinds are words of the scripts' language, which may not know the channels"},
}

func TestNoKindOfChannelIsAskedForByName(t *testing.T) {
	for _, s := range sources(t) {
		exempt := slices.ContainsFunc(knowsKinds, func(k struct{ where, reason string }) bool {
			return matches(s.folder, []string{k.where}) || s.path() == k.where
		})
		if s.test || exempt {
			continue
		}
		forbid := func(compared ...ast.Expr) {
			for _, e := range compared {
				if name := kindNamed(s, e); name != "" {
					t.Errorf("%s: compared with %s: what differs between kinds of channels is a field of channels.Capabilities or an optional interface of the adapter, so that a new kind changes no code that serves all", s.at(e), name)
				}
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if n.Op == token.EQL || n.Op == token.NEQ {
					forbid(n.X, n.Y)
				}
			case *ast.CaseClause:
				forbid(n.List...)
			}
			return true
		})
	}
}

// kindNamed returns how an expression names a kind of channel or an adapter, "" where it does not: a string, or a
// constant of package channels, converted or not.
func kindNamed(s source, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); e.Kind == token.STRING && err == nil && slices.Contains(kindNames, text) {
			return e.Value
		}
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok && x.Name == "channels" && slices.Contains(kindNames, strings.ToLower(e.Sel.Name)) {
			return "channels." + e.Sel.Name
		}
	case *ast.Ident:
		if s.folder == "channels" && slices.Contains(kindNames, strings.ToLower(e.Name)) && e.IsExported() {
			return e.Name
		}
	case *ast.CallExpr:
		if len(e.Args) == 1 {
			return kindNamed(s, e.Args[0])
		}
	case *ast.ParenExpr:
		return kindNamed(s, e.X)
	}
	return ""
}
