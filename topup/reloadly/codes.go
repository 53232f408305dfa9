package reloadly

import (
	"net/http"
	"slices"

	"pulsa/topup"
)

// refusal is one row of the table of errors: the code, its status and what it tells a developer.
type refusal struct {
	code    string
	status  int
	message string
}

// refusals are all that the API refuses with. Codes that the network itself gives are handed on under their
// own name: one that is not here is answered with the status that its meaning has.
func refusals() []refusal {
	const bad, down, fault = http.StatusBadRequest, http.StatusServiceUnavailable, http.StatusInternalServerError
	return []refusal{
		{"INVALID_CREDENTIALS", http.StatusUnauthorized, "Access Denied"},
		{"INVALID_AUDIENCE", bad, "The provided audience is not valid"},
		{"MISSING_TOKEN", http.StatusUnauthorized, "Full authentication is required to access this resource"},
		{"INVALID_TOKEN", http.StatusUnauthorized, "The token is not valid"},
		{"TOKEN_EXPIRED", http.StatusUnauthorized, "The token has expired"},
		{"INSUFFICIENT_SCOPE", http.StatusForbidden, "The token does not allow this"},
		{"ACCOUNT_NOT_FOUND", bad, "There is no account for this token"},
		{topup.CodeInactive, bad, "The account is not active"},

		{"RESOURCE_NOT_FOUND", http.StatusNotFound, "Not found"},
		{"", http.StatusNotFound, operatorNotFound}, // so, without a code
		{"METHOD_NOT_SUPPORTED", http.StatusMethodNotAllowed, "The method is not supported here: see the header Allow"},
		{"MEDIA_TYPE_NOT_ACCEPTABLE", http.StatusNotAcceptable, "Answers are application/json"},
		{"UNSUPPORTED_MEDIA_TYPE", http.StatusUnsupportedMediaType, "The request's Content-Type must be application/json"},
		{"UNPROCCESSABLE_ENTITY", http.StatusUnprocessableEntity, "The request is JSON, but not of the form that is asked for"}, // so spelt
		{"INVALID_INPUT_PROVIDED", bad, "Something is missing or can't be read"},
		{"RATE_LIMIT_REACHED", http.StatusTooManyRequests, "Too many requests: wait until X-RateLimit-Reset"},
		{"INTERNAL_SERVER_ERROR", fault, "Something went wrong"},
		{"SERVICE_UNAVAILABLE", down, "Try again later"},

		{topup.CodeReferenceUsed, bad, "The customIdentifier was used for another top-up"},
		{topup.CodeNoFunds, bad, "The balance is too low for this top-up"},
		{topup.CodeInvalidAmount, bad, "The amount is too small, too large, or finer than its currency"},
		{codeBadAmount, bad, "The operator does not sell this amount: see its minAmount, maxAmount and fixedAmounts"},
		{codeBadLocal, bad, "The operator does not sell this local amount: see its localMinAmount, localMaxAmount and localFixedAmounts"},
		{"INVALID_AMOUNT_FOR_RECIPIENT_PHONE", bad, "The amount is not sold for this number"},
		{codeNoLocal, bad, "The operator does not take local amounts"},
		{topup.CodeInvalidNumber, bad, "The recipient's number is not valid, or not one of that country"},
		{"INVALID_SENDER_PHONE", bad, "The sender's number is not valid"},
		{"INVALID_PHONE_NUMBER", bad, "The number is not valid"},
		{"OPERATOR_AND_RECIPIENT_PHONE_MISMATCH", bad, "The operator does not serve this recipient"},
		{"COUNTRY_NOT_SUPPORTED", http.StatusConflict, "The country is not served"},
		{topup.CodeNoOperator, http.StatusNotFound, "No operator was found for this number"},
		{topup.CodeUnavailable, down, "The operator is unavailable or currently inactive"},
		{"OPERATOR_NOT_IN_SERVICE", bad, "The operator is not in service"},
		{"FX_RATE_NOT_AVAILABLE", fault, "There is no rate for this operator's currency"},
		{"TRANSACTION_NOT_FOUND", http.StatusNotFound, "Transaction not found"},

		{topup.CodeRecharged, bad, "The number was topped up a moment ago: wait two minutes"},
		{"RECIPIENT_HAS_PENDING_TRANSACTION", bad, "A top-up of this number is still under way"},
		{"RECIPIENT_REACHED_MAX_TOPUP_NUMBER", bad, "The number has had as many top-ups as it may"},
		{"RECIPIENT_PHONE_INACTIVE", bad, "The number is not active"},
		{"PHONE_BANNED_BY_OPERATOR", bad, "The operator tops this number up no more"},
		{"MAX_DAILY_TRANSACTION_COUNT_REACHED", bad, "The account has made as many top-ups as it may in a day"},
		{"MAX_DAILY_TRANSACTION_AMOUNT_REACHED", bad, "The account has spent as much as it may in a day"},
		{topup.CodeRefused, bad, "The operator refused the top-up"},
		{"TRANSACTION_REJECTED_BY_OPERATOR", bad, "The operator rejected the top-up"},

		{codeBusy, fault, "The top-up can't be processed at the moment: look its status up before trying again"},
		{"TOPUP_TRANSACTION_FAILED", fault, "The top-up failed"},
		{"TRANSACTION_FAILED_ON_OPERATOR", fault, "The top-up failed at the operator"},
		{"CONNECTION_TO_OPERATOR_FAILED", fault, "The operator was not reached"},
		{"REQUEST_FAILED_ON_PROVIDER", fault, "The provider failed"},
		{"PROVIDER_INTERNAL_ERROR", fault, "The provider failed"},
		{"REQUEST_PROCESSING_FAILED", fault, "The request could not be processed"},
		{"UNMAPPED_PROVIDER_ERROR_CODE", fault, "The provider gave an error that is not known"},
	}
}

