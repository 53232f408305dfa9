package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"pulsa/cards"
)

// whatOf tells what a job was asked to do: "set reseller kiosk-7; series 101, from 101-00000001". It holds no code.
func whatOf(j cards.Job) string {
	switch spec := j.Spec; {
	case spec.Generate != nil:
		return whatGenerated(*spec.Generate)
	case spec.Import != nil:
		return listed("file with SHA-256 "+spec.Import.SHA256, labelled("reseller", spec.Import.Reseller))
	case spec.Change != nil:
		return whatChanged(*spec.Change) + which(spec.Filter)
	case spec.Export != nil:
		how := "in clear"
		if !spec.Export.Plaintext {
			how = "for " + strings.Join(spec.Export.Recipients, " and ")
		}
		return "to " + spec.Export.Name + " " + how + "; " + which(spec.Filter)
	case spec.Filter != nil:
		return which(spec.Filter)
	case j.Kind == cards.KindRekey:
		return fmt.Sprintf("to key version %d", spec.Version)
	}
	return ""
}

func whatGenerated(g cards.GenerateRequest) string {
	parts := []string{
		fmt.Sprintf("%d of %s", g.Quantity, g.Amount), g.Serial(0) + " to " + g.Serial(g.Quantity-1), fmt.Sprintf("codes of %d digits", g.CodeLength),
		labelled("reseller", g.Reseller), timed("expires", g.ExpiresAt),
	}
	if g.AllowGuessable {
		parts = append(parts, "guessable codes allowed")
	}
	return listed(parts...)
}

func whatChanged(c cards.Change) string {
	var parts []string
	if c.Expires != nil {
		parts = append(parts, "set expires "+cmp.Or(stamp(*c.Expires), "never"))
	}
	if c.Reseller != nil {
		parts = append(parts, "set reseller "+cmp.Or(*c.Reseller, cards.NoReseller))
	}
	if c.AllowGuessable {
		parts = append(parts, "guessable codes allowed")
	}
	if len(parts) == 0 {
		return ""
	}
	return listed(parts...) + "; "
}

// which tells the cards of a filter as its flags do.
func which(f *cards.Filter) string {
	if f == nil {
		return ""
	}
	var statuses []string
	for _, s := range f.Statuses {
		statuses = append(statuses, string(s))
	}
	amount, customer := "", ""
	if !f.Amount.Zero() {
		amount = f.Amount.String()
	}
	if f.Customer != "" {
		customer = f.Customer.Masked()
	}
	return cmp.Or(listed(
		labelled("batch", string(f.Batch)), labelled("series", f.Series), labelled("from", f.From), labelled("to", f.To),
		labelled("status", strings.Join(statuses, " or ")), labelled("amount", amount), labelled("reseller", f.Reseller),
		timed("created from", f.Created.From), timed("created before", f.Created.To),
		timed("expires from", f.Expires.From), timed("expires before", f.Expires.To),
		timed("activated from", f.Activated.From), timed("activated before", f.Activated.To), labelled("customer", customer),
	), "all cards")
}

func listed(parts ...string) string {
	var given []string
	for _, part := range parts {
		if part != "" {
			given = append(given, part)
		}
	}
	return strings.Join(given, ", ")
}

func labelled(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

func timed(name string, t time.Time) string { return labelled(name, stamp(t)) }
