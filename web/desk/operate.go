package desk

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// task is an operation as a form runs it.
type task struct {
	Title  string // verb and number: "Refund €10.00"
	Button string // "" is the title
	Back   string // where Cancel and the result lead
	Danger bool   // it can't be undone
	Why    string // said in the record; then no reason is asked
	Closed bool   // what is typed into Fields may stand in no address: the form is posted to find out what would happen
	// Fields are what is asked beside the reason. Their values, and the options chosen, are what is proposed: what was typed takes their place.
	Fields []ui.Input
	// Read makes the operation of what was typed. It tells what is wrong by typed.wrong.
	Read func(f *typed) operators.Operation
	// Name is title and button where they depend on what was typed; nil where they don't.
	Name func(op operators.Operation) (title, button string)
	// Done leads elsewhere than Back once it was done; nil for Back.
	Done func(op operators.Operation, r operators.Result) string
}

// typed is what was typed into the fields of a form.
type typed struct {
	fields []ui.Input
	values url.Values
	errors map[string]string
}

// text is what was typed into a field, or the field's own value where the form was not sent yet.
func (f *typed) text(name string) string {
	if f.values.Has(name) {
		return strings.TrimSpace(f.values.Get(name))
	}
	i := slices.IndexFunc(f.fields, func(i ui.Input) bool { return i.Name == name })
	if i < 0 {
		return ""
	}
	for _, o := range f.fields[i].Options {
		if o.Chosen {
			return o.Value
		}
	}
	return f.fields[i].Value
}

// wrong says what is wrong with a field, and what to type instead.
func (f *typed) wrong(name, says string) {
	if f.errors[name] == "" {
		f.errors[name] = says
	}
}

// shown are the fields with what was typed and what is wrong with it.
func (f *typed) shown() []ui.Input {
	all := slices.Clone(f.fields)
	for i := range all {
		all[i].Value, all[i].Error = f.text(all[i].Name), f.errors[all[i].Name]
		all[i].Options = slices.Clone(all[i].Options)
		for j, o := range all[i].Options {
			all[i].Options[j].Chosen = o.Value == all[i].Value
		}
	}
	return all
}

// The fields that each form of an operation has.
const (
	fieldReason = "reason"
	fieldCode   = "code"
	fieldKey    = "key"
	fieldSeen   = "seen" // a hash of what the person was told would happen
	fieldSaw    = "saw"  // its sentence
)

// maxReason is how long a reason may be, in characters.
const maxReason = 500

// run shows what an operation would do (GET), or carries it out (POST). What was typed stays after an error. Sent twice, the form does
// its work once.
func (v *visit) run(t task) {
	if v.wasSent(t.Back) {
		return
	}
	sends, key := v.r.Method == http.MethodPost, v.r.PostForm.Get(fieldKey)
	f := &typed{fields: t.Fields, values: v.r.Form, errors: map[string]string{}}
	p := &panel{visit: v, task: t, typed: f, key: cmp.Or(key, prepaid.NewToken())}
	p.op = t.Read(f)
	if len(f.errors) > 0 {
		asked := slices.ContainsFunc(t.Fields, func(i ui.Input) bool { return v.r.Form.Has(i.Name) })
		if !sends && !asked { // nothing was typed yet
			clear(f.errors)
		}
		p.show(sends)
		return
	}
	if !p.plan() {
		return
	}
	if !sends || t.Closed && !v.r.PostForm.Has(fieldSeen) {
		p.show(false)
		return
	}
	p.carry()
}

// wasSent leads to what came of a form that was sent before. It reports false where none was.
func (v *visit) wasSent(back string) bool {
	key := v.r.PostForm.Get(fieldKey)
	if v.r.Method != http.MethodPost || key == "" {
		return false
	}
	_, known, err := v.Forms.Sent(v.r.Context(), v.actor.Person, key)
	if err != nil {
		v.fail(err)
		return true
	}
	if known {
		v.redirect(withDone(back, key))
	}
	return known
}

// panel is a form under way.
type panel struct {
	*visit
	task
	typed   *typed
	op      operators.Operation
	key     string
	told    operators.Plan
	right   operators.Right
	ready   bool // told is known
	general string
	changed bool
	code    *ui.Field
}

