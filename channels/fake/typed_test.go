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
