package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/operators"
	"pulsa/web/ui"
)

// Figures tells how a day goes at some brands; "" is what belongs to no brand.
type Figures interface {
	Today(ctx context.Context, brands []string) (operators.Today, error)
}

// todayRoutes are how today goes: at one brand, and at all of the person's.
func todayRoutes() []route {
	return []route{
		get("/{brand}/today", operators.ActSee, (*visit).today),
		get("/{brand}/today/figures", operators.ActSee, (*visit).todayFigures),
		get("/-/today", "", (*visit).today),
		get("/-/today/figures", "", (*visit).todayFigures),
	}
}

// todayEvery is how often the figures are read again.
const todayEvery = 10 * time.Second

// todayData is what the template "today" shows.
type todayData struct {
	Figures  []ui.Figure
	Declined ui.Table
	Held     ui.Table
	Waiting  ui.Table
	Channels ui.Table
	Empty    ui.State
}

// brandNames are the brands that a page is about: its own, or all of the person's, with what belongs to none where they see that.
func (v *visit) brandNames() []string {
	if v.brand != nil {
		return []string{v.brand.Name}
	}
	var names []string
	for _, b := range v.seen() {
		names = append(names, b.Name)
	}
	if v.actor.Sees("") {
		names = append(names, "")
	}
	return names
}

// today answers with the figures of the last 24 hours.
func (v *visit) today() {
	t, err := v.Figures.Today(v.r.Context(), v.brandNames())
	if err != nil {
		v.fail(err)
		return
	}
	fresh, err := v.freshToday(t)
	if err != nil {
		v.fail(err)
		return
	}
	head := ui.Head{Title: v.t("place.today"), Sentence: v.todaySentence(t)}
	if all := v.seen(); len(all) > 1 && v.brand != nil {
		head.More = []ui.Link{{Href: "/-/today", Text: v.t("today.all-brands")}}
	}
	v.show(http.StatusOK, page{Head: head, Template: "fresh", Data: fresh})
}

// todayFigures answers with the figures alone, for the page that stands open.
func (v *visit) todayFigures() {
	t, err := v.Figures.Today(v.r.Context(), v.brandNames())
	if err != nil {
		v.fail(err)
		return
	}
	fresh, err := v.freshToday(t)
	if err != nil {
		v.fail(err)
		return
	}
	v.part("fresh", fresh)
}

func (v *visit) freshToday(t operators.Today) (ui.Fresh, error) {
	approvals, err := v.Desk.Desk.ForMe(v.r.Context(), v.actor)
	if err != nil {
		return ui.Fresh{}, err
	}
	body, err := v.html("today", v.todayShown(t, len(approvals)))
	at := v.at(t.At)
	at.Short = t.At.In(v.zone()).Format("15:04:05")
	return ui.Fresh{ID: "today", From: v.path("today", "figures"), Every: todayEvery, AsOf: at, Body: body}, err
}

// todaySentence says how the day goes.
func (v *visit) todaySentence(t operators.Today) string {
	says := v.t("today.no-orders")
	if share := t.All.Share(); share >= 0 {
		says = v.t("today.sentence", "share", strconv.Itoa(share), "orders", number(int64(t.All.Orders)))
	}
	if t.WaitCount == 0 {
		return says + " " + v.t("today.nobody-waits")
	}
	return says + " " + v.t("today.waiting", "count", number(int64(t.WaitCount)), "age", v.span(t.At.Sub(t.OldestWait)))
}

func (v *visit) todayShown(t operators.Today, approvals int) todayData {
	data := todayData{Declined: v.declinedTable(t), Held: v.heldTable(t), Waiting: v.waitTable(t), Channels: v.lightsTable(t.Channels)}
	if t.All.Orders == 0 {
		data.Empty = ui.State{Title: v.t("today.first"), Text: v.t("today.first-text")}
		if to, ok := v.pathOf("channels"); ok {
			data.Empty.Link = &ui.Link{Href: to, Text: v.t("today.first-link")}
		}
	}
	data.Figures = slices.Concat(v.orderFigures(t), v.workFigures(t, approvals), v.walletFigures(t), v.alarmFigures(t))
	return data
}

// ordersLink leads to the brand's orders with these filters.
func (v *visit) ordersLink(pairs ...string) string {
	if v.brand == nil {
		return ""
	}
	return v.path("orders") + "?" + query(pairs...)
}

