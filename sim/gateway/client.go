package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Client is a gateway in another process, behind its Face. Like the gateway itself it serves only brands marked
// test. Safe for concurrent use.
type Client struct {
	BaseURL string // of the Face, without a slash at the end
	Secret  prepaid.Secret
	Log     *slog.Logger
}

var (
	_ payments.Gateway = (*Client)(nil)
	_ payments.Signer  = (*Client)(nil)
)

// StartSetup implements payments.Gateway.
func (c *Client) StartSetup(ctx context.Context, r payments.SetupRequest) (payments.Page, error) {
	if r.Brand == nil || !r.Brand.Test {
		return payments.Page{}, errNotTest
	}
	a, err := c.call(ctx, opSetup, wireCall{
		Reference: r.Reference, Brand: brandOnWire(r.Brand), Customer: r.Customer, MSISDN: r.MSISDN, Method: r.Method, Language: r.Language,
	})
	if err == nil && a.PageURL == "" {
		err = errUnread
	}
	if err != nil {
		return payments.Page{}, fmt.Errorf("start simulated setup: %w", err)
	}
	return payments.Page{URL: a.PageURL, GatewayRef: a.GatewayRef}, nil
}

// CloseSetup implements payments.Gateway.
func (c *Client) CloseSetup(ctx context.Context, s payments.Setup) error {
	a, err := c.call(ctx, opClose, wireCall{Reference: string(s.ID)})
	if err == nil && a.Outcome != topup.Done {
		err = errUnread
	}
	if err != nil {
		return fmt.Errorf("close simulated setup: %w", err)
	}
	return nil
}

// Charge implements payments.Gateway.
func (c *Client) Charge(ctx context.Context, r payments.ChargeRequest) topup.Result {
	if r.Brand == nil || !r.Brand.Test {
		return topup.Result{Outcome: topup.Refused, Code: codeNotTest}
	}
	return c.result(ctx, opCharge, wireCall{
		Reference: r.Reference, Brand: brandOnWire(r.Brand), Customer: r.Customer, MSISDN: r.MSISDN, Method: r.Method,
		Language: r.Language, Amount: r.Amount, Token: r.Token.Reveal(),
	})
}

// Cancel implements payments.Gateway.
func (c *Client) Cancel(ctx context.Context, reference string) topup.Result {
	return c.result(ctx, opCancel, wireCall{Reference: reference})
}

// Refund implements payments.Gateway.
func (c *Client) Refund(ctx context.Context, reference string, part prepaid.Money) topup.Result {
	return c.result(ctx, opRefund, wireCall{Reference: reference, Amount: part})
}

// LookUp implements payments.Gateway.
func (c *Client) LookUp(ctx context.Context, what payments.Operation, reference string) topup.Result {
	return c.result(ctx, opLookUp, wireCall{Reference: reference, What: what})
}

// Sign implements payments.Signer.
func (c *Client) Sign(ctx context.Context, a payments.Agreement) payments.Signed {
	if a.Brand == nil || !a.Brand.Test {
		return refusedToSign(codeNotTest)
	}
	return c.signed(ctx, opSign, a)
}

// LookUpSigned implements payments.Signer.
func (c *Client) LookUpSigned(ctx context.Context, a payments.Agreement) payments.Signed {
	return c.signed(ctx, opSigned, a)
}

func (c *Client) signed(ctx context.Context, op string, a payments.Agreement) payments.Signed {
	answer, result := c.ask(ctx, op, wireCall{
		Reference: a.Reference, Mandate: a.Mandate, Brand: brandOnWire(a.Brand), Customer: a.Customer, IBAN: a.IBAN.Reveal(),
		Holder: a.Holder, AgreedAt: a.AgreedAt,
	})
	return payments.Signed{Result: result, Token: prepaid.NewSecret(answer.Token), Display: answer.Display}
}

func (c *Client) result(ctx context.Context, op string, call wireCall) topup.Result {
	_, result := c.ask(ctx, op, call)
	return result
}

// ask makes a call; whatever is no clear answer is Unknown.
func (c *Client) ask(ctx context.Context, op string, call wireCall) (wireAnswer, topup.Result) {
	a, err := c.call(ctx, op, call)
	if err == nil && a.Outcome == "" {
		err = errUnread
	}
	if err != nil {
		c.Log.WarnContext(ctx, "no answer of the simulated gateway", "operation", op, "reference", call.Reference, "error", err)
		return wireAnswer{}, topup.Result{Outcome: topup.Unknown, Code: "no_answer"}
	}
	return a, topup.Result{Outcome: a.Outcome, Code: a.Code, ProviderRef: a.ProviderRef, ActionURL: a.ActionURL}
}

// What Probe finds out.
var (
	ErrSecret = errors.New("the secret is another")
	ErrNoFace = errors.New("no simulated gateway is there")
)

// Probe tries whether the gateway lets us in, and changes nothing: ErrSecret, ErrNoFace, or another error where nothing
// clear was answered.
func (c *Client) Probe(ctx context.Context) error {
	_, err := c.call(ctx, opProbe, wireCall{Reference: opProbe})
	return err
}

var errUnread = errors.New("the answer can't be read")

func (c *Client) call(ctx context.Context, op string, call wireCall) (wireAnswer, error) {
	var answer wireAnswer
	body, err := json.Marshal(call)
	if err != nil {
		return answer, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL+callPath+op, bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.Secret.Reveal())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, wireLimit))
	if err != nil {
		return answer, err
	}
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return answer, ErrSecret
	case http.StatusNotFound:
		return answer, ErrNoFace
	default:
		return answer, fmt.Errorf("answered %d", response.StatusCode)
	}
	if json.Unmarshal(text, &answer) != nil {
		return wireAnswer{}, errUnread
	}
	return answer, nil
}

// Webhook receives the gateway's news. What is not signed is answered 403, what is too long 413, what can't be read
// 400, and nothing comes of it; what could not be handled is answered 503, and comes again.
func (c *Client) Webhook(handle func(context.Context, payments.Event) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wireLimit))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		if !signed(c.Secret, body, r.Header.Get(signatureHeader)) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		var e wireEvent
		if json.Unmarshal(body, &e) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		err = handle(r.Context(), payments.Event{
			Setup: e.Setup, Ended: e.Ended, Token: prepaid.NewSecret(e.Token), Display: e.Display,
			Charge: e.Charge, Revoked: prepaid.NewSecret(e.Revoked),
		})
		if err != nil {
			c.Log.WarnContext(r.Context(), "news of the simulated gateway not taken", "error", err)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
}
