package app

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// deed records one, with what a test needs to tell it from others.
func (r *running) deed(d prepaid.Deed) {
	r.t.Helper()
	if d.Why == "" {
		d.Why = "a test asks"
	}
	if d.At.IsZero() {
		d.At = r.Clock.Now()
	}
	if err := r.DB.Deeds.Record(r.t.Context(), d); err != nil {
		r.t.Fatal(err)
	}
}

func TestTheRecordShowsDeedsOfTheBrandsThatThePersonSees(t *testing.T) {
	r := runDemo(t, nil, nil)
	now := r.Clock.Now()
	anna := prepaid.By{Who: "anna@pulsa.example", Role: "finance", From: "192.0.2.7", Why: "ticket 4711", ApprovedBy: "bob@pulsa.example"}
	r.deed(prepaid.Deed{Brand: "demo", What: "refund", Kind: prepaid.OnOrder, Object: "BKTRMWQXZD", New: prepaid.Begun, By: anna})
	r.deed(prepaid.Deed{Brand: "demo", What: "switch", Kind: prepaid.OnChannel, Object: "fake", Old: "on", New: "off", About: "of +31612345678", By: prepaid.ByMachine("root", "=1+1")})
	r.deed(prepaid.Deed{Brand: "demo", What: "pause brand", Kind: prepaid.OnBrand, Object: "demo", By: anna, At: now.Add(-72 * time.Hour)})
	r.deed(prepaid.Deed{Brand: "other", What: "secret of another", Kind: prepaid.OnOrder, Object: "BKTRMWQXZD", By: anna})
	r.deed(prepaid.Deed{What: "add person", Kind: prepaid.OnPerson, Object: "P9", By: anna})

	d := r.deskOf(operators.Viewer)
	page := d.shows("/demo/record", http.StatusOK, "refund", `href="/demo/orders/BKTRMWQXZD"`, "finance · 192.0.2.7", "ticket 4711", "bob@pulsa.example agreed", "has not ended",
		`href="/demo/channels"`, "on → off", "machine", "=1+1", "pause brand", `aria-current="page"`)
	none := func(page string, unwanted ...string) {
		t.Helper()
		for _, u := range unwanted {
			if strings.Contains(page, u) {
				t.Errorf("%q stands in:\n%s", u, page)
			}
		}
	}
	none(page, "secret of another", "add person", "612345678", ">begun<")
	none(d.shows("/-/record", http.StatusOK, "refund"), "secret of another", "add person")
	none(d.shows("/-/record.csv", http.StatusOK, "refund"), "secret of another", "add person")
	d.shows("/other/record", http.StatusNotFound)
	d.shows("/other/record.csv", http.StatusNotFound)
	nobody := r.deskIn("nowhere", operators.Viewer)
	nobody.shows("/-/record", http.StatusNotFound)
	nobody.shows("/-/record.csv", http.StatusNotFound)
	d.shows("/-/record", http.StatusOK, "Demo")

	for query, wanted := range map[string][2]string{
		"who=anna@pulsa.example":               {"refund", "on → off"},
		"kind=order&object=bktr-mwqx-zd":       {"refund", "on → off"},
		"what=switch":                          {"on → off", "ticket 4711"},
		"from=::ffff:192.0.2.7":                {"refund", "on → off"},
		"from=machine":                         {"on → off", "ticket 4711"},
		"since=24h":                            {"on → off", "pause brand"},
		"until=" + day(now.Add(-48*time.Hour)): {"pause brand", "on → off"},
		"since=" + day(now.Add(-24*time.Hour)): {"refund", "pause brand"},
	} {
		none(d.shows("/demo/record?"+query, http.StatusOK, `class="chip"`, wanted[0]), wanted[1])
		none(d.shows("/demo/record.csv?"+query, http.StatusOK, "at,brand,who"), "secret of another")
	}
	d.shows("/demo/record?what=nothing", http.StatusOK, "No deed fits", "The whole record")
	for query, says := range map[string]string{"kind=order": "what kind", "object=x": "what kind", "from=home": "an IP address", "since=x": "Write a day", "after=x": "does not exist"} {
		d.shows("/demo/record?"+query, http.StatusBadRequest, says)
		d.shows("/demo/record.csv?"+query, http.StatusBadRequest, says)
	}
	file := d.shows("/demo/record.csv?from=machine", http.StatusOK, "root,machine,machine,switch,channel,fake,on,off,done,,'=1+1,")
	none(file, "anna", "612345678")

	if _, err := r.sealDeeds(t.Context()); err != nil {
		t.Fatal(err)
	}
	links, err := r.DB.Deeds.LastLinks(t.Context(), []string{"demo", "", "other"})
	if err != nil || len(links) != 3 {
		t.Fatal(links, err)
	}
	none(d.shows("/demo/record", http.StatusOK, links[0].String()), links[1].Digest, links[2].Digest)
	all := r.deskOfAll(operators.Admin)
	all.shows("/-/record", http.StatusOK, "add person", `href="/-/people/P9"`, links[1].String())
	none(all.shows("/-/health", http.StatusOK, "Latest seal", links[0].String(), links[1].String()), links[2].Digest)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func TestTheRecordGoesOnOverPages(t *testing.T) {
	r := runDemo(t, nil, nil)
	const count = 120
	for i := range count {
		r.deed(prepaid.Deed{Brand: "demo", What: "assign", Kind: prepaid.OnOrder, Object: fmt.Sprintf("ORDER%03d", i), By: prepaid.By{Who: "anna"}, At: r.Clock.Now().Add(time.Duration(i/2) * time.Second)})
	}
	d := r.deskOf(operators.Viewer)
	var seen []string
	for path, pages := "/demo/record?who=anna", 0; path != "" && pages < 5; pages++ {
		page := d.shows(path, http.StatusOK)
		for _, m := range regexp.MustCompile(`orders/(ORDER\d+)"`).FindAllStringSubmatch(page, -1) {
			seen = append(seen, m[1])
		}
		path = ""
		if next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(page); next != nil {
			path = html.UnescapeString(next[1])
		}
	}
	once := map[string]bool{}
	for _, s := range seen {
		once[s] = true
	}
	if len(seen) != count || len(once) != count || !strings.HasPrefix(seen[0], "ORDER11") {
		t.Errorf("%d deeds on all pages, %d of them once, %v", len(seen), len(once), seen)
	}
	if _, file := d.get("/demo/record.csv?who=anna"); strings.Count(file, "\n") != count+1 {
		t.Errorf("%d lines", strings.Count(file, "\n"))
	}
}

func TestPagesOfObjectsLeadToTheirDeeds(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer("+31612345678")
	r.wants("+31612345678", "KOOP 10 4821", "10")
	r.Settle(t.Context())
	order := r.latestOrders()[0]
	if order.Status != topup.Delivered {
		t.Fatalf("the order is %s", order.Status)
	}
	d := r.deskOf(operators.Support, operators.Engineer)
	one := "/demo/orders/" + string(order.ID)
	d.does(one+"/resend", nil)
	d.shows(one, http.StatusOK, `href="/demo/record?kind=order&object=`+string(order.ID)+`"`)
	d.shows("/demo/record?kind=order&object="+string(order.ID), http.StatusOK, "ann@pulsa.example", "a test asks", order.ID.Grouped())
	d.shows("/demo/customers/"+string(order.Customer), http.StatusOK, `href="/demo/record?kind=customer&object=`+string(order.Customer)+`"`)
	d.does("/demo/new-developer", url.Values{"name": {"Shop GmbH"}})
	keys, err := r.DB.Developers.Keys(t.Context(), "demo")
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	of := "/demo/record?kind=developer&object=" + keys[0].ID
	d.shows("/demo/developers/"+keys[0].ID, http.StatusOK, `href="`+of+`"`)
	d.shows(of, http.StatusOK, "ann@pulsa.example", `href="/demo/developers/`+keys[0].ID+`"`)
}

func TestFiguresOfTodayLeadToOrdersThatCanBeRead(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer("+31612345678")
	r.wants("+31612345678", "KOOP 10 4821", "10")
	r.Settle(t.Context())
	d := r.deskOf(operators.Viewer)
	links := regexp.MustCompile(`href="(/demo/orders\?[^"]+)"`).FindAllStringSubmatch(d.shows("/demo/today", http.StatusOK), -1)
	if len(links) < 3 {
		t.Fatalf("%v", links)
	}
	for _, l := range links {
		d.shows(html.UnescapeString(l[1]), http.StatusOK, `class="chip"`)
	}
}
