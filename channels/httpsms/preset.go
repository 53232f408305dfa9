package httpsms

import "pulsa/channels/wire"

// presets give every key for one kind of gateway; a channel's own keys win.
//
// kannel is as Kannel 1.4.5 does it, and is tried against Debian's in channels/httpsms/kanneltest. jasmin follows Jasmin's
// documentation and is untried.
var presets = map[string]map[string]string{
	"kannel": {
		// By post-url the text, which may be a PIN, stands in no URL either.
		"in_url":     "?from=%p&id=%I&charset=%C",
		"in_from":    "query.from",
		"in_text":    "body",
		"in_id":      "query.id",
		"in_charset": "query.charset",

		"answer":         "response",
		"answer_headers": "X-Kannel-Coding: {coding}", // heeded with accept-x-kannel-headers = true

		// By POST neither the password nor a text, which may hold a code, stands in a URL.
		"send_method": "POST",
		"send_url":    "{gateway}/cgi-bin/sendsms",
		"send_type":   "text/plain; charset=UTF-8",
		"send_headers": "X-Kannel-Username: {user}\nX-Kannel-Password: {password}\nX-Kannel-From: {from}\nX-Kannel-To: {to}\n" +
			"X-Kannel-Coding: {coding}\nX-Kannel-DLR-Mask: 31\nX-Kannel-DLR-Url: {dlr_url}",
		"send_body":            "{text}",
		"result_sent":          `^202 (?:0|3): `,
		"result_misconfigured": `^403 (Authorization failed)|^400 (Sender missing)|^404 `,
		"result_refused":       `^403 (Not routable)|^400 ([A-Za-z() /,-]+)`,
		"result_retry":         `^503 (Temporal failure)`,

		// Signs in, and is refused only for lack of a receiver.
		"probe_method": "POST",
		"probe_url":    "{gateway}/cgi-bin/sendsms",
		"probe_ok":     `^400 Missing receiver`,

		"dlr_url":       "{webhook}?outbound={id}&dlr=%d&dlr_answer=%A",
		"dlr_outbound":  "query.outbound",
		"dlr_status":    "query.dlr",
		"dlr_code":      "query.dlr_answer",
		"dlr_code_in":   `err:([0-9A-Za-z]{1,8})|NACK/(?:0x)?([0-9A-Fa-f]{1,8})`, // the rest quotes the message
		"dlr_delivered": "1",
		"dlr_failed":    "2 16",
		"dlr_queued":    "4",
		"dlr_sent":      "8",
	},
	"jasmin": {
		"in_from":    "form.from",
		"in_text":    "form.content",
		"in_id":      "form.id",
		"in_coding":  "form.coding",
		"in_codings": "0=gsm 1=us-ascii 3=iso-8859-1 6=iso-8859-5 7=iso-8859-8 8=utf-16be",

		"answer":     "push",
		"answer_ack": "ACK/Jasmin",
		"redelivers": "true",

		"send_method": "POST",
		"send_url":    "{gateway}/send",
		"send_type":   wire.FormType,
		"send_body": "username={user}&password={password}&from={from}&to={to_digits}&coding={coding}&hex-content={text_hex}" +
			"&dlr=yes&dlr-level=3&dlr-method=POST&dlr-url={dlr_url}",
		"send_coding_unicode":  "8",
		"result_sent":          `^200 Success "([^"]+)"`,
		"result_misconfigured": `^403 Error "(Authentication failure)|^403 Error "(Authorization failed)|^404 `,
		"result_throttled":     `^403 Error "(User throughput exceeded)`,
		"result_refused":       `^412 Error "(No route found)|^400 `,

		"probe_url": "{gateway}/balance?username={user}&password={password}",
		"probe_ok":  `^200 `,

		"dlr_url":       "{webhook}?outbound={id}",
		"dlr_outbound":  "query.outbound",
		"dlr_ref":       "form.id",
		"dlr_status":    "form.message_status",
		"dlr_code":      "form.err",
		"dlr_delivered": "DELIVRD",
		"dlr_failed":    "UNDELIV EXPIRED DELETED REJECTD ESME_RINVDSTADR ESME_RSUBMITFAIL ESME_RINVMSGLEN",
		"dlr_sent":      "ACCEPTD ESME_ROK",
	},
}
