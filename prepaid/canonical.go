package prepaid

// canonical is the one form of a number in full, without its plus. Messengers know some numbers by the way in which their country wrote
// them once: +521… of Mexico, eight digits of Benin and of Brazil's mobiles, Argentina's mobiles without the 9 that calls from abroad
// need. Sources: the numbering plans of the countries (ITU E.164 notifications: MX 2019, BR 2016, BJ 2024, AR).
func canonical(digits string) string {
	if len(digits) < 11 {
		return digits
	}
	switch {
	case len(digits) == 13 && digits[:3] == "521":
		return "52" + digits[3:]
	case len(digits) == 11 && digits[:3] == "229":
		return "22901" + digits[3:]
	case len(digits) == 12 && digits[:2] == "55" && digits[4] >= '6': // fixed lines begin with 2 to 5
		return digits[:4] + "9" + digits[4:]
	case len(digits) == 12 && digits[:2] == "54" && digits[2] != '9':
		return "549" + digits[2:]
	}
	return digits
}
