// Package lyceum holds the nouns and rules of the product: accounts,
// projects, members and their roles, the kinds of error, and the one function
// that says who may do what. It knows no HTTP, no SQL and no operating system,
// and imports nothing of ours: every other room speaks in its words.
//
// docs/glossary.md explains each noun.
package lyceum
