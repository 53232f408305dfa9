package operators

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pulsa/prepaid"
)

// RolesIn are roles in brands, as people write both: separated by commas. Without a brand they are in all.
func RolesIn(names, brands []string) map[string][]Role {
	var given []Role
	for _, name := range listed(names) {
		if role := Role(name); !slices.Contains(given, role) {
			given = append(given, role)
		}
	}
	in := map[string][]Role{}
	for _, brand := range listed(brands) {
		in[brand] = given
	}
	if len(in) == 0 {
		in[AllBrands] = given
	}
	return in
}

// listed splits texts at commas and blanks.
func listed(texts []string) []string {
	return strings.FieldsFunc(strings.Join(texts, ","), func(r rune) bool { return r == ',' || r == ' ' })
}

// WithRoles are roles with those of some brands replaced.
func WithRoles(all, given map[string][]Role) map[string][]Role {
	out := maps.Clone(all)
	if out == nil {
		out = map[string][]Role{}
	}
	maps.Copy(out, given)
	return out
}

// PersonRow is a person as they are listed.
type PersonRow struct {
	Email    string `json:"email"`
	Name     string `json:"name"`
	Roles    string `json:"roles"`
	Goodwill string `json:"goodwill"`
	State    string `json:"state"` // active, invited, left
	SignIn   string `json:"sign_in"`
	ID       string `json:"id"`
}

// Cells are what people see of the row.
func (r PersonRow) Cells() [][2]string {
	return [][2]string{{"email", r.Email}, {"name", r.Name}, {"roles", r.Roles}, {"state", r.State}, {"sign in", r.SignIn}}
}

// Row is the person as they are listed.
func (p Person) Row() PersonRow {
	row := PersonRow{Email: p.Email, Name: p.Name, Roles: p.RoleText(), Goodwill: GoodwillText(p.Goodwill), State: string(p.State), ID: string(p.ID)}
	switch {
	case p.State == PersonLeft:
	case p.Email == demoEmail:
		row.SignIn = "link to the demo"
	case p.Subject != "":
		row.SignIn = p.Issuer
	case p.Password.Empty():
		row.State = "invited"
	case len(p.Factor) == 0:
		row.SignIn = "password"
	default:
		row.SignIn = "password, one-time password"
	}
	return row
}

// Rows lists everybody, those who have left too, by name.
func (p People) Rows(ctx context.Context) ([]PersonRow, error) {
	all, err := p.List(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]PersonRow, len(all))
	for i, person := range all {
		rows[i] = person.Row()
	}
	return rows, nil
}

// Invitation is a link that sets how somebody signs in. It is shown this once.
type Invitation struct {
	Email string `json:"email"`
	Roles string `json:"roles"`
	Link  string `json:"link"`
}

// Text describes it for people.
func (i Invitation) Text() string {
	return fmt.Sprintf("%s (%s) sets a password and a one-time password here, within %.0f hours, once:\n\n  %s\n\nWhoever has the link can use it: send it to them alone.",
		i.Email, i.Roles, linkFor.Hours(), i.Link)
}

// LinkTo is where a link's token leads on the desk.
func LinkTo(deskURL string, purpose LinkPurpose, token prepaid.Secret) string {
	path := "/-/invite/"
	if purpose == LinkDemo {
		path = "/-/demo/"
	}
	return deskURL + path + token.Reveal()
}

func (p People) invitation(person Person, token prepaid.Secret) Invitation {
	return Invitation{person.Email, person.RoleText(), LinkTo(p.DeskURL, LinkSetUp, token)}
}

// Invite adds somebody as Add does.
func (p People) Invite(ctx context.Context, n NewPerson, by prepaid.By) (Invitation, error) {
	person, token, err := p.Add(ctx, n, by)
	if err != nil {
		return Invitation{}, err
	}
	return p.invitation(person, token), nil
}

// InviteAgain resets how somebody signs in, and makes them a new link. Errors as Reset.
func (p People) InviteAgain(ctx context.Context, email string, by prepaid.By) (Invitation, error) {
	person, err := p.Find(ctx, email)
	if err == nil {
		err = p.Reset(ctx, person.ID, by)
	}
	if err != nil {
		return Invitation{}, err
	}
	token, err := p.Link(ctx, person.ID, by)
	if err != nil {
		return Invitation{}, err
	}
	return p.invitation(person, token), nil
}
