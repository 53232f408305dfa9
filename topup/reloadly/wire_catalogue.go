package reloadly

// How an operator's amounts are given.
const (
	denominationFixed = "FIXED"
	denominationRange = "RANGE"
)

// Operator is a mobile network that Reloadly tops up, under a name of its own: one network may be several
// operators (airtime, data, PINs).
type Operator struct {
	ID                            ID              `json:"id" wire:"always" doc:"The same as operatorId." example:"1349"`
	OperatorID                    ID              `json:"operatorId" wire:"always" example:"1349"`
	Name                          Text            `json:"name" wire:"always" example:"Simulated NL"`
	Bundle                        bool            `json:"bundle" wire:"always" doc:"Sells bundles." example:"false"`
	Data                          bool            `json:"data" wire:"always" doc:"Sells data." example:"false"`
	PIN                           bool            `json:"pin" wire:"always" doc:"Sells PINs, which the recipient types." example:"false"`
	ComboProduct                  bool            `json:"comboProduct" wire:"always" doc:"Sells combinations." example:"false"`
	SupportsLocalAmounts          bool            `json:"supportsLocalAmounts" wire:"always" doc:"Takes useLocalAmount." example:"true"`
	SupportsGeographicalPlans     bool            `json:"supportsGeographicalRechargePlans" wire:"always" doc:"Sells by region." example:"false"`
	DenominationType              Text            `json:"denominationType" wire:"always" doc:"RANGE: any amount between two. FIXED: those of fixedAmounts." example:"RANGE"` // FIXED or RANGE
	SenderCurrencyCode            Text            `json:"senderCurrencyCode" wire:"always" doc:"Your account's currency." example:"EUR"`
	SenderCurrencySymbol          Text            `json:"senderCurrencySymbol" example:"€"`
	DestinationCurrencyCode       Text            `json:"destinationCurrencyCode" wire:"always" doc:"The operator's currency." example:"EUR"`
	DestinationCurrencySymbol     Text            `json:"destinationCurrencySymbol" example:"€"`
	Commission                    Number          `json:"commission" doc:"The same as internationalDiscount." example:"4"`
	InternationalDiscount         Number          `json:"internationalDiscount" doc:"In percent." example:"4"`              // percent
	LocalDiscount                 Number          `json:"localDiscount" doc:"In percent, with useLocalAmount." example:"4"` // percent
	MostPopularAmount             Number          `json:"mostPopularAmount" example:"10"`
	MostPopularLocalAmount        Number          `json:"mostPopularLocalAmount" example:"10"`
	MinAmount                     Number          `json:"minAmount" doc:"Null of an operator with FIXED amounts, as the next three." example:"1"` // null for FIXED, as the next three
	MaxAmount                     Number          `json:"maxAmount" example:"100"`
	LocalMinAmount                Number          `json:"localMinAmount" example:"1"`
	LocalMaxAmount                Number          `json:"localMaxAmount" example:"100"`
	Country                       OperatorCountry `json:"country" wire:"always"`
	FX                            FX              `json:"fx" wire:"always"`
	LogoURLs                      []Text          `json:"logoUrls" wire:"always"`
	FixedAmounts                  []Number        `json:"fixedAmounts" wire:"always" doc:"In your account's currency."`
	FixedAmountsDescriptions      map[string]Text `json:"fixedAmountsDescriptions" wire:"always" doc:"By amount."`
	LocalFixedAmounts             []Number        `json:"localFixedAmounts" wire:"always" doc:"In the operator's currency."`
	LocalFixedAmountsDescriptions map[string]Text `json:"localFixedAmountsDescriptions" wire:"always" doc:"By amount."`
	SuggestedAmounts              []Number        `json:"suggestedAmounts" wire:"always" doc:"Filled where the query asks for it."`
	// SuggestedAmountsMap leads from the sender's amount to the local one.
	SuggestedAmountsMap       map[string]Number  `json:"suggestedAmountsMap" wire:"always" doc:"Filled where the query asks for it: from your currency's amounts to the operator's."`
	Fees                      Fees               `json:"fees" wire:"always"`
	GeographicalRechargePlans []GeographicalPlan `json:"geographicalRechargePlans" wire:"always"`
	Promotions                []Promotion        `json:"promotions" wire:"always"`
	Status                    Text               `json:"status" wire:"always" doc:"ACTIVE or INACTIVE." example:"ACTIVE"` // ACTIVE, INACTIVE or missing
}

// OperatorCountry is where an operator is.
type OperatorCountry struct {
	ISOName Text `json:"isoName" wire:"always" example:"NL"`
	Name    Text `json:"name" wire:"always" example:"Netherlands"`
}

