package reloadly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pulsa/prepaid"
)

// Accounts know who may call the API, and what they have left. Errors that are an *Error are answered as they
// are, prepaid.ErrBusy as SERVICE_UNAVAILABLE, any other as INTERNAL_SERVER_ERROR. The contexts carry a time limit for the
// database.
type Accounts interface {
	// Token issues a bearer token. INVALID_CREDENTIALS, INVALID_AUDIENCE.
	Token(ctx context.Context, clientID string, secret prepaid.Secret, audience string) (Token, error)
	// Account says whom a bearer token was issued to. INVALID_TOKEN, TOKEN_EXPIRED, ACCOUNT_NOT_FOUND,
	// RATE_LIMIT_REACHED (with the header of RateLimit).
	Account(ctx context.Context, token string) (Caller, error)
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
	// Transactions is the page of the account's transactions that fit, oldest first, and how many fit in all.
	Transactions(ctx context.Context, account string, f Filter) (page []Transaction, total int, err error)
}

// Caller is whom a token was issued to.
type Caller struct {
	Account string
	Scopes  []Scope     // what the token allows; nil for everything
	Header  http.Header // sent with every answer, such as that of RateLimit
}

// Scope is something that a token may allow.
type Scope string

// The scopes. ScopeAll is Reloadly's word for all of them.
const (
	ScopeTopups      Scope = "send-topups"
	ScopeHistory     Scope = "read-topups-history"
	ScopeOperators   Scope = "read-operators"
	ScopePromotions  Scope = "read-promotions"
	ScopeCommissions Scope = "read-prepaid-commissions"
	ScopeBalance     Scope = "read-prepaid-balance"
	ScopeAll         Scope = "developer"
)

// Scopes are all that can be given one by one.
func Scopes() []Scope {
	return []Scope{ScopeTopups, ScopeHistory, ScopeOperators, ScopePromotions, ScopeCommissions, ScopeBalance}
}

func (c Caller) may(s Scope) bool {
	return c.Scopes == nil || slices.Contains(c.Scopes, s) || slices.Contains(c.Scopes, ScopeAll)
}

// RateLimit is the header that tells a caller how many requests are left until the limit begins anew.
func RateLimit(limit, remaining int, reset time.Time) http.Header {
	return http.Header{
		"X-Ratelimit-Limit": {strconv.Itoa(limit)}, "X-Ratelimit-Remaining": {strconv.Itoa(max(remaining, 0))},
		"X-Ratelimit-Reset": {strconv.FormatInt(reset.Unix(), 10)}, // in seconds, as Reloadly's own clients read it
	}
}

// maxRequest is far more than a top-up.
const maxRequest = 64 << 10

// databaseWithin is how long a request may wait for the database. What is then busy still has changed nothing.
const databaseWithin = 10 * time.Second

const tooLarge = "The request is too large"

// Server serves the API.
type Server struct {
	accounts  Accounts
	airtime   Airtime
	clock     prepaid.Clock
	log       *slog.Logger
	endpoints []endpoint
	shown     func() shownAPI // made when it is first asked for
}

// NewServer returns the handler of the whole API, the token endpoint, its document and its page included.
func NewServer(accounts Accounts, airtime Airtime, clock prepaid.Clock, log *slog.Logger) *Server {
	s := &Server{accounts: accounts, airtime: airtime, clock: clock, log: log}
	s.endpoints = s.table()
	s.shown = sync.OnceValue(s.show)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if s.servePage(w, r) {
		return
	}
	e, allowed := s.match(r)
	switch {
	case e != nil:
		s.serve(w, r, e)
	case len(allowed) > 0:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.refuse(w, r, RefuseCode("METHOD_NOT_SUPPORTED"))
	default:
		s.answer(w, http.StatusNotFound, noSuchPath{
			TimeStamp: s.now(), Status: http.StatusNotFound, Error: "Not Found", Message: "No message available", Path: Text(r.URL.Path),
		})
	}
}

// serve answers a request of an endpoint: only those who show a token that allows it are let in.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, e *endpoint) {
	r = r.WithContext(prepaid.WithTimeLimit(r.Context(), s.clock, s.clock.Now().Add(databaseWithin)))
	answer, err := s.ask(w, r, e)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.answer(w, http.StatusOK, answer)
}

