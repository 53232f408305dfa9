package desk

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// cardJobsRoutes are the work on many cards at once.
func cardJobsRoutes() []route {
	const one = "/{brand}/cards/jobs/{job}"
	all := []route{
		get("/{brand}/cards/jobs", operators.ActSee, (*visit).listCardJobs),
		get(one, operators.ActSee, (*visit).showCardJob),
		get(one+"/live", operators.ActSee, (*visit).cardJobLive),
		post(one+"/file", operators.ActCards, (*visit).printFile),
	}
	for _, do := range jobActs {
		all = append(all, runs(one+"/"+do.name, operators.ActCards, func(v *visit) { v.runOnJob(do.name, do.operation) })...)
	}
	return all
}

// jobActs are what is done to a job.
var jobActs = []struct {
	name      string
	operation func(operators.OfJob) operators.Operation
}{
	{"stop", func(of operators.OfJob) operators.Operation { return operators.StopJob{OfJob: of} }},
	{"go-on", func(of operators.OfJob) operators.Operation { return operators.ResumeJob{OfJob: of} }},
	{"give-up", func(of operators.OfJob) operators.Operation { return operators.GiveUpJob{OfJob: of} }},
	{"arrived", func(of operators.OfJob) operators.Operation { return operators.ConfirmPrintFile{OfJob: of} }},
}

// cardJobEvery is how often a job that is under way is read again.
const cardJobEvery = 2 * time.Second

// listCardJobs answers with the newest jobs.
func (v *visit) listCardJobs() {
	shop, ok := v.ofCards()
	if !ok {
		return
	}
	jobs, err := shop.Jobs(v.r.Context())
	if err != nil {
		v.fail(err)
		return
	}
	t := ui.Table{Caption: v.t("jobs.title"), Columns: []ui.Column{
		{Name: v.t("jobs.what")}, {Name: v.t("jobs.state")}, {Name: v.t("jobs.done"), Money: true}, {Name: v.t("jobs.by"), Wide: true}, {Name: v.t("jobs.started")},
	}, Empty: ui.State{Title: v.t("jobs.none"), Text: v.t("jobs.none-text"), Link: v.generateLink()}}
	open := 0
	for _, j := range jobs {
		if j.Ended == "" {
			open++
		}
		t.Rows = append(t.Rows, ui.Row{Href: v.path("cards", "jobs", j.Job), Cells: []ui.Cell{
			{Text: v.jobKind(j.Kind), Second: j.What}, {Status: v.jobStatus(j)}, {Text: v.jobCount(j)}, {Text: j.By, Second: j.Why}, {Time: v.atText(j.Started)},
		}})
	}
	head := ui.Head{Title: v.t("jobs.title"), Sentence: v.t("jobs.sentence", "open", v.number(int64(open))), More: []ui.Link{{Href: v.path("cards"), Text: v.t("place.cards")}}}
	v.show(http.StatusOK, page{Head: head, Template: "table", Data: t})
}

// jobCount is how far a job is: "4,200 of 10,000"; its number alone once they are the same.
func (v *visit) jobCount(j operators.JobRow) string {
	if j.Done == j.Total {
		return v.number(j.Total)
	}
	return v.number(j.Done) + " / " + v.number(j.Total)
}

// jobKind is what a job does, in words.
func (v *visit) jobKind(kind string) string { return v.tOr("jobs.kind."+kind, kind) }

// jobStatus is where a job stands.
func (v *visit) jobStatus(j operators.JobRow) ui.Status {
	switch cards.JobState(j.State) {
	case cards.JobDone:
		return ui.Status{Tone: ui.Good, Word: v.t("jobs.state.done")}
	case cards.Stopped:
		return ui.Status{Tone: ui.Idle, Word: v.t("jobs.state.stopped")}
	case cards.Abandoned:
		return ui.Status{Tone: ui.Idle, Word: v.t("jobs.state.abandoned")}
	}
	return ui.Status{Tone: ui.Wait, Word: v.t("jobs.state.under-way")}
}

// cardJobData is what the template "card-job" shows.
type cardJobData struct {
	Live  ui.Fresh
	Facts [][2]string
	Links []ui.Link
	Steps ui.Table
	File  *printFileShown // of an export that is done
}

// printFileShown is a print file that waits to be fetched.
type printFileShown struct {
	Says    string
	Action  string
	Reason  ui.Field
	Code    *ui.Field
	Arrived *ui.Link // once it was fetched
}

