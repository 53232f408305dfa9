package stripetest

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"pulsa/payments/paymentstest"
)

func (s *Server) createIntent(q Request) *Answer {
	amount, _ := strconv.ParseInt(q.Form.Get("amount"), 10, 64)
	method := s.objects[q.Form.Get("payment_method")]
	if m := s.mandate(q.Form.Get("payment_method")); m != nil && m.Text("status") == "inactive" {
		return Refusal(http.StatusBadRequest, "invalid_request_error", "payment_intent_mandate_invalid", nil)
	}
	if q.Form.Get("confirm") == "true" && (method == nil || method.Text("customer") != q.Form.Get("customer")) {
		return Refusal(http.StatusBadRequest, "invalid_request_error", "resource_missing", nil)
	}
	i := s.put("pi", Object{"object": "payment_intent", "amount": amount, "currency": q.Form.Get("currency"),
		"customer": q.Form.Get("customer"), "metadata": formMap(q.Form, "metadata"), "status": "requires_payment_method",
		"payment_method_types": []string{q.Form.Get("payment_method_types[0]")}})
	s.tell("payment_intent.created", i)
	if q.Form.Get("confirm") != "true" {
		return s.found(q, i)
	}
	return s.confirm(i, q)
}

// confirm tries to charge. Off session it takes the answer that was told, on session it wants authentication.
func (s *Server) confirm(i Object, q Request) *Answer {
	method := s.objects[q.Form.Get("payment_method")]
	if method == nil || method.Text("customer") != i.Text("customer") {
		return Refusal(http.StatusBadRequest, "invalid_request_error", "resource_missing", nil)
	}
	i["payment_method"] = method.ID()
	told := s.next
	if q.Form.Get("off_session") == "" {
		told = paymentstest.Authentication
	}
	switch {
	case told == paymentstest.Declines:
		return s.refused(i, "card_declined", "insufficient_funds")
	case told == paymentstest.Authentication && q.Form.Get("return_url") == "":
		return s.refused(i, "authentication_required", "authentication_required")
	case told == paymentstest.Authentication:
		i["status"], i["last_payment_error"] = "requires_action", nil
		i["next_action"] = Object{"type": "redirect_to_url", "redirect_to_url": Object{"url": s.URL + "/3ds/" + i.ID()}}
		s.tell("payment_intent.requires_action", i)
	case told == paymentstest.Pends || method.Text("type") == "sepa_debit":
		i["status"], i["latest_charge"] = "processing", s.put("py", s.charge(i, "pending")).ID()
		s.tell("payment_intent.processing", i)
	default:
		s.succeed(i)
	}
	return s.found(q, i)
}

// charge is an attempt to charge. It has the PaymentIntent's metadata.
func (s *Server) charge(i Object, status string) Object {
	return Object{"object": "charge", "status": status, "amount": i["amount"], "amount_refunded": int64(0), "refunded": false, "disputed": false,
		"currency": i["currency"], "customer": i["customer"], "payment_intent": i.ID(), "payment_method": i["payment_method"], "metadata": i["metadata"]}
}

// chargeOf is the last attempt of a PaymentIntent; nil where there is none.
func (s *Server) chargeOf(i Object) Object { return s.objects[i.Text("latest_charge")] }

func (s *Server) succeed(i Object) {
	c := s.chargeOf(i)
	if c == nil || c.Text("status") != "pending" {
		c = s.put("ch", s.charge(i, "succeeded"))
	}
	c["status"] = "succeeded"
	i["status"], i["amount_received"], i["latest_charge"], i["next_action"], i["last_payment_error"] = "succeeded", i["amount"], c.ID(), nil, nil
	s.tell("payment_intent.succeeded", i)
	s.tell("charge.succeeded", c)
}

// fail ends an attempt to pay.
func (s *Server) fail(i Object, code, decline string) {
	c := s.chargeOf(i)
	switch {
	case c == nil || c.Text("status") != "pending":
		c = s.put("ch", s.charge(i, "failed"))
	default: // the money of a debit was on its way
		c["failure_balance_transaction"] = s.put("txn", Object{"object": "balance_transaction", "amount": -c.number("amount")}).ID()
	}
	c["status"], c["failure_code"] = "failed", code
	why := Object{"type": "card_error", "code": code}
	if decline != "" {
		why["decline_code"] = decline
	}
	i["status"], i["next_action"], i["last_payment_error"], i["latest_charge"] = "requires_payment_method", nil, why, c.ID()
	s.tell("payment_intent.payment_failed", i)
	s.tell("charge.failed", c)
}

func (s *Server) refused(i Object, code, decline string) *Answer {
	s.fail(i, code, decline)
	return Refusal(http.StatusPaymentRequired, "card_error", code, Object{"decline_code": decline, "payment_intent": i})
}

