package stripetest

import (
	"errors"
	"net/http"
	"strings"

	"pulsa/payments/paymentstest"
)

// do carries a POST out. Under mu.
func (s *Server) do(q Request) *Answer {
	path := strings.Split(strings.TrimPrefix(q.Path, "/v1/"), "/")
	switch {
	case q.Path == "/v1/customers":
		c := s.put("cus", Object{"object": "customer", "metadata": formMap(q.Form, "metadata")})
		s.tell("customer.created", c)
		return s.found(q, c)
	case q.Path == "/v1/checkout/sessions":
		return s.openSession(q)
	case len(path) == 4 && path[1] == "sessions" && path[3] == "expire":
		return s.expireSession(q, path[2])
	case q.Path == "/v1/setup_intents":
		return s.sign(q)
	case q.Path == "/v1/payment_intents":
		return s.createIntent(q)
	case q.Path == "/v1/refunds":
		return s.createRefund(q)
	case len(path) != 3 || path[0] != "payment_intents" || s.objects[path[1]] == nil:
		return missing()
	case path[2] == "confirm":
		return s.confirm(s.objects[path[1]], q)
	case path[2] == "cancel":
		return s.cancel(s.objects[path[1]], q)
	}
	return missing()
}

// openSession opens a Checkout page in setup mode.
func (s *Server) openSession(q Request) *Answer {
	if q.Form.Get("mode") != "setup" || s.objects[q.Form.Get("customer")] == nil || q.Form.Get("success_url") == "" {
		return Refusal(http.StatusBadRequest, "invalid_request_error", "parameter_missing", nil)
	}
	intent := s.put("seti", Object{"object": "setup_intent", "status": "requires_payment_method", "metadata": formMap(q.Form, "setup_intent_data[metadata]"),
		"customer": q.Form.Get("customer"), "payment_method_types": []string{q.Form.Get("payment_method_types[0]")}})
	o := s.put("cs", Object{"object": "checkout.session", "mode": "setup", "status": "open", "metadata": formMap(q.Form, "metadata"),
		"setup_intent": intent.ID(), "customer": intent.Text("customer")})
	o["url"] = s.URL + "/c/pay/" + o.ID()
	return s.found(q, o)
}

func (s *Server) expireSession(q Request, id string) *Answer {
	o := s.objects[id]
	switch {
	case o == nil || o["object"] != "checkout.session":
		return missing()
	case o.Text("status") != "open":
		return Refusal(http.StatusBadRequest, "invalid_request_error", "", nil)
	}
	s.expire(o)
	return s.found(q, o)
}

func (s *Server) expire(session Object) {
	session["status"], session["url"] = "expired", nil
	s.tell("checkout.session.expired", session)
}

// errNotOpen says that nobody can do that on the page.
var errNotOpen = errors.New("the page is not open")

// session is the newest that was opened for a reference of ours, or has an address. Under mu.
func (s *Server) session(page string) Object {
	return s.newest("checkout.session", func(o Object) bool { return o.meta("setup") == page || o.Text("url") == page })
}

// Complete is a customer who sets a method up on a page, named by its address or by our reference.
func (s *Server) Complete(page string) error {
	return s.act(func() error {
		o := s.session(page)
		if o == nil || o.Text("status") != "open" {
			return errNotOpen
		}
		intent := s.objects[o.Text("setup_intent")]
		kind := intent["payment_method_types"].([]string)[0]
		s.setUp(intent, Object{"type": kind, kind: map[string]Object{
			"card":       {"brand": "visa", "last4": "4242"},
			"sepa_debit": {"country": "NL", "last4": "4300"},
			"paypal":     {"payer_email": "jan@example.com"},
		}[kind]})
		o["status"] = "complete"
		s.tell("checkout.session.completed", o)
		return nil
	})
}

// setUp gives a SetupIntent its payment method, and this its mandate if it is to have one.
func (s *Server) setUp(intent, method Object) {
	method["object"], method["customer"] = "payment_method", intent["customer"]
	s.put("pm", method)
	s.tell("payment_method.attached", method)
	if method.Text("type") != "card" {
		intent["mandate"] = s.put("mandate", Object{"object": "mandate", "status": "active", "type": "multi_use", "payment_method": method.ID()}).ID()
	}
	intent["status"], intent["payment_method"] = "succeeded", method.ID()
	s.tell("setup_intent.succeeded", intent)
}

// Abandon lets a page lapse.
func (s *Server) Abandon(page string) error {
	return s.act(func() error {
		o := s.session(page)
		if o == nil || o.Text("status") != "open" {
			return errNotOpen
		}
		s.expire(o)
		return nil
	})
}

// Revoke ends the mandate of a payment method: at the bank, or at PayPal.
func (s *Server) Revoke(method string) error {
	return s.act(func() error {
		m := s.mandate(method)
		if m == nil {
			return errors.New("no mandate")
		}
		m["status"] = "inactive"
		s.tell("mandate.updated", m)
		return nil
	})
}

// mandate is a payment method's. Under mu.
func (s *Server) mandate(method string) Object {
	return s.newest("mandate", func(o Object) bool { return o.Text("payment_method") == method })
}

// sign makes and confirms a SetupIntent of an IBAN.
func (s *Server) sign(q Request) *Answer {
	f := q.Form
	iban := f.Get("payment_method_data[sepa_debit][iban]")
	switch {
	case f.Get("confirm") != "true" || s.objects[f.Get("customer")] == nil || f.Get("payment_method_data[type]") != "sepa_debit",
		f.Get("payment_method_data[billing_details][name]") == "", f.Get("mandate_data[customer_acceptance][type]") != "offline",
		f.Get("mandate_data[customer_acceptance][accepted_at]") == "":
		return Refusal(http.StatusBadRequest, "invalid_request_error", "parameter_missing", nil)
	case s.next == paymentstest.Declines:
		return Refusal(http.StatusBadRequest, "invalid_request_error", "invalid_bank_account_iban", Object{"message": "no account " + iban})
	}
	intent := s.put("seti", Object{"object": "setup_intent", "metadata": formMap(f, "metadata"), "customer": f.Get("customer")})
	s.setUp(intent, Object{"type": "sepa_debit", "sepa_debit": Object{"country": iban[:2], "last4": iban[len(iban)-4:]}})
	return s.found(q, intent)
}
