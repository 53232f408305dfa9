package app

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pulsa/accounts"
	"pulsa/app/apptest"
	"pulsa/cards"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/payments"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
)

// twin is one of two customers whose provider gives their messages the same ids.
type twin struct {
	number  string // of the phone that they top up
	address prepaid.Address
	code    string // of a card
	typed   []string
}

// twins says how each provider delivers a message of an id, and returns what is answered.
var twins = map[string]func(r *running, v *apptest.Provider, w *twin, id int, text string) string{
	"fake": func(r *running, _ *apptest.Provider, w *twin, id int, text string) string {
		answer, _ := r.post(map[string]any{"id": fmt.Sprint(id), "from": w.number, "text": text})
		return answer
	},
	"twilio": func(r *running, _ *apptest.Provider, w *twin, id int, text string) string {
		return r.twilioTwin("demo/twilio", "", w, id, text)
	},
	"whatsapp": func(r *running, _ *apptest.Provider, w *twin, id int, text string) string {
		return r.twilioTwin("demo/whatsapp", "whatsapp:", w, id, text)
	},
	"telegram": func(r *running, v *apptest.Provider, w *twin, id int, text string) string {
		r.awaitSent()
		n := len(v.To(string(w.address)))
		_, chat, _ := strings.Cut(string(w.address), ":")
		if status := r.postTelegram(apptest.TelegramUpdate(id, chat, fmt.Sprintf(`"text":%q`, text))); status != 200 {
			r.t.Fatalf("%q is answered %d", text, status)
		}
		return v.Await(string(w.address), n+1).Text
	},
	"ussd": func(r *running, _ *apptest.Provider, w *twin, id int, text string) string {
		w.typed = append(w.typed, text) // a message's id is its session's with the number of inputs
		return r.dialFrom(w.number, fmt.Sprint(id/1000), w.typed...)
	},
}

func (r *running) twilioTwin(channel, prefix string, w *twin, id int, text string) string {
	texts, status := r.postTwilio(channel, url.Values{
		"MessageSid": {fmt.Sprint("SM", id)}, "AccountSid": {"AC0123"}, "From": {prefix + w.number}, "To": {apptest.SMSNumber}, "Body": {text}, "NumMedia": {"0"},
	})
	if status != 200 {
		r.t.Fatalf("%q is answered %d", text, status)
	}
	return strings.Join(texts, "\n")
}

// Two senders register, buy, guess, spend cards and give mandates side by side, and each message of the one has the id of
// the other's: nothing of the one is the other's.
func TestEqualIDsOfTwoSendersAreTwoMessagesAtEveryStep(t *testing.T) {
	for channel, deliver := range twins {
		t.Run(channel, func(t *testing.T) {
			r, v := runLines(t, nil)
			two := []*twin{{number: apptest.Number, address: "tel:" + apptest.Number, code: "12345678901234"}, {number: "+31687654321", address: "tel:+31687654321", code: "98765432109876"}}
			if channel == "telegram" {
				two[0].address, two[1].address = "telegram:3527", "telegram:35278"
			}
			for i, w := range two {
				err := harness.GivenCard(t.Context(), r.Program.Program, "demo", talk.GivenCard{
					Serial: fmt.Sprintf("101-%08d", i), Code: prepaid.NewSecret(w.code), Amount: prepaid.Money{Minor: 1000, Currency: "EUR"},
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			id := 7000
			both := func(text, word string) {
				t.Helper()
				id++
				for _, w := range two {
					own := strings.NewReplacer("NUMBER", w.number, "CODE", w.code).Replace(text)
					for range 2 { // and each is delivered twice
						if answer := deliver(r, v, w, id, own); !strings.Contains(answer, word) {
							t.Errorf("%s: %q is answered %q, want %q in it", w.number, own, answer, word)
						}
						if channel == "telegram" || channel == "ussd" { // there the test can't tell the second answer from the first
							break
						}
					}
				}
			}
			both("KOOP", "mobile number")
			both("NUMBER", "once more")
			if both("NUMBER", ""); channel == "telegram" {
				both("246810", "PIN")
			}
			both(apptest.PIN, "once more")
			both(apptest.PIN, "do you want to pay")
			both("2", "")
			for i, w := range two {
				r.has(two[i:], accounts.Pending)
				if err := r.Sims.Gateway.CompleteSetup(t.Context(), w.msisdn()); err != nil {
					t.Errorf("%s has no payment page: %v", w.number, err)
				}
				r.has(two[:i+1], accounts.Active)
			}
			apptest.Await(t, "both are told", func() bool {
				next, err := r.DB.Notices.NextNotice(t.Context())
				return err == nil && next.IsZero()
			}, nil)
			two[0].typed, two[1].typed, id = nil, nil, 8000 // another session
			both("KOOP 10 "+apptest.PIN, "€10 was added")
			both("REDEEM CODE", "€10 was added")
			both("KOOP 15 0000", "2")
			both("EXIT", "")
			both("REDEEM 11111111111111", "")
			both("EXIT", "")
			both("PAY", "PIN")
			both(apptest.PIN, "do you want to pay")
			both("1", "IBAN")
			both("NL91ABNA0417164300", "name")
			both("Jo Jansen", "AGREE")
			both("AGREE", "")
			var references []string
			for _, w := range two {
				c, err := r.Accounts.ByMSISDN(t.Context(), "demo", w.msisdn())
				if err != nil {
					t.Fatal(err)
				}
				kept, err := r.DB.Mandates.MandatesOf(t.Context(), c.ID)
				if err != nil || len(kept) != 1 || c.Pays.Method != string(payments.SEPA) {
					t.Errorf("%s has mandates %v, pays by %s, %v", w.number, kept, c.Pays.Method, err)
					continue
				}
				references = append(references, kept[0].Reference)
				if n := len(r.Sims.Network.Delivered(simnetwork.Filter{MSISDN: w.msisdn()})); n != 2 {
					t.Errorf("%s was topped up %d times", w.number, n)
				}
				if wrong, _, err := r.DB.CardTries.CardTries(t.Context(), "demo", []string{"address:" + string(w.address)}); wrong != 1 || err != nil {
					t.Errorf("%s has %d wrong codes, %v", w.number, wrong, err)
				}
				if c.PIN.MonthTries != 1 {
					t.Errorf("%s has %d wrong PINs", w.number, c.PIN.MonthTries)
				}
			}
			if slices.Sort(references); len(slices.Compact(references)) != 2 {
				t.Errorf("mandates %v", references)
			}
			for i := range two {
				if c, err := r.DB.Cards.CardBySerial(t.Context(), "demo", fmt.Sprintf("101-%08d", i)); err != nil || c.State != cards.Spent {
					t.Errorf("card %d: %s, %v", i, c.State, err)
				}
			}
			r.wantClean()
		})
	}
}

func (w *twin) msisdn() prepaid.MSISDN { return prepaid.MSISDN(strings.TrimPrefix(w.number, "+")) }

// has checks how customers stand.
func (r *running) has(all []*twin, want accounts.Status) {
	r.t.Helper()
	for _, w := range all {
		if c, err := r.Accounts.ByMSISDN(r.t.Context(), "demo", w.msisdn()); err != nil || c.Status != want {
			r.t.Errorf("%s is %s, want %s, %v", w.number, c.Status, want, err)
		}
	}
}
