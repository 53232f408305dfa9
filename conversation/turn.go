package conversation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Turn is one inbound message on its way to its one reply. It lives as long as that takes and is used by
// one goroutine.
type Turn struct {
	brand    *prepaid.Brand
	channel  channels.Channel
	in       channels.Inbound
	now      time.Time
	session  *Session
	prompts  *Prompts // in the customer's language
	all      *BrandPrompts
	computes *computes
	tidy     string          // see tidied
	command  Command         // what the text means outside of any state
	sms      string          // the brand's channel that carries SMS, where it is on
	optedOut accounts.OptOut // of the sender
	news     *news           // how the reply is sent, where it tells late news

	wanted int64          // the amount that a question named which this message says yes to, in minor units of the brand's currency
	pin    prepaid.Secret // typed in this message
	code   prepaid.Secret // a card's or one-time code, typed in this message

	help  Key      // explains the open question
	wrong []string // values of the prompt that says what is wrong with the input

	said    []Part
	choices []channels.Choice
	path    []Step
	result  string
	texts   []channels.Outbound // to others than the sender: a one-time code
	told    prepaid.Told        // by the reply, once this turn is committed
	shows   prepaid.OrderID     // whose PIN the reply shows

	customer *accounts.Customer // looked up at most once
	err      error              // ends the turn without an answer
	logged   []error            // went wrong, but the customer need not know

	// Flags stand together: one by one, each would take 8 bytes.
	opensDial   bool // a session was dialled, and nothing said yet
	staleButton bool // the button that was tapped belongs to an earlier question
	redirected  bool // a notice that is told at another address than the one it was for
	viaOutbox   bool // the reply leaves by the outbox, also where the channel could answer at once
	sessionless bool // sessions can't be kept: only what stands on its own is done
	contact     bool // the reply offers to share the sender's contact
	silent      bool // the provider has answered already
	secret      bool // the input is a secret of the state it was read in
	newLanguage bool // LANG was answered on the way: to be kept with the customer
}

// news is how a reply is sent that tells late news.
type news struct {
	templates []channels.Template // it is sent by these, one for each prompt: our own words come too late
	doubt     channels.Doubt
}

// computes is what accounts and payments compute without asking a store.
type computes struct {
	pinKey        func(sender string, pin prepaid.Secret) string
	samePIN       func(key, sender string, pin prepaid.Secret) bool
	sealIBAN      func(reference string, i payments.IBAN) string
	checkStrength func(brand string, m prepaid.MSISDN, pin prepaid.Secret) error
}

// Part is one prompt of a reply.
type Part struct {
	Key    Key
	Values map[string]string
	Text   string
	Secret bool // shows a secret of the customer's: not for transcripts
}

// Step is one transition that a turn made.
type Step struct {
	From  string
	Event Event
	To    string
}

// Say adds a prompt to the reply. values are names and texts in turn.
func (t *Turn) Say(key Key, values ...string) {
	t.said = append(t.said, t.prompts.Part(key, values...))
}

// tidied is the message's text as it is compared. It is made once: a text that nobody understands is read many times.
func (t *Turn) tidied() string {
	if t.tidy == "" {
		t.tidy = tidy(t.in.Text)
	}
	return t.tidy
}

// setText has the turn read another text.
func (t *Turn) setText(text string) { t.in.Text, t.tidy = text, "" }

// fail ends the turn without an answer, or with what takeBack has for the error: nothing of the message counts. It returns noEvent.
func (t *Turn) fail(err error) Event {
	if t.err == nil {
		t.err = err
	}
	return noEvent
}

// logError has an error logged with the turn, which goes on. nil is ignored.
func (t *Turn) logError(err error) {
	if err != nil {
		t.logged = append(t.logged, err)
	}
}

func (t *Turn) labels(ids []ChoiceID) []channels.Choice {
	if len(ids) == 0 {
		return nil
	}
	choices := make([]channels.Choice, 0, len(ids))
	for _, id := range ids {
		if id == ChoiceID(ActRedeem) && t.brand.Cards.NoRedeem {
			continue
		}
		choices = append(choices, channels.Choice{ID: string(id), Label: t.prompts.text(id.label())})
	}
	return choices
}

