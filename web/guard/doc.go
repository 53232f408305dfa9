// Package guard is what every HTTP handler of ours is wrapped in: [OwnPages] and [OfType] refuse what a page of another
// site sends by somebody's browser, [WithoutPanics] answers 500 where a handler panics, and logs no value of it.
package guard
