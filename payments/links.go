package payments

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// LinkPath is where short links stand below the program's public URL; the token follows.
const LinkPath = "/p/"

// LinkKind says whose page a short link leads to.
type LinkKind string

// The kinds of links.
const (
	SetupLink LinkKind = "setup" // of a Setup
	OrderLink LinkKind = "order" // on which an order's customer authenticates
)

// Link is a short link to a gateway's page. It holds no address: that is read from the setup or order when somebody follows it.
type Link struct {
	Brand     string
	Token     prepaid.Secret // whoever has it can open the page
	Kind      LinkKind
	Target    string // the setup's or the order's id
	Customer  prepaid.CustomerID
	Language  string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// LinkTarget is a link, and what it leads to as that stands now.
type LinkTarget struct {
	Link
	URL    string // of the gateway's page; empty where there is none any more
	Status string // the setup's or the order's
}

// ErrNoLink says that there is no such short link, or no longer.
var ErrNoLink = errors.New("no such short link")

// LinkStore keeps short links.
type LinkStore interface {
	// SaveLink stores a link and returns its token. A target that has a link keeps its token: the language becomes this one's, and the
	// link expires when the later of the two does.
	SaveLink(ctx context.Context, l Link) (prepaid.Secret, error)
	// LinkTarget finds a link by its token; ErrNoLink.
	LinkTarget(ctx context.Context, token prepaid.Secret) (LinkTarget, error)
}

// setupLinkFor is how long a setup's link is followed. The conversation waits for the page as long.
const setupLinkFor = 24 * time.Hour

// Links makes short links to gateways' pages, and tells where they lead. All fields are needed. Safe for concurrent use.
type Links struct {
	Store     LinkStore
	PublicURL string // without a slash at the end
	Clock     prepaid.Clock
	Log       *slog.Logger
}

// ToSetup returns the short link to a setup's page, the same each time. It leads there for 24 hours, as long as the setup is open.
func (l *Links) ToSetup(ctx context.Context, s Setup, language string) (string, error) {
	now := l.Clock.Now()
	return l.save(ctx, Link{Brand: s.Brand, Kind: SetupLink, Target: string(s.ID), Customer: s.Customer, Language: language,
		CreatedAt: now, ExpiresAt: now.Add(setupLinkFor)})
}

// ToOrder returns the short link to the page on which the customer of an order that is Confirming authenticates, the same each time. It
// leads there until Order.ConfirmBy, as long as the order is Confirming.
func (l *Links) ToOrder(ctx context.Context, o topup.Order, language string) (string, error) {
	return l.save(ctx, Link{Brand: o.Brand, Kind: OrderLink, Target: string(o.ID), Customer: o.Customer, Language: language,
		CreatedAt: l.Clock.Now(), ExpiresAt: o.ConfirmBy()})
}

func (l *Links) save(ctx context.Context, link Link) (string, error) {
	link.Token = prepaid.NewLinkToken()
	token, err := l.Store.SaveLink(ctx, link)
	if err != nil {
		return "", fmt.Errorf("make short link: %w", err)
	}
	return l.PublicURL + LinkPath + token.Reveal(), nil
}

// Followed is what somebody finds who follows a short link.
type Followed struct {
	Brand, Language string
	Kind            LinkKind
	URL             string // the gateway's page; empty where there is nothing to do there any more
	Done            bool   // the setup is completed
}

// Follow tells where a token leads; ErrNoLink. It leads to addresses of http and https alone.
func (l *Links) Follow(ctx context.Context, token prepaid.Secret) (Followed, error) {
	if !wholeToken.MatchString(token.Reveal()) { // PostgreSQL would take some bytes for an error
		return Followed{}, fmt.Errorf("follow short link: %w", ErrNoLink)
	}
	t, err := l.Store.LinkTarget(ctx, token)
	if err != nil {
		return Followed{}, fmt.Errorf("follow short link: %w", err)
	}
	f := Followed{Brand: t.Brand, Language: t.Language, Kind: t.Kind}
	open := t.Status == string(SetupOpen)
	switch t.Kind {
	case SetupLink:
		f.Done = t.Status == string(SetupCompleted)
	case OrderLink:
		open = t.Status == string(topup.Confirming)
	}
	if !open || !l.Clock.Now().Before(t.ExpiresAt) || t.URL == "" {
		return f, nil
	}
	if u, err := url.Parse(t.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		l.Log.ErrorContext(ctx, "a gateway's page has no address of http or https: its short link leads nowhere", "brand", t.Brand, "kind", t.Kind, "target", t.Target)
		return f, nil
	}
	f.URL = t.URL
	return f, nil
}

// IsLink reports whether an address is one of our short links, and returns its token.
func (l *Links) IsLink(address string) (token prepaid.Secret, ok bool) {
	found := linkToken.FindStringSubmatch(address)
	if found == nil || address != l.PublicURL+found[0] {
		return prepaid.Secret{}, false
	}
	return prepaid.NewSecret(found[1]), true
}

var (
	wholeToken = regexp.MustCompile(fmt.Sprintf(`^[0-9a-z]{%d}$`, prepaid.LinkTokenLength))
	linkToken  = regexp.MustCompile(fmt.Sprintf(`%s([0-9a-z]{%d})\b`, LinkPath, prepaid.LinkTokenLength))
)

// MaskLinks hides the tokens of short links in a text that is kept.
func MaskLinks(text string) string { return linkToken.ReplaceAllString(text, LinkPath+"****") }
