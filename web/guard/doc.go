// Package guard is what every HTTP handler of ours is wrapped in: [OwnPages] and [OfType] refuse what a page of another
// site sends by somebody's browser, [WithoutPanics] answers 500 where a handler panics, and logs no value of it, [BehindProxies] finds out whom a request came from.
package guard
