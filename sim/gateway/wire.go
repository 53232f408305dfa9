package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// What Face and Client say to each other, as JSON. Every request is a POST under callPath with the shared secret
// as its bearer token; every request that changes something names a reference, and may be repeated.
const (
	callPath = "/gateway/"
	opSetup  = "setup"
	opClose  = "close-setup"
	opCharge = "charge"
	opCancel = "cancel"
	opRefund = "refund"
	opLookUp = "look-up"
	opSign   = "sign"
	opSigned = "look-up-signed"
	opProbe  = "probe"

	signatureHeader = "X-Pulsa-Sim-Signature"
	// wireLimit is far more than any message of either side.
	wireLimit = 64 << 10
)

// wireCall is any request; each operation reads what it needs.
type wireCall struct {
	Reference string             `json:"reference"`
	Brand     wireBrand          `json:"brand,omitzero"`
	Customer  prepaid.CustomerID `json:"customer,omitempty"`
	MSISDN    prepaid.MSISDN     `json:"msisdn,omitempty"`
	Method    payments.Method    `json:"method,omitempty"`
	Language  string             `json:"language,omitempty"`
	Amount    prepaid.Money      `json:"amount,omitzero"`
	Token     string             `json:"token,omitempty"`
	What      payments.Operation `json:"what,omitempty"` // of a look-up

	Mandate  string    `json:"mandate,omitempty"` // of an agreement
	IBAN     string    `json:"iban,omitempty"`
	Holder   string    `json:"holder,omitempty"`
	AgreedAt time.Time `json:"agreed_at,omitzero"`
}

// wireBrand is what the pages show of a brand.
type wireBrand struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Country string `json:"country"`
}

func brandOnWire(b *prepaid.Brand) wireBrand { return wireBrand{b.Name, b.Title, b.Country} }

// brand is marked test: the Client sends no other.
func (b wireBrand) brand() *prepaid.Brand {
	return &prepaid.Brand{Name: b.Name, Title: b.Title, Country: b.Country, Test: true}
}

// wireAnswer is any answer.
type wireAnswer struct {
	Outcome     topup.Outcome `json:"outcome,omitempty"`
	Code        string        `json:"code,omitempty"`
	ProviderRef string        `json:"provider_ref,omitempty"`
	ActionURL   string        `json:"action_url,omitempty"`
	PageURL     string        `json:"page_url,omitempty"` // of a setup
	GatewayRef  string        `json:"gateway_ref,omitempty"`
	Token       string        `json:"token,omitempty"` // of an agreement
	Display     string        `json:"display,omitempty"`
}

// wireEvent is a piece of news.
type wireEvent struct {
	Setup   prepaid.SetupID      `json:"setup,omitempty"`
	Ended   payments.SetupStatus `json:"ended,omitempty"`
	Token   string               `json:"token,omitempty"`
	Display string               `json:"display,omitempty"`
	Charge  prepaid.ChargeID     `json:"charge,omitempty"`
	Revoked string               `json:"revoked,omitempty"`
}

// sign is the signature of a piece of news.
func sign(secret prepaid.Secret, body []byte) string {
	return hex.EncodeToString(mac(secret, body))
}

func mac(secret prepaid.Secret, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret.Reveal()))
	h.Write(body)
	return h.Sum(nil)
}

// signed checks a signature in constant time. Without a secret nothing is signed.
func signed(secret prepaid.Secret, body []byte, signature string) bool {
	given, err := hex.DecodeString(signature)
	return err == nil && !secret.Empty() && hmac.Equal(given, mac(secret, body))
}
