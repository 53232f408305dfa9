package ussd

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pulsa/channels"
	"pulsa/prepaid"
)

// patience is how long we take the gateway to wait for a screen before it drops the session.
const patience = 5 * time.Second

const (
	maxSession = 128 // bytes of a session's name
	maxInputs  = 200 // of one session: no network lets one last that long
)

// Receive implements channels.Adapter. A message's id is its session and how many inputs there were, never
// the inputs: they hold PINs.
func (a *Adapter) Receive(r *http.Request, c channels.Channel) (channels.Received, error) {
	if !authentic(r, c) {
		return channels.Received{}, channels.ErrNotAuthentic
	}
	body, err := channels.ReadBody(r)
	if err != nil {
		return channels.Received{}, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return channels.Received{}, channels.BadRequest("the body is not a form")
	}
	session := form.Get("sessionId")
	switch {
	case session == "" || len(session) > maxSession || strings.ContainsFunc(session, unicode.IsControl) || channels.CleanText(session) != session:
		return channels.Received{}, channels.BadRequest("sessionId is missing or odd")
	case form.Has("status") && !form.Has("text"):
		return channels.Received{}, nil // the gateway reports how a session has ended
	}
	caller, err := number(form.Get("phoneNumber"))
	if err != nil {
		return channels.Received{}, channels.BadRequest("phoneNumber is missing or no number")
	}
	inputs := splitInputs(channels.CleanText(form.Get("text")))
	if len(inputs) > maxInputs {
		return channels.Received{}, channels.BadRequest("text holds more than %d inputs", maxInputs)
	}
	return channels.Received{Messages: []channels.Inbound{a.message(c, session, caller, inputs)}}, nil
}

func (a *Adapter) message(c channels.Channel, session string, caller prepaid.MSISDN, inputs []string) channels.Inbound {
	inputs, turns := cutTurns(inputs, moreKey(c.Brand))
	can, _ := channels.Of(channels.USSD)
	can.MaxUnits = 0 // the answer comes whole: it is cut into pages here
	now := a.clock.Now()
	in := channels.Inbound{
		ID: session + "/" + strconv.Itoa(len(inputs)), Address: caller.Tel(), Can: can,
		ReceivedAt: now, Deadline: now.Add(patience),
		Dial: &channels.Dial{Session: session, Inputs: inputs}, Labels: []channels.Label{channels.LabelMore, channels.LabelBack}, Private: turns,
	}
	if len(inputs) > 0 {
		in.Text = inputs[len(inputs)-1]
	}
	return in
}

// splitInputs parts what was typed since the code was dialled.
func splitInputs(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "*")
}

// number reads a caller's number. Some gateways leave the plus out, or write it so that it arrives as a space.
func number(text string) (prepaid.MSISDN, error) {
	return prepaid.ParseE164("+" + strings.TrimPrefix(strings.TrimSpace(text), "+"))
}