// cardJob reads the job of the address. It answers, and returns false, where it is not there for the person.
func (v *visit) cardJob() (operators.JobDetail, bool) {
	shop, ok := v.ofCards()
	if !ok {
		return operators.JobDetail{}, false
	}
	j, err := shop.ShowJob(v.r.Context(), v.r.PathValue("job"))
	if err != nil {
		v.fail(err)
	}
	return j, err == nil
}

// showCardJob answers with a job: how far it is, what it was asked to do, and what it has done.
func (v *visit) showCardJob() {
	j, found := v.cardJob()
	if !found {
		return
	}
	live, err := v.liveCardJob(j)
	if err != nil {
		v.fail(err)
		return
	}
	data := cardJobData{Live: live, Links: v.jobLinks(j), Steps: v.jobSteps(j)}
	for _, fact := range [][2]string{
		{"jobs.asked", j.What}, {"jobs.by", j.By}, {"jobs.why", j.Why}, {"jobs.started", v.atText(j.Started).Full}, {"jobs.ended", v.atText(j.Ended).Full}, {"jobs.id", j.Job},
	} {
		if fact[1] != "" {
			data.Facts = append(data.Facts, [2]string{v.t(fact[0]), fact[1]})
		}
	}
	if data.File, err = v.printFileOf(j, ""); err != nil {
		v.fail(err)
		return
	}
	head := ui.Head{Title: v.jobTitle(j), More: []ui.Link{{Href: v.path("cards", "jobs"), Text: v.t("jobs.all")}}}
	v.show(http.StatusOK, page{Head: head, Template: "card-job", Data: data})
}

// jobTitle is verb and number: "Lock 10,000 cards".
func (v *visit) jobTitle(j operators.JobDetail) string {
	return v.t("jobs.name", "kind", v.jobKind(j.Kind), "count", v.number(j.Total))
}

// cardJobLive answers with the part of the page that changes while the job is under way.
func (v *visit) cardJobLive() {
	j, found := v.cardJob()
	if !found {
		return
	}
	live, err := v.liveCardJob(j)
	if err != nil {
		v.fail(err)
		return
	}
	v.part("fresh", live)
}

func (v *visit) liveCardJob(j operators.JobDetail) (ui.Fresh, error) {
	ended := cards.JobState(j.State) != cards.UnderWay
	says := v.t("jobs.so-far", "done", v.number(j.Done), "count", v.number(j.Total))
	if j.Total > 0 && !ended {
		says += " · " + strconv.FormatInt(100*j.Done/j.Total, 10) + " %"
	}
	body, err := v.html("card-job-live", struct {
		Status  ui.Status
		Actions []ui.Link
		Job     ui.Job
	}{v.jobStatus(j.JobRow), v.jobActions(j), ui.Job{What: v.jobTitle(j), By: j.By, Done: j.Done, Of: max(j.Total, 1), Text: says, Ended: ended, StartedAt: v.atText(j.Started)}})
	return ui.Fresh{ID: "live", From: v.path("cards", "jobs", j.Job, "live"), Every: cardJobEvery, Ended: ended, AsOf: v.asOf(), Body: body}, err
}

// jobLinks lead to the cards that the job made or took to a file.
func (v *visit) jobLinks(j operators.JobDetail) []ui.Link {
	var all []ui.Link
	switch cards.Kind(j.Kind) {
	case cards.KindGenerate, cards.KindImport:
		all = append(all, ui.Link{Href: v.path("cards") + "?" + query("batch", j.Job), Text: v.t("jobs.cards-made")})
	case cards.KindExport:
		all = append(all, ui.Link{Href: v.path("cards") + "?" + query("exported", j.Job), Text: v.t("jobs.cards-exported")})
	}
	return append(all, v.deedsOf("cards", j.Job))
}

// shownSteps is how many of its steps a job's page shows: the newest.
const shownSteps = 50

// jobSteps are what the job has done, the newest first.
func (v *visit) jobSteps(j operators.JobDetail) ui.Table {
	t := ui.Table{Caption: v.t("jobs.steps"), Columns: []ui.Column{{Name: v.t("jobs.at")}, {Name: v.t("jobs.first")}, {Name: v.t("jobs.last")}, {Name: v.t("jobs.cards"), Money: true}},
		Empty: ui.State{Title: v.t("jobs.no-steps")}}
	for i := len(j.Steps) - 1; i >= 0 && len(t.Rows) < shownSteps; i-- {
		s := j.Steps[i]
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Time: v.atText(s.At)}, {Text: s.First, Mono: true}, {Text: s.Last, Mono: true}, {Text: v.number(s.Cards)}}})
	}
	return t
}

