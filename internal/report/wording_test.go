package report

import (
	"testing"

	"hedui/internal/hedui"
)

// The text that is printed is the newest version of the dated data, word for word:
// other words need another version.
func TestTheWordingIsTheOneOfItsVersion(t *testing.T) {
	list, err := hedui.Wordings()
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	newest := list[len(list)-1]
	if newest.Version != ConsentWording || newest.Digest != WordingDigest() {
		t.Errorf("the form is printed as version %s %s, the data has %s %s", ConsentWording, WordingDigest(), newest.Version, newest.Digest)
	}
}
