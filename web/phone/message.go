package phone

import (
	"context"
	"errors"
	"net/http"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

const (
	// maxText is as much as the other channels take.
	maxText = 64 << 10
	// patience is how long the page waits for an answer.
	patience = 15 * time.Second
	// turnFor bounds a turn that the browser has stopped waiting for.
	turnFor = 90 * time.Second
)

// takeMessage answers POST /phone/messages with the bubbles of the message and its reply.
func (c *Console) takeMessage(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.refuseForm(w, r, err)
		return
	}
	u, err := c.customer(r.Context(), r.PostForm)
	if err != nil {
		c.problem(w, r, http.StatusBadRequest, "Not sent: "+err.Error()+".")
		return
	}
	now := c.Clock.Now()
	in, e := u.inbound(r, now)
	if len(in.Text) > maxText || len(in.Button) > maxText {
		c.problem(w, r, http.StatusRequestEntityTooLarge, "Not sent: that is too long.")
		return
	}
	// The browser may go away; what has begun is finished all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), turnFor)
	defer cancel()
	parts, err := c.Turn(ctx, u.line, in)
	if err != nil {
		c.Log.ErrorContext(r.Context(), "phone: message not taken", "channel", u.line.ID(), "error", err)
		c.problem(w, r, http.StatusServiceUnavailable, "The program did not take this message. Please send it again.")
		return
	}
	bubbles := u.turned(e, parts, now, c.Clock.Now())
	if !u.can.Dials {
		c.pages.ShowPart(w, r, http.StatusOK, "bubbles", bubbles)
		return
	}
	c.pages.ShowPart(w, r, http.StatusOK, "screen", screen{bubbles, openSession(in, parts)})
}

// screen is the bubbles of a turn in a dialled session, and the session that the next message is typed in, "" for none.
type screen struct {
	Bubbles []bubble
	Session string
}

func openSession(in channels.Inbound, parts []channels.Outbound) string {
	if in.Dial == nil || len(parts) > 0 && parts[len(parts)-1].Ends {
		return ""
	}
	return in.Dial.Session
}

// inbound makes the message of what the form holds. Every kind is taken as one whose messages can be
// deleted: the reply then tells whether the message held a secret.
func (u customer) inbound(r *http.Request, now time.Time) (channels.Inbound, entry) {
	in := channels.Inbound{
		ID: prepaid.NewToken(), Address: u.address(), Text: clean(r.PostForm.Get("text")), Language: u.language,
		Can: u.can, ReceivedAt: now, Deadline: now.Add(patience),
	}
	in.MessageRef, in.Can.Deletes, in.Can.InResponse = in.ID, true, true
	e := entry{At: prepaid.Micros(now), Mine: true, Text: in.Text}
	switch {
	case r.PostForm.Get("button") != "":
		in.Text, in.Button = "", channels.CleanText(r.PostForm.Get("button"))
		e.Text, e.Button = clean(r.PostForm.Get("label")), true
	case r.PostForm.Get("contact") != "":
		in.Text, e.Text, e.Contact = "", "", true
		in.Contact = &channels.Contact{MSISDN: u.number, Own: true}
	case r.PostForm.Get("photo") != "":
		in.Text, e.Text, e.Photo = "", "", true
		in.Attachment = true
	}
	if in.Contact != nil && !u.can.Contact {
		in.Contact, in.Attachment = nil, true
	}
	if u.can.Dials {
		e.Dialled = readDial(&in, channels.CleanText(r.PostForm.Get("session")))
	}
	return in, e
}

// readDial says how a message stands in a dialled session, and reports whether it was dialled: a code opens a session, anything else is
// typed in the one that is open.
func readDial(in *channels.Inbound, session string) bool {
	inputs, dials := channels.ReadDialled(in.Text)
	switch {
	case dials:
		session = in.ID
	case session == "":
		return false
	case in.Text != "":
		inputs = []string{in.Text}
	}
	in.Dial = &channels.Dial{Session: session, Inputs: inputs}
	if in.Text = ""; len(inputs) > 0 {
		in.Text = inputs[len(inputs)-1]
	}
	return dials
}

// turned lists the bubbles of one turn.
func (u customer) turned(e entry, parts []channels.Outbound, sent, now time.Time) []bubble {
	e.Secret = len(parts) > 0 && parts[0].DeleteRef != ""
	bubbles := []bubble{u.sent(e, e.Secret, sent)}
	for _, p := range parts {
		p.Can = u.can
		bubbles = append(bubbles, u.heard(p, newEntry(now, p, u)))
		if p.Ends && u.can.Dials {
			bubbles[len(bubbles)-1].Note = "The session has ended."
		}
	}
	return bubbles
}

func (c *Console) refuseForm(w http.ResponseWriter, r *http.Request, err error) {
	var limit *http.MaxBytesError
	if errors.As(err, &limit) {
		c.problem(w, r, http.StatusRequestEntityTooLarge, "Not sent: that is too long.")
		return
	}
	c.problem(w, r, http.StatusBadRequest, "Not sent: the form can't be read.")
}

// problem says in the conversation why a message was not taken.
func (c *Console) problem(w http.ResponseWriter, r *http.Request, status int, text string) {
	c.pages.ShowPart(w, r, status, "problem", text)
}
