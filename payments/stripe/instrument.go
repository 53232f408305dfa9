package stripe

import (
	"strings"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/prepaid"
)

// instrument is what a token names. Both ids are needed to charge, and the customer's to find charges.
type instrument struct{ customer, method string }

// token packs an instrument: "cus_…/pm_…".
func (i instrument) token() prepaid.Secret { return prepaid.NewSecret(i.customer + "/" + i.method) }

// instrumentOf reads a token; false where it is not one of ours.
func instrumentOf(token prepaid.Secret) (instrument, bool) {
	customer, method, ok := strings.Cut(token.Reveal(), "/")
	return instrument{customer, method}, ok && isID(customer) && isID(method)
}

// isID reports whether s may stand in a path: ids come back from Stripe, but also from our own books.
func isID(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}

// display is how a payment method is shown to its owner: "Visa **** 4242".
func display(m *api.PaymentMethod) string {
	switch {
	case m.Card != nil:
		return cardBrand(string(m.Card.Brand)) + " **** " + m.Card.Last4
	case m.SEPADebit != nil:
		return m.SEPADebit.Country + "** **** " + m.SEPADebit.Last4
	case m.Paypal != nil:
		return strings.TrimSpace("PayPal " + maskEmail(m.Paypal.PayerEmail))
	}
	return string(m.Type)
}

func cardBrand(brand string) string {
	switch brand {
	case "visa":
		return "Visa"
	case "mastercard":
		return "Mastercard"
	case "amex":
		return "American Express"
	}
	return "Card"
}

// maskEmail leaves the first letter and the domain.
func maskEmail(email string) string {
	name, domain, ok := strings.Cut(email, "@")
	if !ok || name == "" {
		return ""
	}
	return string([]rune(name)[:1]) + "***@" + domain
}
