package twilio

import (
	"context"
	"strings"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
	messaging "github.com/twilio/twilio-go/rest/messaging/v1"
	senders "github.com/twilio/twilio-go/rest/messaging/v2"

	"pulsa/channels"
)

// SetWebhook implements channels.Hooked for a messaging service, a number, a short code and a WhatsApp sender of ours.
func (a *Adapter) SetWebhook(ctx context.Context, c channels.Channel) error {
	return a.hook(ctx, c, func(string) (string, bool) { return a.ProviderURL(c), true })
}

// DeleteWebhook implements channels.Hooked. What has another address by now keeps it.
func (a *Adapter) DeleteWebhook(ctx context.Context, c channels.Channel) error {
	return a.hook(ctx, c, func(present string) (string, bool) {
		address, _, _ := strings.Cut(present, "#")
		return "", address == c.WebhookURL
	})
}

// place is where Twilio keeps the address that a channel's messages are delivered to.
type place struct {
	present string
	set     func(address string) error
}

// hook changes where Twilio delivers, if change says so.
func (a *Adapter) hook(ctx context.Context, c channels.Channel, change func(present string) (string, bool)) error {
	find := a.placeOf(c)
	if find == nil {
		return channels.ErrByHand
	}
	one := &call{ctx: ctx, client: a.client, channel: c}
	p, err := find(&client.RequestHandler{Client: one}, c)
	if err != nil {
		return classify(err, one)
	}
	wanted, ok := change(p.present)
	if !ok {
		return nil
	}
	if err := p.set(wanted); err != nil {
		return classify(err, one)
	}
	return nil
}

// placeOf returns what finds the channel's place; nil where there is none.
func (a *Adapter) placeOf(c channels.Channel) func(*client.RequestHandler, channels.Channel) (place, error) {
	from, service := c.Settings["from"], c.Settings["messaging_service_sid"]
	switch {
	case a.name == whatsAppType && from != "":
		return whatsAppSender
	case a.name == whatsAppType:
		return nil // a service has no address of its own for WhatsApp
	case service != "":
		return messagingService
	case strings.HasPrefix(from, "+"):
		return number
	case from != "" && strings.Trim(from, "0123456789") == "":
		return shortCode
	}
	return nil // a name, which nobody can answer
}

// notInAccount is the error of an account that lacks what the channel sends from.
func notInAccount(what string) error {
	return &channels.SendError{Class: channels.Misconfigured, Code: "the account has no such " + what}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func number(h *client.RequestHandler, c channels.Channel) (place, error) {
	service := api.NewApiService(h)
	page, err := service.PageIncomingPhoneNumber((&api.ListIncomingPhoneNumberParams{}).SetPhoneNumber(c.Settings["from"]), "", "")
	if err != nil {
		return place{}, err
	}
	if len(page.IncomingPhoneNumbers) == 0 {
		return place{}, notInAccount("number")
	}
	found := page.IncomingPhoneNumbers[0]
	return place{deref(found.SmsUrl), func(address string) error {
		_, err := service.UpdateIncomingPhoneNumber(deref(found.Sid), (&api.UpdateIncomingPhoneNumberParams{}).SetSmsUrl(address).SetSmsMethod("POST"))
		return err
	}}, nil
}

func shortCode(h *client.RequestHandler, c channels.Channel) (place, error) {
	service := api.NewApiService(h)
	page, err := service.PageShortCode((&api.ListShortCodeParams{}).SetShortCode(c.Settings["from"]), "", "")
	if err != nil {
		return place{}, err
	}
	for _, found := range page.ShortCodes {
		if deref(found.ShortCode) != c.Settings["from"] {
			continue // the filter matches parts
		}
		return place{deref(found.SmsUrl), func(address string) error {
			_, err := service.UpdateShortCode(deref(found.Sid), (&api.UpdateShortCodeParams{}).SetSmsUrl(address).SetSmsMethod("POST"))
			return err
		}}, nil
	}
	return place{}, notInAccount("short code")
}

// messagingService is the place of all numbers of a service. One that leaves it to each of them is not changed: the
// numbers may have different addresses.
func messagingService(h *client.RequestHandler, c channels.Channel) (place, error) {
	service, sid := messaging.NewApiService(h), c.Settings["messaging_service_sid"]
	found, err := service.FetchService(sid)
	if err != nil {
		return place{}, err
	}
	if found.UseInboundWebhookOnNumber != nil && *found.UseInboundWebhookOnNumber {
		return place{}, &channels.SendError{Class: channels.Misconfigured, Code: "the service lets each number say where it delivers"}
	}
	return place{deref(found.InboundRequestUrl), func(address string) error {
		_, err := service.UpdateService(sid, (&messaging.UpdateServiceParams{}).SetInboundRequestUrl(address).SetInboundMethod("POST"))
		return err
	}}, nil
}

func whatsAppSender(h *client.RequestHandler, c channels.Channel) (place, error) {
	service := senders.NewApiService(h)
	list, err := service.ListChannelsSender((&senders.ListChannelsSenderParams{}).SetChannel("whatsapp"))
	if err != nil {
		return place{}, err
	}
	id := whatsAppPrefix + strings.TrimPrefix(c.Settings["from"], whatsAppPrefix)
	for _, s := range list {
		if deref(s.SenderId) != id {
			continue
		}
		found, err := service.FetchChannelsSender(deref(s.Sid)) // a list may leave its webhook out
		if err != nil {
			return place{}, err
		}
		webhook := senders.MessagingV2Webhook{}
		if found.Webhook != nil {
			webhook = *found.Webhook // what else is set there stays
		}
		return place{deref(webhook.CallbackUrl), func(address string) error {
			post := "POST"
			webhook.CallbackUrl, webhook.CallbackMethod = &address, &post
			_, err := service.UpdateChannelsSender(deref(s.Sid), (&senders.UpdateChannelsSenderParams{}).SetMessagingV2Update(senders.MessagingV2Update{Webhook: &webhook}))
			return err
		}}, nil
	}
	return place{}, notInAccount("WhatsApp sender")
}
