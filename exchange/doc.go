// Package exchange is the wire between nodes: what a county and its city hub,
// or a hub and its province, say to each other. docs/exchange.md is the protocol
// as another team would implement it; testdata holds vectors.
//
// # Two layers
//
// An envelope ([Seal], [Open]) is signed with the sender's key, encrypted to the
// receiver's and bound to a header that stays in clear: who, to whom, what kind,
// for which purpose, on which mandate, until when. It stands by itself, in a
// store or on any wire. The transport ([Client], [Handler]) moves envelopes over
// TLS 1.3, both sides known by pinned keys. Only a child dials out: it pushes what
// it has, and pulls what the parent has for it by a request that is held open.
//
// # What is promised
//
// At-least-once delivery. A message lies in the sender's [Outbox] until a
// [Receipt] settles it, and is sealed anew each time it is sent, with the keys of
// the hour. The [Receiver] makes of it exactly one effect: it keeps the message's
// ID in the same transaction as the effect and answers [ErrDuplicate] when it has
// the ID already. IDs may be forgotten once Message.ExpiresAt and the allowed
// clock skew are over, since [Open] refuses what is older. No order is promised.
//
// # What is refused
//
// An unknown peer, a key that is not pinned or not valid now, a wrong signature,
// bytes of any kind that are not in the one form an encoder writes, another
// node's envelope, a stale one, one from the future, too large a one, a
// sender that claims another division. Each is an error of its own, see
// [ReasonOf], and reaches the Refused callback, so that it can be recorded. Names
// and identity numbers lie inside the encrypted body only, and no error quotes it.
package exchange
