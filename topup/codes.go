package topup

import "strings"

// Cause says whom a network's code concerns, so that operators see what is theirs to mend.
type Cause string

// The causes.
const (
	CauseCustomer      Cause = "customer"      // the number, or what its own network thinks of it
	CauseConfiguration Cause = "configuration" // we asked for what this network does not sell, or asked wrongly
	CauseAccount       Cause = "account"       // our wallet, credentials or quota
	CauseNetwork       Cause = "network"       // the mobile operator, or the way to it
)

// Codes that networks give, in Reloadly's words. Simulators and our own API speak them too.
const (
	CodeNoFunds       = "INSUFFICIENT_BALANCE"
	CodeUnavailable   = "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE"
	CodeRecharged     = "PHONE_RECENTLY_RECHARGED"
	CodeRefused       = "TRANSACTION_REFUSED_BY_OPERATOR"
	CodeInvalidNumber = "INVALID_RECIPIENT_PHONE"
	CodeInvalidAmount = "INVALID_AMOUNT"
	CodeReferenceUsed = "CUSTOM_IDENTIFIER_ALREADY_USED"
	CodeNoOperator    = "COULD_NOT_AUTO_DETECT_OPERATOR"
	CodeMismatch      = "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"
	CodeInactive      = "INACTIVE_ACCOUNT"
)

// codeNoConnection begins the codes for a way to the operator that broke: the top-up may have arrived.
const codeNoConnection = "CONNECTION_TO_OPERATOR_"

type meaning struct {
	outcome Outcome
	cause   Cause
}

// meanings says what the codes mean for a credit: nothing was delivered and never will be, or not for a
// reason that passes, or nobody knows until it is looked up.
var meanings = map[string]meaning{
	CodeUnavailable:                     {Passing, CauseNetwork},
	"OPERATOR_NOT_IN_SERVICE":           {Passing, CauseNetwork},
	CodeRecharged:                       {Passing, CauseCustomer},
	"RECIPIENT_HAS_PENDING_TRANSACTION": {Passing, CauseCustomer},

	CodeNoFunds:                            {Passing, CauseAccount},
	"ACCOUNT_NOT_FOUND":                    {Passing, CauseAccount},
	CodeInactive:                           {Passing, CauseAccount},
	"INVALID_AUDIENCE":                     {Passing, CauseAccount},
	"INVALID_CREDENTIALS":                  {Passing, CauseAccount},
	"INVALID_TOKEN":                        {Passing, CauseAccount},
	"MAX_DAILY_TRANSACTION_AMOUNT_REACHED": {Passing, CauseAccount},
	"MAX_DAILY_TRANSACTION_COUNT_REACHED":  {Passing, CauseAccount},
	"MISSING_TOKEN":                        {Passing, CauseAccount},
	"RATE_LIMIT_REACHED":                   {Passing, CauseAccount},
	"TOKEN_EXPIRED":                        {Passing, CauseAccount},

	CodeRefused:                          {Refused, CauseCustomer},
	CodeInvalidNumber:                    {Refused, CauseCustomer},
	CodeNoOperator:                       {Refused, CauseCustomer},
	"COUNTRY_NOT_SUPPORTED":              {Refused, CauseCustomer},
	"INVALID_PHONE_NUMBER":               {Refused, CauseCustomer},
	CodeMismatch:                         {Refused, CauseCustomer},
	"PHONE_BANNED_BY_OPERATOR":           {Refused, CauseCustomer},
	"RECIPIENT_PHONE_INACTIVE":           {Refused, CauseCustomer},
	"RECIPIENT_REACHED_MAX_TOPUP_NUMBER": {Refused, CauseCustomer},
	"TRANSACTION_REJECTED_BY_OPERATOR":   {Refused, CauseCustomer},

	CodeInvalidAmount:                         {Refused, CauseConfiguration},
	"INVALID_AMOUNT_FOR_OPERATOR":             {Refused, CauseConfiguration},
	"INVALID_AMOUNT_FOR_RECIPIENT_PHONE":      {Refused, CauseConfiguration},
	"INVALID_INPUT_PROVIDED":                  {Refused, CauseConfiguration},
	"INVALID_LOCAL_AMOUNT_FOR_OPERATOR":       {Refused, CauseConfiguration},
	"INVALID_SENDER_PHONE":                    {Refused, CauseConfiguration},
	"LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR": {Refused, CauseConfiguration},
	"MEDIA_TYPE_NOT_ACCEPTABLE":               {Refused, CauseConfiguration},
	"METHOD_NOT_SUPPORTED":                    {Refused, CauseConfiguration},
	"RESOURCE_NOT_FOUND":                      {Refused, CauseConfiguration},
	"UNPROCCESSABLE_ENTITY":                   {Refused, CauseConfiguration}, // so spelt
	"UNSUPPORTED_MEDIA_TYPE":                  {Refused, CauseConfiguration},

	CodeReferenceUsed:                               {Unknown, CauseNetwork}, // most were in fact paid: adopt what a look-up finds
	codeNoConnection + "FAILED":                     {Unknown, CauseNetwork},
	"FX_RATE_NOT_AVAILABLE":                         {Unknown, CauseNetwork}, // with status 500, as the next
	"INTERNAL_SERVER_ERROR":                         {Unknown, CauseNetwork},
	"PROVIDER_INTERNAL_ERROR":                       {Unknown, CauseNetwork},
	"REQUEST_FAILED_ON_PROVIDER":                    {Unknown, CauseNetwork},
	"REQUEST_PROCESSING_FAILED":                     {Unknown, CauseNetwork},
	"SERVICE_UNAVAILABLE":                           {Unknown, CauseNetwork},
	"TOPUP_TRANSACTION_FAILED":                      {Unknown, CauseNetwork},
	"TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT": {Unknown, CauseNetwork}, // comes with 400 and with 500
	"TRANSACTION_FAILED_ON_OPERATOR":                {Unknown, CauseNetwork},
	"TRANSACTION_NOT_FOUND":                         {Unknown, CauseNetwork},
	"UNMAPPED_PROVIDER_ERROR_CODE":                  {Unknown, CauseNetwork},
}

// ClassifyCode says what a network's code means for a credit, Refused, Passing or Unknown, and whom it
// concerns. Of a code that it does not know, known is false, the outcome Unknown and the cause the
// network: what it means then depends on how it came.
func ClassifyCode(code string) (outcome Outcome, cause Cause, known bool) {
	if m, known := meanings[code]; known {
		return m.outcome, m.cause, true
	}
	if strings.HasPrefix(code, codeNoConnection) {
		return Unknown, CauseNetwork, true
	}
	return Unknown, CauseNetwork, false
}

// Codes lists all that ClassifyCode knows, in no order.
func Codes() []string {
	codes := make([]string, 0, len(meanings))
	for code := range meanings {
		codes = append(codes, code)
	}
	return codes
}
