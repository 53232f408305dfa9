package twilio_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/twilio"
	"pulsa/prepaid"
)

func TestAMessageIsFoundByRecipientTimeAndText(t *testing.T) {
	list := `{"messages":[
		{"sid":"SM8","from":"+15005550006","direction":"outbound-api","date_created":"Sat, 21 Nov 2026 12:03:00 +0000","body":"€10 was paid back.","status":"delivered"},
		{"sid":"SM7","direction":"outbound-reply","date_created":"Sat, 21 Nov 2026 12:03:00 +0000","body":"€10 was paid back.","status":"failed","error_code":30003},
		{"sid":"SM6","direction":"outbound-api","date_created":"Sat, 21 Nov 2026 12:02:00 +0000","body":"Sent from your Twilio trial account - €10 was paid back.","status":"undelivered","error_code":63016},
		{"sid":"SM5","direction":"outbound-api","date_created":"Sat, 21 Nov 2026 12:01:00 +0000","body":"€10 was paid back.","status":"delivered","error_code":null},
		{"sid":"SM4","direction":"outbound-api","date_created":"Sat, 21 Nov 2026 12:01:00 +0000","body":"€20 was paid back.","status":"delivered"},
		{"sid":"SM3","direction":"inbound","date_created":"Sat, 21 Nov 2026 12:01:00 +0000","body":"€10 was paid back.","status":"received"},
		{"sid":"SM2","direction":"outbound-api","date_created":"Sat, 21 Nov 2026 11:58:00 +0000","body":"€10 was paid back.","status":"delivered"},
		{"sid":"SM1","direction":"outbound-api","date_created":"yesterday","body":"€10 was paid back.","status":"delivered"}]}`
	server, asked := provider(t, 200, list)
	m := channels.Outbound{ID: "bcd", Address: "tel:+31612345678", Text: "€10 was paid back.", CreatedAt: noon, Can: channels.Capabilities{Kind: channels.SMS}}
	find := func() []channels.DeliveryReport {
		t.Helper()
		found, err := twilio.New(prepaid.SystemClock{}).Find(t.Context(), line(server.URL), m)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	want := []channels.DeliveryReport{
		{Outbound: "bcd", ProviderRef: "SM5", Status: channels.DeliveredTo},
		{Outbound: "bcd", ProviderRef: "SM6", Status: channels.Failed, Code: "63016", Shut: true},
		{Outbound: "bcd", ProviderRef: "SM7", Status: channels.Failed, Code: "30003"},
	}
	if diff := cmp.Diff(want, find()); diff != "" {
		t.Error(diff)
	}
	if q := (*asked)[0].URL.Query(); (*asked)[0].Method != "GET" || !cmp.Equal(q["To"], []string{"+31612345678"}) || len(q) != 2 {
		t.Errorf("%s %v", (*asked)[0].Method, (*asked)[0].URL)
	}
	m.Can.Kind, m.To, m.Template = channels.WhatsApp, "whatsapp:+5215512345678", channels.Template{ID: "HX1"}
	if found := find(); len(found) != 4 || found[0].ProviderRef != "SM4" { // whatever a template says
		t.Errorf("%+v", found)
	}
	if got := (*asked)[1].URL.Query(); !cmp.Equal(got["To"], []string{"whatsapp:+5215512345678"}) {
		t.Error(got)
	}
	m.CreatedAt = noon.Add(time.Hour)
	if found := find(); len(found) != 0 {
		t.Errorf("older than it: %+v", found)
	}
}

func TestWhereTwilioDoesNotAnswerNothingIsFound(t *testing.T) {
	server, _ := provider(t, 503, "<html>")
	found, err := twilio.New(prepaid.SystemClock{}).Find(t.Context(), line(server.URL), channels.Outbound{Address: "tel:+31612345678", Text: "x"})
	var failure *channels.SendError
	if !errors.As(err, &failure) || failure.Class != channels.UnknownIfSent || found != nil {
		t.Error(found, err)
	}
}
