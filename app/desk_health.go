package app

import (
	"context"
	"slices"

	"pulsa/operators"
)

// health is what the desk tells of the machine.
type health struct{ p *Program }

// Inside makes the checks of doctor that ask nobody outside.
func (h health) Inside(ctx context.Context) []operators.Finding {
	p := h.p
	findings := []operators.Finding{
		operators.CheckKey("PULSA_PIN_PEPPER", len(p.Config.Peppers)), operators.CheckKey("PULSA_CARD_KEY", len(p.Config.CardKeys)),
	}
	findings = append(findings, operators.CheckChannels(ctx, p.Registry, p.Config.File, p.Config.PublicURL)...)
	findings = append(findings, examineProxies(p.Config)...)
	for _, look := range []func(context.Context) []operators.Finding{
		p.examineStores, p.examineCopies, p.examineRetention, p.examineSimulated, p.examineRates, p.examineWork,
	} {
		findings = append(findings, look(ctx)...)
	}
	return findings
}

// Outside makes the checks of doctor that ask providers.
func (h health) Outside(ctx context.Context) []operators.Finding {
	p := h.p
	ctx, cancel := context.WithTimeout(ctx, 4*doctorWithin)
	defer cancel()
	findings := slices.Concat(operators.CheckCredentials(ctx, p.Registry), operators.CheckTemplates(ctx, p.Registry, lateTexts{p.Handler}))
	for _, look := range []func(context.Context) []operators.Finding{p.examineRemote, p.examineGateway, p.examineWallet} {
		findings = append(findings, look(ctx)...)
	}
	return findings
}

// Copies lists the servers that run.
func (h health) Copies(ctx context.Context) ([]operators.Copy, error) {
	return h.p.DB.Copies.Running(ctx)
}

// KeysInUse returns the version of each master key that new things are written with.
func (h health) KeysInUse(ctx context.Context) (map[operators.MasterKey]operators.KeyUse, error) {
	return h.p.DB.MasterKeys.KeysInUse(ctx)
}
