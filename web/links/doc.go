// Package links serves the short links that texts carry: it forwards a browser to the gateway's page behind a link, or says why there is
// nothing to do there any more. Who asks for too many links that do not exist is refused for a while: [Handler.ServeHTTP] tells how.
package links
