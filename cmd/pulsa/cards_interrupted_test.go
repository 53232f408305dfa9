package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulsa/cards"
	"pulsa/prepaid/race"
	"pulsa/store"
)

// killWhen kills a child as soon as the newest job of the kind has come some way. It returns the job, and false where the
// child was too quick for us and the job is done.
func (s cardShop) killWhen(t *testing.T, kind cards.Kind, come func(cards.Job) bool, args ...string) (cards.Job, bool) {
	t.Helper()
	c, output := s.child(t, "", args...)
	db := s.store(t)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	newest := func() cards.Job {
		jobs, err := db.CardJobs.CardJobs(t.Context(), "shop", false, 50)
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
			if err != nil {
				t.Fatalf("%v ended by itself: %v\n%s", args, err, output)
			}
			return cards.Job{}, false
		case <-time.After(time.Millisecond):
		}
	}
	_ = c.Process.Kill()
	<-ended
	if db.Dialect() == store.Postgres { // which may still be at the child's last COMMIT
		if _, err := db.Writer().ExecContext(t.Context(), `SELECT 1 FROM card_jobs FOR UPDATE`); err != nil {
			t.Fatal(err)
		}
	}
	j := newest()
	return j, j.State == cards.UnderWay
}

// interrupting runs a test on both databases, and with new shops again where a child was too quick for it.
func interrupting(t *testing.T, test func(t *testing.T, shop func() cardShop) (killed bool)) {
	onBothDatabases(t, func(t *testing.T, shop func() cardShop) {
		for range 5 {
			if test(t, shop) {
				return
			}
		}
		t.Fatal("no child was killed in time")
	})
}

func (s cardShop) audit(t *testing.T) {
	t.Helper()
	violations, err := s.store(t).Audit.Violations(t.Context())
	if err != nil || len(violations) > 0 {
		t.Errorf("%v, %v", violations, err)
	}
}

// unhindered skips where the race detector would make minutes of seconds: the work itself is tried with it in cards.
func unhindered(t *testing.T) {
	t.Helper()
	if race.Enabled() {
		t.Skip("many cards in other processes, which are tried without the race detector")
	}
}

func begun(j cards.Job) bool { return j.Done > 0 }

func TestKilledWhileGeneratingResumes(t *testing.T) {
	unhindered(t)
	interrupting(t, killedWhileGenerating)
}

func killedWhileGenerating(t *testing.T, shop func() cardShop) bool {
	s := shop()
	j, killed := s.killWhen(t, cards.KindGenerate, begun, append(generate, "30000")...)
	if !killed {
		return false
	}
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
	return true
}

func TestKilledWhileEditingAndDeletingResumes(t *testing.T) {
	unhindered(t)
	interrupting(t, killedWhileEditingAndDeleting)
}

func killedWhileEditingAndDeleting(t *testing.T, shop func() cardShop) bool {
	s := shop()
	s.must(t, append(generate, "30000")...)
	j, killed := s.killWhen(t, cards.KindEdit, begun, "cards", "release", "--brand", "shop", "--all", "--yes")
	if !killed {
		return false
	}
	if got := s.counts(t)["live"]; got != fmt.Sprint(j.Done) {
		t.Errorf("%s live cards, but the job is at %d", got, j.Done)
	}
	s.must(t, "cards", "resume", "--brand", "shop", string(j.ID))
	if got := s.counts(t)["live"]; got != "30000" {
		t.Errorf("%s live cards", got)
	}
	j, killed = s.killWhen(t, cards.KindDelete, begun, "cards", "delete", "--brand", "shop", "--all", "--reason", "test", "--yes")
	if !killed {
		return false
	}
	if got := s.counts(t)["live"]; got != fmt.Sprint(30000-j.Done) {
		t.Errorf("%s cards left, but the job is at %d", got, j.Done)
	}
	s.audit(t)
	s.must(t, "cards", "resume", "--brand", "shop", string(j.ID))
	if got := s.counts(t); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
	s.audit(t)
	return true
}

func TestKilledWhileExportingAndImportingResumes(t *testing.T) {
	unhindered(t)
	interrupting(t, killedWhileExportingAndImporting)
}

