package fake_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/fake"
	"pulsa/prepaid"
)

// pushed puts a message into the outbox that the provider has taken.
func pushed(t *testing.T, box *channeltest.Outbox, id prepaid.OutboundID, text string) {
	t.Helper()
	m := channels.Outbound{ID: id, Brand: "demo", Channel: "fake", Address: "tel:+31612345678", MessageID: string(id), Text: text}
	if err := box.PutOutbound(t.Context(), []channels.Outbound{m}); err != nil {
		t.Fatal(err)
	}
	if err := box.EndOutbound(t.Context(), id, channels.SendEnd{Status: channels.HandedOn}); err != nil {
		t.Fatal(err)
	}
}

func TestClientSendsAndReadsWhatIsPushed(t *testing.T) {
	var got []channels.Inbound
	box := &channeltest.Outbox{}
	server := serve(t, brand(true), box, &got)
	client := &fake.Client{Server: server.URL + "/", Brand: "demo", From: "+31612345678", As: "sms"}
	if last := client.Last(); last.ID != "" {
		t.Errorf("sent %+v before anything was", last)
	}
	pushed(t, box, "old", "old news")
	if err := client.SkipOld(t.Context()); err != nil {
		t.Fatal(err)
	}
	replies, err := client.Send(t.Context(), fake.Message{Text: "KOOP"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]fake.Reply{{Text: "You said KOOP", Buttons: []fake.Button{{ID: "17.sepa", Label: "SEPA"}}}}, replies); diff != "" {
		t.Error(diff)
	}
	if _, err := client.Send(t.Context(), client.Last()); err != nil || len(got) != 2 || got[0].ID != got[1].ID {
		t.Errorf("delivered again: %+v, %v", got, err)
	}
	pushed(t, box, "new", "late news")
	for _, want := range []int{1, 0} {
		news, err := client.Outbox(t.Context())
		if err != nil || len(news) != want || want == 1 && (news[0].Text != "late news" || news[0].Outbound != "new") {
			t.Errorf("read %+v, %v, want %d", news, err, want)
		}
	}
}

func TestClientErrorsHideTheNumber(t *testing.T) {
	server := serve(t, brand(true), &channeltest.Outbox{}, new([]channels.Inbound))
	down := httptest.NewServer(nil)
	down.Close()
	for _, test := range []*struct {
		client fake.Client
		want   string
	}{
		{fake.Client{Server: server.URL, Brand: "other"}, "no fake channel of a brand other"},
		{fake.Client{Server: server.URL, Brand: "demo", As: "fax"}, "must be sms, telegram"},
		{fake.Client{Server: down.URL, Brand: "demo"}, "is the server running?"},
	} {
		test.client.From = "+31612345678"
		_, err := test.client.Outbox(t.Context())
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "612345678") {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
