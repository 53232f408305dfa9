package twilio

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/twilio/twilio-go/client"
	content "github.com/twilio/twilio-go/rest/content/v1"

	"pulsa/channels"
)

// placeholder is a variable in the text of a template.
var placeholder = regexp.MustCompile(`\{\{\s*([^{}\s]+)\s*\}\}`)

// TakesTemplates implements channels.TemplateChecker.
func (a *Adapter) TakesTemplates() bool { return a.name == whatsAppType }

// CheckTemplate implements channels.TemplateChecker, by Twilio's Content API.
func (a *Adapter) CheckTemplate(ctx context.Context, c channels.Channel, id, language string, variables int) (wrong []string, err error) {
	one := &call{ctx: ctx, client: a.client, channel: c}
	service := content.NewApiService(&client.RequestHandler{Client: one})
	found, err := service.FetchContent(id)
	switch {
	case err != nil && one.status == http.StatusNotFound:
		return []string{"the account has no such template"}, nil
	case err != nil:
		return nil, classify(err, one)
	}
	if its := deref(found.Language); !speaks(its, language) {
		wrong = append(wrong, fmt.Sprintf("its language is %q", its))
	}
	if its := variablesOf(found); !numbered(its, variables) {
		wrong = append(wrong, fmt.Sprintf("its variables are %s, and the text has %d values", listed(its), variables))
	}
	approval, err := service.FetchApprovalFetch(id)
	switch {
	case err != nil && one.status == http.StatusNotFound:
		return append(wrong, "it was never sent to WhatsApp for approval"), nil
	case err != nil:
		return wrong, classify(err, one)
	}
	return append(wrong, disapproval(approval)...), nil
}

// speaks reports whether a language of WhatsApp's, "nl" or "pt_BR", is one of ours.
func speaks(its, language string) bool {
	base, _, _ := strings.Cut(strings.ReplaceAll(its, "-", "_"), "_")
	return strings.EqualFold(base, language)
}

// variablesOf are the variables of a template's texts, and those that it has samples for.
func variablesOf(found *content.ContentV1Content) map[string]bool {
	names := map[string]bool{}
	if found.Variables != nil {
		for name := range *found.Variables {
			names[name] = true
		}
	}
	if found.Types != nil {
		for _, match := range placeholder.FindAllStringSubmatch(fmt.Sprint(*found.Types), -1) {
			names[match[1]] = true
		}
	}
	return names
}

// numbered reports whether variables are 1, 2 and so on up to n.
func numbered(names map[string]bool, n int) bool {
	for i := range n {
		if !names[strconv.Itoa(i+1)] {
			return false
		}
	}
	return len(names) == n
}

// listed writes variables as a template shows them.
func listed(names map[string]bool) string {
	if len(names) == 0 {
		return "none"
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		list = append(list, "{{"+name+"}}")
	}
	return strings.Join(list, " ")
}

// disapproval says why WhatsApp does not send a template; nil where it does.
func disapproval(approval *content.ContentV1ApprovalFetch) []string {
	if approval.Whatsapp == nil {
		return []string{"it was never sent to WhatsApp for approval"}
	}
	status, _ := (*approval.Whatsapp)["status"].(string)
	if status == "approved" {
		return nil
	}
	wrong := "WhatsApp has not approved it: " + status
	if reason, _ := (*approval.Whatsapp)["rejection_reason"].(string); reason != "" {
		wrong += ", " + reason
	}
	return []string{wrong}
}
