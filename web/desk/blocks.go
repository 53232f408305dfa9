package desk

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// blocksRoutes are what is blocked in a brand, and the brand's pause.
func blocksRoutes() []route {
	return slices.Concat(
		[]route{get("/{brand}/blocks", operators.ActBlock, (*visit).listBlocks)},
		runs("/{brand}/blocks/add", operators.ActBlock, (*visit).addBlocks),
		runs("/{brand}/blocks/{block}/end", operators.ActBlock, (*visit).endBlock),
		runs("/{brand}/pause", operators.ActSwitch, (*visit).pause),
		runs("/{brand}/resume", operators.ActSwitch, (*visit).resume),
	)
}

// blocksPage is how many blocks a page lists.
const blocksPage = 50

// listBlocks answers with what is blocked now, the newest first.
func (v *visit) listBlocks() {
	f := operators.BlockFilter{Brand: v.brand.Name, Active: true, Now: v.Clock.Now(), After: v.r.Form.Get("after"), Limit: blocksPage + 1}
	all, err := v.Desk.Desk.Blocks.Blocks(v.r.Context(), f)
	if err != nil {
		v.fail(err)
		return
	}
	t := ui.Table{Caption: v.t("place.blocks"), Columns: []ui.Column{
		{Name: v.t("blocks.what")}, {Name: v.t("blocks.kind")}, {Name: v.t("blocks.who")}, {Name: v.t("blocks.since")}, {Name: v.t("blocks.until")},
	}, Empty: ui.State{Title: v.t("blocks.none"), Text: v.t("blocks.none-text")}}
	if len(all) > blocksPage {
		all = all[:blocksPage]
		t.Next = v.path("blocks") + "?" + query("after", all[blocksPage-1].ID)
	}
	for _, b := range all {
		t.Rows = append(t.Rows, ui.Row{Href: v.path("blocks", b.ID, "end"), Cells: []ui.Cell{
			{Text: cmp.Or(b.Shows, "–"), Mono: true, Second: b.Why}, {Text: v.t("blocks.kind." + strings.ToLower(string(b.Kind)))}, {Text: b.Who}, {Time: v.at(b.At)}, {Time: v.at(b.Until)},
		}})
	}
	head := ui.Head{Title: v.t("place.blocks"), Action: &ui.Link{Href: v.path("blocks", "add"), Text: v.t("blocks.add")}}
	if v.may(operators.ActSwitch) == operators.May {
		p, err := v.Desk.Desk.Pauses.Pause(v.r.Context(), v.brand.Name)
		if err != nil {
			v.fail(err)
			return
		}
		head.More = []ui.Link{{Href: v.path("pause"), Text: v.t("pause.title")}}
		if p.Active(v.Clock.Now()) {
			head.Status, head.Sentence = ui.Status{Tone: ui.Bad, Word: v.t("pause.paused")}, v.t("pause.paused-by", "who", p.Who, "why", p.Why)
			head.More = []ui.Link{{Href: v.path("resume"), Text: v.t("pause.resume")}}
		}
	}
	v.show(http.StatusOK, page{Head: head, Template: "blocks", Data: t})
}

// addBlocks blocks what is on a list. The list is posted, and stands in no address.
func (v *visit) addBlocks() {
	kind := ui.Input{Field: ui.Field{Name: "kind", Label: v.t("blocks.kind"), Required: true}}
	for _, k := range operators.BlockKinds() {
		kind.Options = append(kind.Options, ui.Option{Value: string(k), Label: v.t("blocks.kind." + strings.ToLower(string(k))), Chosen: k == operators.BlockNumber})
	}
	list := ui.Input{Field: ui.Field{Name: "list", Label: v.t("blocks.list"), Hint: v.t("blocks.list-hint"), Required: true}, Rows: 6}
	v.run(task{
		Title: v.t("blocks.add"), Back: v.path("blocks"), Closed: true, Fields: []ui.Input{kind, list, v.untilField()},
		Read: func(f *typed) operators.Operation {
			all, err := v.Desk.Desk.ReadBlocks(v.brand, operators.BlockKind(f.text("kind")), f.text("list"))
			switch {
			case err != nil:
				f.wrong("list", err.Error())
			case len(all) == 0:
				f.wrong("list", v.t("blocks.list-empty"))
			}
			return operators.AddBlocks{
				Brand: v.brand.Name, Batch: cmp.Or(v.r.PostForm.Get(fieldKey), prepaid.NewToken()), All: all, Until: v.until(f),
			}
		},
	})
}

func (v *visit) endBlock() {
	v.run(task{Title: v.t("blocks.end"), Back: v.path("blocks"), Read: func(*typed) operators.Operation {
		return operators.Unblock{Brand: v.brand.Name, ID: v.r.PathValue("block")}
	}})
}

// pause pauses the brand, with a text for customers in each of its languages.
func (v *visit) pause() {
	fields := []ui.Input{v.untilField()}
	for _, language := range v.brand.Languages {
		fields = append(fields, ui.Input{Field: ui.Field{
			Name: "text-" + language, Label: v.t("pause.text", "language", language), Hint: v.t("pause.text-hint"), MaxLength: 300,
		}})
	}
	v.run(task{Title: v.t("pause.title"), Back: v.path("blocks"), Danger: true, Fields: fields, Read: func(f *typed) operators.Operation {
		op := operators.PauseBrand{Brand: v.brand.Name, Until: v.until(f), Texts: map[string]string{}}
		for _, language := range v.brand.Languages {
			if text := f.text("text-" + language); text != "" {
				op.Texts[language] = text
			}
		}
		return op
	}})
}

func (v *visit) resume() {
	v.run(task{Title: v.t("pause.resume"), Back: v.path("blocks"), Read: func(*typed) operators.Operation {
		return operators.ResumeBrand{Brand: v.brand.Name}
	}})
}

// pausedBanner tells on every page of a brand that it is paused. A page is not refused because nobody knows.
func (v *visit) pausedBanner() ui.Banner {
	p, err := v.Desk.Desk.Pauses.Pause(v.r.Context(), v.brand.Name)
	switch {
	case err != nil:
		v.Log.ErrorContext(v.r.Context(), "desk: pause not read", "brand", v.brand.Name, "error", err)
		return ui.Banner{}
	case !p.Active(v.Clock.Now()):
		return ui.Banner{}
	}
	b := ui.Banner{Tone: ui.Bad, Text: v.t("pause.banner", "who", p.Who, "why", p.Why)}
	if !p.Until.IsZero() {
		b.Text = v.t("pause.banner-until", "who", p.Who, "why", p.Why, "time", v.clock(p.Until))
	}
	if v.may(operators.ActSwitch) == operators.May {
		b.Link = &ui.Link{Href: v.path("resume"), Text: v.t("pause.resume")}
	}
	return b
}

// untilForm is how the end of a block or a pause is typed.
const untilForm = "2006-01-02 15:04"

func (v *visit) untilField() ui.Input {
	return ui.Input{Field: ui.Field{Name: "until", Label: v.t("blocks.until"), Hint: v.t("blocks.until-hint", "zone", zoneName(v.zone()))}}
}

// until reads the end, in the person's zone; zero where none was typed.
func (v *visit) until(f *typed) time.Time {
	text := f.text("until")
	if text == "" {
		return time.Time{}
	}
	at, err := time.ParseInLocation(untilForm, text, v.zone())
	if err != nil {
		f.wrong("until", v.t("blocks.until-hint", "zone", zoneName(v.zone())))
	}
	return at
}
