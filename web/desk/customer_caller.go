package desk

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// callerBar says how far it is known who is calling, and what can be asked.
func (v *visit) callerBar(s operators.Sheet) callerBar {
	c := s.Caller
	bar := callerBar{Key: prepaid.NewToken()}
	switch c.How {
	case operators.FactCode:
		bar.Status = ui.Status{Tone: ui.Good, Word: v.t("caller.code", "when", v.clock(c.At))}
		bar.Sentence = v.t("caller.until", "when", v.clock(c.Until))
	case operators.FactsTold:
		bar.Status = ui.Status{Tone: ui.Good, Word: v.t("caller.facts", "when", v.clock(c.At))}
		bar.Sentence = v.t("caller.until", "when", v.clock(c.Until))
	default:
		bar.Status = ui.Status{Tone: ui.Idle, Word: v.t("caller.nobody")}
		bar.Sentence = v.t("caller.nobody-text")
	}
	if !operators.MayCheckCaller(v.actor, v.brand.Name) {
		return bar
	}
	bar.Code, bar.Check, bar.Open = v.customerPath("caller", "code"), v.customerPath("caller"), !c.Verified()
	if c.WrongLeft == 0 {
		bar.Code, bar.Check, bar.Sentence = "", "", v.t("customer.said.many")
		return bar
	}
	if !c.Sent.IsZero() {
		bar.ReadBack = &ui.Field{Name: "code", Label: v.t("caller.read-back"), Hint: v.t("caller.read-back-hint", "when", v.clock(c.Sent), "left", strconv.Itoa(c.WrongLeft)),
			InputMode: "numeric", Type: "password", MaxLength: 20, Required: true}
	}
	for _, f := range c.Ask {
		fact := callerFact{Fact: string(f), Title: v.t("caller.ask." + askName(f)), Told: c.Told(f)}
		switch f {
		case operators.FactInstrument:
			fact.Fields = []ui.Field{{Name: "last4", Label: v.t("caller.last4"), InputMode: "numeric", MaxLength: 4, Required: true}}
		case operators.FactRegistered:
			fact.Fields = []ui.Field{{Name: "month", Label: v.t("caller.month"), Hint: v.t("caller.month-hint"), MaxLength: 7, Required: true}}
		case operators.FactLastTopUp:
			fact.Fields = []ui.Field{{Name: "sum", Label: v.t("caller.sum"), InputMode: "decimal", MaxLength: 12, Required: true},
				{Name: "day", Label: v.t("caller.day"), Type: "date", Required: true}}
		}
		bar.Facts = append(bar.Facts, fact)
	}
	return bar
}

// askName is a fact's name among words.
func askName(f operators.CallerFact) string {
	switch f {
	case operators.FactInstrument:
		return "instrument"
	case operators.FactLastTopUp:
		return "top-up"
	}
	return "registered"
}

// sendCallerCode has a code sent that the caller reads back.
func (v *visit) sendCallerCode() {
	if !operators.MayCheckCaller(v.actor, v.brand.Name) {
		v.refuse(operators.ActHelp)
		return
	}
	v.direct(operators.SendCallerCode{Brand: v.brand.Name, Customer: v.customerID(), Person: v.actor.Person}, v.t("caller.why"))
}

// checkCaller compares what a caller has said. What was typed is shown nowhere again.
func (v *visit) checkCaller() {
	if !operators.MayCheckCaller(v.actor, v.brand.Name) {
		v.refuse(operators.ActHelp)
		return
	}
	f, key := v.r.PostForm, v.r.PostForm.Get(fieldKey)
	said := operators.Answer{
		Fact: operators.CallerFact(f.Get("fact")), Code: prepaid.NewSecret(f.Get("code")), Last4: f.Get("last4"), Month: f.Get("month"), Day: f.Get("day"), Sum: f.Get("sum"),
	}
	if key == "" {
		v.fail(operators.ErrNoForm)
		return
	}
	v.said(v.Desk.Desk.CheckCaller(v.r.Context(), v.actor, v.brand.Name, v.customerID(), key, said))
}

