package reloadly

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"pulsa/prepaid"
)

// maxIdentifier is how many characters a customIdentifier may have.
const maxIdentifier = 150

// What a request must not lack.
const (
	operatorNeeded = "operatorId is required: an operator's id"
	amountNeeded   = "amount is required: a number such as 10 or 7.50"
)

func (s *Server) topup(ctx context.Context, account string, r *http.Request) (any, error) {
	request, err := s.topupRequest(r)
	if err != nil {
		return nil, err
	}
	return s.airtime.Topup(ctx, account, request, false)
}

func (s *Server) topupAsync(ctx context.Context, account string, r *http.Request) (any, error) {
	request, err := s.topupRequest(r)
	if err != nil {
		return nil, err
	}
	t, err := s.airtime.Topup(ctx, account, request, true)
	return topupAccepted{t.TransactionID}, err
}

func (s *Server) topupRequest(r *http.Request) (TopupRequest, error) {
	var t TopupRequest
	if err := read(r, &t); err != nil {
		return t, err
	}
	switch {
	case t.OperatorID == 0:
		return t, invalid(operatorNeeded)
	case !t.Amount.Valid:
		return t, invalid(amountNeeded)
	case t.Amount.Value.Sign() <= 0:
		return t, Refuse(http.StatusBadRequest, "INVALID_AMOUNT", "The amount must be above zero")
	case utf8.RuneCountInString(string(t.CustomIdentifier)) > maxIdentifier:
		return t, invalid("customIdentifier must not have more than 150 characters")
	case strings.ContainsFunc(string(t.CustomIdentifier), unfit):
		return t, invalid("customIdentifier must be text of Unicode without control characters")
	case t.RecipientEmail != "" && !isAccount(t.RecipientEmail):
		return t, invalid("recipientEmail must be of @" + strings.Join(prepaid.EmailDomains(), " or @"))
	case t.RecipientEmail == "" && (t.RecipientPhone == nil || t.RecipientPhone.Number == "" || t.RecipientPhone.CountryCode == ""):
		return t, invalid("recipientPhone with countryCode and number is required")
	case t.RecipientPhone != nil && t.RecipientPhone.Number != "" && !t.RecipientPhone.dialable():
		return t, RefuseCode("INVALID_RECIPIENT_PHONE")
	case t.SenderPhone != nil && t.SenderPhone.Number != "" && !t.SenderPhone.dialable():
		return t, RefuseCode("INVALID_SENDER_PHONE")
	}
	return t, nil
}

// unfit reports whether a character is none that a reference is known by. What was not Unicode has become U+FFFD, and
// might have been anything: two references would be one.
func unfit(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }

func isAccount(email Text) bool {
	_, err := prepaid.ParseEmail(string(email))
	return err == nil
}

// dialable reports whether a number may be one: digits, and what people put between them.
func (p Phone) dialable() bool {
	digits, ok := prepaid.PhoneDigits(string(p.Number))
	n := len(strings.TrimPrefix(digits, "+"))
	return ok && n >= 4 && n <= 17 && (p.CountryCode == "" || len(p.CountryCode) == 2)
}

// one finds the transaction that the path names.
func (s *Server) one(ctx context.Context, account string, r *http.Request) (Transaction, error) {
	id, err := strconv.ParseInt(r.PathValue("transactionId"), 10, 64)
	if err == nil && id > 0 {
		found, _, err := s.airtime.Transactions(ctx, account, Filter{TransactionID: ID(id)})
		if err != nil {
			return Transaction{}, err
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return Transaction{}, RefuseCode("TRANSACTION_NOT_FOUND")
}

// status has the transaction only of a top-up that succeeded, as Reloadly's.
func (s *Server) status(ctx context.Context, account string, r *http.Request) (any, error) {
	t, err := s.one(ctx, account, r)
	if err != nil {
		return nil, err
	}
	answer := Status{Status: t.Status}
	switch t.Status {
	case Successful:
		answer.Transaction = &t
	case Refunded:
		answer.Code, answer.Message = "TRANSACTION_FAILED_ON_OPERATOR", "The operator did not deliver the top-up. Its cost is back in your balance."
	case Failed:
		answer.Code, answer.Message = "TOPUP_TRANSACTION_FAILED", "The top-up was not delivered. Nothing was debited."
	}
	if t.Reason != "" {
		answer.Code, answer.Message = t.Reason, Text(RefuseCode(string(t.Reason)).Message)
	}
	return answer, nil
}

func (s *Server) transaction(ctx context.Context, account string, r *http.Request) (any, error) {
	t, err := s.one(ctx, account, r)
	t.BalanceInfo = nil
	return t, err
}

func (s *Server) report(ctx context.Context, account string, r *http.Request) (any, error) {
	f, err := filterOf(r.URL.Query())
	if err != nil {
		return nil, err
	}
	page, total, err := s.airtime.Transactions(ctx, account, f)
	if err != nil {
		return nil, err
	}
	for i := range page {
		page[i].BalanceInfo = nil
	}
	return pageFor(page, total, f.Page, f.Size), nil
}