// FX is how much of the operator's currency one unit of the wallet's is.
type FX struct {
	Rate         Number `json:"rate" doc:"How much of the operator's currency one unit of yours is; null where there is none." example:"1"`
	CurrencyCode Text   `json:"currencyCode" wire:"always" example:"EUR"`
}

// Fees are what an operator costs beside the amount.
type Fees struct {
	International           Number `json:"international" example:"0"`
	InternationalPercentage Number `json:"internationalPercentage" example:"0"`
	Local                   Number `json:"local" example:"0"`
	LocalPercentage         Number `json:"localPercentage" example:"0"`
}

// GeographicalPlan is what an operator sells in one of its regions.
type GeographicalPlan struct {
	LocationCode                  Text            `json:"locationCode" wire:"always" example:"KER"`
	LocationName                  Text            `json:"locationName" wire:"always" example:"Kerala"`
	FixedAmounts                  []Number        `json:"fixedAmounts" wire:"always"`
	LocalAmounts                  []Number        `json:"localAmounts" wire:"always"`
	FixedAmountsDescriptions      map[string]Text `json:"fixedAmountsDescriptions" wire:"always"`
	LocalFixedAmountsDescriptions map[string]Text `json:"localFixedAmountsDescriptions" wire:"always"`
}

// Promotion is what an operator gives beside what is bought.
type Promotion struct {
	ID                 ID   `json:"id" wire:"always" example:"1"`
	PromotionID        ID   `json:"promotionId" wire:"always" example:"1"`
	OperatorID         ID   `json:"operatorId" wire:"always" example:"1349"`
	Title              Text `json:"title" example:"Five times the credit"`
	Title2             Text `json:"title2" example:"-"`
	Description        Text `json:"description" example:"-"`
	StartDate          Text `json:"startDate" example:"2026-01-01 00:00:00"`
	EndDate            Text `json:"endDate" example:"2026-01-31 23:59:59"`
	Denominations      Text `json:"denominations" example:"EUR 5 and up"`
	LocalDenominations Text `json:"localDenominations" example:"-"`
}

// Discount is the commission of an operator.
type Discount struct {
	Operator                DiscountOperator `json:"operator" wire:"always"`
	Percentage              Number           `json:"percentage" example:"4"`
	InternationalPercentage Number           `json:"internationalPercentage" example:"4"`
	LocalPercentage         Number           `json:"localPercentage" example:"0"`
	UpdatedAt               Text             `json:"updatedAt" example:"2026-01-26 03:19:16"`
}

// DiscountOperator is whom a discount is of.
type DiscountOperator struct {
	ID          ID   `json:"id" wire:"always" example:"1349"`
	OperatorID  ID   `json:"operatorId" wire:"always" example:"1349"`
	Name        Text `json:"name" example:"Simulated NL"`
	CountryCode Text `json:"countryCode" example:"NL"`
	Data        bool `json:"data" wire:"always" example:"false"`
	Bundle      bool `json:"bundle" wire:"always" example:"false"`
	Status      bool `json:"status" wire:"always" example:"true"`
}

// fxAmount is the body of POST /operators/{operatorId}/fx-rate.
type fxAmount struct {
	Amount Number `json:"amount" wire:"always" doc:"In your account's currency." example:"10"`
}

// fxRequest is the body of POST /operators/fx-rate.
type fxRequest struct {
	OperatorID ID     `json:"operatorId" wire:"always" example:"1349"`
	Amount     Number `json:"amount" wire:"always" doc:"In your account's currency." example:"10"`
}

// lookupRequest is the body of POST /mnp-lookup/operators.
type lookupRequest struct {
	Phone       Text `json:"phone" wire:"always" example:"0612345678"`
	CountryCode Text `json:"countryCode" wire:"always" example:"NL"`
}

// FXAnswer is the answer of the fx-rate endpoints.
type FXAnswer struct {
	ID           ID     `json:"id" wire:"always" doc:"The operator's." example:"1349"`
	Name         Text   `json:"name" wire:"always" example:"Simulated NL"`
	FXRate       Number `json:"fxRate" wire:"always" doc:"What the amount is in the operator's currency." example:"10"`
	CurrencyCode Text   `json:"currencyCode" wire:"always" example:"EUR"`
}

// Country is one that is served.
type Country struct {
	ISOName        Text     `json:"isoName" wire:"always" example:"NL"`
	Name           Text     `json:"name" wire:"always" example:"Netherlands"`
	CurrencyCode   Text     `json:"currencyCode" wire:"always" example:"EUR"`
	CurrencyName   Text     `json:"currencyName" wire:"always" example:"Euro"`
	CurrencySymbol Text     `json:"currencySymbol" wire:"always" example:"€"`
	Flag           Text     `json:"flag" doc:"Null."`
	CallingCodes   []string `json:"callingCodes" wire:"always" example:"+31"`
}