// plan finds out what the operation would do. It answers, and returns false, where that can't be known.
func (p *panel) plan() bool {
	told, right, err := p.Desk.Desk.Check(p.r.Context(), p.actor, p.op)
	var field *operators.FieldError
	var forbidden *operators.ForbiddenError
	switch {
	case err == nil:
		p.told, p.right, p.ready = told, right, true
		return true
	case errors.As(err, &forbidden):
		p.refuse(forbidden.Act)
	case errors.As(err, &field) && slices.ContainsFunc(p.Fields, func(i ui.Input) bool { return i.Name == field.Field }):
		p.typed.wrong(field.Field, field.Err.Error())
		p.show(true)
	case slices.ContainsFunc(missing, func(m error) bool { return errors.Is(err, m) }):
		p.notHere()
	default:
		p.Log.InfoContext(p.r.Context(), "desk: operation not possible", "operation", p.op.Kind(), "error", err)
		p.general = p.t("do.not-now", "why", p.whyNot(err))
		p.show(true)
	}
	return false
}

// carry does it.
func (p *panel) carry() {
	if seen := p.r.PostForm.Get(fieldSeen); seen != hashOf(p.told) {
		p.changed = true
		p.show(true)
		return
	}
	if code := strings.TrimSpace(p.r.PostForm.Get(fieldCode)); code != "" {
		actor, err := p.SignIn.Again(p.r, prepaid.NewSecret(code))
		if err != nil {
			p.askCode(p.codeRefused(err))
			return
		}
		p.actor = actor
	}
	reason := cmp.Or(p.task.Why, p.r.PostForm.Get(fieldReason))
	r, err := p.Desk.Desk.Do(p.r.Context(), p.actor, p.key, p.op, reason)
	var forbidden *operators.ForbiddenError
	switch {
	case err == nil && r.Once != nil:
		p.visit.show(http.StatusOK, page{Head: ui.Head{Title: r.Text}, Template: "once", Data: once{*r.Once, p.Back}})
	case err == nil:
		to := p.Back
		if p.task.Done != nil && r.Asked == "" {
			to = p.task.Done(p.op, r)
		}
		p.redirect(withDone(to, p.key))
	case errors.Is(err, operators.ErrNoReason):
		p.typed.wrong(fieldReason, p.t("do.no-reason"))
		p.show(true)
	case errors.Is(err, operators.ErrNotFresh):
		p.askCode("")
	case errors.As(err, &forbidden):
		p.showRefused(forbidden.Act) // Do has written the deed
	default:
		p.Log.WarnContext(p.r.Context(), "desk: operation failed", "operation", p.op.Kind(), "error", err)
		p.key = prepaid.NewToken() // the one before may have ended
		p.general = p.t("do.not-now", "why", p.whyNot(err))
		if p.told, p.right, err = p.Desk.Desk.Check(p.r.Context(), p.actor, p.op); err != nil {
			p.ready = false
		}
		p.show(true)
	}
}

// codeRefused says why a code was not taken.
func (p *panel) codeRefused(err error) string {
	if errors.Is(err, ErrWrongCode) {
		return p.t("do.code-wrong")
	}
	_, text := p.refusal(err)
	return text
}

// askCode asks for the second factor again.
func (p *panel) askCode(wrong string) {
	if p.askIssuer() {
		return
	}
	p.code = &ui.Field{
		Name: fieldCode, Label: p.t("do.code"), Hint: p.t("do.code-hint"), Error: wrong, Type: "password",
		InputMode: "numeric", Autocomplete: "one-time-code", MaxLength: 10, Required: true,
	}
	p.show(true)
}

// show answers with the panel.
func (p *panel) show(refused bool) {
	title, button := p.Title, cmp.Or(p.Button, p.Title)
	if p.ready && p.Name != nil {
		title, button = p.Name(p.op)
	}
	c := ui.Confirm{
		Title: title, Button: button, Danger: p.Danger, Back: p.Back, Action: p.r.URL.Path, Key: p.key, Fields: p.typed.shown(),
		Ready: p.ready, Post: p.Closed, Does: p.told.Does, Reads: p.told.Reads, Seen: hashOf(p.told), Code: p.code,
		Reason: ui.Field{
			Name: fieldReason, Label: p.t("do.reason"), Hint: p.t("do.reason-hint"), Error: p.typed.errors[fieldReason],
			Value: p.r.Form.Get(fieldReason), MaxLength: maxReason, Required: true,
		},
		Hidden: append(p.carried(), [2]string{fieldSaw, p.told.Does}),
	}
	if p.task.Why != "" {
		c.Reason = ui.Field{}
	}
	if p.right == operators.Asks {
		c.Asks = p.t("do.asks")
	}
	if p.changed {
		c.Changed, c.Before = p.t("do.changed"), p.r.PostForm.Get(fieldSaw)
	}
	if p.general != "" {
		c.Errors = append(c.Errors, ui.FieldError{Text: p.general})
	}
	for _, i := range append(slices.Clone(c.Fields), ui.Input{Field: c.Reason}) {
		if i.Error != "" {
			c.Errors = append(c.Errors, ui.FieldError{Field: i.Name, Text: i.Error})
		}
	}
	if c.Code != nil && c.Code.Error != "" {
		c.Errors = append(c.Errors, ui.FieldError{Field: fieldCode, Text: c.Code.Error})
	}
	status := http.StatusOK
	switch {
	case p.changed:
		status = http.StatusConflict
	case refused:
		status = http.StatusUnprocessableEntity
	}
	p.visit.show(status, page{Head: ui.Head{Title: title}, Template: "confirm-page", Data: c})
}

