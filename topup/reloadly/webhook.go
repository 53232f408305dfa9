package reloadly

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"pulsa/prepaid"
)

// What a webhook is signed with.
const (
	signatureHeader = "X-Reloadly-Signature"
	timestampHeader = "X-Reloadly-Request-Timestamp"
	// maxNews is far more than one transaction.
	maxNews = 64 << 10
)

// news is the body of a webhook. Only whose news it is is read: everything else may be forged or old, and
// is read at Reloadly.
type news struct {
	Data struct {
		CustomIdentifier Text `json:"customIdentifier"`
		Transaction      struct {
			CustomIdentifier Text `json:"customIdentifier"`
		} `json:"transaction"`
	} `json:"data"`
}

// Webhook receives Reloadly's news of transactions, and hints at the reference. hint must be quick: Reloadly
// waits, and repeats what is not answered 2xx; an error asks for that. An unsigned request is answered 403,
// one that is too long 413, one that can't be read 400: none of them is hinted at. A repeated request is
// hinted at again: a hint only makes somebody look.
func (c *Client) Webhook(hint func(ctx context.Context, reference string) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxNews))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		if !signed(c.access.Load().WebhookSecret, body, r.Header.Get(timestampHeader), r.Header.Get(signatureHeader)) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		var n news
		if json.Unmarshal(body, &n) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		reference := string(n.Data.CustomIdentifier)
		set(&reference, string(n.Data.Transaction.CustomIdentifier))
		if reference != "" {
			if err := hint(r.Context(), reference); err != nil {
				c.c.Log.WarnContext(r.Context(), "reloadly news not taken", "reference", reference, "error", err)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
		}
		w.WriteHeader(http.StatusOK)
	})
}

// NewEvent is the signed request that tells a webhook of a transaction.
func NewEvent(ctx context.Context, url string, secret prepaid.Secret, t Transaction, at time.Time) (*http.Request, error) {
	body, err := json.Marshal(Event{Type: EventStatus, Data: t})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("webhook's address can't be read") // it may hold a token
	}
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Pulsa")
	request.Header.Set(timestampHeader, stamp)
	request.Header.Set(signatureHeader, Sign(secret, body, stamp))
	return request, nil
}

// Sign is the signature of a webhook's body sent at timestamp.
func Sign(secret prepaid.Secret, body []byte, timestamp string) string {
	return hex.EncodeToString(mac(secret, body, timestamp))
}

func mac(secret prepaid.Secret, body []byte, timestamp string) []byte {
	h := hmac.New(sha256.New, []byte(secret.Reveal()))
	h.Write(body)
	h.Write([]byte(":" + timestamp))
	return h.Sum(nil)
}

// signed checks a signature in constant time. Without a secret nothing is signed.
func signed(secret prepaid.Secret, body []byte, timestamp, signature string) bool {
	given, err := hex.DecodeString(signature)
	return err == nil && !secret.Empty() && timestamp != "" && hmac.Equal(given, mac(secret, body, timestamp))
}
