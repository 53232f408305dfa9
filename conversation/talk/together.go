package talk

import (
	"context"
	"fmt"
	"slices"

	"pulsa/prepaid"
)

// crowdReader reads what stands between "! together" and "! end".
type crowdReader struct {
	pos
	steps   []step
	replies []*expect
	named   bool // the next message has its customer
}

func (c *crowdReader) says() bool {
	return slices.ContainsFunc(c.steps, func(s step) bool { return s.say != nil })
}

func (c *crowdReader) add(s step, p *problems) {
	switch {
	case s.say != nil && !c.named:
		p.add(s.pos, "a message within ! together that does not say whose it is", "write ! customer +31612345678 or ! another customer before each >")
	case s.say != nil:
		c.named = false
	case s.late, s.event.Kind == CustomerIs, s.event.Kind == AnotherCustomer:
		c.named = true
	case s.event.Kind != SameID && s.event.Kind != "":
		p.add(s.pos, "! "+s.event.String()+" within ! together", "write only ! customer +31612345678, ! another customer and > lines there; put it before ! together")
	}
	c.steps = append(c.steps, s)
}

// reply takes a reply that is written below its message. It is compared with those below "! end": what came is put
// in the order of the customers.
func (c *crowdReader) reply(e *expect, p *problems) {
	if !c.says() {
		p.add(e.pos, "a reply to nothing", "write it below a > line, or below ! end")
		return
	}
	c.replies = append(c.replies, e)
}

// turn is all of it as one turn, which takes place at "! end".
func (c *crowdReader) turn(end step, p *problems) turn {
	if !c.says() {
		p.add(c.pos, "nothing is sent together", "write ! customer +31612345678 and a > line, twice or more, before ! end")
	}
	end.crowd = c.steps
	return turn{step: &end, replies: c.replies}
}

// together sends the messages of several customers at one instant. What came is in the order of the customers.
func (p *player) together(ctx context.Context, s *step) ([]Message, error) {
	program, ok := p.program.(Crowd)
	if !ok {
		return nil, fmt.Errorf("together: %w", ErrNotOffered)
	}
	p.said(TheScript, Said{Text: string(Together)})
	var ins []Inbound
	var order []prepaid.Address
	for i := range s.crowd {
		one, err := p.read(&s.crowd[i])
		if err != nil {
			return nil, err
		}
		p.at = one.pos
		if one.say == nil {
			p.said(TheScript, Said{Text: one.event.String()})
			if !slices.Contains([]EventKind{CustomerIs, AnotherCustomer, SameID}, one.event.Kind) {
				return nil, p.misread(one.pos, wrongf("", "! %s within ! together", one.event))
			}
			if err := p.arrange(one.event); err != nil {
				return nil, err
			}
			continue
		}
		in, err := p.inbound(one.say)
		if err != nil {
			return nil, err
		}
		p.said(TheCustomer, Said{Text: one.say.shown})
		p.last = in
		ins = append(ins, *in)
		if here := p.customer.Address(); !slices.Contains(order, here) {
			order = append(order, here)
		}
	}
	p.at = s.pos
	answers, err := program.SendTogether(ctx, ins)
	if err != nil {
		return nil, fmt.Errorf("send together: %w", err)
	}
	var all []Message
	for i, answer := range answers {
		all = append(all, p.answered(ins[i], answer)...)
	}
	pushed, err := p.program.Settle(ctx)
	if err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	all = append(all, pushed...)
	var came []Message
	for _, to := range order {
		for _, m := range all {
			if m.To == to {
				came = append(came, m)
			}
		}
	}
	return came, nil
}
