package app

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"pulsa/app/config"
)

// AskHealth asks the server at a URL whether it is ready, and returns what it answers. It fails where the server does not answer
// within 5 seconds, and where server is no URL; that error names the flag --server.
func AskHealth(ctx context.Context, server string) (answer string, ready bool, err error) {
	if err := config.CheckServer("--server", server); err != nil {
		return "", false, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(server, "/")+"/readyz", nil)
	if err != nil {
		return "", false, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", false, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	return string(text), response.StatusCode == http.StatusOK, err
}
