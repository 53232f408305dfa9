package stripe

import "pulsa/topup"

// meaning is what a word of Stripe's, a decline code or an error code, means for a charge where it is not
// what the error's type says.
var meaning = map[string]topup.Outcome{
	"authentication_required":        topup.Action, // of a card, off session: see authenticate
	"payment_intent_action_required": topup.Action,

	"idempotency_key_in_use":          topup.Unknown, // the same charge is being made at this moment
	"lock_timeout":                    topup.Unknown, // comes with 429, but is no haste of ours
	"payment_intent_unexpected_state": topup.Unknown, // somebody was faster: a look-up tells who
	"intent_invalid_state":            topup.Unknown,
}

// outcome is what a problem means for a charge: definitely not, not before the customer has done something,
// or nobody knows. What passes (the bank's network is down, we asked too often) is refused as well: nothing
// was charged, and the customer can simply ask again.
func (p *problem) outcome() topup.Outcome {
	if p.status == 0 || p.status >= 500 {
		return topup.Unknown // whatever it says: it may have charged
	}
	for _, word := range []string{p.decline, p.code} {
		if outcome, listed := meaning[word]; listed {
			return outcome
		}
	}
	switch p.kind {
	case "idempotency_error":
		return topup.Unknown // the reference stands for another request, which may have charged
	case "card_error", "invalid_request_error":
		return topup.Refused
	}
	switch p.status {
	case 401, 403, 429: // our key, or our haste: turned away before anything was done
		return topup.Refused
	}
	return topup.Unknown
}
