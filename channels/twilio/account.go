package twilio

import (
	"context"

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
