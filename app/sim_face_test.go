package app

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// call makes a request as any client of Reloadly's would, and returns the status and the answer.
func (f *faced) call(method, path, token, body string) (int, map[string]any, string) {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.server.URL+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if f.contract == nil {
		f.contract = newContract(f.t, f.server.URL)
	}
	response, err := f.contract.client().Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	var object map[string]any
	_ = json.Unmarshal(text, &object)
	return response.StatusCode, object, string(text)
}

func (f *faced) tokenFor(audience string) string {
	f.t.Helper()
	status, object, text := f.call(http.MethodPost, "/oauth/token", "",
		`{"client_id":"id","client_secret":"s","grant_type":"client_credentials","audience":"`+audience+`"}`)
	if status != http.StatusOK || object["token_type"] != "Bearer" {
		f.t.Fatalf("%d %s", status, text)
	}
	return object["access_token"].(string)
}

func TestFaceAnswersEveryEndpoint(t *testing.T) {
	f := newFaced(t, false, nil)
	token := f.tokenFor("https://topups-hs256-sandbox.reloadly.com")
	const buy = `{"operatorId":"1349","amount":"10","customIdentifier":"one","recipientPhone":{"countryCode":"NL","number":"06 12345678"},"senderPhone":null}`
	status, bought, text := f.call(http.MethodPost, "/topups", token, buy)
	if status != http.StatusOK || bought["status"] != "SUCCESSFUL" || bought["recipientPhone"] != "31612345678" || bought["requestedAmount"] != 10.0 {
		t.Fatalf("%d %s", status, text)
	}
	id := text[strings.Index(text, ":")+1 : strings.Index(text, ",")]
	for _, c := range []struct {
		method, path, body string
		status             int
		holds              string
	}{
		{"GET", "/accounts/balance", "", 200, `"balance":999990.4`},
		{"GET", "/countries", "", 200, `"isoName":"NL"`},
		{"GET", "/countries", "", 200, `[{"isoName":"AF","name":"Afghanistan"`},
		{"GET", "/countries/nl", "", 200, `"callingCodes":["+31"]`},
		{"GET", "/countries/xx", "", 404, `"errorCode":"RESOURCE_NOT_FOUND"`},
		{"GET", "/operators?size=3&page=2", "", 200, `"numberOfElements":3,"first":false`},
		{"GET", "/operators?page=1000000&size=500", "", 200, `"content":[],"pageable"`},
		{"GET", "/operators?size=900", "", 200, `"size":500`},
		{"GET", "/operators?page=-1", "", 400, `page must be a whole number`},
		{"GET", "/operators?page=2&size=3", "", 200, `"pageable":{"sort":{"sorted":false,"unsorted":true,"empty":true},"offset":3,"pageNumber":2,"pageSize":3,"paged":true,"unpaged":false}`},
		{"GET", "/operators/1349?suggestedAmounts=true", "", 200, `"suggestedAmounts":[1,5,10,`},
		{"GET", "/operators/1349?suggestedAmountsMap=true", "", 200, `"suggestedAmounts":[],"suggestedAmountsMap":{"1":1,"10":10,`},
		{"GET", "/operators/1349", "", 200, `"suggestedAmounts":[],"suggestedAmountsMap":{},"fees":{"international":0,"internationalPercentage":0,"local":0,"localPercentage":0}`},
		{"GET", "/operators/countries/nl?includeRange=FALSE", "", 200, `[]`},
		{"GET", "/operators/auto-detect/phone/%2B31612345678/countries/nl", "", 200, `"operatorId":1349`},
		{"GET", "/mnp-lookup/operators?phone=+31612345678&countryCode=NL", "", 200, `"operatorId":1349`},
		{"GET", "/mnp-lookup/operators?phone=%2B31612345678", "", 400, `countryCode`},
		{"POST", "/mnp-lookup/operators", `{"phone":"0612345678","countryCode":"NL"}`, 200, `"operatorId":1349`},
		{"GET", "/countries/NL", "", 200, `"name":"Netherlands","currencyCode":"EUR","currencyName":"Euro","currencySymbol":"€"`},
		{"GET", "/topups/reports/transactions?startDate=yesterday", "", 400, `startDate`},
		{"GET", "/topups/reports/transactions?endDate=2999-01-01&startDate=2020-01-01T00:00:00", "", 200, `"totalElements":1`},
		{"GET", "/topups/reports/transactions?operatorName=simulated+nl", "", 200, `"totalElements":1`},
		{"GET", "/topups/reports/transactions?operatorId=x", "", 400, `operatorId`},
		{"GET", "/operators/countries/commissions", "", 200, `[]`},
		{"POST", "/topups", `"text"`, 422, `UNPROCCESSABLE_ENTITY`},
		{"POST", "/topups", `{"operatorId":1349,"amount":1,"useLocalAmount":"maybe"}`, 422, `UNPROCCESSABLE_ENTITY`},
		{"GET", "/operators?page=0&size=1", "", 200, `"first":true`},
		{"GET", "/operators?includeRange=false", "", 200, `"content":[]`},
		{"GET", "/operators/1349", "", 200, `"destinationCurrencyCode":"EUR"`},
		{"GET", "/operators/1", "", 404, `"message":"Operator not found for given id"`},
		{"GET", "/operators/countries/NL", "", 200, `[{"id":1349,"operatorId":1349`},
		{"GET", "/operators/commissions", "", 200, `"percentage":4,`},
		{"GET", "/operators/1349/commissions", "", 200, `"percentage":4,"internationalPercentage":4,"localPercentage":4,"updatedAt":null`},
		{"GET", "/operators/9/commissions", "", 404, `"message":"Operator not found for given id","path":"/operators/9/commissions","errorCode":null`},
		{"GET", "/operators/auto-detect/phone/+31612345678/countries/NL", "", 200, `"operatorId":1349`},
		{"GET", "/operators/auto-detect/phone/0612345678/countries/NL", "", 200, `"operatorId":1349`},
		{"GET", "/operators/auto-detect/phone/31612345678/countries/NL", "", 200, `"operatorId":1349`},
		{"GET", "/operators/auto-detect/phone/+31612349999/countries/NL", "", 404, `COULD_NOT_AUTO_DETECT_OPERATOR`},
		{"GET", "/operators/auto-detect/phone/+31612345678/countries/BE", "", 404, `COULD_NOT_AUTO_DETECT_OPERATOR`},
		{"POST", "/operators/mnp-lookup/phone/31612345678/countries/NL", "", 200, `"operatorId":1349`},
		{"POST", "/operators/fx-rate", `{"operatorId":1349,"amount":5}`, 200, `"fxRate":5,`},
		{"POST", "/operators/1349/fx-rate", `{"amount":"2.50"}`, 200, `"fxRate":2.5,`},
		{"POST", "/operators/1349/fx-rate", `{}`, 400, `INVALID_INPUT_PROVIDED`},
		{"GET", "/promotions", "", 200, `"content":[]`},
		{"GET", "/promotions/1", "", 404, `RESOURCE_NOT_FOUND`},
		{"GET", "/promotions/operators/1349", "", 200, `[]`},
		{"GET", "/promotions/country-codes/NL", "", 200, `[]`},
		{"GET", "/promotions/countries/NL", "", 200, `[]`},
		{"GET", "/topups/" + id + "/status", "", 200, `{"code":null,"message":null,"status":"SUCCESSFUL","transaction":{"transactionId":` + id},
		{"GET", "/topups/1/status", "", 404, `TRANSACTION_NOT_FOUND`},
		{"GET", "/topups/reports/transactions/" + id, "", 200, `"balanceInfo":null`},
		{"GET", "/topups/reports/transactions?customIdentifier=ONE", "", 200, `"customIdentifier":"one"`},
		{"GET", "/topups/reports/transactions?customIdentifier=two", "", 200, `"content":[]`},
		{"GET", "/topups/reports/transactions?startDate=2999-01-01%2000:00:00", "", 200, `"content":[]`},
		{"GET", "/topups/reports/transactions?operatorId=1349&countryCode=NL&endDate=2999-01-01%2000:00:00", "", 200, `"totalElements":1`},
		{"POST", "/topups", buy, 400, `CUSTOM_IDENTIFIER_ALREADY_USED`},
		{"POST", "/topups", `{"amount":1}`, 400, `operatorId is required`},
		{"POST", "/topups", `{"operatorId":1349,"amount":"ten"}`, 400, `amount is required`},
		{"POST", "/topups", `{"operatorId":1349,"amount":-1}`, 400, `INVALID_AMOUNT`},
		{"POST", "/topups", `{"operatorId":1349,"amount":1}`, 400, `recipientPhone`},
		{"POST", "/topups", strings.Replace(buy, `"one"`, `"`+strings.Repeat("x", 151)+`"`, 1), 400, `150`},
		{"POST", "/topups", `{"operatorId":1349,"amount":1,"recipientEmail":"a@example.com"}`, 400, `@nauta.com.cu`},
		{"POST", "/topups", strings.NewReplacer(`"1349"`, `1`, `"one"`, `"x"`).Replace(buy), 404, `RESOURCE_NOT_FOUND`},
		{"POST", "/topups", strings.NewReplacer(`"10"`, `10.001`, `"one"`, `"x"`).Replace(buy), 400, `INVALID_AMOUNT_FOR_OPERATOR`},
		{"POST", "/topups", strings.NewReplacer(`"NL"`, `"BE"`, `"one"`, `"x"`).Replace(buy), 400, `INVALID_RECIPIENT_PHONE`},
		{"POST", "/topups", `[`, 400, `INVALID_INPUT_PROVIDED`},
		{"POST", "/topups", `{"a":"` + strings.Repeat("x", 70_000) + `"}`, 413, `INVALID_INPUT_PROVIDED`},
		{"DELETE", "/topups", "", 405, `METHOD_NOT_SUPPORTED`},
		{"GET", "/nowhere", "", 404, `"status":404,"error":"Not Found","message":"No message available","path":"/nowhere"}`},
	} {
		if status, _, text := f.call(c.method, c.path, token, c.body); status != c.status || !strings.Contains(text, c.holds) {
			t.Errorf("%s %s %.60s\n\tgot  %d %.300s\n\twant %d %s", c.method, c.path, c.body, status, text, c.status, c.holds)
		}
	}
}

func TestFaceLetsNobodyInWithoutAToken(t *testing.T) {
	f := newFaced(t, false, nil)
	for token, code := range map[string]string{"": "MISSING_TOKEN", "guess": "INVALID_TOKEN"} {
		if status, object, text := f.call(http.MethodGet, "/accounts/balance", token, ""); status != 401 || object["errorCode"] != code {
			t.Errorf("%q: %d %s", token, status, text)
		}
	}
	for body, want := range map[string]string{
		`{"client_id":"id","client_secret":"","grant_type":"client_credentials","audience":"https://topups.reloadly.com"}`: "INVALID_CREDENTIALS",
		`{"client_id":"id","client_secret":"s","grant_type":"client_credentials","audience":"https://example.com"}`:        "INVALID_AUDIENCE",
		`{"client_id":"id","client_secret":"s","grant_type":"password"}`:                                                   "INVALID_INPUT_PROVIDED",
	} {
		if status, object, text := f.call(http.MethodPost, "/oauth/token", "", body); status/100 != 4 || object["errorCode"] != want {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
}
