package fake

import (
	"context"
	"strings"

	"pulsa/channels"
	"pulsa/prepaid"
)

// SendTyped sends a line that a person typed, and returns what to show them. "/contact" shares the customer's own contact,
// "/photo" sends an attachment, and "/again" delivers the last message once more. Any other line is a text: on USSD "*123#" is
// dialled, and what follows is typed in that session until a reply ends it.
func (c *Client) SendTyped(ctx context.Context, line string) (shown []string, err error) {
	m := Message{Text: line}
	switch strings.TrimSpace(line) {
	case "/contact":
		m = Message{Contact: "own"}
	case "/photo":
		m = Message{Attachment: true}
	case "/again":
		if m = c.Last(); m.ID == "" {
			return []string{"Nothing was sent yet."}, nil
		}
	}
	if can, _ := channels.Of(channels.Kind(c.As)); can.Dials && m.ID == "" {
		m.Session = c.inSession(m.Text)
	}
	replies, err := c.Send(ctx, m)
	shown = show(replies)
	if n := len(replies); n > 0 && replies[n-1].Ends {
		c.typedIn("")
		shown = append(shown, "  (the session has ended: dial again)")
	}
	return shown, err
}

// inSession returns the session that a line is typed in: what is dialled opens one, and "" is none.
func (c *Client) inSession(line string) string {
	if _, dials := channels.ReadDialled(line); dials {
		c.typedIn(prepaid.NewToken())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

func (c *Client) typedIn(session string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = session
}

// Pushed is Outbox as it is shown to a person.
func (c *Client) Pushed(ctx context.Context) (shown []string, err error) {
	messages, err := c.Outbox(ctx)
	return show(messages), err
}

// show returns each message as a terminal shows it, with its buttons below.
func show(messages []Reply) []string {
	shown := make([]string, len(messages))
	for i, m := range messages {
		lines := []string{"< " + strings.ReplaceAll(m.Text, "\n", "\n  ")}
		for _, b := range m.Buttons {
			lines = append(lines, "  ["+b.Label+"]")
		}
		if m.AskContact {
			lines = append(lines, "  [/contact shares your number]")
		}
		shown[i] = strings.Join(lines, "\n")
	}
	return shown
}
