// Package config reads pulsa.yaml and the environment into a [Config]: flags over environment over file over defaults.
//
// [Load] checks everything before it returns and writes nothing. What is wrong comes back whole, as an [Error] that
// names each line of the file. Secrets never stand in the file: it names variables of the environment.
// docs/configuration.md lists the keys, pulsa.example.yaml shows them.
package config
