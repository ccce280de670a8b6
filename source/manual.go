package source

// Means say by which paper or list people are asked.
type Means string

// The means by which a department's people answer.
const (
	Worklist Means = "worklist" // 人工填报: a clerk of the department works a list
	Letter   Means = "letter"   // 协查函: a letter on paper with a reply slip
)

// A Manual says how a source is asked that no machine answers. Such a source
// accepts every query with [Later]: whoever plans puts it before the people
// instead of calling [Source.Ask] again and again.
type Manual struct {
	Means   Means
	Within  string // promised time of an answer: "72h", "5d" or "3wd" (working days); empty = the case's own deadline
	Liaison string // whom to turn to, without personal data
	// Of a letter only.
	Addressee string   // the body written to; empty = the department
	Address   string   // where it goes
	Basis     []string // legal basis, a line each
}
