package conversation

import (
	"encoding/json"
	"errors"
	"time"

	"pulsa/channels"
	"pulsa/payments"
	"pulsa/prepaid"
)

// Record is one answered turn. It holds no secret but what the texts to the customer hold.
type Record struct {
	Channel   channels.Channel
	Kind      channels.Kind
	Address   prepaid.Address
	MessageID string
	From, To  string // states
	Path      []Step
	Result    string // "ok", "failed" (input that nobody can use), "over" (a button of an earlier question), "seen", "opted_out", "later", "news"
	Parts     []Part
	Choices   []channels.Choice
	Duration  time.Duration
}

func (h *Handler) record(t *Turn, from string) {
	r := Record{
		Channel: t.channel, Kind: t.in.Can.Kind, Address: t.in.Address, MessageID: t.in.ID, From: from, To: t.session.State,
		Path: t.path, Result: t.result, Parts: t.said, Choices: t.choices, Duration: h.c.Clock.Now().Sub(t.in.ReceivedAt),
	}
	if t.silent {
		r.Parts, r.Choices = nil, nil
	}
	attrs := []any{
		"brand", t.brand.Name, "channel", t.channel.Name, "kind", t.in.Can.Kind, "address", t.in.Address,
		"from", from, "to", t.session.State, "result", t.result, "took", r.Duration.Round(time.Millisecond).String(),
	}
	for _, err := range t.logged {
		attrs = append(attrs, "note", err.Error())
	}
	h.c.Log.Info("turn", attrs...)
	h.c.Observe(r)
}

func (h *Handler) recordRepeated(c channels.Channel, in channels.Inbound) {
	h.c.Log.Info("turn", "brand", c.Brand.Name, "channel", c.Name, "kind", in.Can.Kind, "address", in.Address, "result", "seen")
	h.c.Observe(Record{Channel: c, Kind: in.Can.Kind, Address: in.Address, MessageID: in.ID, Result: "seen"})
}

// TranscriptEntry is one turn as it is kept for support, as JSON: Transcript.Entry.
type TranscriptEntry struct {
	In    string   `json:"in"`
	Out   []string `json:"out,omitempty"`
	From  string   `json:"from"`
	To    string   `json:"to"`
	Kind  string   `json:"kind"`
	Keys  []Key    `json:"prompts,omitempty"`
	Steps []string `json:"events,omitempty"`
}

// transcript writes a turn down with its secrets masked.
func transcript(t *Turn, from string) []byte {
	e := TranscriptEntry{From: from, To: t.session.State, Kind: string(t.in.Can.Kind), In: prepaid.MaskDigits(t.in.Text)}
	if _, _, err := payments.ParseIBAN(t.in.Text); t.secret || !errors.Is(err, payments.ErrNoIBAN) {
		e.In = "****"
	}
	for _, p := range t.said {
		if p.Secret {
			p.Text = "****"
		}
		e.Out = append(e.Out, payments.MaskLinks(prepaid.MaskDigits(p.Text)))
		e.Keys = append(e.Keys, p.Key)
	}
	for _, s := range t.path {
		e.Steps = append(e.Steps, string(s.Event))
	}
	data, _ := json.Marshal(e) // strings only: it can't fail
	return data
}
