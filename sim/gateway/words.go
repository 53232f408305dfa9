package gateway

import "pulsa/payments"

// words are what the pages say in one language.
type words struct {
	Language, Banner, Note         string
	Number, Method, Amount         string
	SetUp, Complete, Abandon       string // an open setup
	Completed, Abandoned           string
	Superseded                     string // by a newer setup
	Confirm, Agree, Disagree       string // a charge that waits for the customer
	Confirmed, Declined, NoLonger  string
	NotFound, NotUnderstood, Broke string
	Methods                        map[payments.Method]string
}

// wordsFor returns a language's words, English where it has none.
func wordsFor(language string) words {
	if language == "nl" {
		return dutch()
	}
	return english()
}

func english() words {
	return words{
		Language: "en", Banner: "SIMULATED PAYMENT PAGE", Note: "This is a simulation. No money moves.",
		Number: "Mobile number", Method: "Payment method", Amount: "Amount",
		SetUp:    "You are about to set up how you pay for your top-ups.",
		Complete: "Complete", Abandon: "Abandon",
		Completed: "Done: your payment method is set up. You can close this page.",
		Abandoned: "Done: you abandoned the set-up, nothing was set up. Our message to you says how to go on. You can close this page.",
		Superseded: "This page is over: you have chosen anew since. Nothing was set up here. " +
			"Our newest message to you says how to go on. You can close this page.",
		Confirm: "Your bank asks you to confirm this payment.",
		Agree:   "Complete", Disagree: "Abandon",
		Confirmed:     "Done: the payment is confirmed. You can close this page.",
		Declined:      "Done: the payment was not made. You can close this page.",
		NoLonger:      "This payment no longer waits for you. You can close this page.",
		NotFound:      "This page does not exist.",
		NotUnderstood: "This button does not exist here.",
		Broke:         "Something broke. Please try again.",
		Methods: map[payments.Method]string{
			payments.SEPA: "SEPA direct debit", payments.Card: "Credit or debit card", payments.PayPal: "PayPal",
		},
	}
}

func dutch() words {
	return words{
		Language: "nl", Banner: "GESIMULEERDE BETAALPAGINA - SIMULATED PAYMENT PAGE",
		Note:   "Dit is een simulatie. Er wordt geen geld afgeschreven.",
		Number: "Mobiel nummer", Method: "Betaalwijze", Amount: "Bedrag",
		SetUp:    "U stelt in hoe u voor uw opwaarderingen betaalt.",
		Complete: "Voltooien", Abandon: "Afbreken",
		Completed: "Klaar: uw betaalwijze is ingesteld. U kunt deze pagina sluiten.",
		Abandoned: "Klaar: u hebt het afgebroken, er is niets ingesteld. In ons bericht aan u staat hoe het verder gaat. U kunt deze pagina sluiten.",
		Superseded: "Deze pagina is voorbij: u hebt daarna opnieuw gekozen. Hier is niets ingesteld. " +
			"In ons laatste bericht aan u staat hoe het verder gaat. U kunt deze pagina sluiten.",
		Confirm: "Uw bank vraagt u om deze betaling te bevestigen.",
		Agree:   "Voltooien", Disagree: "Afbreken",
		Confirmed:     "Klaar: de betaling is bevestigd. U kunt deze pagina sluiten.",
		Declined:      "Klaar: de betaling is niet gedaan. U kunt deze pagina sluiten.",
		NoLonger:      "Deze betaling wacht niet meer op u. U kunt deze pagina sluiten.",
		NotFound:      "Deze pagina bestaat niet.",
		NotUnderstood: "Deze knop bestaat hier niet.",
		Broke:         "Er ging iets mis. Probeer het nog eens.",
		Methods: map[payments.Method]string{
			payments.SEPA: "SEPA-incasso", payments.Card: "Creditcard of betaalpas", payments.PayPal: "PayPal",
		},
	}
}