// key makes the operation key of one thing that this message asks for.
func (t *Turn) key(what string) string { return t.operationKey(t.in.ID, what) }

// flowKey makes the operation key of the one thing that the present flow is for.
func (t *Turn) flowKey(what string) string { return t.operationKey(t.session.Key, what) }

// operationKey makes a key of brand, channel, sender, message and what is asked for. The id of a message alone would not do:
// USSD gateways recycle session ids, and a new bot counts from 1 again. Sender and message are hashed, since the key is
// stored and sent where no address belongs.
func (t *Turn) operationKey(message, what string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(t.in.Address), t.in.Address, message))
	return t.channel.ID() + "/" + base64.RawURLEncoding.EncodeToString(sum[:keyBytes]) + "/" + what
}

// keyBytes is how much of the digest an operation key holds: too much for two to be alike by chance.
const keyBytes = 18

// senderOf names whose session and memo a message has: "demo/twilio/tel:+31612345678".
func senderOf(c channels.Channel, a prepaid.Address) string { return c.ID() + "/" + string(a) }

// ownNumber is the sender's own number where it is certain: the channel vouches for the address.
func (t *Turn) ownNumber() (prepaid.MSISDN, bool) {
	if !t.in.Can.Vouches {
		return "", false
	}
	return t.in.Address.Tel()
}

// sender returns the customer at the sender's address; accounts.ErrNoCustomer for a stranger.
func (t *Turn) sender(ctx context.Context, s *Services) (accounts.Customer, error) {
	if t.customer != nil {
		if t.customer.ID == "" {
			return accounts.Customer{}, accounts.ErrNoCustomer
		}
		return *t.customer, nil
	}
	c, err := s.Accounts.ByAddress(ctx, t.brand.Name, t.in.Address)
	if err != nil && !errors.Is(err, accounts.ErrNoCustomer) {
		t.fail(err)
		return accounts.Customer{}, err
	}
	t.customer = &c
	return c, err
}

// setCustomer notes in the session whom the flow is about.
func (t *Turn) setCustomer(c accounts.Customer) {
	t.session.Customer, t.session.MSISDN, t.session.Holder = c.ID, c.MSISDN, c.Holder
	t.customer = nil // the sender may have been a stranger until now
}

// flowCustomer returns the customer whom the flow is about. Where the address is no longer theirs, the number has another holder
// than when the flow began, or the account is frozen, the turn fails and the flow ends.
func (t *Turn) flowCustomer(ctx context.Context, s *Services) (accounts.Customer, error) {
	c, err := t.sender(ctx, s)
	if t.err != nil {
		return c, t.err
	}
	if err != nil || c.ID != t.session.Customer || c.Holder != max(t.session.Holder, 1) {
		t.fail(errNotTheirs)
	} else if c.Frozen() {
		t.fail(accounts.ErrFrozen)
	}
	return c, t.err
}

// replyTo says where notices about what this turn begins are sent.
func (t *Turn) replyTo() topup.ReplyTo {
	return topup.ReplyTo{Channel: t.channel.Name, Kind: string(t.in.Can.Kind), Address: t.in.Address, Language: t.prompts.Language}
}

// patience is how much longer the customer waits, counted from the receipt of the message.
func (t *Turn) patience(now time.Time) time.Duration {
	return max(t.in.Can.Patience-now.Sub(t.in.ReceivedAt), 0)
}

// ends reports whether nothing is asked.
func (t *Turn) ends() bool { return t.session.State == idle }

// message puts the reply together.
func (t *Turn) message() channels.Message {
	for i := range t.choices {
		t.choices[i].Question = t.session.Question
	}
	m := channels.Message{Choices: t.choices, AskContact: t.contact, ContactLabel: t.prompts.text("button.contact"), Ends: t.ends(), AnyLetter: t.prompts.anyLetter}
	for _, c := range t.choices { // of languages, whose names are in their own letters
		m.AnyLetter = m.AnyLetter || !channels.IsGSM7(c.Label)
	}
	for i, p := range t.said {
		if i > 0 {
			m.Text += "\n"
		}
		m.Text += p.Text
	}
	return m
}