// carried is what the address says beside the fields: the form sends it along.
func (p *panel) carried() [][2]string {
	own := []string{fieldReason, fieldCode, fieldKey, fieldSeen, fieldSaw, doneParam}
	for _, i := range p.Fields {
		own = append(own, i.Name)
	}
	var all [][2]string
	for _, name := range slices.Sorted(maps.Keys(p.r.Form)) {
		if !slices.Contains(own, name) {
			all = append(all, [2]string{name, p.r.Form.Get(name)})
		}
	}
	return all
}

// hashOf names what a person was told would happen.
func hashOf(p operators.Plan) string {
	sum := sha256.Sum256([]byte(p.Does + "\x00" + p.Reads))
	return hex.EncodeToString(sum[:8])
}

// doneParam names, in an address, the form whose result the page tells.
const doneParam = "done"

// withDone is an address whose page tells what came of a form.
func withDone(to, key string) string {
	at, err := url.Parse(to)
	if err != nil {
		return to
	}
	q := at.Query()
	q.Set(doneParam, key)
	at.RawQuery = q.Encode()
	return at.String()
}

// undoFor is how long what was done can be undone.
const undoFor = 10 * time.Minute

// banner tells what came of the form that the address names.
func (v *visit) banner() ui.Banner {
	key := v.r.URL.Query().Get(doneParam)
	if key == "" {
		return ui.Banner{}
	}
	sent, known, err := v.Forms.Sent(v.r.Context(), v.actor.Person, key)
	if err != nil || !known {
		return ui.Banner{}
	}
	r, at := sent.Result, sent.EndedAt
	b := ui.Banner{Tone: ui.Good, Text: r.Text}
	if at.IsZero() {
		b.Tone, b.Text = ui.Wait, v.t("do.under-way")
	}
	if r.Asked != "" {
		b.Tone, b.Text = ui.Wait, v.t("do.sent-back")
	}
	if until := at.Add(undoFor); r.Undo != nil && v.Clock.Now().Before(until) && v.brand != nil {
		b.Undo = &ui.UndoForm{Action: v.path("undo"), Key: prepaid.NewToken(), Token: key, Until: v.at(until)}
	}
	return b
}

// undo undoes what a form of the person's did, within ten minutes.
func (v *visit) undo() {
	what, key := v.r.PostForm.Get("what"), v.r.PostForm.Get(fieldKey)
	sent, known, err := v.Forms.Sent(v.r.Context(), v.actor.Person, what)
	if err != nil {
		v.fail(err)
		return
	}
	r, at := sent.Result, sent.EndedAt
	if !known || r.Undo == nil || !v.Clock.Now().Before(at.Add(undoFor)) || key == "" {
		v.state(http.StatusConflict, "do.undo-late", "")
		return
	}
	_, err = v.Desk.Desk.Do(v.r.Context(), v.actor, key, r.Undo, v.t("do.undo-why"))
	switch {
	case errors.Is(err, operators.ErrNotFresh):
		v.state(http.StatusConflict, "state.failed", v.t("do.code-hint"))
		return
	case err != nil:
		v.fail(err)
		return
	}
	v.redirect(withDone(v.backFrom(), key))
}

// backFrom is the page of ours that a form was sent from.
func (v *visit) backFrom() string {
	from, err := url.Parse(v.r.Referer())
	if err != nil || from.Host != v.r.Host || from.Path == "" {
		return v.path()
	}
	q := from.Query()
	q.Del(doneParam)
	return (&url.URL{Path: from.Path, RawQuery: q.Encode()}).String()
}

// once is what the template "once" shows.
type once struct {
	operators.HandedOut
	Back string
}
