package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/store"
)

// cardShop is a brand in a folder of its own, whose cards are treated as a real brand's would be.
type cardShop struct {
	folder, config string
	vars           []string
}

func newCardShop(t *testing.T) cardShop {
	t.Helper()
	folder := t.TempDir()
	s := cardShop{folder: folder, config: filepath.Join(folder, "pulsa.yaml")}
	if err := os.WriteFile(s.config, []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	s.vars = []string{"PULSA_PIN_PEPPER", key32, "PULSA_CARD_KEY", key32 + "c", "TOKEN", "t", "FROM", "+31300000000", "USER", "ann",
		"PULSA_CONFIG", s.config, "PULSA_DATA", folder}
	return s
}

// run runs a command in this process and returns what it prints.
func (s cardShop) run(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), args, env(s.vars...), strings.NewReader(stdin), &out, &errs)
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
	if err := run(context.Background(), args, os.Getenv, os.Stdin, os.Stdout, os.Stderr); err != nil {
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
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(s.folder, "pulsa.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// killWhen kills a child as soon as the newest job of the kind has come some way. It returns the job, which
// must not be done.
func (s cardShop) killWhen(t *testing.T, kind cards.Kind, come func(cards.Job) bool, args ...string) cards.Job {
	t.Helper()
	c, output := s.child(t, "", args...)
	db := s.store(t)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	newest := func() cards.Job {
		jobs, err := db.CardJobs(t.Context(), "shop", false, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			if j.Kind == kind {
				return j
			}
		}
		return cards.Job{}
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for !come(newest()) {
		select {
		case err := <-ended:
			t.Fatalf("%v ended by itself: %v\n%s", args, err, output)
		case <-time.After(time.Millisecond):
		}
	}
	_ = c.Process.Kill()
	<-ended
	j := newest()
	if j.State != cards.UnderWay {
		t.Fatalf("%v was killed too late: %+v", args, j)
	}
	return j
}

func (s cardShop) audit(t *testing.T) {
	t.Helper()
	violations, err := s.store(t).Audit(t.Context())
	if err != nil || len(violations) > 0 {
		t.Errorf("%v, %v", violations, err)
	}
}

// counts is the line of `cards list --count`, as JSON.
func (s cardShop) counts(t *testing.T, args ...string) map[string]string {
	t.Helper()
	counts := map[string]string{}
	out := s.must(t, append([]string{"cards", "list", "--brand", "shop", "--count", "--format", "json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &counts); err != nil && out != "" {
		t.Fatal(err)
	}
	return counts
}

func begun(j cards.Job) bool { return j.Done > 0 }

var generate = []string{"cards", "generate", "--brand", "shop", "--amount", "10", "--series", "101", "--hold", "--quantity"}

func TestKilledWhileGeneratingResumes(t *testing.T) {
	t.Parallel()
	s := newCardShop(t)
	j := s.killWhen(t, cards.KindGenerate, begun, append(generate, "30000")...)
	if got := s.counts(t)["issued"]; got != fmt.Sprint(j.Done) {
		t.Errorf("%s cards, but the job is at %d", got, j.Done)
	}
	s.audit(t)
	if _, _, err := s.run(t, "", "cards", "release", "--brand", "shop", "--batch", string(j.ID), "--yes"); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Errorf("half a batch is released: %v", err)
	}
	s.must(t, "cards", "resume", "--brand", "shop", string(j.ID))
	if got := s.counts(t)["generated"]; got != "30000" {
		t.Errorf("%s cards", got)
	}
	s.audit(t)
	if _, _, err := s.run(t, "", "cards", "resume", "--brand", "shop", string(j.ID)); err == nil {
		t.Error("resumed though it is done")
	}
}

func TestKilledWhileEditingAndDeletingResumes(t *testing.T) {
	t.Parallel()
	s := newCardShop(t)
	s.must(t, append(generate, "30000")...)
	j := s.killWhen(t, cards.KindEdit, begun, "cards", "release", "--brand", "shop", "--yes")
	if got := s.counts(t)["live"]; got != fmt.Sprint(j.Done) {
		t.Errorf("%s live cards, but the job is at %d", got, j.Done)
	}
	s.must(t, "cards", "resume", "--brand", "shop", string(j.ID))
	if got := s.counts(t)["live"]; got != "30000" {
		t.Errorf("%s live cards", got)
	}
	j = s.killWhen(t, cards.KindDelete, begun, "cards", "delete", "--brand", "shop", "--all", "--why", "test", "--yes")
	if got := s.counts(t)["live"]; got != fmt.Sprint(30000-j.Done) {
		t.Errorf("%s cards left, but the job is at %d", got, j.Done)
	}
	s.audit(t)
	s.must(t, "cards", "resume", "--brand", "shop", string(j.ID))
	if got := s.counts(t); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
	s.audit(t)
}

func TestKilledWhileExportingAndImportingResumes(t *testing.T) {
	t.Parallel()
	s, other := newCardShop(t), newCardShop(t)
	s.must(t, append(generate, "30000")...)
	file := filepath.Join(s.folder, "print.csv")
	j := s.killWhen(t, cards.KindExport, begun, "cards", "export", "--brand", "shop", "--out", file, "--plaintext", "--reason", "test", "--yes")
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a file has its name: %v", err)
	}
	s.must(t, "cards", "resume", "--brand", "shop", string(j.ID))
	if out := s.must(t, "cards", "export", "--brand", "shop", "--out", file+"2", "--plaintext", "--reason", "test", "--yes"); !strings.Contains(out, "No card to export") {
		t.Errorf("exported twice: %s", out)
	}
	take := []string{"cards", "import", "--brand", "shop", file}
	j = other.killWhen(t, cards.KindImport, begun, take...)
	if got := other.counts(t)["issued"]; got != fmt.Sprint(j.Done) {
		t.Errorf("%s cards, but the job is at %d", got, j.Done)
	}
	if out := other.must(t, take...); !strings.Contains(out, "30000 cards imported") {
		t.Error(out)
	}
	if got := other.counts(t)["generated"]; got != "30000" {
		t.Errorf("%s cards", got)
	}
	other.audit(t)
}

func TestGeneratingNeedsLittleMemory(t *testing.T) {
	if underRaceDetector() {
		t.Skip("the race detector takes several times the memory")
	}
	quantity := "20000"
	if os.Getenv("PULSA_BIG") == "1" {
		quantity = "1000000"
	}
	s := newCardShop(t)
	c, output := s.child(t, "", append(generate, quantity)...)
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok || runtime.GOOS != "linux" {
		t.Skip("how much memory a process had is known on Linux alone")
	}
	const most = 100 << 10 // KiB
	t.Logf("%s cards: %d KiB", quantity, usage.Maxrss)
	if usage.Maxrss > most {
		t.Errorf("%d KiB of memory; want %d at most", usage.Maxrss, most)
	}
}

func TestGuessingIsMeasured(t *testing.T) {
	m := newMetrics(prepaid.SystemClock{})
	m.watchCards(func(context.Context) (map[string]int64, error) {
		return map[string]int64{"shop": cards.WaveCodes, "demo": cards.WaveCodes - 1}, nil
	})
	answer := httptest.NewRecorder()
	m.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{`pulsa_card_wrong_codes{brand="demo"} 49`, `pulsa_card_guessing{brand="demo"} 0`, `pulsa_card_guessing{brand="shop"} 1`} {
		if !strings.Contains(answer.Body.String(), line+"\n") {
			t.Errorf("lacks %s", line)
		}
	}
}

// smallDisk lets a process write no file larger than some blocks of 512 bytes.
func smallDisk(blocks int) string { return fmt.Sprintf("ulimit -f %d", blocks) }

func TestAFullDiskLeavesWorkThatCanBeResumed(t *testing.T) {
	t.Parallel()
	s := newCardShop(t)
	c, output := s.child(t, smallDisk(8_000), append(generate, "30000")...)
	if err := c.Run(); err == nil {
		t.Fatalf("no error\n%s", output)
	}
	id := regexp.MustCompile(`pulsa cards resume ([a-z]+)`).FindStringSubmatch(output.String())
	if id == nil {
		t.Fatalf("does not say how to go on:\n%s", output)
	}
	s.audit(t)
	s.must(t, "cards", "resume", "--brand", "shop", id[1])
	s.audit(t)
	file := filepath.Join(s.folder, "print.csv")
	err := keepFile(file, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, syscall.ENOSPC)
	})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a print file on a full disk: %v", err)
	}
	if left, _ := filepath.Glob(file + "*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if got := s.counts(t)["generated"]; got != "30000" {
		t.Errorf("%s cards", got)
	}
}

