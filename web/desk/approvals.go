package desk

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// approvalsRoutes are what people asked for and another person decides on: of one brand, and of all that the person sees.
func approvalsRoutes() []route {
	var all []route
	for _, at := range []string{"/{brand}", "/-"} {
		act := operators.ActSee
		if at == "/-" {
			act = ""
		}
		all = append(all,
			get(at+"/approvals", act, (*visit).listApprovals),
			get(at+"/approvals/{approval}", act, (*visit).showApproval),
			get(at+"/approvals/{approval}/agree", act, (*visit).agree),
			post(at+"/approvals/{approval}/agree", act, (*visit).agree),
			get(at+"/approvals/{approval}/refuse", act, (*visit).refuseApproval),
			post(at+"/approvals/{approval}/refuse", act, (*visit).refuseApproval),
		)
	}
	return all
}

// approvalStatus is how an approval stands, as pages show it.
func (v *visit) approvalStatus(s operators.ApprovalStatus) ui.Status {
	tone := ui.Idle
	switch s {
	case operators.ApprovalAsked, operators.ApprovalDeciding:
		tone = ui.Wait
	case operators.ApprovalCarried:
		tone = ui.Good
	case operators.ApprovalRefused, operators.ApprovalFailed:
		tone = ui.Bad
	}
	return ui.Status{Tone: tone, Word: v.t("approvals.status." + strings.ReplaceAll(string(s), " ", "-"))}
}

// approvalPath is the page of an approval.
func approvalPath(q operators.Approval, more ...string) string {
	to := "/" + cmp.Or(q.Brand, "-") + "/approvals/" + string(q.ID)
	for _, m := range more {
		to += "/" + m
	}
	return to
}

// listApprovals answers with the questions that the person may decide, and with the newest of all.
func (v *visit) listApprovals() {
	ctx := v.r.Context()
	mine, err := v.Desk.Desk.ForMe(ctx, v.actor)
	if err != nil {
		v.fail(err)
		return
	}
	all, err := v.Desk.Desk.ApprovalsFor(ctx, v.actor, operators.ApprovalFilter{Brand: v.brandName()})
	if err != nil {
		v.fail(err)
		return
	}
	if v.brand != nil {
		mine = slices.DeleteFunc(mine, func(q operators.Approval) bool { return q.Brand != v.brand.Name })
	}
	sentence := v.t("approvals.none-for-me")
	if n := len(mine); n == 1 {
		sentence = v.t("approvals.one-for-me")
	} else if n > 1 {
		sentence = v.t("approvals.for-me", "count", number(int64(n)))
	}
	others := slices.DeleteFunc(all, func(q operators.Approval) bool {
		return slices.ContainsFunc(mine, func(m operators.Approval) bool { return m.ID == q.ID })
	})
	data := struct{ Mine, All ui.Table }{v.approvalTable("approvals.mine", mine), v.approvalTable("approvals.all", others)}
	data.All.Empty = ui.State{Title: v.t("approvals.none"), Text: v.t("approvals.none-text")}
	if len(mine) > 0 && len(others) == 0 {
		data.All = ui.Table{}
	}
	v.show(http.StatusOK, page{Head: ui.Head{Title: v.t("place.approvals"), Sentence: sentence}, Template: "approvals", Data: data})
}

func (v *visit) approvalTable(caption string, list []operators.Approval) ui.Table {
	t := ui.Table{Caption: v.t(caption), Columns: []ui.Column{
		{Name: v.t("approvals.what")}, {Name: v.t("orders.status")}, {Name: v.t("approvals.who")}, {Name: v.t("approvals.brand"), Wide: true}, {Name: v.t("approvals.asked")},
	}}
	for _, q := range list {
		t.Rows = append(t.Rows, ui.Row{Href: approvalPath(q), Cells: []ui.Cell{
			{Text: q.Does, Second: q.Asked.Why}, {Status: v.approvalStatus(q.Status)}, {Text: q.Asked.Who}, {Text: cmp.Or(q.Brand, "–")}, {Time: v.at(q.AskedAt)},
		}})
	}
	return t
}