// name is what the document calls a refusal: one has no code.
func (r refusal) name() string {
	if r.code == "" {
		return "null"
	}
	return r.code
}

// RefuseCode is the Error of a code, with the status and message that the API gives it.
func RefuseCode(code string) *Error {
	all := refusals()
	if i := slices.IndexFunc(all, func(r refusal) bool { return r.code == code }); i >= 0 {
		return Refuse(all[i].status, code, all[i].message)
	}
	if outcome, _, known := topup.ClassifyCode(code); known && outcome == topup.Unknown {
		return Refuse(http.StatusInternalServerError, code, "The top-up's end is not known: look its status up before trying again")
	}
	return Refuse(http.StatusBadRequest, code, "The top-up was refused")
}

// What endpoints refuse with, beside what all do.
func (e *endpoint) refuses() []string {
	codes := []string{"METHOD_NOT_SUPPORTED", "MEDIA_TYPE_NOT_ACCEPTABLE", "INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE"}
	if e.scope != "" {
		codes = append(codes, "MISSING_TOKEN", "INVALID_TOKEN", "TOKEN_EXPIRED", "INSUFFICIENT_SCOPE", "ACCOUNT_NOT_FOUND", "RATE_LIMIT_REACHED")
	}
	if e.body != nil {
		codes = append(codes, "INVALID_INPUT_PROVIDED", "UNSUPPORTED_MEDIA_TYPE", "UNPROCCESSABLE_ENTITY")
	}
	return append(codes, e.codes...)
}

// topupCodes are those of a top-up: ours first, then what networks and their resellers say.
func topupCodes() []string {
	var codes []string
	common := (&endpoint{scope: ScopeTopups, body: TopupRequest{}}).refuses()
	for _, r := range refusals() {
		switch _, _, known := topup.ClassifyCode(r.code); {
		case !known, slices.Contains(common, r.code), r.status == http.StatusUnauthorized, r.code == "INVALID_AUDIENCE", r.code == "TRANSACTION_NOT_FOUND":
		default:
			codes = append(codes, r.code)
		}
	}
	return codes
}
