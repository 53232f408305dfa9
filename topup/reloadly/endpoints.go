package reloadly

import "net/http"

// lookupPath is where a number is looked up that is not in the path.
const lookupPath = "/mnp-lookup/operators"

// table is the whole API: routes, what they ask for, and what the document says of them stand in one row.
func (s *Server) table() []endpoint {
	const get, post = http.MethodGet, http.MethodPost
	operator, iso := parameter{"operatorId", "integer", "1349", "The operator's id."}, parameter{"countryCode", "string", "NL", "The country's ISO 3166 code."}
	phone := parameter{"phone", "string", "+31612345678", "The number, national or international, with or without the plus."}
	paging := []parameter{
		{"page", "integer", "1", "Pages begin at 1; page 0 is page 1."},
		{"size", "integer", "200", "How many on a page: 200 where it is not told, 500 at most."},
	}
	which := []parameter{
		{"includeBundles", "boolean", "true", "Operators that sell bundles; true where it is not told, as the next five."},
		{"includeData", "boolean", "true", "Operators that sell data."}, {"includePin", "boolean", "true", "Operators that sell PINs."},
		{"includeCombo", "boolean", "true", "Operators that sell combinations."},
		{"includeRange", "boolean", "true", "Operators that sell any amount between two."},
		{"includeFixed", "boolean", "true", "Operators that sell fixed amounts."},
	}
	suggested := []parameter{
		{"suggestedAmounts", "boolean", "false", "Fill suggestedAmounts."},
		{"suggestedAmountsMap", "boolean", "false", "Fill suggestedAmountsMap: from your currency's amounts to the operator's."},
	}
	const badInput = "INVALID_INPUT_PROVIDED"
	operatorNotFound, noOperator := []string{"RESOURCE_NOT_FOUND"}, []string{"COULD_NOT_AUTO_DETECT_OPERATOR", "COUNTRY_NOT_SUPPORTED", "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", badInput}
	of := func(lists ...[]parameter) (all []parameter) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	const one, found = "Operators", "The operator of a number. The plus of an international number may stand as it is or as %2B."
	return []endpoint{
		{post, "/oauth/token", "Tokens", "Get a token", "Exchanges an API key's id and secret for a bearer token. Keep it until it expires.",
			"", nil, tokenRequest{}, Token{}, []string{"INVALID_CREDENTIALS", "INVALID_AUDIENCE"}, s.token},

		{post, "/topups", "Top-ups", "Make a top-up",
			"Answers when the top-up has come to its end, or is PROCESSING after 50 seconds: allow 90. With a customIdentifier it can be repeated: the same request gets the first one's answer, another is refused.",
			ScopeTopups, nil, TopupRequest{}, Transaction{}, topupCodes(), s.topup},
		{post, "/topups-async", "Top-ups", "Make a top-up, and ask for its end later", "Answers as soon as the top-up has an id. Whether the number is the operator's is found out, and your account debited, after that: a top-up for which that goes wrong is FAILED. Its end is told by its status and by a webhook.",
			ScopeTopups, nil, TopupRequest{}, topupAccepted{}, topupCodes(), s.topupAsync},
		{get, "/topups/{transactionId}/status", "Top-ups", "Ask how a top-up stands", "The transaction is there once it is SUCCESSFUL.",
			ScopeHistory, []parameter{{"transactionId", "integer", "26523", "The transaction's id."}}, nil, Status{}, []string{"TRANSACTION_NOT_FOUND"}, s.status},
		{get, "/topups/reports/transactions", "Top-ups", "List your top-ups", "Oldest first. balanceInfo is null.", ScopeHistory, of(paging, []parameter{
			{"countryCode", "string", "NL", "Of this country."}, {"operatorId", "integer", "1349", "Of this operator."},
			{"operatorName", "string", "Simulated NL", "Of the operator of this name."},
			{"customIdentifier", "string", "order-1", "Under this identifier, in capitals or not."},
			{"startDate", "string", "2026-01-01 00:00:00", "Not before this time of UTC."},
			{"endDate", "string", "2026-12-31", "Not after this time of UTC, or this day."},
		}), nil, Page[Transaction]{}, []string{badInput}, s.report},
		{get, "/topups/reports/transactions/{transactionId}", "Top-ups", "Read one top-up", "balanceInfo is null.",
			ScopeHistory, []parameter{{"transactionId", "integer", "26523", "The transaction's id."}}, nil, Transaction{}, []string{"TRANSACTION_NOT_FOUND"}, s.transaction},

		{get, "/operators", one, "List operators", "", ScopeOperators, of(paging, which, suggested), nil, Page[Operator]{}, []string{badInput}, s.operators},
		{get, "/operators/{operatorId}", one, "Read one operator", "", ScopeOperators, of([]parameter{operator}, suggested), nil, Operator{}, []string{"RESOURCE_NOT_FOUND", badInput}, s.operator},
		{get, "/operators/countries/{countryCode}", one, "List a country's operators", "", ScopeOperators, of([]parameter{iso}, which, suggested), nil, []Operator{}, []string{badInput}, s.operatorsOf},
		{get, "/operators/auto-detect/phone/{phone}/countries/{countryCode}", one, "Detect a number's operator", found, ScopeOperators, of([]parameter{phone, iso}, suggested), nil, Operator{}, noOperator, s.detect},
		{get, "/operators/mnp-lookup/phone/{phone}/countries/{countryCode}", one, "Look a ported number up", found, ScopeOperators, of([]parameter{phone, iso}, suggested), nil, Operator{}, noOperator, s.detect},
		{post, "/operators/mnp-lookup/phone/{phone}/countries/{countryCode}", one, "Look a ported number up, posted", found, ScopeOperators, of([]parameter{phone, iso}, suggested), nil, Operator{}, noOperator, s.detect},
		{get, lookupPath, one, "Look a ported number up by query", found, ScopeOperators, of([]parameter{phone, iso}, suggested), nil, Operator{}, noOperator, s.lookupAsked},
		{post, lookupPath, one, "Look a ported number up, out of the address", "The number is in no log of addresses.", ScopeOperators, suggested, lookupRequest{}, Operator{}, noOperator, s.lookupPosted},
		{post, "/operators/fx-rate", one, "Convert an amount", "What an amount of your currency is in the operator's.", ScopeOperators, nil, fxRequest{}, FXAnswer{},
			[]string{"RESOURCE_NOT_FOUND", "FX_RATE_NOT_AVAILABLE"}, s.fxRate},
		{post, "/operators/{operatorId}/fx-rate", one, "Convert an amount, of an operator in the path", "", ScopeOperators, []parameter{operator}, fxAmount{}, FXAnswer{},
			[]string{"RESOURCE_NOT_FOUND", "FX_RATE_NOT_AVAILABLE"}, s.fxRate},

		{get, "/countries", "Countries", "List countries", "", ScopeOperators, nil, nil, []Country{}, nil, s.countries},
		{get, "/countries/{countryCode}", "Countries", "Read one country", "", ScopeOperators, []parameter{iso}, nil, Country{}, operatorNotFound, s.country},

		{get, "/accounts/balance", "Account", "Read your balance", "", ScopeBalance, nil, nil, Balance{}, nil, s.balance},

		{get, "/operators/commissions", "Commissions", "List commissions", "The discount of each operator that you may top up, in percent; updatedAt is null.", ScopeCommissions, paging, nil, Page[Discount]{}, []string{badInput}, s.commissions},
		{get, "/operators/{operatorId}/commissions", "Commissions", "Read an operator's commission", "updatedAt is null.", ScopeCommissions, []parameter{operator}, nil, Discount{}, []string{""}, s.commission},
		{get, "/promotions", "Promotions", "List promotions", "There are none yet.", ScopePromotions, paging, nil, Page[Promotion]{}, []string{badInput}, noPromotions},
		{get, "/promotions/{promotionId}", "Promotions", "Read one promotion", "", ScopePromotions, []parameter{{"promotionId", "integer", "1", "The promotion's id."}}, nil, Promotion{}, operatorNotFound, notFound},
		{get, "/promotions/operators/{operatorId}", "Promotions", "List an operator's promotions", "", ScopePromotions, []parameter{operator}, nil, []Promotion{}, nil, noList},
		{get, "/promotions/country-codes/{countryCode}", "Promotions", "List a country's promotions", "", ScopePromotions, []parameter{iso}, nil, []Promotion{}, nil, noList},
		{get, "/promotions/countries/{countryCode}", "Promotions", "List a country's promotions, in the other spelling", "", ScopePromotions, []parameter{iso}, nil, []Promotion{}, nil, noList},
	}
}
