package reloadly

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"pulsa/prepaid"
)

// Accounts know who may call the API, and what they have left. Errors that are an *Error are answered as they
// are, any other as INTERNAL_SERVER_ERROR.
type Accounts interface {
	// Token issues a bearer token. INVALID_CREDENTIALS, INVALID_AUDIENCE.
	Token(ctx context.Context, clientID string, secret prepaid.Secret, audience string) (Token, error)
	// Account names the account that a bearer token was issued to. INVALID_TOKEN, TOKEN_EXPIRED.
	Account(ctx context.Context, token string) (string, error)
	// Balance is the account's wallet.
	Balance(ctx context.Context, account string) (Balance, error)
}

// Airtime is what the API sells. Errors as of Accounts; one that is an http.Handler answers for itself.
type Airtime interface {
	// Operators lists all that the account may top up.
	Operators(ctx context.Context, account string) ([]Operator, error)
	// Detect finds the operator of a number, as it was typed, within a country. COULD_NOT_AUTO_DETECT_OPERATOR.
	Detect(ctx context.Context, account string, p Phone) (Operator, error)
	// Topup makes a top-up. An asynchronous one is answered as soon as it has an id.
	Topup(ctx context.Context, account string, r TopupRequest, async bool) (Transaction, error)
	// Transactions lists the account's transactions that fit, oldest first.
	Transactions(ctx context.Context, account string, f Filter) ([]Transaction, error)
}

// Filter narrows a list of transactions; its zero fields fit everything.
type Filter struct {
	TransactionID    ID
	CustomIdentifier string // compared without regard to case
}

// maxRequest is far more than a top-up.
const maxRequest = 64 << 10

// Server serves the API.
type Server struct {
	accounts Accounts
	airtime  Airtime
	clock    prepaid.Clock
	log      *slog.Logger
	mux      *http.ServeMux
}

// NewServer returns the handler of the whole API, the token endpoint included.
func NewServer(accounts Accounts, airtime Airtime, clock prepaid.Clock, log *slog.Logger) *Server {
	s := &Server{accounts: accounts, airtime: airtime, clock: clock, log: log, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /oauth/token", s.token)
	s.mux.HandleFunc("GET /accounts/balance", s.account(s.balance))
	s.topupRoutes()
	s.catalogueRoutes()
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, Refuse(http.StatusNotFound, "RESOURCE_NOT_FOUND", "Not found"))
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	s.mux.ServeHTTP(w, r)
}

// handler answers a request of an account.
type handler func(ctx context.Context, account string, r *http.Request) (any, error)

// account lets only those in who show a token.
func (s *Server) account(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || token == "" {
			s.refuse(w, r, Refuse(http.StatusUnauthorized, "MISSING_TOKEN", "Full authentication is required to access this resource"))
			return
		}
		account, err := s.accounts.Account(r.Context(), token)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		answer, err := h(r.Context(), account, r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		s.answer(w, http.StatusOK, answer)
	}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	var request tokenRequest
	if err := read(r, &request); err != nil {
		s.refuse(w, r, err)
		return
	}
	if request.GrantType != "client_credentials" {
		s.refuse(w, r, invalid("grant_type must be client_credentials"))
		return
	}
	token, err := s.accounts.Token(r.Context(), request.ClientID, prepaid.NewSecret(request.ClientSecret), request.Audience)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	s.answer(w, http.StatusOK, token)
}

func (s *Server) balance(ctx context.Context, account string, _ *http.Request) (any, error) {
	return s.accounts.Balance(ctx, account)
}

// read decodes a request's body.
func read(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return Refuse(http.StatusRequestEntityTooLarge, "INVALID_INPUT_PROVIDED", "The request is too large")
	case err != nil || json.Unmarshal(body, into) != nil:
		return invalid("The request is no JSON object")
	}
	return nil
}

func invalid(message string) *Error {
	return Refuse(http.StatusBadRequest, "INVALID_INPUT_PROVIDED", message)
}

func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		s.log.Error("reloadly answer not written", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var itself http.Handler
	if errors.As(err, &itself) {
		itself.ServeHTTP(w, r)
		return
	}
	var e *Error
	if !errors.As(err, &e) {
		s.log.ErrorContext(r.Context(), "reloadly request failed", "method", r.Method, "error", err)
		e = Refuse(http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "Something went wrong")
	}
	s.answer(w, e.Status, e.body(r.URL.Path, s.clock.Now().Format(wireTime)))
}
