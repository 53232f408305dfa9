package operators

import "slices"

// Role is what a person does in a brand. A person may have several.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"
	Support  Role = "support"
	Finance  Role = "finance"
	CardsMan Role = "cards"
	Fraud    Role = "fraud"
	Engineer Role = "engineer"
	Admin    Role = "admin"
)

// Roles lists all of them, in the order in which the table of rights shows them.
func Roles() []Role { return []Role{Viewer, Support, Finance, CardsMan, Fraud, Engineer, Admin} }

// Right is what a role may do about an act.
type Right int

// The rights. Who Asks begins the act, which is carried out once another person who May do it or Decides on it, or an Admin, agrees.
const (
	Not Right = iota
	Asks
	Decides
	May
)

// String is the right as the table of rights shows it.
func (r Right) String() string { return [...]string{"", "asks", "decides", "●"}[r] }

// Act is a row of the table of rights.
type Act string

// The acts.
const (
	ActSee        Act = "see"
	ActUnmask     Act = "unmask"
	ActHelp       Act = "help"
	ActSettle     Act = "settle"
	ActGoodwill   Act = "goodwill"
	ActGoodwillUp Act = "goodwill above the limit"
	ActCredit     Act = "developers' credit"
	ActBooks      Act = "books"
	ActIdentity   Act = "identity"
	ActErase      Act = "erase"
	ActLockCard   Act = "lock a card"
	ActLockCards  Act = "lock cards"
	ActCards      Act = "cards"
	ActCardsOver  Act = "cards above the limit"
	ActStock      Act = "stock"
	ActKeys       Act = "developers' keys"
	ActPrices     Act = "developers' prices"
	ActAdopt      Act = "adopt"
	ActBlock      Act = "block"
	ActSwitch     Act = "switch"
	ActDraft      Act = "draft settings"
	ActPublish    Act = "publish settings"
	ActPeople     Act = "people"
)

// ActRow is a row of the table of rights.
type ActRow struct {
	Act    Act
	Says   string // what it covers, for people
	Fresh  bool   // it moves money, codes or people: the second factor again, unless it was given in the last five minutes
	Rights map[Role]Right
}

// rights is the table of who may do what. docs/people.md and the desk's page of people show it.
var rights = []ActRow{
	{ActSee, "see orders, customers with masked numbers, channels, today", false, every(May)},
	{ActUnmask, "see a whole number, read a conversation", false, map[Role]Right{Support: May, Finance: May, Fraud: May}},
	{ActHelp, "unlock a PIN or the lock of cards, send a reset code, send a result again, write a note", false, map[Role]Right{Support: May, Fraud: May}},
	{ActSettle, "settle an unknown, refund what is held or failed", true, map[Role]Right{Support: Asks, Finance: May}},
	{ActGoodwill, "goodwill within one's limit", true, map[Role]Right{Support: May, Finance: May}},
	{ActGoodwillUp, "goodwill above one's limit", true, map[Role]Right{Support: Asks, Finance: Asks}},
	{ActCredit, "book developers' credit", true, map[Role]Right{Support: Asks, Finance: Asks}},
	{ActBooks, "close a difference, book a paid debt", true, map[Role]Right{Support: Asks, Finance: May}},
	{ActIdentity, "remove a way to pay, change a number, export a customer's data", false, map[Role]Right{Support: May, Finance: May, Fraud: May}},
	{ActErase, "erase a customer", false, map[Role]Right{Support: Asks, Finance: May, Fraud: May}},
	{ActLockCard, "lock one card", false, map[Role]Right{Support: May, CardsMan: May, Fraud: May}},
	{ActLockCards, "lock cards", false, map[Role]Right{CardsMan: May, Fraud: May}},
	{ActCards, "generate, import and edit cards; release, export, void, delete and replace up to the brand's limit", true, map[Role]Right{CardsMan: May}},
	{ActCardsOver, "release, export, void, delete and replace cards above the brand's limit", true, map[Role]Right{Finance: Decides, CardsMan: Asks, Fraud: Asks}},
	{ActStock, "resellers and movements of stock", false, map[Role]Right{Finance: May, CardsMan: May}},
	{ActKeys, "developers' keys", true, map[Role]Right{Finance: May, Engineer: May}},
	{ActPrices, "developers' prices", true, map[Role]Right{Finance: May}},
	{ActAdopt, "adopt a provider's figure", true, map[Role]Right{Finance: Asks}},
	{ActBlock, "block numbers, instruments and addresses; close and unfreeze accounts", false, map[Role]Right{Support: Asks, Fraud: May}},
	{ActSwitch, "turn a channel on or off, pause a brand", false, map[Role]Right{Fraud: May, Engineer: May, Admin: May}},
	{ActDraft, "draft settings of a brand", false, map[Role]Right{Engineer: May, Admin: May}},
	{ActPublish, "publish settings of a brand", false, map[Role]Right{Engineer: Asks, Admin: May}},
	{ActPeople, "people and their roles", true, map[Role]Right{Admin: Asks}},
}

func every(r Right) map[Role]Right {
	all := map[Role]Right{}
	for _, role := range Roles() {
		all[role] = r
	}
	return all
}

// TableOfRights returns the table of who may do what.
func TableOfRights() []ActRow { return slices.Clone(rights) }

func rowOf(a Act) ActRow {
	i := slices.IndexFunc(rights, func(r ActRow) bool { return r.Act == a })
	if i < 0 {
		return ActRow{Act: a} // nobody has a right to what the table does not name
	}
	return rights[i]
}

// bestOf returns the most that any of these roles may, and the role that may it.
func bestOf(a Act, roles []Role) (Right, Role) {
	row, best, in := rowOf(a), Not, Role("")
	for _, role := range roles {
		right := row.Rights[role]
		if right == Decides { // it begins nothing
			continue
		}
		if right > best {
			best, in = right, role
		}
	}
	return best, in
}

// mayDecide returns the role in which somebody with these roles decides on what others ask; "" where they may not.
func mayDecide(a Act, roles []Role) Role {
	row := rowOf(a)
	for _, role := range roles {
		if right := row.Rights[role]; role == Admin || right == May || right == Decides {
			return role
		}
	}
	return ""
}
