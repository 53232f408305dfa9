package ussd

// Turned is what Respond is given with a message that has turned pages.
func Turned(turns pageTurns) any { return private{Turns: turns} }
