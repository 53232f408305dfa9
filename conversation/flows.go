package conversation

import (
	"context"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Services are what acting states ask.
type Services struct {
	Accounts *accounts.Service
	Payments *payments.Service
	Links    *payments.Links
	Topups   *topup.Service
	Cards    *cards.Service
	Notices  Notices
	Held     HeldNotices
	Windows  Windows
	// Forget drops the conversation of a sender: "demo/twilio/tel:+31612345678".
	Forget func(ctx context.Context, sender string) error
	clock  prepaid.Clock // the Handler's
}

// Flows are all conversations there are. The first state of each is where it begins.
func Flows() []Flow {
	return []Flow{registrationFlow(), topupFlow(), redeemFlow(), pinFlow(), payFlow(), unpayFlow(), numberFlow(), addressesFlow(), closeFlow(),
		languageFlow(), menuFlow(), stopFlow(), meantFlow()}
}

// How long questions stand where it is not defaultTimeout.
const (
	pinTimeout   = 10 * time.Minute
	againTimeout = 5 * time.Minute
	pageTimeout  = 24 * time.Hour
)
