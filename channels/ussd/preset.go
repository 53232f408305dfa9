package ussd

// The names of presets.
const (
	defaultPreset = "africastalking"
	noPreset      = "none" // the channel says everything
)

// presets give every key for one gateway; a channel's own keys win.
//
// africastalking follows Africa's Talking's documentation. The others are as the npm package ussd-builder reads and answers
// them, and are tried against it in channels/ussd/ussdbuildertest; what is in them and not in it is said beside it.
var presets = map[string]map[string]string{
	noPreset: {},
	defaultPreset: {
		"in_session":  "form.sessionId",
		"in_from":     "form.phoneNumber",
		"in_text":     "form.text",
		"in_text_is":  "all",
		"in_closed":   "form.status",
		"answer_type": "text/plain; charset=utf-8",
		"answer_more": "CON {text}",
		"answer_end":  "END {text}",
	},
	"hubtel": {
		"in_session":     "json.SessionId",
		"in_from":        "json.Mobile",
		"in_text":        "json.Message",
		"in_code":        "json.ServiceCode",
		"in_kind":        "json.Type",
		"in_kind_opens":  "Initiation",
		"in_kind_closes": "Release Timeout",
		"in_number":      "json.Sequence",
		"answer_more":    `{"Message": "{text}", "Type": "Response"}`,
		"answer_end":     `{"Message": "{text}", "Type": "Release"}`,
	},
	"emergent": {
		"in_session":     "json.SessionId",
		"in_from":        "json.Mobile",
		"in_text":        "json.Message",
		"in_code":        "json.ServiceCode",
		"in_kind":        "json.Type",
		"in_kind_opens":  "Initiation",
		"in_kind_closes": "Release Timeout",
		"answer_more":    `{"Message": "{text}", "Type": "Response", "MaskNextRoute": true}`,
		"answer_end":     `{"Message": "{text}", "Type": "Release"}`,
	},
	"nalo": {
		"in_session":    "json.SESSIONID sender", // ussd-builder knows the sender alone
		"in_from":       "json.MSISDN",
		"in_text":       "json.USERDATA",
		"in_kind":       "json.MSGTYPE",
		"in_kind_opens": "true",
		"answer_more":   `{"USERID": {json.USERID}, "MSISDN": {json.MSISDN}, "MSG": "{text}", "MSGTYPE": true}`,
		"answer_end":    `{"USERID": {json.USERID}, "MSISDN": {json.MSISDN}, "MSG": "{text}", "MSGTYPE": false}`,
	},
	"arkesel": {
		"in_session":    "json.sessionID",
		"in_from":       "json.msisdn",
		"in_text":       "json.userData",
		"in_kind":       "json.newSession",
		"in_kind_opens": "true",
		"answer_more":   `{"sessionID": {json.sessionID}, "userID": {json.userID}, "msisdn": {json.msisdn}, "message": "{text}", "continueSession": true}`,
		"answer_end":    `{"sessionID": {json.sessionID}, "userID": {json.userID}, "msisdn": {json.msisdn}, "message": "{text}", "continueSession": false}`,
	},
	"southpawsl": {
		"in_session": "json.sessionId",
		"in_from":    "json.msisdn",
		"in_text":    "json.inputOption",
		"in_code":    "json.ussdString", // what is equal to it opens a session
		"answer_more": `{"message": "{text}", "state": "CONTINUE", "menuId": {json.menuId}, "ussdString": {json.ussdString}, ` +
			`"option": "{input}", "ussdParameter": {json.ussdParameters}}`,
		"answer_end": `{"message": "{text}", "state": "END", "menuId": {json.menuId}, "ussdString": {json.ussdString}, ` +
			`"option": "{input}", "ussdParameter": {json.ussdParameters}}`,
	},
	"beem": {
		"in_session":     "json.session_id",
		"in_from":        "json.msisdn",
		"in_text":        "json.payload.response",
		"in_code":        "json.serviceCode",
		"in_kind":        "json.command",
		"in_kind_opens":  "initiate",
		"in_kind_closes": "terminate", // ussd-builder answers so, and looks for it in no request
		"answer_more": `{"msisdn": {json.msisdn}, "operator": {json.operator}, "session_id": {json.session_id}, "command": "continue", ` +
			`"payload": {"request_id": {json.payload.request_id}, "request": "{text}"}}`,
		"answer_end": `{"msisdn": {json.msisdn}, "operator": {json.operator}, "session_id": {json.session_id}, "command": "terminate", ` +
			`"payload": {"request_id": {json.payload.request_id}, "request": "{text}"}}`,
	},
}
