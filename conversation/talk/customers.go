package talk

import (
	"fmt"

	"pulsa/prepaid"
)

// phone is what one customer of a story has before them.
type phone struct {
	offered []offer // what may be chosen, the newest first
	session string  // that was dialled and is not over; "" for none
}

// phone returns that of the customer at an address.
func (p *player) phone(a prepaid.Address) *phone {
	if p.phones == nil {
		p.phones = map[prepaid.Address]*phone{}
	}
	if p.phones[a] == nil {
		p.phones[a] = &phone{}
	}
	return p.phones[a]
}

// arrange does what an event changes for the runner alone: who texts next, and with which id.
func (p *player) arrange(e *Event) error {
	switch e.Kind {
	case SameID:
		p.sameID = true
	case AnotherCustomer:
		number, err := p.maker.Fresh(p.story.Brand)
		if err != nil {
			return fmt.Errorf("fresh number: %w", err)
		}
		p.customer = Customer{number, p.story.Channel}
	case CustomerIs:
		p.customer = Customer{e.Number, p.story.Channel}
	}
	return nil
}

// read returns a line with the values of the names in it.
func (p *player) read(s *step) (*step, error) {
	if !s.late {
		return s, nil
	}
	plain := func(value string) string { return value }
	if s.say != nil {
		plain = plainSay
	}
	text, err := p.filled(s.pos, s.raw, plain)
	if err != nil {
		return nil, err
	}
	read := *s
	var wrong *wrong
	if text = text[1:]; s.say != nil {
		if read.say, wrong = parseSay(trimBlank(text)); wrong == nil {
			p.hide(read.say.secrets)
		}
	} else {
		var e Event
		e, wrong = parseEvent(text, p.vocabulary.points())
		read.event = &e
	}
	if wrong == nil && read.event != nil && (read.event.Kind == Together || read.event.Kind == End) {
		wrong = wrongf("", "a name can't stand for it")
	}
	return &read, p.misread(s.pos, wrong)
}

// readFact is read for a fact.
func (p *player) readFact(f *factLine) (Fact, error) {
	if !f.late {
		return f.fact, nil
	}
	text, err := p.filled(f.pos, f.raw, func(value string) string { return inScript(value, p.matcher.currency) })
	if err != nil {
		return Fact{}, err
	}
	fact, wrong := parseFact(text[1:], p.vocabulary)
	return fact, p.misread(f.pos, wrong)
}

func (p *player) filled(at pos, raw string, plain func(string) string) (string, error) {
	text, missing := p.story.fill(raw, p.matcher.kept, plain)
	if missing != "" {
		p.fail(at, Failure{Problem: "nothing is kept as " + missing, Expected: "a reply before this line that keeps it"})
		return "", errStop
	}
	return text, nil
}

func (p *player) misread(at pos, w *wrong) error {
	if w == nil {
		return nil
	}
	p.fail(at, Failure{Problem: "with the values of its names this line can't be read: " + w.problem, Expected: w.want})
	return errStop
}

// hide adds secrets that a line holds only with the values of its names.
func (p *player) hide(secrets []string) {
	if len(secrets) > 0 {
		p.secrets = append(p.secrets, secrets...)
		p.hunter = newHunter(p.secrets)
	}
}

func trimBlank(text string) string {
	if text != "" && text[0] == ' ' {
		return text[1:]
	}
	return text
}
