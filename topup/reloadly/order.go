package reloadly

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

const (
	// pollEvery and pollFor pace the status of an asynchronous top-up: the sandbox takes 8 to 11 s. What is
	// not known by then is left to look-ups.
	pollEvery = 2 * time.Second
	pollFor   = 30 * time.Second
)

// order finds out how the network is to be asked, and asks it once.
func (c *Client) order(ctx context.Context, r topup.Credit) topup.Result {
	request, byPIN, refused := c.request(ctx, r)
	if refused.Outcome != "" {
		return refused
	}
	path := "/topups"
	if c.c.Async {
		path = "/topups-async"
	}
	answer, result := c.post(ctx, path, request)
	if result.Outcome != "" {
		c.refused(ctx, r, result)
		return result
	}
	if c.c.Async {
		return withPIN(c.poll(ctx, answer), byPIN)
	}
	var t Transaction
	if json.Unmarshal(answer.body, &t) != nil || t.TransactionID == 0 {
		return topup.Result{Outcome: topup.Unknown, Code: codeUnreadable}
	}
	return withPIN(t.result(), byPIN)
}

// withPIN takes a delivery by PIN for unclear until the PIN is known: without it the customer has nothing.
func withPIN(r topup.Result, byPIN bool) topup.Result {
	if byPIN && r.Outcome == topup.Done && r.PIN == nil {
		return topup.Result{Outcome: topup.Unknown, Code: codePINMissing, ProviderRef: r.ProviderRef}
	}
	return r
}

// request is the body for a credit, and whether the operator answers with a PIN. Where the Result has an outcome there
// is none, and nothing was sent.
func (c *Client) request(ctx context.Context, r topup.Credit) (request TopupRequest, byPIN bool, _ topup.Result) {
	request.CustomIdentifier = Text(r.Reference)
	var o Operator
	var err error
	if r.Email == "" {
		o, err = c.operatorOf(ctx, r.MSISDN)
		request.RecipientPhone = &Phone{CountryCode: Text(countryOf(r.MSISDN)), Number: Text(r.MSISDN)}
	} else {
		if _, err := prepaid.ParseEmail(string(r.Email)); err != nil {
			return request, false, topup.Result{Outcome: topup.Refused, Code: codeBadEmail}
		}
		o, err = c.nauta(ctx)
		request.RecipientEmail = Text(r.Email)
	}
	if err != nil {
		return request, false, c.notSent(ctx, r, err)
	}
	if !o.active() {
		return request, false, topup.Result{Outcome: topup.Passing, Code: topup.CodeUnavailable}
	}
	if o.PIN && !c.c.PINs {
		return request, false, topup.Result{Outcome: topup.Refused, Code: codePINOperator}
	}
	amount, local, code := o.price(r.Amount)
	if code == "" && r.Amount.Minor <= 0 {
		code = topup.CodeInvalidAmount
	}
	if code != "" {
		result := topup.Result{Outcome: topup.Refused, Code: code}
		c.refused(ctx, r, result)
		return request, false, result
	}
	request.OperatorID, request.Amount, request.UseLocalAmount = o.OperatorID, amount, Flag(local)
	return request, o.PIN, topup.Result{}
}

// notSent is the result where the operator could not be found out: the top-up was not asked for.
func (c *Client) notSent(ctx context.Context, r topup.Credit, err error) topup.Result {
	result := topup.Result{Outcome: topup.Passing, Code: codeNotSent}
	var answered *Error
	if errors.As(err, &answered) {
		if answered.unknownNumber() {
			result.Outcome = topup.Refused
		}
		result.Code = answered.Code
	}
	c.c.Log.LogAttrs(ctx, slog.LevelWarn, "reloadly not asked for a top-up", slog.String("reference", r.Reference),
		slog.String("outcome", string(result.Outcome)), slog.String("code", result.Code), slog.Any("error", err))
	return result
}

