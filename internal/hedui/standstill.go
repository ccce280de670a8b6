package hedui

// NoticeSeries numbers the notices that go to families 通知书、告知书. Every print has
// a number of its own.
const NoticeSeries Series = "T"
