package prepaid

// canonical is the one form of a number in full, without its plus. Messengers and customers write some countries' numbers in a form that
// the country has left:
//
//   - Mexico's mobiles with a 1 behind +52, which libphonenumber has not taken since its release 8.10.17 of 2019
//   - Brazil's mobiles with eight digits, as WhatsApp keeps those that it knew before the ninth digit: a 9 goes before 6, 8 and 9. Fixed
//     lines begin with 2 to 5. Numbers that begin with 7 stay: libphonenumber has mobiles of eight digits and of nine there
//   - Benin's eight digits, to all of which the regulator added 01 on 30 November 2024
//   - Argentina's mobiles without the 9 that WhatsApp writes. Nothing in such a number tells a mobile from a fixed line, for the
//     area codes and lengths are the same, and libphonenumber knows most of them as both. We read a mobile, for nobody tops up a fixed line:
//     one that is written so becomes a number that the network does not know. Other services (800, 600) stay
func canonical(digits string) string {
	if len(digits) < 11 {
		return digits
	}
	switch {
	case len(digits) == 13 && digits[:3] == "521" && digits[3] >= '2':
		return "52" + digits[3:]
	case len(digits) == 12 && digits[:2] == "55" && (digits[4] == '6' || digits[4] >= '8'):
		return digits[:4] + "9" + digits[4:]
	case len(digits) == 11 && digits[:3] == "229" && digits[3] != '0':
		return "22901" + digits[3:]
	case len(digits) == 12 && digits[:2] == "54" && (digits[2:4] == "11" || digits[2] == '2' || digits[2] == '3'):
		return "549" + digits[2:]
	}
	return digits
}
