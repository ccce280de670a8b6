package idcard

import "testing"

func TestMaskNameKeepsTheFirstCharacter(t *testing.T) {
	for name, want := range map[string]string{
		"王": "王", "王明": "王*", "欧阳小明": "欧***", "阿依古丽·买买提": "阿***", "": "", " 李四 ": "李*", "𠮷田": "𠮷*",
	} {
		if got := MaskName(name); got != want {
			t.Errorf("MaskName(%q) = %q, want %q", name, got, want)
		}
	}
}
