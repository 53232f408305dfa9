package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/prepaid"
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

func (k *apikeysCreateCommand) Run(ctx context.Context, e term.Env) error {
	return k.onDeskWith(ctx, e, config.PINPepper, "", core.NewDesk, func(d *core.Desk) error {
		if err := d.OpenAPIKeys(ctx); err != nil {
			return err
		}
		key, secret, err := d.APIKeys.Create(ctx, operators.NewKey{Brand: k.Brand, Name: k.Name, Scopes: k.Scopes, Currency: k.Currency}, k.by(e))
		if err != nil {
			return err
		}
		return k.print(e, struct {
			operators.KeyRow
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
		}{key, key.Key, secret.Reveal()}, fmt.Sprintf("client_id      %s\nclient_secret  %s\n\n"+
			"The secret is shown this once. The account is in %s and empty:\n"+
			"  pulsa apikeys credit --key %[1]s --amount 100 --reason \"paid by bank\"\n", key.Key, secret.Reveal(), key.Currency))
	})
}

type apikeysListCommand struct {
	settings
	term.Output
	Brand string `help:"Of one brand only."`
}

func (k *apikeysListCommand) Run(ctx context.Context, e term.Env) error {
	return k.onDesk(ctx, e, k.Brand, func(d *core.Desk) error {
		return term.NewTable[operators.KeyRow](e, k.Output).Columns("key", "brand", "name", "balance", "state").
			Show("balance", operators.KeyRow.Money).Show("state", operators.KeyRow.State).Least("brand").
			PrintResult(d.APIKeys.List(ctx, k.Brand))
	})
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

func (k *apikeysShowCommand) Run(ctx context.Context, e term.Env) error {
	return k.onDesk(ctx, e, "", func(d *core.Desk) error {
		key, err := d.APIKeys.Show(ctx, k.Key)
		if err != nil {
			return err
		}
		err = term.NewTable[operators.KeyDetail](e, term.Output{JSON: k.JSON}).Columns("key", "brand", "name", "scopes", "balance", "state").
			Show("balance", operators.KeyDetail.Account).Show("state", operators.KeyDetail.State).Record(key)
		if err != nil || k.JSON {
			return err
		}
		fmt.Fprintln(e.Stdout)
		return term.NewTable[operators.KeyDeed](e, term.Output{}).Print(key.ByHand)
	})
}

// changedKey are the flags of a change of a key.
type changedKey struct {
	whichKey
	deed
}

// change calls do on the key with the reason given, and prints the key's new state.
func (k changedKey) change(ctx context.Context, e term.Env, do func(operators.APIKeys, context.Context, string, prepaid.By) error, is string) error {
	return k.onKeys(ctx, e, func(keys operators.APIKeys) error {
		err := do(keys, ctx, k.Key, k.by(e))
		if err == nil {
			fmt.Fprintf(e.Stdout, "Key %s %s.\n", k.Key, is)
		}
		return err
	})
}

type apikeysRevokeCommand struct{ changedKey }

func (k *apikeysRevokeCommand) Run(ctx context.Context, e term.Env) error {
	return k.change(ctx, e, operators.APIKeys.Revoke, "is revoked")
}

type apikeysSuspendCommand struct{ changedKey }

func (k *apikeysSuspendCommand) Run(ctx context.Context, e term.Env) error {
	return k.change(ctx, e, operators.APIKeys.Suspend, "is suspended")
}

type apikeysResumeCommand struct{ changedKey }

func (k *apikeysResumeCommand) Run(ctx context.Context, e term.Env) error {
	return k.change(ctx, e, operators.APIKeys.Resume, "may buy again")
}

type apikeysCreditCommand struct {
	changedKey
	Amount    string `required:"" help:"How much, in the account's currency: 100, 99.50; --amount=-20 pays back." placeholder:"AMOUNT"`
	Reference string `help:"The payment's own, such as the bank statement's: it is booked once." placeholder:"TEXT"`
	answer
}

func (k *apikeysCreditCommand) Run(ctx context.Context, e term.Env) error {
	return k.onKeys(ctx, e, func(keys operators.APIKeys) error {
		done, err := keys.Credit(ctx, operators.KeyCredit{Key: k.Key, Amount: k.Amount, Reference: k.Reference}, k.by(e))
		if err != nil {
			return err
		}
		return k.print(e, done, fmt.Sprintf("%s %s booked, the balance is %[1]s %[3]s.\n", done.Currency, done.Credited, done.Balance))
	})
}

type apikeysWebhookCommand struct {
	changedKey
	URL    string `help:"Where to: an https address; for a test brand also http://127.0.0.1." placeholder:"URL"`
	Remove bool   `help:"Tell this developer no more."`
	answer
}

func (k *apikeysWebhookCommand) Run(ctx context.Context, e term.Env) error {
	if k.URL != "" && k.Remove {
		return errors.New("choose --url or --remove")
	}
	return k.onKeys(ctx, e, func(keys operators.APIKeys) error {
		switch {
		case k.Remove:
			if err := keys.RemoveWebhook(ctx, k.Key, k.by(e)); err != nil {
				return err
			}
			return k.print(e, map[string]any{"key": k.Key, "url": nil}, "Key "+k.Key+" has no webhook any more.\n")
		case k.URL != "":
			secret, err := keys.SetWebhook(ctx, k.Key, k.URL, k.by(e))
			if err != nil {
				return err
			}
			return k.print(e, map[string]any{"key": k.Key, "url": k.URL, "webhook_secret": secret.Reveal()},
				"webhook_secret  "+secret.Reveal()+"\n\nThe secret is shown this once.\n")
		}
		w, err := keys.Webhook(ctx, k.Key)
		if err != nil {
			return err
		}
		return k.print(e, w, w.URL+" since "+w.CreatedAt.Format(time.DateTime)+"\n")
	})
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

func (l *deliveriesListCommand) Run(ctx context.Context, e term.Env) error {
	if l.Limit < 1 {
		return errLimit
	}
	return l.onDesk(ctx, e, "", func(d *core.Desk) error {
		return term.NewTable[operators.DeliveryRow](e, l.Output).
			Columns("delivery", "created_at", "transaction", "order", "state", "status", "code").
			Show("status", operators.DeliveryRow.Progress).Least("order", "created_at").
			PrintResult(d.APIKeys.Deliveries(ctx, l.Key, developers.DeliveryStatus(l.Status), l.Limit))
	})
}

type deliveriesShowCommand struct {
	settings
	Delivery string `required:"" help:"Which one." placeholder:"ID"`
	answer
}

func (s *deliveriesShowCommand) Run(ctx context.Context, e term.Env) error {
	return s.onDesk(ctx, e, "", func(d *core.Desk) error {
		delivery, err := d.APIKeys.Delivery(ctx, s.Delivery)
		if err != nil {
			return err
		}
		return term.NewTable[operators.DeliveryRow](e, term.Output{JSON: s.JSON}).
			Columns("delivery", "key", "transaction", "order", "state", "status", "created_at", "tried_at", "code", "excerpt").
			Show("status", operators.DeliveryRow.Progress).Record(delivery)
	})
}

type deliveriesRepeatCommand struct {
	settings
	deed
	Delivery string `required:"" help:"Which one." placeholder:"ID"`
}

func (r *deliveriesRepeatCommand) Run(ctx context.Context, e term.Env) error {
	return r.onDesk(ctx, e, "", func(d *core.Desk) error {
		delivery, err := d.APIKeys.RepeatDelivery(ctx, r.Delivery, r.by(e))
		if err == nil {
			fmt.Fprintf(e.Stdout, "Delivery %s is sent again by the server that runs.\n", delivery.Delivery)
		}
		return err
	})
}
