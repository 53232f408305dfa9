package reloadly

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/prepaid"
)

// troubled are accounts that can't be read.
type troubled struct{ Accounts }

func (troubled) Account(ctx context.Context, _ string) (Caller, error) {
	return Caller{}, context.Canceled
}

func TestACallerWhoIsGoneIsNoErrorOfOurs(t *testing.T) {
	for level, gone := range map[string]bool{"level=INFO": true, "level=ERROR": false} {
		var log bytes.Buffer
		s := NewServer(troubled{}, nil, prepaid.SystemClock{}, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, leave := context.WithCancel(t.Context())
		if gone {
			leave()
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/accounts/balance", nil)
		r.Header.Set("Authorization", "Bearer token")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		leave()
		if w.Code != http.StatusInternalServerError || !strings.Contains(log.String(), level) {
			t.Errorf("%d, %s: want %s", w.Code, log.String(), level)
		}
	}
}