func TestCardCommandsSayWhatToDo(t *testing.T) {
	s := newCardShop(t)
	s.must(t, append(generate, "2")...)
	export := []string{"cards", "export", "--brand", "shop", "--yes"}
	for want, args := range map[string][]string{
		"quantity must be 1 to 10000000":     append(generate, "0"),
		"quantity must be 1":                 append(generate, "10000001"),
		"code length must be 5 to 32":        append(generate, "1", "--code-length", "4"),
		"code length must be at least 9":     append(generate, "11", "--code-length", "8"),
		"expiry must be in the future":       append(generate, "1", "--expires", "2020-01-01"),
		"write a day like":                   append(generate, "1", "--expires", "soon"),
		"has no reseller \"nobody\": create": append(generate, "1", "--reseller", "nobody"),
		"series must be 1 to 10 letters":     {"cards", "generate", "--brand", "shop", "--amount", "10", "--series", "1/2", "--quantity", "1"},
		"declares no such brand":             {"cards", "list", "--brand", "nobody"},
		"say why":                            {"cards", "edit", "--brand", "shop", "--set-status", "lock"},
		"say what to set":                    {"cards", "edit", "--brand", "shop", "--why", "x"},
		"say which cards to delete":          {"cards", "delete", "--brand", "shop", "--why", "x"},
		"nothing was changed":                {"cards", "delete", "--brand", "shop", "--why", "x", "--all"},
		"is no key of a page":                {"cards", "list", "--brand", "shop", "--after", "x"},
		"status \"odd\": choose":             {"cards", "list", "--brand", "shop", "--status", "odd"},
		"has no card with serial":            {"cards", "show", "--brand", "shop", "101-9"},
		"to whom":                            append(export, "--out", filepath.Join(s.folder, "x")),
		"is not an age recipient":            append(export, "--out", filepath.Join(s.folder, "x"), "--recipient", "age1"),
		"no such folder":                     append(export, "--out", filepath.Join(s.folder, "no", "x")),
		"such a file already":                append(export, "--out", s.config),
		"nothing was imported":               {"cards", "import", "--brand", "shop", s.odd(t, "serial,code,amount\nx,1,1\n")},
		"the file must be CSV":               {"cards", "import", "--brand", "shop", s.odd(t, "\x7fELF\x00")},
		"no such job":                        {"cards", "resume", "--brand", "shop", "x"},
	} {
		if _, _, err := s.run(t, "no\n", args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %s", args, err, want)
		}
	}
	if got := s.counts(t)["generated"]; got != "2" {
		t.Errorf("%s cards", got)
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
	if err != nil || !strings.Contains(out, "To release: 1 generated.") || !strings.Contains(out, "1 cards edited") {
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
	if jobs := s.must(t, "cards", "jobs", "--brand", "shop", "--format", "csv"); !strings.Contains(jobs, "release,done,1,1,ann") {
		t.Error(jobs)
	}
}

func TestStatusesHaveTheirColours(t *testing.T) {
	for shown, want := range map[string]string{"new": "\x1b[32mnew\x1b[0m", "activated": "\x1b[90mactivated\x1b[0m", "expired": "\x1b[33mexpired\x1b[0m"} {
		if got := coloured(shown, true); got != want || coloured(shown, false) != shown {
			t.Errorf("%s: %q", shown, got)
		}
	}
}

func TestResellersAreCreatedListedAndAccountedFor(t *testing.T) {
	s := newCardShop(t)
	brand := forBrand{settings{}, "shop"}
	var out bytes.Buffer
	e := environ{env(s.vars...), strings.NewReader(""), &out, io.Discard}
	if err := (&resellersCreateCommand{forBrand: brand, Name: "kiosk", Title: "Kiosk"}).Run(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	s.must(t, append(generate, "4", "--reseller", "kiosk")...)
	if err := (&resellersListCommand{forBrand: brand, output: output{"csv"}}).Run(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if err := (&resellersStatementCommand{forBrand: brand, output: output{"csv"}, Name: "kiosk"}).Run(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "\nkiosk,Kiosk,") || !strings.Contains(got, "\n101,4,4,0,0,0,0,0,0,4,EUR,40.00,0.00,0.00,40.00\n") {
		t.Error(got)
	}
}
