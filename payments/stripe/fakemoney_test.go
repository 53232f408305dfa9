package stripe_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"pulsa/payments/paymentstest"
)

// change carries a POST out. Under mu.
func (s *server) change(q request) *answer {
	id, verb, _ := strings.Cut(strings.TrimPrefix(q.path, "/v1/payment_intents/"), "/")
	switch {
	case q.path == "/v1/customers":
		return &answer{200, s.put("cus", object{"object": "customer", "metadata": formMap(q.form, "metadata")})}
	case q.path == "/v1/checkout/sessions":
		return s.openSession(q)
	case strings.HasPrefix(q.path, "/v1/checkout/sessions/"):
		return s.expireSession(strings.TrimPrefix(q.path, "/v1/checkout/sessions/"))
	case q.path == "/v1/setup_intents":
		return s.sign(q)
	case q.path == "/v1/payment_intents":
		return s.createIntent(q)
	case q.path == "/v1/refunds":
		return s.createRefund(q)
	case s.objects[id] == nil:
		return refusal(404, "invalid_request_error", "resource_missing", nil)
	case verb == "confirm":
		return s.confirm(s.objects[id], q)
	case verb == "cancel":
		i := s.objects[id]
		switch i.text("status") {
		case "succeeded", "processing", "canceled":
			return refusal(400, "invalid_request_error", "payment_intent_unexpected_state", object{"payment_intent": i})
		}
		i["status"], i["cancellation_reason"] = "canceled", q.form.Get("cancellation_reason")
		return &answer{200, i}
	}
	return refusal(404, "invalid_request_error", "", nil)
}

// read answers a GET. Under mu.
func (s *server) read(q request) *answer {
	switch q.path {
	case "/v1/payment_intents":
		return s.list(q, "pi", func(o object) bool {
			return (q.form.Get("customer") == "" || o.text("customer") == q.form.Get("customer")) && createdIn(q, o)
		})
	case "/v1/setup_intents":
		a := s.list(q, "seti", func(o object) bool { return o.text("customer") == q.form.Get("customer") })
		for i, o := range a.body.(object)["data"].([]object) {
			a.body.(object)["data"].([]object)[i] = s.expanded(o)
		}
		return a
	case "/v1/payment_intents/search":
		found := []object{}
		for _, id := range s.order {
			if s.seen[id] && q.form.Get("query") == "metadata['charge']:'"+s.objects[id].meta("charge")+"'" {
				found = append(found, s.objects[id])
			}
		}
		return &answer{200, object{"object": "search_result", "data": found, "has_more": false, "url": q.path}}
	case "/v1/refunds":
		return s.withIntents(q, s.list(q, "re", func(o object) bool { return ofIntent(q, o) && createdIn(q, o) }))
	case "/v1/disputes":
		return s.withIntents(q, s.list(q, "dp", func(o object) bool { return ofIntent(q, o) && createdIn(q, o) }))
	}
	o := s.objects[q.path[strings.LastIndex(q.path, "/")+1:]]
	if o == nil || q.method != http.MethodGet {
		return refusal(404, "invalid_request_error", "resource_missing", nil)
	}
	if method := o.text("payment_method"); method != "" && q.form.Get("expand[0]") == "payment_method" {
		return &answer{200, s.expanded(o)}
	}
	return &answer{200, o}
}

func ofIntent(q request, o object) bool {
	return q.form.Get("payment_intent") == "" || o.text("payment_intent") == q.form.Get("payment_intent")
}

func createdIn(q request, o object) bool {
	since, _ := strconv.ParseInt(q.form.Get("created[gte]"), 10, 64)
	until, err := strconv.ParseInt(q.form.Get("created[lt]"), 10, 64)
	at := o["created"].(int64)
	return at >= since && (err != nil || at < until)
}

// withIntents puts whole PaymentIntents into a list that asks for them.
func (s *server) withIntents(q request, a *answer) *answer {
	if q.form.Get("expand[0]") != "data.payment_intent" {
		return a
	}
	body := a.body.(object)
	var data []object
	for _, o := range body["data"].([]object) {
		whole := object{}
		for k, v := range o {
			whole[k] = v
		}
		whole["payment_intent"] = s.objects[o.text("payment_intent")]
		data = append(data, whole)
	}
	body["data"] = data
	return a
}

func (s *server) createIntent(q request) *answer {
	amount, _ := strconv.ParseInt(q.form.Get("amount"), 10, 64)
	i := s.put("pi", object{"object": "payment_intent", "amount": amount, "currency": q.form.Get("currency"),
		"customer": q.form.Get("customer"), "metadata": formMap(q.form, "metadata"), "status": "requires_payment_method",
		"payment_method_types": []string{q.form.Get("payment_method_types[0]")}})
	if q.form.Get("confirm") != "true" {
		return &answer{200, i}
	}
	return s.confirm(i, q)
}

