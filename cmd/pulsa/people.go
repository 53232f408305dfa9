package main

import (
	"context"
	"fmt"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type peopleCommand struct {
	Add   peopleAddCommand   `cmd:"" help:"Add one of your staff, and print the link by which they set how they sign in."`
	List  peopleListCommand  `cmd:"" help:"List your staff and their roles."`
	Roles peopleRolesCommand `cmd:"" help:"Give somebody other roles."`
	Reset peopleResetCommand `cmd:"" help:"Take somebody's password and sessions away, and print a new link."`
	Leave peopleLeaveCommand `cmd:"" help:"End somebody's roles and sessions."`
}

// roles are the flags that say who may do what.
type roles struct {
	Role  []string `help:"What they do: viewer, support, finance, cards, fraud, engineer, admin. Several by commas." placeholder:"ROLE"`
	Brand []string `help:"In which brands (default: in all)." placeholder:"BRAND"`
}

func (r roles) read() map[string][]operators.Role { return operators.RolesIn(r.Role, r.Brand) }

// ProvidePeople opens the operations on people. It creates a missing database: the first admin is added before a server has ever run.
func (s settings) ProvidePeople(ctx context.Context, o *opened) (operators.People, error) {
	return partOf(func(d *core.Desk) (operators.People, error) { return d.People, nil })(open(ctx, o, s, config.NoCredentials, core.NewDesk))
}

type peopleAddCommand struct {
	settings
	deed
	Email string `required:"" help:"Their e-mail address." placeholder:"ADDRESS"`
	Name  string `required:"" help:"What colleagues call them."`
	roles
	Language string `help:"Of the desk for them: en, nl." default:"en"`
	TimeZone string `help:"In which they see times." default:"UTC" placeholder:"ZONE"`
	answer
}

func (p *peopleAddCommand) Run(ctx context.Context, e term.Env, people operators.People) error {
	return p.print(e)(people.Invite(ctx, operators.NewPerson{
		Email: p.Email, Name: p.Name, Language: p.Language, TimeZone: p.TimeZone, Roles: p.roles.read(),
	}, p.by()))
}

type peopleListCommand struct {
	settings
	term.Output
}

func (p *peopleListCommand) Run(ctx context.Context, e term.Env, people operators.People) error {
	return term.NewTable[operators.PersonRow](e, p.Output).Print(people.Rows(ctx))
}

// person names somebody.
type person struct {
	settings
	deed
	Email string `arg:"" help:"Their e-mail address." placeholder:"ADDRESS"`
}

type peopleRolesCommand struct {
	person
	roles
	Only bool `help:"Take their roles in other brands away."`
}

func (p *peopleRolesCommand) Run(ctx context.Context, e term.Env, people operators.People) error {
	who, err := people.Find(ctx, p.Email)
	if err != nil {
		return err
	}
	given := p.roles.read()
	if len(p.roles.Brand) > 0 && !p.Only {
		given = operators.WithRoles(who.Roles, given)
	}
	if err := people.SetRoles(ctx, who.ID, given, p.by()); err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "%s is %s now.\n", who.Email, operators.Person{Roles: given}.RoleText())
	return nil
}

type peopleResetCommand struct {
	person
	answer
}

func (p *peopleResetCommand) Run(ctx context.Context, e term.Env, people operators.People) error {
	return p.print(e)(people.InviteAgain(ctx, p.Email, p.by()))
}

type peopleLeaveCommand struct{ person }

func (p *peopleLeaveCommand) Run(ctx context.Context, e term.Env, people operators.People) error {
	who, err := people.Find(ctx, p.Email)
	if err == nil {
		err = people.Leave(ctx, who.ID, p.by())
	}
	if err == nil {
		fmt.Fprintf(e.Stdout, "%s has left: their sessions have ended.\n", who.Email)
	}
	return err
}
