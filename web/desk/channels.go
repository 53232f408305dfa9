package desk

import (
	"net/http"
	"strings"

	"pulsa/operators"
	"pulsa/web/ui"
)

// channelsRoutes are the lights of the brand's channels, and their switches.
func channelsRoutes() []route {
	all := []route{get("/{brand}/channels", operators.ActSee, (*visit).channels)}
	all = append(all, runs("/{brand}/channels/{channel}/on", operators.ActSwitch, func(v *visit) { v.switchChannel("channels.turn-on", operators.SwitchChannel{TurnOn: true}) })...)
	return append(all, runs("/{brand}/channels/{channel}/off", operators.ActSwitch, func(v *visit) { v.switchChannel("channels.turn-off", operators.SwitchChannel{}) })...)
}

// channelShown is a channel with its switch.
type channelShown struct {
	Name, Type string
	Light      ui.Status
	Figures    string
	Why        []string
	Provider   string
	Switch     *ui.Link
}

// channels answers with how the brand's channels fare.
func (v *visit) channels() {
	lines, err := v.Desk.Desk.Channels(v.brand.Name)
	if err != nil {
		v.fail(err)
		return
	}
	listed, err := lines.List(v.r.Context())
	if err != nil {
		v.fail(err)
		return
	}
	health, err := lines.Health(v.r.Context(), "")
	if err != nil {
		v.fail(err)
		return
	}
	byName := map[string]operators.ChannelHealth{}
	for _, h := range health {
		byName[h.Channel] = h
	}
	var shown []channelShown
	on := 0
	for _, c := range listed {
		h := byName[c.Channel]
		_, name, _ := strings.Cut(c.Channel, "/")
		s := channelShown{Name: name, Type: c.Type, Light: v.light(h), Why: h.Why, Provider: c.URL, Figures: v.t("channels.figures", "sent", number(int64(h.Sent)), "waiting", number(int64(h.Waiting)), "failed", number(int64(h.Failed+h.Unknown+h.Undelivered)))}
		if c.On {
			on++
		}
		if v.may(operators.ActSwitch) != operators.Not && (c.On || c.Problem == "") {
			s.Switch = &ui.Link{Href: v.path("channels", name, "on"), Text: v.t("channels.turn-on")}
			if c.On {
				s.Switch = &ui.Link{Href: v.path("channels", name, "off"), Text: v.t("channels.turn-off")}
			}
		}
		shown = append(shown, s)
	}
	head := ui.Head{Title: v.t("place.channels"), Sentence: v.t("channels.sentence", "on", number(int64(on)), "all", number(int64(len(shown))))}
	v.show(http.StatusOK, page{Head: head, Template: "channels", Data: shown})
}

// switchChannel turns the channel that the address names on or off, as the operation says. title is the key of its words.
func (v *visit) switchChannel(title string, to operators.SwitchChannel) {
	to.Brand, to.Channel = v.brand.Name, v.r.PathValue("channel")
	v.run(task{Title: v.t(title) + ": " + to.Channel, Back: v.path("channels"), Read: func(*typed) operators.Operation { return to }})
}
