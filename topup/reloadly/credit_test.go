package reloadly_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

func TestTopupIsAskedForInTheOperatorsCurrencyAndItsCostIsTheWallets(t *testing.T) {
	s := newStage(t, nil)
	r := s.buy()
	s.want(r, topup.Done, "")
	if want := (prepaid.Money{Minor: 960, Currency: "USD"}); r.Cost != want || r.ProviderRef != "26523" {
		t.Errorf("got %+v", r)
	}
	got := fmt.Sprint(s.request())
	want := "map[amount:10 customIdentifier:REF operatorId:999 recipientPhone:map[countryCode:NL number:31612345678] useLocalAmount:true]"
	if got != want {
		t.Errorf("asked %s", got)
	}
	if s.bearers[0] != "Bearer token-1" || !strings.Contains(s.asked[1], "/phone/+31612345678/countries/NL") {
		t.Errorf("asked %q with %q", s.asked, s.bearers)
	}
}

func TestEveryCodeOfTheTableHasItsOutcome(t *testing.T) {
	for _, code := range topup.Codes() {
		want, _, _ := topup.ClassifyCode(code)
		for _, http := range []int{400, 403, 404, 409, 422, 500, 503, 401, 429} {
			expected := want
			switch {
			case http == 401 || http == 429:
				expected = topup.Passing // nothing ran
			case http == 503 && code == topup.CodeUnavailable:
				expected = topup.Passing
			case http >= 500:
				expected = topup.Unknown
			case http == 400 && code == "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT":
				expected = topup.Passing
			}
			if r := newStage(t, nil).set(post, refusal(http, code)).buy(); r.Outcome != expected || r.Code != code {
				t.Errorf("%d %s: got %s %s, want %s", http, code, r.Outcome, r.Code, expected)
			}
		}
	}
}

func TestOnlyReloadlysOwnWordsAreARefusal(t *testing.T) {
	html := func(status int) answer { return answer{status: status, body: "<html>Bad gateway</html>"} }
	tests := map[string]struct {
		answer  answer
		outcome topup.Outcome
		code    string
	}{
		"a new code":                 {refusal(400, "SOMETHING_NEW"), topup.Refused, "SOMETHING_NEW"},
		"a broken connection's code": {refusal(400, "CONNECTION_TO_OPERATOR_LOST"), topup.Unknown, "CONNECTION_TO_OPERATOR_LOST"},
		"no code":                    {answer{status: 400, body: `{"message":"no","path":"/topups","errorCode":null}`}, topup.Refused, "HTTP_400"},
		"an unknown path":            {answer{status: 404, body: `{"timestamp":1,"status":404,"error":"Not Found","path":"/topups"}`}, topup.Refused, "HTTP_404"},
		"forbidden":                  {refusal(403, "NOT_FOR_YOU"), topup.Passing, "NOT_FOR_YOU"},
		"another's JSON":             {answer{status: 400, body: `{"error":"blocked"}`}, topup.Unknown, "HTTP_400"},
		"a code that is a text":      {refusal(400, "for 31612345678"), topup.Refused, "HTTP_400"},
		"HTML 4xx":                   {html(403), topup.Unknown, "HTTP_403"},
		"HTML 502":                   {html(502), topup.Unknown, "HTTP_502"},
		"no body 400":                {answer{status: 400}, topup.Unknown, "HTTP_400"},
		"no body 500":                {answer{status: 500}, topup.Unknown, "HTTP_500"},
		"no body 503":                {answer{status: 503}, topup.Unknown, "HTTP_503"},
		"a redirect":                 {answer{status: 307}, topup.Unknown, "HTTP_307"},
		"no body 200":                {ok(""), topup.Unknown, "UNREADABLE_ANSWER"},
		"HTML 200":                   {html(200), topup.Unknown, "UNREADABLE_ANSWER"},
		"null":                       {ok("null"), topup.Unknown, "UNREADABLE_ANSWER"},
		"an error with 200":          {refusal(200, "INVALID_AMOUNT"), topup.Unknown, "UNREADABLE_ANSWER"},
		"half an answer":             {ok(delivered[:100]), topup.Unknown, "UNREADABLE_ANSWER"},
		"a broken connection":        {answer{abort: true}, topup.Unknown, "NO_ANSWER"},
		"a slow operator":            {answer{status: 200, body: delivered, after: time.Minute}, topup.Unknown, "NO_ANSWER"},
		"processing":                 {ok(row("PROCESSING")), topup.Pending, ""},
		"refunded":                   {ok(row("REFUNDED")), topup.Refused, "REFUNDED"},
		"failed":                     {ok(row("FAILED")), topup.Refused, "FAILED"},
		"a state nobody has met":     {ok(row("ODD")), topup.Unknown, "UNREADABLE_ANSWER"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, func(c *reloadly.Config) { c.TopupWithin = 200 * time.Millisecond }).set(post, test.answer)
			s.want(s.buy(), test.outcome, test.code)
			if s.count(post) != 1 {
				t.Errorf("asked for %d top-ups", s.count(post))
			}
		})
	}
}

