// Package sim is a city that does not exist: a synthetic population drawn from a
// seed, and the eight departments that keep the twelve launch registers on it,
// each with a protocol as awkward as the real ones: HTTP servers, a directory and
// an SFTP account where files are exchanged. They use pinyin or national field codes, four ways to write a day and three to write an
// amount, errors inside an HTTP 200, tickets to come back with, and limits.
//
// The package serves demonstrations, tests and benchmarks. It knows nothing of
// Hedui's insides, so that it tests them with assumptions of its own. No person
// in it is real: every identity number begins with 330200, a code that was never
// given to a person.
//
// Departments refuse a call without their key, and one without a purpose and the
// number of a mandate; they count whom they were asked about.
package sim