// runOnJob stops a job, has it go on, gives it up, or says that its file has arrived.
func (v *visit) runOnJob(do string, operation func(operators.OfJob) operators.Operation) {
	j, found := v.cardJob()
	if !found {
		return
	}
	v.run(task{
		Title: v.t("jobs.do." + do), Back: v.path("cards", "jobs", j.Job), Danger: do == "give-up",
		Read: func(*typed) operators.Operation { return operation(operators.OfJob{Brand: v.brand.Name, Job: j.Job}) },
	})
}

// jobActions are what may be done to the job now.
func (v *visit) jobActions(j operators.JobDetail) []ui.Link {
	if v.may(operators.ActCards) == operators.Not {
		return nil
	}
	var does []string
	switch cards.JobState(j.State) {
	case cards.UnderWay:
		does = []string{"stop", "give-up"}
	case cards.Stopped:
		does = []string{"go-on", "give-up"}
	}
	all := make([]ui.Link, len(does))
	for i, do := range does {
		all[i] = ui.Link{Href: v.path("cards", "jobs", j.Job, do), Text: v.t("jobs.do." + do)}
	}
	return all
}

// printFileOf is the print file of an export; nil where there is none, or nothing that the person may do with it.
func (v *visit) printFileOf(j operators.JobDetail, wrong string) (*printFileShown, error) {
	if j.Kind != string(cards.KindExport) || v.may(operators.ActCards) == operators.Not {
		return nil, nil //nolint:nilnil // there is no file
	}
	shop, err := v.Desk.Desk.Cards(v.brand.Name)
	if err != nil {
		return nil, err
	}
	f, err := shop.PrintFile(v.r.Context(), j.Job)
	switch {
	case errors.Is(err, cards.ErrNoFile):
		return nil, nil //nolint:nilnil // a command wrote it
	case err != nil:
		return nil, err
	case !f.GoneAt.IsZero():
		return &printFileShown{Says: v.t("jobs.file-gone", "time", v.clock(f.GoneAt))}, nil
	}
	shown := &printFileShown{
		Says: v.t("jobs.file-waits", "count", v.number(f.Cards), "checksum", f.Checksum, "until", v.clock(f.MadeAt.Add(cards.KeepFiles))), Action: v.path("cards", "jobs", j.Job, "file"),
		Reason: ui.Field{Name: fieldReason, Label: v.t("do.reason"), Hint: v.t("do.reason-hint"), Error: wrong, Value: v.r.PostForm.Get(fieldReason), MaxLength: operators.MaxReason, Required: true},
	}
	if !v.actor.Fresh(v.Clock.Now()) {
		shown.Code = &ui.Field{Name: fieldCode, Label: v.t("do.code"), Hint: v.t("do.code-hint"), Type: "password", InputMode: "numeric", Autocomplete: "one-time-code", MaxLength: 10, Required: true}
	}
	if !f.FetchedAt.IsZero() {
		shown.Says += " " + v.t("jobs.file-fetched", "time", v.clock(f.FetchedAt))
		shown.Arrived = &ui.Link{Href: v.path("cards", "jobs", j.Job, "arrived"), Text: v.t("jobs.do.arrived")}
	}
	return shown, nil
}

// printFile answers with the print file of an export. It is sealed to its printers.
func (v *visit) printFile() {
	j, found := v.cardJob()
	if !found {
		return
	}
	if code := strings.TrimSpace(v.r.PostForm.Get(fieldCode)); code != "" {
		actor, err := v.SignIn.Again(v.r, prepaid.NewSecret(code))
		if err != nil {
			v.state(http.StatusUnprocessableEntity, "state.failed", v.t("do.code-wrong"))
			return
		}
		v.actor = actor
	}
	out := &fileWriter{visit: v, name: "cards-" + j.Job + ".csv.age"}
	err := v.Desk.Desk.FetchPrintFile(v.r.Context(), v.actor, v.brand.Name, j.Job, v.r.PostForm.Get(fieldReason), out)
	switch {
	case err == nil:
	case out.begun:
		v.Log.ErrorContext(v.r.Context(), "desk: file cut off", "error", err)
		panic(http.ErrAbortHandler) // half a file must not look whole
	case errors.Is(err, operators.ErrNotFresh):
		v.state(http.StatusUnprocessableEntity, "state.failed", v.t("do.code-hint"))
	default:
		v.fail(err)
	}
}

// fileWriter begins the answer with its first bytes: until then another answer can be given.
type fileWriter struct {
	*visit
	name  string
	begun bool
}

// Write implements io.Writer.
func (f *fileWriter) Write(some []byte) (int, error) {
	if !f.begun {
		f.begun = true
		ui.Protect(f.w.Header())
		f.w.Header().Set("Content-Type", "application/octet-stream")
		f.w.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	}
	return f.w.Write(some)
}