func TestWhatWasBoughtIsFoundAndNeverTakenForFailed(t *testing.T) {
	used := refusal(400, "CUSTOM_IDENTIFIER_ALREADY_USED")
	unreadable := answer{status: 500, body: "<html>"}
	tests := map[string]struct {
		post, report, status answer
		outcome              topup.Outcome
		code                 string
	}{
		"used and paid":                    {used, ok(page(row("SUCCESSFUL"))), answer{}, topup.Done, ""},
		"used and refunded":                {used, ok(page(row("REFUNDED"))), answer{}, topup.Refused, "REFUNDED"},
		"used and refunded, told why":      {used, ok(page(row("REFUNDED"))), ok(`{"code":"OUTAGE","message":"x","status":"REFUNDED","transaction":null}`), topup.Refused, "OUTAGE"},
		"refunded, whatever its status":    {used, ok(page(row("REFUNDED"))), ok(`{"code":null,"message":null,"status":"PROCESSING","transaction":null}`), topup.Refused, "REFUNDED"},
		"used and not found":               {used, ok(page()), answer{}, topup.Unknown, "CUSTOM_IDENTIFIER_ALREADY_USED"},
		"used by another case":             {used, ok(page(strings.ReplaceAll(row("SUCCESSFUL"), "REF", "ref"))), answer{}, topup.Unknown, "CUSTOM_IDENTIFIER_ALREADY_USED"},
		"used and unreadable":              {used, unreadable, answer{}, topup.Unknown, "CUSTOM_IDENTIFIER_ALREADY_USED"},
		"used twice, once paid":            {used, ok(page(row("FAILED"), row("SUCCESSFUL"))), answer{}, topup.Done, ""},
		"processing, then done":            {used, ok(page(row("PROCESSING"))), ok(`{"code":null,"message":null,"status":"SUCCESSFUL","transaction":` + delivered + `}`), topup.Done, ""},
		"processing, then refunded":        {used, ok(page(row("PROCESSING"))), ok(`{"code":"OUTAGE","message":"x","status":"REFUNDED","transaction":null}`), topup.Refused, "OUTAGE"},
		"still processing":                 {used, ok(page(row("PROCESSING"))), ok(`{"code":null,"message":null,"status":"PROCESSING","transaction":null}`), topup.Pending, ""},
		"flat status":                      {used, ok(page(row("PROCESSING"))), ok(delivered), topup.Done, ""},
		"status unreadable":                {used, ok(page(row("PROCESSING"))), unreadable, topup.Pending, ""},
		"old record without a state":       {used, ok(page(`{"transactionId":77,"customIdentifier":"REF"}`)), ok(delivered), topup.Done, ""},
		"gateway error, but paid":          {answer{status: 502, body: "<html>"}, ok(page(row("SUCCESSFUL"))), answer{}, topup.Done, ""},
		"gateway error, nothing found yet": {answer{status: 502, body: "<html>"}, ok(page()), answer{}, topup.Unknown, "HTTP_502"},
		"unreadable success":               {ok("<html>"), ok(page(row("SUCCESSFUL"))), answer{}, topup.Done, ""},
		"refused, but paid before":         {refusal(400, "RECIPIENT_REACHED_MAX_TOPUP_NUMBER"), ok(page(row("SUCCESSFUL"))), answer{}, topup.Done, ""},
		"held, but paid before":            {refusal(400, "INSUFFICIENT_BALANCE"), ok(page(row("SUCCESSFUL"))), answer{}, topup.Done, ""},
		"held, but refunded before":        {refusal(400, "PHONE_RECENTLY_RECHARGED"), ok(page(row("REFUNDED"))), answer{}, topup.Refused, "REFUNDED"},
		"held, record unreadable":          {refusal(400, "INSUFFICIENT_BALANCE"), unreadable, answer{}, topup.Passing, "INSUFFICIENT_BALANCE"},
		"refused, record unreadable":       {refusal(400, "INVALID_AMOUNT"), unreadable, answer{}, topup.Unknown, "INVALID_AMOUNT"},
		"refused, record is no page":       {refusal(400, "INVALID_AMOUNT"), ok("{}"), answer{}, topup.Unknown, "INVALID_AMOUNT"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil).set(post, test.post).set(report, test.report).set(status, test.status)
			s.want(s.buy(), test.outcome, test.code)
		})
	}
}

