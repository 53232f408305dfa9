package conversation

import (
	"pulsa/channels"
)

// menu is the state that offers what can be done: by the word MENU, and where a session is dialled and nobody knows a
// word to send.
const menu = "menu.ask"

// accountMenu offers what customers do with their account, but seldom.
const accountMenu = "account.ask"

// isMenu reports whether a state is one that there is nothing to go back to.
func isMenu(state string) bool { return state == menu || state == accountMenu }

func menuFlow() Flow {
	return Flow{
		Name: "menu",
		States: []State{
			{Name: menu, Prompt: "menu.ask", Accept: acceptMenu, Choices: newActions().offeredBy(menu)},
			{Name: accountMenu, Prompt: "account.ask", Accept: acceptMenu, Choices: newActions().offeredBy(accountMenu)},
		},
		Transitions: []Transition{{From: accountMenu, Event: evBack, To: menu}},
	}
}

// acceptMenu takes nothing: a choice was read as the word that it stands for.
func acceptMenu(*Turn) (Event, Key) { return noEvent, "input.not_a_choice" }

// readMenu takes a choice of the menu for the word that it stands for.
func (t *Turn) readMenu() {
	if isMenu(t.session.State) && t.command.Action == ActNone && !t.staleButton {
		if c := t.chosenFromMenu(t.session.State, t.in); c.Action != ActNone {
			t.command = c
		}
	}
}

func (t *Turn) chosenFromMenu(state string, in channels.Inbound) Command {
	id, _ := channels.ReadChoice(t.labels(t.all.actions.offeredBy(state)), in)
	return Command{Action: Action(id)}
}
