package operators

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pulsa/channels"
	"pulsa/prepaid"
)

// LateTexts tells of a brand's texts for late news.
type LateTexts interface {
	// Keys lists the prompts that may be late.
	Keys() []string
	// Values tells how many values a text has that fill a template's variables.
	Values(brand, language, prompt string, t prepaid.Template) int
}

// CheckTemplates asks the providers of channels that are on about their templates: WhatsApp sends none that is not approved, and news
// whose template is not sent reaches nobody there.
func CheckTemplates(ctx context.Context, registry ChannelRegistry, texts LateTexts) []Finding {
	var findings []Finding
	for _, s := range registry.List(ctx) {
		checker, able := registry.Adapter(s.Channel).(channels.TemplateChecker)
		if !able || !s.On || !checker.TakesTemplates() {
			continue
		}
		wrong, asked := checkTemplates(ctx, s.Channel, checker, texts)
		if findings = append(findings, wrong...); len(wrong) > 0 {
			continue
		}
		missing := 0
		for _, key := range texts.Keys() {
			if len(s.Channel.Templates[key].IDs) < len(s.Channel.Brand.Languages) {
				missing++
			}
		}
		found := fmt.Sprintf("%d are approved and fit", asked)
		if missing > 0 {
			found += fmt.Sprintf("; %d of %d texts lack one, and go by SMS after 24 hours", missing, len(texts.Keys()))
		}
		findings = append(findings, OK(templatesOf(s.Channel), found))
	}
	return findings
}

func templatesOf(c channels.Channel) string { return "templates of " + c.ID() }

// checkTemplates says what is wrong with a channel's templates, and how many there are.
func checkTemplates(ctx context.Context, c channels.Channel, checker channels.TemplateChecker, texts LateTexts) (wrong []Finding, asked int) {
	for _, prompt := range slices.Sorted(maps.Keys(c.Templates)) {
		t := c.Templates[prompt]
		for _, language := range slices.Sorted(maps.Keys(t.IDs)) {
			asked++
			its, err := checkTemplate(ctx, c, checker, t.IDs[language], language, texts.Values(c.Brand.Name, language, prompt, t))
			do := "correct the channel's templates, or the template in Twilio's Content Template Builder"
			if noAnswer(err) {
				do = reachProvider
			}
			if err != nil {
				its = append(its, failed(err))
			}
			if len(its) > 0 {
				wrong = append(wrong, Failure(templatesOf(c), fmt.Sprintf("%s, %s (%s): %s", prompt, language, t.IDs[language], strings.Join(its, "; ")), do))
			}
		}
	}
	return wrong, asked
}

func checkTemplate(ctx context.Context, c channels.Channel, checker channels.TemplateChecker, id, language string, values int) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, ProbeWithin)
	defer cancel()
	return checker.CheckTemplate(ctx, c, id, language, values)
}
