package reloadly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// maxAnswer is more than the longest list that is asked for.
	maxAnswer = 8 << 20
	// readWithin bounds one read; a customer may be waiting for it.
	readWithin = 15 * time.Second
	// mediaType is the version of the API.
	mediaType = "application/com.reloadly.topups-v1+json"
)

// pauses are made between the tries of a read. A top-up is never repeated so.
func pauses() []time.Duration { return []time.Duration{200 * time.Millisecond, time.Second} }

var errAnswerTooLong = errors.New("answer too long")

// reply is what came back.
type reply struct {
	status int
	body   []byte
}

func (r reply) ok() bool { return r.status >= 200 && r.status <= 299 }

// once makes one call. Where it fails, sent tells whether the request may have reached the other side.
func (c *Client) once(ctx context.Context, method, address, token string, body []byte) (r reply, sent bool, err error) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return reply{}, false, errors.New("reloadly address can't be read") // it may hold a number
	}
	request.Header.Set("Accept", mediaType)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return reply{}, connected.Load(), withoutAddress(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = errAnswerTooLong
	}
	return reply{response.StatusCode, text}, true, err
}

// withoutAddress drops the address from an error of net/http: it may hold a customer's number.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("call reloadly: %w", u.Err)
	}
	return err
}

// authorised makes one call with a token; one that is refused is renewed once, and the call repeated:
// nothing ran.
func (c *Client) authorised(ctx context.Context, method, path string, body []byte) (r reply, sent bool, err error) {
	stale := ""
	for range 2 {
		token, err := c.token(ctx, stale)
		if err != nil {
			return reply{}, false, fmt.Errorf("reloadly token: %w", err)
		}
		r, sent, err = c.once(ctx, method, c.c.BaseURL+path, token, body)
		if err != nil || r.status != http.StatusUnauthorized {
			return r, sent, err
		}
		stale = token
	}
	return r, sent, nil
}

// get reads path into into, a few times where it does not answer. An answer that is no success is an *Error.
func (c *Client) get(ctx context.Context, path string, into any) error {
	return c.repeat(ctx, into, func(ctx context.Context) (reply, error) {
		r, _, err := c.authorised(ctx, http.MethodGet, path, nil)
		return r, err
	})
}

// repeat makes a call that changes nothing until it is answered, a few times at most.
func (c *Client) repeat(ctx context.Context, into any, call func(context.Context) (reply, error)) error {
	var err error
	for _, pause := range append(pauses(), 0) {
		var again bool
		if again, err = tryOnce(ctx, into, call); !again || pause == 0 {
			return err
		}
		if c.c.Clock.Sleep(ctx, pause) != nil {
			return err
		}
	}
	return err
}

// tryOnce makes the call, and reports whether another try may help.
func tryOnce(ctx context.Context, into any, call func(context.Context) (reply, error)) (again bool, err error) {
	within, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	r, err := call(within)
	switch {
	case err != nil:
		var answered *Error
		return ctx.Err() == nil && !errors.As(err, &answered), err
	case !r.ok():
		return r.status >= 500 || r.status == http.StatusTooManyRequests, readError(r.status, r.body)
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return true, errors.New("reloadly answered what can't be read")
	}
	return false, nil
}