// orderFigures are orders and the share of them that was delivered, by hour.
func (v *visit) orderFigures(t operators.Today) []ui.Figure {
	since := v.t("today.24h")
	orders := ui.Figure{Label: v.t("today.orders"), Number: number(int64(t.All.Orders)), Since: since, Href: v.ordersLink("since", "24h")}
	share := ui.Figure{Label: v.t("today.delivered"), Number: "–", Since: since, Href: v.ordersLink("status", "delivered", "since", "24h")}
	if s := t.All.Share(); s >= 0 {
		share.Number, share.Unit, share.Tone = strconv.Itoa(s), "%", shareTone(s)
	}
	declined := ui.Figure{Label: v.t("today.declined"), Number: number(int64(t.All.Declined)), Since: since, Href: v.ordersLink("status", "declined", "since", "24h")}
	for _, h := range t.Hours {
		at := h.From.In(v.zone()).Format("15:04")
		orders.Points = append(orders.Points, ui.Point{Label: at, Value: float64(h.Orders)})
		declined.Points = append(declined.Points, ui.Point{Label: at, Value: float64(h.Declined)})
		p := ui.Point{Label: at, Value: float64(max(h.Share(), 0)), Text: "–"}
		if h.Share() >= 0 {
			p.Text = strconv.Itoa(h.Share()) + "%"
		}
		share.Points = append(share.Points, p)
	}
	return []ui.Figure{orders, share, declined}
}

// shareTone is what a share of delivered orders means.
func shareTone(percent int) ui.Tone {
	switch {
	case percent < 80:
		return ui.Bad
	case percent < 90:
		return ui.Wait
	}
	return ""
}

// workFigures are what waits for somebody.
func (v *visit) workFigures(t operators.Today, approvals int) []ui.Figure {
	waiting := ui.Figure{Label: v.t("today.waits"), Number: number(int64(t.WaitCount)), Href: v.placeLink("waiting")}
	if t.WaitCount > 0 {
		waiting.Tone, waiting.Unit = ui.Wait, v.t("today.oldest", "age", v.span(t.At.Sub(t.OldestWait)))
	}
	held := ui.Figure{Label: v.t("today.held"), Number: number(int64(t.HeldCount)), Href: v.ordersLink("status", "held")}
	if t.HeldCount > 0 {
		held.Tone = ui.Wait
	}
	differences := ui.Figure{Label: v.t("today.differences"), Number: number(int64(t.Differences)), Href: v.placeLink("waiting")}
	if differences.Href != "" {
		differences.Href += "?kind=difference"
	}
	mine := ui.Figure{Label: v.t("today.approvals"), Number: number(int64(approvals)), Href: v.placeLink("approvals")}
	if approvals > 0 {
		mine.Tone = ui.Wait
	}
	outbox := ui.Figure{Label: v.t("today.outbox"), Number: number(int64(t.Outbox)), Href: v.placeLink("channels")}
	if t.Outbox > 0 {
		age := t.At.Sub(t.OldestSend)
		outbox.Unit = v.t("today.oldest", "age", v.span(age))
		if age > time.Minute {
			outbox.Tone = ui.Wait
		}
	}
	return []ui.Figure{waiting, mine, held, differences, outbox}
}

// placeLink leads to a place; "" where the person may not see it.
func (v *visit) placeLink(name string) string {
	to, _ := v.pathOf(name)
	return to
}

// walletFigures are what our wallets hold, and for how long.
func (v *visit) walletFigures(t operators.Today) []ui.Figure {
	var all []ui.Figure
	for _, w := range t.Wallets {
		f := ui.Figure{Label: v.t("today.wallet", "network", w.Network), Number: money(w.Balance), Since: v.t("today.read-at", "time", v.clock(w.At))}
		if w.Hours >= 0 {
			f.Unit = v.t("today.lasts", "age", v.span(time.Duration(w.Hours*float64(time.Hour))))
			switch {
			case w.Hours < 6:
				f.Tone = ui.Bad
			case w.Hours < 24:
				f.Tone = ui.Wait
			}
		}
		if w.Balance.Minor <= 0 {
			f.Tone = ui.Bad
		}
		all = append(all, f)
	}
	return all
}

// alarmFigures tell whether somebody guesses.
func (v *visit) alarmFigures(t operators.Today) []ui.Figure {
	wrong := ui.Figure{Label: v.t("today.wrong-codes"), Number: number(t.WrongCodes), Since: v.t("today.10min")}
	if t.Wave {
		wrong.Tone, wrong.Unit = ui.Bad, v.t("today.wave")
	}
	locked := ui.Figure{Label: v.t("today.locked-pins"), Number: number(int64(t.Locked.PIN)), Since: v.t("today.now")}
	if v.brand != nil && hasRoute("GET", "/{brand}/customers") {
		locked.Href = v.path("customers") + "?locked=yes"
	}
	cards := ui.Figure{Label: v.t("today.locked-codes"), Number: number(int64(t.Locked.Codes)), Since: v.t("today.now")}
	codes := ui.Figure{Label: v.t("today.codes"), Number: number(int64(t.Codes.Sent)), Since: v.t("today.hour")}
	if t.Codes.Sent > 0 {
		share := t.Codes.Used * 100 / t.Codes.Sent
		codes.Unit = v.t("today.codes-used", "share", strconv.Itoa(share))
		if t.Codes.Sent >= 20 && share < 50 {
			codes.Tone = ui.Bad // codes that nobody types are sent for their price
		}
	}
	return []ui.Figure{wrong, locked, cards, codes}
}

