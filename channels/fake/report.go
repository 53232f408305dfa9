package fake

import (
	"net/http"

	"pulsa/channels"
	"pulsa/prepaid"
)

// reportRequest is a delivery report as a client posts it.
type reportRequest struct {
	Outbound string `json:"outbound"`
	Status   string `json:"status"`
	Code     string `json:"code"`
}

func (a *Adapter) postReport(w http.ResponseWriter, r *http.Request) {
	var in reportRequest
	if !readRequest(w, r, &in) {
		return
	}
	report := channels.DeliveryReport{Outbound: prepaid.OutboundID(channels.CleanText(in.Outbound)), Status: channels.Delivery(in.Status), Code: channels.CleanText(in.Code)}
	switch report.Status {
	case channels.Queued, channels.Sent, channels.DeliveredTo, channels.Read, channels.Failed:
	default:
		writeError(w, http.StatusBadRequest, `"status" must be queued, sent, delivered, read or failed`)
		return
	}
	if report.Outbound == "" {
		writeError(w, http.StatusBadRequest, `"outbound" is missing: the outbox lists it`)
		return
	}
	if err := a.outbox.ReportDelivery(r.Context(), report, a.clock.Now()); err != nil {
		w.Header().Set("Retry-After", "5")
		writeError(w, http.StatusServiceUnavailable, "try again later")
		return
	}
	_ = writeJSON(w, http.StatusOK, struct{}{}) // the client may have gone
}