// confirm tries to charge. Off session it takes the answer that was told, on session it wants authentication.
func (s *server) confirm(i object, q request) *answer {
	method := s.objects[q.form.Get("payment_method")]
	if method == nil || method.text("customer") != i.text("customer") {
		return refusal(400, "invalid_request_error", "resource_missing", nil)
	}
	told := s.next
	if q.form.Get("off_session") == "" {
		told = paymentstest.Authentication
	}
	switch told {
	case paymentstest.Declines:
		return s.fail(i, object{"code": "card_declined", "decline_code": "insufficient_funds"})
	case paymentstest.Authentication:
		if q.form.Get("return_url") == "" {
			return s.fail(i, object{"code": "authentication_required", "decline_code": "authentication_required"})
		}
		i["status"], i["last_payment_error"] = "requires_action", nil
		i["next_action"] = object{"type": "redirect_to_url", "redirect_to_url": object{"url": s.URL + "/3ds/" + i.id()}}
	case paymentstest.Pends:
		i["status"] = "processing"
		i["latest_charge"] = object{"id": "py_" + i.id(), "status": "pending"}
	default:
		i["status"], i["amount_received"] = "succeeded", i["amount"]
		i["latest_charge"] = object{"id": "ch_" + i.id(), "status": "succeeded"}
	}
	return &answer{200, i}
}

// fail ends an attempt to pay.
func (s *server) fail(i, why object) *answer {
	why["type"] = "card_error"
	i["status"], i["next_action"], i["last_payment_error"] = "requires_payment_method", nil, why
	i["latest_charge"] = object{"id": "ch_" + i.id(), "status": "failed", "failure_code": why["code"]}
	more := object{"payment_intent": i}
	for k, v := range why {
		more[k] = v
	}
	return refusal(402, "card_error", why.text("code"), more)
}

func (s *server) createRefund(q request) *answer {
	i := s.objects[q.form.Get("payment_intent")]
	switch {
	case i == nil || (i.text("status") != "succeeded" && i.text("status") != "processing"):
		return refusal(400, "invalid_request_error", "charge_not_refundable", nil)
	case i["refunded"] == true:
		return refusal(400, "invalid_request_error", "charge_already_refunded", nil)
	case i["latest_charge"].(object)["disputed"] == true:
		return refusal(400, "invalid_request_error", "charge_disputed", nil)
	}
	i["refunded"] = true
	return &answer{200, s.put("re", object{"object": "refund", "amount": i["amount"], "currency": i["currency"], "status": "succeeded",
		"payment_intent": i.id(), "metadata": formMap(q.form, "metadata")})}
}

// happen changes a charge's PaymentIntent from outside, and sends the event that this causes.
func (s *server) happen(reference string, what func(i object) (kind string, about object)) error {
	s.mu.Lock()
	var kind string
	var about object
	for _, id := range s.order {
		if i := s.objects[id]; i["object"] == "payment_intent" && i.meta("charge") == reference {
			kind, about = what(i)
		}
	}
	s.mu.Unlock()
	if kind == "" {
		return errors.New("nothing to do")
	}
	s.deliver(kind, about)
	return nil
}

func (s *server) authenticate(reference string) error {
	return s.happen(reference, func(i object) (string, object) {
		if i.text("status") != "requires_action" {
			return "", nil
		}
		i["status"], i["next_action"], i["amount_received"] = "succeeded", nil, i["amount"]
		i["latest_charge"] = object{"id": "ch_" + i.id(), "status": "succeeded"}
		return "payment_intent.succeeded", i
	})
}

func (s *server) failAuthentication(reference string) error {
	return s.happen(reference, func(i object) (string, object) {
		s.fail(i, object{"code": "payment_intent_authentication_failure"})
		return "payment_intent.payment_failed", i
	})
}

func (s *server) settle(reference string) error {
	return s.happen(reference, func(i object) (string, object) {
		i["status"], i["amount_received"] = "succeeded", i["amount"]
		i["latest_charge"].(object)["status"] = "succeeded"
		return "payment_intent.succeeded", i
	})
}

// takeBack lets the bank return a debit: one on its way fails, one that has come is disputed.
func (s *server) takeBack(reference string) error { return s.dispute(reference, "lost") }

func (s *server) dispute(reference, status string) error {
	return s.happen(reference, func(i object) (string, object) {
		if i.text("status") == "processing" {
			s.fail(i, object{"code": "debit_not_authorized"})
			return "payment_intent.payment_failed", i
		}
		i["latest_charge"].(object)["disputed"] = true
		return "charge.dispute.created", s.put("dp", object{"object": "dispute", "status": status, "reason": "fraudulent", "amount": i["amount"], "currency": i["currency"],
			"payment_intent": i.id()})
	})
}

// moved counts the PaymentIntents of a charge whose money is on its way or has come, and its refunds.
func (s *server) moved(reference string) (charged, refunded int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		o := s.objects[id]
		switch {
		case o.meta("charge") != reference:
		case o["object"] == "refund":
			refunded++
		case o.text("status") == "succeeded" || o.text("status") == "processing":
			charged++
		}
	}
	return charged, refunded
}
