package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pulsa/app"
	"pulsa/cards"
	"pulsa/operators"
	"pulsa/store"
	"pulsa/store/storetest"
)

// cardShop is a brand in a folder of its own, whose cards are treated as a real brand's would be.
type cardShop struct {
	folder, config, database string
	vars                     []string
}

func newCardShop(t *testing.T) cardShop {
	t.Helper()
	commandsAlone(t)
	folder := t.TempDir()
	s := cardShop{folder: folder, config: filepath.Join(folder, "pulsa.yaml"), database: "sqlite:" + filepath.Join(folder, "pulsa.db")}
	if err := os.WriteFile(s.config, []byte(testBrand), 0o600); err != nil {
		t.Fatal(err)
	}
	s.vars = []string{"PULSA_PIN_PEPPER", testKey, "PULSA_CARD_KEY", testKey + "c", "TOKEN", "t", "FROM", "+31300000000",
		"PULSA_CONFIG", s.config, "PULSA_DATA", folder}
	return s
}

// onPostgres is the shop with its cards in PostgreSQL.
func (s cardShop) onPostgres(t *testing.T) cardShop {
	t.Helper()
	s.database = storetest.PostgresURL(t)
	s.vars = append(slices.Clone(s.vars), "PULSA_DATABASE_URL", s.database, "PULSA_REDIS_URL", "redis://127.0.0.1:6379") // no command about cards speaks to it
	return s
}

// onBothDatabases runs a test with shops on either.
func onBothDatabases(t *testing.T, test func(t *testing.T, shop func() cardShop)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, func() cardShop { return newCardShop(t) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, func() cardShop { return newCardShop(t).onPostgres(t) })
	})
}

// run runs a command in this process and returns what it prints.
func (s cardShop) run(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), args, environment(s.vars...), strings.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), err
}

// must is run where nothing may go wrong.
func (s cardShop) must(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, err := s.run(t, "", args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, errs)
	}
	return out
}

// childArgs names the variable that makes TestCardProcess the program itself, with these arguments.
const childArgs = "PULSA_TEST_CARD_ARGS"

