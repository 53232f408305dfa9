package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pulsa/prepaid"
)

// fakeClient speaks to a server's fake channel as one customer.
type fakeClient struct {
	base, brand, from, as string
	http                  *http.Client
	last                  fakeMessage
	seen                  int64 // the last pushed message that was shown
}

// fakeMessage is what a customer sends, as channels/fake takes it.
type fakeMessage struct {
	ID         string `json:"id"`
	From       string `json:"from"`
	As         string `json:"as,omitempty"`
	Text       string `json:"text,omitempty"`
	Button     string `json:"button,omitempty"`
	Contact    string `json:"contact,omitempty"`
	Attachment bool   `json:"attachment,omitempty"`
	Language   string `json:"language,omitempty"`
	Session    string `json:"session,omitempty"`
	Typed      bool   `json:"typed,omitempty"`
}

// fakeButton is one button of a message; a tap sends its id.
type fakeButton struct{ ID, Label string }

// fakeReply is one message to the customer.
type fakeReply struct {
	N       int64        `json:"n"`
	Text    string       `json:"text"`
	Buttons []fakeButton `json:"buttons"`
	Contact bool         `json:"ask_contact"`
	Ends    bool         `json:"ends"`
}

// checkServer says how a flag that names a server is written.
func checkServer(flag, address string) error {
	if !isHTTP(address) {
		return fmt.Errorf("%s %s: write a URL, such as http://127.0.0.1:8080", flag, address)
	}
	return nil
}

func newFakeClient(server, brand, from, as string) *fakeClient {
	return &fakeClient{
		base: strings.TrimRight(server, "/") + "/webhooks/" + url.PathEscape(brand) + "/fake", brand: brand, from: from, as: as,
		http: &http.Client{Timeout: 20 * time.Second},
	}
}

// send delivers a message and returns what it was answered. One with an id is a repeated delivery.
func (c *fakeClient) send(ctx context.Context, m fakeMessage) ([]fakeReply, error) {
	if m.ID == "" {
		m.ID = prepaid.NewToken()
	}
	m.From, m.As = c.from, c.as
	c.last = m
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	var answer struct{ Replies []fakeReply }
	if err := c.do(ctx, http.MethodPost, c.base, body, &answer); err != nil {
		return nil, err
	}
	return answer.Replies, nil
}

// outbox returns the messages pushed since it was last asked.
func (c *fakeClient) outbox(ctx context.Context) ([]fakeReply, error) {
	query := url.Values{"to": {c.from}, "as": {c.as}, "after": {fmt.Sprint(c.seen)}}
	var answer struct{ Messages []fakeReply }
	if err := c.do(ctx, http.MethodGet, c.base+"/outbox?"+query.Encode(), nil, &answer); err != nil {
		return nil, err
	}
	for _, m := range answer.Messages {
		c.seen = max(c.seen, m.N)
	}
	return answer.Messages, nil
}

// skipOld passes over what was pushed to the number before.
func (c *fakeClient) skipOld(ctx context.Context) error {
	for {
		old, err := c.outbox(ctx)
		if err != nil || len(old) == 0 {
			return err
		}
	}
}

func (c *fakeClient) do(ctx context.Context, method, address string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if about := (*url.Error)(nil); errors.As(err, &about) {
		return fmt.Errorf("%s: %w (is the server running?)", c.base, about.Err) // without the number
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s: there is no fake channel of a brand %s", c.base, c.brand)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, c.base, response.Status, bytes.TrimSpace(text))
	}
	return json.Unmarshal(text, into)
}