// declinedTable is what was declined, by reason.
func (v *visit) declinedTable(t operators.Today) ui.Table {
	table := ui.Table{Caption: v.t("today.declined-by"), Columns: []ui.Column{{Name: v.t("today.reason")}, {Name: v.t("today.count"), Money: true}}}
	for _, r := range t.Declined {
		table.Rows = append(table.Rows, ui.Row{Href: v.ordersLink("status", "declined", "reason", r.Reason, "since", "24h"), Cells: []ui.Cell{
			{Text: v.reason(r.Reason)}, {Text: number(int64(r.Count))},
		}})
	}
	return table
}

// heldTable is what is held, and why.
func (v *visit) heldTable(t operators.Today) ui.Table {
	table := ui.Table{Caption: v.t("today.held-by"), Columns: []ui.Column{{Name: v.t("today.reason")}, {Name: v.t("today.count"), Money: true}, {Name: v.t("today.oldest-one")}}}
	for _, h := range t.Held {
		table.Rows = append(table.Rows, ui.Row{Href: v.ordersLink("status", "held", "reason", h.Reason), Cells: []ui.Cell{
			{Text: v.reason(h.Reason)}, {Text: number(int64(h.Count))}, {Text: v.span(t.At.Sub(h.Oldest))},
		}})
	}
	return table
}

// waitTable is what waits for people, by kind.
func (v *visit) waitTable(t operators.Today) ui.Table {
	table := ui.Table{Caption: v.t("today.waits"), Columns: []ui.Column{{Name: v.t("wait.what")}, {Name: v.t("today.count"), Money: true}, {Name: v.t("today.oldest-one")}}}
	for _, kind := range operators.WaitKinds() {
		for _, w := range t.Waiting {
			if w.Kind != kind {
				continue
			}
			table.Rows = append(table.Rows, ui.Row{Href: v.placeLink("waiting") + "?" + query("kind", string(kind)), Cells: []ui.Cell{
				{Text: v.t("wait.kind." + string(kind))}, {Text: number(int64(w.Count))}, {Text: v.span(t.At.Sub(w.Oldest))},
			}})
		}
	}
	return table
}

// lightsTable is how channels fare.
func (v *visit) lightsTable(all []operators.ChannelHealth) ui.Table {
	table := ui.Table{Caption: v.t("place.channels"), Columns: []ui.Column{{Name: v.t("channels.channel")}, {Name: v.t("channels.state")}, {Name: v.t("channels.sent"), Money: true}}}
	for _, h := range all {
		brand, _, _ := strings.Cut(h.Channel, "/")
		table.Rows = append(table.Rows, ui.Row{Href: "/" + brand + "/channels", Cells: []ui.Cell{
			{Text: h.Channel}, {Status: v.light(h)}, {Text: number(int64(h.Sent))},
		}})
	}
	return table
}

// light is a channel's.
func (v *visit) light(h operators.ChannelHealth) ui.Status {
	tone := map[string]ui.Tone{operators.ChannelOK: ui.Good, operators.ChannelDegraded: ui.Wait, operators.ChannelDown: ui.Bad}[h.State]
	if h.State == operators.ChannelDown && h.Intended {
		return ui.Status{Tone: ui.Idle, Word: v.t("channels.off")}
	}
	return ui.Status{Tone: tone, Word: v.t("channels." + h.State)}
}

// reason is a refusal's code in words, and the code itself where there are none.
func (v *visit) reason(code string) string {
	if code == "" {
		return v.t("today.no-reason")
	}
	return v.orderReason(code)
}

// span is a while as people say it: "3 h".
func (v *visit) span(d time.Duration) string {
	unit, n := "span.seconds", int(d/time.Second)
	switch {
	case d >= 48*time.Hour:
		unit, n = "span.days", int(d/(24*time.Hour))
	case d >= 2*time.Hour:
		unit, n = "span.hours", int(d/time.Hour)
	case d >= 2*time.Minute:
		unit, n = "span.minutes", int(d/time.Minute)
	}
	return v.t(unit, "n", strconv.Itoa(max(n, 0)))
}
