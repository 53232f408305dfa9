package desk

import (
	"slices"
	"strings"

	"pulsa/operators"
)

// Row is a row of the table of routes.
type Row struct {
	Method, Pattern string
	Act             operators.Act // whose right it needs; "" where being signed in is enough
}

// route is a row with what serves it.
type route struct {
	Method, Pattern string
	Act             operators.Act
	serve           func(*visit)
	anybody         bool  // signed in or not
	limit           int64 // of what it is sent; 0 is formLimit
}

func get(pattern string, act operators.Act, serve func(*visit)) route {
	return route{Method: "GET", Pattern: pattern, Act: act, serve: serve}
}

func post(pattern string, act operators.Act, serve func(*visit)) route {
	return route{Method: "POST", Pattern: pattern, Act: act, serve: serve}
}

// runs are the two routes of an operation: what it would do, and doing it.
func runs(pattern string, act operators.Act, serve func(*visit)) []route {
	return []route{get(pattern, act, serve), post(pattern, act, serve)}
}

// table is the table of routes. Patterns of a brand's pages begin with /{brand}/ and a literal, all others with /-/.
func table() []route {
	return slices.Concat(
		frameRoutes(),
		todayRoutes(),
		waitingRoutes(),
		customersListRoutes(),
		developersRoutes(),
		channelsRoutes(),
		healthRoutes(),
		recordRoutes(),
		ordersRoutes(),
		orderRoutes(),
		signInRoutes(),
		approvalsRoutes(),
		blocksRoutes(),
		meRoutes(),
		peopleRoutes(),
		searchRoutes(),
		customerRoutes(),
	)
}

// Table returns the table of routes.
func Table() []Row {
	var rows []Row
	for _, r := range table() {
		rows = append(rows, Row{r.Method, r.Pattern, r.Act})
	}
	return rows
}

// places are what the rail leads to, with the letter that follows g; those inside of settings have none. One without a route is left out.
var places = []struct{ name, key string }{
	{"today", "t"}, {"waiting", "w"}, {"orders", "o"}, {"customers", "u"}, {"cards", "c"}, {"stock", "k"}, {"channels", "h"},
}

var settings = []string{"brands", "developers", "blocks", "people", "approvals", "record", "health"}

// pathOf returns the address of a place, and whether the person may see it.
func (v *visit) pathOf(place string) (string, bool) {
	for _, r := range table() {
		if r.Method != "GET" {
			continue
		}
		switch r.Pattern {
		case "/{brand}/" + place:
			if v.brand != nil && v.actor.Right(r.Act, v.brand.Name) != operators.Not {
				return v.path(place), true
			}
		case "/-/" + place:
			if r.Act == "" || v.actor.Right(r.Act, "") != operators.Not {
				return r.Pattern, true
			}
		}
	}
	return "", false
}

// place is the place that the route belongs to.
func (r route) place() string {
	parts := strings.Split(r.Pattern, "/")
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}

// hasRoute reports whether the table has a route.
func hasRoute(method, pattern string) bool {
	return slices.ContainsFunc(table(), func(r route) bool { return r.Method == method && r.Pattern == pattern })
}
