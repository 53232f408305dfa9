package ussd

// PageTurns is what a message carries for Respond.
type PageTurns = pageTurns
