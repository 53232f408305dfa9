package twilio

// Explain implements channels.Explainer, for codes whose cause is not plain from their name. The meanings are those of
// twilio.com/docs/api/errors.
func (a *Adapter) Explain(code string) string {
	switch code {
	case "21408":
		return "the account may not send to that country: allow it at Twilio, under Messaging, Settings, Geo permissions"
	case "30006":
		return "the number is a landline, or its network takes no SMS from our sender: the customer needs another number"
	case "30034":
		return "networks in the US block the sender, because it is not registered: register brand and campaign (A2P 10DLC) at Twilio"
	case "30410":
		return "a network on the way did not answer in time: Twilio gives such a message up, so that nobody gets it twice"
	case "63016":
		return "WhatsApp takes our own words for 24 hours after the customer's last message, and later a template: give the channel templates"
	}
	return ""
}