// approval reads the approval of the address; it answers, and returns false, where there is none for the person.
func (v *visit) approval() (operators.Approval, bool) {
	q, err := v.Desk.Desk.Seen(v.r.Context(), v.actor, operators.ApprovalID(v.r.PathValue("approval")))
	if err == nil && q.Brand != v.brandName() {
		err = operators.ErrNoApproval
	}
	switch {
	case errors.Is(err, operators.ErrNoApproval):
		v.notHere()
	case err != nil:
		v.fail(err)
	}
	return q, err == nil
}

// showApproval answers with one question: what was asked, what it would do now, and how it was decided.
func (v *visit) showApproval() {
	q, ok := v.approval()
	if !ok {
		return
	}
	head := ui.Head{Title: v.t("approvals.one"), Status: v.approvalStatus(q.Status), Sentence: q.Does}
	var data struct {
		Facts [][2]string
		Reads string
		Note  string
		Links []ui.Link
	}
	data.Reads, data.Links = q.Reads, v.objectLinks(q.Object)
	data.Facts = [][2]string{
		{v.t("approvals.who"), q.Asked.Who + " (" + q.Asked.Role + ")"},
		{v.t("approvals.asked"), v.at(q.AskedAt).Full},
		{v.t("approvals.why"), q.Asked.Why},
		{v.t("approvals.state"), q.State},
	}
	switch {
	case q.Status == operators.ApprovalAsked:
		data.Facts = append(data.Facts, [2]string{v.t("approvals.until"), v.at(q.LapsesAt).Full})
		note, err := v.decidable(q, &head)
		if err != nil {
			v.fail(err)
			return
		}
		data.Note = note
	default:
		if q.Decided.Who != "" {
			who := q.Decided.Who
			if q.Decided.Role == prepaid.Machine {
				who += ", " + v.t("approvals.on-machine")
			}
			data.Facts = append(data.Facts, [2]string{v.t("approvals.decided-by"), who}, [2]string{v.t("approvals.decided"), v.at(q.DecidedAt).Full},
				[2]string{v.t("approvals.decided-why"), q.Decided.Why})
		}
		if q.Outcome != "" {
			data.Facts = append(data.Facts, [2]string{v.t("approvals.outcome"), q.Outcome})
		}
	}
	v.show(http.StatusOK, page{Head: head, Template: "approval", Data: data})
}

// objectLinks lead to what a question is about, where that has a page.
func (v *visit) objectLinks(o operators.Object) []ui.Link {
	at := map[string][2]string{
		prepaid.OnOrder: {"orders", "wait.to-order"}, prepaid.OnCustomer: {"customers", "wait.to-customer"}, prepaid.OnKey: {"developers", "approvals.to-developer"},
	}[o.Kind]
	if at[0] == "" || o.ID == "" || v.brand == nil {
		return nil
	}
	return []ui.Link{{Href: v.path(at[0], o.ID), Text: v.t(at[1])}}
}

// decidable gives the page its two actions where the person may decide and it can still be done, and says what else is to be known.
func (v *visit) decidable(q operators.Approval, head *ui.Head) (note string, err error) {
	if _, err := v.Desk.Desk.Now(v.r.Context(), q); err != nil {
		note = v.t("approvals.not-now", "why", err.Error())
	}
	if v.Desk.Desk.MayDecide(v.actor, q) == nil {
		head.More = []ui.Link{{Href: approvalPath(q, "refuse"), Text: v.t("approvals.refuse")}}
		if note == "" {
			head.Action = &ui.Link{Href: approvalPath(q, "agree"), Text: v.t("approvals.agree")}
		}
		return note, nil
	}
	who, err := v.Desk.Desk.Deciders(v.r.Context(), q)
	if err != nil {
		return "", err
	}
	decide := v.t("approvals.may-decide", "who", strings.Join(who, ", "))
	if len(who) == 0 {
		decide = v.t("approvals.nobody", "command", "pulsa approvals decide "+string(q.ID)+" --approve --reason TEXT")
	}
	return strings.TrimSpace(note + " " + decide), nil
}

