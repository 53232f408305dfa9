package prepaid

import "strings"

// Grouped is an order's number for people, in groups like a phone number's, to be read aloud: "BKT-RMW-QXZD". ReadOrderID reads it.
func (id OrderID) Grouped() string {
	if len(id) != orderLetters {
		return string(id)
	}
	return string(id[:3] + "-" + id[3:6] + "-" + id[6:])
}

// orderLookAlikes are signs that no order's number has, each with the one letter of it that looks like the sign. O and 0 are missing:
// they look like D and like Q.
var orderLookAlikes = strings.NewReplacer("1", "L", "I", "L", "2", "Z", "5", "S", "6", "G", "8", "B", "U", "V")

// ReadOrderID reads an order's number as people write it: in any grouping, in capitals or not, and with 8 for B, 5 for S and the like.
// Any other text becomes capitals without blanks around them, which is no order's number.
func ReadOrderID(text string) OrderID {
	text = strings.ToUpper(strings.TrimSpace(text))
	id := orderLookAlikes.Replace(strings.ToUpper(Compact(text)))
	if len(id) != orderLetters || strings.Trim(id, upperConsonants) != "" {
		return OrderID(text)
	}
	return OrderID(id)
}
