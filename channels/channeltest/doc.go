// Package channeltest is one suite that every adapter passes, against a real server in the provider's place.
package channeltest
