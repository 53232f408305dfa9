package reloadly

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"pulsa/prepaid"
)

// Number is a decimal of the wire. Reloadly writes amounts as JSON numbers of any scale (505.00000000000,
// 3.8E-5), and reads strings too. What is no number is not valid, and does not spoil the object around it.
type Number struct {
	Value decimal.Decimal
	Valid bool // false: null, missing or not a number
}

// A longer text, or one with a larger exponent, is no amount of money.
const (
	maxNumberText = 40
	maxExponent   = 30
)

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (n *Number) UnmarshalJSON(text []byte) error {
	*n = Number{}
	if len(text) > maxNumberText {
		return nil
	}
	d, err := decimal.NewFromString(strings.Trim(string(text), `"`))
	if err != nil || d.Exponent() > maxExponent || d.Exponent() < -maxExponent {
		return nil
	}
	*n = Number{Value: d, Valid: true}
	return nil
}

// MarshalJSON implements json.Marshaler: a number, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Valid {
		return []byte("null"), nil
	}
	return []byte(n.Value.String()), nil
}

// NumberOf is the amount as the wire has it.
func NumberOf(m prepaid.Money) Number {
	return Number{Value: decimal.New(m.Minor, -int32(m.Currency.Decimals())), Valid: true}
}

// Money is the number as an amount of c, rounded half up to what c can express; false where there is no
// number or no such amount.
func (n Number) Money(c prepaid.Currency) (prepaid.Money, bool) {
	if !n.Valid || !c.Valid() {
		return prepaid.Money{}, false
	}
	minor := n.Value.Shift(int32(c.Decimals())).Round(0).BigInt()
	if !minor.IsInt64() {
		return prepaid.Money{}, false
	}
	return prepaid.Money{Minor: minor.Int64(), Currency: c}, true
}

// Text is a text of the wire that may come as a number or as null.
type Text string

// UnmarshalJSON implements json.Unmarshaler. It never fails: an object is no text.
func (t *Text) UnmarshalJSON(text []byte) error {
	*t = ""
	switch {
	case len(text) == 0 || text[0] == '{' || text[0] == '[' || string(text) == "null":
	case text[0] == '"':
		var s string
		if json.Unmarshal(text, &s) == nil {
			*t = Text(s)
		}
	default:
		*t = Text(text)
	}
	return nil
}

// MarshalJSON implements json.Marshaler: an empty text is null.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// ID is a number that names something; in requests it may be a string: "341". 0 is none.
type ID int64

// UnmarshalJSON implements json.Unmarshaler. It never fails: what is no id is 0.
func (id *ID) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	if err != nil || n < 0 {
		n = 0
	}
	*id = ID(n)
	return nil
}

// Flag is yes or no; in requests it may be a string. What is neither makes the request one that can't be read.
type Flag bool

// UnmarshalJSON implements json.Unmarshaler.
func (f *Flag) UnmarshalJSON(text []byte) error {
	switch strings.ToLower(strings.Trim(string(text), `"`)) {
	case "true":
		*f = true
	case "false", "null", "":
		*f = false
	default:
		return &json.UnmarshalTypeError{Value: "value", Type: reflect.TypeFor[bool]()} // neither true nor false
	}
	return nil
}

func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// What stands behind the wire's types in the API's document: doc tells what a field is, example shows it, and
// of an answer's field "wire" tells that it is never null, of a request's that it must be there.

// tokenRequest is the body of POST /oauth/token.
type tokenRequest struct {
	ClientID     string `json:"client_id" wire:"always" doc:"The API key's id." example:"key-bcdfghjk"`
	ClientSecret string `json:"client_secret" wire:"always" doc:"The secret that was shown when the key was made." example:"YOUR_CLIENT_SECRET"`
	GrantType    string `json:"grant_type" wire:"always" doc:"client_credentials, always." example:"client_credentials"`
	Audience     string `json:"audience" wire:"always" doc:"What the token is for: this server's address, or one of Reloadly's, such as https://topups.reloadly.com." example:"https://topups.reloadly.com"`
}

