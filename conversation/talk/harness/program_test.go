package harness

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pulsa/app/config"
	"pulsa/cards"
	"pulsa/conversation/talk"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"

	simnetwork "pulsa/sim/network"
)

func TestATopUpByOneTextTakesFiveTransactionsAndTheSessionsTwo(t *testing.T) {
	p := storyProgramForTest(t, talk.Given{Customer: &talk.GivenCustomer{PIN: prepaid.NewSecret(storyPIN), Method: "card"}})
	wal := filepath.Join(p.config.Data, "pulsa.db-wal")
	before := walCommits(t, wal)
	messages, err := p.Send(t.Context(), talk.Inbound{ID: "bcdf", From: p.setup.Customer, Text: "KOOP 10 " + storyPIN})
	if err != nil || len(messages) != 1 || !strings.Contains(messages[0].Text, "€10 was added") {
		t.Fatalf("answered %v, %v", messages, err)
	}
	if got := walCommits(t, wal) - before; got > 7 {
		t.Errorf("%d transactions", got)
	}
}

// walCommits counts the commit frames of SQLite's write-ahead log (https://www.sqlite.org/fileformat2.html#walformat).
func walCommits(t *testing.T, path string) int {
	t.Helper()
	wal, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(wal) < 32 {
		return 0
	}
	pageSize := int(binary.BigEndian.Uint32(wal[8:]))
	commits := 0
	for at := 32; at+24+pageSize <= len(wal); at += 24 + pageSize {
		if !bytes.Equal(wal[at+8:at+16], wal[16:24]) { // salts of an older log
			break
		}
		if binary.BigEndian.Uint32(wal[at+4:]) != 0 {
			commits++
		}
	}
	return commits
}

func storyProgramForTest(t *testing.T, givens ...talk.Given) *Program {
	t.Helper()
	return storyProgramOf(t, config.Demo, givens...)
}

// storyProgramOf is the program of a configuration whose brand is "demo".
func storyProgramOf(t *testing.T, text []byte, givens ...talk.Given) *Program {
	t.Helper()
	c, err := config.Parse("demo.yaml", text, func(string) string { return "" }, config.Supported())
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewMaker(t.Context(), c, "", "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.New(t.Context(), talk.Setup{
		Brand: "demo", Language: "en", Customer: talk.Customer{Number: storyNumber, Kind: "sms"}, Givens: givens,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return p.(*Program)
}

func TestAWithdrawnCardIsRefused(t *testing.T) {
	for _, state := range []cards.State{cards.Locked, cards.Void} {
		p := storyProgramForTest(t)
		card := cards.Card{Serial: "101-00000042", Brand: "demo", Series: "101", State: state,
			Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}, CreatedAt: p.clock.Now()}
		if err := p.p.Cards.Add(t.Context(), card, prepaid.NewSecret("12345678901234")); err != nil {
			t.Fatal(err)
		}
		messages, err := p.Send(t.Context(), talk.Inbound{ID: "bcdf", From: p.setup.Customer, Text: "REDEEM 12345678901234"})
		if err != nil || len(messages) != 1 || messages[0].Parts[0].Key != "redeem.withdrawn" {
			t.Errorf("%s: answered %v, %v", state, messages, err)
		}
	}
}

func TestAnEventThatNothingIsThereForIsTheStorysFault(t *testing.T) {
	p := storyProgramForTest(t)
	for _, e := range []talk.Event{
		{Kind: talk.CustomerAuthenticates}, {Kind: talk.SetupCompleted},
		{Kind: talk.PaymentBehaves, Behaviour: string(simgateway.ReturnsDebit)}, {Kind: talk.NetworkBehaves, Behaviour: string(simnetwork.TakesBack)},
	} {
		if err := p.Do(t.Context(), p.setup.Customer, e); !errors.Is(err, talk.ErrCantHappen) {
			t.Errorf("%v: %v", e, err)
		}
	}
	found, err := p.Check(t.Context(), p.setup.Customer, talk.Fact{Kind: talk.CardIs, Serial: "101-00000099", Name: "new"})
	if err != nil || found.Actual != "no such card" {
		t.Errorf("a card that there is not: %+v, %v", found, err)
	}
}

func TestAMessageDeliveredAgainAfterTheInstrumentHasChangedIsAnsweredWithItsOrder(t *testing.T) {
	p := storyProgramForTest(t, talk.Given{Customer: &talk.GivenCustomer{PIN: prepaid.NewSecret(storyPIN), Method: "card"}})
	in := talk.Inbound{ID: "bcdf", From: p.setup.Customer, Text: "KOOP 10 " + storyPIN}
	p.armed = "delivered" // it dies before anything is answered
	if messages, err := p.Send(t.Context(), in); err != nil || len(messages) != 0 {
		t.Fatalf("answered %v, %v", messages, err)
	}
	if err := p.given(t.Context(), talk.Given{Customer: &talk.GivenCustomer{PIN: prepaid.NewSecret(storyPIN), Method: "paypal"}}); err != nil {
		t.Fatal(err)
	}
	messages, err := p.Send(t.Context(), in)
	if err != nil || len(messages) != 1 || !strings.Contains(messages[0].Text, "€10 was added") {
		t.Errorf("answered %v, %v", messages, err)
	}
	if n := len(p.sims.Gateway.Charged(simgateway.Filter{})); n != 1 {
		t.Errorf("charged %d times", n)
	}
}