func (s *Server) ask(w http.ResponseWriter, r *http.Request, e *endpoint) (any, error) {
	account := ""
	if e.scope != "" {
		caller, err := s.caller(r)
		if err != nil {
			return nil, err
		}
		for name, values := range caller.Header {
			w.Header()[name] = values
		}
		if !caller.may(e.scope) {
			refused := RefuseCode("INSUFFICIENT_SCOPE")
			refused.Header = http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope", scope="` + string(e.scope) + `"`}}
			return nil, refused
		}
		account = caller.Account
	}
	switch {
	case !accepted(r.Header.Values("Accept")):
		return nil, RefuseCode("MEDIA_TYPE_NOT_ACCEPTABLE")
	case e.body != nil && !isJSON(r.Header.Get("Content-Type")):
		return nil, RefuseCode("UNSUPPORTED_MEDIA_TYPE")
	}
	if e.scope == "" {
		w.Header().Set("Cache-Control", "no-store") // it is a token
	}
	return e.handle(r.Context(), account, r)
}

func (s *Server) caller(r *http.Request) (Caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Caller{}, RefuseCode("MISSING_TOKEN")
	}
	return s.accounts.Account(r.Context(), token)
}

// accepted reports whether our answers are among what a client accepts. One that says nothing takes anything.
func accepted(accept []string) bool {
	all := strings.Join(accept, ",")
	if strings.TrimSpace(all) == "" {
		return true
	}
	for each := range strings.SplitSeq(all, ",") {
		kind, parameters, err := mime.ParseMediaType(each)
		if q, qErr := strconv.ParseFloat(parameters["q"], 64); err != nil || qErr == nil && q == 0 {
			continue
		}
		if kind == "*/*" || kind == "application/*" || kind == "application/json" || kind == mediaType {
			return true
		}
	}
	return false
}

// isJSON reports whether a body is to be read. One without a type is read too.
func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return contentType == "" || err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

func (s *Server) token(ctx context.Context, _ string, r *http.Request) (any, error) {
	var request tokenRequest
	if err := read(r, &request); err != nil {
		return nil, err
	}
	if request.GrantType != "client_credentials" {
		return nil, invalid("grant_type must be client_credentials")
	}
	return s.accounts.Token(ctx, request.ClientID, prepaid.NewSecret(request.ClientSecret), request.Audience)
}

func (s *Server) balance(ctx context.Context, account string, _ *http.Request) (any, error) {
	return s.accounts.Balance(ctx, account)
}

// read decodes a request's body.
func read(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return Refuse(http.StatusRequestEntityTooLarge, "INVALID_INPUT_PROVIDED", tooLarge)
	case err != nil || !json.Valid(body):
		return invalid("The request is not JSON")
	case bytes.TrimSpace(body)[0] != '{':
		return RefuseCode("UNPROCCESSABLE_ENTITY")
	}
	return misfit(json.Unmarshal(body, into))
}

// misfit is the refusal of JSON that does not fit, naming the field if that is known.
func misfit(err error) error {
	if err == nil {
		return nil
	}
	refused := RefuseCode("UNPROCCESSABLE_ENTITY")
	if field := new(json.UnmarshalTypeError); errors.As(err, &field) && field.Field != "" {
		refused.Message += ": see " + field.Field
	}
	return refused
}

func invalid(message string) *Error {
	return Refuse(http.StatusBadRequest, "INVALID_INPUT_PROVIDED", message)
}

func (s *Server) now() Text { return Text(s.clock.Now().UTC().Format(wireTime)) }

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
	switch {
	case errors.As(err, &e):
	case errors.Is(err, prepaid.ErrBusy):
		s.log.WarnContext(r.Context(), "reloadly request not taken", "method", r.Method, "error", err)
		e = RefuseCode("SERVICE_UNAVAILABLE")
	default:
		level := slog.LevelError
		if r.Context().Err() != nil {
			level = slog.LevelInfo // whoever asked is gone
		}
		s.log.Log(r.Context(), level, "reloadly request failed", "method", r.Method, "error", err)
		e = RefuseCode("INTERNAL_SERVER_ERROR")
	}
	for name, values := range e.Header {
		w.Header()[name] = values
	}
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	s.answer(w, e.Status, e.body(r.URL.Path, string(s.now())))
}
