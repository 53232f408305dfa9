package prepaid

// CallerAddress stands for the desk where a code was asked for that a caller is to read back. That code answers to nothing else.
func CallerAddress(id NoticeID) Address { return Address("desk:" + string(id)) }
