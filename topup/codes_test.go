package topup_test

import (
	"testing"

	"pulsa/topup"
)

func TestClassifyCodeKnowsOnlyDefiniteRefusalsAsDefinite(t *testing.T) {
	for code, want := range map[string]struct {
		outcome topup.Outcome
		cause   topup.Cause
	}{
		"INVALID_RECIPIENT_PHONE":                       {topup.Refused, topup.CauseCustomer},
		"INVALID_AMOUNT_FOR_OPERATOR":                   {topup.Refused, topup.CauseConfiguration},
		"INSUFFICIENT_BALANCE":                          {topup.Passing, topup.CauseAccount},
		"PHONE_RECENTLY_RECHARGED":                      {topup.Passing, topup.CauseCustomer},
		"CUSTOM_IDENTIFIER_ALREADY_USED":                {topup.Unknown, topup.CauseNetwork},
		"CONNECTION_TO_OPERATOR_FAILED":                 {topup.Unknown, topup.CauseNetwork},
		"CONNECTION_TO_OPERATOR_TIMED_OUT":              {topup.Unknown, topup.CauseNetwork},
		"TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT": {topup.Unknown, topup.CauseNetwork},
	} {
		if outcome, cause, known := topup.ClassifyCode(code); outcome != want.outcome || cause != want.cause || !known {
			t.Errorf("%s: got %s, %s, %v", code, outcome, cause, known)
		}
	}
	if outcome, _, known := topup.ClassifyCode("SOMETHING_NEW"); outcome != topup.Unknown || known {
		t.Errorf("unlisted: got %s, %v", outcome, known)
	}
}
