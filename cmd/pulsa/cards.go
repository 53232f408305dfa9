package main

type cardsCommand struct {
	Generate cardsGenerateCommand          `cmd:"" help:"Make new top-up cards."`
	Release  cardsWorkCommand[cardRelease] `cmd:"" help:"Put generated cards on sale: until then they are worthless." set:"all=Release all cards of the brand."`
	List     cardsListCommand              `cmd:"" help:"Search for cards."`
	Show     cardsShowCommand              `cmd:"" help:"Show one card."`
	Edit     cardsWorkCommand[cardEdit]    `cmd:"" help:"Change many cards at once: expiry, reseller or status." set:"all=Edit all cards of the brand that were never spent."`
	Delete   cardsWorkCommand[cardDelete]  `cmd:"" help:"Delete cards that were never spent." set:"all=Delete all cards of the brand that were never spent."`
	Export   cardsWorkCommand[cardExport]  `cmd:"" help:"Write the print file: serials with their codes, encrypted, once." set:"all=Export all cards of the brand."`
	Import   cardsImportCommand            `cmd:"" help:"Take over existing cards from a CSV file."`
	Rekey    cardsRekeyCommand             `cmd:"" help:"Seal all codes with the card key in use."`
	Report   cardsReportCommand            `cmd:"" help:"Report liability or redemptions."`
	Jobs     cardsJobsCommand              `cmd:"" help:"List work on cards: who did what, why, and what was interrupted."`
	Resume   cardsResumeCommand            `cmd:"" help:"Go on with work that was interrupted."`
}

// cardFilter are the flags of operators.CardQuery.
type cardFilter struct {
	Status        []string `help:"new, activated, expired, locked or void; or generated, live, reserved." placeholder:"STATUS"`
	Serial        string   `help:"One card."`
	FromSerial    string   `help:"The first of a range." placeholder:"SERIAL"`
	ToSerial      string   `help:"The last of a range." placeholder:"SERIAL"`
	Series        string   `help:"The series."`
	Batch         string   `help:"What was generated or imported together." placeholder:"JOB"`
	Amount        string   `help:"What a card is worth: 10 or 7.50."`
	Reseller      string   `help:"Who sells them."`
	CreatedFrom   string   `help:"Created then or later." placeholder:"TIME"`
	CreatedTo     string   `help:"Created before." placeholder:"TIME"`
	ExpiresFrom   string   `help:"Valid through that day or later." placeholder:"TIME"`
	ExpiresTo     string   `help:"Valid through a day before." placeholder:"TIME"`
	ActivatedFrom string   `help:"Activated then or later." placeholder:"TIME"`
	ActivatedTo   string   `help:"Activated before." placeholder:"TIME"`
	Customer      string   `help:"The number that it was spent on: +31612345678." placeholder:"+NUMBER"`
}
