package reloadly

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"pulsa/topup"
)

// Codes of our own, where Reloadly gives none.
const (
	codeNotSent     = "NOT_SENT"          // the request never left
	codeNoAnswer    = "NO_ANSWER"         // it left, and nothing came back in time
	codeUnreadable  = "UNREADABLE_ANSWER" // what came back is no answer of Reloadly's
	codeInFlight    = "IN_FLIGHT"         // another request under the reference is under way
	codeNoLookUp    = "LOOK_UP_FAILED"    // the record can't be read
	codePINOperator = "PIN_OPERATOR"
	codePINMissing  = "PIN_MISSING" // delivered as a PIN that nobody tells
	codeBadEmail    = "INVALID_RECIPIENT_EMAIL"
	codeBusy        = "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT"
	codeNoLocal     = "LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR"
	codeBadAmount   = "INVALID_AMOUNT_FOR_OPERATOR"
	codeBadLocal    = "INVALID_LOCAL_AMOUNT_FOR_OPERATOR"
)

// Error is an answer of the API that is no success.
type Error struct {
	Status  int         // of HTTP
	Code    string      // Reloadly's errorCode, or "HTTP_500" where there is none
	Message string      // may hold a customer's number: not for logs
	Header  http.Header // that a server sends with it
	// readable: the body is one of Reloadly's own.
	readable bool
}

// Error implements error. It tells nothing that a log must not hold.
func (e *Error) Error() string { return fmt.Sprintf("reloadly answered %d %s", e.Status, e.Code) }

// Refuse is an Error as a server answers it.
func Refuse(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message, readable: true}
}

const operatorNotFound = "Operator not found for given id"

// RefuseOperator is the answer to an operatorId that does not exist. Reloadly answers a top-up so with 503, which its clients
// repeat in vain.
func RefuseOperator() *Error {
	return Refuse(http.StatusNotFound, "RESOURCE_NOT_FOUND", operatorNotFound)
}

// readError reads what came with a status that is no success.
func readError(status int, body []byte) *Error {
	e := &Error{Status: status, Code: fmt.Sprintf("HTTP_%d", status)}
	var b errorBody
	if json.Unmarshal(body, &b) != nil {
		return e
	}
	e.Message, e.readable = string(b.Message), b.ErrorCode != "" || b.Path != ""
	if isCode(string(b.ErrorCode)) {
		e.Code = string(b.ErrorCode)
	}
	return e
}

// isCode reports whether a text is fit for logs and operators.
func isCode(text string) bool {
	return text != "" && len(text) <= 64 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// judge says what an error means for the top-up that was asked for. Nothing was bought only if Reloadly did
// not know us or was too busy for us (401, 429), or said no in its own words (any other 4xx), or could not
// reach the operator (503 with that code). Everything else is unknown, and so is a code that says so itself.
func (e *Error) judge() (topup.Outcome, topup.Cause) {
	outcome, cause, known := topup.ClassifyCode(e.Code)
	switch {
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusTooManyRequests:
		return topup.Passing, topup.CauseAccount
	case e.Status == http.StatusServiceUnavailable && e.Code == topup.CodeUnavailable:
		return topup.Passing, topup.CauseNetwork
	case e.Status < 400 || e.Status > 499 || !e.readable:
		return topup.Unknown, topup.CauseNetwork
	case e.Status == http.StatusBadRequest && e.Code == codeBusy:
		return topup.Passing, topup.CauseNetwork
	case known:
		return outcome, cause
	case e.Status == http.StatusForbidden:
		return topup.Passing, topup.CauseAccount
	}
	return topup.Refused, topup.CauseConfiguration
}

// unknownNumber reports whether the answer to a look-up of a number's operator is that it has none.
func (e *Error) unknownNumber() bool {
	outcome, cause := e.judge()
	return outcome == topup.Refused && cause == topup.CauseCustomer
}

func (e *Error) body(path, at string) errorBody {
	code := Text(e.Code)
	if strings.HasPrefix(e.Code, "HTTP_") {
		code = ""
	}
	return errorBody{TimeStamp: Text(at), Message: Text(e.Message), Path: Text(path), ErrorCode: code, Details: json.RawMessage("[]")}
}
