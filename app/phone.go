package app

import (
	"context"
	"net/http"
	"os"
	"strings"

	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/payments"
	"pulsa/web/phone"
)

// phoneRoutes serves the phone in the browser at /.
func (p *Program) phoneRoutes(mux *http.ServeMux) {
	phone.New(phone.Config{
		Lines: p.fakeLines, Turn: p.Handler.Turn, Outbox: p.DB.Outbox, Words: p.words, Event: p.newsEvent, Clock: p.Clock, Log: p.Log,
		Command: calledAs(os.Args[0]), Flags: strings.TrimSpace(p.Config.SameFlags()),
	}).Routes(mux)
}

// fakeLines lists the first simulated channel of each test brand that is on.
func (p *Program) fakeLines(ctx context.Context) []channels.Channel {
	var lines []channels.Channel
	for _, b := range p.Brands.All() { // the configuration's order: a newcomer meets the first
		for _, s := range p.Registry.List(ctx) {
			if _, simulated := p.Registry.Adapter(s.Channel).(channels.Simulator); simulated && s.On && s.Channel.Brand == b && b.Test {
				lines = append(lines, s.Channel)
				break
			}
		}
	}
	return lines
}

// words tells the keywords that a brand's prompts offer in a language.
func (p *Program) words(brand, language string) phone.Words {
	prompts := p.Handler.Prompts(brand).ByLanguage[language]
	return phone.Words{
		Language: prompts.Name,
		TopUp:    prompts.Word(conversation.ActTopUp), Redeem: prompts.Word(conversation.ActRedeem), Status: prompts.Word(conversation.ActStatus), Help: prompts.Word(conversation.ActHelp),
	}
}

// newsEvent returns the event of the conversation language that led to a piece of news: what the customer did on the simulated
// payment page behind the link. It is "" for any other news.
func (p *Program) newsEvent(ctx context.Context, brand, link, news string) string {
	setup, order := strings.Contains(link, "/sim/pay/"), strings.Contains(link, "/sim/confirm/")
	if token, ok := p.Links.IsLink(link); ok {
		followed, _ := p.Links.Follow(ctx, token) // of one that is forgotten we don't know what it was
		setup, order = followed.Kind == payments.SetupLink, followed.Kind == payments.OrderLink
	}
	says := func(key string) bool { // in whatever language the customer has chosen by now
		for _, prompts := range p.Handler.Prompts(brand).ByLanguage {
			if text, ok := prompts.Template(conversation.Key(key)); ok && strings.Contains(news, text) {
				return true
			}
		}
		return false
	}
	switch {
	case setup && (says("registration.abandoned") || says("pay.abandoned")):
		return "customer abandons payment setup"
	case setup:
		return "customer completes payment setup"
	case order:
		return "customer authenticates"
	}
	return ""
}
