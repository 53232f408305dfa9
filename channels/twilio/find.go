package twilio

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	"pulsa/channels"
)

// clocksDiffer is how much earlier than by our clock Twilio may say that it has made a message.
const clocksDiffer = time.Minute

// Find implements channels.Finder. Twilio keeps no id of ours with a message, so it is known by recipient, time and text; by a template, whose
// text is Twilio's, by recipient and time.
func (a *Adapter) Find(ctx context.Context, c channels.Channel, m channels.Outbound) ([]channels.DeliveryReport, error) {
	wanted, err := messageParams(c, m)
	if err != nil {
		return nil, err
	}
	service, one := a.service(ctx, c)
	page, err := service.PageMessage((&api.ListMessageParams{}).SetTo(*wanted.To).SetPageSize(100), "", "")
	if err != nil {
		return nil, classify(err, one)
	}
	var found []channels.DeliveryReport
	for _, its := range slices.Backward(page.Messages) { // Twilio's newest is first
		made, err := time.Parse(time.RFC1123Z, deref(its.DateCreated))
		if err != nil || made.Before(m.CreatedAt.Add(-clocksDiffer)) || deref(its.Sid) == "" || !strings.HasPrefix(deref(its.Direction), "outbound") {
			continue
		}
		if from := deref(its.From); wanted.From != nil && from != "" && from != *wanted.From { // another channel's of the account
			continue
		}
		if m.Template.ID == "" && !strings.HasSuffix(deref(its.Body), m.Text) { // a trial account's begin with a notice
			continue
		}
		status := delivery(deref(its.Status))
		if status == "" {
			continue
		}
		r := channels.DeliveryReport{Outbound: m.ID, ProviderRef: deref(its.Sid), Status: status}
		if its.ErrorCode != nil && *its.ErrorCode != 0 {
			r.Code, r.Shut = strconv.Itoa(*its.ErrorCode), *its.ErrorCode == codeShut
			if classOfCode(*its.ErrorCode, 0) == channels.RecipientOut {
				r.Refused = m.Address
			}
		}
		found = append(found, r)
	}
	return found, nil
}