func (v *visit) agree() { v.decide(operators.Agree) }

func (v *visit) refuseApproval() { v.decide(operators.Refuse) }

// decide shows what a decision would do (GET), or makes it (POST).
func (v *visit) decide(verdict operators.Verdict) {
	q, ok := v.approval()
	if !ok {
		return
	}
	sends, key := v.r.Method == http.MethodPost, cmp.Or(v.r.PostForm.Get(fieldKey), prepaid.NewToken())
	reason := ui.Field{
		Name: fieldReason, Label: v.t("do.reason"), Hint: v.t("do.reason-hint"), Value: v.r.PostForm.Get(fieldReason), MaxLength: maxReason, Required: true,
	}
	title := v.t("approvals." + string(verdict))
	c := ui.Confirm{Title: title, Button: title, Action: v.r.URL.Path, Key: key, Back: approvalPath(q), Ready: true, Does: q.Does, Reads: q.Reads}
	if verdict == operators.Refuse {
		c.Does, c.Reads, c.Danger = v.t("approvals.refuses", "who", q.Asked.Who), "", true
	}
	status := http.StatusOK
	if sends {
		var err error
		if status, err = v.decided(q, verdict, key, &c, &reason); err == nil {
			v.redirect(withDone(approvalPath(q), key))
			return
		}
		var forbidden *operators.ForbiddenError
		switch {
		case errors.Is(err, operators.ErrNotFresh) && v.askIssuer():
			return
		case errors.As(err, &forbidden): // Decide has written the deed
			v.showRefused(forbidden.Act)
			return
		case status == http.StatusInternalServerError:
			v.fail(err)
			return
		}
	}
	c.Reason = reason
	v.show(status, page{Head: ui.Head{Title: title}, Template: "confirm-page", Data: c})
}

// decided makes a decision. Where it is not made, the form says why.
func (v *visit) decided(q operators.Approval, verdict operators.Verdict, key string, c *ui.Confirm, reason *ui.Field) (int, error) {
	code := &ui.Field{
		Name: fieldCode, Label: v.t("do.code"), Hint: v.t("do.code-hint"), Type: "password", InputMode: "numeric", Autocomplete: "one-time-code", MaxLength: 10, Required: true,
	}
	if typed := strings.TrimSpace(v.r.PostForm.Get(fieldCode)); typed != "" {
		actor, err := v.SignIn.Again(v.r, prepaid.NewSecret(typed))
		if err != nil {
			code.Error, c.Code = v.t("do.code-wrong"), code
			c.Errors = append(c.Errors, ui.FieldError{Field: fieldCode, Text: code.Error})
			return http.StatusUnprocessableEntity, err
		}
		v.actor = actor
	}
	_, err := v.Desk.Desk.Decide(v.r.Context(), v.actor, key, q.ID, verdict, reason.Value)
	var before *operators.DecidedError
	switch {
	case err == nil:
		return http.StatusOK, nil
	case errors.Is(err, operators.ErrNoReason):
		reason.Error = v.t("do.no-reason")
		c.Errors = append(c.Errors, ui.FieldError{Field: fieldReason, Text: reason.Error})
	case errors.Is(err, operators.ErrNotFresh):
		c.Code = code
	case errors.As(err, &before), errors.Is(err, operators.ErrOwnRequest), errors.Is(err, operators.ErrFormUsed), errors.Is(err, operators.ErrNoForm):
		c.Errors = append(c.Errors, ui.FieldError{Text: v.t("do.not-now", "why", err.Error())})
		return http.StatusConflict, err
	default:
		return http.StatusInternalServerError, err
	}
	return http.StatusUnprocessableEntity, err
}