// said leads back to the customer's page, which says what came of it in a word of ours.
func (v *visit) said(err error) {
	word := ""
	switch {
	case err == nil:
		word = "right"
	case errors.Is(err, operators.ErrCallerWrong):
		word = "wrong"
	case errors.Is(err, operators.ErrCallerCode):
		word = "code"
	case errors.Is(err, operators.ErrManyChecks):
		word = "many"
	case errors.Is(err, operators.ErrNoFact):
		word = "fact"
	case errors.Is(err, operators.ErrNoReason):
		word = "reason"
	case errors.Is(err, operators.ErrNoteText):
		word = "note"
	case errors.Is(err, operators.ErrNoExport):
		word = "data"
	case errors.Is(err, operators.ErrNoCode):
		word = "no-line"
	default:
		v.fail(err)
		return
	}
	v.redirect(v.customerPath() + "?" + query("said", word))
}

// direct carries out an operation at once: one that can be undone, or that does nothing to a customer.
func (v *visit) direct(op operators.Operation, why string) {
	key := v.r.PostForm.Get(fieldKey)
	if _, err := v.Desk.Desk.Do(v.r.Context(), v.actor, key, op, why); err != nil {
		if errors.Is(err, operators.ErrFormUsed) { // the form was sent twice
			v.redirect(withDone(v.customerPath(), key))
			return
		}
		v.said(err)
		return
	}
	v.redirect(withDone(v.customerPath(), key))
}

// seeForms are the forms by which a person has something shown to them whole.
func (v *visit) seeForms(s operators.Sheet) []seeForm {
	if v.may(operators.ActUnmask) == operators.Not {
		return nil
	}
	var forms []seeForm
	for _, f := range []struct {
		what operators.Sight
		key  string
		seen bool
	}{
		{operators.SeesNumber, "number", !s.NumberUntil.IsZero()},
		{operators.SeesConversation, "talk", !s.TalkUntil.IsZero()},
	} {
		if f.seen {
			continue
		}
		forms = append(forms, seeForm{Action: v.customerPath("see"), What: string(f.what), Key: prepaid.NewToken(), Title: v.t("see." + f.key),
			Sentence: v.t("see." + f.key + "-text"), Button: v.t("see." + f.key + "-button"),
			Reason: ui.Field{Name: "reason-" + f.key, Label: v.t("do.reason"), MaxLength: maxReason, Required: true}})
	}
	return forms
}

// seeCustomer shows a number or a conversation whole, for a reason.
func (v *visit) seeCustomer() {
	what := operators.Sight(v.r.PostForm.Get("what"))
	reason := v.r.PostForm.Get("reason-number") + v.r.PostForm.Get("reason-talk")
	v.direct(operators.See{Brand: v.brand.Name, Customer: v.customerID(), Person: v.actor.Person, What: what}, reason)
}

// noteCustomer keeps a note.
func (v *visit) noteCustomer() {
	key := v.r.PostForm.Get(fieldKey)
	op := operators.AddNote{ID: noteID(v.actor.Person, key), Brand: v.brand.Name, Customer: v.customerID(), Text: v.r.PostForm.Get("text")}
	v.direct(op, v.t("customer.note-why"))
}

// noteID is the note of a form: sent twice, it is one note.
func noteID(p operators.PersonID, key string) string { return string(p) + "/" + key }

// customerData hands out the file of what is known of a customer, once.
func (v *visit) customerData() {
	file, err := v.Desk.Desk.Customers.Exported(v.r.Context(), v.actor, v.brand.Name, v.customerID())
	switch {
	case errors.Is(err, accounts.ErrNoCustomer):
		v.fail(err)
		return
	case err != nil:
		v.said(err)
		return
	}
	ui.Protect(v.w.Header())
	v.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	v.w.Header().Set("Content-Disposition", "attachment; filename="+url.PathEscape("customer-"+string(v.customerID())+".json"))
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(file)
}
