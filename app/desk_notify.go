package app

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/smtp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
)

// tells are the ways in which our staff is told what waits for them.
func (p *Program) tells() map[operators.NoticeWay]operators.Teller {
	ways, c := map[operators.NoticeWay]operators.Teller{}, p.Config.DeskNotify
	if c.Webhook.URL != "" {
		ways[operators.ByWebhook] = webhookTeller{c.Webhook, p.Clock}
	}
	if c.Mail.Host != "" {
		ways[operators.ByMail] = mailTeller{c.Mail, p.Clock}
	}
	return ways
}

// notifier tells our staff what waits for them.
func (p *Program) notifier() operators.Notifier {
	return operators.Notifier{
		Notices: p.DB.Approvals, Desk: p.operatorsDesk(), DeskURL: p.Config.DeskURL, Ways: p.tells(),
		Failed: func(n operators.DeskNotice, err error) {
			p.Log.Warn("our staff could not be told what waits for them", "way", string(n.Way), "notice", n.ID, "attempt", n.Attempts, "gives up", !n.EndedAt.IsZero(), "error", err)
		},
	}
}

// webhookTeller posts what is told as JSON.
type webhookTeller struct {
	to    config.NotifyWebhook
	clock prepaid.Clock
}

// The headers of a webhook: when it was signed, in seconds since 1970, and the HMAC-SHA256 of that, a point and the body, in hex.
const (
	timestampHeader = "Pulsa-Timestamp"
	signatureHeader = "Pulsa-Signature"
)

// Tell implements operators.Teller.
func (w webhookTeller) Tell(ctx context.Context, t operators.Telling) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.to.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address is wrong")
	}
	at := strconv.FormatInt(w.clock.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(w.to.Secret.Reveal()))
	mac.Write([]byte(at + "." + string(body)))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(timestampHeader, at)
	request.Header.Set(signatureHeader, hex.EncodeToString(mac.Sum(nil)))
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return errors.New("the webhook was not reached") // the error holds the address, which may hold a secret
	}
	_ = response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook has answered %d", response.StatusCode)
	}
	return nil
}

// mailTeller sends what is told by SMTP.
type mailTeller struct {
	by    config.NotifyMail
	clock prepaid.Clock
}

// Tell implements operators.Teller.
func (m mailTeller) Tell(ctx context.Context, t operators.Telling) error {
	to := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(t.To), m.by.To...))))
	if len(to) == 0 {
		return nil // nobody may decide: the page says so, and a command does
	}
	client, err := m.connect(ctx)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	defer func() { _ = client.Close() }()
	if err := m.send(client, to, t); err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	return nil
}

// connect opens a session, which ends with ctx: with TLS from the first byte on port 465, elsewhere as soon as the server offers it. A
// password goes over TLS, or to this machine.
func (m mailTeller) connect(ctx context.Context) (*smtp.Client, error) {
	host, port, err := net.SplitHostPort(m.by.Host)
	if err != nil {
		return nil, err
	}
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", m.by.Host)
	if err != nil {
		return nil, err
	}
	if until, bounded := ctx.Deadline(); bounded {
		err = connection.SetDeadline(until)
	}
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if port == "465" {
		connection = tls.Client(connection, secure)
	}
	client, newErr := smtp.NewClient(connection, host)
	if err = errors.Join(err, newErr); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	if offered, _ := client.Extension("STARTTLS"); offered && port != "465" {
		err = client.StartTLS(secure)
	}
	if err == nil && m.by.Username != "" {
		err = client.Auth(smtp.PlainAuth("", m.by.Username, m.by.Password.Reveal(), host))
	}
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return client, nil
}

func (m mailTeller) send(client *smtp.Client, to []string, t operators.Telling) error {
	if err := client.Mail(m.by.From); err != nil {
		return err
	}
	for _, address := range to {
		if err := client.Rcpt(address); err != nil {
			return err
		}
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	_, err = w.Write([]byte(m.text(to, t)))
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	return client.Quit()
}

// text is the message. It says nothing of a customer.
func (m mailTeller) text(to []string, t operators.Telling) string {
	subject := "Pulsa: " + t.Kind + " waits for your decision"
	if t.Brand != "" {
		subject += " (" + t.Brand + ")"
	}
	return strings.Join([]string{
		"From: " + m.by.From, "To: " + strings.Join(to, ", "), "Subject: " + mime.QEncoding.Encode("utf-8", subject),
		"Date: " + m.clock.Now().Format(time.RFC1123Z), "Message-ID: <" + t.ID + "." + prepaid.NewToken() + "@pulsa>",
		"MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Auto-Submitted: auto-generated", "",
		"Somebody asked for what another person must agree to.", "", t.Link, "",
	}, "\r\n")
}
