package cards

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Action names what a job does, in one word: the action of an edit that has one, else the job's kind.
func (j Job) Action() string {
	if j.Spec.Change != nil && j.Spec.Change.Action != "" {
		return string(j.Spec.Change.Action)
	}
	return string(j.Kind)
}

// Summary says for operators what a job was asked to do: "set reseller kiosk-7; series 101, from 101-00000001". It
// shows no code, customers masked, and days as those of its brand.
func (j Job) Summary(b *prepaid.Brand) string {
	switch spec := j.Spec; {
	case spec.Generate != nil:
		return spec.Generate.summary(b)
	case spec.Import != nil:
		return joinSet("file with SHA-256 "+spec.Import.SHA256, labelled("reseller", spec.Import.Reseller))
	case spec.Change != nil:
		return spec.Change.summary(b) + spec.Filter.summary(b)
	case spec.Export != nil:
		how := "in clear"
		if !spec.Export.Plaintext {
			how = "for " + strings.Join(spec.Export.Recipients, " and ")
		}
		return "to " + spec.Export.Name + " " + how + "; " + spec.Filter.summary(b)
	case spec.Filter != nil:
		return spec.Filter.summary(b)
	case j.Kind == KindRekey:
		return fmt.Sprintf("to key version %d", spec.Version)
	}
	return ""
}

func (r GenerateRequest) summary(b *prepaid.Brand) string {
	guessable := ""
	if r.AllowGuessable {
		guessable = "guessable codes allowed"
	}
	return joinSet(
		fmt.Sprintf("%d of %s", r.Quantity, r.Amount), r.Serial(0)+" to "+r.Serial(r.Quantity-1),
		fmt.Sprintf("codes of %d digits", r.CodeLength), labelled("reseller", r.Reseller), labelled("valid through", b.ExpiryText(r.ExpiresAt)), guessable,
	)
}

// summary ends in "; " unless it is empty: the cards that are changed follow.
func (c Change) summary(b *prepaid.Brand) string {
	var parts []string
	if c.Expires != nil {
		parts = append(parts, "set valid through "+cmp.Or(b.ExpiryText(*c.Expires), "for ever"))
	}
	if c.Reseller != nil {
		parts = append(parts, "set reseller "+cmp.Or(*c.Reseller, NoReseller))
	}
	if c.AllowGuessable {
		parts = append(parts, "guessable codes allowed")
	}
	if len(parts) == 0 {
		return ""
	}
	return joinSet(parts...) + "; "
}

// summary names the fields that are set as the flags of commands do; "" for no filter.
func (f *Filter) summary(b *prepaid.Brand) string {
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
	return cmp.Or(joinSet(
		labelled("batch", string(f.Batch)), labelled("series", f.Series), labelled("from", f.From), labelled("to", f.To),
		labelled("status", strings.Join(statuses, " or ")), labelled("amount", amount), labelled("reseller", f.Reseller),
		labelledTime("created from", f.Created.From), labelledTime("created before", f.Created.To),
		labelledTime("expires from", b.Local(f.Expires.From)), labelledTime("expires before", b.Local(f.Expires.To)),
		labelledTime("activated from", f.Activated.From), labelledTime("activated before", f.Activated.To), labelled("customer", customer),
	), "all cards")
}

// joinSet joins the parts that are not empty.
func joinSet(parts ...string) string {
	var set []string
	for _, part := range parts {
		if part != "" {
			set = append(set, part)
		}
	}
	return strings.Join(set, ", ")
}

func labelled(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

func labelledTime(name string, t time.Time) string { return labelled(name, timeText(t)) }

// timeText is a time of RFC 3339; "" for the zero time.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