// Token is the answer of POST /oauth/token.
type Token struct {
	AccessToken string `json:"access_token" wire:"always" doc:"The bearer token. Secret." example:"YOUR_ACCESS_TOKEN"` // secret
	Scope       string `json:"scope" wire:"always" doc:"What it allows, with spaces between." example:"send-topups read-operators"`
	ExpiresIn   ID     `json:"expires_in" wire:"always" doc:"For how many seconds it is good." example:"86400"` // seconds
	TokenType   string `json:"token_type" wire:"always" doc:"Bearer, always." example:"Bearer"`
}

// Page is Spring's page of a list.
type Page[T any] struct {
	Content          []T      `json:"content" wire:"always" doc:"What is on this page." example:"one"`
	Pageable         Pageable `json:"pageable" wire:"always"`
	TotalElements    int      `json:"totalElements" wire:"always" doc:"How many fit in all." example:"1"`
	TotalPages       int      `json:"totalPages" wire:"always" example:"1"`
	Number           int      `json:"number" wire:"always" doc:"Which page this is; the first is 1." example:"1"`
	Size             int      `json:"size" wire:"always" doc:"How many fit on a page." example:"200"`
	NumberOfElements int      `json:"numberOfElements" wire:"always" doc:"How many are on this page." example:"1"`
	First            bool     `json:"first" wire:"always" example:"true"`
	Last             bool     `json:"last" wire:"always" example:"true"`
	Empty            bool     `json:"empty" wire:"always" example:"false"`
	Sort             Sort     `json:"sort" wire:"always"`
}

// Pageable repeats which page was asked for.
type Pageable struct {
	Sort       Sort `json:"sort" wire:"always"`
	Offset     int  `json:"offset" wire:"always" doc:"How many come before this page." example:"0"`
	PageNumber int  `json:"pageNumber" wire:"always" example:"1"`
	PageSize   int  `json:"pageSize" wire:"always" example:"200"`
	Paged      bool `json:"paged" wire:"always" example:"true"`
	Unpaged    bool `json:"unpaged" wire:"always" example:"false"`
}

// Sort is in what order a page was asked for: none.
type Sort struct {
	Sorted   bool `json:"sorted" wire:"always" example:"false"`
	Unsorted bool `json:"unsorted" wire:"always" example:"true"`
	Empty    bool `json:"empty" wire:"always" example:"true"`
}

// Balance is our wallet.
type Balance struct {
	Balance       Number `json:"balance" wire:"always" doc:"What is left, in the account's currency." example:"90.4"`
	FrozenBalance Number `json:"frozenBalance" doc:"Null: nothing is frozen."`
	CurrencyCode  Text   `json:"currencyCode" wire:"always" example:"EUR"`
	CurrencyName  Text   `json:"currencyName" wire:"always" example:"Euro"`
	UpdatedAt     Text   `json:"updatedAt" wire:"always" doc:"In UTC." example:"2026-01-26 03:19:16"`
}

// errorBody is what comes instead of an answer.
type errorBody struct {
	TimeStamp Text            `json:"timeStamp" wire:"always" doc:"In UTC." example:"2026-01-26 03:19:16"`
	Message   Text            `json:"message" wire:"always" doc:"For people: its words may change." example:"The balance is too low for this top-up"`
	Path      Text            `json:"path" wire:"always" example:"/topups"`
	ErrorCode Text            `json:"errorCode" doc:"For programs; null where there is none." example:"INSUFFICIENT_BALANCE"`
	InfoLink  Text            `json:"infoLink" doc:"Null."`
	Details   json.RawMessage `json:"details" wire:"always" doc:"Empty."`
}

// noSuchPath is the answer where there is no endpoint, as Spring writes it.
type noSuchPath struct {
	TimeStamp Text `json:"timeStamp" wire:"always" doc:"In UTC." example:"2026-01-26 03:19:16"`
	Status    int  `json:"status" wire:"always" example:"404"`
	Error     Text `json:"error" wire:"always" example:"Not Found"`
	Message   Text `json:"message" wire:"always" example:"No message available"`
	Path      Text `json:"path" wire:"always" example:"/topup"`
}
