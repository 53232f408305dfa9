package reloadly

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"pulsa/prepaid"
)

// maxIdentifier is how many characters a customIdentifier may have.
const maxIdentifier = 150

func (s *Server) topupRoutes() {
	s.mux.HandleFunc("POST /topups", s.account(s.topup))
	s.mux.HandleFunc("POST /topups-async", s.account(s.topupAsync))
	s.mux.HandleFunc("GET /topups/{id}/status", s.account(s.status))
	s.mux.HandleFunc("GET /topups/reports/transactions", s.account(s.report))
	s.mux.HandleFunc("GET /topups/reports/transactions/{id}", s.account(s.transaction))
}

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
	return accepted{t.TransactionID}, err
}

func (s *Server) topupRequest(r *http.Request) (TopupRequest, error) {
	var t TopupRequest
	if err := read(r, &t); err != nil {
		return t, err
	}
	switch {
	case t.OperatorID == 0:
		return t, invalid("operatorId is required")
	case !t.Amount.Valid:
		return t, invalid("amount is required")
	case t.Amount.Value.Sign() <= 0:
		return t, Refuse(http.StatusBadRequest, "INVALID_AMOUNT", "The amount must be above zero")
	case utf8.RuneCountInString(string(t.CustomIdentifier)) > maxIdentifier:
		return t, invalid("customIdentifier must not have more than 150 characters")
	case t.RecipientEmail != "" && !isAccount(t.RecipientEmail):
		return t, invalid("recipientEmail must be of @" + strings.Join(prepaid.EmailDomains(), " or @"))
	case t.RecipientEmail == "" && (t.RecipientPhone == nil || t.RecipientPhone.Number == "" || t.RecipientPhone.CountryCode == ""):
		return t, invalid("recipientPhone with countryCode and number is required")
	}
	return t, nil
}

func isAccount(email Text) bool {
	_, err := prepaid.ParseEmail(string(email))
	return err == nil
}

// one finds the transaction that the path names.
func (s *Server) one(ctx context.Context, account string, r *http.Request) (Transaction, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil && id > 0 {
		found, err := s.airtime.Transactions(ctx, account, Filter{TransactionID: ID(id)})
		if err != nil {
			return Transaction{}, err
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return Transaction{}, Refuse(http.StatusNotFound, "TRANSACTION_NOT_FOUND", "Transaction not found")
}

func (s *Server) status(ctx context.Context, account string, r *http.Request) (any, error) {
	t, err := s.one(ctx, account, r)
	if err != nil {
		return nil, err
	}
	if t.Status != Successful {
		return Status{Status: t.Status}, nil
	}
	return Status{Status: t.Status, Transaction: &t}, nil
}

func (s *Server) transaction(ctx context.Context, account string, r *http.Request) (any, error) {
	t, err := s.one(ctx, account, r)
	t.BalanceInfo = nil
	return t, err
}

func (s *Server) report(ctx context.Context, account string, r *http.Request) (any, error) {
	query := r.URL.Query()
	all, err := s.airtime.Transactions(ctx, account, Filter{CustomIdentifier: query.Get("customIdentifier")})
	if err != nil {
		return nil, err
	}
	fits := []Transaction{}
	for _, t := range all {
		if inReport(t, query.Get) {
			t.BalanceInfo = nil
			fits = append(fits, t)
		}
	}
	return paged(fits, query.Get), nil
}

// inReport judges by the filters that are texts; dates are compared as they are written.
func inReport(t Transaction, query func(string) string) bool {
	for name, value := range map[string]string{
		"countryCode": string(t.CountryCode), "operatorId": t.OperatorID.String(), "operatorName": string(t.OperatorName),
	} {
		if wanted := query(name); wanted != "" && !strings.EqualFold(wanted, value) {
			return false
		}
	}
	date := string(t.TransactionDate)
	if from := query("startDate"); from != "" && date < from {
		return false
	}
	to := query("endDate")
	return to == "" || date <= to
}

const (
	standardSize = 200
	maxSize      = 500
)

// paged is the page that a query asks for. Pages begin at 1, and page 0 is page 1.
func paged[T any](all []T, query func(string) string) Page[T] {
	number, _ := strconv.Atoi(query("page"))
	number = max(number, 1)
	size, _ := strconv.Atoi(query("size"))
	if size <= 0 {
		size = standardSize
	}
	size = min(size, maxSize)
	pages := (len(all) + size - 1) / size
	content := []T{}
	if number <= pages {
		from := (number - 1) * size
		content = all[from:min(from+size, len(all))]
	}
	return Page[T]{
		Content: content, TotalElements: len(all), TotalPages: pages, Number: number, Size: size,
		NumberOfElements: len(content), First: number == 1, Last: number >= pages, Empty: len(content) == 0,
	}
}
