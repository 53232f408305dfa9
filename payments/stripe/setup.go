package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/payments"
	"pulsa/prepaid"
)

// Why no page was opened.
var (
	errWrongMode = errors.New("stripe: a test key serves test brands only, a live key all others only")
	errNoMethod  = errors.New("stripe: unknown payment method")
	errNoPage    = errors.New("stripe: the answer names no page")
)

// StartSetup implements payments.Gateway: it opens a Checkout page, which stays open for a day. Both requests
// are made under a key of their own, so that a repeated reference makes no second customer and no second page.
func (g *Gateway) StartSetup(ctx context.Context, r payments.SetupRequest) (payments.Page, error) {
	method, ok := typeOf(r.Method)
	switch {
	case !g.serves(r.Brand):
		return payments.Page{}, errWrongMode
	case !ok:
		return payments.Page{}, errNoMethod
	}
	ctx, cancel := context.WithTimeout(ctx, setupWithin)
	defer cancel()
	customer, err := g.customer(ctx, "customer:"+string(r.Customer), r.Customer, r.Brand)
	if err != nil {
		return payments.Page{}, fmt.Errorf("open stripe customer: %w", err)
	}
	about := map[string]string{metaSetup: r.Reference, metaBrand: r.Brand.Name}
	back := g.returnURL(r.Language)
	params := &api.CheckoutSessionCreateParams{
		Mode: api.String("setup"), Customer: &customer, ClientReferenceID: &r.Reference,
		PaymentMethodTypes: api.StringSlice([]string{method}), Currency: currencyOf(r.Brand),
		Locale: api.String(locale(r.Language)), SuccessURL: &back, CancelURL: &back, Metadata: about,
		SetupIntentData: &api.CheckoutSessionCreateSetupIntentDataParams{Metadata: about, Description: &r.Brand.Title},
	}
	params.SetIdempotencyKey("setup:" + r.Reference)
	session, err := g.now.Load().api.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return payments.Page{}, fmt.Errorf("open checkout page: %w", problemOf(ctx, err))
	}
	if session.URL == "" {
		return payments.Page{}, errNoPage
	}
	return payments.Page{URL: session.URL, GatewayRef: session.ID}, nil
}

// CloseSetup implements payments.Gateway: the Checkout page then says that it has expired.
func (g *Gateway) CloseSetup(ctx context.Context, s payments.Setup) error {
	if !isID(s.GatewayRef) {
		return errNoPage
	}
	ctx, cancel := context.WithTimeout(ctx, setupWithin)
	defer cancel()
	if _, err := g.now.Load().api.V1CheckoutSessions.Expire(ctx, s.GatewayRef, nil); err != nil {
		return fmt.Errorf("close checkout page: %w", problemOf(ctx, err))
	}
	return nil
}

// customer is the Stripe customer of one of ours, made under a key. After a day another may be made for the same
// customer: every instrument's token names its own.
func (g *Gateway) customer(ctx context.Context, key string, id prepaid.CustomerID, b *prepaid.Brand) (string, error) {
	params := &api.CustomerCreateParams{Metadata: map[string]string{metaCustomer: string(id), metaBrand: b.Name}}
	params.SetIdempotencyKey(key)
	c, err := g.now.Load().api.V1Customers.Create(ctx, params)
	if err != nil {
		return "", problemOf(ctx, err)
	}
	return c.ID, nil
}

func (g *Gateway) returnURL(language string) string {
	return g.c.ReturnURL + "?language=" + url.QueryEscape(language)
}

func currencyOf(b *prepaid.Brand) *string { return api.String(strings.ToLower(string(b.Currency))) }

// locale is a language in which Checkout is translated, else the browser's own.
func locale(language string) string {
	translated := []string{"bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fil", "fr", "hr", "hu", "id", "it",
		"ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh"}
	if slices.Contains(translated, language) {
		return language
	}
	return "auto"
}
