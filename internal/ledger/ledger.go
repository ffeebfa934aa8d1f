// Package ledger holds the form of the append-only record of what happened:
// events, their canonical bytes, and the hash chain that ties the events of
// one writer together.
//
// An event is one line: the RFC 8785 canonical JSON object of [Event], closed
// by a newline. Its digest is the SHA-256 of the canonical event without the
// field "digest", and its prev is the digest of the event before it, so that
// a change, a cut inside, a swap or an insertion breaks the chain and [Check]
// names the place. Two things a chain cannot show by itself: events missing
// at its end, and a chain that somebody computed anew from a point on. The
// git history that carries the ledger, and checkpoints kept elsewhere, answer
// for those.
//
// The package computes; it reads and writes no files and knows no clock.
package ledger

import "time"

// MaxLine is the largest line, its newline included, that [Seal] makes and
// [Parse] takes.
const MaxLine = 1 << 20

// Event is one thing that happened. Seq, Prev and Digest are set by [Seal].
//
// Data holds plain JSON values; a number in it is an int64 when it is whole,
// else a float64, and never beyond 2^53 in size, so that every JSON reader
// sees the same value.
type Event struct {
	// Seq counts the events of one writer from 1.
	Seq int64 `json:"seq"`
	// ID is the ULID of the event; with the source it makes imports idempotent.
	ID string `json:"id"`
	// Time is when it happened, in UTC. Order is told by Seq, never by Time.
	Time time.Time `json:"time"`
	// Writer names the chain: a machine and a pseudonym of its user.
	Writer string `json:"writer"`
	// Actor is who did it, as a pseudonym unless the platform identifies people.
	Actor string `json:"actor"`
	// Type is platformctl.<noun>.<past participle>, or a CDEvents type.
	Type string `json:"type"`
	// Subject is the entity reference of what it happened to.
	Subject string `json:"subject"`
	// Request is the ULID of the request that did it, if one did.
	Request string `json:"request"`
	// Data is what else is known; nil and empty are the same.
	Data map[string]any `json:"data"`
	// Digest is "sha256:" and the hexadecimal SHA-256 of the rest.
	Digest string `json:"digest,omitempty"`
	// Prev is the Digest of the event before, empty in the first one.
	Prev string `json:"prev"`
}

// Head is the end of a chain: what the next event of its writer builds on.
// The zero Head is the end of an empty chain.
type Head struct {
	Seq    int64
	Digest string
}

// Last returns the head of the chain that ends with the last of events.
func Last(events []Event) Head {
	if len(events) == 0 {
		return Head{}
	}
	last := events[len(events)-1]
	return Head{Seq: last.Seq, Digest: last.Digest}
}
