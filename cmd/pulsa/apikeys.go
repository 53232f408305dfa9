package main

import (
	"context"
	"fmt"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/developers"
	"pulsa/operators"
)

type apikeysCommand struct {
	Create     apikeysCreateCommand     `cmd:"" help:"Make a key for a developer, and print its secret, once."`
	List       apikeysListCommand       `cmd:"" help:"List keys with their balance and when they were last used."`
	Show       apikeysShowCommand       `cmd:"" help:"Show a key, and what operators have done to it."`
	Revoke     apikeysRevokeCommand     `cmd:"" help:"End a key for good, and its tokens at once."`
	Suspend    apikeysSuspendCommand    `cmd:"" help:"Keep a key from buying. It can still read."`
	Resume     apikeysResumeCommand     `cmd:"" help:"Let a suspended key buy again."`
	Credit     apikeysCreditCommand     `cmd:"" help:"Book money that a developer has paid in advance."`
	Webhook    apikeysWebhookCommand    `cmd:"" help:"Say where a developer is told how top-ups ended, and print what that is signed with, once."`
	Deliveries apikeysDeliveriesCommand `cmd:"" help:"Look at what developers were told, and tell it again."`
}

type apikeysCreateCommand struct {
	settings
	Brand    string `required:"" help:"Whose airtime it sells."`
	Name     string `required:"" help:"What operators call it: shop-backend."`
	Scopes   string `help:"What it may do (default: everything): send-topups, read-operators, read-promotions, read-topups-history, read-prepaid-balance, read-prepaid-commissions." placeholder:"SCOPE,…"`
	Currency string `help:"Of its prepaid account (default: the brand's)." placeholder:"EUR"`
	deed
	answer
}

// ProvideAPIKeys creates a missing database: a key may be made before the first start of a server.
func (k *apikeysCreateCommand) ProvideAPIKeys(ctx context.Context, o *opened) (operators.APIKeys, error) {
	return apiKeys(ctx)(open(ctx, o, k.settings, config.PINPepper, core.NewDesk))
}

func (k *apikeysCreateCommand) Run(ctx context.Context, e term.Env, keys operators.APIKeys) error {
	key, secret, err := keys.Create(ctx, operators.NewKey{Brand: k.Brand, Name: k.Name, Scopes: k.Scopes, Currency: k.Currency}, k.by())
	return k.print(e)(createdKey{key, key.Key, secret.Reveal()}, err)
}

// createdKey shows a key's secret, this once.
type createdKey struct {
	operators.KeyRow
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

func (k createdKey) Text() string {
	return fmt.Sprintf("client_id      %s\nclient_secret  %s\n\n"+
		"The secret is shown this once. The account is in %s and empty:\n"+
		"  pulsa apikeys credit --key %[1]s --amount 100 --reason \"paid by bank\"", k.ClientID, k.ClientSecret, k.Currency)
}

type apikeysListCommand struct {
	someBrand
	term.Output
}

func (k *apikeysListCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return term.NewTable[operators.KeyRow](e, k.Output).Least("brand").Print(d.APIKeys.List(ctx, k.Brand))
}

// whichKey names a key.
type whichKey struct {
	settings
	Key string `required:"" help:"Which key: its client id." placeholder:"ID"`
}

type apikeysShowCommand struct {
	whichKey
	answer
}

func (k *apikeysShowCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return term.NewTable[operators.KeyDetail](e, k.output()).Record(d.APIKeys.Show(ctx, k.Key))
}

// changedKey are the flags of a change of a key.
type changedKey struct {
	whichKey
	deed
}

type apikeysRevokeCommand struct{ changedKey }

func (k *apikeysRevokeCommand) Run(ctx context.Context, e term.Env, keys operators.APIKeys) error {
	return say(e)(keys.Revoke(ctx, k.Key, k.by()))
}

type apikeysSuspendCommand struct{ changedKey }

func (k *apikeysSuspendCommand) Run(ctx context.Context, e term.Env, keys operators.APIKeys) error {
	return say(e)(keys.Suspend(ctx, k.Key, k.by()))
}

type apikeysResumeCommand struct{ changedKey }

func (k *apikeysResumeCommand) Run(ctx context.Context, e term.Env, keys operators.APIKeys) error {
	return say(e)(keys.Resume(ctx, k.Key, k.by()))
}

type apikeysCreditCommand struct {
	changedKey
	Amount    string `required:"" help:"How much, in the account's currency: 100, 99.50; --amount=-20 pays back." placeholder:"AMOUNT"`
	Reference string `help:"The payment's own, such as the bank statement's: it is booked once." placeholder:"TEXT"`
	answer
}

func (k *apikeysCreditCommand) Run(ctx context.Context, e term.Env, keys operators.APIKeys) error {
	return k.print(e)(keys.Credit(ctx, operators.KeyCredit{Key: k.Key, Amount: k.Amount, Reference: k.Reference}, k.by()))
}

type apikeysWebhookCommand struct {
	changedKey
	URL    string `xor:"url" help:"Where to: an https address; for a test brand also http://127.0.0.1." placeholder:"URL"`
	Remove bool   `xor:"url" help:"Tell this developer no more."`
	answer
}

func (k *apikeysWebhookCommand) Run(ctx context.Context, e term.Env, keys operators.APIKeys) error {
	switch {
	case k.Remove:
		return k.print(e)(keys.RemoveWebhook(ctx, k.Key, k.by()))
	case k.URL != "":
		secret, err := keys.SetWebhook(ctx, k.Key, k.URL, k.by())
		return k.print(e)(createdWebhook{k.Key, k.URL, secret.Reveal()}, err)
	}
	return k.print(e)(keys.Webhook(ctx, k.Key))
}

// createdWebhook shows a webhook's secret, this once.
type createdWebhook struct {
	Key    string `json:"key"`
	URL    string `json:"url"`
	Secret string `json:"webhook_secret"`
}

func (w createdWebhook) Text() string {
	return "webhook_secret  " + w.Secret + "\n\nThe secret is shown this once."
}

type apikeysDeliveriesCommand struct {
	List   deliveriesListCommand   `cmd:"" help:"List what a key was told, or waits to be, newest first."`
	Show   deliveriesShowCommand   `cmd:"" help:"Show one, with what its receiver answered last."`
	Repeat deliveriesRepeatCommand `cmd:"" help:"Tell it again, now."`
}

type deliveriesListCommand struct {
	whichKey
	Status string `help:"Only these: waiting, taken, given_up." enum:",waiting,taken,given_up" default:""`
	Limit  int    `help:"How many at most." default:"50"`
	term.Output
}

func (l *deliveriesListCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return term.NewTable[operators.DeliveryRow](e, l.Output).Least("order", "created_at").
		Print(d.APIKeys.Deliveries(ctx, l.Key, developers.DeliveryStatus(l.Status), l.Limit))
}

type deliveriesShowCommand struct {
	settings
	Delivery string `required:"" help:"Which one." placeholder:"ID"`
	answer
}

func (s *deliveriesShowCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return term.NewTable[operators.DeliveryRow](e, s.output()).Record(d.APIKeys.Delivery(ctx, s.Delivery))
}

type deliveriesRepeatCommand struct {
	settings
	deed
	Delivery string `required:"" help:"Which one." placeholder:"ID"`
}

func (r *deliveriesRepeatCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return say(e)(d.APIKeys.RepeatDelivery(ctx, r.Delivery, r.by()))
}
