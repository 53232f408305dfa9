package desk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/topup"
)

// eachFile parses the packages' files that are no tests.
func eachFile(t *testing.T, packages []string, visit func(*ast.File, *token.FileSet)) {
	t.Helper()
	for _, dir := range packages {
		names, err := filepath.Glob("../../" + dir + "/*.go")
		if err != nil || len(names) == 0 {
			t.Fatal(dir, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			visit(file, set)
		}
	}
}

// literal is the text of a string that stands in the source, in one piece or several.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok := literal(e.X)
		right, also := literal(e.Y)
		return left + right, ok && also && e.Op == token.ADD
	}
	return "", false
}

// called is the name of the function that is called, without its package.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

var (
	inBraces = regexp.MustCompile(`\{[a-z]+\}`)
	letters  = regexp.MustCompile(`[A-Za-z]`)
)

// sentencesInSource are those that the packages say, and where.
func sentencesInSource(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	eachFile(t, []string{"operators", "app"}, func(file *ast.File, set *token.FileSet) {
		ast.Inspect(file, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || len(c.Args) == 0 {
				return true
			}
			if name := called(c); name != "Say" && name != "refusal" {
				return true
			}
			if text, ok := literal(c.Args[0]); ok {
				all[text] = set.Position(c.Pos()).String()
			} else if _, variable := c.Args[0].(*ast.Ident); !variable || filepath.Base(set.Position(c.Pos()).Filename) != "sentence.go" {
				t.Errorf("%s: write the sentence where it is said, so that it can be found", set.Position(c.Pos()))
			}
			return true
		})
	})
	if len(all) < 150 {
		t.Fatalf("only %d sentences found", len(all))
	}
	return all
}

// TestSentencesAreInEachLanguage compares what the packages say with the desk's words for it.
func TestSentencesAreInEachLanguage(t *testing.T) {
	said := sentencesInSource(t)
	all, err := readSentences(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range operators.DeskLanguages() {
		if language == defaultLanguage {
			continue
		}
		own := all[language]
		for english, where := range said {
			if !letters.MatchString(inBraces.ReplaceAllString(english, "")) {
				continue // names alone are the same in each language
			}
			if !own.has(english) {
				t.Errorf("%s: %s has no words for %q", where, language, english)
				continue
			}
			count := map[string]int{}
			for _, b := range inBraces.FindAllString(english, -1) {
				count[b]++
			}
			for _, b := range inBraces.FindAllString(own[english], -1) {
				count[b]--
			}
			for b, n := range count {
				if n != 0 {
					t.Errorf("%s: %q: %s stands in one language alone", language, english, b)
				}
			}
		}
		errs := errorsInSource(t)
		for english := range own {
			if said[english] == "" && errs[english] == "" {
				t.Errorf("%s: nobody says %q", language, english)
			}
		}
		for english, where := range errs {
			if !own.has(english) {
				t.Errorf("%s: %s has no words for %q", where, language, english)
			}
		}
	}
}

// shownErrors are the packages whose refusals the desk shows, and the names of those that it never meets: they are commands', or a customer's.
var shownErrors = map[string]string{
	"operators":  "errUnread|errNoCursor|errNoLink|errBadPasswordHash|errNotSearched|ErrKeyMoved|ErrKeyUnused|errNoDeedCursor|errNotPositive|errNoWay|errSame|errNoDraft|ErrNoVersion",
	"accounts":   "errBadPIN|errBadHash|ErrWeakPIN|ErrNothingTaken|ErrNotJudged|ErrCodeExpired|ErrWrongCode|ErrTooManyCodes|ErrCodesSpent|ErrHardLocked",
	"topup":      "ErrUnknownNumber|ErrNetworkDown|ErrKeyReused|ErrOrderIDTaken|ErrOutOfRange|ErrWrongStep|ErrRecipient|errTooLate|errUnread|ErrBlocked|ErrInstrumentEnded",
	"developers": "errPrivate",
	"prepaid":    "ErrNeverEnds|ErrSealed|ErrNotAnAccount|ErrTooManyDecimals|ErrOverflow|ErrNotMoney",
}

// errorsInSource are the refusals that have a name, and where they are.
func errorsInSource(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for dir, never := range shownErrors {
		left := map[string]bool{}
		for _, name := range strings.Split(never, "|") {
			left[name] = true
		}
		eachFile(t, []string{dir}, func(file *ast.File, set *token.FileSet) {
			if name := filepath.Base(set.Position(file.Pos()).Filename); strings.HasPrefix(name, "brands") || strings.HasPrefix(name, "cards") {
				return // of commands alone
			}
			ast.Inspect(file, func(n ast.Node) bool {
				v, ok := n.(*ast.ValueSpec)
				if !ok || len(v.Values) != 1 || left[v.Names[0].Name] {
					return true
				}
				if c, ok := v.Values[0].(*ast.CallExpr); ok && called(c) == "New" {
					if text, ok := literal(c.Args[0]); ok {
						all[text] = set.Position(c.Pos()).String()
					}
				}
				return true
			})
		})
	}
	return all
}

// deedMakers make a deed of what one of their arguments names.
var deedMakers = []string{"personDeed", "customerDeed", "brandDeed", "keyDeed", "onCustomer", "signedIn", "own", "deed", "Deed"}

// deedsInSource are the names that deeds are given.
func deedsInSource(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	add := func(e ast.Expr, set *token.FileSet) {
		if text, ok := literal(e); ok && text != "" {
			all[strings.TrimSuffix(text, ": ")] = set.Position(e.Pos()).String()
		}
		if b, ok := e.(*ast.BinaryExpr); ok { // "repeat delivery " + id, "see " + what
			if text, ok := literal(b.X); ok {
				all[strings.TrimRight(text, ": ")] = set.Position(e.Pos()).String()
			}
		}
	}
	eachFile(t, []string{"operators", "store", "developers", "topup", "cards", "web/desk"}, func(file *ast.File, set *token.FileSet) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Type.Results == nil || len(n.Type.Results.List) != 1 {
					return true
				}
				if s, ok := n.Type.Results.List[0].Type.(*ast.SelectorExpr); ok && s.Sel.Name == "Deed" && !slices.Contains(deedMakers, n.Name.Name) {
					t.Errorf("%s makes deeds: name it in deedMakers", set.Position(n.Pos()))
				}
			case *ast.CallExpr:
				if slices.Contains(deedMakers, called(n)) {
					for _, a := range n.Args {
						add(a, set)
					}
				}
			case *ast.CompositeLit:
				if s, ok := n.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "Deed" {
					for _, e := range n.Elts {
						if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "What" {
							add(kv.Value, set)
						}
					}
				}
			}
			return true
		})
	})
	return all
}

