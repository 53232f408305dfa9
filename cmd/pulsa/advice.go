package main

import (
	"errors"
	"fmt"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/topup"
	"pulsa/yamlfile"
)

// advised adds to an error what to do about it. If the thing that a command names does not exist, the advice is the command that
// lists what does.
func advised(err error) error {
	for _, missing := range []struct {
		err  error
		look string
	}{
		{topup.ErrNoOrder, "pulsa topups list shows which there are"},
		{accounts.ErrNoCustomer, "look at the number and the brand"},
		{operators.ErrNotFrozen, "pulsa customers frozen lists those that are"},
		{operators.ErrNoCode, "switch it on with pulsa channels enable"},
		{operators.ErrNoNews, "see pulsa customers untold"},
		{accounts.ErrFrozen, "decide with pulsa customers unfreeze"},
		{accounts.ErrRegistered, "its customer must text CLOSE first, or erase it with pulsa customers erase"},
		{developers.ErrNoKey, "pulsa apikeys list shows which there are"},
		{developers.ErrNoWebhook, "pulsa apikeys webhook --url URL gives it one"},
		{developers.ErrNoDelivery, "pulsa apikeys deliveries list shows which there are"},
		{cards.ErrNoJob, "pulsa cards jobs shows which there are"},
		{cards.ErrOpen, "--all"},
		{cards.ErrGuessable, "--allow-guessable allows it all the same"},
		{cards.ErrUnknown, "pulsa cards list shows which there are"},
		{operators.ErrNoReason, "--reason TEXT"},
		{operators.ErrNoVersion, "pulsa brands list --brand NAME shows which there are"},
		{operators.ErrNeedsFile, "pulsa cards import FILE"},
		{operators.ErrNoOpenItem, "pulsa reconcile --list shows which there are"},
	} {
		if errors.Is(err, missing.err) {
			return fmt.Errorf("%w: %s", err, missing.look)
		}
	}
	var field *operators.FieldError
	var brand *operators.UnknownBrandError
	var channel *operators.UnknownChannelError
	switch {
	case errors.As(err, &field):
		return wrongFlag("--%w%s", err, yamlfile.DidYouMean(field.Value, field.Known))
	case errors.As(err, &brand):
		return wrongFlag("--brand: %w%s", err, yamlfile.DidYouMean(brand.Brand, brand.Known))
	case errors.As(err, &channel):
		return fmt.Errorf("%w%s", err, yamlfile.DidYouMean(channel.Channel, channel.Known))
	}
	return err
}
