package conversation

import (
	"pulsa/channels"
)

// menu is the state that offers the commonest actions: to the word MENU, and when a session is dialled.
const menu = "menu.ask"

// accountMenu offers what customers seldom do with their account.
const accountMenu = "account.ask"

// isMenu reports whether a state is a menu.
func isMenu(state string) bool { return state == menu || state == accountMenu }

// isPassing reports whether a state holds no answers that could be lost: once its time is over, there is nothing to go back to.
func isPassing(state string) bool {
	return isMenu(state) || state == stopQuestion || state == meantQuestion
}

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

// acceptMenu takes no input: readMenu has made an action of a choice.
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
