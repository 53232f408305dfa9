package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/channels"
	"pulsa/channels/ussd/ussdtest"
)

// runPreset starts the demo with a USSD line at a gateway, and a phone behind that.
func runPreset(t *testing.T, preset string) (*running, *ussdtest.Phone) {
	r := runDemo(t, map[string]string{"USSD_TOKEN": apptest.USSDToken}, func(c *config.Config) {
		for _, b := range c.Brands {
			for _, line := range b.Channels {
				if line.Type == "ussd" {
					line.Settings["preset"] = preset
				}
			}
		}
	})
	return r, &ussdtest.Phone{
		Gateway: preset, URL: r.server.URL + "/webhooks/demo/ussd?token=" + apptest.USSDToken, Number: apptest.Number, Code: "123",
		Nameless: true, Do: http.DefaultClient.Do,
	}
}

// shows checks a screen: that it goes on, or ends, and a word of it.
func (r *running) shows(goes string, word string) func(ussdtest.Screen, error) string {
	r.t.Helper()
	return func(s ussdtest.Screen, err error) string {
		r.t.Helper()
		if err != nil || s.Ends != (goes == "END") || !strings.Contains(s.Text, word) || len(s.Text) > 182 {
			r.t.Errorf("the screen ends %v and is %q, want %s and %q in it: %v", s.Ends, s.Text, goes, word, err)
		}
		return s.Text
	}
}

func forEachGateway(t *testing.T, run func(*testing.T, *running, *ussdtest.Phone)) {
	for _, preset := range ussdtest.Gateways() {
		t.Run(preset, func(t *testing.T) {
			r, p := runPreset(t, preset)
			run(t, r, p)
			for _, secret := range []string{apptest.PIN, apptest.USSDToken, strings.TrimPrefix(apptest.Number, "+")} {
				if strings.Contains(r.log.String(), secret) {
					t.Errorf("the log shows %q", secret)
				}
			}
			r.wantClean()
		})
	}
}

func TestEveryGatewayRegistersAndSells(t *testing.T) {
	forEachGateway(t, func(t *testing.T, r *running, p *ussdtest.Phone) {
		r.shows("CON", "1 Top up")(p.Dial("s1"))
		r.shows("CON", "What is your mobile number?")(p.Type("1"))
		r.shows("CON", "once more")(p.Type("0612345678"))
		r.shows("CON", "Choose a PIN")(p.Type("0612345678")) // equal inputs count each time
		r.shows("CON", "PIN once more")(p.Type(apptest.PIN))
		r.shows("CON", "3 PayPal")(p.Type(apptest.PIN))
		r.shows("CON", "the link")(p.Type("2"))
		if err := r.Sims.Gateway.CompleteSetup(t.Context(), "31612345678"); err != nil {
			t.Fatal(err)
		}
		r.hears("you are registered")
		r.shows("CON", "1 Top up")(p.Dial("s2"))
		r.shows("CON", "not one of the answers")(p.Type("9"))
		r.shows("CON", "How much for +31")(p.Type("1"))
		r.shows("CON", "your PIN")(p.Type("10"))
		r.shows("END", "€10 was added")(p.Type(apptest.PIN))
		done := r.shows("END", "€15 was added")(p.Dial("s3", "15", apptest.PIN))
		if p.Gateway == "nalo" { // it names no session, so that this is dialled anew
			r.shows("CON", "Buy it again?")(p.Again())
		} else if again := r.shows("END", "")(p.Again()); again != done {
			t.Errorf("sent again: %q", again)
		}
		if n := r.delivered(); n != 2 {
			t.Errorf("delivered %d times", n)
		}
	})
}

func TestEveryGatewayTurnsPages(t *testing.T) {
	forEachGateway(t, func(t *testing.T, r *running, p *ussdtest.Phone) {
		r.shows("CON", "5 My account")(p.Dial("s1"))
		r.shows("CON", "6 Language")(p.Type("5"))
		r.shows("CON", "2 Nederlands")(p.Type("6"))
		r.shows("END", "Nederlands")(p.Type("2"))
		menu := r.shows("CON", "1 Opwaarderen")(p.Dial("s2"))
		if again := r.shows("CON", "")(p.Again()); again != menu {
			t.Errorf("a session that is opened twice: %q", again)
		}
		first := r.shows("CON", "\n98. Meer")(p.Type("4"))
		second := r.shows("CON", "\n0. Terug")(p.Type("98"))
		if second == first {
			t.Errorf("the page was not turned: %q", second)
		}
		if back := r.shows("CON", "\n98. Meer")(p.Type("0")); back != first {
			t.Errorf("back: %q", back)
		}
		if again := r.shows("CON", "")(p.Type("98")); again != second {
			t.Errorf("turned again: %q", again)
		}
		r.shows("CON", "geen bestellingen")(p.Type("3"))
	})
}

// A gateway that waits for no answer sends its request again: what was received before the answer was made is the message that was
// answered, and what comes later was typed, be it the same.
func TestWhatComesTwiceWithoutANumberIsToldByTime(t *testing.T) {
	r, _ := runPreset(t, "arkesel")
	r.customer(apptest.Number)
	c, ok := r.Registry.Declared("demo", "ussd")
	if !ok {
		t.Fatal("no channel")
	}
	can, _ := channels.Of(channels.USSD)
	takes := func(id, text string, received time.Time, d channels.Dial) channels.Outbound {
		t.Helper()
		d.Session, d.Single = "s1", true
		d.Unnumbered = !d.Opens
		parts, err := r.Handler.Turn(t.Context(), c, channels.Inbound{
			ID: id, Address: "tel:" + apptest.Number, Text: text, Can: can, ReceivedAt: received, Deadline: received.Add(10 * time.Second), Dial: &d,
		})
		if err != nil || len(parts) != 1 {
			t.Fatalf("%+v, %v", parts, err)
		}
		return parts[0]
	}
	takes("0", "", r.Clock.Now(), channels.Dial{Opens: true})
	takes("a", "1", r.Clock.Now(), channels.Dial{})
	asked := takes("b", "10", r.Clock.Now(), channels.Dial{})
	sent := r.Clock.Now()
	done := takes("c", apptest.PIN, sent, channels.Dial{})
	if again := takes("d", apptest.PIN, sent, channels.Dial{}); again.Text != done.Text || again.Text == asked.Text || !strings.Contains(done.Text, "was added") {
		t.Errorf("%q, then %q", done.Text, again.Text)
	}
	turned := takes("e", "98", sent.Add(time.Minute), channels.Dial{Turn: channels.LabelMore})
	if turned.Text != done.Text || len(turned.Turned) != 1 {
		t.Errorf("%+v", turned)
	}
	if later := takes("f", apptest.PIN, r.Clock.Now(), channels.Dial{}); later.Text == done.Text {
		t.Errorf("typed again: %q", later.Text)
	}
	if n := r.delivered(); n != 1 {
		t.Errorf("delivered %d times", n)
	}
}
