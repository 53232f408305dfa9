// Package ui is what all our pages in the browser share: the design tokens and base styles (static/ui.css), the layout
// (pages/layout.html), the pieces that pages are made of (pages/pieces.html, static/pieces.css, pieces.go), a form's field (pages/field.html), htmx (static/htmx.min.js, version 2.0.11, licence beside it), and
// the headers that let a page run and load nothing but its own.
//
// A package of pages embeds its own folders static and pages and calls [New]; the files of both then stand below its prefix.
// It answers requests by [Pages.Show] and [Pages.ShowPart], and takes forms through [Form]. web/phone shows how. Nothing is
// built: what stands in the folders is what browsers get.
package ui
