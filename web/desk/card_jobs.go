package desk

import (
	"net/http"
	"strconv"
	"time"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/web/ui"
)

// cardJobsRoutes are the work on many cards at once.
func cardJobsRoutes() []route {
	const one = "/{brand}/cards/jobs/{job}"
	return []route{
		get("/{brand}/cards/jobs", operators.ActSee, (*visit).listCardJobs),
		get(one, operators.ActSee, (*visit).showCardJob),
		get(one+"/live", operators.ActSee, (*visit).cardJobLive),
	}
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
	case cards.Abandoned:
		return ui.Status{Tone: ui.Idle, Word: v.t("jobs.state.abandoned")}
	}
	return ui.Status{Tone: ui.Wait, Word: v.tOr("jobs.state."+j.State, v.t("jobs.state.under-way"))}
}

// cardJobData is what the template "card-job" shows.
type cardJobData struct {
	Live  ui.Fresh
	Facts [][2]string
	Links []ui.Link
	Steps ui.Table
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
	ended := j.Ended != ""
	says := v.t("jobs.so-far", "done", v.number(j.Done), "count", v.number(j.Total))
	if j.Total > 0 && !ended {
		says += " · " + strconv.FormatInt(100*j.Done/j.Total, 10) + " %"
	}
	body, err := v.html("card-job-live", struct {
		Status ui.Status
		Job    ui.Job
	}{v.jobStatus(j.JobRow), ui.Job{What: v.jobTitle(j), By: j.By, Done: j.Done, Of: max(j.Total, 1), Text: says, Ended: ended, StartedAt: v.atText(j.Started)}})
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
