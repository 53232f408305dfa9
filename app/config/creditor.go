package config

import (
	"net/mail"
	"strings"

	"pulsa/payments"
	"pulsa/prepaid"
)

// How long a creditor's name and address may be: as in a SEPA message, and so that the mandate fits into six segments.
const (
	longestCreditor        = 70
	longestCreditorAddress = 100
)

// creditor reads who debits bank accounts; nothing where the brand's customers can't type an IBAN.
func (s section) creditor(currency prepaid.Currency) prepaid.Creditor {
	c, ok := s.sub("creditor")
	if !ok {
		return prepaid.Creditor{}
	}
	if currency != "EUR" && currency != "" {
		c.r.fault(c.line, "creditor: SEPA debits are in EUR, and the brand's currency is %s: remove it", currency)
	}
	out := prepaid.Creditor{
		Name: c.oneLine("name", longestCreditor, "Demo Mobile B.V."), Address: c.oneLine("address", longestCreditorAddress, "Kerkstraat 1, 1017 GA Amsterdam"),
		Email: c.value("email").text,
	}
	id := c.required("identifier", "NL79ZZZ999999990000")
	out.Identifier = strings.ToUpper(strings.ReplaceAll(id.text, " ", ""))
	if id.given() {
		if err := payments.CheckCreditorID(out.Identifier); err != nil {
			c.r.fault(id.line, "identifier %q %s", id.text, err)
		}
	}
	if address, err := mail.ParseAddress(out.Email); out.Email != "" && (err != nil || address.Address != out.Email) {
		c.r.fault(c.lines["email"], "email is %q: write one address such as sepa@demo.example", out.Email)
	}
	return out
}
