package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pulsa/app/config"
)

// A server leaves its address in the data folder, for commands that are run beside it: a line with the URL and the name of this
// run. The name shows whether the server that answers at the address is still the same one.

// instanceHeader carries the run's name in the answer of /healthz.
const instanceHeader = "Pulsa-Instance"

// addressFile is where a server leaves its address in the data folder.
func addressFile(data string) string { return filepath.Join(data, "server.address") }

// leaveAddress writes the server's address until remove is called. remove keeps the address of a server that has taken the folder
// since.
func leaveAddress(data, address, instance string) (remove func() error, err error) {
	line := address + " " + instance + "\n"
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("leave the server's address: %w", err)
	}
	if err := os.WriteFile(addressFile(data), []byte(line), 0o600); err != nil {
		return nil, fmt.Errorf("leave the server's address: %w", err)
	}
	return func() error {
		if left, err := os.ReadFile(addressFile(data)); err != nil || string(left) != line {
			return nil
		}
		if err := os.Remove(addressFile(data)); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}, nil
}

// runningServer returns the address of the server that runs on a data folder; "" for none. An address that a crash left behind
// counts as none, even if another server answers there now.
func runningServer(ctx context.Context, data string) string {
	left, err := os.ReadFile(addressFile(data))
	if err != nil {
		return ""
	}
	address, instance, _ := strings.Cut(strings.TrimSpace(string(left)), " ")
	if !config.IsHTTP(address) || instance == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/healthz", nil)
	if err != nil {
		return ""
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	_ = response.Body.Close()
	if response.Header.Get(instanceHeader) != instance {
		return ""
	}
	return address
}
