package main

import (
	"context"

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

type peopleAddCommand struct {
	beforeServers
	deed
	Email string `required:"" help:"Their e-mail address." placeholder:"ADDRESS"`
	Name  string `required:"" help:"What colleagues call them."`
	roles
	Language string `help:"Of the desk for them: en, nl." default:"en"`
	TimeZone string `help:"In which they see times (default: the brand's)." placeholder:"ZONE"`
	answer
}

func (p *peopleAddCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return p.print(e)(d.People.Invite(ctx, operators.NewPerson{
		Email: p.Email, Name: p.Name, Language: p.Language, TimeZone: p.TimeZone, Roles: operators.RolesIn(p.Role, p.Brand),
	}, p.by()))
}

type peopleListCommand struct{ listing }

func (p *peopleListCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return term.NewTable[operators.PersonRow](e, p.Output).Print(d.People.Rows(ctx))
}

// person are the flags of a change of somebody.
type person struct {
	settings
	deed
	answer
	Email string `arg:"" help:"Their e-mail address." placeholder:"ADDRESS"`
}

type peopleRolesCommand struct {
	person
	roles
	Only bool `help:"Take their roles in other brands away."`
}

func (p *peopleRolesCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return p.print(e)(d.People.GiveRoles(ctx, operators.GivenRoles{Email: p.Email, Roles: p.Role, Brands: p.Brand, Only: p.Only}, p.by()))
}

type peopleResetCommand struct{ person }

func (p *peopleResetCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return p.print(e)(d.People.InviteAgain(ctx, p.Email, p.by()))
}

type peopleLeaveCommand struct{ person }

func (p *peopleLeaveCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return p.print(e)(d.People.SeeOff(ctx, p.Email, p.by()))
}
