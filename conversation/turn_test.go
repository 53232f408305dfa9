package conversation

import (
	"errors"
	"strings"
	"testing"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

func TestOperationKeysNameBrandChannelSenderAndMessage(t *testing.T) {
	b := demoBrand()
	all := mustPrompts(t, b)
	turn := func() *Turn { return bareTurn(t, b, all, &Session{State: idle, Answers: Answers{Key: "m0"}}, "KOOP") }
	first := turn()
	if first.key("pin") != turn().key("pin") || first.flowKey("topup") != turn().flowKey("topup") {
		t.Error("a repeated message has other keys")
	}
	for what, change := range map[string]func(*Turn){
		"brand":   func(t *Turn) { other := *b; other.Name = "other"; t.channel.Brand = &other },
		"channel": func(t *Turn) { t.channel.Name = "twilio" },
		"sender":  func(t *Turn) { t.in.Address = "tel:+31687654321" },
		"message": func(t *Turn) { t.in.ID, t.session.Key = "m1", "m1" },
		"a sender and message that read alike": func(t *Turn) {
			t.in.Address, t.in.ID, t.session.Key = t.in.Address[:len(t.in.Address)-1], "8m", "8m0"
		},
	} {
		other := turn()
		change(other)
		if other.key("pin") == first.key("pin") || other.flowKey("topup") == first.flowKey("topup") {
			t.Errorf("another %s has the same key", what)
		}
	}
	if first.key("pin") == first.key("code") {
		t.Error("two things of one message have the same key")
	}
	if strings.Contains(first.key("pin"), "31612345678") {
		t.Errorf("the key shows the sender: %s", first.key("pin"))
	}
}

func TestAMemoIsItsSendersAlone(t *testing.T) {
	vault, err := prepaid.NewVault(prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}), "test")
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{c: Config{Vault: vault}}
	b := demoBrand()
	turn := bareTurn(t, b, mustPrompts(t, b), &Session{State: idle}, "KOOP")
	m := memo{Parts: []channels.Outbound{{Address: turn.in.Address, Text: "hello"}}}
	for _, shows := range []prepaid.OrderID{"", "BKTRMWQXZD"} {
		turn.shows = shows
		kept, err := h.writeMemo(turn, m)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := h.readMemo(kept, turn.channel, turn.in); err != nil || got.Parts[0].Text != "hello" {
			t.Errorf("its own: %+v, %v", got, err)
		}
		other := turn.in
		other.Address = "tel:+31687654321"
		if got, err := h.readMemo(kept, turn.channel, other); err == nil || len(got.Parts) > 0 {
			t.Errorf("another's: %+v, %v", got, err)
		} else if shows == "" && !errors.Is(err, topup.ErrKeyReused) {
			t.Errorf("another's: %v", err)
		}
	}
}