func killedWhileExportingAndImporting(t *testing.T, shop func() cardShop) bool {
	s, other := shop(), shop()
	s.must(t, append(generate, "30000")...)
	file := filepath.Join(s.folder, "print.csv")
	j, killed := s.killWhen(t, cards.KindExport, begun, "cards", "export", "--brand", "shop", "--out", file, "--plaintext", "--reason", "test", "--all", "--yes")
	if !killed {
		return false
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a file has its name: %v", err)
	}
	s.must(t, "cards", "resume", "--brand", "shop", string(j.ID))
	_, _, err := s.run(t, "", "cards", "export", "--brand", "shop", "--out", file+"2", "--plaintext", "--reason", "test", "--all", "--yes")
	if err == nil || !strings.Contains(err.Error(), "no card to export") {
		t.Errorf("exported twice: %v", err)
	}
	take := []string{"cards", "import", "--brand", "shop", file}
	j, killed = other.killWhen(t, cards.KindImport, begun, take...)
	if !killed {
		return false
	}
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
	return true
}

// smallDisk lets a process write no file larger than some blocks of 512 bytes.
func smallDisk(blocks int) string { return fmt.Sprintf("ulimit -f %d", blocks) }

// fills runs a command whose disk is full before it has ended, and returns the job that it leaves.
func (s cardShop) fills(t *testing.T, kind cards.Kind, blocks int, args ...string) cards.Job {
	t.Helper()
	c, output := s.child(t, smallDisk(blocks), args...)
	if err := c.Run(); err == nil {
		t.Fatalf("%v: no error\n%s", args, output)
	}
	jobs, err := s.store(t).CardJobs.CardJobs(t.Context(), "shop", true, 1)
	if err != nil || len(jobs) != 1 || jobs[0].Kind != kind {
		t.Fatalf("%v leaves %+v, %v\n%s", args, jobs, err, output)
	}
	j, goOn := jobs[0], "with the same command and file"
	if kind != cards.KindImport {
		goOn = "pulsa cards resume " + string(j.ID)
	}
	if !strings.Contains(output.String(), goOn) {
		t.Errorf("%v does not say how to go on:\n%s", args, output)
	}
	t.Logf("%s: the disk is full after %d of %d cards", kind, j.Done, j.Total)
	s.audit(t)
	return j
}

func TestAFullDiskLeavesWorkThatCanBeResumed(t *testing.T) {
	unhindered(t)
	t.Parallel()
	s, other := newCardShop(t), newCardShop(t)
	resume := func(j cards.Job) {
		t.Helper()
		s.must(t, "cards", "resume", "--brand", "shop", string(j.ID))
		s.audit(t)
	}
	has := func(state string, n int64) {
		t.Helper()
		if got := s.counts(t)[state]; got != fmt.Sprint(n) {
			t.Errorf("%s %s cards, want %d", got, state, n)
		}
	}
	j := s.fills(t, cards.KindGenerate, 16_000, append(generate, "30000")...)
	has("issued", j.Done)
	resume(j)
	has("generated", 30_000)

	file := filepath.Join(s.folder, "print.csv")
	export := []string{"cards", "export", "--brand", "shop", "--out", file, "--plaintext", "--reason", "test", "--all", "--yes"}
	j = s.fills(t, cards.KindExport, 4_000, export...)
	if left, _ := filepath.Glob(file + "*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	resume(j)

	take := []string{"cards", "import", "--brand", "shop", file}
	j = other.fills(t, cards.KindImport, 16_000, take...)
	if got := other.counts(t)["issued"]; got != fmt.Sprint(j.Done) {
		t.Errorf("%s cards, but the job is at %d", got, j.Done)
	}
	if out := other.must(t, take...); !strings.Contains(out, "30000 cards imported") {
		t.Error(out)
	}
	other.audit(t)

	j = s.fills(t, cards.KindEdit, 16_000, "cards", "release", "--brand", "shop", "--all", "--yes")
	has("live", j.Done)
	resume(j)
	has("live", 30_000)

	j = s.fills(t, cards.KindDelete, 16_000, "cards", "delete", "--brand", "shop", "--all", "--reason", "test", "--yes")
	has("live", 30_000-j.Done)
	resume(j)
	if got := s.counts(t); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}

// The database is elsewhere here: the disk that is full is the print file's.
func TestAFullDiskLeavesNoHalfPrintFile(t *testing.T) {
	unhindered(t)
	t.Parallel()
	s := newCardShop(t).onPostgres(t)
	s.must(t, append(generate, "30000")...)
	file := filepath.Join(s.folder, "print.csv")
	j := s.fills(t, cards.KindExport, 1_000, "cards", "export", "--brand", "shop", "--out", file, "--plaintext", "--reason", "test", "--all", "--yes")
	if left, _ := filepath.Glob(file + "*"); len(left) > 0 || j.Done != 30_000 {
		t.Errorf("left: %v of %+v", left, j)
	}
	s.must(t, "cards", "resume", "--brand", "shop", string(j.ID))
	if text, err := os.ReadFile(file); err != nil || bytes.Count(text, []byte("\r\n")) != 30_002 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}
