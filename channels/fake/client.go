package fake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"pulsa/prepaid"
)

// Client speaks to the channel named "fake" of a running server, as one customer. Its exported fields are set
// before its first call; after that it is safe for concurrent use. No error shows the customer's number.
type Client struct {
	Server string // "http://127.0.0.1:8080"
	Brand  string // "demo"
	From   string // the customer's number: "+31612345678"
	As     string // the kind of channel that is played: "sms"
	// HTTP makes the calls; nil: one that waits for 20 seconds.
	HTTP *http.Client

	mu      sync.Mutex
	last    Message
	session string // the dialled session that is open, for SendTyped
	seen    int64  // N of the last pushed message that was returned
}

// answerWithin is how long a server may take: longer than the patience of any kind that is played.
const answerWithin = 20 * time.Second

// maxAnswer bounds what is read of a server's answer, in bytes.
const maxAnswer = 1 << 20

// Send delivers a message from the customer and returns what it was answered. One without an ID is a new message;
// one with the ID of an earlier one is a repeated delivery of it. From and As are the client's.
func (c *Client) Send(ctx context.Context, m Message) ([]Reply, error) {
	if m.ID == "" {
		m.ID = prepaid.NewToken()
	}
	m.From, m.As = c.From, c.As
	c.mu.Lock()
	c.last = m
	c.mu.Unlock()
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	var answer struct{ Replies []Reply }
	if err := c.call(ctx, http.MethodPost, "", body, &answer); err != nil {
		return nil, err
	}
	return answer.Replies, nil
}

// Last returns the message that was sent last, for delivering it again; its ID is "" where none was.
func (c *Client) Last() Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Outbox returns the messages that were pushed to the customer since the last call, oldest first.
func (c *Client) Outbox(ctx context.Context) ([]Reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	query := url.Values{"to": {c.From}, "as": {c.As}, "after": {strconv.FormatInt(c.seen, 10)}}
	var answer struct{ Messages []Reply }
	if err := c.call(ctx, http.MethodGet, "/outbox?"+query.Encode(), nil, &answer); err != nil {
		return nil, err
	}
	for _, m := range answer.Messages {
		c.seen = max(c.seen, m.N)
	}
	return answer.Messages, nil
}

// SkipOld passes over what was pushed to the customer before.
func (c *Client) SkipOld(ctx context.Context) error {
	for {
		old, err := c.Outbox(ctx)
		if err != nil || len(old) == 0 {
			return err
		}
	}
}

// call makes one request to the channel, at the path below its webhook, and reads the JSON that answers it.
func (c *Client) call(ctx context.Context, method, path string, body []byte, into any) error {
	webhook := strings.TrimRight(c.Server, "/") + "/webhooks/" + url.PathEscape(c.Brand) + "/fake"
	request, err := http.NewRequestWithContext(ctx, method, webhook+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: answerWithin}
	}
	response, err := client.Do(request)
	if about := (*url.Error)(nil); errors.As(err, &about) {
		return fmt.Errorf("%s: %w (is the server running?)", webhook, about.Err) // without the query: it holds the number
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s: there is no fake channel of a brand %s", webhook, c.Brand)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, webhook, response.Status, bytes.TrimSpace(text))
	}
	return json.Unmarshal(text, into)
}
