package conversation

import (
	"encoding/json"
	"fmt"
	"slices"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// memo is what is kept of an answered message: its reply, for when the provider sends it again.
type memo struct {
	Parts  []channels.Outbound `json:"parts,omitempty"`
	Texts  []channels.Outbound `json:"texts,omitempty"`
	Sealed []byte              `json:"sealed,omitempty"` // all of it, where it shows a PIN
}

// writeMemo seals a memo that shows a PIN: it is kept for longer than the PIN.
func (h *Handler) writeMemo(t *Turn, m memo) ([]byte, error) {
	kept, err := json.Marshal(m)
	if err != nil || t.shows == "" {
		return kept, err
	}
	return json.Marshal(memo{Sealed: h.c.Vault.Seal(kept, memoOwner(t.channel, t.in))})
}

// memoOwner is what a sealed memo is bound to.
func memoOwner(c channels.Channel, in channels.Inbound) string {
	return "memo " + senderOf(c, in.Address) + " " + in.ID
}

// readMemo opens the memo of a message. One whose reply is for another address is an error.
func (h *Handler) readMemo(data []byte, c channels.Channel, in channels.Inbound) (memo, error) {
	var m memo
	err := json.Unmarshal(data, &m)
	if err == nil && len(m.Sealed) > 0 {
		if data, err = h.c.Vault.Open(m.Sealed, memoOwner(c, in)); err == nil {
			m = memo{}
			err = json.Unmarshal(data, &m)
		}
	}
	if err == nil && slices.ContainsFunc(m.Parts, func(p channels.Outbound) bool { return p.Address != in.Address }) {
		err = topup.ErrKeyReused
	}
	if err != nil {
		return memo{}, fmt.Errorf("read memo: %w", err)
	}
	return m, nil
}

// render makes the messages of the reply, as the channel can show them, and those to other phones.
func (h *Handler) render(t *Turn) memo {
	var m memo
	if t.silent {
		return m
	}
	t.textLinks()
	now := h.c.Clock.Now()
	for i, r := range t.rendered() {
		m.Parts = append(m.Parts, channels.Outbound{
			ID: prepaid.NewID[prepaid.OutboundID](), Brand: t.brand.Name, Channel: t.channel.Name, Address: t.in.Address,
			MessageID: t.in.ID, Part: i, Text: r.Text, PIN: t.shows, Buttons: r.Buttons, AskContact: r.AskContact, ContactLabel: r.ContactLabel, Can: t.in.Can,
			Answer: true, Repeatable: true, CreatedAt: now,
		})
		part := &m.Parts[i]
		if t.news == nil {
			continue
		}
		if len(t.news.templates) > 0 {
			part.Template = t.news.templates[i]
		}
		if part.Doubt = t.news.doubt; part.Doubt == channels.AgainInDoubt {
			part.AgainMark = t.prompts.text(againMark)
		}
	}
	t.markDialled(m.Parts)
	if len(m.Parts) > 0 && t.holdsSecret() && t.in.Can.Deletes {
		m.Parts[0].DeleteRef = t.in.MessageRef
	}
	if t.viaOutbox {
		m.Parts, m.Texts = nil, m.Parts
	}
	for _, text := range t.texts {
		text.ID, text.Brand, text.CreatedAt = prepaid.NewID[prepaid.OutboundID](), t.brand.Name, now
		m.Texts = append(m.Texts, text)
	}
	return m
}

// rendered are the messages of the reply: one for each prompt where templates carry them.
func (t *Turn) rendered() []channels.Rendered {
	if t.news == nil || len(t.news.templates) == 0 {
		return channels.Render(t.message(), t.in.Can)
	}
	var list []channels.Rendered
	for _, part := range t.said {
		list = append(list, channels.Rendered{Text: part.Text})
	}
	return list
}

// holdsSecret reports whether the customer's message should not stay on the screen.
func (t *Turn) holdsSecret() bool {
	return t.secret || !t.pin.Empty() || !t.code.Empty() || mayHoldPIN(t.in.Text, t.brand.Country)
}