// post sends a top-up, once. Where the Result has an outcome there is no answer to be read.
func (c *Client) post(ctx context.Context, path string, request TopupRequest) (reply, topup.Result) {
	body, err := json.Marshal(request)
	if err != nil {
		return reply{}, topup.Result{Outcome: topup.Passing, Code: codeNotSent}
	}
	within, cancel := context.WithTimeout(ctx, c.c.TopupWithin)
	defer cancel()
	answer, sent, err := c.authorised(within, http.MethodPost, path, body)
	var refused *Error
	switch {
	case errors.As(err, &refused): // no token: nothing ran
		return reply{}, topup.Result{Outcome: topup.Passing, Code: refused.Code}
	case err != nil && !sent:
		return reply{}, topup.Result{Outcome: topup.Passing, Code: codeNotSent}
	case err != nil:
		return reply{}, topup.Result{Outcome: topup.Unknown, Code: codeNoAnswer}
	case answer.ok():
		return answer, topup.Result{}
	}
	e := readError(answer.status, answer.body)
	outcome, _ := e.judge()
	return reply{}, topup.Result{Outcome: outcome, Code: e.Code}
}

// refused logs what is ours to mend, louder than what is the customer's.
func (c *Client) refused(ctx context.Context, r topup.Credit, result topup.Result) {
	_, cause, known := topup.ClassifyCode(result.Code)
	level := slog.LevelInfo
	switch {
	case cause == topup.CauseAccount, cause == topup.CauseConfiguration:
		level = slog.LevelError
	case !known, result.Outcome == topup.Unknown:
		level = slog.LevelWarn
	}
	if cause == topup.CauseCustomer || cause == topup.CauseConfiguration {
		c.numbers.drop(r.MSISDN) // it may have been ported, or the offer has changed
	}
	c.c.Log.LogAttrs(ctx, level, "reloadly did not top up", slog.String("reference", r.Reference), slog.Any("msisdn", r.MSISDN),
		slog.String("outcome", string(result.Outcome)), slog.String("code", result.Code), slog.String("cause", string(cause)))
}

// poll waits for an asynchronous top-up to come to its end, for a while.
func (c *Client) poll(ctx context.Context, answer reply) topup.Result {
	var a topupAccepted
	if json.Unmarshal(answer.body, &a) != nil || a.TransactionID == 0 {
		return topup.Result{Outcome: topup.Unknown, Code: codeUnreadable}
	}
	pending := topup.Result{Outcome: topup.Pending, ProviderRef: a.TransactionID.String()}
	for end := c.c.Clock.Now().Add(pollFor); c.c.Clock.Now().Before(end); {
		if c.c.Clock.Sleep(ctx, pollEvery) != nil {
			return pending
		}
		if r := c.status(ctx, a.TransactionID); r.Outcome != topup.Unknown && r.Outcome != topup.Pending {
			return r
		}
	}
	return pending
}

// result is what a transaction came to.
func (t Transaction) result() topup.Result {
	r := topup.Result{Outcome: t.Status.outcome(), ProviderRef: t.TransactionID.String()}
	switch r.Outcome {
	case topup.Done:
		r.Cost, _ = t.Cost()
		r.PIN = t.PINDetail.detail()
	case topup.Refused:
		r.Code = string(t.Status)
	case topup.Unknown:
		r.Code = codeUnreadable
	}
	return r
}

// outcome says what a state means. What ended undelivered is refused for good: its reference is used up.
func (s State) outcome() topup.Outcome {
	switch s {
	case Successful:
		return topup.Done
	case Processing:
		return topup.Pending
	case Refunded, Failed:
		return topup.Refused
	}
	return topup.Unknown
}

func (p *PINDetail) detail() *topup.PINDetail {
	if p == nil || p.Code == "" && p.Serial == "" {
		return nil
	}
	if p.Code == "" { // some operators' code is the serial
		p = &PINDetail{Code: p.Serial, Info1: p.Info1, Info2: p.Info2, Info3: p.Info3, Value: p.Value, IVR: p.IVR, Validity: p.Validity}
	}
	return &topup.PINDetail{
		Serial: string(p.Serial), Value: string(p.Value), IVR: string(p.IVR), Validity: string(p.Validity),
		Info: [3]string{string(p.Info1), string(p.Info2), string(p.Info3)}, Code: prepaid.NewSecret(string(p.Code)),
	}
}
