package operators

import (
	"context"
	"time"

	"pulsa/prepaid"
)

// ApprovalRow is an approval as a command lists it.
type ApprovalRow struct {
	ID         ApprovalID     `json:"id"`
	Brand      string         `json:"brand"`
	Status     ApprovalStatus `json:"status"`
	Does       string         `json:"does"`
	AskedBy    string         `json:"asked_by"`
	Why        string         `json:"why"`
	AskedAt    time.Time      `json:"asked_at"`
	LapsesAt   time.Time      `json:"lapses_at"`
	DecidedBy  string         `json:"decided_by"`
	DecidedWhy string         `json:"decided_why"`
	Outcome    string         `json:"outcome"`
}

// Cells are what people see of the row.
func (r ApprovalRow) Cells() [][2]string {
	says := string(r.Status)
	if r.DecidedBy != "" {
		says += " by " + r.DecidedBy
	}
	return [][2]string{{"question", string(r.ID)}, {"brand", r.Brand}, {"does", r.Does}, {"asked by", r.AskedBy}, {"why", r.Why}, {"asked", stamp(r.AskedAt)}, {"status", says}}
}

// MachineApprovals are what whoever runs the machine does with approvals.
type MachineApprovals struct{ Desk *Desk }

// Rows lists the approvals of a brand, or of all ("").
func (m MachineApprovals) Rows(ctx context.Context, f ApprovalFilter) ([]ApprovalRow, error) {
	f.Limit = mostApprovals
	all, err := m.Desk.Approvals.List(ctx, f)
	rows := make([]ApprovalRow, len(all))
	for i, q := range all {
		rows[i] = ApprovalRow{q.ID, q.Brand, q.Status, q.Does, q.Asked.Who, q.Asked.Why, q.AskedAt, q.LapsesAt, q.Decided.Who, q.Decided.Why, q.Outcome}
	}
	return rows, err
}

// Decide decides where nobody but the asker may, and waits until a running server has carried out what was agreed to, or until the time is
// up. Errors as DecideOnMachine.
func (m MachineApprovals) Decide(ctx context.Context, id ApprovalID, v Verdict, by prepaid.By, patience time.Duration) (Done, error) {
	r, err := m.Desk.DecideOnMachine(ctx, id, v, by)
	if err != nil || v == Refuse {
		return Done(r.Text), err
	}
	const look = 500 * time.Millisecond
	for waited := time.Duration(0); waited < patience; waited += look {
		q, err := m.Desk.Approvals.Approval(ctx, id)
		if err != nil || !q.Open() {
			return Done("It is " + string(q.Status) + ". " + q.Outcome), err
		}
		if err := m.Desk.Clock.Sleep(ctx, look); err != nil {
			return "", err
		}
	}
	return Done(r.Text + " None has yet."), nil
}
