package app

import (
	"context"
	"errors"
	"os"
	"strings"

	"pulsa/app/core"
	"pulsa/app/version"
	"pulsa/operators"
	"pulsa/store"
)

// self describes this copy of the server to the others.
func (p *Program) self() operators.Copy {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return operators.Copy{Instance: p.instance, Program: version.Current().Short(), Host: host, Keys: p.Keys.CheckValues(), Settings: p.Settings.Versions()}
}

// sayCopy says that this copy runs, and puts the keys in use that the database says. A *core.KeyError where it does not have one of
// them: the copy then writes with the one before, and can't read what the others write.
func (p *Program) sayCopy(ctx context.Context) error {
	inUse, err := p.DB.Copies.SayCopy(ctx, p.self())
	if err != nil {
		return err
	}
	for _, key := range operators.MasterKeys() {
		use, before := inUse[key], p.Keys[key].InUse()
		switch {
		case use.Version == before:
		case !p.Keys[key].Use(use.Version):
			return core.UnreadableKey(use)
		default:
			p.Log.InfoContext(ctx, "this copy writes with another version of a key", "key", key, "version", use.Version, "before", before, "by", use.Who)
		}
	}
	return nil
}

// saysCopy is sayCopy as due work.
func (p *Program) saysCopy(ctx context.Context) (int, error) { return 0, p.sayCopy(ctx) }

// forgetCopy says that this copy has stopped.
func (p *Program) forgetCopy(ctx context.Context) error {
	return p.DB.Copies.ForgetCopy(ctx, p.instance)
}

// keyFault says which keys this copy lacks that others have; "" where it has them all.
func (p *Program) keyFault(ctx context.Context) (fault string, level operators.Level) {
	running, err := p.DB.Copies.Running(ctx)
	inUse, useErr := p.DB.MasterKeys.KeysInUse(ctx)
	if errors.Join(err, useErr) != nil {
		return "", operators.LevelOK // SQL's fault, not the keys'
	}
	level = operators.LevelOK
	var faults []string
	for _, f := range operators.CheckCopyKeys("this copy", p.self(), running, inUse) {
		if level != operators.LevelError {
			level = f.Level
		}
		faults = append(faults, f.Found+": "+f.Do)
	}
	return strings.Join(faults, "; "), level
}

// settingsFault says which versions of settings this copy can't work with; "" where it works with all that are in force.
func (p *Program) settingsFault(context.Context) (fault string, level operators.Level) {
	if faults := p.Settings.Faults(); len(faults) > 0 {
		return strings.Join(faults, "; "), operators.LevelWarn
	}
	return "", operators.LevelOK
}

// examineCopies shows the running copies of the server, and judges their keys.
func (p *Program) examineCopies(ctx context.Context) []operators.Finding {
	return examineCopies(ctx, p.DB)
}

func examineCopies(ctx context.Context, db *store.DB) []operators.Finding {
	running, err := db.Copies.Running(ctx)
	inUse, useErr := db.MasterKeys.KeysInUse(ctx)
	if err := errors.Join(err, useErr); err != nil {
		return []operators.Finding{operators.Failure("copies", err.Error(), "see SQL above")}
	}
	findings := operators.CheckCopies(running)
	for _, c := range running {
		findings = append(findings, operators.CheckCopyKeys(c.Name(), c, running, inUse)...)
	}
	return findings
}
