package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pulsa/app/config"
	"pulsa/sim"
)

// The gateway's book, or both, are another process's: they are found at its address, or in its folder once it has ended.
func TestAnAuditSeesEachBrandsOwnBooks(t *testing.T) {
	for _, elsewhere := range [][]string{{sim.GatewayBook}, {sim.NetworkBook}, {sim.GatewayBook, sim.NetworkBook}} {
		t.Run(strings.Join(elsewhere, " and "), func(t *testing.T) {
			o := newOffice(t)
			if slices.Contains(elsewhere, sim.NetworkBook) {
				o.ordersAtReloadly()
			}
			other := t.TempDir()
			for _, book := range elsewhere {
				if err := os.Rename(filepath.Join(o.data, book), filepath.Join(other, book)); err != nil {
					t.Fatal(err)
				}
			}
			books, err := sim.ReadBooks(other, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			mux := http.NewServeMux()
			books.ControlRoutes(mux)
			server := httptest.NewServer(mux)
			defer server.Close()
			o.elsewhere(server.URL, elsewhere)

			given := []string{"audit", "--books", o.data}
			if len(elsewhere) == 2 {
				given[2] = other // nothing is left in the server's
			}
			o.does("no violation", given...)
			server.Close()
			if len(elsewhere) == 2 {
				o.does("no violation", given...)
			} else {
				o.fails("not all simulators' books were seen", given...)
				o.does("no violation", append(given, "--books", other)...)
			}
			if err := os.WriteFile(filepath.Join(other, elsewhere[0]), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			o.fails("3: order", append(given, "--books", other)...)
		})
	}
}

// ordersAtReloadly makes the orders those of a brand whose network was Reloadly when they were made.
func (o office) ordersAtReloadly() {
	o.Helper()
	p := o.program()
	defer p.Close()
	if _, err := p.DB.Writer().ExecContext(o.Context(), `UPDATE orders SET network = 'reloadly'`); err != nil {
		o.Fatal(err)
	}
}

// elsewhere configures the demo with providers at an address.
func (o office) elsewhere(address string, books []string) {
	o.Helper()
	text := string(config.Demo)
	for _, book := range books {
		if book == sim.GatewayBook {
			text += "\nsimulator: {url: " + address + ", secret: \"${SIM_SECRET}\"}\n"
			continue
		}
		text = strings.Replace(text, "network: sim", "network: reloadly", 1) +
			"\nreloadly: {base_url: " + address + ", client_id: id, client_secret: \"${SIM_SECRET}\"}\n"
	}
	file := filepath.Join(o.TempDir(), "pulsa.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
	o.env["PULSA_CONFIG"], o.env["SIM_SECRET"] = file, "0123456789abcdef"
}