func (s *Server) cancel(i Object, q Request) *Answer {
	switch i.Text("status") {
	case "succeeded", "processing", "canceled":
		return Refusal(http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state", Object{"payment_intent": i})
	}
	i["status"], i["next_action"], i["cancellation_reason"] = "canceled", nil, q.Form.Get("cancellation_reason")
	s.tell("payment_intent.canceled", i)
	return s.found(q, i)
}

func (s *Server) createRefund(q Request) *Answer {
	i := s.objects[q.Form.Get("payment_intent")]
	if i == nil || (i.Text("status") != "succeeded" && i.Text("status") != "processing") {
		return Refusal(http.StatusBadRequest, "invalid_request_error", "charge_not_refundable", nil)
	}
	c := s.chargeOf(i)
	switch {
	case c["refunded"] == true:
		return Refusal(http.StatusBadRequest, "invalid_request_error", "charge_already_refunded", nil)
	case c["disputed"] == true:
		return Refusal(http.StatusBadRequest, "invalid_request_error", "charge_disputed", nil)
	}
	back, _ := c["amount_refunded"].(int64)
	left := i["amount"].(int64) - back
	amount := left
	if asked := q.Form.Get("amount"); asked != "" {
		amount, _ = strconv.ParseInt(asked, 10, 64)
	}
	if amount <= 0 || amount > left {
		return Refusal(http.StatusBadRequest, "invalid_request_error", "", nil)
	}
	r := s.put("re", Object{"object": "refund", "amount": amount, "currency": c["currency"], "status": "succeeded",
		"charge": c.ID(), "payment_intent": i.ID(), "metadata": formMap(q.Form, "metadata")})
	if c.Text("status") == "pending" {
		r["status"], r["pending_reason"] = "pending", "charge_pending"
	}
	c["refunded"], c["amount_refunded"] = amount == left, back+amount
	s.tell("refund.created", r)
	s.tell("charge.refunded", c)
	return s.found(q, r)
}

// errNothing says that there is no such payment, or that it does not wait for that.
var errNothing = errors.New("no payment waits for that")

// happen is what becomes of a payment from outside. It is named by our reference, or by the address where it is authenticated.
func (s *Server) happen(payment string, from []string, what func(i Object)) error {
	return s.act(func() error {
		i := s.newest("payment_intent", func(o Object) bool { return o.meta("charge") == payment || s.URL+"/3ds/"+o.ID() == payment })
		if i == nil || !slices.Contains(from, i.Text("status")) {
			return errNothing
		}
		what(i)
		return nil
	})
}

// Authenticate is a customer whose bank is content.
func (s *Server) Authenticate(payment string) error {
	return s.happen(payment, []string{"requires_action"}, s.succeed)
}

// FailAuthentication is a customer whose bank is not.
func (s *Server) FailAuthentication(payment string) error {
	return s.happen(payment, []string{"requires_action"}, func(i Object) { s.fail(i, "payment_intent_authentication_failure", "") })
}

// Settle brings a debit's money.
func (s *Server) Settle(payment string) error {
	return s.happen(payment, []string{"processing"}, s.succeed)
}

// Return lets the bank return a debit: one on its way fails, one that has come is disputed and lost at once.
func (s *Server) Return(payment, reason string) error {
	return s.happen(payment, []string{"processing", "succeeded"}, func(i Object) {
		if i.Text("status") == "processing" {
			s.fail(i, reason, "")
			return
		}
		s.tell("charge.dispute.closed", s.dispute(i, reason, "lost"))
	})
}

// Dispute lets a customer dispute a payment at the bank. The status is Stripe's word for how it begins: "needs_response".
func (s *Server) Dispute(payment, status string) error {
	return s.happen(payment, []string{"succeeded"}, func(i Object) { s.dispute(i, "fraudulent", status) })
}

func (s *Server) dispute(i Object, reason, status string) Object {
	c := s.chargeOf(i)
	c["disputed"] = true
	d := s.put("dp", Object{"object": "dispute", "status": status, "reason": reason, "amount": i["amount"], "currency": i["currency"],
		"charge": c.ID(), "payment_intent": i.ID()})
	s.tell("charge.dispute.created", d)
	return d
}

// CloseDispute ends the dispute of a payment: "won", "lost".
func (s *Server) CloseDispute(payment, status string) error {
	return s.happen(payment, []string{"succeeded"}, func(i Object) {
		d := s.newest("dispute", func(o Object) bool { return o.Text("payment_intent") == i.ID() })
		d["status"] = status
		s.tell("charge.dispute.closed", d)
	})
}

// FailRefund lets a bank send the refund of a payment back, which Stripe tells some days after it was made.
func (s *Server) FailRefund(payment, reason string) error {
	return s.happen(payment, []string{"succeeded"}, func(i Object) {
		r := s.newest("refund", func(o Object) bool { return o.Text("payment_intent") == i.ID() })
		r["status"], r["failure_reason"] = "failed", reason
		c := s.chargeOf(i)
		c["refunded"], c["amount_refunded"] = false, int64(0)
		s.tell("charge.refund.updated", r)
		s.tell("refund.failed", r)
	})
}

// Moved is money that has come, or is on its way, and that has gone back.
type Moved struct {
	Kind          string // "charge", "refund", "dispute"
	Charge, Setup string // our references; Setup is what made the payment method
	Minor         int64
}

// Moved lists all money of payments with a reference of ours. A dispute counts while the money is gone.
func (s *Server) Moved() (all []Moved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		o := s.objects[id]
		i := s.objects[o.Text("payment_intent")]
		switch {
		case i == nil || i.meta("charge") == "":
			continue
		case o["object"] == "charge" && o["status"] != "failed":
		case o["object"] == "refund" && o["status"] != "failed":
		case o["object"] == "dispute" && slices.Contains([]string{"needs_response", "under_review", "lost"}, o.Text("status")):
		default:
			continue
		}
		setup := s.newest("setup_intent", func(set Object) bool { return set.Text("payment_method") == i.Text("payment_method") })
		all = append(all, Moved{o.Text("object"), i.meta("charge"), setup.meta("setup"), o.number("amount")})
	}
	return all
}

// Count tells how often money of a payment has moved, of a kind of Moved.
func (s *Server) Count(kind, charge string) (n int) {
	for _, m := range s.Moved() {
		if m.Kind == kind && m.Charge == charge {
			n++
		}
	}
	return n
}
