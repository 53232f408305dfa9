package conversation

import "strings"

// wishQuestion asks who has just registered for the PIN of what they wanted to buy before: "KOOP 10" of a stranger.
const wishQuestion = "topup.ask_wish"

// wishSuffix ends the event of a registration that is done and leads to wishQuestion, where there is a wish.
const wishSuffix Event = "_wish"

// withWishes adds, to each transition that ends a registration, the one that goes on with the wish.
func withWishes(transitions []Transition) []Transition {
	for _, tr := range transitions {
		switch tr.Say {
		case "registration.done":
			transitions = append(transitions, Transition{From: tr.From, Event: tr.Event + wishSuffix, To: wishQuestion, Say: "registration.done_wish"})
		case "registration.linked":
			transitions = append(transitions, Transition{From: tr.From, Event: tr.Event + wishSuffix, To: wishQuestion, Say: "registration.linked_wish"})
		}
	}
	return transitions
}

// fillWish makes the wish what is bought, and says what that is.
func fillWish(t *Turn) []string {
	t.session.Amount = t.session.Wish
	return fillPurchase(t)
}

// acceptWish takes the PIN, or "no".
func acceptWish(t *Turn) (Event, Key) {
	said := strings.Trim(t.all.Words.withoutCourtesy(t.tidied(), ActNone), punctuation)
	if strings.EqualFold(said, t.prompts.text(ChoiceID("no").label())) {
		return "no", ""
	}
	return acceptPIN(t)
}
