package desk

import (
	"errors"
	"slices"
	"strings"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// customerAction is something that can be done to a customer.
type customerAction struct {
	name   string // in the address, and among words: "unlock-pin"
	act    operators.Act
	caller bool // it waits until it is known who is calling
	danger bool
	// fits reports whether there is anything to do now.
	fits func(v *visit, s operators.Sheet) bool
	make func(v *visit, s operators.Sheet, f *typed) operators.Operation
	// fields are asked beside the reason.
	fields func(v *visit) []ui.Input
	closed bool // what is typed may stand in no address
}

func always(*visit, operators.Sheet) bool { return true }

// customerActions are what can be done to a customer, in the order in which the page shows them.
func customerActions() []customerAction {
	return []customerAction{
		{name: "unlock-pin", act: operators.ActHelp, caller: true,
			fits: func(_ *visit, s operators.Sheet) bool { return s.PINLocked || s.PINTries > 0 },
			make: func(v *visit, s operators.Sheet, _ *typed) operators.Operation {
				return operators.UnlockPIN{ForCaller: v.forCaller(s)}
			}},
		{name: "unlock-cards", act: operators.ActHelp,
			fits: func(v *visit, s operators.Sheet) bool { return v.cardsLocked(s) || s.CardsWrong > 0 },
			make: func(_ *visit, s operators.Sheet, _ *typed) operators.Operation {
				return operators.UnlockCards{OfCustomer: of(s)}
			}},
		{name: "reset-code", act: operators.ActHelp, caller: true,
			fits: func(_ *visit, s operators.Sheet) bool { return s.FrozenAt.IsZero() },
			make: func(v *visit, s operators.Sheet, _ *typed) operators.Operation {
				return operators.SendResetCode{ForCaller: v.forCaller(s)}
			}},
		{name: "resend", act: operators.ActHelp,
			fits: func(_ *visit, s operators.Sheet) bool { return len(s.Orders) > 0 },
			make: func(v *visit, s operators.Sheet, _ *typed) operators.Operation {
				op := operators.ResendResult{OfCustomer: of(s), Order: prepaid.OrderID(v.r.Form.Get("order"))}
				if op.Order == "" && len(s.Orders) > 0 {
					op.Order = s.Orders[0].ID
				}
				return op
			}},
		{name: "remove-way", act: operators.ActIdentity, caller: true,
			fits: func(_ *visit, s operators.Sheet) bool { return s.InstrumentID != "" && s.FrozenAt.IsZero() },
			make: func(v *visit, s operators.Sheet, _ *typed) operators.Operation {
				return operators.RemoveInstrument{ForCaller: v.forCaller(s), Instrument: s.InstrumentID}
			}},
		{name: "change-number", act: operators.ActIdentity, caller: true, danger: true, closed: true,
			fits: func(_ *visit, s operators.Sheet) bool { return s.FrozenAt.IsZero() },
			fields: func(v *visit) []ui.Input {
				return []ui.Input{{Field: ui.Field{Name: "number", Label: v.t("customer.new-number"), Hint: v.t("customer.new-number-hint"), Type: "tel", MaxLength: 40, Required: true}}}
			},
			make: func(v *visit, s operators.Sheet, f *typed) operators.Operation {
				to, err := prepaid.ParseMSISDN(f.text("number"), v.brand.Country)
				if err != nil {
					f.wrong("number", v.t("customer.new-number-wrong"))
				}
				return operators.ChangeNumber{ForCaller: v.forCaller(s), To: to}
			}},
		{name: "unfreeze", act: operators.ActBlock, danger: true,
			fits: func(_ *visit, s operators.Sheet) bool { return !s.FrozenAt.IsZero() },
			make: func(_ *visit, s operators.Sheet, _ *typed) operators.Operation {
				return operators.Unfreeze{OfCustomer: of(s)}
			}},
		{name: "unfreeze-nobody", act: operators.ActBlock, danger: true,
			fits: func(_ *visit, s operators.Sheet) bool { return !s.FrozenAt.IsZero() },
			make: func(_ *visit, s operators.Sheet, _ *typed) operators.Operation {
				return operators.UnfreezeForNobody{OfCustomer: of(s)}
			}},
		{name: "export", act: operators.ActIdentity, fits: always,
			make: func(v *visit, s operators.Sheet, _ *typed) operators.Operation {
				return operators.ExportData{OfCustomer: of(s), Person: v.actor.Person}
			}},
		{name: "close", act: operators.ActBlock, caller: true, danger: true,
			fits: func(_ *visit, s operators.Sheet) bool { return s.FrozenAt.IsZero() && s.Status != accounts.Blocked },
			make: func(v *visit, s operators.Sheet, _ *typed) operators.Operation {
				return operators.CloseAccount{ForCaller: v.forCaller(s)}
			}},
		{name: "erase", act: operators.ActErase, danger: true, fits: always,
			make: func(_ *visit, s operators.Sheet, _ *typed) operators.Operation {
				return operators.EraseCustomer{OfCustomer: of(s), DespiteDebt: s.Status == accounts.Blocked}
			}},
	}
}

func of(s operators.Sheet) operators.OfCustomer {
	return operators.OfCustomer{Brand: s.Brand, Customer: s.ID}
}

func (v *visit) forCaller(s operators.Sheet) operators.ForCaller {
	return operators.ForCaller{OfCustomer: of(s), Person: v.actor.Person, AskedAt: v.Clock.Now()}
}

// customerActionRow is an action as the page shows it.
type customerActionRow struct {
	Title, Sentence string
	Href            string // "" where something is missing
	Missing         string // what is
}

// customerActionRows are the actions that fit now. One that the person may not do says who may; one that waits for the caller says so.
func (v *visit) customerActionRows(s operators.Sheet) []customerActionRow {
	var rows []customerActionRow
	for _, a := range customerActions() {
		if !a.fits(v, s) {
			continue
		}
		row := customerActionRow{Title: v.t("action." + a.name), Sentence: v.t("action." + a.name + "-text")}
		switch right := v.may(a.act); {
		case right == operators.Not:
			row.Missing = v.t("action.for", "roles", rolesOf(a.act))
		case a.caller && !s.Caller.Verified():
			row.Missing = v.t("action.caller")
		default:
			row.Href = v.customerPath(a.name)
			if right == operators.Asks {
				row.Sentence += " " + v.t("do.asks")
			}
		}
		rows = append(rows, row)
	}
	return append(rows, v.customerLinks(s)...)
}

// customerLinks are what is done on other pages.
func (v *visit) customerLinks(s operators.Sheet) []customerActionRow {
	var rows []customerActionRow
	if s.Status == accounts.Blocked && v.may(operators.ActBooks) != operators.Not {
		rows = append(rows, customerActionRow{Title: v.t("wait.do.paid"), Sentence: v.t("action.paid-text"), Href: v.path("waiting", prepaid.OnCustomer, string(s.ID), "paid")})
	}
	if _, ok := v.pathOf("blocks"); ok && v.may(operators.ActBlock) != operators.Not {
		rows = append(rows, customerActionRow{Title: v.t("action.block"), Sentence: v.t("action.block-text"), Href: v.path("blocks", "add")})
	}
	return rows
}

// rolesOf names the roles that may do an act, or ask for it.
func rolesOf(act operators.Act) string {
	var roles []string
	for _, row := range operators.TableOfRights() {
		if row.Act != act {
			continue
		}
		for _, role := range operators.Roles() {
			if right := row.Rights[role]; right == operators.May || right == operators.Asks {
				roles = append(roles, string(role))
			}
		}
	}
	return strings.Join(roles, ", ")
}

// runCustomer shows what an action would do to a customer, and does it.
func (v *visit) runCustomer() {
	s, err := v.Desk.Desk.Customers.Sheet(v.r.Context(), v.actor, v.brand.Name, v.customerID())
	if errors.Is(err, accounts.ErrNoCustomer) && v.wasSent(v.path("orders")) { // erased by this form
		return
	}
	if err != nil {
		v.fail(err)
		return
	}
	all := customerActions()
	name := v.route.Pattern[strings.LastIndexByte(v.route.Pattern, '/')+1:]
	a := all[slices.IndexFunc(all, func(a customerAction) bool { return a.name == name })]
	t := task{Title: v.t("action." + a.name), Back: v.customerPath(), Danger: a.danger, Closed: a.closed,
		Read: func(f *typed) operators.Operation { return a.make(v, s, f) }}
	if a.fields != nil {
		t.Fields = a.fields(v)
	}
	if a.name == "close" || a.name == "erase" {
		t.Done = func(operators.Operation, operators.Result) string { return v.path("orders") }
	}
	v.run(t)
}
