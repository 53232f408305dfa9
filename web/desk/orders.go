package desk

import (
	"net/http"

	"pulsa/operators"
	"pulsa/topup"
	"pulsa/web/ui"
)

// ordersRoutes are the list of orders.
func ordersRoutes() []route {
	return []route{get("/{brand}/orders", operators.ActSee, (*visit).listOrders)}
}

// listOrders answers with a page of the brand's orders, newest first.
func (v *visit) listOrders() {
	list, err := v.Desk.Desk.Orders.Search(v.r.Context(), v.brand.Name, operators.OrderQuery{Limit: 50, After: v.r.Form.Get("after")})
	if err != nil {
		v.fail(err)
		return
	}
	t := ui.Table{Caption: v.t("place.orders"), Columns: []ui.Column{
		{Name: v.t("orders.number")}, {Name: v.t("orders.status")}, {Name: v.t("orders.phone")}, {Name: v.t("orders.amount"), Money: true}, {Name: v.t("orders.made")},
	}, Empty: ui.State{Title: v.t("orders.none"), Text: v.t("orders.none-text")}}
	for _, o := range list.Orders {
		t.Rows = append(t.Rows, ui.Row{Href: v.path("orders", string(o.ID)), ID: string(o.ID), Cells: []ui.Cell{
			{Text: o.ID.Grouped(), Mono: true}, {Status: v.orderStatus(o.Status), Second: o.Reason}, {Text: o.Number}, {Text: o.Amount + " " + string(o.Currency)}, {Time: v.at(o.CreatedAt)},
		}})
	}
	if list.Next != "" {
		t.Next = v.path("orders") + "?" + query("after", list.Next)
	}
	if v.r.Form.Get("after") != "" {
		t.First = v.path("orders")
	}
	v.show(http.StatusOK, page{Head: ui.Head{Title: v.t("place.orders")}, Template: "orders", Data: t})
}

// orderStatus is where an order stands, as pages show it.
func (v *visit) orderStatus(s topup.Status) ui.Status {
	tone := ui.Wait
	switch s {
	case topup.Delivered:
		tone = ui.Good
	case topup.Declined, topup.RefundFailed:
		tone = ui.Bad
	case topup.Refunded:
		tone = ui.Idle
	}
	return ui.Status{Tone: tone, Word: v.t("order.status." + string(s))}
}
