package operators

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// operationKinds names every kind of operation, so that one can be read from storage. A test compares it with the package's types.
func operationKinds() []Operation {
	return []Operation{
		SettleOrder{}, RefundOrder{}, GoodwillOrder{},
		CloseDifference{}, BookPaidDebt{}, TellByHand{}, Assign{},
		AddBlocks{}, Unblock{}, PauseBrand{}, ResumeBrand{},
		AddPerson{}, SetRoles{}, SetGoodwill{}, ResetSignIn{}, EndPerson{},
		CreateKey{}, ChangeKey{}, CreditKey{}, RepeatDelivery{}, SwitchChannel{}, RunAudit{},
		See{}, SendCallerCode{}, AddNote{}, RemoveNote{}, UnlockPIN{}, UnlockCards{}, SendResetCode{}, ResendResult{}, RemoveInstrument{}, ChangeNumber{},
		Unfreeze{}, UnfreezeForNobody{}, CloseAccount{}, EraseCustomer{}, ExportData{},
	}
}

// storedOperation is an operation as it is kept.
type storedOperation struct {
	Kind      string          `json:"kind"`
	Operation json.RawMessage `json:"operation"`
}

// errNoKind says that this program has no operation of a kind that is stored: one that was replaced, or a newer program's.
var errNoKind = errors.New("this program has no such operation")

// readOperation reads an operation that was stored.
func readOperation(kind string, stored []byte) (Operation, error) {
	for _, zero := range operationKinds() {
		if zero.Kind() != kind {
			continue
		}
		op := reflect.New(reflect.TypeOf(zero))
		if err := json.Unmarshal(stored, op.Interface()); err != nil {
			return nil, fmt.Errorf("read operation %s: %w", kind, err)
		}
		return op.Elem().Interface().(Operation), nil
	}
	return nil, fmt.Errorf("%w: %s", errNoKind, kind)
}
