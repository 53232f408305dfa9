package fake

import (
	"context"
	"strings"
)

// SendTyped sends a line that a person typed, and returns what to show them. "/contact" shares the customer's own contact,
// "/photo" sends an attachment, and "/again" delivers the last message once more. Any other line is a text.
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
	replies, err := c.Send(ctx, m)
	return show(replies), err
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
