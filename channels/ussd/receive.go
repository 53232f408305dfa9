package ussd

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pulsa/channels"
	"pulsa/channels/wire"
	"pulsa/prepaid"
)

// patience is how long we take the gateway to wait for a screen before it drops the session.
const patience = 5 * time.Second

const (
	maxSession = 128 // bytes of a session's name
	maxNumber  = 32  // bytes of a message's number within its session
	maxInputs  = 200 // of one session: no network lets one last that long
)

// private is what an answer needs of its message.
type private struct {
	Turns  pageTurns
	Echoes map[string]wire.Echo // what the line's templates repeat of the request
}

// Receive implements channels.Adapter. A message's id is its session with the gateway's number of it, or with how many inputs there
// were, or with something that never comes again; never the inputs: they hold PINs.
func (a *Adapter) Receive(r *http.Request, c channels.Channel) (channels.Received, error) {
	l, err := a.line(c)
	if err != nil {
		return channels.Received{}, channels.ErrNotAuthentic // the channel is off: its Check says why
	}
	got, err := l.read(r, c)
	if err != nil {
		return channels.Received{}, err
	}
	session, named := got.At(l.session)
	if session == "" && l.ofSender {
		named = false
	} else if odd(session, maxSession) {
		return channels.Received{}, channels.BadRequest("%s is missing or odd", l.session)
	}
	text, said := got.At(l.text)
	kind, _ := got.At(l.kind)
	if _, closed := got.At(l.closed); closed && !said || isOne(kind, l.closes) {
		return channels.Received{}, nil // the gateway reports how a session has ended
	}
	from, _ := got.At(l.from)
	caller, ok := l.numbers.Read(from, c.Brand.Country)
	if !ok {
		return channels.Received{}, channels.BadRequest("%s is missing or no number", l.from)
	}
	in, err := l.message(got, c, session, channels.CleanText(text))
	if err != nil {
		return channels.Received{}, err
	}
	if !named && in.Dial.Opens { // the next message names no session, and is typed in this one
		in.Dial.Session = "sender-" + prepaid.NewToken()
		in.ID = in.Dial.Session + "/0"
	}
	can, _ := channels.Of(channels.USSD)
	can.MaxUnits = 0 // the answer comes whole: it is cut into pages here
	in.Address, in.Can, in.ReceivedAt = caller.Tel(), can, a.clock.Now()
	in.Deadline = in.ReceivedAt.Add(patience)
	in.Labels = []channels.Label{channels.LabelMore, channels.LabelBack}
	return channels.Received{Messages: []channels.Inbound{in}}, nil
}

// message reads what was dialled or typed.
func (l *line) message(r *wire.Request, c channels.Channel, session, text string) (channels.Inbound, error) {
	more := moreKey(c.Brand)
	dial := &channels.Dial{Session: session, Single: l.textIs == lastInput}
	note := private{Echoes: l.echoes(r)}
	in := channels.Inbound{Dial: dial}
	var inputs []string
	switch {
	case !dial.Single && l.textIs == allInputs:
		inputs = splitInputs(text)
	case !dial.Single:
		inputs, _ = l.behindCode(r, text)
	default:
		inputs, dial.Opens = l.opened(r, text)
	}
	if len(inputs) > maxInputs {
		return in, channels.BadRequest("%s holds more than %d inputs", l.text, maxInputs)
	}
	if dial.Single && !dial.Opens {
		switch in.Text = text; text {
		case more:
			dial.Turn = channels.LabelMore
		case keyBack:
			dial.Turn = channels.LabelBack
		}
		number, _ := r.At(l.number)
		switch {
		case number == "" || session == "":
			dial.Unnumbered = true
			in.ID = session + "/once-" + prepaid.NewToken()
		case odd(number, maxNumber):
			return in, channels.BadRequest("%s is odd", l.number)
		default:
			in.ID = session + "/n" + number
		}
	} else if dial.Single { // a session is opened once, however often that is said
		dial.Inputs, in.ID = inputs, session+"/0"
	} else {
		dial.Inputs, note.Turns = cutTurns(inputs, more)
		in.ID = session + "/" + strconv.Itoa(len(dial.Inputs))
	}
	if n := len(dial.Inputs); n > 0 {
		in.Text = dial.Inputs[n-1]
	}
	in.Private = note
	return in, nil
}

// opened reads what was dialled, where each request holds what was typed last; opens is false for what was typed in a session.
func (l *line) opened(r *wire.Request, text string) (inputs []string, opens bool) {
	inputs, dialled := l.behindCode(r, text)
	if len(l.opens) > 0 {
		kind, _ := r.At(l.kind)
		return inputs, isOne(kind, l.opens)
	}
	return inputs, dialled
}

// behindCode reads what was dialled behind the code: *123*10*4821# is 10 and 4821. ok is false for what was not dialled.
func (l *line) behindCode(r *wire.Request, text string) (inputs []string, ok bool) {
	text = strings.TrimSpace(text)
	full, dialled := strings.CutSuffix(text, "#")
	dialled = dialled && strings.HasPrefix(full, "*")
	at, _ := r.At(l.codeAt)
	if at = strings.TrimSpace(at); at != "" && at == text {
		return nil, true
	}
	for _, code := range []string{at, l.code} {
		code = strings.Trim(code, "*# ")
		if rest, found := strings.CutPrefix(full, "*"+code); dialled && code != "" && found {
			if rest == "" {
				return nil, true
			}
			if rest, found = strings.CutPrefix(rest, "*"); found {
				return splitInputs(rest), true
			}
		}
	}
	return nil, dialled
}

// echoes are the fields that the answers repeat.
func (l *line) echoes(r *wire.Request) map[string]wire.Echo {
	echoes := l.more.Echoes(r)
	for name, echo := range l.end.Echoes(r) {
		if echoes == nil {
			echoes = map[string]wire.Echo{}
		}
		echoes[name] = echo
	}
	return echoes
}

// odd reports whether a name that the gateway gives can't be kept.
func odd(name string, most int) bool {
	return name == "" || len(name) > most || strings.ContainsFunc(name, unicode.IsControl) || channels.CleanText(name) != name
}

// isOne reports whether a word is one of some, in capitals or not.
func isOne(word string, of []string) bool {
	return slices.ContainsFunc(of, func(one string) bool { return strings.EqualFold(one, word) })
}

// splitInputs parts what was typed since the code was dialled.
func splitInputs(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "*")
}
