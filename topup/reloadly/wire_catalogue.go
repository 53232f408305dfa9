package reloadly

// How an operator's amounts are given.
const (
	denominationFixed = "FIXED"
	denominationRange = "RANGE"
)

// Operator is a mobile network that Reloadly tops up, under a name of its own: one network may be several
// operators (airtime, data, PINs).
type Operator struct {
	OperatorID              ID                `json:"operatorId"`
	Name                    Text              `json:"name"`
	Bundle                  bool              `json:"bundle"`
	Data                    bool              `json:"data"`
	PIN                     bool              `json:"pin"`
	ComboProduct            bool              `json:"comboProduct"`
	SupportsLocalAmounts    bool              `json:"supportsLocalAmounts"`
	DenominationType        Text              `json:"denominationType"` // FIXED or RANGE
	SenderCurrencyCode      Text              `json:"senderCurrencyCode"`
	DestinationCurrencyCode Text              `json:"destinationCurrencyCode"`
	InternationalDiscount   Number            `json:"internationalDiscount"` // percent
	LocalDiscount           Number            `json:"localDiscount"`         // percent
	MinAmount               Number            `json:"minAmount"`             // null for FIXED, as the next three
	MaxAmount               Number            `json:"maxAmount"`
	LocalMinAmount          Number            `json:"localMinAmount"`
	LocalMaxAmount          Number            `json:"localMaxAmount"`
	Country                 OperatorCountry   `json:"country"`
	FX                      FX                `json:"fx"`
	FixedAmounts            []Number          `json:"fixedAmounts"`
	LocalFixedAmounts       []Number          `json:"localFixedAmounts"`
	SuggestedAmounts        []Number          `json:"suggestedAmounts"`
	SuggestedAmountsMap     map[string]Number `json:"suggestedAmountsMap,omitempty"` // sender amount -> local amount
	Status                  Text              `json:"status"`                        // ACTIVE, INACTIVE or missing
}

// OperatorCountry is where an operator is.
type OperatorCountry struct {
	ISOName Text `json:"isoName"`
	Name    Text `json:"name"`
}

// FX is how much of the operator's currency one unit of the wallet's is.
type FX struct {
	Rate         Number `json:"rate"`
	CurrencyCode Text   `json:"currencyCode"`
}

// FXAnswer is the answer of the fx-rate endpoints.
type FXAnswer struct {
	ID           ID     `json:"id"`
	Name         Text   `json:"name"`
	FXRate       Number `json:"fxRate"`
	CurrencyCode Text   `json:"currencyCode"`
}

// Country is one that is served.
type Country struct {
	ISOName        Text     `json:"isoName"`
	Name           Text     `json:"name"`
	CurrencyCode   Text     `json:"currencyCode"`
	CurrencyName   Text     `json:"currencyName"`
	CurrencySymbol Text     `json:"currencySymbol"`
	Flag           Text     `json:"flag"`
	CallingCodes   []string `json:"callingCodes"`
}
