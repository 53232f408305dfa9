package stripetest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Object is one of Stripe's, as JSON has it. Others that it refers to stand in it by their id.
type Object map[string]any

// ID returns the object's id.
func (o Object) ID() string { return o.Text("id") }

// Text returns a field that holds text, else "".
func (o Object) Text(field string) string { s, _ := o[field].(string); return s }

func (o Object) number(field string) int64 { n, _ := o[field].(int64); return n }

func (o Object) meta(key string) string {
	m, _ := o["metadata"].(map[string]string)
	return m[key]
}

// Put makes an object with an id of its kind's prefix, such as "pi": what others do with the account.
func (s *Server) Put(prefix string, o Object) (made Object) {
	s.change(func() { made = s.put(prefix, o) })
	return made
}

// Set changes fields of an object.
func (s *Server) Set(id string, fields Object) { s.change(func() { maps.Copy(s.objects[id], fields) }) }

// Latest returns the newest object of a kind, such as "refund", as it is now.
func (s *Server) Latest(kind string) (latest Object) {
	s.change(func() { latest = maps.Clone(s.newest(kind, func(Object) bool { return true })) })
	return latest
}

// put makes an object. Under mu, as what follows.
func (s *Server) put(prefix string, o Object) Object {
	s.last++
	o["id"] = fmt.Sprintf("%s_%04d", prefix, s.last)
	o["created"] = s.clock.Now().Unix()
	s.objects[o.ID()] = o
	s.order = append(s.order, o.ID())
	return o
}

func (s *Server) newest(kind string, fits func(Object) bool) Object {
	for i := len(s.order) - 1; i >= 0; i-- {
		if o := s.objects[s.order[i]]; o["object"] == kind && fits(o) {
			return o
		}
	}
	return nil
}

// read answers a GET.
func (s *Server) read(q Request) *Answer {
	kind, id, _ := strings.Cut(strings.TrimPrefix(q.Path, "/v1/"), "/")
	switch {
	case q.Method != http.MethodGet:
		return missing()
	case kind == "balance":
		return &Answer{Status: http.StatusOK, Body: Object{"object": "balance", "livemode": false, "available": []Object{{"amount": 1200, "currency": "eur"}}}}
	case id == "search":
		return s.list(q, "search_result", func(o Object) bool {
			return o["object"] == "payment_intent" && s.seen[o.ID()] && q.Form.Get("query") == "metadata['charge']:'"+o.meta("charge")+"'"
		})
	case id == "":
		return s.list(q, "list", func(o Object) bool {
			return o.Text("object")+"s" == kind && fits(q, o, "customer") && fits(q, o, "payment_intent") && createdIn(q, o)
		})
	}
	o := s.objects[id]
	if o == nil || o.Text("object")+"s" != kind {
		return missing()
	}
	return s.found(q, o)
}

// found is an answer with one object.
func (s *Server) found(q Request, o Object) *Answer {
	return frozen(&Answer{Status: http.StatusOK, Body: s.expanded(o, expansions(q, ""))})
}

// fits reports whether an object has what a list is asked for.
func fits(q Request, o Object, field string) bool {
	return q.Form.Get(field) == "" || o.Text(field) == q.Form.Get(field)
}

func createdIn(q Request, o Object) bool {
	since, _ := strconv.ParseInt(q.Form.Get("created[gte]"), 10, 64)
	until, err := strconv.ParseInt(q.Form.Get("created[lt]"), 10, 64)
	at := o.number("created")
	return at >= since && (err != nil || at < until)
}

// list pages through objects, the newest first.
func (s *Server) list(q Request, name string, fits func(Object) bool) *Answer {
	limit, _ := strconv.Atoi(q.Form.Get("limit"))
	if limit == 0 {
		limit = 10
	}
	after := q.Form.Get("starting_after")
	page, started, more := []Object{}, after == "", false
	for i := len(s.order) - 1; i >= 0; i-- {
		o := s.objects[s.order[i]]
		switch {
		case !started:
			started = o.ID() == after
		case !fits(o):
		case len(page) == limit:
			more = true
		default:
			page = append(page, s.expanded(o, expansions(q, "data.")))
		}
	}
	return frozen(&Answer{Status: http.StatusOK, Body: Object{"object": name, "data": page, "has_more": more, "url": q.Path}})
}

// expansions are the paths that a request wants expanded, below a prefix.
func expansions(q Request, prefix string) (paths []string) {
	for key, values := range q.Form {
		if strings.HasPrefix(key, "expand[") {
			if path, ok := strings.CutPrefix(values[0], prefix); ok {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// expanded is an object with others in the place of their ids.
func (s *Server) expanded(o Object, paths []string) Object {
	whole := maps.Clone(o)
	for _, path := range paths {
		field, rest, deeper := strings.Cut(path, ".")
		other := s.objects[o.Text(field)]
		if other == nil {
			continue
		}
		var below []string
		if deeper {
			below = []string{rest}
		}
		whole[field] = s.expanded(other, below)
	}
	return whole
}

// formMap reads metadata[charge]=….
func formMap(form url.Values, name string) map[string]string {
	m := map[string]string{}
	for key, values := range form {
		if inner, ok := strings.CutPrefix(key, name+"["); ok {
			m[strings.TrimSuffix(inner, "]")] = values[0]
		}
	}
	return m
}