// TestCardProcess is no test: it is the program in a process that can be killed.
func TestCardProcess(t *testing.T) {
	text := os.Getenv(childArgs)
	if text == "" {
		t.Skip("only a child process of other tests")
	}
	var args []string
	if err := json.Unmarshal([]byte(text), &args); err != nil {
		t.Fatal(err)
	}
	err := run(context.Background(), args, os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	if err = errors.Join(err, keepPeak()); err != nil {
		fmt.Fprintln(os.Stderr, "pulsa:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is the program as a process of its own; before, if set, is shell that runs first.
func (s cardShop) child(t *testing.T, before string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	self := []string{os.Args[0], "-test.run=^TestCardProcess$"}
	if before != "" {
		self = append([]string{"/bin/sh", "-c", before + `; exec "$0" "$@"`}, self...)
	}
	c := exec.CommandContext(t.Context(), self[0], self[1:]...)
	c.Env = append(os.Environ(), childArgs+"="+string(text))
	for i := 0; i < len(s.vars); i += 2 {
		c.Env = append(c.Env, s.vars[i]+"="+s.vars[i+1])
	}
	output := new(bytes.Buffer)
	c.Stdout, c.Stderr = output, output
	return c, output
}

func (s cardShop) store(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), s.database, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// counts is the line of `cards list --count`, as JSON.
func (s cardShop) counts(t *testing.T, args ...string) map[string]string {
	t.Helper()
	var line map[string]any
	out := s.must(t, append([]string{"cards", "list", "--brand", "shop", "--count", "--format", "json"}, args...)...)
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.UseNumber()
	if err := decoder.Decode(&line); err != nil && out != "" {
		t.Fatal(err)
	}
	counts := map[string]string{}
	for name, value := range line {
		counts[name] = fmt.Sprint(value)
		if _, number := value.(json.Number); number == slices.Contains([]string{"group", "currency", "issued_worth", "spent_worth", "expired_worth", "liability"}, name) {
			t.Errorf("%s is written %#v", name, value)
		}
	}
	return counts
}

var generate = []string{"cards", "generate", "--brand", "shop", "--amount", "10", "--series", "101", "--hold", "--quantity"}

func TestCardCommandsSayWhatToDo(t *testing.T) {
	s := newCardShop(t)
	s.must(t, append(generate, "2")...)
	export := []string{"cards", "export", "--brand", "shop", "--all", "--yes"}
	for want, args := range map[string][]string{
		"quantity must be 1 to 10000000":              append(generate, "0"),
		"quantity must be 1":                          append(generate, "10000001"),
		"code length must be 5 to 32":                 append(generate, "1", "--code-length", "4"),
		"at least 9 digits, not 8: --allow-guessable": append(generate, "11", "--code-length", "8"),
		"expiry must be in the future":                append(generate, "1", "--expires", "2020-01-01"),
		"write a day like":                            append(generate, "1", "--expires", "soon"),
		"has no reseller \"nobody\": create":          append(generate, "1", "--reseller", "nobody"),
		"series must be 1 to 10 letters":              {"cards", "generate", "--brand", "shop", "--amount", "10", "--series", "1/2", "--quantity", "1"},
		"declares no such brand":                      {"cards", "list", "--brand", "nobody"},
		"say why":                                     {"cards", "edit", "--brand", "shop", "--set-status", "lock"},
		"say what to set":                             {"cards", "edit", "--brand", "shop", "--reason", "x"},
		"all of the brand are: --all":                 {"cards", "delete", "--brand", "shop", "--reason", "x"},
		"nothing was changed":                         {"cards", "delete", "--brand", "shop", "--reason", "x", "--all"},
		"is no key of a page":                         {"cards", "list", "--brand", "shop", "--after", "x"},
		"status \"odd\": choose":                      {"cards", "list", "--brand", "shop", "--status", "odd"},
		"has no card with serial":                     {"cards", "show", "--brand", "shop", "101-9"},
		"to whom":                                     append(export, "--out", filepath.Join(s.folder, "x")),
		"is no recipient of age":                      append(export, "--out", filepath.Join(s.folder, "x"), "--recipient", "age1"),
		"no such folder":                              append(export, "--out", filepath.Join(s.folder, "no", "x")),
		"such a file already":                         append(export, "--out", s.config),
		"nothing was imported":                        {"cards", "import", "--brand", "shop", s.odd(t, "serial,code,amount\nx,1,1\n")},
		"at least 7 digits":                           {"cards", "import", "--brand", "shop", "--code-length", "5", s.odd(t, "serial,code,amount\nx-1,12345,10\n")},
		"the file must be CSV":                        {"cards", "import", "--brand", "shop", s.odd(t, "\x7fELF\x00")},
		"is read several times":                       {"cards", "import", "--brand", "shop", os.DevNull},
		"no such job":                                 {"cards", "resume", "--brand", "shop", "x"},
	} {
		if _, _, err := s.run(t, "no\n", args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %s", args, err, want)
		}
	}
	if got := s.counts(t)["generated"]; got != "2" {
		t.Errorf("%s cards", got)
	}
}

func TestAnotherCardKeyIsRefused(t *testing.T) {
	s := newCardShop(t)
	s.must(t, append(generate, "2")...)
	other := s
	other.vars = append(slices.Clone(s.vars), "PULSA_CARD_KEY", testKey+"x")
	both := s
	both.vars = append(slices.Clone(s.vars), "PULSA_CARD_KEY_2", testKey+"d")
	none := s
	none.vars = append(slices.Clone(s.vars), "PULSA_CARD_KEY", "")
	refuses := func(s cardShop, want string) {
		t.Helper()
		for _, args := range [][]string{
			append(generate, "1"), {"cards", "list", "--brand", "shop"}, {"cards", "rekey", "--brand", "shop"}, {"serve", "--listen", "127.0.0.1:0"},
		} {
			if _, _, err := s.run(t, "", args...); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %v; want %s", args, err, want)
			}
		}
		if out, _, err := s.run(t, "", "doctor"); err == nil || !strings.Contains(out, want) {
			t.Errorf("doctor: %v; want %s\n%s", err, want, out)
		}
	}
	refuses(other, "PULSA_CARD_KEY is not the key that the cards in the database are sealed with")
	refuses(none, "set PULSA_CARD_KEY to that one, or restore the file")
	both.must(t, "keys", "use", "2", "--key", "card-key", "--reason", "yearly")
	both.must(t, "cards", "rekey", "--brand", "shop")
	refuses(s, "PULSA_CARD_KEY_2 is not set")
	other.vars = append(slices.Clone(s.vars), "PULSA_CARD_KEY", "", "PULSA_CARD_KEY_2", testKey+"d")
	other.must(t, "cards", "list", "--brand", "shop")
	if got := both.counts(t)["generated"]; got != "2" {
		t.Errorf("%s cards", got)
	}
}

func TestAnImportCanBeTried(t *testing.T) {
	s := newCardShop(t)
	file := s.odd(t, "Status;Serial Number;Amount;PIN Code;Activated;Remarks\n"+
		"new;101-1;10,00;11111111111111;;\nactivated;101-2;10,00;22222222222222;2025-07-01 12:30:00 31612345678;fair\nexpired;101-3;10,00;33333333333333;;\n;;;;;\n")
	read := []string{"cards", "import", "--brand", "shop", file, "--map", "Remarks=-"}
	if got := s.must(t, append(read, "--check")...); got != "1 card to import, worth EUR 10.00, and 1 activated, and 1 expired. Nothing was changed.\n" {
		t.Errorf("checked: %q", got)
	}
	if got := s.must(t, "cards", "list", "--brand", "shop"); got != "Nothing found.\n" {
		t.Errorf("a check has stored %s", got)
	}
	s.must(t, read...)
	got := s.must(t, "cards", "list", "--brand", "shop", "--format", "csv")
	for _, want := range []string{"new,101-1,10.00,EUR", "activated,101-2,10.00,EUR,,2025-07-01T10:30:00Z,+31612345678", "expired,101-3,10.00,EUR"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	if _, _, err := s.run(t, "", append(read, "--check")...); err == nil || !strings.Contains(err.Error(), "line 2: a card with serial 101-1 exists already") {
		t.Errorf("checked again: %v", err)
	}
}

// odd writes a file to import.
func (s cardShop) odd(t *testing.T, text string) string {
	t.Helper()
	file, err := os.CreateTemp(s.folder, "odd")
	if err == nil {
		_, err = file.WriteString(text)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

func TestCardsAreListedForPeopleAndPrograms(t *testing.T) {
	s := newCardShop(t)
	s.must(t, append(generate, "3")...)
	out, _, err := s.run(t, "yes\n", "cards", "release", "--brand", "shop", "--serial", "101-00000002")
	if err != nil || !strings.Contains(out, "To release: 1 generated.") || !strings.Contains(out, "1 card released") {
		t.Errorf("%s, %v", out, err)
	}
	text := s.must(t, "cards", "list", "--brand", "shop", "--limit", "2")
	after := regexp.MustCompile(`next page: --after (\S+)`).FindStringSubmatch(text)
	if after == nil || strings.Contains(text, "\x1b") {
		t.Fatal(text)
	}
	csv := s.must(t, "cards", "list", "--brand", "shop", "--after", after[1], "--format", "csv")
	if lines := strings.Split(strings.TrimSpace(csv), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[1], "new,101-00000003,10.00,EUR,") {
		t.Error(csv)
	}
	all := s.must(t, "cards", "list", "--brand", "shop", "--all", "--format", "json")
	if n := strings.Count(all, "\n"); n != 3 || !strings.Contains(all, `"state":"live"`) {
		t.Error(all)
	}
	if jobs := s.must(t, "cards", "jobs", "--brand", "shop", "--format", "csv"); !strings.Contains(jobs, "release,done,1,1,"+app.OSUser()) {
		t.Error(jobs)
	}
}

func TestATableOfNothingSaysSo(t *testing.T) {
	s := newCardShop(t)
	for args, want := range map[string]string{"": "Nothing found.\n", "--json": "", "--format=json": ""} {
		if got := s.must(t, slices.DeleteFunc([]string{"cards", "list", "--brand", "shop", args}, func(a string) bool { return a == "" })...); got != want {
			t.Errorf("%s: %q", args, got)
		}
	}
}

func TestTheRecordTellsWhatAJobWasToDo(t *testing.T) {
	s := newCardShop(t)
	s.must(t, "resellers", "create", "--brand", "shop", "--name", "kiosk")
	s.must(t, append(generate, "4", "--reseller", "kiosk", "--valid-through", "2090-01-01")...)
	s.must(t, "cards", "edit", "--brand", "shop", "--series", "101", "--to-serial", "101-3", "--amount", "10", "--status", "new,locked",
		"--expires-from", "2080-01-01", "--set-valid-through", "never", "--set-reseller", "none", "--reason", "no contract", "--yes")
	s.must(t, "cards", "export", "--brand", "shop", "--all", "--out", filepath.Join(s.folder, "x.csv"), "--plaintext", "--reason", "test", "--yes")
	if _, _, err := s.run(t, "", "cards", "export", "--brand", "shop", "--all", "--out", filepath.Join(s.folder, "y.csv"), "--plaintext", "--reason", "test"); err == nil || !strings.Contains(err.Error(), "each is exported once") {
		t.Errorf("exported twice: %v", err)
	}
	s.must(t, "cards", "delete", "--brand", "shop", "--all", "--reason", "test", "--yes")
	jobs := s.must(t, "cards", "jobs", "--brand", "shop", "--format", "csv")
	for _, want := range []string{
		`"4 of EUR 10.00, 101-00000001 to 101-00000004, codes of 14 digits, reseller kiosk, valid through 2090-01-01"`,
		`"set valid through for ever, set reseller none; series 101, to 101-3, status new or locked, amount EUR 10.00, expires from 2080-01-01T00:00:00+01:00"`,
		`x.csv in clear; all cards`, `,all cards`,
	} {
		if !strings.Contains(jobs, want+"\n") {
			t.Errorf("%s\nlacks %s", jobs, want)
		}
	}
	edit := regexp.MustCompile(`(\w+),edit,`).FindStringSubmatch(jobs)[1]
	if got := s.must(t, "cards", "jobs", "--brand", "shop", edit); !strings.Contains(got, "edit "+edit+": set valid through for ever, set reseller none; series 101") ||
		!strings.Contains(got, "done, 3 of 3 cards, by "+app.OSUser()+", why: no contract") || !strings.Contains(got, "101-00000001  101-00000003  3") {
		t.Error(got)
	}
	if _, _, err := s.run(t, "", "cards", "jobs", "--brand", "shop", "nobody"); !errors.Is(err, cards.ErrNoJob) {
		t.Error(err)
	}
}

func TestAQuestionEndsWithAnInterrupt(t *testing.T) {
	s := newCardShop(t)
	s.must(t, append(generate, "1")...)
	stdin, keyboard := io.Pipe() // nobody types
	defer func() { _ = keyboard.Close() }()
	ctx, interrupt := context.WithCancel(t.Context())
	err := run(ctx, []string{"cards", "release", "--brand", "shop", "--all"}, environment(s.vars...), stdin, interruptWhen{"Type yes", interrupt}, io.Discard)
	if err == nil || err.Error() != "interrupted: nothing was changed" {
		t.Error(err)
	}
	if got := s.counts(t)["generated"]; got != "1" {
		t.Errorf("%s cards", got)
	}
}

// interruptWhen interrupts as soon as a text is written.
type interruptWhen struct {
	text      string
	interrupt func()
}

func (w interruptWhen) Write(text []byte) (int, error) {
	if strings.Contains(string(text), w.text) {
		w.interrupt()
	}
	return len(text), nil
}

func TestWhoIsInterruptedIsToldHowToGoOn(t *testing.T) {
	j := cards.Job{ID: "bcdf", Brand: "shop", State: cards.UnderWay, Done: 5, Total: 10}
	taken := j
	taken.Kind = cards.KindImport
	for want, err := range map[string]error{
		"interrupted\n5 of 10 cards are done; go on with: pulsa cards resume bcdf --brand shop":    &operators.UnfinishedError{Job: j, Err: operators.ErrInterrupted},
		"interrupted\n5 of 10 cards are done; go on with the same command and file":                &operators.UnfinishedError{Job: taken, Err: operators.ErrInterrupted},
		cards.ErrJobElsewhere.Error() + ": pulsa cards jobs bcdf --brand shop tells how far it is": &operators.UnfinishedError{Job: j, Err: cards.ErrJobElsewhere},
	} {
		if got := advised(err); got.Error() != want {
			t.Errorf("%v; want %s", got, want)
		}
	}
}

func TestResellersAreCreatedListedAndAccountedFor(t *testing.T) {
	s := newCardShop(t)
	s.must(t, "resellers", "create", "--brand", "shop", "--name", "kiosk", "--title", "Kiosk", "--reason", "contract 12")
	s.must(t, append(generate, "4", "--reseller", "kiosk")...)
	list := s.must(t, "resellers", "list", "--brand", "shop", "--format", "csv")
	statement := s.must(t, "resellers", "statement", "kiosk", "--brand", "shop", "--format", "csv")
	if got := s.must(t, "cards", "jobs", "--brand", "shop", "--format", "csv"); !strings.Contains(got, ",reseller,done,0,0,"+app.OSUser()+",contract 12,") {
		t.Error(got)
	}
	s.must(t, append(generate, "1")...)
	report := s.must(t, "cards", "report", "liability", "--brand", "shop", "--group", "reseller")
	if !regexp.MustCompile(`\nnone +1 .*\nkiosk +4 .*\nall +5 +5 .* 50.00\n$`).MatchString(report) {
		t.Error(report)
	}
	if !strings.Contains(list, "\nkiosk,Kiosk,") || !strings.Contains(statement, "\n101,4,4,0,0,0,0,0,0,4,EUR,40.00,0.00,0.00,40.00\n") {
		t.Error(list, statement)
	}
}

func TestAPrivateKeyGivenForAPublicOneIsNotPrinted(t *testing.T) {
	const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----"
	for _, recipient := range [][]string{{"--recipient", key}, {"--recipient=" + key}} {
		var out strings.Builder
		args := append([]string{"cards", "export", "--data", t.TempDir(), "--brand", "demo", "--all", "--yes", "--out", filepath.Join(t.TempDir(), "x")}, recipient...)
		err := run(t.Context(), args, func(string) string { return "" }, nil, &out, &out)
		if err == nil {
			t.Fatal("a private key was taken for a recipient")
		}
		report(&out, err)
		if text := out.String(); strings.Contains(text, "b3Blb") || !strings.Contains(text, "give the public one") {
			t.Errorf("%s", text)
		}
	}
}
