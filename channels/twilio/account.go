package twilio

import (
	"context"
	"strings"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	"pulsa/channels"
)

// Probe implements channels.Prober: it reads the account.
func (a *Adapter) Probe(ctx context.Context, c channels.Channel) (string, error) {
	service, one := a.service(ctx, c)
	found, err := service.FetchAccount(c.Settings["account_sid"])
	switch {
	case err != nil:
		return "", classify(err, one)
	case found.Status != nil && *found.Status != "active":
		return "", &channels.SendError{Class: channels.Misconfigured, Code: "the account is " + *found.Status}
	case found.FriendlyName == nil || *found.FriendlyName == "":
		return "account " + c.Settings["account_sid"], nil
	}
	return "account " + *found.FriendlyName, nil
}

// SetWebhook implements channels.Hooked for a number of ours that receives SMS; what a messaging service, a short
// code or a WhatsApp sender does is set by hand.
func (a *Adapter) SetWebhook(ctx context.Context, c channels.Channel) error {
	return a.hook(ctx, c, func(string) (string, bool) { return a.ProviderURL(c), true })
}

// DeleteWebhook implements channels.Hooked. A number that has another address by now keeps it.
func (a *Adapter) DeleteWebhook(ctx context.Context, c channels.Channel) error {
	return a.hook(ctx, c, func(present string) (string, bool) {
		address, _, _ := strings.Cut(present, "#")
		return "", address == c.WebhookURL
	})
}

// hook changes where the channel's number delivers, if change says so.
func (a *Adapter) hook(ctx context.Context, c channels.Channel, change func(present string) (string, bool)) error {
	from := c.Settings["from"]
	if c.Settings["messaging_service_sid"] != "" || !strings.HasPrefix(from, "+") || a.name == "whatsapp" {
		return channels.ErrByHand
	}
	service, one := a.service(ctx, c)
	page, err := service.PageIncomingPhoneNumber((&api.ListIncomingPhoneNumberParams{}).SetPhoneNumber(from), "", "")
	if err != nil {
		return classify(err, one)
	}
	numbers := page.IncomingPhoneNumbers
	if len(numbers) == 0 || numbers[0].Sid == nil {
		return &channels.SendError{Class: channels.Misconfigured, Code: "the account has no such number"}
	}
	present := ""
	if numbers[0].SmsUrl != nil {
		present = *numbers[0].SmsUrl
	}
	wanted, ok := change(present)
	if !ok {
		return nil
	}
	update := (&api.UpdateIncomingPhoneNumberParams{}).SetSmsUrl(wanted).SetSmsMethod("POST")
	if _, err := service.UpdateIncomingPhoneNumber(*numbers[0].Sid, update); err != nil {
		return classify(err, one)
	}
	return nil
}
