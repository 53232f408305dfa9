package operators

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"pulsa/channels"
)

// ProbeWithin bounds how long a provider may take to say whether it knows our credentials.
const ProbeWithin = 5 * time.Second

// CheckCredentials tries the credentials of every channel that is on and whose adapter is a channels.Prober, all at once:
// many providers that do not answer take no longer than one.
func CheckCredentials(ctx context.Context, registry ChannelRegistry) []Finding {
	var probes []func() Finding
	for _, s := range registry.List(ctx) {
		prober, able := registry.Adapter(s.Channel).(channels.Prober)
		if able && s.On && s.Problem == "" {
			probes = append(probes, func() Finding { return probe(ctx, s.Channel, prober) })
		}
	}
	findings := make([]Finding, len(probes))
	var all sync.WaitGroup
	for i, one := range probes {
		all.Go(func() { findings[i] = one() })
	}
	all.Wait()
	return findings
}

func probe(ctx context.Context, c channels.Channel, prober channels.Prober) Finding {
	ctx, cancel := context.WithTimeout(ctx, ProbeWithin)
	defer cancel()
	what := "credentials of " + c.ID()
	whose, err := prober.Probe(ctx, c)
	if err == nil {
		return OK(what, whose)
	}
	f := Failure(what, failed(err),
		fmt.Sprintf("correct the credentials of %s in the environment, or switch the channel off", c.ID()))
	var failure *channels.SendError
	switch {
	case noAnswer(err):
		f.Do = reachProvider
	case errors.As(err, &failure) && failure.Class == channels.Throttled:
		f.Level, f.Do = LevelWarn, "try again in a minute: the provider is asked too often"
	}
	return f
}
