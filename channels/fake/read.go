package fake

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"unicode"

	"pulsa/channels"
	"pulsa/prepaid"
)

const (
	maxText = 64 << 10
	maxID   = 200
)

// readMessage reads a message of a brand's country from a request's body. The error about a bad one quotes no value of it.
func readMessage(body []byte, country string) (channels.Inbound, error) {
	var m Message
	if err := decode(body, &m); err != nil {
		return channels.Inbound{}, err
	}
	if len(m.Text) > maxText {
		return channels.Inbound{}, channels.ErrTooLarge
	}
	switch {
	case m.ID == "":
		return channels.Inbound{}, channels.BadRequest(`"id" is missing: any text that no other message has`)
	case len(m.ID) > maxID || strings.ContainsFunc(m.ID, unicode.IsControl):
		return channels.Inbound{}, channels.BadRequest(`"id" must be at most %d bytes without control characters`, maxID)
	case len(m.Session) > maxID || strings.ContainsFunc(m.Session, unicode.IsControl):
		return channels.Inbound{}, channels.BadRequest(`"session" must be at most %d bytes without control characters`, maxID)
	case m.From == "":
		return channels.Inbound{}, channels.BadRequest(`"from" is missing: a number such as "+31612345678"`)
	}
	if m.As == "" {
		m.As = string(channels.SMS)
	}
	can, ok := channels.Of(channels.Kind(m.As))
	if !ok {
		return channels.Inbound{}, channels.BadRequest(`"as" must be sms, telegram, whatsapp, ussd or web`)
	}
	can.InResponse = true
	from, ok := address(m.From, can.Kind)
	if !ok {
		return channels.Inbound{}, channels.BadRequest(`"from" must be a number such as "+31612345678"`)
	}
	if _, _, ok := channels.ReadButton(m.Button); m.Button != "" && !ok {
		return channels.Inbound{}, channels.BadRequest(`"button" must be the "id" of a button in a reply, such as "2871339.sepa"`)
	}
	signal := channels.OptSignal(m.Signal)
	switch signal {
	case channels.NoSignal, channels.OptedOut, channels.OptedIn, channels.AskedHelp:
	default:
		return channels.Inbound{}, channels.BadRequest(`"signal" must be stop, start or help`)
	}
	in := channels.Inbound{
		ID: m.ID, Address: from, Text: channels.CleanText(m.Text), Button: channels.CleanText(m.Button),
		Attachment: m.Attachment, Signal: signal, Language: channels.CleanText(m.Language), Can: can,
	}
	if can.Deletes {
		in.MessageRef = m.ID
	}
	if can.Dials {
		readDial(&in, m)
	}
	return in, readContact(&in, m, country)
}

// readDial says how a text stands in a dialled session: "*123*10#" opens one, with 10 typed at once. A text in a session is
// typed in it, or opens it; a text in none is typed in whichever is open.
func readDial(in *channels.Inbound, m Message) {
	var inputs []string
	var dials bool
	session := m.Session
	if !m.Typed {
		inputs, dials = channels.ReadDialled(in.Text)
	}
	switch {
	case !dials && session == "":
		return
	case !dials && in.Text != "":
		inputs = []string{in.Text}
	}
	if session == "" {
		session = in.ID
	}
	in.Dial = &channels.Dial{Session: channels.CleanText(session), Inputs: inputs}
	if in.Text = ""; len(inputs) > 0 {
		in.Text = inputs[len(inputs)-1]
	}
}

// readContact reads a shared contact: the sender's own, or another's as it stands in an address book, "+31 6 1234 5678" or in the national
// form of country, "06 1234 5678". On a kind without contacts it is an attachment that can't be read.
func readContact(in *channels.Inbound, m Message, country string) error {
	if m.Contact == "" {
		return nil
	}
	own := m.Contact == "own"
	var msisdn prepaid.MSISDN
	var err error
	if own {
		msisdn, err = prepaid.ParseE164("+" + strings.TrimPrefix(m.From, "+"))
	} else if msisdn, err = prepaid.ParseMSISDN(m.Contact, country); err != nil {
		digits, _ := prepaid.PhoneDigits(m.Contact)
		msisdn, err = prepaid.ParseE164("+" + strings.TrimPrefix(digits, "+"))
	}
	switch {
	case err != nil && own:
		return channels.BadRequest(`"contact" can't be "own" where "from" is no number`)
	case err != nil:
		return channels.BadRequest(`"contact" must be "own" or a number such as "+31612345678" or "06 1234 5678"`)
	case !in.Can.Contact:
		in.Attachment = true
	default:
		in.Contact = &channels.Contact{MSISDN: msisdn, Own: own}
	}
	return nil
}

// decode reads exactly one JSON object of known fields.
func decode(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return channels.BadRequest("something follows the JSON object")
		}
		if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
			return channels.BadRequest("the body must be a JSON object")
		}
		return nil
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return channels.BadRequest("the body must be a JSON object")
	case errors.As(err, &wrongType):
		return channels.BadRequest("%q must be %s, not a %s", wrongType.Field, typeName(wrongType), jsonType(wrongType.Value))
	case errors.As(err, &syntax):
		return channels.BadRequest("the body is not JSON (at byte %d)", syntax.Offset)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return channels.BadRequest("%s", "unknown field "+strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return channels.BadRequest("the body is not JSON: it ends early")
}

func typeName(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "a string"
}

// jsonType drops the number that the decoder quotes ("number 4821").
func jsonType(value string) string {
	name, _, _ := strings.Cut(value, " ")
	return name
}

// readRequest reads a request's JSON body. Where it returns false it has answered 400.
func readRequest(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := channels.ReadBody(r)
	if err == nil {
		err = decode(body, into)
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
	}
	return err == nil
}
