package desk

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// listLimit is how much a list may have, in bytes: far more than the most that is blocked at once.
const listLimit = 1 << 20

// takesFile lets a form send a list as a file, and then in its field as well.
func takesFile(routes []route) []route {
	for i := range routes {
		routes[i].limit = 2*listLimit + formLimit
	}
	return routes
}

// addBlocks blocks what is on a list, pasted or sent as a file. It is posted, and stands in no address. What a file says is shown in the field of
// the list, where it can be mended.
func (v *visit) addBlocks() {
	kind := ui.Input{Field: ui.Field{Name: "kind", Label: v.t("blocks.kind"), Required: true}}
	for _, k := range operators.BlockKinds() {
		kind.Options = append(kind.Options, ui.Option{Value: string(k), Label: v.t("blocks.kind." + strings.ToLower(string(k))), Chosen: k == operators.BlockNumber})
	}
	v.run(task{
		Title: v.t("blocks.add"), Back: v.path("blocks"), Closed: true, TakesFile: true, Fields: []ui.Input{
			kind,
			{Field: ui.Field{Name: "list", Label: v.t("blocks.list"), Hint: v.t("blocks.list-hint")}, Rows: 6},
			{Field: ui.Field{Name: "file", Label: v.t("blocks.file"), Hint: v.t("blocks.file-hint"), Type: "file"}},
			{Field: ui.Field{Name: "unread", Label: v.t("blocks.unread")}, Options: []ui.Option{
				{Value: "stop", Label: v.t("blocks.unread.stop"), Chosen: true}, {Value: "skip", Label: v.t("blocks.unread.skip")},
			}},
			v.untilField(),
		},
		Read: func(f *typed) operators.Operation {
			v.readFile(f)
			list := v.Desk.Desk.ReadBlocks(v.brand, operators.BlockKind(f.text("kind")), f.text("list"))
			op := operators.AddBlocks{Brand: v.brand.Name, Batch: v.batch(), All: list.All, Until: v.until(f)}
			switch {
			case len(list.Unread) > 0 && f.text("unread") != "skip":
				f.wrong("list", v.unreadLines(list.Unread))
			case len(list.All) == 0:
				f.wrong("list", v.t("blocks.list-empty"))
			default:
				op.LeftOut = len(list.Unread)
			}
			return op
		},
	})
}

// batch names what a form blocks together: sent twice, it is the same.
func (v *visit) batch() string { return cmp.Or(v.r.PostForm.Get(fieldKey), prepaid.NewToken()) }

// readFile adds what a file says to the list.
func (v *visit) readFile(f *typed) {
	if v.r.MultipartForm == nil || len(v.r.MultipartForm.File["file"]) == 0 {
		return
	}
	sent, err := v.r.MultipartForm.File["file"][0].Open()
	if err != nil {
		f.wrong("file", v.t("blocks.file-not-text"))
		return
	}
	defer sent.Close()
	content, err := io.ReadAll(io.LimitReader(sent, listLimit+1))
	if err == nil && len(content) > listLimit {
		f.wrong("file", v.t("blocks.file-too-big"))
		return
	}
	var text string
	if err == nil {
		text, err = operators.TextOf(content)
	}
	if err != nil {
		f.wrong("file", v.t("blocks.file-not-text"))
		return
	}
	if typed := f.text("list"); typed != "" {
		text = typed + "\n" + text
	}
	f.values.Set("list", text)
}

// mostLines is how many lines of a fault are named.
const mostLines = 20

// unreadLines says which lines can't be read, by what to write instead.
func (v *visit) unreadLines(all []operators.UnreadLine) string {
	var faults []operators.LineFault
	lines := map[operators.LineFault][]string{}
	for _, l := range all {
		if lines[l.Why] == nil {
			faults = append(faults, l.Why)
		}
		lines[l.Why] = append(lines[l.Why], strconv.Itoa(l.Line))
	}
	var says []string
	for _, why := range faults {
		of := lines[why]
		where := v.t("blocks.lines", "lines", strings.Join(of[:min(len(of), mostLines)], ", "))
		switch {
		case len(of) == 1:
			where = v.t("blocks.line", "line", of[0])
		case len(of) > mostLines:
			where = v.t("blocks.lines-more", "lines", strings.Join(of[:mostLines], ", "), "more", strconv.Itoa(len(of)-mostLines))
		}
		says = append(says, where+": "+v.t("blocks.fault."+string(why)))
	}
	return strings.Join(says, " ")
}

// blockOfCustomer blocks a customer's number, way to pay, or the addresses that they write from. None of them is shown whole, or stands in an
// address.
func (v *visit) blockOfCustomer(s operators.Sheet, f *typed) operators.Operation {
	op := operators.AddBlocks{Brand: s.Brand, Batch: v.batch(), Until: v.until(f)}
	var err error
	if op.All, err = v.Desk.Desk.BlocksOf(v.r.Context(), s.Brand, s.ID, operators.BlockKind(f.text("what"))); err != nil {
		f.wrong("what", v.whyNot(err))
	}
	return op
}

// blockOfCustomerFields are what there is to block of a customer.
func (v *visit) blockOfCustomerFields(s operators.Sheet) []ui.Input {
	of := func(k operators.BlockKind, shows ...string) ui.Option {
		label := v.t("blocks.of." + string(k))
		if shows = slices.DeleteFunc(shows, func(s string) bool { return s == "" }); len(shows) > 0 {
			label += ": " + strings.Join(shows, ", ")
		}
		return ui.Option{Value: string(k), Label: label, Chosen: k == operators.BlockNumber}
	}
	what := ui.Input{Field: ui.Field{Name: "what", Label: v.t("blocks.what"), Required: true}, Options: []ui.Option{of(operators.BlockNumber, s.Number)}}
	if s.InstrumentID != "" {
		what.Options = append(what.Options, of(operators.BlockInstrument, s.Instrument))
	}
	var addresses []string
	for _, a := range s.Addresses {
		addresses = append(addresses, a.Address)
	}
	what.Options = append(what.Options, of(operators.BlockAddress, addresses...))
	return []ui.Input{what, v.untilField()}
}

// untilForm is how the end of a block or a pause is typed.
const untilForm = "2006-01-02 15:04"

func (v *visit) untilField() ui.Input {
	return ui.Input{Field: ui.Field{Name: "until", Label: v.t("blocks.until"), Hint: v.t("blocks.until-hint", "zone", zoneName(v.zone()))}}
}

// until reads the end, in the person's zone; zero where none was typed.
func (v *visit) until(f *typed) time.Time {
	text := f.text("until")
	if text == "" {
		return time.Time{}
	}
	at, err := time.ParseInLocation(untilForm, text, v.zone())
	if err != nil {
		f.wrong("until", v.t("blocks.until-hint", "zone", zoneName(v.zone())))
	}
	return at
}
