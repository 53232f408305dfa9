package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"pulsa/prepaid/race"
)

// keepPeak writes the most memory that this process had, in KiB, to the file that peakFile names.
func keepPeak() error {
	path := os.Getenv(peakFile)
	if path == "" {
		return nil
	}
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return err
	}
	defer status.Close()
	for {
		var name, value string
		if _, err := fmt.Fscanln(status, &name, &value, new(string)); err == io.EOF {
			return fmt.Errorf("no VmHWM")
		}
		if name == "VmHWM:" {
			return os.WriteFile(path, []byte(value), 0o600)
		}
	}
}

const peakFile = "PULSA_TEST_PEAK"

func TestCardCommandsNeedLittleMemory(t *testing.T) {
	if race.Enabled() {
		t.Skip("the race detector takes several times the memory")
	}
	if runtime.GOOS != "linux" {
		t.Skip("how much memory a process had is known on Linux alone")
	}
	quantity := "10000"
	if n := os.Getenv("PULSA_CARDS"); n != "" {
		quantity = n
	} else if os.Getenv("PULSA_BIG") == "1" {
		quantity = "1000000"
	}
	onBothDatabases(t, func(t *testing.T, shop func() cardShop) {
		s := shop()
		peak := filepath.Join(s.folder, "peak")
		s.vars = append(s.vars, "PULSA_CARD_KEY_2", testKey+"d", peakFile, peak)
		file := filepath.Join(s.folder, "print.csv")
		list := []string{"cards", "list", "--brand", "shop", "--all", "--format"}
		first, other := s, shop()
		other.vars = append(other.vars, peakFile, peak)
		first.vars = append(append([]string{}, s.vars...), "PULSA_CARD_KEY_2", "") // the last one counts
		for _, step := range []struct {
			shop cardShop
			args []string
		}{
			{first, append(generate, quantity)},
			{first, append(list, "text")},
			{first, append(list, "csv")},
			{first, append(list, "json", "--sort", "status")},
			{first, []string{"cards", "export", "--brand", "shop", "--out", file, "--plaintext", "--reason", "test", "--all", "--yes"}},
			{first, []string{"cards", "release", "--brand", "shop", "--all", "--yes"}},
			{s, []string{"cards", "rekey", "--brand", "shop"}},
			{s, []string{"cards", "delete", "--brand", "shop", "--all", "--reason", "test", "--yes"}},
			{other, []string{"cards", "import", "--brand", "shop", file}},
		} {
			c, output := step.shop.child(t, "", step.args...)
			c.Stdout = io.Discard
			if err := c.Run(); err != nil {
				t.Fatalf("%v: %v\n%s", step.args, err, output)
			}
			text, err := os.ReadFile(peak)
			if err != nil {
				t.Fatal(err)
			}
			var used int
			if _, err := fmt.Sscan(string(text), &used); err != nil {
				t.Fatal(err)
			}
			const most = 100 << 10 // KiB
			t.Logf("%s cards: %d KiB for %v", quantity, used, step.args[1])
			if used > most {
				t.Errorf("%d KiB of memory for %v; want %d at most", used, step.args, most)
			}
		}
	})
}
