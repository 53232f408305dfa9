// Package sim plays the payment gateway and the mobile network of test brands. [Open] opens both, with their books.
//
// The simulators are told how things go in the words of conversation scripts ([Simulators.Tell]): from Go, by HTTP
// ([Simulators.ControlRoutes]), or from another process ([Remote]). [Face] shows the network with the Reloadly API as its
// face, and [News] sends that API's webhooks. Packages gateway, network and book are what this is made of.
package sim
