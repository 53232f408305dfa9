package reloadly

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// access is what we are let in by: credentials, and the one token that they were exchanged for. Safe for concurrent use.
type access struct {
	Credentials
	turn   chan struct{} // held by whoever reads or fetches
	value  string
	renew  time.Time // from then on a new one is fetched
	expiry time.Time
}

// Renew takes other credentials from the next call on. Calls under way end with those that they began with. The token that we have is
// used until it expires where the new credentials get none.
func (c *Client) Renew(to Credentials) {
	before := c.access.Load()
	if before.Credentials == to {
		return
	}
	before.turn <- struct{}{}
	defer func() { <-before.turn }()
	c.access.Store(&access{Credentials: to, turn: make(chan struct{}, 1), value: before.value, expiry: before.expiry})
}

// renewBefore is how long before its end a token is exchanged: long enough for the slowest call, and never
// more than a tenth of its life.
const renewBefore = 5 * time.Minute

// token returns one that is good for now. stale is one that was just refused, "" for none.
func (c *Client) token(ctx context.Context, stale string) (string, error) {
	t := c.access.Load()
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	now := c.c.Clock.Now()
	if t.value != "" && t.value != stale && now.Before(t.renew) {
		return t.value, nil
	}
	fresh, err := c.fetchToken(ctx, t.Credentials)
	if err != nil {
		if t.value != "" && t.value != stale && now.Before(t.expiry) {
			c.c.Log.WarnContext(ctx, "reloadly token not renewed", "expires", t.expiry, "error", err)
			return t.value, nil
		}
		return "", err
	}
	life := time.Duration(min(fresh.ExpiresIn, 365*24*3600)) * time.Second
	t.value, t.expiry = fresh.AccessToken, now.Add(life)
	t.renew = t.expiry.Add(-min(renewBefore, life/10))
	return t.value, nil
}

// fetchToken asks for a token, a few times.
func (c *Client) fetchToken(ctx context.Context, as Credentials) (Token, error) {
	body, err := json.Marshal(tokenRequest{
		ClientID: as.ClientID, ClientSecret: as.ClientSecret.Reveal(), GrantType: "client_credentials", Audience: c.c.Audience,
	})
	if err != nil {
		return Token{}, err
	}
	var fresh Token
	err = c.repeat(ctx, &fresh, func(ctx context.Context) (reply, error) {
		r, _, err := c.once(ctx, http.MethodPost, c.c.AuthURL, "", body)
		return r, err
	})
	if err == nil && (fresh.AccessToken == "" || fresh.ExpiresIn <= 0) {
		err = errors.New("reloadly answered without a token")
	}
	return fresh, err
}