// TestReasonsOfOursHaveWords looks at why deeds were done that nobody was asked about.
func TestReasonsOfOursHaveWords(t *testing.T) {
	all, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	eachFile(t, []string{"operators", "store", "app/core"}, func(file *ast.File, set *token.FileSet) {
		ast.Inspect(file, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			name, ok := kv.Key.(*ast.Ident)
			if !ok || name.Name != "Why" {
				return true
			}
			why := kv.Value
			if b, two := why.(*ast.BinaryExpr); two { // "groups of " + issuer
				why = b.X
			}
			text, ok := literal(why)
			if text = strings.TrimRight(text, ": "); !ok || text == "" || text == "to be said" { // of plans alone
				return true
			}
			found++
			for language, own := range all {
				if !own.has("why." + wordKey(text)) {
					t.Errorf("%s: %s: the record has no words for %q", language, set.Position(n.Pos()), text)
				}
			}
			return true
		})
	})
	if found < 6 {
		t.Errorf("only %d reasons found", found)
	}
}

func TestDeedsHaveWordsInEachLanguage(t *testing.T) {
	all, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	names := deedsInSource(t)
	for _, kind := range operators.OperationKinds() {
		names[kind] = "an operation"
	}
	for _, action := range topup.OperatorActions() {
		names[string(action)] = "an action on an order"
	}
	for _, action := range []cards.Action{cards.Release, cards.Lock, cards.Unlock, cards.Withdraw} {
		names[string(action)+" cards"] = "an action on cards"
	}
	for _, sight := range []operators.Sight{operators.SeesNumber, operators.SeesConversation} {
		names["see "+string(sight)] = "a sight"
	}
	for _, s := range []operators.ApprovalStatus{operators.ApprovalLapsed, operators.ApprovalFailed} {
		names[string(s)] = "an approval"
	}
	if len(names) < 60 {
		t.Fatalf("only %d names of deeds", len(names))
	}
	for language, own := range all {
		v := &visit{Desk: &Desk{words: all}, language: language}
		for name, where := range names {
			if !own.has("deed."+wordKey(name)) && v.deedName(name+" x") == name+" x" {
				t.Errorf("%s: %s: the record has no words for %q", where, language, name)
			}
		}
	}
}
