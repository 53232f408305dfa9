package reloadly

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/prepaid"
)

// troubled are accounts that can't be read.
type troubled struct{ Accounts }

func (troubled) Account(_ context.Context, _ string) (Caller, error) {
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

// busy are accounts whose database is held by others for longer than they may wait.
type busy struct{ Accounts }

func (busy) Account(ctx context.Context, _ string) (Caller, error) {
	if left, limited := prepaid.TimeLeft(ctx); !limited || left > databaseWithin {
		return Caller{}, context.DeadlineExceeded
	}
	return Caller{}, fmt.Errorf("read account: %w", prepaid.ErrBusy)
}

func TestABusyDatabaseIsAQuickNo(t *testing.T) {
	s := NewServer(busy{}, nil, prepaid.SystemClock{}, slog.New(slog.DiscardHandler))
	for path, method := range map[string]string{"/topups": http.MethodPost, "/topups-async": http.MethodPost, "/accounts/balance": http.MethodGet} {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer token")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "SERVICE_UNAVAILABLE") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
