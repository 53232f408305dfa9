package stripe_test

import (
	"errors"
	"strings"

	"pulsa/payments/paymentstest"
)

// openSession opens a Checkout page in setup mode. Under mu.
func (s *server) openSession(q request) *answer {
	if q.form.Get("mode") != "setup" || s.objects[q.form.Get("customer")] == nil || q.form.Get("success_url") == "" {
		return refusal(400, "invalid_request_error", "parameter_missing", nil)
	}
	about := formMap(q.form, "metadata")
	intent := s.put("seti", object{"object": "setup_intent", "status": "requires_payment_method", "metadata": about,
		"customer": q.form.Get("customer"), "payment_method_types": []string{q.form.Get("payment_method_types[0]")}})
	o := s.put("cs", object{"object": "checkout.session", "mode": "setup", "status": "open", "metadata": about,
		"setup_intent": intent.id()})
	o["url"] = s.URL + "/c/pay/" + o.id()
	return &answer{200, o}
}

// expireSession ends an open page. Under mu.
func (s *server) expireSession(path string) *answer {
	id, verb, _ := strings.Cut(path, "/")
	o := s.objects[id]
	switch {
	case o == nil || verb != "expire":
		return refusal(404, "invalid_request_error", "resource_missing", nil)
	case o.text("status") != "open":
		return refusal(400, "invalid_request_error", "", nil)
	}
	o["status"] = "expired"
	return &answer{200, o}
}

func (s *server) session(setup string) object {
	for _, id := range s.order {
		if o := s.objects[id]; o["object"] == "checkout.session" && o.meta("setup") == setup && o.text("status") == "open" {
			return o
		}
	}
	return nil
}

// complete is a customer who sets a method up.
func (s *server) complete(setup string) error {
	o := s.finish(setup)
	if o == nil {
		return errors.New("no open session")
	}
	s.deliver("checkout.session.completed", o)
	return nil
}

func (s *server) finish(setup string) object {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.session(setup)
	if o == nil {
		return nil
	}
	intent := s.objects[o.text("setup_intent")]
	kind := intent["payment_method_types"].([]string)[0]
	details := map[string]object{
		"card":       {"brand": "visa", "last4": "4242"},
		"sepa_debit": {"country": "NL", "last4": "4300"},
		"paypal":     {"payer_email": "jan@example.com"},
	}
	method := s.put("pm", object{"object": "payment_method", "type": kind, kind: details[kind], "customer": intent["customer"]})
	o["status"], intent["status"], intent["payment_method"] = "complete", "succeeded", method.id()
	return o
}

// abandon lets a page lapse.
func (s *server) abandon(setup string) error {
	s.mu.Lock()
	o := s.session(setup)
	if o != nil {
		o["status"] = "expired"
	}
	s.mu.Unlock()
	if o == nil {
		return errors.New("no open session")
	}
	s.deliver("checkout.session.expired", o)
	return nil
}

// sign makes and confirms a SetupIntent of an IBAN. Under mu.
func (s *server) sign(q request) *answer {
	f := q.form
	iban := f.Get("payment_method_data[sepa_debit][iban]")
	switch {
	case f.Get("confirm") != "true" || s.objects[f.Get("customer")] == nil || f.Get("payment_method_data[type]") != "sepa_debit",
		f.Get("payment_method_data[billing_details][name]") == "", f.Get("mandate_data[customer_acceptance][type]") != "offline",
		f.Get("mandate_data[customer_acceptance][accepted_at]") == "":
		return refusal(400, "invalid_request_error", "parameter_missing", nil)
	case s.next == paymentstest.Declines:
		return refusal(400, "invalid_request_error", "invalid_bank_account_iban", object{"message": "no account " + iban})
	}
	method := s.put("pm", object{"object": "payment_method", "type": "sepa_debit", "customer": f.Get("customer"),
		"sepa_debit": object{"country": iban[:2], "last4": iban[len(iban)-4:]}})
	i := s.put("seti", object{"object": "setup_intent", "status": "succeeded", "metadata": formMap(f, "metadata"),
		"customer": f.Get("customer"), "payment_method": method.id()})
	return &answer{200, s.expanded(i)}
}

// expanded is an object with its payment method in it. Under mu.
func (s *server) expanded(o object) object {
	out := object{}
	for k, v := range o {
		out[k] = v
	}
	out["payment_method"] = s.objects[o.text("payment_method")]
	return out
}
