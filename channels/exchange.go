package channels

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// maxAnswer is how much of a provider's answer is read.
const maxAnswer = 1 << 20

// NewHTTPClient returns a client for calling providers: it follows no redirect, which could carry
// credentials elsewhere, and waits for at most a minute whatever the context says.
func NewHTTPClient() *http.Client {
	return &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Exchange makes one call to a provider, for adapters. The answer's body is read whole and closed: the
// caller gets it from memory. An error is a *SendError: Retryable where no connection came about, so
// that nothing can have been sent, else UnknownIfSent. Its text lacks the URL, which may hold a token.
func Exchange(client *http.Client, r *http.Request) (*http.Response, error) {
	var reached atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { reached.Store(true) }}
	resp, err := client.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err != nil {
		class := Retryable
		if reached.Load() {
			class = UnknownIfSent
		}
		return nil, &SendError{Class: class, Code: "no answer", Err: withoutURL(err)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errors.New("the answer is too long")
	}
	if err != nil {
		return nil, &SendError{Class: UnknownIfSent, Code: "http " + strconv.Itoa(resp.StatusCode), Err: withoutURL(err)}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// withoutURL takes the URL out of an error of net/http; a deadline stays one.
func withoutURL(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return err
}

// RetryAfter reads a response's Retry-After header; 0 where there is none. Dates are not understood:
// no messaging provider sends them.
func RetryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 24*60*60 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
