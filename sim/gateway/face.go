package gateway

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Face shows a gateway to Clients in other processes.
type Face struct {
	Gateway *Gateway
	Secret  prepaid.Secret // that Clients show, and news is signed with; empty lets nobody in
	Webhook string         // where news goes: a Client's Webhook
}

// newsWithin is how long whoever takes the news may take.
const newsWithin = 15 * time.Second

// Routes serves the calls of Clients, and the gateway's pages.
func (f *Face) Routes(mux *http.ServeMux) {
	f.Gateway.Routes(mux)
	for op, do := range map[string]func(context.Context, wireCall) (wireAnswer, error){
		opSetup: f.setup,
		opClose: func(ctx context.Context, c wireCall) (wireAnswer, error) {
			return wireAnswer{Outcome: topup.Done}, f.Gateway.CloseSetup(ctx, payments.Setup{ID: prepaid.SetupID(c.Reference)})
		},
		opCharge: func(ctx context.Context, c wireCall) (wireAnswer, error) {
			return result(f.Gateway.Charge(ctx, payments.ChargeRequest{
				Reference: c.Reference, Brand: c.Brand.brand(), Customer: c.Customer, Token: prepaid.NewSecret(c.Token),
				Method: c.Method, Amount: c.Amount, MSISDN: c.MSISDN, Language: c.Language,
			})), nil
		},
		opCancel: func(ctx context.Context, c wireCall) (wireAnswer, error) {
			return result(f.Gateway.Cancel(ctx, c.Reference)), nil
		},
		opRefund: func(ctx context.Context, c wireCall) (wireAnswer, error) {
			return result(f.Gateway.Refund(ctx, c.Reference, c.Amount)), nil
		},
		opSign: func(ctx context.Context, c wireCall) (wireAnswer, error) {
			iban, _, err := payments.ParseIBAN(c.IBAN)
			if err != nil {
				return wireAnswer{}, err
			}
			a := c.agreement()
			a.IBAN = iban
			return signedAnswer(f.Gateway.Sign(ctx, a)), nil
		},
		opSigned: func(ctx context.Context, c wireCall) (wireAnswer, error) {
			return signedAnswer(f.Gateway.LookUpSigned(ctx, c.agreement())), nil
		},
		opProbe: func(context.Context, wireCall) (wireAnswer, error) { return wireAnswer{Outcome: topup.Done}, nil },
		opLookUp: func(ctx context.Context, c wireCall) (wireAnswer, error) {
			return result(f.Gateway.LookUp(ctx, c.What, c.Reference)), nil
		},
	} {
		mux.HandleFunc("POST "+callPath+op, func(w http.ResponseWriter, r *http.Request) { f.answer(w, r, do) })
	}
}

func (f *Face) answer(w http.ResponseWriter, r *http.Request, do func(context.Context, wireCall) (wireAnswer, error)) {
	want := "Bearer " + f.Secret.Reveal()
	if f.Secret.Empty() || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(want)) != 1 {
		http.Error(w, "the secret is another", http.StatusUnauthorized)
		return
	}
	var call wireCall
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, wireLimit)).Decode(&call); err != nil || call.Reference == "" {
		http.Error(w, "not understood", http.StatusBadRequest)
		return
	}
	answer, err := do(r.Context(), call)
	switch {
	case answer.Code == codeTimeout:
		panic(http.ErrAbortHandler) // the caller has no answer at all
	case answer.Code == codeGarbage:
		_, _ = w.Write([]byte("<html><body>Please stand by</body></html>"))
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the caller may have gone
}

func (f *Face) setup(ctx context.Context, c wireCall) (wireAnswer, error) {
	page, err := f.Gateway.StartSetup(ctx, payments.SetupRequest{
		Reference: c.Reference, Brand: c.Brand.brand(), Customer: c.Customer, MSISDN: c.MSISDN, Method: c.Method, Language: c.Language,
	})
	return wireAnswer{PageURL: page.URL, GatewayRef: page.GatewayRef}, err
}

// agreement is what the call says of one, without its IBAN.
func (c wireCall) agreement() payments.Agreement {
	return payments.Agreement{Reference: c.Reference, Mandate: c.Mandate, Brand: c.Brand.brand(), Customer: c.Customer,
		Holder: c.Holder, AgreedAt: c.AgreedAt}
}

func signedAnswer(s payments.Signed) wireAnswer {
	a := result(s.Result)
	a.Token, a.Display = s.Token.Reveal(), s.Display
	return a
}

func result(r topup.Result) wireAnswer {
	return wireAnswer{Outcome: r.Outcome, Code: r.Code, ProviderRef: r.ProviderRef, ActionURL: r.ActionURL}
}

// Tell sends one piece of news, signed: the Events of the gateway. An error where it was not taken.
func (f *Face) Tell(ctx context.Context, e payments.Event) error {
	body, err := json.Marshal(wireEvent{
		Setup: e.Setup, Ended: e.Ended, Token: e.Token.Reveal(), Display: e.Display,
		Charge: e.Charge, Revoked: e.Revoked.Reveal(),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, newsWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.Webhook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(signatureHeader, sign(f.Secret, body))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("webhook answered %d", response.StatusCode)
	}
	return nil
}
