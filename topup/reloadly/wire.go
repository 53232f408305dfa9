package reloadly

import (
	"encoding/json"
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

func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// tokenRequest is the body of POST /oauth/token.
type tokenRequest struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	GrantType    string `json:"grant_type"`
	Audience     string `json:"audience"`
}

// Token is the answer of POST /oauth/token.
type Token struct {
	AccessToken string `json:"access_token"` // secret
	Scope       string `json:"scope"`
	ExpiresIn   ID     `json:"expires_in"` // seconds
	TokenType   string `json:"token_type"`
}

// Page is Spring's page of a list.
type Page[T any] struct {
	Content          []T  `json:"content"`
	TotalElements    int  `json:"totalElements"`
	TotalPages       int  `json:"totalPages"`
	Number           int  `json:"number"`
	Size             int  `json:"size"`
	NumberOfElements int  `json:"numberOfElements"`
	First            bool `json:"first"`
	Last             bool `json:"last"`
	Empty            bool `json:"empty"`
}

// Balance is our wallet.
type Balance struct {
	Balance      Number `json:"balance"`
	CurrencyCode Text   `json:"currencyCode"`
	CurrencyName Text   `json:"currencyName"`
	UpdatedAt    Text   `json:"updatedAt"`
}

// errorBody is what comes instead of an answer.
type errorBody struct {
	TimeStamp Text            `json:"timeStamp"`
	Message   Text            `json:"message"`
	Path      Text            `json:"path"`
	ErrorCode Text            `json:"errorCode"`
	InfoLink  Text            `json:"infoLink"`
	Details   json.RawMessage `json:"details"`
}
