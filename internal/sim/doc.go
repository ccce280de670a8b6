// Package sim is a city that does not exist: a synthetic population drawn from a
// seed, and the departments that keep registers on it (the eight of the launch with their twelve, and the banks),
// each with a protocol as awkward as the real ones: SOAP in GBK with a user name token, JSON after a token was fetched,
// signed calls and pages, front-end databases of the two tax bureaux, a directory and an SFTP account for files. They use
// pinyin or national field codes, four ways to write a day and three to write an
// amount, errors inside an HTTP 200, tickets to come back with, and limits.
//
// The package serves demonstrations, tests and benchmarks. It knows nothing of
// Hedui's insides, so that it tests them with assumptions of its own. No person
// in it is real: every identity number begins with 330200, a code that was never
// given to a person.
//
// Departments refuse a call without their key, one that is too old or comes twice
// where it is signed, and one without a purpose and the
// number of a mandate; they count whom they were asked about. A front-end database
// can do neither.
package sim
