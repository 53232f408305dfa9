package fake

import (
	"context"
	"net/http"
	"time"

	"pulsa/channels"
)

// Fault is how the provider that the fake channel plays fails.
type Fault struct {
	Class channels.Failure // "": it works again
	After time.Duration    // with Throttled: when it wants to be asked again
	Slow  time.Duration    // how long it takes for its answer
	Times int              // how many messages meet it; 0: all until it is taken back
}

// Fail makes a channel's pushed messages meet a fault from now on, in this copy of the program.
func (a *Adapter) Fail(c channels.Channel, f Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f == (Fault{}) {
		delete(a.faults, c.ID())
		return
	}
	a.faults[c.ID()] = f
}

// nextFault returns the fault that the next message meets, and counts it.
func (a *Adapter) nextFault(c channels.Channel) Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.faults[c.ID()]
	if f.Times == 1 {
		delete(a.faults, c.ID())
	} else if f.Times > 1 {
		left := f
		left.Times--
		a.faults[c.ID()] = left
	}
	return f
}

// fail makes a message meet the channel's fault; nil where there is none.
func (a *Adapter) fail(ctx context.Context, c channels.Channel) error {
	f := a.nextFault(c)
	if f.Slow > 0 {
		if a.clock.Sleep(ctx, f.Slow) != nil {
			return &channels.SendError{Class: channels.UnknownIfSent, Code: "no answer"}
		}
	}
	if f.Class == "" {
		return nil
	}
	return &channels.SendError{Class: f.Class, Code: "fault", After: f.After}
}

// faultRequest is a Fault as a client posts it. {} takes it back.
type faultRequest struct {
	Send  string `json:"send"` // a class of failure
	After string `json:"after"`
	Slow  string `json:"slow"`
	Times int    `json:"times"`
}

func (a *Adapter) postFault(w http.ResponseWriter, r *http.Request, c channels.Channel) {
	var in faultRequest
	if !readRequest(w, r, &in) {
		return
	}
	f := Fault{Class: channels.Failure(in.Send), Times: in.Times}
	switch f.Class {
	case "", channels.Retryable, channels.Throttled, channels.RecipientOut, channels.Misconfigured, channels.RefusedFor, channels.WindowShut, channels.UnknownIfSent:
	default:
		writeError(w, http.StatusBadRequest, `"send" must be retryable, throttled, opted out, misconfigured, refused, window shut or unknown`)
		return
	}
	var errAfter, errSlow error
	f.After, errAfter = duration(in.After)
	f.Slow, errSlow = duration(in.Slow)
	if errAfter != nil || errSlow != nil || f.After < 0 || f.Slow < 0 || f.Times < 0 {
		writeError(w, http.StatusBadRequest, `"after" and "slow" must be times such as "30s", "times" 0 or more`)
		return
	}
	a.Fail(c, f)
	_ = writeJSON(w, http.StatusOK, struct{}{}) // the client may have gone
}

func duration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}
