package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"pulsa/payments"
)

type customersMandateCommand struct {
	settings
	Reference string `arg:"" help:"The mandate's reference, or the 12 letters that the gateway's begins with."`
	JSON      bool   `help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (customersMandateCommand) Help() string {
	return "What a bank asks for when its customer disputes a debit: the text that was agreed to, when, and from where. Those of erased " +
		"customers are kept without name, account and address.\n\nExample: pulsa customers mandate BKTRMWQXZDBC"
}

// Run implements the command.
func (m *customersMandateCommand) Run(ctx context.Context, e environ) error {
	_, db, err := m.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	found, err := db.Mandates.MandatesByReference(ctx, strings.ToUpper(m.Reference))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("no mandate's reference begins with %s", m.Reference)
	}
	table := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, mandate := range found {
		if m.JSON {
			if err := json.NewEncoder(e.stdout).Encode(mandateJSON(mandate)); err != nil {
				return err
			}
			continue
		}
		all := mandateJSON(mandate)
		for _, key := range []string{"reference", "customer", "brand", "creditor", "creditor_address", "creditor_id", "agreed_at", "channel", "kind", "address", "language", "text_version", "text"} {
			fmt.Fprintf(table, "%s\t%v\n", key, all[key])
		}
	}
	return table.Flush()
}

// mandateJSON shows the text as its debtor has read it.
func mandateJSON(m payments.Mandate) map[string]any {
	return map[string]any{
		"reference": m.Reference, "customer": m.Customer, "brand": m.Brand, "creditor": m.Creditor.Name, "creditor_address": m.Creditor.Address,
		"creditor_id": m.Creditor.Identifier, "agreed_at": m.AgreedAt.Format(time.RFC3339), "channel": m.From.Channel, "kind": m.From.Kind,
		"address": m.From.Address.Masked(), "language": m.Language, "text_version": m.Version, "text": m.AsShown(),
	}
}
