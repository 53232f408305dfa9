package fake_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/fake"
)

func TestLinesThatAPersonTypesBecomeMessages(t *testing.T) {
	var got []channels.Inbound
	server := serve(t, brand(true), &channeltest.Outbox{}, &got)
	client := &fake.Client{Server: server.URL, Brand: "demo", From: "+31612345678", As: "telegram"}
	for _, each := range []struct {
		line  string
		shown []string
		sent  int // messages so far
	}{
		{"/again", []string{"Nothing was sent yet."}, 0},
		{"KOOP\t10", []string{"< You said KOOP\t10\n  [SEPA]"}, 1},
		{" /again ", []string{"< You said KOOP\t10\n  [SEPA]"}, 2},
		{"/contact", []string{"< You said \n  [SEPA]"}, 3},
		{"/photo", []string{"< You said \n  [SEPA]"}, 4},
	} {
		shown, err := client.SendTyped(t.Context(), each.line)
		if err != nil || len(got) != each.sent {
			t.Fatalf("%q: %v, received %+v", each.line, err, got)
		}
		if diff := cmp.Diff(each.shown, shown); diff != "" {
			t.Errorf("%q: %s", each.line, diff)
		}
	}
	if got[0].ID != got[1].ID {
		t.Error("/again was a new message")
	}
	if got[2].Contact == nil || !got[3].Attachment {
		t.Errorf("/contact: %+v, /photo: %+v", got[2], got[3])
	}
}

func TestOnUSSDAPersonDialsAndTypesUntilTheSessionEnds(t *testing.T) {
	var got []channels.Inbound
	server := serve(t, brand(true), &channeltest.Outbox{}, &got)
	client := &fake.Client{Server: server.URL, Brand: "demo", From: "+31612345678", As: "ussd"}
	for _, each := range []struct {
		line   string
		inputs []string
		same   bool // session as the line before
		shown  int
	}{
		{"*123#", nil, false, 1},
		{"1", []string{"1"}, true, 1},
		{"EXIT", []string{"EXIT"}, true, 2}, // and that it has ended
		{"*123*10#", []string{"10"}, false, 1},
		{"*123#", nil, false, 1}, // without waiting for the end
	} {
		shown, err := client.SendTyped(t.Context(), each.line)
		if err != nil || len(shown) != each.shown {
			t.Fatalf("%q: %v, shown %q", each.line, err, shown)
		}
		n := len(got) - 1
		if got[n].Dial == nil {
			t.Fatalf("%q is in no session", each.line)
		}
		if diff := cmp.Diff(each.inputs, got[n].Dial.Inputs); diff != "" || n > 0 && (got[n].Dial.Session == got[n-1].Dial.Session) != each.same {
			t.Errorf("%q: %s, session %s", each.line, diff, got[n].Dial.Session)
		}
	}
	_, _ = client.SendTyped(t.Context(), "EXIT")
	if _, err := client.SendTyped(t.Context(), "HELP"); err != nil || got[len(got)-1].Dial != nil {
		t.Errorf("after the end a text is in a session: %v %+v", err, got[len(got)-1].Dial)
	}
}
