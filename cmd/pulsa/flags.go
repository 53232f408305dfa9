package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
	"pulsa/prepaid"
)

// settings are the flags of every command that reads the configuration.
type settings struct {
	Config string `help:"Configuration file (default: ./pulsa.yaml, else the built-in demo)." placeholder:"FILE"`
	Data   string `help:"Folder of the embedded database (default: pulsa-data)." placeholder:"DIR"`
}

// load reads the configuration. Of the credentials that it names, those that the command needs must be there.
func (s settings) load(e term.Env, needs config.Credentials, more map[string]string) (config.Config, error) {
	flags := map[string]string{"--config": s.Config, "--data": s.Data}
	maps.Copy(flags, more)
	return config.LoadKnown(s.Config, e.Getenv, flags, needs)
}

// someBrand are the flags of commands about all brands, or one.
type someBrand struct {
	settings
	Brand string `help:"Of one brand only."`
}

// ofBrand are the flags of commands about one brand.
type ofBrand struct {
	settings
	Brand string `required:"" help:"Which brand."`
}

// deed says why something is done by hand.
type deed struct {
	Reason string `help:"Why, for the record. Write no number or name of a customer." placeholder:"TEXT"`
}

// by returns who and why. An operation that needs a reason checks for it.
func (d deed) by() prepaid.By { return prepaid.ByMachine(app.OSUser(), strings.TrimSpace(d.Reason)) }

// answer is the flag of commands that answer with one object.
type answer struct {
	JSON bool `help:"Print JSON."`
}

// output prints the object that a command shows.
func (a answer) output() term.Output { return term.Output{JSON: a.JSON} }

// print prints what an operation says that it has done, if it has not failed.
func (a answer) print(e term.Env) func(result, error) error {
	return func(done result, err error) error {
		if err != nil || !a.JSON {
			return say(e)(done, err)
		}
		return json.NewEncoder(e.Stdout).Encode(done)
	}
}

// result is what an operation returns of what it has done.
type result interface{ Text() string }

// say prints the text of what an operation has done, if it has not failed. What it could not finish is an error.
func say(e term.Env) func(result, error) error {
	return func(done result, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintln(e.Stdout, strings.TrimSuffix(done.Text(), "\n"))
		if left, ok := done.(interface{ Unfinished() error }); ok {
			err = left.Unfinished()
		}
		return err
	}
}