func TestLookUpReadsEveryPageAndBelievesNoHalfAnswer(t *testing.T) {
	other := strings.ReplaceAll(row("SUCCESSFUL"), "REF", "OTHER")
	full := func(rows string) answer {
		return ok(`{"content":[` + rows + `],"totalElements":3,"totalPages":99,"last":false}`)
	}
	s := newStage(t, nil).set(report, full(other), ok(page(row("SUCCESSFUL"))))
	s.want(s.client.LookUp(t.Context(), "REF"), topup.Done, "")
	if !strings.Contains(s.asked[2], "page=2") || !strings.Contains(s.asked[1], "customIdentifier=REF") {
		t.Errorf("asked %q", s.asked)
	}
	s = newStage(t, nil).set(report, full(other), answer{status: 500})
	s.want(s.client.LookUp(t.Context(), "REF"), topup.Unknown, "LOOK_UP_FAILED")
	s = newStage(t, nil).set(report, full(other)) // pages without an end
	s.want(s.client.LookUp(t.Context(), "REF"), topup.Unknown, "LOOK_UP_FAILED")
	s = newStage(t, nil).set(report, answer{status: 503}, answer{status: 200, body: "<html>"}, ok(page()))
	s.want(s.client.LookUp(t.Context(), "REF"), topup.Absent, "")
	if s.count(report) != 3 {
		t.Errorf("a read that fails is repeated: %d", s.count(report))
	}
}

func TestRequestThatNeverLeftIsRefusedForNow(t *testing.T) {
	s := newStage(t, nil).set(token, answer{status: 401, body: `{"message":"Access Denied","path":"/oauth/token","errorCode":null}`})
	s.want(s.buy(), topup.Passing, "HTTP_401")
	s = newStage(t, nil).set(token, refusal(401, "INVALID_CREDENTIALS"))
	s.want(s.buy(), topup.Passing, "INVALID_CREDENTIALS")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	_ = l.Close()
	s = newStage(t, func(c *reloadly.Config) { c.BaseURL = nobody })
	s.want(s.buy(), topup.Passing, "NOT_SENT")
}

func TestSecondRequestUnderAReferenceIsNotSentWhileTheFirstIsUnderWay(t *testing.T) {
	s := newStage(t, nil).set(post, answer{status: 200, body: delivered, after: 200 * time.Millisecond})
	results := make(chan topup.Result, 16)
	var all sync.WaitGroup
	for range cap(results) {
		all.Go(func() { results <- s.buy() })
	}
	all.Wait()
	close(results)
	count := map[string]int{}
	for r := range results {
		count[string(r.Outcome)+" "+r.Code]++
	}
	if diff := cmp.Diff(map[string]int{"done ": 1, "unknown IN_FLIGHT": 15}, count); diff != "" || s.count(post) != 1 {
		t.Errorf("%d top-ups asked for: %s", s.count(post), diff)
	}
	s.want(s.buy(), topup.Done, "") // the reference is free again
}

func TestCallerWhoGoesAwayLearnsNothingAndNothingIsRepeated(t *testing.T) {
	s := newStage(t, nil).set(post, answer{status: 200, body: delivered, after: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.seen = func(call, _ string) {
		if call == post {
			cancel()
		}
	}
	r := s.client.Credit(ctx, topup.Credit{Reference: "REF", MSISDN: number, Amount: eur(1000)})
	s.want(r, topup.Unknown, "NO_ANSWER")
	if s.count(post) != 1 || s.count(report) != 0 {
		t.Errorf("%d top-ups, %d look-ups", s.count(post), s.count(report))
	}
}

func TestPINIsHandedOnAndNeverLogged(t *testing.T) {
	pin := strings.Replace(delivered, `"pinDetail":null`, `"pinDetail":{"serial":558111,"info1":"DIAL *611","info2":null,"info3":"PIN #","value":null,"code":"773709733097662","ivr":"1-888","validity":"30 days"}`, 1)
	s := newStage(t, nil).set(post, ok(pin))
	r := s.buy()
	s.want(r, topup.Done, "")
	want := topup.PINDetail{Serial: "558111", IVR: "1-888", Validity: "30 days", Info: [3]string{"DIAL *611", "", "PIN #"}, Code: prepaid.NewSecret("773709733097662")}
	if r.PIN == nil || *r.PIN != want {
		t.Errorf("got %+v", r.PIN)
	}
	if r.PIN.Code.Reveal() != "773709733097662" || strings.Contains(fmt.Sprintf("%+v", r.PIN), "7737") {
		t.Error("the code must be there and not show")
	}
}

func TestAsynchronousTopupIsPolled(t *testing.T) {
	processing := ok(`{"code":null,"message":null,"status":"PROCESSING","transaction":null}`)
	s := newStage(t, func(c *reloadly.Config) { c.Async = true }).set(async, ok(`{"transactionId":26523}`)).
		set(status, processing, answer{status: 502, body: "<html>"}, processing, ok(`{"code":null,"message":null,"status":"SUCCESSFUL","transaction":`+delivered+`}`))
	s.want(s.buy(), topup.Done, "")
	if s.count(async) != 1 || s.count(post) != 0 {
		t.Errorf("%d asynchronous, %d synchronous", s.count(async), s.count(post))
	}
	s = newStage(t, func(c *reloadly.Config) { c.Async = true }).set(async, ok(`{}`))
	s.want(s.buy(), topup.Unknown, "UNREADABLE_ANSWER")
}
