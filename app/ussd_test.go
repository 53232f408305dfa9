package app

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/operators"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
)

// runUSSD starts the demo with a USSD line.
func runUSSD(t *testing.T) *running {
	return runDemo(t, map[string]string{"USSD_TOKEN": apptest.USSDToken}, nil)
}

// dial sends all that was typed in a USSD session so far, as the gateway does. The answer begins with CON or END.
func (r *running) dial(session string, typed ...string) string {
	r.t.Helper()
	return r.dialFrom(apptest.Number, session, typed...)
}

func (r *running) dialFrom(number, session string, typed ...string) string {
	r.t.Helper()
	response, err := http.PostForm(r.server.URL+"/webhooks/demo/ussd?token="+apptest.USSDToken, url.Values{
		"sessionId": {session}, "serviceCode": {"*123#"}, "phoneNumber": {number}, "networkCode": {"20404"}, "text": {strings.Join(typed, "*")},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		r.t.Fatalf("%d %s %v", response.StatusCode, text, err)
	}
	return string(text)
}

func (r *running) sees(screen, start, word string) {
	r.t.Helper()
	if !strings.HasPrefix(screen, start+" ") || !strings.Contains(screen, word) {
		r.t.Errorf("the screen is %q, want %s and %q in it", screen, start, word)
	}
}

// delivered counts what the network's own book says.
func (r *running) delivered() int {
	return len(r.Sims.Network.Delivered(simnetwork.Filter{MSISDN: prepaid.MSISDN(strings.TrimPrefix(apptest.Number, "+"))}))
}

func TestUSSDOffersAMenuAndSells(t *testing.T) {
	r := runUSSD(t)
	r.customer(apptest.Number)
	r.sees(r.dial("s1"), "CON", "1 Top up\n2 Use a top-up card")
	r.sees(r.dial("s1", "9"), "CON", "not one of the answers")
	r.sees(r.dial("s1", "9", "1"), "CON", "How much for +31")
	r.sees(r.dial("s1", "9", "1", "10"), "CON", "your PIN")
	done := r.dial("s1", "9", "1", "10", apptest.PIN)
	r.sees(done, "END", "€10 was added")
	if again := r.dial("s1", "9", "1", "10", apptest.PIN); again != done {
		t.Errorf("sent again: %q", again)
	}
	if n := r.delivered(); n != 1 {
		t.Errorf("delivered %d times", n)
	}
	r.sees(r.dial("s2"), "CON", "1 Top up")
	r.sees(r.dial("s2", "3"), "CON", "€10 was added")
	if strings.Contains(r.log.String(), apptest.PIN) {
		t.Error("the log shows the PIN")
	}
}

func TestUSSDSessionsAreResumed(t *testing.T) {
	r := runUSSD(t)
	r.sees(r.dial("s1"), "CON", "1 Top up")
	r.sees(r.dial("s1", "1"), "CON", "What is your mobile number?")
	r.sees(r.dial("s1", "1", "0612345678"), "CON", "once more")
	r.sees(r.dial("s2"), "CON", "once more") // the session was dropped, and dialled anew
	r.sees(r.dial("s2", "0612345678"), "CON", "Choose a PIN")
	r.sees(r.dial("s2", "0612345678", apptest.PIN), "CON", "PIN once more")
	r.sees(r.dial("s2", "0612345678", apptest.PIN, apptest.PIN), "CON", "3 PayPal")
	page := r.dial("s2", "0612345678", apptest.PIN, apptest.PIN, "1")
	r.sees(page, "CON", "link that we've sent you by SMS")
	r.awaitSent()
	texted := r.hears("et up your way to pay")
	r.sees(r.dial("s2", "0612345678", apptest.PIN, apptest.PIN, "1", "ready?"), "CON", "link that we've sent you by SMS") // which is not sent again
	r.sees(r.dial("s3"), "CON", "link that we've sent you by SMS")
	r.awaitSent()
	if sent, err := r.DB.Outbox.OutboundTo(t.Context(), "demo", "fake", "tel:"+apptest.Number, 0, 10); err != nil || len(sent) != 2 || sent[1].Text != texted {
		t.Errorf("sent %v, %v", sent, err)
	}
	if err := r.Sims.Gateway.AbandonSetup(t.Context(), "31612345678"); err != nil {
		t.Fatal(err)
	}
	if news := r.hears("was not set up"); strings.Contains(news, "PayPal") {
		t.Errorf("an SMS asks what only USSD could answer: %q", news)
	}
	r.sees(r.dial("s4"), "CON", "3 PayPal")
	r.sees(r.dial("s4", "3"), "CON", "the link by SMS")
	if err := r.Sims.Gateway.CompleteSetup(t.Context(), "31612345678"); err != nil {
		t.Fatal(err)
	}
	r.hears("you are registered")
	r.sees(r.dial("s5"), "CON", "1 Top up")
}

func TestWhatIsDialledAtOnceIsDoneAtOnce(t *testing.T) {
	r := runUSSD(t)
	r.customer(apptest.Number)
	const code = "12345678901234"
	err := harness.GivenCard(t.Context(), r.Program.Program, "demo", talk.GivenCard{
		Serial: "101-00000042", Code: prepaid.NewSecret(code), Amount: prepaid.Money{Minor: 2000, Currency: "EUR"},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.sees(r.dial("s1", "10"), "CON", "your PIN")
	r.sees(r.dial("s2", "15", apptest.PIN), "END", "€15 was added") // whatever was asked before
	r.sees(r.dial("s3", code), "END", "€20 was added")
	r.sees(r.dial("s4", "7", apptest.PIN), "CON", "1 Top up")
	if n := r.delivered(); n != 2 {
		t.Errorf("delivered %d times", n)
	}
}

func TestALongAnswerIsTurnedPageByPage(t *testing.T) {
	r := runUSSD(t)
	r.sees(r.dial("s1"), "CON", "5 My account")
	r.sees(r.dial("s1", "5"), "CON", "6 Language")
	r.sees(r.dial("s1", "5", "6"), "CON", "2 Nederlands")
	r.sees(r.dial("s1", "5", "6", "2"), "END", "Nederlands")
	r.sees(r.dial("s2"), "CON", "1 Opwaarderen")
	first := r.dial("s2", "4")
	r.sees(first, "CON", "\n98. Meer")
	r.sees(r.dial("s2", "4", "98"), "CON", "1 Opwaarderen")
	r.sees(r.dial("s2", "4", "98"), "CON", "\n0. Terug")
	if back := r.dial("s2", "4", "98", "0"); back != first {
		t.Errorf("back: %q", back)
	}
	r.sees(r.dial("s2", "4", "98", "0", "3"), "CON", "geen bestellingen")
}

func TestAUSSDCallerWhoHasOptedOutIsServed(t *testing.T) {
	r := runUSSD(t)
	if err := r.Accounts.OptOut(t.Context(), "demo", "tel:"+apptest.Number); err != nil {
		t.Fatal(err)
	}
	r.sees(r.dial("s1"), "CON", "1 Top up")
	r.sees(r.dial("s1", "START"), "CON", "Welcome back")
}

func TestWhileSMSIsOffNothingIsSaidToComeByIt(t *testing.T) {
	r := runUSSD(t)
	r.switches("fake", false)
	number := []string{"1", "0687654321", "0687654321"}
	r.dial("s1", number[:1]...)
	r.dial("s1", number[:2]...)
	r.sees(r.dial("s1", number...), "CON", "We can't do that just now") // no code can be sent to another number
	r.switches("fake", true)
	r.sees(r.dial("s1", append(number, "0687654321")...), "CON", "a code by SMS")
	r.hearsAt("tel:+31687654321", "is your code")

	r.switches("fake", false)
	typed := []string{"EXIT", "KOOP", "0612345678", "0612345678", apptest.PIN, apptest.PIN}
	for n := range typed {
		r.dial("s2", typed[:n+1]...)
	}
	r.sees(r.dial("s2", append(typed, "3")...), "CON", "when it's done: http")
	if sent, err := r.DB.Outbox.OutboundTo(t.Context(), "demo", "fake", "tel:"+apptest.Number, 0, 10); err != nil || len(sent) != 0 {
		t.Errorf("sent %v, %v", sent, err)
	}

	const byPIN = "+31612348020"
	r.switches("fake", true)
	r.customer(byPIN)
	r.switches("fake", false)
	r.sees(r.dialFrom(byPIN, "s3", "10", apptest.PIN), "END", "Your top-up code: ")
	r.switches("fake", true)
	r.sees(r.dialFrom(byPIN, "s4", "3"), "END", "Your top-up code: ") // which no SMS tells any more
}

func TestWhileSMSIsOffAForgottenPINIsAnsweredSo(t *testing.T) {
	r := runUSSD(t)
	r.customer(apptest.Number)
	r.switches("fake", false)
	r.sees(r.dial("s1", "KOOP 10"), "CON", "Reply with your PIN")
	r.sees(r.dial("s1", "KOOP 10", "FORGOT"), "CON", "For a new PIN we need to send you a code")
	r.sees(r.dial("s1", "KOOP 10", "FORGOT", apptest.PIN), "END", "was added") // the question still stands
}

func TestWhileSMSIsOffANewNumberIsAnsweredSo(t *testing.T) {
	r := runUSSD(t)
	r.customer(apptest.Number)
	r.switches("fake", false)
	r.sees(r.dial("s1", "NUMBER"), "END", "To change your number we need to send codes")
}

// switches switches a channel and waits until that is known.
func (r *running) switches(channel string, on bool) {
	r.t.Helper()
	if err := r.DB.Channels.SetSwitch(r.t.Context(), operators.SwitchChange{Brand: "demo", Channel: channel, On: on, By: prepaid.By{Who: "test"}, At: r.Clock.Now()}); err != nil {
		r.t.Fatal(err)
	}
	apptest.Await(r.t, channel+" is switched", func() bool {
		_, _, is := r.Registry.Channel(r.t.Context(), "demo", channel)
		return is == on
	}, nil)
}
